"""An ensemble computes what Keras' layers do, and its networks never touch each other."""

import keras
import numpy as np
import pytest
from keras import ops

import seqlib
from seqlib.datasets import memory
from seqlib.ensembles import Ensemble, Recurrence, Separate, learn, network, score, train

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


@pytest.mark.parametrize(("cell", "place", "default"), [("LSTM", 1, 1.0), ("GRU", 0, 0.0)])
def test_the_gate_that_keeps_begins_as_said(cell, place, default):
    recurrences = [Recurrence(cell=cell), Recurrence(cell=cell, forget_bias=5.0)]
    biases = ops.convert_to_numpy(Ensemble(recurrences, UNITS, 3, 2, 5).rnn.cell.bias)
    expected = np.zeros((2, 1, biases.shape[-1] // UNITS, UNITS))
    expected[:, 0, place] = [[default], [5.0]]
    np.testing.assert_array_equal(biases, expected.reshape(biases.shape))


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_gates_begin_for_the_lags_that_were_asked_for(cell):
    recurrences = [Recurrence(cell=cell, chrono=50), Recurrence(cell=cell, chrono=50)]
    ensemble = Ensemble(recurrences, 200, 3, 2, 5)
    biases = ops.convert_to_numpy(ensemble.rnn.cell.bias)[:, 0]
    keeps, others = (biases[:, 200:400], biases[:, 400:]) if cell == "LSTM" else (biases[:, :200], biases[:, 200:])
    lags = np.exp(keeps)
    assert 1 <= lags.min() < 4
    assert 45 < lags.max() <= 49
    assert lags.mean() == pytest.approx(25, abs=3)
    assert np.abs(lags[0] - lags[1]).max() > 10
    assert (others == 0).all()
    if cell == "LSTM":
        np.testing.assert_allclose(biases[:, :200], -keeps)


@pytest.mark.parametrize("recurrence", [TANH, RELU, SIGMOID, LSTM, GRU])
def test_a_network_taken_out_answers_as_in_the_ensemble(recurrence):
    ensemble = built([recurrence] * 3)
    with seqlib.exact():
        answers = ops.convert_to_numpy(ensemble(inputs()))
        for place in range(3):
            recurrent, head = network(ensemble, place)
            alone = ops.convert_to_numpy(head(recurrent(inputs())))
            np.testing.assert_allclose(alone, answers[:, place], atol=2e-5)


def test_a_normalized_network_is_not_taken_out():
    with pytest.raises(ValueError, match="^place: expected a network that is not normalized"):
        network(built([NORMALIZED]), 0)


@pytest.mark.parametrize("chosen", [True, False])
def test_scores_are_those_of_the_answers_at_any_length(chosen):
    ensemble = built([LSTM, LSTM])
    random = np.random.default_rng(2)
    for time in (4, 9):
        sequences = random.normal(size=(3 * BATCH, time, FEATURES)).astype("float32")
        targets = random.integers(0, OUTPUTS, 3 * BATCH) if chosen else random.normal(size=3 * BATCH)
        answers = [ops.convert_to_numpy(ensemble(part)) for part in np.split(sequences, 3)]
        answers = np.concatenate(answers)
        if chosen:
            expected = (answers.argmax(axis=-1) == targets[:, None]).mean(axis=0)
        else:
            expected = ((answers[..., 0] - targets[:, None]) ** 2).mean(axis=0)
        np.testing.assert_allclose(score(ensemble, sequences, targets), expected, rtol=1e-3)


@pytest.mark.parametrize("count", [0, BATCH + 1])
def test_only_whole_batches_are_scored(count):
    with pytest.raises(ValueError, match=f"^inputs: expected a multiple of {BATCH} sequences, got {count}"):
        score(built([TANH]), np.zeros((count, TIME, FEATURES), dtype="float32"), np.zeros(count))


def test_an_ensemble_trained_is_the_one_that_learn_trains_and_scoring_moves_nothing():
    def draw(count):
        return memory.delayed_recall(count, 3, seed=random)

    seqlib.start(seed=0)
    random = np.random.default_rng(0)
    met, scores = learn([LSTM, LSTM], draw, 4, 0.95, 40, units=UNITS, batch=BATCH, every=20)
    seqlib.start(seed=0)
    random = np.random.default_rng(0)
    ensemble = Ensemble([LSTM, LSTM], UNITS, 8, 4, BATCH)
    met_again, scores_again = train(ensemble, draw, 0.95, 40, every=20)
    np.testing.assert_array_equal(met_again, met)
    np.testing.assert_allclose(scores_again, scores, atol=1e-6)
    before = [ops.convert_to_numpy(variable) for variable in ensemble.trainable_variables]
    score(ensemble, *draw(2 * BATCH))
    for variable, value in zip(ensemble.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


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


def test_training_goes_on_to_the_end_where_it_shall_not_stop():
    drawn = []

    def draw(count):
        drawn.append(count)
        return memory.delayed_recall(count, 3, seed=len(drawn))

    met, _ = train(Ensemble([TANH], 8, 8, 4, 16), draw, 0.01, 30, every=10, stop=False)
    assert met == [10]
    assert len(drawn) == 31


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


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"cell": "LSTM", "chrono": 2}, "chrono"), ({"chrono": 9}, "cell"), ({"forget_bias": 1.0}, "cell")],
)
def test_biases_of_gates_must_make_sense(wrong, name):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        Recurrence(**wrong)


@pytest.mark.parametrize("recurrences", [[], [TANH, LSTM]])
def test_cells_do_not_mix(recurrences):
    with pytest.raises(ValueError, match="^recurrences: expected some, all with the same cell"):
        Ensemble(recurrences, 4, 3, 2, 5)


def test_too_few_steps_are_refused():
    with pytest.raises(ValueError, match="^steps: expected at least every = 100, got 50"):
        learn([TANH], lambda count: memory.adding(count, 4), 1, 0.02, steps=50)
    with pytest.raises(ValueError, match="^steps: expected at least every = 9, got 0"):
        train(Ensemble([TANH], 4, 2, 1, 5), lambda count: memory.adding(count, 4), 0.02, steps=0, every=9)
