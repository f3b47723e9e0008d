"""Decoding: probabilities by hand, sampling with known frequencies, stepping equal to the whole at once."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from seqlib import decoding
from seqlib.metrics import bits_per_token

SIZE, UNITS = 7, 11
PROBABILITIES = np.array([[0.5, 0.25, 0.125, 0.125], [0.1, 0.2, 0.3, 0.4]])
LOGITS = np.log(PROBABILITIES)


def build(recurrent):
    """Make a language model of 7 tokens from recurrent layers, as it is trained and with its states in the open."""
    keras.utils.set_random_seed(0)
    ids = layers.Input((None,), dtype="int32")
    embedding, readout = layers.Embedding(SIZE, 5, embeddings_initializer="normal"), layers.Dense(SIZE)
    plain = stateful = embedding(ids)
    states_in, states_out = [], []
    for layer in recurrent:
        plain = layer(plain)[0]
        fresh = [layers.Input((UNITS,)) for _ in range(2 if isinstance(layer, layers.LSTM) else 1)]
        stateful, *after = layer(stateful, initial_state=fresh)
        states_in += fresh
        states_out += after
    return keras.Model(ids, readout(plain)), keras.Model([ids, *states_in], [readout(stateful), *states_out])


@pytest.fixture(params=["SimpleRNN", "LSTM", "SimpleRNN and GRU"])
def models(request):
    names = request.param.split(" and ")
    return build([getattr(layers, name)(UNITS, return_sequences=True, return_state=True) for name in names])


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(SIZE, size=(3, 13)).astype("int32")


def constant_step(logits):
    """A step that gives the same logits whatever it reads, and counts its calls in its state."""

    def step(token_ids, state):
        return np.tile(logits, (len(token_ids), 1)), 1 if state is None else state + 1

    return step


def test_temperature_one_is_the_softmax():
    assert decoding.next_probabilities(LOGITS + 3) == pytest.approx(PROBABILITIES)


def test_temperature_by_hand():
    """Half the temperature squares the odds, twice takes their root."""
    colder = decoding.next_probabilities(np.log([[0.8, 0.2]]), temperature=0.5)
    assert colder == pytest.approx(np.array([[16 / 17, 1 / 17]]))
    warmer = decoding.next_probabilities(np.log([[0.8, 0.2]]), temperature=2)
    assert warmer == pytest.approx(np.array([[2 / 3, 1 / 3]]))


def test_each_row_may_have_its_temperature():
    logits = np.log([[0.8, 0.2]] * 3)
    expected = np.array([[1, 0], [16 / 17, 1 / 17], [0.8, 0.2]])
    assert decoding.next_probabilities(logits, temperature=[0, 0.5, 1]) == pytest.approx(expected)


def test_greedy_is_temperature_zero_is_top_one():
    greedy = decoding.next_probabilities(LOGITS, temperature=0)
    assert greedy.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert np.array_equal(greedy, decoding.next_probabilities(LOGITS, top_k=1))
    assert np.array_equal(greedy, decoding.next_probabilities(LOGITS, top_p=1e-9))
    assert decoding.next_probabilities(LOGITS, temperature=1e-5) == pytest.approx(greedy)


def test_top_k_keeps_the_likeliest_even_of_equals():
    kept = decoding.next_probabilities(LOGITS, top_k=3)
    assert kept == pytest.approx(np.array([[4 / 7, 2 / 7, 1 / 7, 0], [0, 2 / 9, 3 / 9, 4 / 9]]))
    assert decoding.next_probabilities(LOGITS, top_k=99) == pytest.approx(PROBABILITIES)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.5, [1, 2]), (0.51, [2, 2]), (0.7, [2, 2]), (0.75, [2, 3]), (0.9, [4, 3]), (0.91, [4, 4]), (1, [4, 4])],
)
def test_top_p_keeps_the_smallest_set_with_that_mass(top_p, kept):
    """Sums of the likeliest: .5 .75 .875 1 in the first row, .4 .7 .9 1 in the second."""
    probabilities = decoding.next_probabilities(LOGITS, top_p=top_p)
    assert (probabilities > 0).sum(axis=-1).tolist() == kept
    assert probabilities.sum(axis=-1) == pytest.approx([1, 1])


def test_top_p_counts_what_temperature_and_top_k_have_left():
    """Among the two likeliest of the second row, 4/7 and 3/7, one holds half."""
    probabilities = decoding.next_probabilities(LOGITS[1:], top_k=2, top_p=0.5)
    assert probabilities.tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -0.1}, "temperature: expected 0 or more, got -0.1"),
        ({"temperature": np.nan}, "temperature: expected 0 or more, got nan"),
        ({"temperature": [1, 1, 1]}, "temperature: expected one number or 2, one a row"),
        ({"top_k": 0}, "top_k: expected at least 1, got 0"),
        ({"top_p": 0}, "top_p: expected above 0 and at most 1, got 0"),
        ({"top_p": 1.1}, "top_p: expected above 0 and at most 1, got 1.1"),
    ],
)
def test_wrong_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        decoding.next_probabilities(LOGITS, **arguments)
    with pytest.raises(ValueError, match=message):
        decoding.sample(constant_step(LOGITS[0]), [[0], [0]], 3, **arguments)


def test_wrong_prompts_and_lengths_are_named():
    step = constant_step(LOGITS[0])
    with pytest.raises(ValueError, match=r"prompt: expected .* at least one token, got \(1, 0\)"):
        decoding.sample(step, [], 3)
    with pytest.raises(ValueError, match="length: expected at least 1, got 0"):
        decoding.sample(step, [0], 0)
    with pytest.raises(ValueError, match=r"logits: expected shape \(batch, V\), got \(4,\)"):
        decoding.next_probabilities(LOGITS[0])


def test_frequencies_match_the_probabilities():
    """Pearson's statistic of 10,007 draws; below 16.3 in all but one of a thousand seeds."""
    drawn = decoding.sample(constant_step(LOGITS[1]), [0], 10_007, seed=0)
    expected = PROBABILITIES[1] * 10_007
    statistic = ((np.bincount(drawn[0], minlength=4) - expected) ** 2 / expected).sum()
    assert statistic < 16.3


def test_tokens_cut_off_are_never_drawn():
    drawn = decoding.sample(constant_step(LOGITS[1]), [0], 2003, top_k=2)
    assert set(drawn[0]) == {2, 3}


def test_a_seed_repeats_and_rows_differ():
    step = constant_step(LOGITS[1])
    drawn = decoding.sample(step, [[0], [0]], 101, seed=3)
    assert drawn.dtype == "int32"
    assert drawn.shape == (2, 101)
    assert np.array_equal(drawn, decoding.sample(step, [[0], [0]], 101, seed=3))
    assert not np.array_equal(drawn, decoding.sample(step, [[0], [0]], 101, seed=4))
    assert not np.array_equal(drawn[0], drawn[1])


def test_stepping_equals_the_whole_sequence_at_once(models, ids):
    whole, stateful = models
    step, state = decoding.stepper(stateful), None
    logits = []
    for tokens in ids.T:
        one, state = step(tokens, state)
        logits.append(one)
    expected = ops.convert_to_numpy(whole(ids))
    np.testing.assert_allclose(np.stack(logits, axis=1), expected, rtol=1e-5, atol=1e-5)


def test_the_state_does_not_grow(models, ids):
    step, state = decoding.stepper(models[1]), None
    sizes = set()
    for tokens in ids.T:
        logits, state = step(tokens, state)
        sizes.add((logits.shape, tuple(tuple(one.shape) for one in state)))
    assert sizes == {((3, SIZE), ((3, UNITS),) * (len(models[1].inputs) - 1))}


def test_one_step_for_each_token_read_and_drawn():
    calls = []

    def step(token_ids, state):
        calls.append(token_ids.shape)
        return np.zeros((len(token_ids), SIZE)), state

    decoding.sample(step, [[1, 2, 3], [4, 5, 6]], 5)
    # The last token drawn is not read.
    assert calls == [(2,)] * (3 + 5 - 1)


def test_drawn_tokens_are_read(models, ids):
    """Greedy text is what the whole model would say after prompt and text so far."""
    whole, stateful = models
    drawn = decoding.sample(decoding.stepper(stateful), ids[:1], 7, temperature=0)
    text = ids[0].tolist()
    for token in drawn[0]:
        assert token == ops.convert_to_numpy(whole(np.array([text])))[0, -1].argmax()
        text.append(token)


def test_rows_are_independent(models, ids):
    step = decoding.stepper(models[1])
    together = decoding.sample(step, ids, 17, temperature=[0, 0.7, 1.3], seed=2)
    alone = decoding.sample(step, ids[:1], 17, temperature=0, seed=2)
    assert np.array_equal(together[0], alone[0])
    two = decoding.sample(step, ids[:2], 17, temperature=[1.7, 0.7], seed=2)
    assert np.array_equal(together[1], two[1])


def test_one_prompt_serves_many_temperatures(models, ids):
    step = decoding.stepper(models[1])
    drawn = decoding.sample(step, ids[0], 17, temperature=[0, 0.7, 1.3], seed=2)
    repeated = decoding.sample(step, np.stack([ids[0]] * 3), 17, temperature=[0, 0.7, 1.3], seed=2)
    assert drawn.shape == (3, 17)
    assert np.array_equal(drawn, repeated)


@pytest.mark.parametrize("chunk", [1, 3, 12, 13, 1000])
def test_scores_do_not_depend_on_the_chunk(models, ids, chunk):
    whole, stateful = models
    expected = bits_per_token(ops.convert_to_numpy(whole(ids[:1, :-1])), ids[:1, 1:])[0]
    scores = decoding.score(stateful, ids[0, 5:], context=ids[0, :5], chunk=chunk)
    assert scores.shape == (8,)
    np.testing.assert_allclose(scores, expected[4:], rtol=1e-4)


def test_without_context_the_first_token_costs_equal_chances(models, ids):
    stateful = models[1]
    scores = decoding.score(stateful, ids[0])
    assert scores.shape == (13,)
    assert scores[0] == pytest.approx(np.log2(SIZE))
    np.testing.assert_allclose(scores[1:], decoding.score(stateful, ids[0, 1:], context=ids[0, :1]), rtol=1e-5)
    assert decoding.score(stateful, ids[0, :1]) == pytest.approx([np.log2(SIZE)])


def test_steppers_follow_the_weights(models, ids):
    """A stepper made before training decodes with the weights of after it."""
    stateful = models[1]
    step = decoding.stepper(stateful)
    before, _ = step(ids[:, 0])
    stateful.layers[-1].set_weights([2 * weight for weight in stateful.layers[-1].get_weights()])
    after, _ = step(ids[:, 0])
    np.testing.assert_allclose(after, 2 * before, rtol=1e-5)


def test_models_without_states_are_refused(models):
    with pytest.raises(ValueError, match=r"model: expected inputs \[ids, \*states\] and outputs"):
        decoding.stepper(models[0])


def test_wrong_scores_are_named(models):
    with pytest.raises(ValueError, match="ids: expected one sequence of at least one token"):
        decoding.score(models[1], [])
    with pytest.raises(ValueError, match="chunk: expected at least 1, got 0"):
        decoding.score(models[1], [1, 2], chunk=0)
