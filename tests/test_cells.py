"""The plain cell, proven three ways: NumPy loop = teaching cell = Keras' own layer."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import cells, gradients, reference

BATCH, TIME, FEATURES, UNITS = 3, 11, 5, 7
WEIGHTS = ("kernel", "recurrent_kernel", "bias")


@pytest.fixture
def arrays():
    """Random inputs and weights in odd prime sizes, so that no transposed axis can hide."""
    random = np.random.default_rng(0)
    shapes = {
        "inputs": (BATCH, TIME, FEATURES),
        "kernel": (FEATURES, UNITS),
        "recurrent_kernel": (UNITS, UNITS),
        "bias": (UNITS,),
        "initial_state": (BATCH, UNITS),
        "upstream": (BATCH, TIME, UNITS),
    }
    return {name: random.normal(size=shape).astype("float32") / 2 for name, shape in shapes.items()}


@pytest.fixture(params=["no mask", "mask"])
def mask(request):
    """None, or a mask with holes at the start, in the middle and at the end."""
    if request.param == "no mask":
        return None
    mask = np.ones((BATCH, TIME), dtype=bool)
    mask[0, 8:] = mask[1, :2] = mask[2, 4:6] = False
    return mask


def visible(mask):
    """Where outputs compare: before a sequence's first unmasked step Keras puts out zeros, not the state."""
    return np.ones((BATCH, TIME), dtype=bool) if mask is None else np.maximum.accumulate(mask, axis=1)


def teaching_layer():
    return keras.layers.RNN(cells.SimpleRNNCell(UNITS), return_sequences=True)


def keras_layer():
    return keras.layers.SimpleRNN(UNITS, return_sequences=True)


def relative_error(result, expected):
    return np.max(np.abs(result - expected)) / np.max(np.abs(expected))


def outputs_and_gradients(layer, arrays, mask):
    """Run a layer with the given weights; give its outputs and the gradient for all that goes in."""
    layer.build((BATCH, TIME, FEATURES))
    layer.set_weights([arrays[name] for name in WEIGHTS])
    options = {} if mask is None else {"mask": ops.convert_to_tensor(mask)}
    outputs = layer(arrays["inputs"], initial_state=[ops.convert_to_tensor(arrays["initial_state"])], **options)

    upstream = ops.convert_to_tensor(arrays["upstream"] * visible(mask)[..., None])

    def loss(inputs, initial_state):
        return ops.sum(upstream * layer(inputs, initial_state=[initial_state], **options))

    _, places, weights = gradients.value_and_gradients(
        loss, [arrays["inputs"], arrays["initial_state"]], layer.trainable_variables
    )
    names = ("inputs", "initial_state", *WEIGHTS)
    return ops.convert_to_numpy(outputs), dict(zip(names, places + weights, strict=True))


@pytest.mark.parametrize("make_layer", [teaching_layer, keras_layer])
def test_equals_the_numpy_loop(make_layer, arrays, mask):
    outputs, computed = outputs_and_gradients(make_layer(), arrays, mask)
    double = {name: array.astype("float64") for name, array in arrays.items()}
    upstream = double.pop("upstream") * visible(mask)[..., None]
    shown = visible(mask)
    assert relative_error(outputs[shown], reference.simple_rnn(**double, mask=mask)[shown]) <= 1e-5
    expected = reference.simple_rnn_gradients(**double, upstream=upstream, mask=mask)
    for name, gradient in computed.items():
        assert relative_error(gradient, expected[name]) <= 1e-5, name


def test_trace_gives_every_value_of_every_step(arrays, mask):
    cell = cells.SimpleRNNCell(UNITS)
    cell.build((BATCH, FEATURES))
    cell.set_weights([arrays[name] for name in WEIGHTS])
    traced = cells.trace(cell, arrays["inputs"], [ops.convert_to_tensor(arrays["initial_state"])], mask)
    outputs, _ = outputs_and_gradients(keras_layer(), arrays, mask)
    state = ops.convert_to_numpy(traced["state"])
    assert relative_error(state[visible(mask)], outputs[visible(mask)]) <= 1e-5
    total = ops.convert_to_numpy(traced["pre_activation"])
    kept = np.ones((BATCH, TIME), dtype=bool) if mask is None else mask
    assert np.allclose(np.tanh(total)[kept], state[kept], atol=1e-6)


def test_trace_starts_from_zeros(arrays):
    cell = cells.SimpleRNNCell(UNITS)
    state = ops.convert_to_numpy(cells.trace(cell, arrays["inputs"])["state"])
    double = [ops.convert_to_numpy(weight).astype("float64") for weight in cell.weights]
    assert relative_error(state, reference.simple_rnn(arrays["inputs"].astype("float64"), *double)) <= 1e-5


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid"])
def test_activation_is_the_one_asked_for(activation, arrays):
    teaching = keras.layers.RNN(cells.SimpleRNNCell(UNITS, activation=activation), return_sequences=True)
    built_in = keras.layers.SimpleRNN(UNITS, activation=activation, return_sequences=True)
    arrays["recurrent_kernel"] = arrays["recurrent_kernel"] / 4
    ours, our_gradients = outputs_and_gradients(teaching, arrays, None)
    theirs, their_gradients = outputs_and_gradients(built_in, arrays, None)
    assert relative_error(ours, theirs) <= 1e-5
    for name, gradient in our_gradients.items():
        assert relative_error(gradient, their_gradients[name]) <= 1e-5, name


def test_a_model_with_the_cell_survives_saving(tmp_path, arrays):
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.RNN(cells.SimpleRNNCell(UNITS))])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict(arrays["inputs"], verbose=0), model.predict(arrays["inputs"], verbose=0))


@pytest.mark.parametrize("units", [0, -3, 2.5, "many"])
def test_wrong_units_are_named(units):
    with pytest.raises(ValueError, match="units: expected a whole number of at least 1, got"):
        cells.SimpleRNNCell(units)


def test_wrong_shapes_are_named(arrays):
    with pytest.raises(ValueError, match="inputs: expected shape .*got"):
        cells.trace(cells.SimpleRNNCell(UNITS), arrays["inputs"][0])
    with pytest.raises(ValueError, match="mask: expected shape .*got"):
        cells.trace(cells.SimpleRNNCell(UNITS), arrays["inputs"], mask=np.ones((BATCH, TIME + 1), dtype=bool))
