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


def _check_shapes(inputs, kernel, recurrent_kernel, bias, initial_state, mask):
    if np.ndim(inputs) != 3:
        raise ValueError(f"inputs: expected shape (batch, time, features), got {np.shape(inputs)}")
    batch, time, features = np.shape(inputs)
    units = np.shape(recurrent_kernel)[-1]
    expected = {
        "kernel": (kernel, (features, units)),
        "recurrent_kernel": (recurrent_kernel, (units, units)),
        "bias": (bias, (units,)),
        "initial_state": (initial_state, (batch, units)),
        "mask": (mask, (batch, time)),
    }
    for name, (array, shape) in expected.items():
        if array is not None and np.shape(array) != shape:
            raise ValueError(f"{name}: expected shape {shape}, got {np.shape(array)}")
