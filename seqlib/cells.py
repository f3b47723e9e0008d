r"""The recurrent cells of the course: one step each, run by `keras.layers.RNN`.

A cell is one step written like its equation. `step` gives every intermediate value by name, which is what
`trace` collects over a sequence; `call` picks from it what `keras.layers.RNN` wants.

Simplified: no dropout, no regularizers, no constraints. For speed take the Keras layer of the same name,
which the tests prove equal.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("seqlib")
class SimpleRNNCell(keras.layers.Layer):
    r"""One step of a plain recurrent network.

    .. math:: h_t = \phi(x_t W_{xh} + h_{t-1} W_{hh} + b)

    Args:
        units: size of the state :math:`h_t`.
        activation: :math:`\phi`, a name that `keras.activations.get` knows, or a function.
        recurrent_initializer: how :math:`W_{hh}` starts; orthogonal keeps the length of a state at first.

    Weights: `kernel` `(features, units)`, `recurrent_kernel` `(units, units)`, `bias` `(units,)`; in
    number :math:`units \cdot (features + units + 1)`, whatever the length of the sequence.

    Raises:
        ValueError: where `units` is not a whole number of at least 1.

    Source: Elman, 1990, Finding structure in time. Same as `keras.layers.SimpleRNNCell`, shorter.
    Taught in chapter 2.
    """

    state_names = ("state",)

    def __init__(self, units, activation="tanh", recurrent_initializer="orthogonal", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units: expected a whole number of at least 1, got {units!r}")
        self.units = self.state_size = self.output_size = units
        self.activation = keras.activations.get(activation)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, features)`."""
        self.kernel = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, self.units), self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def get_initial_state(self, batch_size):
        """Give the states before the first step: zeros, `[(batch, units)]`."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def step(self, inputs, states):
        """Give all that one step computes, by name; each value `(batch, units)`."""
        (previous,) = states
        total = ops.matmul(inputs, self.kernel) + ops.matmul(previous, self.recurrent_kernel) + self.bias
        return {"pre_activation": total, "state": self.activation(total)}

    def call(self, inputs, states):
        """Take `(batch, features)` and `[(batch, units)]`; give the output and the new states."""
        state = self.step(inputs, states)["state"]
        return state, [state]

    def get_config(self):
        """Give the constructor's arguments, so that a model with this cell can be saved."""
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }


def trace(cell, inputs, initial_state=None, mask=None):
    """Run a cell over sequences and keep everything that it computes on the way.

    Args:
        cell: a cell of this module.
        inputs: `(batch, time, features)`.
        initial_state: list of `(batch, units)`, one for each state of the cell; zeros where None.
        mask: `(batch, time)` of booleans; where it is False the state stays as it was. (A Keras layer shows
            zeros, not the initial state, at steps masked before the first unmasked one.)

    Returns:
        A dictionary from each name that `cell.step` gives (gates, states) to `(batch, time, units)`.

    Raises:
        ValueError: where `inputs` has not three axes, or `mask` does not fit it.

    Taught in chapter 2.
    """
    inputs = ops.convert_to_tensor(inputs, dtype=cell.variable_dtype)
    if len(inputs.shape) != 3:
        raise ValueError(f"inputs: expected shape (batch, time, features), got {tuple(inputs.shape)}")
    batch, time, features = inputs.shape
    if mask is not None and tuple(mask.shape) != (batch, time):
        raise ValueError(f"mask: expected shape {(batch, time)}, got {tuple(mask.shape)}")
    if not cell.built:
        cell.build((batch, features))
    states = initial_state or cell.get_initial_state(batch)
    steps = []
    for step in range(time):
        values = cell.step(inputs[:, step], states)
        if mask is not None:
            keep = ops.convert_to_tensor(mask)[:, step, None]
            held = {
                name: ops.where(keep, values[name], old) for name, old in zip(cell.state_names, states, strict=True)
            }
            values = values | held
        states = [values[name] for name in cell.state_names]
        steps.append(values)
    return {name: ops.stack([values[name] for values in steps], axis=1) for name in steps[0]}
