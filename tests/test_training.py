"""Windows, masked losses and `fit`."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from seqlib import training
from seqlib.gradients import value_and_gradients

BATCH, TIME, SIZE = 3, 5, 7


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, SIZE)).astype("float32")


@pytest.fixture
def targets():
    """Row by row: no padding, some padding, padding only."""
    return np.array([[1, 2, 3, 4, 5], [6, 1, 2, 0, 0], [0, 0, 0, 0, 0]], dtype="int32")


def build(seed=0):
    """Make a small language model of 7 tokens from a seed."""
    keras.utils.set_random_seed(seed)
    ids = layers.Input((None,), dtype="int32")
    states = layers.SimpleRNN(11, return_sequences=True)(layers.Embedding(SIZE, 5)(ids))
    return keras.Model(ids, layers.Dense(SIZE)(states))


def build_light():
    """Make one in which nothing recurs, so that XLA compiles it at once."""
    ids = layers.Input((None,), dtype="int32")
    return keras.Model(ids, layers.Dense(SIZE)(layers.Embedding(SIZE, 5)(ids)))


def counting(length=997):
    """A text whose next token is always sure."""
    return np.arange(length) % SIZE


def test_windows_by_hand():
    inputs, targets = training.windows(np.arange(10), 3)
    assert inputs.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert targets.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_windows_drop_what_fills_none():
    inputs, targets = training.windows(np.arange(9), 3)
    assert inputs.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert targets[-1].tolist() == [4, 5, 6]


def test_windows_may_overlap():
    inputs, targets = training.windows(np.arange(8), 5, stride=2)
    assert inputs.tolist() == [[0, 1, 2, 3, 4], [2, 3, 4, 5, 6]]
    assert (targets == inputs + 1).all()


def test_each_token_but_the_first_is_a_target_once():
    _, targets = training.windows(np.arange(1 + 7 * 11), 7)
    assert targets.ravel().tolist() == list(range(1, 1 + 7 * 11))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.arange(5), 5), r"ids: expected one sequence of at least length \+ 1 = 6 tokens, got \(5,\)"),
        ((np.zeros((2, 9)), 3), r"ids: .* got \(2, 9\)"),
        ((np.arange(5), 0), "length, stride: expected at least 1 each, got 0 and 0"),
        ((np.arange(5), 2, -1), "length, stride: expected at least 1 each, got 2 and -1"),
    ],
)
def test_windows_name_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        training.windows(*arguments)


def test_crossentropy_by_hand():
    """Chances of 1/2 and 1/8 for the two tokens that count; the third is padding."""
    logits = np.log([[[0.25, 0.5, 0.25], [0.5, 0.375, 0.125], [0.1, 0.8, 0.1]]]).astype("float32")
    value = training.masked_crossentropy(np.array([[1, 2, 0]]), logits)
    assert float(value) == pytest.approx((np.log(2) + np.log(8)) / 2, rel=1e-5)


def test_accuracy_by_hand(logits, targets):
    logits[:] = 0
    logits[0, 0, 1] = logits[0, 1, 2] = logits[1, 0, 6] = 1  # three right of eight
    logits[2, :, 0] = 1  # right about padding, which does not count
    assert float(training.masked_accuracy(targets, logits)) == pytest.approx(3 / 8)
    # Zeros everywhere else: the likeliest is id 0, right at the two paddings of row 1 and the five of row 2.
    assert float(training.masked_accuracy(targets, logits, padding_id=None)) == pytest.approx(10 / 15)


@pytest.mark.parametrize("padding_id", [0, 3, None])
def test_crossentropy_equals_the_loss_of_keras(logits, targets, padding_id):
    keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=padding_id)
    value = training.masked_crossentropy(targets, logits, padding_id)
    assert float(value) == pytest.approx(float(keras_loss(targets, logits)), rel=1e-5)


def test_padding_changes_neither_value_nor_gradient(logits, targets):
    def loss(logits):
        return training.masked_crossentropy(targets, logits)

    value, (gradient,), _ = value_and_gradients(loss, [logits])
    padding = targets == 0
    assert (gradient[padding] == 0).all()
    assert (np.abs(gradient[~padding]).sum(axis=-1) > 0).all()
    logits[padding] = 1000
    assert value_and_gradients(loss, [logits])[0] == pytest.approx(value)


def test_padding_only_gives_zero_and_finite_gradients(logits):
    targets = np.zeros((BATCH, TIME), dtype="int32")
    value, (gradient,), _ = value_and_gradients(lambda x: training.masked_crossentropy(targets, x), [logits])
    assert value == 0
    assert (gradient == 0).all()
    assert float(training.masked_accuracy(targets, logits)) == 0


@pytest.mark.parametrize("function", [training.masked_crossentropy, training.masked_accuracy])
def test_shapes_that_do_not_fit_are_named(function, logits, targets):
    with pytest.raises(ValueError, match=r"targets: expected shape \(3, 5\).*got \(3, 4\)"):
        function(targets[:, 1:], logits)


def test_fit_learns_and_reports(capsys):
    model = build()
    data = training.windows(counting(), 13)
    history = training.fit(model, *data, validation=data, epochs=15, batch_size=8, learning_rate=0.02)
    assert history.training[0] > 1
    assert history.validation[-1] < 0.1
    assert len(history.seconds) == len(history.training) == len(history.validation) == 15
    assert sorted(history.seconds) == history.seconds
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15
    assert f"validation {history.validation[-1]:.3f} bits" in lines[-1]


def test_fit_reports_bits_of_its_data():
    model = build()
    inputs, targets = training.windows(counting(), 13)
    history = training.fit(model, inputs, targets, validation=(inputs, targets), epochs=1, batch_size=len(inputs))
    loss = ops.convert_to_numpy(training.masked_crossentropy(targets, model(inputs), padding_id=None))
    assert history.validation[0] == pytest.approx(loss / np.log(2), rel=1e-4)


def test_fit_ignores_padding():
    """A model that finds padding most unlikely pays for it in the wrong loss only."""
    inputs, targets = training.windows(counting(), 13)
    model = build()
    kernel, bias = model.layers[-1].get_weights()
    bias[0] = -10
    model.layers[-1].set_weights([kernel, bias])
    expected = ops.convert_to_numpy(training.masked_crossentropy(targets, model(inputs), padding_id=0)) / np.log(2)
    data = {"validation": (inputs, targets), "epochs": 1, "batch_size": len(inputs), "learning_rate": 1e-9}
    history = training.fit(model, inputs, targets, padding_id=0, **data)
    assert history.training + history.validation == pytest.approx([expected] * 2, rel=1e-4)


def test_fit_repeats_for_a_seed():
    def weights(seed):
        model = build(seed)
        training.fit(model, *training.windows(counting(), 13), epochs=2, batch_size=8)
        return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

    assert np.array_equal(weights(1), weights(1))
    assert not np.allclose(weights(1), weights(2))


def test_fit_stops_when_the_time_is_over():
    history = training.fit(build(), *training.windows(counting(), 13), epochs=1000, batch_size=8, seconds=0)
    assert len(history.seconds) == 1


def test_a_fitted_model_can_be_saved(tmp_path):
    model = build()
    inputs, targets = training.windows(counting(), 13)
    training.fit(model, inputs, targets, epochs=1)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    expected = ops.convert_to_numpy(model(inputs[:2]))
    np.testing.assert_allclose(ops.convert_to_numpy(again(inputs[:2])), expected, rtol=1e-5)


def test_fit_names_what_does_not_fit():
    model = build()
    inputs, targets = training.windows(counting(), 13)
    with pytest.raises(ValueError, match=r"targets: expected as many rows of targets as of inputs, \[76\], got 75"):
        training.fit(model, inputs, targets[1:])
    with pytest.raises(ValueError, match=r"targets: expected targets of shape \(76, 13\), got \(76, 12\)"):
        training.fit(model, inputs, targets[:, 1:])
    with pytest.raises(ValueError, match="targets: expected target ids from 0 to 6, got 1 to 7"):
        training.fit(model, inputs, targets + 1)
    with pytest.raises(ValueError, match="validation: expected target ids from 0 to 6, got 1 to 7"):
        training.fit(model, inputs, targets, validation=(inputs, targets + 1))


@pytest.mark.parametrize("faster", [False, True])
def test_quickest_takes_what_was_faster_and_leaves_the_weights(monkeypatch, capsys, faster):
    model = build_light()
    before = model.get_weights()
    inputs, targets = training.windows(counting(), 13)
    trained = []

    def seconds(model, inputs, targets, steps):
        model.train_on_batch(inputs, targets)
        trained.append((model.jit_compile, np.array_equal(before[0], model.get_weights()[0])))
        return 0.010 if model.jit_compile == faster else 0.020

    monkeypatch.setitem(training.JIT_CHOICES, keras.backend.backend(), (False, True))
    monkeypatch.setattr(training, "_seconds_a_step", seconds)
    assert training.quickest(model, inputs, targets, batch_size=8) is faster
    assert trained == [(False, False), (True, False)]  # both were tried, and both moved the weights
    for kept, weight in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(kept, weight)
    expected = f"{'with' if faster else 'without'} XLA 10 ms"
    assert expected in capsys.readouterr().out


def test_fit_compiles_as_it_is_told(monkeypatch, capsys):
    inputs, targets = (part[:64] for part in training.windows(counting(), 13))  # one batch: one shape to compile
    choices = training.JIT_CHOICES[keras.backend.backend()]
    for choice in choices:
        model = build_light()
        training.fit(model, inputs, targets, epochs=1, jit_compile=choice)
        assert model.jit_compile is choice
    model = build_light()
    training.fit(model, inputs, targets, epochs=1, jit_compile="measured")
    assert model.jit_compile in choices
    assert "a step" in capsys.readouterr().out
    monkeypatch.setattr(training, "quickest", lambda *data, **options: choices[-1])
    training.fit(model, inputs, targets, epochs=1, jit_compile="measured")
    assert model.jit_compile is choices[-1]


def test_wrong_compiling_is_named():
    inputs, targets = training.windows(counting(), 13)
    with pytest.raises(ValueError, match="jit_compile: expected auto, measured, True or False, got 'fast'"):
        training.fit(build(), inputs, targets, jit_compile="fast")
    with pytest.raises(ValueError, match="steps: expected at least 1, got 0"):
        training.quickest(build(), inputs, targets, steps=0)
    with pytest.raises(ValueError, match="targets: expected as many rows"):
        training.quickest(build(), inputs, targets[1:])
