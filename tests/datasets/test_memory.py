"""The memory tasks: what is asked stands where it should, and what else is there does not give it away."""

import numpy as np
import pytest

from seqlib.datasets import memory


def test_recall_asks_for_the_first_element():
    inputs, targets = memory.delayed_recall(500, 7, symbols=3, distractors=5)
    assert inputs.shape == (500, 7, 8)
    assert inputs.dtype == "float32"
    assert targets.dtype == "int32"
    assert (inputs.sum(axis=-1) == 1).all()
    ids = inputs.argmax(axis=-1)
    assert (ids[:, 0] == targets).all()
    assert (ids[:, 1:] >= 3).all()
    assert set(targets) == {0, 1, 2}
    assert set(ids[:, 1:].ravel()) == {3, 4, 5, 6, 7}


def test_recall_is_even_and_its_distractors_say_nothing():
    inputs, targets = memory.delayed_recall(8000, 5)
    assert np.bincount(targets) / 8000 == pytest.approx(0.25, abs=0.02)
    last = inputs.argmax(axis=-1)[:, -1]
    for symbol in range(4):
        assert np.bincount(last[targets == symbol], minlength=8)[4:] / 2000 == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("length", [2, 3, 20])
def test_adding_marks_one_number_in_each_half(length):
    inputs, targets = memory.adding(2000, length)
    numbers, marks = np.moveaxis(inputs, -1, 0)
    assert inputs.shape == (2000, length, 2)
    assert set(marks.ravel()) <= {0, 1}
    assert (marks[:, : length // 2].sum(axis=1) == 1).all()
    assert (marks[:, length // 2 :].sum(axis=1) == 1).all()
    assert (marks.sum(axis=0) > 0).all()
    picked = np.array([row[mark == 1].sum() for row, mark in zip(numbers, marks, strict=True)])
    np.testing.assert_allclose(targets, picked, atol=1e-6)


def test_adding_costs_a_sixth_who_answers_one():
    inputs, targets = memory.adding(20_000, 12)
    assert np.mean((targets - 1) ** 2) == pytest.approx(1 / 6, abs=0.005)
    assert inputs[..., 0].min() >= 0
    assert inputs[..., 0].max() < 1


def test_counting_asks_whether_there_were_more_b():
    inputs, targets = memory.counting(600, 9, shortest=5, off=2)
    assert inputs.shape == (600, 20, 2)
    assert inputs.dtype == "float32"
    assert targets.dtype == "int32"
    n, m = inputs.sum(axis=1).T
    assert set(n) == {5, 6, 7, 8, 9}
    assert (targets == 1 + np.sign(m - n)).all()
    assert set((m - n)[targets != 1]) == {-2, -1, 1, 2}
    for sequence, a, b in zip(inputs, n.astype(int), m.astype(int), strict=True):
        text = "".join(" ab"[int(step @ [1, 2])] for step in sequence)
        assert text == ("a" * a + "b" * b).rjust(20)


def test_counting_is_even_and_one_number_alone_says_little():
    inputs, targets = memory.counting(12_000, 20)
    assert np.bincount(targets) / 12_000 == pytest.approx(1 / 3, abs=0.02)
    m = inputs[..., 1].sum(axis=1)
    best = sum(np.bincount(targets[m == number]).max() for number in set(m))
    assert best / 12_000 < 0.45  # who knows the number of b and nothing else


def test_counting_strings_of_one_size():
    inputs, _ = memory.counting(40, 9, shortest=9)
    assert (inputs[..., 0].sum(axis=1) == 9).all()


@pytest.mark.parametrize("draw", [memory.delayed_recall, memory.adding, memory.counting])
def test_a_seed_repeats_and_a_generator_goes_on(draw):
    first, again, other = (draw(9, 6, seed=seed) for seed in (3, 3, 4))
    for one, same, another in zip(first, again, other, strict=True):
        assert (one == same).all()
        assert (one != another).any()
    random = np.random.default_rng(3)
    same, following = draw(9, 6, seed=random), draw(9, 6, seed=random)
    assert (same[0] == first[0]).all()
    assert (following[0] != first[0]).any()


@pytest.mark.parametrize(
    ("draw", "arguments", "name"),
    [
        (memory.delayed_recall, {"length": 1}, "length"),
        (memory.delayed_recall, {"length": 5, "symbols": 1}, "symbols"),
        (memory.delayed_recall, {"length": 5, "distractors": 0}, "distractors"),
        (memory.adding, {"length": 1}, "length"),
        (memory.counting, {"longest": 3}, "longest"),
        (memory.counting, {"longest": 9, "shortest": 3}, "shortest"),
        (memory.counting, {"longest": 9, "off": 0}, "off"),
    ],
)
def test_too_small_is_refused(draw, arguments, name):
    with pytest.raises(ValueError, match=f"^{name}: expected at least"):
        draw(4, **arguments)
