"""Seeds, backend, precision and compiled steps."""

import os

import keras
import numpy as np
import pytest

import seqlib
from seqlib import runtime


@pytest.fixture(autouse=True)
def no_seed_from_outside(monkeypatch):
    monkeypatch.delenv("SEQLIB_SEED", raising=False)


def draw():
    return keras.ops.convert_to_numpy(keras.random.normal((3,)))


def test_same_seed_same_numbers(capsys):
    seqlib.start(seed=3)
    first = draw(), np.random.normal()
    seqlib.start(seed=3)
    assert np.array_equal(draw(), first[0]) and np.random.normal() == first[1]
    seqlib.start(seed=4)
    assert not np.array_equal(draw(), first[0])
    assert all(line.startswith("Keras ") and "seed" in line for line in capsys.readouterr().out.splitlines())


def test_environment_overrules_the_seed(monkeypatch, capsys):
    monkeypatch.setenv("SEQLIB_SEED", "41")
    seqlib.start(seed=3)
    assert "seed 41" in capsys.readouterr().out


@pytest.mark.parametrize("seed", ["x", "-1", "1.5", str(2**32)])
def test_wrong_seed_is_named(seed, monkeypatch):
    monkeypatch.setenv("SEQLIB_SEED", seed)
    with pytest.raises(ValueError, match=f"seed: expected a whole number .*got '{seed}'"):
        seqlib.start()


@pytest.mark.parametrize("seed", [1.5, -1, None, [3]])
def test_wrong_seed_as_argument_is_named(seed):
    with pytest.raises(ValueError, match="seed: expected a whole number"):
        seqlib.start(seed=seed)


def test_precision_is_set_and_checked():
    try:
        seqlib.start(precision="mixed_bfloat16")
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        seqlib.start(precision="float32")
    assert keras.config.dtype_policy().name == "float32"
    with pytest.raises(ValueError, match="precision: expected one of auto, .*got 'half'"):
        seqlib.start(precision="half")


def test_exact_multiplies_in_full_and_puts_back_what_was():
    backend = keras.backend.backend()
    was = runtime._set_matmul(backend, full=False)
    try:
        with seqlib.exact():
            assert runtime._set_matmul(backend, full=True) is True
        assert runtime._set_matmul(backend, full=False) is False
    finally:
        runtime._set_matmul(backend, full=was)


def test_compiled_step_equals_the_model_and_follows_its_weights():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    step = runtime.compile_step(model)
    inputs = np.ones((5, 3), dtype="float32")
    for scale in (1.0, 2.0):
        model.set_weights([np.full((3, 2), scale), np.zeros(2)])
        assert np.allclose(keras.ops.convert_to_numpy(step(keras.ops.convert_to_tensor(inputs))), 3 * scale)


def test_without_a_backend_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="expected one of tensorflow, jax, torch .* found none"):
        seqlib.start()


def test_start_takes_a_backend_that_is_there(monkeypatch):
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: name == "jax" or None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    runtime._choose_backend()
    assert os.environ["KERAS_BACKEND"] == "jax"
