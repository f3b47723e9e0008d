"""The cells, proven three ways: NumPy loop = teaching cell = Keras' own layer."""

from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import cells, gradients, reference

BATCH, TIME, FEATURES, UNITS = 3, 11, 5, 7
WEIGHTS = ("kernel", "recurrent_kernel", "bias")


@dataclass(frozen=True)
class Kind:
    """A cell, its Keras twin and its loop."""

    cell: type
    layer: type
    loop: object
    parts: int
    settings: dict = field(default_factory=dict)

    @property
    def states(self):
        """Names of the states, as the loop's arguments have them."""
        return ["initial_state", "initial_cell"][: len(self.cell.state_names)]


KINDS = {
    "plain": Kind(cells.SimpleRNNCell, keras.layers.SimpleRNN, reference.simple_rnn, 1),
    "LSTM": Kind(cells.LSTMCell, keras.layers.LSTM, reference.lstm, 4),
    "GRU, reset after": Kind(cells.GRUCell, keras.layers.GRU, reference.gru, 3, {"reset_after": True}),
    "GRU, reset before": Kind(cells.GRUCell, keras.layers.GRU, reference.gru, 3, {"reset_after": False}),
}


@pytest.fixture(params=KINDS)
def kind(request):
    """Each kind of cell in turn."""
    return KINDS[request.param]


def make_arrays(kind):
    """Random inputs and weights in odd prime sizes, so that no transposed axis can hide."""
    random = np.random.default_rng(0)
    width = kind.parts * UNITS
    shapes = {
        "inputs": (BATCH, TIME, FEATURES),
        "kernel": (FEATURES, width),
        "recurrent_kernel": (UNITS, width),
        "bias": (2, width) if kind.settings.get("reset_after") else (width,),
        "initial_state": (BATCH, UNITS),
        "initial_cell": (BATCH, UNITS),
        "upstream": (BATCH, TIME, UNITS),
        "upstream_last": (len(kind.states), BATCH, UNITS),
    }
    return {name: random.normal(size=shape).astype("float32") / 2 for name, shape in shapes.items()}


@pytest.fixture
def arrays(kind):
    """The arrays of this kind."""
    return make_arrays(kind)


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


def teaching_layer(kind):
    return keras.layers.RNN(kind.cell(UNITS, **kind.settings), return_sequences=True, return_state=True)


def keras_layer(kind):
    return kind.layer(UNITS, return_sequences=True, return_state=True, **kind.settings)


def relative_error(result, expected):
    return np.max(np.abs(result - expected)) / np.max(np.abs(expected))


def outputs_and_gradients(kind, layer, arrays, mask):
    """Run a layer with the given weights; give its outputs, its last states, and the gradient for all that goes in."""
    layer.build((BATCH, TIME, FEATURES))
    layer.set_weights([arrays[name] for name in WEIGHTS])
    options = {} if mask is None else {"mask": ops.convert_to_tensor(mask)}
    start = [ops.convert_to_tensor(arrays[name]) for name in kind.states]
    outputs, *last = layer(arrays["inputs"], initial_state=start, **options)
    upstream = ops.convert_to_tensor(arrays["upstream"] * visible(mask)[..., None])

    def loss(inputs, *start):
        outputs, *last = layer(inputs, initial_state=list(start), **options)
        at_the_end = sum(
            ops.sum(ops.convert_to_tensor(up) * state) for up, state in zip(arrays["upstream_last"], last, strict=True)
        )
        return ops.sum(upstream * outputs) + at_the_end

    places = [arrays["inputs"], *(arrays[name] for name in kind.states)]
    _, for_places, for_weights = gradients.value_and_gradients(loss, places, layer.trainable_variables)
    names = ("inputs", *kind.states, *WEIGHTS)
    numpy_last = [ops.convert_to_numpy(state) for state in last]
    return ops.convert_to_numpy(outputs), numpy_last, dict(zip(names, for_places + for_weights, strict=True))


def loop(kind, arrays, mask):
    """Run the NumPy loop in double precision; give the hidden states, and every state after the last step."""
    names = ("inputs", *WEIGHTS, *kind.states)
    states = kind.loop(**{name: arrays[name] for name in names}, mask=mask, **kind.settings)
    states = states if isinstance(states, tuple) else (states,)
    return states[0], [state[:, -1] for state in states]


def loop_gradients(kind, arrays, mask):
    """Differentiate the loop by moving every number a little to both sides: knows nothing of the chain rule."""
    upstream = arrays["upstream"] * visible(mask)[..., None]

    def loss(moved):
        outputs, last = loop(kind, moved, mask)
        return np.sum(upstream * outputs) + np.sum(arrays["upstream_last"] * np.stack(last))

    found = {}
    for name in ("inputs", *kind.states, *WEIGHTS):
        found[name] = np.zeros(arrays[name].shape)
        for index in np.ndindex(arrays[name].shape):
            sides = []
            for width in (1e-6, -1e-6):
                moved = arrays[name].copy()
                moved[index] += width
                sides.append(loss(arrays | {name: moved}))
            found[name][index] = (sides[0] - sides[1]) / 2e-6
    return found


def test_equal_the_numpy_loop(kind, arrays, mask):
    double = {name: array.astype("float64") for name, array in arrays.items()}
    outputs, last = loop(kind, double, mask)
    expected = loop_gradients(kind, double, mask)
    shown = visible(mask)
    for make_layer in (teaching_layer, keras_layer):
        computed, computed_last, computed_gradients = outputs_and_gradients(kind, make_layer(kind), arrays, mask)
        assert relative_error(computed[shown], outputs[shown]) <= 1e-5
        for state, expected_state in zip(computed_last, last, strict=True):
            assert relative_error(state, expected_state) <= 1e-5
        for name, gradient in computed_gradients.items():
            assert relative_error(gradient, expected[name]) <= 1e-5, (make_layer, name)


def test_backpropagation_by_hand_equals_them_too(mask):
    kind = KINDS["plain"]
    arrays = make_arrays(kind)
    arrays["upstream_last"][:] = 0
    _, _, computed = outputs_and_gradients(kind, keras_layer(kind), arrays, mask)
    double = {name: arrays[name].astype("float64") for name in ("inputs", *WEIGHTS, "initial_state")}
    upstream = arrays["upstream"] * visible(mask)[..., None]
    expected = reference.simple_rnn_gradients(**double, upstream=upstream, mask=mask)
    for name, gradient in computed.items():
        assert relative_error(gradient, expected[name]) <= 1e-5, name


def test_trace_gives_every_value_of_every_step(kind, arrays, mask):
    cell = kind.cell(UNITS, **kind.settings)
    cell.build((BATCH, FEATURES))
    cell.set_weights([arrays[name] for name in WEIGHTS])
    start = [ops.convert_to_tensor(arrays[name]) for name in kind.states]
    traced = {
        name: ops.convert_to_numpy(value) for name, value in cells.trace(cell, arrays["inputs"], start, mask).items()
    }
    outputs, last, _ = outputs_and_gradients(kind, keras_layer(kind), arrays, mask)
    assert relative_error(traced["state"][visible(mask)], outputs[visible(mask)]) <= 1e-5
    for name, state in zip(cell.state_names, last, strict=True):
        assert relative_error(traced[name][:, -1], state) <= 1e-5
    assert all(value.shape == (BATCH, TIME, UNITS) for value in traced.values())


def test_traced_gates_make_up_the_states():
    random = np.random.default_rng(1)
    inputs = random.normal(size=(BATCH, TIME, FEATURES)).astype("float32")

    def values_of(cell):
        return {name: ops.convert_to_numpy(value) for name, value in cells.trace(cell, inputs).items()}

    plain = values_of(cells.SimpleRNNCell(UNITS))
    assert np.allclose(np.tanh(plain["pre_activation"]), plain["state"], atol=1e-6)
    lstm = values_of(cells.LSTMCell(UNITS))
    kept = lstm["forget"][:, 1:] * lstm["cell"][:, :-1]
    assert np.allclose(lstm["cell"][:, 1:], kept + (lstm["input"] * lstm["candidate"])[:, 1:], atol=1e-6)
    assert np.allclose(lstm["state"], lstm["output"] * np.tanh(lstm["cell"]), atol=1e-6)
    gru = values_of(cells.GRUCell(UNITS))
    update = gru["update"][:, 1:]
    expected = update * gru["state"][:, :-1] + (1 - update) * gru["candidate"][:, 1:]
    assert np.allclose(gru["state"][:, 1:], expected, atol=1e-6)


def test_trace_starts_from_zeros(kind):
    inputs = make_arrays(kind)["inputs"]
    cell = kind.cell(UNITS, **kind.settings)
    state = ops.convert_to_numpy(cells.trace(cell, inputs)["state"])
    weights = [ops.convert_to_numpy(weight).astype("float64") for weight in cell.weights]
    states = kind.loop(inputs.astype("float64"), *weights, **kind.settings)
    assert relative_error(state, states[0] if isinstance(states, tuple) else states) <= 1e-5


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid"])
def test_activation_is_the_one_asked_for(activation):
    kind, arrays = KINDS["plain"], make_arrays(KINDS["plain"])
    cell = cells.SimpleRNNCell(UNITS, activation=activation)
    teaching = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    built_in = keras.layers.SimpleRNN(UNITS, activation=activation, return_sequences=True, return_state=True)
    arrays["recurrent_kernel"] = arrays["recurrent_kernel"] / 4
    ours, _, our_gradients = outputs_and_gradients(kind, teaching, arrays, None)
    theirs, _, their_gradients = outputs_and_gradients(kind, built_in, arrays, None)
    assert relative_error(ours, theirs) <= 1e-5
    for name, gradient in our_gradients.items():
        assert relative_error(gradient, their_gradients[name]) <= 1e-5, name


def test_new_cells_have_the_weights_of_new_layers(kind):
    ours, theirs = teaching_layer(kind), keras_layer(kind)
    for layer in (ours, theirs):
        layer.build((None, None, FEATURES))
    assert [weight.shape for weight in ours.get_weights()] == [weight.shape for weight in theirs.get_weights()]
    assert np.array_equal(ours.get_weights()[2], theirs.get_weights()[2])  # an LSTM's forget gates begin at 1
    for weights in (ours.get_weights()[1], theirs.get_weights()[1]):
        assert np.allclose(weights @ weights.T, np.eye(UNITS), atol=1e-5)


def test_forget_bias_and_gates_are_those_asked_for():
    cell = cells.LSTMCell(UNITS, forget_bias=3.0, recurrent_activation=lambda total: ops.cast(total > 0, "float32"))
    cell.build((None, FEATURES))
    parts = ops.convert_to_numpy(cell.bias).reshape(4, UNITS)
    assert np.array_equal(parts, np.outer([0, 3, 0, 0], np.ones(UNITS)))
    traced = cells.trace(cell, np.random.default_rng(0).normal(size=(2, 3, FEATURES)))
    for gate in ("forget", "input", "output"):
        assert set(np.unique(ops.convert_to_numpy(traced[gate]))) <= {0, 1}


def test_forget_bias_is_there_when_fit_builds_the_model():
    model = keras.Sequential([keras.layers.RNN(cells.LSTMCell(UNITS, forget_bias=4.0)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.ones((4, 3, FEATURES), dtype="float32"), np.ones((4, 1)), verbose=0)
    assert np.array_equal(model.layers[0].get_weights()[2][UNITS : 2 * UNITS], np.full(UNITS, 4.0))


def test_weights_travel_both_ways(kind, arrays):
    cell = kind.cell(UNITS, **kind.settings)
    cell.build((None, FEATURES))
    cell.set_weights([arrays[name] for name in WEIGHTS])
    layer = cells.to_keras(cell, return_sequences=True)
    assert type(layer) is kind.layer
    back = cells.from_keras(layer)
    assert type(back) is kind.cell
    expected = ops.convert_to_numpy(layer(arrays["inputs"]))
    for which in (cell, back):
        assert relative_error(ops.convert_to_numpy(cells.trace(which, arrays["inputs"])["state"]), expected) <= 1e-5
    back.kernel.assign(np.zeros(back.kernel.shape))
    assert np.array_equal(layer.get_weights()[0], arrays["kernel"])  # a copy


def test_settings_travel_with_the_weights():
    cell = cells.SimpleRNNCell(UNITS, activation="relu")
    cell.build((None, FEATURES))
    layer = cells.to_keras(cell)
    assert keras.activations.serialize(layer.activation) == "relu"
    assert keras.activations.serialize(cells.from_keras(layer).activation) == "relu"
    cell = cells.LSTMCell(UNITS, recurrent_activation="hard_sigmoid")
    cell.build((None, FEATURES))
    layer = cells.to_keras(cell)
    assert keras.activations.serialize(layer.recurrent_activation) == "hard_sigmoid"
    assert keras.activations.serialize(cells.from_keras(layer).recurrent_activation) == "hard_sigmoid"


def test_what_has_no_twin_is_named():
    with pytest.raises(ValueError, match="cell: expected one of SimpleRNNCell, LSTMCell, GRUCell, got"):
        cells.to_keras(keras.layers.LSTMCell(UNITS))
    with pytest.raises(ValueError, match="cell: expected one that has weights"):
        cells.to_keras(cells.LSTMCell(UNITS))
    with pytest.raises(ValueError, match="layer: expected one of SimpleRNN, LSTM, GRU, got"):
        cells.from_keras(keras.layers.Dense(UNITS))
    with pytest.raises(ValueError, match="layer: expected one that has weights"):
        cells.from_keras(keras.layers.LSTM(UNITS))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.LSTM(UNITS, use_bias=False), "a bias, got use_bias=False"),
        (keras.layers.LSTM(UNITS, go_backwards=True), "reads forwards, got go_backwards=True"),
        (keras.layers.LSTM(UNITS, activation="relu"), "activation tanh, the only one of LSTMCell, got relu"),
        (keras.layers.GRU(UNITS, activation="relu"), "activation tanh, the only one of GRUCell, got relu"),
        (
            keras.layers.GRU(UNITS, recurrent_activation="hard_sigmoid"),
            "recurrent_activation sigmoid, the only one of GRUCell, got hard_sigmoid",
        ),
    ],
)
def test_a_layer_that_the_cell_cannot_be_is_named(layer, message):
    layer.build((None, None, FEATURES))
    with pytest.raises(ValueError, match=f"layer: expected .*{message}"):
        cells.from_keras(layer)


def test_a_model_with_the_cell_survives_saving(kind, tmp_path):
    inputs = make_arrays(kind)["inputs"]
    cell = kind.cell(UNITS, **kind.settings)
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.RNN(cell)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded.predict(inputs, verbose=0), model.predict(inputs, verbose=0))


@pytest.mark.parametrize("units", [0, -3, 2.5, "many"])
def test_wrong_units_are_named(kind, units):
    with pytest.raises(ValueError, match="units: expected a whole number of at least 1, got"):
        kind.cell(units)


def test_wrong_shapes_are_named(kind, arrays):
    with pytest.raises(ValueError, match="inputs: expected shape .*got"):
        cells.trace(kind.cell(UNITS), arrays["inputs"][0])
    with pytest.raises(ValueError, match="mask: expected shape .*got"):
        cells.trace(kind.cell(UNITS), arrays["inputs"], mask=np.ones((BATCH, TIME + 1), dtype=bool))
