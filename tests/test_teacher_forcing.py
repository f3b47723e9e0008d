"""Batches by length, the smoothed loss, the schedule, and `fit` on pairs of sequences."""

import random
import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

from seqlib import teacher_forcing, training
from seqlib.gradients import value_and_gradients
from seqlib.teacher_forcing import InverseSquareRoot, SmoothedCrossentropy, TokenBatches, TokenCrossentropy

BATCH, TIME, SIZE = 3, 5, 7
START, END = 1, 2


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, SIZE)).astype("float32")


@pytest.fixture
def targets():
    """Row by row: no padding, some padding, padding only."""
    return np.array([[1, 2, 3, 4, 5], [6, 1, 2, 0, 0], [0, 0, 0, 0, 0]], dtype="int32")


def pairs(rows=211, longest=13, size=SIZE, seed=0):
    """Sources of random tokens and random length, and as targets the same tokens, last first."""
    rng = np.random.default_rng(seed)
    sources = np.zeros((rows, longest), dtype="int32")
    targets = np.zeros((rows, longest + 2), dtype="int32")
    for source, target, length in zip(sources, targets, rng.integers(1, longest + 1, rows), strict=True):
        source[:length] = rng.integers(3, size, length)
        target[: length + 2] = [START, *source[:length][::-1], END]
    return sources, targets


def uneven(rows=211, seed=0):
    """Pairs whose two lengths know nothing of each other."""
    return pairs(rows, 11, seed=seed)[0], pairs(rows, 17, seed=seed + 1)[1]


def narrow(seed=0):
    """Pairs in four shapes at most, since JAX compiles each anew."""
    return pairs(97, 5, seed=seed)


def build(units=13, size=SIZE, seed=0):
    """Make a small model from pairs to logits, from a seed: the mean of the source joins what the decoder reads."""
    keras.utils.set_random_seed(seed)
    sources, inputs = (layers.Input((None,), dtype="int32") for _ in range(2))
    mean = layers.GlobalAveragePooling1D(keepdims=True)(layers.Embedding(size, units, mask_zero=True)(sources))
    states = layers.Add()([layers.Embedding(size, units)(inputs), mean])
    return keras.Model([sources, inputs], layers.Dense(size)(states))


def build_recurrent(units, size=SIZE):
    """Make an encoder-decoder: the decoder starts from the state in which the encoder has ended."""
    sources, inputs = (layers.Input((None,), dtype="int32") for _ in range(2))
    state = layers.GRU(units)(layers.Embedding(size, units, mask_zero=True)(sources))
    states = layers.GRU(units, return_sequences=True)(layers.Embedding(size, units)(inputs), initial_state=state)
    return keras.Model([sources, inputs], layers.Dense(size)(states))


def fed(batches):
    """Give all batches of the epoch as lists of sources, inputs, outputs."""
    return [(sources, inputs, outputs) for (sources, inputs), outputs in (batches[i] for i in range(len(batches)))]


def rows_of(epoch):
    """Give the rows of an epoch, without their padding, in the order fed."""
    return [
        (tuple(source[source != 0]), tuple(output[output != 0]))
        for sources, _, outputs in epoch
        for source, output in zip(sources, outputs, strict=True)
    ]


def rounded(count, multiple, most):
    return min(int(np.ceil(count / multiple)) * multiple, most)


# Batches


def test_batches_by_hand():
    sources = np.array([[3, 4, 0, 0], [5, 0, 0, 0], [3, 3, 3, 0]])
    targets = np.array([[1, 9, 2, 0], [1, 8, 2, 0], [1, 7, 7, 2]])
    epoch = fed(TokenBatches(sources, targets, tokens=6, multiple=1))
    short, long = sorted(epoch, key=lambda batch: batch[2].shape)
    assert [array.tolist() for array in long] == [
        [[3, 3, 3], [3, 4, 0]],
        [[1, 7, 7], [1, 9, 2]],
        [[7, 7, 2], [9, 2, 0]],
    ]
    assert [array.tolist() for array in short] == [[[5]], [[1, 8]], [[8, 2]]]
    assert {array.dtype.name for batch in epoch for array in batch} == {"int32"}


def test_every_row_comes_once_an_epoch():
    sources, targets = uneven()
    expected = sorted(rows_of([(sources, targets[:, :-1], targets[:, 1:])]))
    batches = TokenBatches(sources, targets, tokens=101)
    for _ in range(3):
        assert sorted(rows_of(fed(batches))) == expected
        batches.on_epoch_end()


def test_inputs_are_one_step_behind_the_outputs():
    for _, inputs, outputs in fed(TokenBatches(*uneven(), tokens=101)):
        assert (inputs[:, 0] == START).all()
        assert (inputs[:, 1:] == outputs[:, :-1]).all()


@pytest.mark.parametrize("multiple", [1, 4, 5])
def test_batches_are_cut_to_their_longest_rows_rounded_up(multiple):
    sources, targets = uneven()
    for source, _, output in fed(TokenBatches(sources, targets, tokens=101, multiple=multiple)):
        longest = [(array != 0).sum(axis=1).max() for array in (source, output)]
        assert source.shape[1] == rounded(longest[0], multiple, sources.shape[1])
        assert output.shape[1] == rounded(longest[1], multiple, targets.shape[1] - 1)


def test_batches_hold_as_many_tokens_as_they_may_but_one():
    tokens = 101
    outputs = [batch[2] for batch in fed(TokenBatches(*uneven(), tokens=tokens))]
    assert all(array.size <= tokens for array in outputs)
    smaller = [array for array in outputs if array.size + array.shape[1] <= tokens]
    assert len(smaller) <= 1
    assert all(array.shape[1] == min(other.shape[1] for other in outputs) for array in smaller)


def test_rows_of_a_batch_are_of_similar_length():
    """Between two batches of different length no row is longer than one of the longer batch."""
    counts = [(output != 0).sum(axis=1) for _, _, output in fed(TokenBatches(*uneven(), tokens=101, multiple=1))]
    counts.sort(key=lambda count: (count.max(), count.min()))
    for shorter, longer in zip(counts, counts[1:], strict=False):
        assert shorter.max() <= longer.min()


def test_shapes_are_few_and_the_same_in_every_epoch():
    sources, targets = uneven(997)
    batches = TokenBatches(sources, targets, tokens=101, multiple=4)
    before = sorted(tuple(array.shape for array in batch) for batch in fed(batches))
    batches.on_epoch_end()
    assert sorted(tuple(array.shape for array in batch) for batch in fed(batches)) == before
    assert len(set(before)) <= 3 * 5 + 1  # source lengths 4, 8, 11; outputs 4 to 18 in fives; the last batch
    assert len(before) > 100


def test_shuffling_is_seeded_and_new_each_epoch():
    data = uneven()

    def epochs(seed):
        batches = TokenBatches(*data, tokens=101, seed=seed)
        first = rows_of(fed(batches))
        batches.on_epoch_end()
        return first, rows_of(fed(batches))

    first, second = epochs(0)
    assert epochs(0) == (first, second)
    assert first != second
    assert epochs(1)[0] != first
    assert sorted(first) == sorted(second)


def test_rows_are_dealt_anew_and_batches_are_no_longer_sorted():
    batches = TokenBatches(*uneven(), tokens=101)

    def together():
        return {frozenset(rows_of([batch])) for batch in fed(batches)}

    lengths = [batch[2].shape[1] for batch in fed(batches)][2:]  # the first two are chosen
    assert lengths != sorted(lengths) and lengths != sorted(lengths, reverse=True)
    before = together()
    batches.on_epoch_end()
    assert together() != before


@pytest.mark.parametrize("data", [uneven(), pairs()])
def test_the_first_two_batches_differ_where_any_do(data):
    """Keras on TensorFlow learns from them which axes may vary."""
    for seed in range(20):
        batches = TokenBatches(*data, tokens=101, seed=seed)
        (first, _, first_output), (second, _, second_output) = fed(batches)[:2]
        assert first.shape[1] != second.shape[1]
        assert first_output.shape[1] != second_output.shape[1]


def test_padding_is_what_is_fed_and_less_than_in_plain_batches():
    sources, targets = uneven(997)
    batches = TokenBatches(sources, targets, tokens=101)
    ids = np.concatenate([array.ravel() for source, _, output in fed(batches) for array in (source, output)])
    assert batches.padding() == pytest.approx((ids == 0).mean())
    plain = np.concatenate([sources.ravel(), targets[:, 1:].ravel()])
    assert batches.padding() < (plain == 0).mean() / 2


def test_padding_of_rows_of_one_length_is_none():
    sources, targets = np.full((5, 3), 4), np.full((5, 4), 1)
    assert TokenBatches(sources, targets, tokens=8).padding() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": np.zeros((2, 3, 4), int)}, r"sources: expected \(rows, time\) of whole numbers, got \(2, 3, 4\)"),
        ({"sources": np.ones((2, 3))}, "sources: expected .* got .* of float64"),
        ({"sources": [[3, 4], [0, 0]]}, "sources: expected at least 1 tokens in each row, got 0 in row 1"),
        ({"sources": [[3, 0, 4], [3, 0, 0]]}, r"sources: expected padding on the right only, got \[3, 0, 4\] in row 0"),
        ({"sources": [[3, -1], [3, 0]]}, "sources: expected ids of at least 0, got -1"),
        ({"sources": [[3, 4]]}, "targets: expected as many rows as sources, 1, got 2"),
        ({"targets": [[1, 2], [1, 0]]}, "targets: expected at least 2 tokens in each row, got 1 in row 1"),
        ({"targets": [[0, 1, 2], [1, 4, 2]]}, "targets: expected padding on the right only"),
        ({"targets": [[1, 4, 2], [3, 4, 2]]}, "targets: .* the same <start>, got 1 in row 0 and 3 in row 1"),
        ({"tokens": 1}, "tokens: expected at least 2, what the longest row takes, got 1"),
        ({"tokens": 2.5}, "tokens: expected a whole number of at least 1, got 2.5"),
        ({"multiple": 0}, "multiple: expected a whole number of at least 1, got 0"),
    ],
)
def test_batches_name_wrong_arguments(change, message):
    arguments = {"sources": [[3, 4], [3, 0]], "targets": [[1, 4, 2], [1, 2, 0]], **change}
    with pytest.raises(ValueError, match=message):
        TokenBatches(**arguments)


# The loss


def one_hot_loss(smoothing):
    """Keras' smoothed loss, over the tokens that are no padding, from one-hot targets."""
    keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    def loss(targets, logits):
        rows, steps = np.nonzero(targets)
        places = ops.convert_to_tensor(rows * TIME + steps)
        counting = ops.take(ops.reshape(logits, (-1, SIZE)), places, axis=0)
        return keras_loss(ops.one_hot(ops.convert_to_tensor(targets[rows, steps]), SIZE), counting)

    return loss


def assert_equal_with_gradients(one, other, logits):
    value, (gradient,), _ = value_and_gradients(one, [logits])
    expected, (expected_gradient,), _ = value_and_gradients(other, [logits])
    assert value == pytest.approx(expected, rel=1e-5)
    assert np.abs(gradient - expected_gradient).max() <= 1e-5 * np.abs(expected_gradient).max()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_smoothed_loss_equals_that_of_keras_on_one_hot_targets(logits, targets, smoothing):
    loss, keras_loss = SmoothedCrossentropy(smoothing), one_hot_loss(smoothing)
    assert_equal_with_gradients(lambda x: loss(targets, x), lambda x: keras_loss(targets, x), logits)


@pytest.mark.parametrize("padding_id", [0, 3])
def test_without_smoothing_it_is_the_masked_crossentropy(logits, targets, padding_id):
    loss = SmoothedCrossentropy(0.0, padding_id)
    assert_equal_with_gradients(
        lambda x: loss(targets, x), lambda x: training.masked_crossentropy(targets, x, padding_id), logits
    )


def test_smoothed_loss_by_hand():
    """Chances of 1/2, 1/4, 1/4, and the first is right: 0.7 + 0.1 of one bit, twice 0.1 of two."""
    logits = np.log([[[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]]).astype("float32")
    value = SmoothedCrossentropy(0.3, padding_id=2)(np.array([[0, 2]]), logits)
    assert float(value) == pytest.approx((0.8 * 1 + 0.2 * 2) * np.log(2), rel=1e-5)


def test_loss_takes_large_logits(logits, targets):
    value, (gradient,), _ = value_and_gradients(lambda x: SmoothedCrossentropy(0.1)(targets, x), [1e4 * logits])
    assert np.isfinite(value) and np.isfinite(gradient).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_changes_neither_value_nor_gradient(logits, targets, smoothing):
    def loss(logits):
        return SmoothedCrossentropy(smoothing)(targets, logits)

    value, (gradient,), _ = value_and_gradients(loss, [logits])
    assert (gradient[targets == 0] == 0).all()
    logits[targets == 0] = 1000
    assert value_and_gradients(loss, [logits])[0] == pytest.approx(value)


def test_padding_only_gives_zero_and_finite_gradients(logits):
    targets = np.zeros((BATCH, TIME), dtype="int32")
    value, (gradient,), _ = value_and_gradients(lambda x: SmoothedCrossentropy(0.1)(targets, x), [logits])
    assert value == 0
    assert (gradient == 0).all()


def test_a_model_that_masks_pays_the_same():
    """Keras hands the decoder's mask on to the loss, which would count it a second time in a mean over all steps."""
    sources, targets = uneven(7)
    embedding = layers.Embedding(SIZE, 5, mask_zero=True)
    source_ids, input_ids = (layers.Input((None,), dtype="int32") for _ in range(2))
    state = layers.GRU(5)(embedding(source_ids))
    states = layers.GRU(5, return_sequences=True)(embedding(input_ids), initial_state=state)
    model = keras.Model([source_ids, input_ids], layers.Dense(SIZE)(states))
    logits = model([sources, targets[:, :-1]])
    expected = training.masked_crossentropy(targets[:, 1:], ops.convert_to_numpy(logits))
    value = ops.convert_to_numpy(SmoothedCrossentropy(0.0)(targets[:, 1:], logits))
    assert value == pytest.approx(float(expected), rel=1e-5)


def test_loss_multiplies_weights_of_tokens(logits, targets):
    weights = np.zeros((BATCH, TIME), dtype="float32")
    weights[0, 1] = weights[1, 3] = 1  # one token and one padding
    value = SmoothedCrossentropy(0.0)(targets, logits, sample_weight=weights)
    expected = training.masked_crossentropy(targets[:1, 1:2], logits[:1, 1:2])
    assert float(value) == pytest.approx(float(expected), rel=1e-5)


def test_loss_names_what_does_not_fit(logits, targets):
    with pytest.raises(ValueError, match=r"targets: expected shape \(3, 5\).*got \(3, 4\)"):
        SmoothedCrossentropy()(targets[:, 1:], logits)
    for smoothing in (-0.1, 1):
        with pytest.raises(ValueError, match=f"smoothing: expected 0 or more and less than 1, got {smoothing}"):
            SmoothedCrossentropy(smoothing)


def test_metric_is_a_mean_over_tokens_of_batches_of_different_length(logits, targets):
    """Of Keras' means of rows the long batch would count for less, here each token counts once."""
    metric = TokenCrossentropy()
    long_logits = np.random.default_rng(1).normal(size=(2, 11, SIZE)).astype("float32")
    long_targets = np.arange(22).reshape(2, 11) % SIZE
    nats, tokens = 0.0, 0
    for batch_targets, batch_logits in ((targets, logits), (long_targets, long_logits)):
        metric.update_state(batch_targets, batch_logits)
        count = (batch_targets != 0).sum()
        nats += float(training.masked_crossentropy(batch_targets, batch_logits)) * count
        tokens += count
    assert float(metric.result()) == pytest.approx(nats / tokens, rel=1e-5)


# The schedule


def test_schedule_is_that_of_the_paper():
    width, warmup = 512, 4000
    schedule = InverseSquareRoot((width * warmup) ** -0.5, warmup)
    for number in (1, 100, 4000, 4001, 100_000):
        expected = width**-0.5 * min(number**-0.5, number * warmup**-1.5)
        assert float(schedule(number - 1)) == pytest.approx(expected, rel=1e-5)


def test_schedule_names_wrong_arguments():
    with pytest.raises(ValueError, match="peak: expected above 0, got 0"):
        InverseSquareRoot(0, 10)
    with pytest.raises(ValueError, match="warmup: expected at least 1, got 0"):
        InverseSquareRoot(0.1, 0)


# Training


def test_fit_learns_to_reverse(capsys):
    data, other = pairs(3000, 5, seed=1), pairs(200, 5, seed=2)
    model = build_recurrent(units=48)
    # Falling to zero: at a constant rate the last steps leave the score to chance.
    falling = keras.optimizers.schedules.CosineDecay(0.01, 8 * len(TokenBatches(*data, tokens=400)))
    history = teacher_forcing.fit(model, data, validation=other, epochs=8, tokens=400, learning_rate=falling)
    assert history.training[0] > 1
    assert history.validation[-1] < 0.2
    assert len(history.seconds) == len(history.training) == len(history.validation) == 8
    logits = model([other[0], other[1][:, :-1]])
    assert float(training.masked_accuracy(other[1][:, 1:], logits)) > 0.95
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert f"validation {history.validation[-1]:.3f} bits" in lines[-1]


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_fit_reports_bits_per_token_without_smoothing(smoothing):
    """At a rate of almost nothing the weights stand still, so both figures are the cost of the model as built."""
    model, data, held_out = build(), pairs(longest=9), pairs(53, 9, seed=5)
    expected = [
        ops.convert_to_numpy(training.masked_crossentropy(targets[:, 1:], model([sources, targets[:, :-1]])))
        / np.log(2)
        for sources, targets in (data, held_out)
    ]
    settings = {"epochs": 1, "tokens": 101, "learning_rate": 1e-9, "smoothing": smoothing}
    history = teacher_forcing.fit(model, data, validation=held_out, **settings)
    assert history.training + history.validation == pytest.approx(expected, rel=1e-4)


def test_fit_trains_on_the_smoothed_loss():
    """On targets that are sure, the best answer under smoothing is not sure."""

    def likeliest(smoothing):
        sources = np.full((60 * 64, 1), 3)
        targets = np.tile([START, 4, END], (60 * 64, 1))
        model = build()
        teacher_forcing.fit(model, (sources, targets), epochs=1, tokens=128, learning_rate=0.03, smoothing=smoothing)
        return ops.convert_to_numpy(ops.softmax(model([sources[:1], targets[:1, :-1]]))).max(axis=-1)[0, 0]

    assert likeliest(0.0) > 0.99
    assert likeliest(0.35) == pytest.approx(0.65 + 0.35 / SIZE, abs=0.02)


def test_fit_repeats_for_a_seed_whatever_else_was_drawn():
    def weights(seed, drawn=0):
        model = build()
        random.seed(drawn)  # what Keras shuffles with
        teacher_forcing.fit(model, narrow(), epochs=2, tokens=101, seed=seed)
        return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

    expected = weights(1)
    assert np.array_equal(weights(1, drawn=5), expected)
    assert not np.allclose(weights(2), expected)


def test_fit_takes_schedules_and_more_arrays_and_does_not_warn():
    sources, targets = narrow()
    schedules = keras.optimizers.schedules
    for schedule in (schedules.CosineDecay(0.0, 90, warmup_target=0.01, warmup_steps=3), InverseSquareRoot(0.01, 3)):
        model = build()
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            teacher_forcing.fit(model, (sources, targets, None), epochs=1, tokens=101, learning_rate=schedule)
        steps = int(model.optimizer.iterations)
        assert float(model.optimizer.learning_rate) == pytest.approx(float(schedule(steps)), rel=1e-5)
        assert steps == len(TokenBatches(sources, targets, tokens=101))


def test_fit_clips_all_gradients_together():
    model = build()
    teacher_forcing.fit(model, narrow(), epochs=1)
    assert model.optimizer.global_clipnorm == 1.0
    assert model.optimizer.clipnorm is None


def test_fit_stops_when_the_time_is_over():
    model = build()
    history = teacher_forcing.fit(model, narrow(), epochs=1000, tokens=101, seconds=0)
    assert len(history.seconds) == 1
    assert int(model.optimizer.iterations) == 1


def test_a_fitted_model_can_be_saved(tmp_path):
    model, (sources, targets) = build(), narrow()
    teacher_forcing.fit(model, (sources, targets), epochs=1, smoothing=0.2, learning_rate=InverseSquareRoot(0.01, 100))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.loss.smoothing == 0.2
    inputs = [sources[:2], targets[:2, :-1]]
    np.testing.assert_allclose(ops.convert_to_numpy(again(inputs)), ops.convert_to_numpy(model(inputs)), rtol=1e-5)


def test_fit_names_what_does_not_fit():
    model, (sources, targets) = build(), pairs()
    for part, message in (
        (sources, r"part: expected a tuple \(sources, targets, ...\), got ndarray"),
        ((sources, targets[1:]), "part: targets: expected as many rows as sources, 211, got 210"),
        ((sources, targets[:, 1:]), "part: targets: expected every row to begin with the same <start>"),
        ((sources, targets + (targets == 6)), "part: targets: expected ids from 0 to 6, got 7"),
    ):
        with pytest.raises(ValueError, match=message):
            teacher_forcing.fit(model, part)
    with pytest.raises(ValueError, match="validation: targets: expected ids from 0 to 6, got 7"):
        teacher_forcing.fit(model, (sources, targets), validation=(sources, targets + (targets == 6)))
    with pytest.raises(ValueError, match="tokens: expected at least 14, what the longest row takes, got 13"):
        teacher_forcing.fit(model, (sources, targets), tokens=13)
    classifier = keras.Model(model.inputs, layers.GlobalAveragePooling1D()(model.outputs[0]))
    with pytest.raises(ValueError, match=r"model: expected logits of shape \(batch, 14, V\), got \(1, 7\)"):
        teacher_forcing.fit(classifier, (sources, targets))
