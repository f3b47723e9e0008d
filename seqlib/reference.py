r"""Every step of the course as plain NumPy loops: the oracle that the fast versions are held against.

NumPy only, so that it cannot share a bug with Keras. Slow on purpose: one sequence, one step, one line
of the equations at a time.
"""

import numpy as np


def simple_rnn(inputs, kernel, recurrent_kernel, bias, initial_state=None, mask=None):
    r"""Run a plain recurrent network over a batch of sequences.

    .. math:: h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b)

    Args:
        inputs: `(batch, time, features)`, the :math:`x_t`.
        kernel: `(features, units)`, :math:`W_{xh}`.
        recurrent_kernel: `(units, units)`, :math:`W_{hh}`.
        bias: `(units,)`, :math:`b`.
        initial_state: `(batch, units)`, :math:`h_0`; zeros where None.
        mask: `(batch, time)` of booleans; a step where it is False leaves the state as it was.

    Returns:
        `(batch, time, units)`: the state :math:`h_t` after each step.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Elman, 1990, Finding structure in time. Taught in chapter 2.
    """
    _check_shapes(inputs, kernel, recurrent_kernel, bias, initial_state, mask)
    batch, time, _ = inputs.shape
    states = np.zeros((batch, time, len(bias)))
    for sequence in range(batch):
        state = np.zeros(len(bias)) if initial_state is None else initial_state[sequence]
        for step in range(time):
            if mask is None or mask[sequence, step]:
                state = np.tanh(inputs[sequence, step] @ kernel + state @ recurrent_kernel + bias)
            states[sequence, step] = state
    return states


def simple_rnn_gradients(inputs, kernel, recurrent_kernel, bias, upstream, initial_state=None, mask=None):
    r"""Backpropagate through time by hand, for the loss :math:`L = \sum_t \langle g_t, h_t \rangle`.

    Walking backwards, with :math:`\delta_t = \partial L / \partial h_t` and
    :math:`a_t = x_t W_{xh} + h_{t-1} W_{hh} + b`:

    .. math::
        \frac{\partial L}{\partial a_t} = \delta_t \odot (1 - h_t^2), \qquad
        \delta_{t-1} = g_{t-1} + \frac{\partial L}{\partial a_t} W_{hh}^\top

    Args:
        upstream: `(batch, time, units)`, the :math:`g_t`: the gradient that reaches each state from outside.
        inputs, kernel, recurrent_kernel, bias, initial_state, mask: as in `simple_rnn`.

    Returns:
        A dictionary with the gradient of the loss for `inputs`, `kernel`, `recurrent_kernel`, `bias` and
        `initial_state`, each in the shape of what it is the gradient for.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Werbos, 1990, Backpropagation through time: what it does and how to do it. Taught in chapter 4.
    """
    states = simple_rnn(inputs, kernel, recurrent_kernel, bias, initial_state, mask)
    if np.shape(upstream) != states.shape:
        raise ValueError(f"upstream: expected shape {states.shape}, that of the states, got {np.shape(upstream)}")
    batch, time, _ = inputs.shape
    first = np.zeros((batch, len(bias))) if initial_state is None else initial_state
    shapes = {"inputs": inputs, "kernel": kernel, "recurrent_kernel": recurrent_kernel, "bias": bias}
    gradient = {name: np.zeros(np.shape(array)) for name, array in shapes.items()}
    gradient["initial_state"] = np.zeros(first.shape)
    for sequence in range(batch):
        delta = np.zeros(len(bias))
        for step in reversed(range(time)):
            delta = delta + upstream[sequence, step]
            if mask is not None and not mask[sequence, step]:
                continue
            before = states[sequence, step - 1] if step else first[sequence]
            through_tanh = delta * (1 - states[sequence, step] ** 2)
            gradient["inputs"][sequence, step] = kernel @ through_tanh
            gradient["kernel"] += np.outer(inputs[sequence, step], through_tanh)
            gradient["recurrent_kernel"] += np.outer(before, through_tanh)
            gradient["bias"] += through_tanh
            delta = recurrent_kernel @ through_tanh
        gradient["initial_state"][sequence] = delta
    return gradient


def lstm(inputs, kernel, recurrent_kernel, bias, initial_state=None, initial_cell=None, mask=None):
    r"""Run a long short-term memory over a batch of sequences.

    .. math::
        f_t &= \sigma(x_t W_{xf} + h_{t-1} W_{hf} + b_f), \quad
        i_t = \sigma(x_t W_{xi} + h_{t-1} W_{hi} + b_i), \quad
        o_t = \sigma(x_t W_{xo} + h_{t-1} W_{ho} + b_o) \\
        C_t &= f_t \odot C_{t-1} + i_t \odot \tanh(x_t W_{xc} + h_{t-1} W_{hc} + b_c), \qquad
        h_t = o_t \odot \tanh(C_t)

    Args:
        inputs: `(batch, time, features)`, the :math:`x_t`.
        kernel: `(features, 4 units)`: :math:`W_{xi}, W_{xf}, W_{xc}, W_{xo}` side by side, Keras' order.
        recurrent_kernel: `(units, 4 units)`, in the same order.
        bias: `(4 units,)`, in the same order.
        initial_state: `(batch, units)`, :math:`h_0`; zeros where None.
        initial_cell: `(batch, units)`, :math:`C_0`; zeros where None.
        mask: `(batch, time)` of booleans; a step where it is False leaves both states as they were.

    Returns:
        `(states, cells)`, `(batch, time, units)` each: :math:`h_t` and :math:`C_t` after each step.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Hochreiter and Schmidhuber, 1997, Long short-term memory; Gers, Schmidhuber and Cummins, 2000, Learning to
    forget. Taught in chapter 5.
    """
    _check_shapes(inputs, kernel, recurrent_kernel, bias, initial_state, mask, parts=4)
    batch, time, _ = inputs.shape
    units = len(recurrent_kernel)
    if initial_cell is not None and np.shape(initial_cell) != (batch, units):
        raise ValueError(f"initial_cell: expected shape {(batch, units)}, got {np.shape(initial_cell)}")
    states, cells = np.zeros((batch, time, units)), np.zeros((batch, time, units))
    for sequence in range(batch):
        state = np.zeros(units) if initial_state is None else initial_state[sequence]
        cell = np.zeros(units) if initial_cell is None else initial_cell[sequence]
        for step in range(time):
            if mask is None or mask[sequence, step]:
                total = inputs[sequence, step] @ kernel + state @ recurrent_kernel + bias
                to_input, to_forget, to_candidate, to_output = np.split(total, 4)
                cell = _sigmoid(to_forget) * cell + _sigmoid(to_input) * np.tanh(to_candidate)
                state = _sigmoid(to_output) * np.tanh(cell)
            states[sequence, step], cells[sequence, step] = state, cell
    return states, cells


def gru(inputs, kernel, recurrent_kernel, bias, initial_state=None, mask=None, reset_after=True):
    r"""Run a gated recurrent unit over a batch of sequences.

    .. math::
        z_t &= \sigma(x_t W_{xz} + h_{t-1} W_{hz} + b_z), \qquad r_t = \sigma(x_t W_{xr} + h_{t-1} W_{hr} + b_r) \\
        \tilde h_t &= \tanh(x_t W_{xh} + b_h + r_t \odot (h_{t-1} W_{hh} + b_{hh})) \quad \text{or} \quad
        \tanh(x_t W_{xh} + b_h + (r_t \odot h_{t-1}) W_{hh}) \\
        h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t

    Args:
        inputs: `(batch, time, features)`, the :math:`x_t`.
        kernel: `(features, 3 units)`: :math:`W_{xz}, W_{xr}, W_{xh}` side by side, Keras' order.
        recurrent_kernel: `(units, 3 units)`, in the same order.
        bias: `(2, 3 units)` with the reset after the product, the second row beside the recurrent weights (those of
            the gates add to :math:`b_z` and :math:`b_r`); `(3 units,)` with the reset before it.
        initial_state: `(batch, units)`, :math:`h_0`; zeros where None.
        mask: `(batch, time)` of booleans; a step where it is False leaves the state as it was.
        reset_after: whether the reset gate multiplies after the recurrent product, or before it.

    Returns:
        `(batch, time, units)`: the state :math:`h_t` after each step.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Cho and others, 2014, Learning phrase representations using RNN encoder-decoder for statistical machine
    translation (reset before); Keras' `GRU` (reset after). Taught in chapter 6.
    """
    _check_shapes(inputs, kernel, recurrent_kernel, bias, initial_state, mask, parts=3, biases=1 + reset_after)
    batch, time, _ = inputs.shape
    units = len(recurrent_kernel)
    bias, recurrent_bias = bias if reset_after else (bias, np.zeros(3 * units))
    states = np.zeros((batch, time, units))
    for sequence in range(batch):
        state = np.zeros(units) if initial_state is None else initial_state[sequence]
        for step in range(time):
            if mask is None or mask[sequence, step]:
                x_update, x_reset, x_candidate = np.split(inputs[sequence, step] @ kernel + bias, 3)
                past = np.split(state @ recurrent_kernel + recurrent_bias, 3)
                update, reset = _sigmoid(x_update + past[0]), _sigmoid(x_reset + past[1])
                if reset_after:
                    candidate = np.tanh(x_candidate + reset * past[2])
                else:
                    candidate = np.tanh(x_candidate + (reset * state) @ recurrent_kernel[:, 2 * units :])
                state = update * state + (1 - update) * candidate
            states[sequence, step] = state
    return states


def _sigmoid(total):
    return 1 / (1 + np.exp(-total))


def _check_shapes(inputs, kernel, recurrent_kernel, bias, initial_state, mask, parts=1, biases=1):
    if np.ndim(inputs) != 3:
        raise ValueError(f"inputs: expected shape (batch, time, features), got {np.shape(inputs)}")
    batch, time, features = np.shape(inputs)
    width = np.shape(recurrent_kernel)[-1]
    units = width // parts
    expected = {
        "kernel": (kernel, (features, width)),
        "recurrent_kernel": (recurrent_kernel, (units, width)),
        "bias": (bias, (width,) if biases == 1 else (biases, width)),
        "initial_state": (initial_state, (batch, units)),
        "mask": (mask, (batch, time)),
    }
    for name, (array, shape) in expected.items():
        if array is not None and np.shape(array) != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {np.shape(array)}")


def attention(query, key, value, score=np.dot, mask=None):
    r"""Attend with each query to the keys, one pair at a time.

    .. math:: e_{ts} = \operatorname{score}(q_t, k_s), \qquad
        \alpha_{ts} = \frac{\exp e_{ts}}{\sum_{s' \text{ seen}} \exp e_{ts'}}, \qquad
        c_t = \sum_{s \text{ seen}} \alpha_{ts} v_s

    Args:
        query: `(batch, queries, features)`, the :math:`q_t`.
        key: `(batch, keys, features)`, the :math:`k_s`.
        value: `(batch, keys, features)`, the :math:`v_s`.
        score: takes a query and a key, `(features,)` each, gives a number; their dot product by default.
        mask: `(batch, queries, keys)` of booleans, True where the query may see the key; all where None.

    Returns:
        `(context, weights)`: `(batch, queries, features)` and `(batch, queries, keys)`; zeros where it sees no key.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate; the
    dot product, Luong, Pham and Manning, 2015, Effective approaches to attention-based neural machine translation.
    Taught in chapter 7.
    """
    _check_attention_shapes(query, key, value, mask)
    batch, queries, _ = query.shape
    keys = key.shape[1]
    context, weights = np.zeros((batch, queries, value.shape[2])), np.zeros((batch, queries, keys))
    for sequence in range(batch):
        for t in range(queries):
            seen = [s for s in range(keys) if mask is None or mask[sequence, t, s]]
            scores = {s: score(query[sequence, t], key[sequence, s]) for s in seen}
            # Shifting all scores by the same number changes no weight, and keeps the exponentials finite.
            exponentials = {s: np.exp(scores[s] - max(scores.values())) for s in seen}
            for s in seen:
                weights[sequence, t, s] = exponentials[s] / sum(exponentials.values())
                context[sequence, t] += weights[sequence, t, s] * value[sequence, s]
    return context, weights


def multi_head_attention(query, key, value, kernels, biases, heads, mask=None):
    r"""Attend with several heads, each on projections of its own, one head at a time.

    .. math:: c = b_o + \sum_{h=1}^{H} C^{(h)} W_o^{(h)}, \qquad C^{(h)} = \text{scaled dot attention of }
        q W_q^{(h)} + b_q^{(h)}, \; k W_k^{(h)} + b_k^{(h)}, \; v W_v^{(h)} + b_v^{(h)}

    Heads side by side, times one matrix, is the same as each head times its rows of that matrix, summed.

    Args:
        query, key, value, mask: as in `attention`.
        kernels: :math:`W_q, W_k, W_v`, each `(features, heads * head_size)`, and :math:`W_o`,
            `(heads * head_size, features)`.
        biases: :math:`b_q, b_k, b_v`, each `(heads * head_size,)`, and :math:`b_o`, `(features,)`.
        heads: how many, :math:`H`.

    Returns:
        `(context, weights)`: `(batch, queries, features)` and `(batch, heads, queries, keys)`.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Vaswani and others, 2017, Attention is all you need. Taught in chapter 8.
    """
    width = np.shape(kernels[0])[-1]
    shapes = [(np.shape(inputs)[-1], width) for inputs in (query, key, value)]
    shapes.append((width, np.shape(kernels[3])[-1]))
    for name, kernel, bias, shape in zip(("query", "key", "value", "output"), kernels, biases, shapes, strict=True):
        if np.shape(kernel) != shape or np.shape(bias) != shape[1:]:
            got = f"{np.shape(kernel)} and {np.shape(bias)}"
            raise ValueError(f"kernels, biases: expected {name} of shape {shape} and {shape[1:]}, got {got}")
    if heads < 1 or width % heads:
        raise ValueError(f"heads: expected a divisor of {width}, the width of the projections, got {heads}")
    size = width // heads
    context, weights = biases[3], []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        projected = [
            inputs @ kernel[:, part] + bias[part]
            for inputs, kernel, bias in zip((query, key, value), kernels, biases, strict=False)
        ]
        head_context, head_weights = attention(*projected, lambda q, k: q @ k / np.sqrt(size), mask)
        context = context + head_context @ kernels[3][part]
        weights.append(head_weights)
    return context, np.stack(weights, axis=1)


def _check_attention_shapes(query, key, value, mask):
    for name, array in (("query", query), ("key", key), ("value", value)):
        if np.ndim(array) != 3:
            raise ValueError(f"{name}: expected three axes, (batch, time, features), got {np.shape(array)}")
    batch, keys, _ = np.shape(key)
    if np.shape(query)[0] != batch:
        raise ValueError(f"query: expected a batch of {batch}, that of the keys, got {np.shape(query)}")
    if np.shape(value)[:2] != (batch, keys):
        raise ValueError(f"value: expected one for each key, {(batch, keys)}, got {np.shape(value)}")
    if mask is not None and np.shape(mask) != (batch, np.shape(query)[1], keys):
        raise ValueError(f"mask: expected shape {(batch, np.shape(query)[1], keys)}, got {np.shape(mask)}")


def layer_normalization(inputs, gamma, beta, epsilon=1e-3):
    r"""Normalize each step's vector to a mean of 0 and a variance of 1, then scale and shift it.

    .. math:: x' = \gamma \odot \frac{x - \mu}{\sqrt{\nu + \epsilon}} + \beta, \qquad
        \mu = \frac{1}{D} \sum_i x_i, \qquad \nu = \frac{1}{D} \sum_i (x_i - \mu)^2

    Args:
        inputs: `(batch, time, features)`, the :math:`x`.
        gamma, beta: `(features,)`, the learned :math:`\gamma` and :math:`\beta`.
        epsilon: :math:`\epsilon`, for vectors whose features are all alike; Keras' own by default.

    Returns:
        `(batch, time, features)`.

    Raises:
        ValueError: where the shapes do not fit each other.

    Source: Ba, Kiros and Hinton, 2016, Layer normalization. Taught in chapter 8.
    """
    if np.ndim(inputs) != 3:
        raise ValueError(f"inputs: expected shape (batch, time, features), got {np.shape(inputs)}")
    batch, time, features = inputs.shape
    for name, array in (("gamma", gamma), ("beta", beta)):
        if np.shape(array) != (features,):
            raise ValueError(f"{name}: expected shape {(features,)}, got {np.shape(array)}")
    outputs = np.zeros((batch, time, features))
    for sequence in range(batch):
        for step in range(time):
            vector = inputs[sequence, step]
            mean = sum(vector) / features
            variance = sum((number - mean) ** 2 for number in vector) / features
            outputs[sequence, step] = gamma * (vector - mean) / np.sqrt(variance + epsilon) + beta
    return outputs


def transformer_block(inputs, weights, heads, norm="pre", residual=True, mask=None, memory=None, memory_mask=None):
    r"""Run a transformer block, part by part: attention, attention to a memory where there is one, feed-forward.

    Each part :math:`f` that has weights makes of its inputs :math:`x`:

    .. math:: x + f(\operatorname{norm}(x)) \quad \text{(norm before)} \qquad \text{or} \qquad
        \operatorname{norm}(x + f(x)) \quad \text{(norm after)}

    Args:
        inputs: `(batch, time, features)`.
        weights: a dictionary of lists: `attention`, and `cross_attention` where there is a memory, of the kernels of
            query, key, value and output; `expand` and `contract`, of a kernel and a bias each; `attention_norm`,
            `cross_norm` and `feed_forward_norm`, of `gamma` and `beta`. A part that is not named is left out.
        heads: how many.
        norm: `"pre"` or `"post"`.
        residual: whether there is the :math:`x +`.
        mask: `(batch, time, time)` of booleans, True where a step may see a step; all where None.
        memory: `(batch, keys, features)`.
        memory_mask: `(batch, time, keys)` of booleans; all where None.

    Returns:
        `(output, weights, memory_weights)`: `(batch, time, features)`, `(batch, heads, time, time)` and
        `(batch, heads, time, keys)`; the last is None without a memory.

    Raises:
        ValueError: where the shapes do not fit each other, or `norm` is neither.

    Source: Vaswani and others, 2017, Attention is all you need; the norm before, Xiong and others, 2020, On layer
    normalization in the transformer architecture. Taught in chapter 8.
    """
    if norm not in ("pre", "post"):
        raise ValueError(f"norm: expected pre or post, got {norm!r}")
    states, seen = inputs, {}
    for part in ("attention", "cross", "feed_forward"):
        if part == "cross" and memory is None or part == "feed_forward" and "expand" not in weights:
            continue
        entering = layer_normalization(states, *weights[f"{part}_norm"]) if norm == "pre" else states
        if part == "attention":
            change, seen[part] = _unbiased(entering, entering, weights["attention"], heads, mask)
        elif part == "cross":
            change, seen[part] = _unbiased(entering, memory, weights["cross_attention"], heads, memory_mask)
        else:
            (kernel, bias), (out_kernel, out_bias) = weights["expand"], weights["contract"]
            change = np.maximum(entering @ kernel + bias, 0) @ out_kernel + out_bias
        total = states + change if residual else change
        states = layer_normalization(total, *weights[f"{part}_norm"]) if norm == "post" else total
    return states, seen["attention"], seen.get("cross")


def _unbiased(query, key, kernels, heads, mask):
    biases = [np.zeros(np.shape(kernel)[1]) for kernel in kernels]
    return multi_head_attention(query, key, key, kernels, biases, heads, mask)
