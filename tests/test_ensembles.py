"""An ensemble computes what Keras' layers do, and its networks never touch each other."""

import keras
import numpy as np
import pytest
from keras import ops

import seqlib
from seqlib.datasets import memory
from seqlib.ensembles import Ensemble, Recurrence, Separate, learn

TANH, RELU = Recurrence(), Recurrence(activation="relu", start="identity")
SIGMOID = Recurrence(activation="sigmoid", start="normal", clip=None)
NORMALIZED = Recurrence(normalized=True, rate=1e-2)
LSTM, GRU = Recurrence(cell="LSTM"), Recurrence(cell="GRU")
BATCH, TIME, FEATURES, UNITS, OUTPUTS = 5, 7, 3, 11, 2


def built(recurrences):
    ensemble = Ensemble(recurrences, UNITS, FEATURES, OUTPUTS, BATCH)
    random = np.random.default_rng(0)
    ensemble(np.zeros((BATCH, TIME, FEATURES), dtype="float32"))
    for variable in ensemble.trainable_variables:
        variable.assign(ops.convert_to_numpy(variable) + 0.3 * random.normal(size=variable.shape).astype("float32"))
    return ensemble


def inputs(seed=1):
    return np.random.default_rng(seed).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


@pytest.mark.parametrize(
    ("recurrence", "layer"),
    [
        (TANH, keras.layers.SimpleRNN(UNITS)),
        (RELU, keras.layers.SimpleRNN(UNITS, activation="relu")),
        (SIGMOID, keras.layers.SimpleRNN(UNITS, activation="sigmoid")),
        (LSTM, keras.layers.LSTM(UNITS)),
        (GRU, keras.layers.GRU(UNITS)),
    ],
)
def test_each_network_is_kerass_layer(recurrence, layer):
    ensemble = built([recurrence] * 3)
    with seqlib.exact():
        answers = ops.convert_to_numpy(ensemble(inputs()))
        layer.build((BATCH, TIME, FEATURES))
        cell = ensemble.rnn.cell
        for network in range(3):
            bias = ops.convert_to_numpy(cell.bias)[network, 0]
            if recurrence.cell == "GRU":
                bias = np.stack([bias, ops.convert_to_numpy(cell.recurrent_bias)[network, 0]])
            kernels = [ops.convert_to_numpy(w)[network] for w in (ensemble.kernel, cell.recurrent_kernel)]
            layer.set_weights([*kernels, bias])
            head, head_bias = (ops.convert_to_numpy(w)[network] for w in (ensemble.head, ensemble.head_bias))
            expected = ops.convert_to_numpy(layer(inputs())) @ head + head_bias
            np.testing.assert_allclose(answers[:, network], expected, atol=2e-5)


def test_layer_normalization_is_kerass():
    ensemble = built([NORMALIZED])
    cell = ensemble.rnn.cell
    normalize = keras.layers.LayerNormalization(epsilon=1e-5)
    normalize.build((BATCH, UNITS))
    normalize.set_weights([ops.convert_to_numpy(w)[0, 0] for w in (cell.gain, cell.bias)])
    with seqlib.exact():
        h = ops.zeros((BATCH, UNITS))
        for t in range(TIME):
            total = ops.matmul(inputs()[:, t], ensemble.kernel[0]) + ops.matmul(h, cell.recurrent_kernel[0])
            h = ops.tanh(normalize(total))
        expected = ops.matmul(h, ensemble.head[0]) + ensemble.head_bias[0]
        np.testing.assert_allclose(
            ops.convert_to_numpy(ensemble(inputs()))[:, 0], ops.convert_to_numpy(expected), atol=2e-5
        )


def trained(recurrences, weights, aim):
    """Train three steps from given weights; give the weights after."""
    ensemble = built(recurrences)
    for variable, value in zip(ensemble.trainable_variables, weights, strict=True):
        variable.assign(value)
    ensemble.compile(Separate(recurrences), loss=lambda y, p: ops.sum((p - y[:, None]) ** 2, axis=(1, 2)))
    for step in range(3):
        ensemble.train_on_batch(inputs(step), aim)
    return [ops.convert_to_numpy(variable) for variable in ensemble.trainable_variables]


@pytest.mark.parametrize("mixture", [[TANH, RELU, SIGMOID], [NORMALIZED, NORMALIZED], [LSTM, LSTM], [GRU, GRU]])
def test_trained_together_or_alone_is_the_same(mixture):
    aim = 3 * np.ones((BATCH, OUTPUTS), dtype="float32")
    weights = [ops.convert_to_numpy(variable) for variable in built(mixture).trainable_variables]
    with seqlib.exact():
        together = trained(mixture, weights, aim)
        for network, recurrence in enumerate(mixture):
            alone = trained([recurrence], [weight[network : network + 1] for weight in weights], aim)
            for before, one, many in zip(weights, alone, together, strict=True):
                np.testing.assert_allclose(many[network], one[0], atol=1e-5)
                assert np.abs(one[0] - before[network]).max() > 1e-4


def test_a_network_that_breaks_breaks_alone():
    ensemble = built([TANH, TANH])
    ensemble.head.assign(ops.convert_to_numpy(ensemble.head) * np.array([1, np.nan], dtype="float32")[:, None, None])
    recurrences = [TANH, TANH]
    ensemble.compile(Separate(recurrences), loss=lambda y, p: ops.sum((p - y[:, None]) ** 2, axis=(1, 2)))
    ensemble.train_on_batch(inputs(), np.ones((BATCH, OUTPUTS), dtype="float32"))
    for variable in ensemble.trainable_variables:
        assert np.isfinite(ops.convert_to_numpy(variable)[0]).all()


def test_clipping_and_step_size_are_each_networks_own():
    recurrences = [Recurrence(clip=0.5, rate=0.1), Recurrence(clip=None, rate=0.01)]
    optimizer = Separate(recurrences)
    weights = [keras.Variable(np.zeros((2, 1, 4), dtype="float32")) for _ in range(2)]
    optimizer.build(weights)
    optimizer.apply([3 * ops.ones((2, 1, 4)), 4 * ops.ones((2, 1, 4))], weights)
    # Adam's first step is the step size in every weight; its first moment shows what was clipped.
    np.testing.assert_allclose(np.abs(ops.convert_to_numpy(weights[0])), [[[0.1] * 4], [[0.01] * 4]], rtol=1e-3)
    moments = [ops.convert_to_numpy(optimizer._momentums[place]) / 0.1 for place in (0, 1)]
    lengths = np.sqrt(sum((moment**2).sum(axis=(1, 2)) for moment in moments))
    np.testing.assert_allclose(lengths, [0.5, 10], rtol=1e-4)


@pytest.mark.parametrize("start", ["orthogonal", "identity", "normal"])
def test_recurrent_weights_begin_as_said_and_differ(start):
    kernels = ops.convert_to_numpy(Ensemble([Recurrence(start=start)] * 2, 64, 3, 2, 5).rnn.cell.recurrent_kernel)
    for kernel in kernels:
        if start == "normal":
            assert kernel.std() == pytest.approx(1 / 8, rel=0.1)
        else:
            np.testing.assert_allclose(kernel @ kernel.T, np.eye(64), atol=1e-5)
    if start == "identity":
        assert (kernels == np.eye(64)).all()
    else:
        assert np.abs(kernels[0] - kernels[1]).max() > 0.1


def test_they_learn_and_stop_when_all_have_met_the_mark():
    seqlib.start(seed=0)
    random = np.random.default_rng(0)

    def draw(count):
        return memory.delayed_recall(count, 3, seed=random)

    drawn = []
    met, scores = learn([TANH, NORMALIZED], lambda n: drawn.append(n) or draw(n), 4, 0.95, steps=400, every=50)
    assert (met <= 400).all()
    assert (scores > 0.9).all()
    assert len(drawn) == met.max() + 1


def test_what_cannot_be_learned_is_not():
    random = np.random.default_rng(0)

    def draw(count):
        sequences, targets = memory.adding(count, 4, seed=random)
        return 0 * sequences, targets

    met, scores = learn([TANH, TANH, RELU], draw, 1, 0.02, steps=20, every=10)
    assert np.isnan(met).all()
    assert (scores > 0.05).all()


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"cell": "GRUU"}, "cell"), ({"activation": "elu"}, "activation"), ({"start": "zeros"}, "start")],
)
def test_an_unknown_recurrence_is_refused(wrong, name):
    with pytest.raises(ValueError, match=f"^{name}: expected one of"):
        Recurrence(**wrong)


@pytest.mark.parametrize("recurrences", [[], [TANH, LSTM]])
def test_cells_do_not_mix(recurrences):
    with pytest.raises(ValueError, match="^recurrences: expected some, all with the same cell"):
        Ensemble(recurrences, 4, 3, 2, 5)


def test_too_few_steps_are_refused():
    with pytest.raises(ValueError, match="^steps: expected at least every = 100, got 50"):
        learn([TANH], lambda count: memory.adding(count, 4), 1, 0.02, steps=50)
