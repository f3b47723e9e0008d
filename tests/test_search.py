"""Search: equal to trying every sequence, and to the same beam kept in lists; draws as often as they should be."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import layers, ops

from seqlib import decoding, search
from seqlib.runtime import compile_step

START, END, PADDING = 11, 2, 9  # the start and the padding are no tokens that can be predicted
DRAWS = 10_007
PROBABILITIES = np.array([0.1, 0.35, 0.3, 0.25])


class Table:
    """Random logits after every beginning of every row. Its state grows: the row, and all that was read."""

    def __init__(self, batch=7, size=5, length=6, seed=0):
        self.batch, self.size, self.length = batch, size, length
        beginnings = sum(size**read for read in range(length))
        self.logits = np.random.default_rng(seed).normal(scale=1.5, size=(batch, beginnings, size))
        self.log_probabilities = self.logits - np.logaddexp.reduce(self.logits, axis=-1, keepdims=True)
        self.calls = []

    @property
    def state(self):
        rows = ops.arange(self.batch, dtype="int32")
        return {"row": rows, "read": [ops.full((self.batch, 1, 1), -1, dtype="int32")]}

    def step(self, tokens, state):
        tokens = ops.convert_to_numpy(tokens)
        assert tokens.dtype == "int32"
        read = np.concatenate([ops.convert_to_numpy(state["read"][0]), tokens[:, None, None]], axis=1)
        rows = ops.convert_to_numpy(state["row"])
        self.calls.append((rows, read[:, 1:, 0]))
        logits = [self.logits[row, self.place(one[1:])] for row, one in zip(rows, read[:, 1:, 0], strict=True)]
        return ops.convert_to_tensor(np.array(logits), dtype="float32"), {"row": state["row"], "read": [read]}

    def place(self, tokens):
        """Number the beginnings. (What a row reads after its end is anything.)"""
        place = 0
        for token in tokens:
            place = place * self.size + int(token) + 1
        return place % self.logits.shape[1]

    def gain(self, row, beginning, token):
        return self.log_probabilities[row, self.place(beginning), token]

    def total(self, row, tokens):
        return sum(self.gain(row, tokens[:t], token) for t, token in enumerate(tokens))


def up_to_end(tokens):
    """Give a row's tokens without padding, the end token included."""
    tokens = tokens.tolist()
    return tuple(tokens[: tokens.index(END) + 1] if END in tokens else tokens)


def normalized(total, tokens, alpha):
    return total / ((5 + len(tokens)) / 6) ** alpha


def all_sequences(size, length):
    others = [token for token in range(size) if token != END]
    for number in range(length):
        yield from ((*tokens, END) for tokens in itertools.product(others, repeat=number))
    yield from itertools.product(others, repeat=length)


def slow_beam(gain, size, length, width, alpha):
    """Search one row with lists, never stopping early; give its total and its tokens."""
    live, ended = [(0.0, ())], []
    for number in range(1, length + 1):
        longer = [(total + gain(tokens, token), (*tokens, token)) for total, tokens in live for token in range(size)]
        kept = sorted(longer, reverse=True)[:width]
        ended += [one for one in kept if one[1][-1] == END or number == length]
        live = [one for one in kept if one[1][-1] != END]
    return max(ended, key=lambda one: normalized(*one, alpha))


SEARCHES = {
    "greedy": search.greedy,
    "beam": lambda *arguments, **options: search.beam(*arguments, width=3, **options),
    "sample": search.sample,
}


@pytest.fixture(params=SEARCHES)
def searched(request):
    """Each search in turn."""
    return SEARCHES[request.param]


def run(searched, table, **options):
    return searched(table.step, table.state, START, END, table.length, padding=PADDING, **options)


def constant_step(logits):
    """A step that gives the same logits whatever it reads."""

    def step(tokens, state):
        return ops.convert_to_tensor(np.tile(logits, (len(tokens), 1)), dtype="float32"), state

    return step


def test_greedy_takes_the_likeliest_at_each_step():
    table = Table(batch=23)
    tokens, scores = run(search.greedy, table)
    for row, (one, score) in enumerate(zip(tokens, scores, strict=True)):
        found = up_to_end(one)
        for t, token in enumerate(found):
            assert token == np.argmax([table.gain(row, found[:t], other) for other in range(table.size)])
        assert score == pytest.approx(table.total(row, found), rel=1e-5)


@pytest.mark.parametrize("length_penalty", [0, 0.6, 2])
def test_greedy_is_a_beam_of_one(length_penalty):
    table = Table(batch=23)
    tokens, scores = run(search.greedy, table)
    beam_tokens, beam_scores = run(search.beam, table, width=1, length_penalty=length_penalty)
    assert np.array_equal(beam_tokens, tokens)
    np.testing.assert_allclose(beam_scores, scores, rtol=1e-5)


@pytest.mark.parametrize("length_penalty", [0, 0.6, 1, 2])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a_beam_that_holds_everything_finds_the_best_of_all(length, length_penalty):
    """Three tokens: at most 8 beginnings of three tokens that have not ended, and 24 of four."""
    table = Table(batch=31, size=3, length=length, seed=length)
    tokens, scores = run(search.beam, table, width=24, length_penalty=length_penalty)
    for row in range(table.batch):
        candidates = list(all_sequences(3, length))
        best = max(candidates, key=lambda one: normalized(table.total(row, one), one, length_penalty))
        assert up_to_end(tokens[row]) == best
        assert scores[row] == pytest.approx(table.total(row, best), rel=1e-5)


@pytest.mark.parametrize("length_penalty", [0, 0.6, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_narrow_beams_equal_the_same_kept_in_lists(width, length_penalty):
    table = Table(batch=23, seed=width)
    tokens, scores = run(search.beam, table, width=width, length_penalty=length_penalty)
    for row in range(table.batch):
        gain = lambda beginning, token, row=row: table.gain(row, beginning, token)  # noqa: E731
        total, best = slow_beam(gain, table.size, table.length, width, length_penalty)
        assert up_to_end(tokens[row]) == best
        assert scores[row] == pytest.approx(total, rel=1e-5)


def test_a_wider_beam_finds_what_greedy_search_misses():
    """After the likelier first token nothing is likely; after the other the end is nearly sure."""
    probabilities = np.array([[0.6, 0.39, 0.01], [0.34, 0.33, 0.33], [0.01, 0.01, 0.98]])

    def step(tokens, state):
        tokens = ops.convert_to_numpy(tokens)
        return ops.convert_to_tensor(np.log(probabilities[np.where(tokens == START, 0, tokens + 1)])), state

    tokens, scores = search.beam(step, ops.zeros((1, 1)), START, END, 2, width=2, length_penalty=0)
    assert tokens.tolist() == [[1, END]]
    assert scores == pytest.approx([math.log(0.39 * 0.98)], rel=1e-5)
    tokens, scores = search.greedy(step, ops.zeros((1, 1)), START, END, 2)
    assert tokens.tolist() == [[0, 0]]
    assert scores == pytest.approx([math.log(0.6 * 0.34)], rel=1e-5)


def test_length_penalty_prefers_longer_sequences():
    """Three tokens have ln 0.24 = -1.427, which their first one costs already; the end at once has ln 0.3 = -1.204."""
    probabilities = np.full((3, 13), 1e-9)
    probabilities[0] = 0.46 / 11
    probabilities[0, [1, END]] = 0.24, 0.3
    probabilities[1, 0] = 1
    probabilities[2, END] = 1
    rows = {START: 0, 1: 1}

    def step(tokens, state):
        return np.log(probabilities[[rows.get(token, 2) for token in ops.convert_to_numpy(tokens).tolist()]]), state

    def found(alpha):
        tokens, scores = search.beam(step, ops.zeros((1, 1)), START, END, 3, width=5, length_penalty=alpha)
        assert scores[0] == pytest.approx(math.log(0.3 if tokens[0, 0] == END else 0.24), rel=1e-5)
        return up_to_end(tokens[0])

    # Divided by (8 / 6) to the power of 0.5 it is -1.236, to that of 1 -1.070.
    assert [found(alpha) for alpha in (0, 0.5, 1)] == [(END,), (END,), (1, 0, END)]


def test_an_end_stops_a_row_and_padding_follows(searched):
    table = Table(batch=23)
    tokens, scores = run(searched, table)
    assert tokens.shape == (23, 6)
    assert tokens.dtype == "int32"
    assert scores.shape == (23,)
    assert scores.dtype == "float32"
    lengths = set()
    for row, one in enumerate(tokens):
        found = up_to_end(one)
        lengths.add(len(found))
        assert PADDING not in found
        assert one[len(found) :].tolist() == [PADDING] * (6 - len(found))
        assert scores[row] == pytest.approx(table.total(row, found), rel=1e-5)
    # Some rows end at once, some later, some are cut off.
    assert {1, 6} < lengths


def test_padding_may_be_the_end_itself(searched):
    tokens, _ = run(searched, Table(batch=23))
    table = Table(batch=23)
    other, _ = searched(table.step, table.state, START, END, table.length, padding=END)
    assert np.array_equal(other, np.where(tokens == PADDING, END, tokens))


def test_states_go_with_their_sequences(searched):
    """What is returned is what the rows of that state had read, token by token; no history mixes two."""
    table = Table(batch=23)
    tokens, _ = run(searched, table)
    for number, (rows, histories) in enumerate(table.calls):
        assert histories.shape[1] == number + 1
        read = {(row, *history) for row, history in zip(rows.tolist(), histories.tolist(), strict=True)}
        for row in range(table.batch):
            found = up_to_end(tokens[row])
            if number < len(found):
                assert (row, START, *found[:number]) in read


def test_the_rows_of_a_batch_are_searched_each_for_itself():
    table = Table(batch=5)
    together = run(search.beam, table, width=3)
    for row in range(5):
        alone = Table(batch=5)
        state = {"row": ops.convert_to_tensor([row], dtype="int32"), "read": [ops.full((1, 1, 1), -1, dtype="int32")]}
        tokens, scores = search.beam(alone.step, state, START, END, alone.length, width=3, padding=PADDING)
        assert np.array_equal(tokens[0], together[0][row])
        assert scores[0] == pytest.approx(together[1][row], rel=1e-5)


def test_no_step_is_taken_for_nothing(searched):
    calls = []

    def step(tokens, state):
        calls.append(len(tokens))
        return np.tile(np.log([1e-12, 1e-12, 1.0, 1e-12]), (len(tokens), 1)), state

    tokens, scores = searched(step, ops.zeros((2, 1)), START, END, 50, padding=PADDING)
    assert len(calls) == 1
    assert tokens.tolist() == [[END] + [PADDING] * 49] * 2
    assert scores == pytest.approx([0, 0], abs=1e-6)


def test_steps_stop_at_the_length(searched):
    table = Table(batch=23)
    tokens, _ = run(searched, table)
    assert len(table.calls) == 6
    assert (tokens != PADDING).sum(axis=1).max() == 6


def make_decoder(size=7, units=5, features=3):
    """Make a decoder that reads a token and a constant at each step, once for whole sequences and once step by step."""
    embedding, cell, head = layers.Embedding(size + 1, 4), layers.GRU(units, return_sequences=True), layers.Dense(size)
    ids, constant = keras.Input((None,), dtype="int32"), keras.Input((None, features))
    whole = keras.Model([ids, constant], head(cell(layers.Concatenate()([embedding(ids), constant]))))
    step_cell = layers.GRU(units, return_sequences=True, return_state=True)
    one, state, here = keras.Input((1,), dtype="int32"), keras.Input((units,)), keras.Input((1, features))
    outputs, after = step_cell(layers.Concatenate()([embedding(one), here]), initial_state=state)
    stepping = keras.Model([one, state, here], [head(outputs), after])
    step_cell.set_weights(cell.get_weights())
    # Larger weights than a new network's, so that what was read matters.
    for layer in (embedding, head):
        layer.set_weights([5 * weight for weight in layer.get_weights()])
    return whole, stepping


def test_a_compiled_decoder_is_searched_as_its_whole_sequences_say():
    size, length, batch = 7, 5, 3
    whole, stepping = make_decoder(size)
    constants = np.random.default_rng(0).normal(size=(batch, 1, 3)).astype("float32")
    forward = compile_step(stepping)

    def step(tokens, state):
        before, constant = state
        logits, after = forward([tokens[:, None], before, constant])
        return logits[:, 0], (after, constant)

    def gain_of(row):
        def gain(beginning, token):
            if beginning not in known:
                ids = np.array([(size, *beginning)], dtype="int32")
                logits = whole([ids, np.repeat(constants[row : row + 1], len(beginning) + 1, axis=1)])
                known[beginning] = ops.convert_to_numpy(ops.log_softmax(logits))[0, -1].astype("float64")
            return known[beginning][token]

        known = {}
        return gain

    state = (ops.zeros((batch, 5)), ops.convert_to_tensor(constants))
    found = {
        1: search.greedy(step, state, size, END, length),
        3: search.beam(step, state, size, END, length, width=3),
    }
    for width, (tokens, scores) in found.items():
        for row in range(batch):
            total, best = slow_beam(gain_of(row), size, length, width, 0.6)
            assert up_to_end(tokens[row]) == best
            assert scores[row] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("temperature", [0, 0.5, 1, 2.5])
@pytest.mark.parametrize("top_k", [None, 1, 3, 99])
@pytest.mark.parametrize("top_p", [None, 1e-9, 0.3, 0.62, 0.95, 1])
def test_what_is_drawn_from_equals_the_probabilities_in_numpy(temperature, top_k, top_p):
    logits = np.random.default_rng(0).normal(scale=2, size=(11, 13)).astype("float32")
    ours = ops.convert_to_numpy(search.next_log_probabilities(logits, temperature, top_k, top_p))
    expected = decoding.next_probabilities(logits, temperature, top_k, top_p)
    assert ours.dtype == "float32"
    assert np.array_equal(np.isneginf(ours), expected == 0)
    np.testing.assert_allclose(np.exp(ours), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("top_p", "kept"), [(0.3, 1), (0.36, 2), (0.6, 2), (0.7, 3), (0.89, 3), (0.92, 4), (1, 4)])
def test_top_p_keeps_the_smallest_set_with_that_mass(top_p, kept):
    """Sums of the likeliest: .35 .65 .9 1."""
    log_probabilities = search.next_log_probabilities(np.log(PROBABILITIES)[None], top_p=top_p)
    probabilities = np.exp(ops.convert_to_numpy(log_probabilities)[0])
    held = PROBABILITIES[probabilities > 0]
    assert len(held) == kept
    assert held.min() >= PROBABILITIES[probabilities == 0].max(initial=0)
    assert held.sum() > top_p - 1e-6
    assert held.sum() - held.min() < top_p
    assert probabilities.sum() == pytest.approx(1, rel=1e-5)


def test_temperature_goes_from_the_likeliest_to_equal_chances():
    logits = np.log(PROBABILITIES)[None]
    cold = np.exp(ops.convert_to_numpy(search.next_log_probabilities(logits, temperature=1e-5)))
    assert cold == pytest.approx(np.array([[0, 1, 0, 0]]))
    hot = np.exp(ops.convert_to_numpy(search.next_log_probabilities(logits, temperature=1e6)))
    assert hot == pytest.approx(np.full((1, 4), 0.25), rel=1e-5)


@pytest.mark.parametrize("options", [{"top_k": 1}, {"temperature": 0}, {"top_p": 1e-6}, {"temperature": 1e-4}])
def test_sampling_the_likeliest_only_is_greedy(options):
    table = Table(batch=23)
    tokens, scores = run(search.greedy, table)
    drawn, drawn_scores = run(search.sample, table, seed=3, **options)
    assert np.array_equal(drawn, tokens)
    np.testing.assert_allclose(drawn_scores, scores, rtol=1e-5)


@pytest.mark.parametrize("options", [{}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.6}])
def test_frequencies_match_the_probabilities(options):
    """Counts of pairs are binomial: about one in a million is more than five standard deviations off."""
    state = ops.zeros((DRAWS, 1))
    drawn, _ = search.sample(constant_step(np.log(PROBABILITIES)), state, START, END, 2, padding=PADDING, **options)
    single = decoding.next_probabilities(np.log(PROBABILITIES)[None], **options)[0]
    counted = 0
    for first, second in itertools.product(range(4), [0, 1, 2, 3, PADDING]):
        if first == END:
            probability = single[first] if second == PADDING else 0
        else:
            probability = 0 if second == PADDING else single[first] * single[second]
        count = ((drawn[:, 0] == first) & (drawn[:, 1] == second)).sum()
        bound = 5 * math.sqrt(DRAWS * probability * (1 - probability))
        assert abs(count - DRAWS * probability) <= bound
        counted += count
    assert counted == DRAWS


def test_a_seed_repeats():
    drawn, scores = run(search.sample, Table(batch=23), seed=3)
    again, scores_again = run(search.sample, Table(batch=23), seed=3)
    assert np.array_equal(drawn, again)
    assert np.array_equal(scores, scores_again)
    assert not np.array_equal(drawn, run(search.sample, Table(batch=23), seed=4)[0])


def test_scores_of_draws_are_the_models_own():
    table = Table(batch=23)
    tokens, scores = run(search.sample, table, temperature=0.5, top_k=3)
    expected = [table.total(row, up_to_end(tokens[row])) for row in range(table.batch)]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"state": []}, "state: expected arrays with one and the same batch as first axis, got shapes"),
        ({"state": (np.zeros((2, 3)), np.zeros((3, 3)))}, r"state: expected .* got shapes \[\(2, 3\), \(3, 3\)\]"),
        ({"state": np.zeros(())}, "state: expected arrays with one"),
        ({"state": np.zeros((0, 3))}, "state: expected arrays with one"),
        ({"state": [np.zeros((2, 3)), 5]}, "state: expected arrays with one"),
        ({"start": -1}, "start: expected a whole number of at least 0, got -1"),
        ({"end": None}, "end: expected a whole number of at least 0, got None"),
        ({"padding": 0.5}, "padding: expected a whole number of at least 0, got 0.5"),
        ({"length": 0}, "length: expected a whole number of at least 1, got 0"),
        ({"end": 4}, r"step: expected to give logits of shape \(\d, V\) with V above 4, .* got \(\d, 4\)"),
        ({"step": lambda tokens, state: (np.zeros((2, 1, 4)), state)}, r"step: expected to give .* got \(2, 1, 4\)"),
        ({"step": lambda tokens, state: (np.zeros((1, 4)), state)}, r"step: expected to give .* got \(1, 4\)"),
    ],
)
def test_wrong_arguments_are_named(searched, changes, message):
    arguments = {"step": constant_step(np.zeros(4)), "state": np.zeros((2, 3)), "start": 0, "end": END, "length": 3}
    with pytest.raises(ValueError, match=message):
        searched(**(arguments | changes))


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (search.beam, {"width": 0}, "width: expected a whole number of at least 1, got 0"),
        (search.beam, {"width": 2.5}, "width: expected a whole number of at least 1, got 2.5"),
        (search.beam, {"length_penalty": -0.1}, "length_penalty: expected 0 or more, got -0.1"),
        (search.sample, {"temperature": -1}, "temperature: expected 0 or more, got -1"),
        (search.sample, {"temperature": math.nan}, "temperature: expected 0 or more, got nan"),
        (search.sample, {"top_k": 0}, "top_k: expected a whole number of at least 1, got 0"),
        (search.sample, {"top_p": 0}, "top_p: expected above 0 and at most 1, got 0"),
        (search.sample, {"top_p": 1.1}, "top_p: expected above 0 and at most 1, got 1.1"),
        (search.sample, {"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
    ],
)
def test_wrong_settings_are_named(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(constant_step(np.zeros(4)), np.zeros((2, 3)), 0, END, 3, **options)


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_k": 0}, {"top_p": 0}])
def test_wrong_cuts_are_named(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))}: expected"):
        search.next_log_probabilities(np.zeros((2, 3)), **options)
