r"""Gradients of any function on any backend, and gradients followed back through time.

With `runtime` the only module that names a backend: each has its own way to ask for a gradient.
"""

import keras
import numpy as np
from keras import ops


def value_and_gradients(function, arrays=(), variables=()):
    r"""Evaluate a scalar function and its gradient, exactly, by the backend's automatic differentiation.

    Args:
        function: takes as many tensors as there are `arrays`, gives a scalar :math:`L`; may use Keras
            layers and their variables inside.
        arrays: the places :math:`a_i` at which to evaluate; anything that converts to a float tensor.
        variables: Keras variables :math:`v_j` that the function uses, such as `layer.trainable_variables`.

    Returns:
        `(value, array_gradients, variable_gradients)`: a float and two lists of NumPy arrays, the
        :math:`\partial L / \partial a_i` and :math:`\partial L / \partial v_j`. A value that the function
        does not use gets zeros.

    Raises:
        ValueError: where the function does not give a scalar.

    Taught in chapter 2.
    """
    tensors = [ops.convert_to_tensor(array, dtype=keras.config.floatx()) for array in arrays]
    differentiate = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
    value, gradients = differentiate(function, tensors, list(variables))
    places = tensors + [variable.value for variable in variables]
    gradients = [
        np.zeros(place.shape, dtype=keras.config.floatx()) if gradient is None else _to_numpy(gradient)
        for place, gradient in zip(places, gradients, strict=True)
    ]
    return float(_to_numpy(value)), gradients[: len(tensors)], gradients[len(tensors) :]


def norms_through_time(cell, inputs, loss, initial_state=None, followed="state"):
    r"""Follow a loss back through time: the length of its gradient at every state.

    A perturbation :math:`\epsilon_t = 0` is added to each state, :math:`h_t + \epsilon_t`; the gradient for
    it is the whole :math:`\partial L / \partial h_t`, through the output at :math:`t` and through all later
    steps. An LSTM hands on two states. Followed is one of them, as it leaves its step: what :math:`C_t` does to
    :math:`h_t` within that step counts as :math:`h_t`'s.

    Args:
        cell: a cell of `seqlib.cells`.
        inputs: `(batch, time, features)`.
        loss: takes the outputs, the hidden states `(batch, time, units)`, gives a scalar. To see how far a gradient
            reaches let it use the last step only: a loss at every step hides the vanishing.
        initial_state: list of `(batch, units)`; zeros where None.
        followed: which state, one of the cell's `state_names`: `"state"`, or `"cell"` of an LSTM.

    Returns:
        `(batch, time)`: the Euclidean norm of :math:`\partial L / \partial h_t`, or :math:`\partial L / \partial C_t`.

    Raises:
        ValueError: where `inputs` has not three axes, or the cell has no state named `followed`.

    Taught in chapters 4 and 5.
    """
    inputs = ops.convert_to_tensor(inputs, dtype=cell.variable_dtype)
    if len(inputs.shape) != 3:
        raise ValueError(f"inputs: expected shape (batch, time, features), got {tuple(inputs.shape)}")
    if followed not in cell.state_names:
        raise ValueError(f"followed: expected one of {', '.join(cell.state_names)}, got {followed!r}")
    place = cell.state_names.index(followed)
    batch, time, features = inputs.shape
    if not cell.built:
        cell.build((batch, features))
    start = initial_state or cell.get_initial_state(batch)

    def perturbed(perturbation):
        states, outputs = start, []
        for step in range(time):
            _, states = cell(inputs[:, step], states)
            states = [*states[:place], states[place] + perturbation[:, step], *states[place + 1 :]]
            outputs.append(states[0])
        return loss(ops.stack(outputs, axis=1))

    _, (gradient,), _ = value_and_gradients(perturbed, [np.zeros((batch, time, start[place].shape[-1]))])
    # Squares of what has all but vanished would underflow in float32.
    return np.linalg.norm(gradient.astype("float64"), axis=-1)


def _to_numpy(tensor):
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


def _checked_scalar(value):
    if tuple(value.shape) != ():
        raise ValueError(f"function: expected to give a scalar, got shape {tuple(value.shape)}")
    return value


def _tensorflow(function, tensors, variables):
    import tensorflow

    with tensorflow.GradientTape() as tape:
        for tensor in tensors:
            tape.watch(tensor)
        value = _checked_scalar(function(*tensors))
    values = [variable.value for variable in variables]
    gradients = tape.gradient(value, tensors + values)
    return value, [None if gradient is None else tensorflow.convert_to_tensor(gradient) for gradient in gradients]


def _jax(function, tensors, variables):
    import jax

    def pure(tensors, values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return _checked_scalar(function(*tensors))

    values = [variable.value for variable in variables]
    value, (for_tensors, for_values) = jax.value_and_grad(pure, argnums=(0, 1))(tensors, values)
    return value, [*for_tensors, *for_values]


def _torch(function, tensors, variables):
    import torch

    tensors = [tensor.detach().clone().requires_grad_() for tensor in tensors]
    value = _checked_scalar(function(*tensors))
    places = tensors + [variable.value for variable in variables]
    return value, list(torch.autograd.grad(value, places, allow_unused=True)) if places else []
