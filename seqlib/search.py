r"""From a decoder's logits to a sequence that ends: greedy search, beam search and sampling.

All three call `step(tokens, state) -> (logits, state)`, where tokens are `(batch,)` of int32, logits `(batch, V)`, and
the state is whatever the step needs for the next one: an array, or a tuple, list or dictionary of arrays, each of them
with the batch as its first axis, so that beam search can reorder its rows. What the decoder reads at every step, such
as the encoder's outputs, belongs to the state too, and a cache may grow from step to step. The loop is Python's and
stops where nothing is left to find; what is worth compiling is the step, and `stepper` does it for a Keras model.

`seqlib.decoding` continues texts that have no end, with NumPy.
"""

import math
import operator

import keras
import numpy as np
from keras import ops

from seqlib.runtime import compile_step


def stepper(decoder):
    """Make a compiled step for the searches below from a Keras model.

    Args:
        decoder: from `[ids, *state]` to `[logits, *state]`, ids `(batch, 1)` and logits `(batch, 1, V)`, such as the
            `decoder` of `seqlib.seq2seq.EncoderDecoder`.

    Returns:
        A function from `(tokens, state)`, `(batch,)` and a list of arrays, to `(logits, state)`, `(batch, V)` and a
        list.

    Taught in chapter 7.
    """
    forward = compile_step(decoder)

    def step(tokens, state):
        logits, *state = forward([tokens[:, None], *(ops.convert_to_tensor(array) for array in state)])
        return logits[:, 0], state

    return step


def greedy(step, state, start, end, length, padding=0):
    r"""Take the likeliest token at each step.

    .. math:: y_t = \arg\max_w P(w \mid y_1, \dots, y_{t-1})

    The sequence so found need not be the likeliest one: a good first token can lead nowhere good.

    Args:
        step: a function from `(tokens, state)` to `(logits, state)`, as above.
        state: the state before the first step; arrays with the batch as their first axis.
        start: id that the first step reads.
        end: id that ends a sequence.
        length: how many tokens a sequence may have, the end token counted; what has not ended by then is cut off.
        padding: id that fills up after the end token.

    Returns:
        `(tokens, scores)`, NumPy arrays: `(batch, length)` of int32, without the start token; and `(batch,)` of
        float32, the log-probability of each sequence in nats, :math:`\sum_t \ln P(y_t \mid y_1, \dots, y_{t-1})`, its
        end token the last to count.

    Raises:
        ValueError: where an argument is out of its range, the state holds no array or arrays of different batches, or
            the logits are not `(batch, V)`.

    Source: Sutskever, Vinyals and Le, 2014, Sequence to sequence learning with neural networks, whose beam search with
    a beam of one this is. Taught in chapter 7.
    """
    return _one_by_one(lambda logits: ops.argmax(logits, axis=-1), step, state, start, end, length, padding)


def sample(step, state, start, end, length, temperature=1.0, top_k=None, top_p=None, padding=0, seed=0):
    r"""Draw each token from the probabilities that the model gives, sharpened or cut as asked.

    .. math:: y_t \sim P'(w \mid y_1, \dots, y_{t-1})

    :math:`P'` is that of `next_log_probabilities`.

    Args:
        step, state, start, end, length, padding: as in `greedy`.
        temperature, top_k, top_p: as in `next_log_probabilities`.
        seed: whole number; the same seed draws the same sequences, on one backend.

    Returns:
        `(tokens, scores)`, as from `greedy`. Scores are the model's own log-probabilities, whatever temperature and
        cuts made of them, so that they compare with those of the other searches.

    Raises:
        ValueError: as `greedy`.

    Source: Fan, Lewis and Dauphin, 2018, Hierarchical neural story generation (top-k); Holtzman and others,
    2020, The curious case of neural text degeneration (top-p). Taught in chapter 7.
    """
    _check_cuts(temperature, top_k, top_p)
    generator = keras.random.SeedGenerator(_checked_whole("seed", seed, 0))

    def draw(logits):
        drawn_from = next_log_probabilities(logits, temperature, top_k, top_p)
        return keras.random.categorical(drawn_from, 1, seed=generator)[:, 0]

    return _one_by_one(draw, step, state, start, end, length, padding)


def beam(step, state, start, end, length, width=4, length_penalty=0.6, padding=0):
    r"""Keep the likeliest beginnings at each step, and return the best sequence that one of them grew into.

    .. math:: \hat y = \arg\max_y \frac{\ln P(y)}{((5 + |y|) / 6)^\alpha}, \qquad
        \ln P(y) = \sum_{t=1}^{|y|} \ln P(y_t \mid y_1, \dots, y_{t-1})

    At each step every beginning in the beam is continued with every token, and the `width` likeliest of all these stay.
    One that ends there leaves the beam, and is kept if it is the best sequence of its row so far by the formula.
    Without the denominator short sequences would win, as every token costs something. A width of 1 is greedy search;
    one that holds all beginnings finds the best sequence of all.

    Simplified: of all that is found only the best comes back.

    Args:
        step, state, start, end, padding: as in `greedy`. The step gets `batch * width` rows, those of a beam side by
            side.
        length: as in `greedy`; what has not ended by then is cut off, and enters the comparison as it is.
        width: how many beginnings are kept.
        length_penalty: :math:`\alpha`. 0 compares bare log-probabilities. (:math:`|y|` counts the end token.)

    Returns:
        `(tokens, scores)` of the best sequence of each row, as from `greedy`: scores are log-probabilities in nats,
        :math:`\ln P(y)`, before the division.

    Raises:
        ValueError: as `greedy`.

    Source: Sutskever, Vinyals and Le, 2014, Sequence to sequence learning with neural networks; the denominator is that
    of Wu and others, 2016, Google's neural machine translation system: bridging the gap between human and machine
    translation, without their term for coverage; its 0.6 that of Vaswani and others, 2017, Attention is all you need.
    Taught in chapter 7.
    """
    batch, start, end, length, padding = _checked(state, start, end, length, padding)
    width = _checked_whole("width", width, 1)
    if not 0 <= length_penalty < math.inf:
        raise ValueError(f"length_penalty: expected 0 or more, got {length_penalty!r}")
    first = ops.arange(batch, dtype="int32") * width  # the first row of each beam among all rows
    state = _each(lambda leaf: ops.repeat(leaf, width, axis=0), state)
    tokens = ops.full((batch * width,), start, dtype="int32")
    history = ops.full((batch * width, length), padding, dtype="int32")
    # A beam begins with one beginning; its copies would only double what it finds.
    totals = ops.tile(ops.convert_to_tensor([[0.0] + [-math.inf] * (width - 1)], dtype="float32"), (batch, 1))
    best = ops.full((batch,), -math.inf, dtype="float32"), ops.zeros((batch,), dtype="float32"), history[:batch]
    for position in range(length):
        logits, state = step(tokens, state)
        log_probabilities = _log_probabilities(logits, batch * width, end)
        totals, parents, tokens = _continued(totals, log_probabilities, first)
        history, state = _each(lambda leaf, rows=parents: ops.take(leaf, rows, axis=0), (history, state))
        history = ops.where(ops.arange(length) == position, tokens[:, None], history)
        leaves = ops.reshape(tokens == end, (batch, width))
        if position == length - 1:
            leaves = ops.ones_like(leaves)
        scores = ops.where(leaves, totals, -math.inf) / _penalty(position + 1, length_penalty)
        best = _better(best, _best_of(scores, totals, history, first))
        totals = ops.where(leaves, -math.inf, totals)
        # No beginning gets likelier, and no sequence is divided by more than one of full length.
        reachable = ops.max(totals, axis=1) / _penalty(length, length_penalty)
        if ops.convert_to_numpy(best[0] >= reachable).all():
            break
    _, totals, tokens = best
    return ops.convert_to_numpy(tokens), ops.convert_to_numpy(totals)


def next_log_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    r"""Turn logits into the log-probabilities to draw the next token from.

    .. math:: P'(w) \propto e^{z_w / \tau} \text{ for the tokens that are kept,} \quad 0 \text{ else}

    A temperature :math:`\tau` below 1 makes the likely likelier, above 1 less so. `top_k` then keeps the k likeliest
    tokens, `top_p` the fewest of the likeliest that hold at least that much of the probability that is left. What is
    kept adds up to 1 again. The same as `seqlib.decoding.next_probabilities`, with tensors, and sums in float32.

    Args:
        logits: `(batch, V)`, the :math:`z`.
        temperature: a number; 0 is greedy, the likeliest token for sure.
        top_k: whole number of at least 1, or None.
        top_p: number above 0 and at most 1, or None.

    Returns:
        `(batch, V)` of float32, minus infinity for what is cut off.

    Raises:
        ValueError: where an argument is out of its range.

    Source: Fan, Lewis and Dauphin, 2018, Hierarchical neural story generation (top-k); Holtzman and others,
    2020, The curious case of neural text degeneration (top-p). Taught in chapter 7.
    """
    _check_cuts(temperature, top_k, top_p)
    logits = _float32(logits)
    if temperature == 0:
        temperature, top_k = 1.0, 1
    # Moved to 0 at most, which changes nothing, so that a small temperature does not make them infinite.
    scaled = (logits - ops.max(logits, axis=-1, keepdims=True)) / temperature
    order = ops.argsort(-scaled, axis=-1)
    rank = ops.argsort(order, axis=-1)  # of each token, 0 for the likeliest
    if top_k is not None:
        scaled = ops.where(rank < top_k, scaled, -math.inf)
    if top_p is not None and top_p < 1:
        ranked = ops.take_along_axis(ops.softmax(scaled), order, axis=-1)
        # A token stays while those ahead of it hold less than the wanted mass.
        ahead = ops.cumsum(ranked, axis=-1) - ranked
        scaled = ops.where(ops.take_along_axis(ahead, rank, axis=-1) < top_p, scaled, -math.inf)
    return ops.log_softmax(scaled)


def _one_by_one(choose, step, state, start, end, length, padding):
    """Let `choose` pick each row's next token from logits, until every row has ended."""
    batch, start, end, length, padding = _checked(state, start, end, length, padding)
    tokens = ops.full((batch,), start, dtype="int32")
    ended, total = ops.zeros((batch,), dtype="bool"), ops.zeros((batch,), dtype="float32")
    columns = []
    while len(columns) < length and not ops.convert_to_numpy(ended).all():
        logits, state = step(tokens, state)
        log_probabilities = _log_probabilities(logits, batch, end)
        chosen = ops.cast(choose(log_probabilities), "int32")
        gain = ops.take_along_axis(log_probabilities, chosen[:, None], axis=-1)[:, 0]
        total = total + ops.where(ended, 0.0, gain)
        tokens = ops.where(ended, ops.full_like(chosen, padding), chosen)
        ended = ops.logical_or(ended, tokens == end)
        columns.append(ops.convert_to_numpy(tokens))
    sequences = np.full((batch, length), padding, dtype="int32")
    sequences[:, : len(columns)] = np.stack(columns, axis=1)
    return sequences, ops.convert_to_numpy(total)


def _continued(totals, log_probabilities, first):
    """Give the likeliest continuations of each beam: totals, `(batch, width)`, the rows they continue, and tokens."""
    (batch, width), size = totals.shape, log_probabilities.shape[-1]
    candidates = totals[:, :, None] + ops.reshape(log_probabilities, (batch, width, size))
    totals, places = ops.top_k(ops.reshape(candidates, (batch, width * size)), width)
    places = ops.cast(places, "int32")
    return totals, ops.reshape(first[:, None] + places // size, (-1,)), ops.reshape(places % size, (-1,))


def _best_of(scores, totals, history, first):
    """Give the score of each beam's best, `(batch,)`, with its log-probability and its tokens."""
    rows = first + ops.cast(ops.argmax(scores, axis=1), "int32")
    flat = [ops.reshape(scores, (-1,)), ops.reshape(totals, (-1,)), history]
    return [ops.take(values, rows, axis=0) for values in flat]


def _better(old, new):
    """Give of each row the old or the new, whichever has the higher score."""
    (score, total, tokens), (new_score, new_total, new_tokens) = old, new
    wins = new_score > score
    tokens = ops.where(wins[:, None], new_tokens, tokens)
    return [ops.where(wins, new_score, score), ops.where(wins, new_total, total), tokens]


def _penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def _each(function, state):
    return keras.tree.map_structure(function, state)


def _float32(logits):
    return ops.cast(ops.convert_to_tensor(logits), "float32")


def _log_probabilities(logits, rows, end):
    logits = _float32(logits)
    if len(logits.shape) != 2 or logits.shape[0] != rows or logits.shape[1] <= end:
        expected = f"logits of shape ({rows}, V) with V above {end}, the id of the end token"
        raise ValueError(f"step: expected to give {expected}, got {tuple(logits.shape)}")
    return ops.log_softmax(logits)


def _checked(state, start, end, length, padding):
    """Give the size of the batch, and the whole numbers as such."""
    shapes = [tuple(getattr(leaf, "shape", ())) for leaf in keras.tree.flatten(state)]
    sizes = {shape[:1] for shape in shapes}
    if len(sizes) != 1 or sizes <= {(), (0,)}:
        raise ValueError(f"state: expected arrays with one and the same batch as first axis, got shapes {shapes}")
    ids = [_checked_whole(name, id, 0) for name, id in (("start", start), ("end", end), ("padding", padding))]
    return shapes[0][0], ids[0], ids[1], _checked_whole("length", length, 1), ids[2]


def _checked_whole(name, number, least):
    try:
        whole = operator.index(number)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {number!r}")
    return whole


def _check_cuts(temperature, top_k, top_p):
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature: expected 0 or more, got {temperature!r}")
    if top_k is not None:
        _checked_whole("top_k", top_k, 1)
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p: expected above 0 and at most 1, got {top_p!r}")
