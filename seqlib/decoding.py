r"""From a model's logits to text, one token at a time, each at the same cost."""

import numpy as np
from keras import ops

from seqlib.runtime import compile_step


def next_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    r"""Turn logits into the probabilities to draw the next token from.

    .. math:: P(w) \propto e^{z_w / \tau}

    A temperature :math:`\tau` below 1 makes the likely likelier, above 1 less so. `top_k` then keeps the k
    likeliest tokens, `top_p` the fewest of the likeliest that hold at least that much probability; the rest
    gets 0 and what is kept adds up to 1 again.

    Args:
        logits: `(batch, V)`, the :math:`z`.
        temperature: a number, or `(batch,)` to give each row its own. 0 is greedy: the likeliest token, surely.
        top_k: whole number of at least 1, or None.
        top_p: number above 0 and at most 1, or None.

    Returns:
        `(batch, V)` of float64; each row adds up to 1.

    Raises:
        ValueError: where an argument is out of its range.

    Source: Fan, Lewis and Dauphin, 2018, Hierarchical neural story generation (top-k); Holtzman and others,
    2020, The curious case of neural text degeneration (top-p). Taught in chapter 2.
    """
    logits = np.asarray(logits, dtype="float64")
    if logits.ndim != 2:
        raise ValueError(f"logits: expected shape (batch, V), got {logits.shape}")
    temperature = _checked_temperature(temperature, len(logits))
    _check_cuts(top_k, top_p)
    order = np.argsort(-logits, axis=-1, kind="stable")
    ranked = np.take_along_axis(logits, order, axis=-1)
    ranked = ranked - ranked[:, :1]
    # Greedy rows keep only their first; any temperature gives that one all the probability.
    kept = np.where(temperature == 0, np.arange(ranked.shape[1]) < 1, True)
    probabilities = _normalized(np.exp(ranked / np.where(temperature == 0, 1, temperature)) * kept)
    if top_k is not None:
        probabilities = _normalized(probabilities * (np.arange(ranked.shape[1]) < top_k))
    if top_p is not None:
        # A token stays while those ahead of it hold less than the wanted mass (less the rounding of sums).
        ahead = np.cumsum(probabilities, axis=-1) - probabilities
        probabilities = _normalized(probabilities * (ahead < top_p - 1e-12))
    result = np.empty_like(probabilities)
    np.put_along_axis(result, order, probabilities, axis=-1)
    return result


def sample(step, prompt, length, temperature=1.0, top_k=None, top_p=None, seed=0):
    """Continue prompts token by token, all rows of a batch side by side.

    The state carries all that was read, so that each new token costs one step, however long the text is.
    Each row draws from random numbers of its own: it does not change with the rows beside it.

    Args:
        step: a function from `(token_ids, state)` to `(logits, state)`, with ids `(batch,)`, logits
            `(batch, V)` and None for the state before the first token, such as `stepper` makes.
        prompt: `(time,)` or `(batch, time)` of ids to begin with, at least one token.
        length: number of tokens to add.
        temperature: a number, or one for each row; several for a prompt of one row make a row for each.
        top_k, top_p: as in `next_probabilities`.
        seed: whole number; the same seed gives the same text.

    Returns:
        `(batch, length)` of int32, the new tokens without the prompt.

    Raises:
        ValueError: where an argument is out of its range, or prompts and temperatures differ in number.

    Taught in chapter 2.
    """
    prompt = np.atleast_2d(np.asarray(prompt, dtype="int32"))
    if prompt.ndim != 2 or 0 in prompt.shape:
        raise ValueError(f"prompt: expected (time,) or (batch, time) with at least one token, got {prompt.shape}")
    if length < 1:
        raise ValueError(f"length: expected at least 1, got {length}")
    if len(prompt) == 1:
        prompt = np.repeat(prompt, np.size(temperature), axis=0)
    temperature = _checked_temperature(temperature, len(prompt))[:, 0]
    _check_cuts(top_k, top_p)
    generators = [np.random.default_rng((seed, row)) for row in range(len(prompt))]
    state, drawn = None, []
    for tokens in prompt.T:
        logits, state = step(tokens, state)
    while True:
        drawn.append(_draw(next_probabilities(logits, temperature, top_k, top_p), generators))
        if len(drawn) == length:
            return np.stack(drawn, axis=1)
        logits, state = step(drawn[-1], state)


def stepper(model):
    """Make a compiled step for `sample` from a language model with its state in the open.

    Args:
        model: a Keras model with inputs `[ids, *states]` and outputs `[logits, *states]`: ids `(batch, time)`,
            logits `(batch, time, V)`, and one state or several, each `(batch, ...)`.

    Returns:
        A function from `(token_ids, state)` to `(logits, state)`: `(batch,)` and a list of states, None for
        zeros, to `(batch, V)` and the list of new states.

    Raises:
        ValueError: where the model has no state, or not the same states going in and coming out.

    Taught in chapter 2.
    """
    advance = _advancer(model)

    def step(token_ids, state=None):
        logits, state = advance(np.asarray(token_ids)[:, None], state)
        return ops.convert_to_numpy(logits)[:, 0], state

    return step


def score(model, ids, context=(), chunk=1000):
    r"""Give what each token of a long text costs a language model, in bits, with its state carried along.

    .. math:: -\log_2 P(x_t \mid x_1, \dots, x_{t-1})

    Args:
        model: as in `stepper`, able to read `chunk` steps at once (ids of shape `(batch, None)`).
        ids: `(time,)` of ids to score, every one of them.
        context: `(time,)` of ids that come right before them, read first and not scored. Without it the first
            token has nothing before it and costs :math:`\log_2 V`, as under equal chances.
        chunk: steps for each call of the model. A matter of speed and memory only, not of the result.

    Returns:
        `(time,)` of float64; the mean is in bits per token.

    Raises:
        ValueError: where `ids` is empty, or `chunk` is below 1.

    Taught in chapter 2.
    """
    if np.ndim(ids) != 1 or len(ids) == 0:
        raise ValueError(f"ids: expected one sequence of at least one token, got shape {np.shape(ids)}")
    if chunk < 1:
        raise ValueError(f"chunk: expected at least 1, got {chunk}")
    advance = _advancer(model)
    text = np.concatenate([context, ids]).astype("int32")
    state, costs = None, [np.log2([model.outputs[0].shape[-1]])]
    for start in range(0, len(text) - 1, chunk):
        piece, targets = text[start : start + chunk], text[start + 1 : start + 1 + chunk]
        # All pieces have one shape, so that the model is compiled once; what follows the last one is not read.
        padded = np.pad(piece, (0, chunk - len(piece)))
        logits, state = advance(padded[None], state)
        nats = ops.sparse_categorical_crossentropy(targets, logits[0, : len(targets)], from_logits=True)
        costs.append(ops.convert_to_numpy(nats) / np.log(2))
    return np.concatenate(costs)[len(context) :]


def _advancer(model):
    """Give the compiled function from ids `(batch, time)` and states to logits and states."""
    shapes = [tuple(state.shape[1:]) for state in model.inputs[1:]]
    if not shapes or shapes != [tuple(state.shape[1:]) for state in model.outputs[1:]]:
        raise ValueError(
            "model: expected inputs [ids, *states] and outputs [logits, *states] with the same states, "
            f"got inputs {[tuple(one.shape) for one in model.inputs]} "
            f"and outputs {[tuple(one.shape) for one in model.outputs]}"
        )
    forward = compile_step(model)

    def advance(ids, state):
        if state is None:
            state = [ops.zeros((len(ids), *one.shape[1:]), dtype=one.dtype) for one in model.inputs[1:]]
        ids = ops.convert_to_tensor(ids, dtype=model.inputs[0].dtype)
        logits, *state = forward([ids, *state])
        return logits, state

    return advance


def _draw(probabilities, generators):
    """Draw a token from each row by inverting its distribution function at a number from its generator."""
    numbers = np.array([generator.random() for generator in generators])
    cumulative = np.cumsum(probabilities, axis=-1)
    return (cumulative <= numbers[:, None] * cumulative[:, -1:]).sum(axis=-1).astype("int32")


def _normalized(weights):
    return weights / weights.sum(axis=-1, keepdims=True)


def _checked_temperature(temperature, batch):
    """Give the temperatures as `(batch, 1)`."""
    temperature = np.asarray(temperature, dtype="float64")
    if temperature.shape not in ((), (1,), (batch,)):
        raise ValueError(f"temperature: expected one number or {batch}, one a row, got shape {temperature.shape}")
    if not (np.isfinite(temperature) & (temperature >= 0)).all():
        raise ValueError(f"temperature: expected 0 or more, got {temperature.tolist()}")
    return np.broadcast_to(temperature.reshape(-1, 1), (batch, 1))


def _check_cuts(top_k, top_p):
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k: expected at least 1, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p: expected above 0 and at most 1, got {top_p}")
