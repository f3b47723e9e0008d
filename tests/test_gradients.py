"""Gradients on the backend that runs, held against formulas."""

import keras
import numpy as np
import pytest
from keras import ops

from seqlib import cells, gradients


def test_gradient_of_a_polynomial():
    value, (gradient,), none = gradients.value_and_gradients(lambda x: ops.sum(x**3), [np.array([1.0, -2.0])])
    assert value == pytest.approx(-7)
    assert np.allclose(gradient, [3, 12])
    assert none == []


def test_gradient_for_variables_and_zeros_for_the_unused():
    used, unused = keras.Variable([[2.0], [3.0]]), keras.Variable([5.0])
    _, (for_x, for_y), (for_used, for_unused) = gradients.value_and_gradients(
        lambda x, y: ops.sum(ops.matmul(x, used)), [np.array([[7.0, 11.0]]), np.array([1.0])], [used, unused]
    )
    assert np.allclose(for_x, [[2, 3]])
    assert np.allclose(for_used, [[7], [11]])
    assert np.array_equal(for_y, [0]) and np.array_equal(for_unused, [0])


def test_variables_keep_their_values():
    variable = keras.Variable([2.0])
    gradients.value_and_gradients(lambda x: ops.sum(x * variable), [np.array([3.0])], [variable])
    assert np.array_equal(ops.convert_to_numpy(variable.value), [2])


def test_a_function_that_gives_no_scalar_is_named():
    with pytest.raises(ValueError, match=r"function: expected to give a scalar, got shape \(2,\)"):
        gradients.value_and_gradients(lambda x: x, [np.array([1.0, 2.0])])


def test_norms_through_time_of_a_linear_cell_are_powers_of_its_weight():
    cell = cells.SimpleRNNCell(3, activation="linear")
    cell.build((2, 5))
    cell.set_weights([np.zeros((5, 3)), np.diag([0.5, 0.5, 0.5]), np.zeros(3)])
    norms = gradients.norms_through_time(cell, np.zeros((2, 7, 5)), lambda states: ops.sum(states[:, -1, 0]))
    assert np.allclose(norms, [0.5 ** np.arange(6, -1, -1)] * 2)


def test_norms_through_time_are_followed_to_where_float32_ends():
    cell = cells.SimpleRNNCell(2, activation="linear")
    cell.build((1, 1))
    cell.set_weights([np.zeros((1, 2)), np.diag([0.1, 0.1]), np.zeros(2)])
    norms = gradients.norms_through_time(cell, np.zeros((1, 31, 1)), lambda states: ops.sum(states[:, -1, 0]))
    assert np.allclose(np.log10(norms[0]), np.arange(-30, 1), atol=1e-3)


def test_norms_through_time_equal_those_for_the_initial_state():
    random = np.random.default_rng(0)
    cell = cells.SimpleRNNCell(3)
    inputs = random.normal(size=(2, 7, 5)).astype("float32")
    start = random.normal(size=(2, 3)).astype("float32")
    norms = gradients.norms_through_time(cell, inputs, lambda states: ops.sum(states[:, -1] ** 2))
    layer = keras.layers.RNN(cell)
    first_state = cells.trace(cell, inputs)["state"][:, 2]
    _, (gradient,), _ = gradients.value_and_gradients(
        lambda state: ops.sum(layer(inputs[:, 3:], initial_state=[state]) ** 2), [first_state]
    )
    assert np.allclose(norms[:, 2], np.linalg.norm(gradient, axis=-1), rtol=1e-4)
    shifted = gradients.norms_through_time(
        cell, inputs, lambda states: ops.sum(states[:, -1] ** 2), [ops.convert_to_tensor(start)]
    )
    assert not np.allclose(shifted, norms)


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match=r"inputs: expected shape \(batch, time, features\), got \(7, 5\)"):
        gradients.norms_through_time(cells.SimpleRNNCell(3), np.zeros((7, 5)), ops.sum)


def test_norms_on_the_cell_wire_are_products_of_forget_gates_where_the_other_is_cut():
    random = np.random.default_rng(0)
    cell = cells.LSTMCell(1)
    cell.build((None, 5))
    kernel, recurrent_kernel, bias = cell.get_weights()
    cell.set_weights([kernel, np.zeros_like(recurrent_kernel), bias])  # no gate hears the hidden state
    inputs = random.normal(size=(2, 7, 5)).astype("float32")

    def loss(states):
        return ops.sum(states[:, -1])

    norms = gradients.norms_through_time(cell, inputs, loss, followed="cell")
    values = {name: ops.convert_to_numpy(value)[..., 0] for name, value in cells.trace(cell, inputs).items()}
    at_the_end = values["output"][:, -1] * (1 - np.tanh(values["cell"][:, -1]) ** 2)
    products = np.cumprod(values["forget"][:, ::-1], axis=1)[:, :-1][:, ::-1]
    assert np.allclose(norms[:, :-1], np.abs(at_the_end[:, None] * products), rtol=1e-4)
    assert np.array_equal(norms[:, -1], [0, 0])  # what leaves the last step by this wire is read by nobody
    hidden = gradients.norms_through_time(cell, inputs, loss)
    assert np.allclose(hidden[:, -1], 1)
    assert np.allclose(hidden[:, :-1], 0)


def test_a_state_that_a_cell_has_not_is_named():
    with pytest.raises(ValueError, match="followed: expected one of state, got 'cell'"):
        gradients.norms_through_time(cells.SimpleRNNCell(3), np.zeros((2, 7, 5)), ops.sum, followed="cell")
