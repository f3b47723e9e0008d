"""The builders give the models that the chapters spell out."""

import numpy as np
import pytest
from keras import layers, ops

from seqlib import models, reference

SIZE, UNITS, EMBEDDING, BATCH, TIME = 7, 5, 3, 2, 11


def test_language_model_equals_its_equations():
    model, stateful = models.language_model(SIZE, UNITS, EMBEDDING)
    ids = np.random.default_rng(0).integers(SIZE, size=(BATCH, TIME)).astype("int32")
    vectors, kernel, recurrent_kernel, bias, head_kernel, head_bias = map(ops.convert_to_numpy, model.weights)
    states = reference.simple_rnn(vectors[ids].astype("float64"), kernel, recurrent_kernel, bias)
    expected = states @ head_kernel + head_bias
    assert np.allclose(ops.convert_to_numpy(model(ids)), expected, atol=1e-5)

    ids = ops.convert_to_tensor(ids)
    first, state = stateful([ids[:, :4], ops.zeros((BATCH, UNITS))])
    second, last = stateful([ids[:, 4:], state])
    carried = np.concatenate([ops.convert_to_numpy(first), ops.convert_to_numpy(second)], axis=1)
    assert np.allclose(carried, expected, atol=1e-5)
    assert np.allclose(ops.convert_to_numpy(last), states[:, -1], atol=1e-5)


@pytest.mark.parametrize(("layer", "states"), [(layers.SimpleRNN, 1), (layers.GRU, 1), (layers.LSTM, 2)])
def test_stacked_layers_carry_a_state_each(layer, states):
    """Every layer reads the one below it, and goes on where its own state was left."""
    model, stateful = models.language_model(SIZE, UNITS, EMBEDDING, layer=layer, depth=3)
    assert [part.units for part in model.layers if isinstance(part, layer)] == [UNITS] * 3
    ids = ops.convert_to_tensor(np.random.default_rng(0).integers(SIZE, size=(BATCH, TIME)).astype("int32"))
    zeros = [ops.zeros((BATCH, UNITS))] * (3 * states)
    first, *carried = stateful([ids[:, :4], *zeros])
    second, *last = stateful([ids[:, 4:], *carried])
    assert len(last) == len(zeros)
    whole = ops.convert_to_numpy(model(ids))
    assert np.allclose(ops.convert_to_numpy(ops.concatenate([first, second], axis=1)), whole, atol=1e-5)
    begun_anew = ops.convert_to_numpy(stateful([ids[:, 4:], *carried[:-1], zeros[0]])[0])
    assert np.abs(begun_anew - whole[:, 4:]).max() > 1e-4


def test_both_models_share_their_weights():
    model, stateful = models.language_model(SIZE, UNITS, EMBEDDING)
    assert {id(weight) for weight in model.weights} == {id(weight) for weight in stateful.weights}
    assert model.count_params() == SIZE * EMBEDDING + (EMBEDDING + UNITS + 1) * UNITS + (UNITS + 1) * SIZE


@pytest.mark.parametrize(("name", "number"), [("size", 0), ("units", 2.5), ("embedding", "many"), ("depth", 0)])
def test_wrong_size_is_named(name, number):
    with pytest.raises(ValueError, match=f"{name}: expected a whole number of at least 1, got {number!r}"):
        models.language_model(**{"size": SIZE, "units": UNITS, name: number})
