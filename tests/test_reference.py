"""The oracle itself, held against numbers worked by hand and against finite differences."""

import numpy as np
import pytest

from seqlib import reference

BATCH, TIME, FEATURES, UNITS = 2, 7, 3, 5


@pytest.fixture
def problem():
    """Random weights and sequences in odd prime sizes, so that no transposed axis can hide."""
    random = np.random.default_rng(0)
    return {
        "inputs": random.normal(size=(BATCH, TIME, FEATURES)),
        "kernel": random.normal(size=(FEATURES, UNITS)) / 2,
        "recurrent_kernel": random.normal(size=(UNITS, UNITS)) / 2,
        "bias": random.normal(size=UNITS) / 2,
        "initial_state": random.normal(size=(BATCH, UNITS)) / 2,
    }


def test_one_unit_worked_by_hand():
    states = reference.simple_rnn(np.array([[[1.0], [0.0]]]), np.array([[2.0]]), np.array([[-1.0]]), np.array([0.5]))
    first = np.tanh(2.5)
    assert np.allclose(states, [[[first], [np.tanh(0.5 - first)]]])


def test_masked_step_holds_the_state(problem):
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[0, 2:4] = False
    states = reference.simple_rnn(**problem, mask=mask)
    assert np.array_equal(states[0, 1], states[0, 3])
    shorter = reference.simple_rnn(**{**problem, "inputs": np.delete(problem["inputs"], [2, 3], axis=1)})
    assert np.allclose(states[0, -1], shorter[0, -1])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ["inputs", "kernel", "recurrent_kernel", "bias", "initial_state"])
def test_gradients_equal_finite_differences(problem, name, masked):
    upstream = np.random.default_rng(1).normal(size=(BATCH, TIME, UNITS))
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[1, [0, 3, 6]] = not masked
    gradient = reference.simple_rnn_gradients(**problem, upstream=upstream, mask=mask)[name]
    width = 1e-6
    for index in np.ndindex(problem[name].shape):
        sides = []
        for step in (width, -width):
            moved = problem[name].copy()
            moved[index] += step
            sides.append(np.sum(upstream * reference.simple_rnn(**{**problem, name: moved}, mask=mask)))
        assert gradient[index] == pytest.approx((sides[0] - sides[1]) / (2 * width), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("inputs", (BATCH, FEATURES)),
        ("kernel", (UNITS, FEATURES)),
        ("recurrent_kernel", (UNITS + 1, UNITS)),
        ("bias", (UNITS + 1,)),
        ("initial_state", (UNITS, BATCH)),
    ],
)
def test_wrong_shape_is_named(problem, name, shape):
    with pytest.raises(ValueError, match=rf"{name}: expected .*got \({shape[0]}"):
        reference.simple_rnn(**{**problem, name: np.zeros(shape)})
