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
        _check_units(units)
        self.units = self.state_size = self.output_size = units
        self.activation = keras.activations.get(activation)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, features)`."""
        _add_weights(self, input_shape[-1], (self.units,), recurrent_initializer=self.recurrent_initializer)

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


@keras.saving.register_keras_serializable("seqlib")
class LSTMCell(keras.layers.Layer):
    r"""One step of a long short-term memory: three gates, and a cell state beside the hidden state.

    .. math::
        f_t &= \sigma(x_t W_{xf} + h_{t-1} W_{hf} + b_f) && \text{forget gate} \\
        i_t &= \sigma(x_t W_{xi} + h_{t-1} W_{hi} + b_i) && \text{input gate} \\
        \tilde C_t &= \tanh(x_t W_{xc} + h_{t-1} W_{hc} + b_c) && \text{candidate} \\
        o_t &= \sigma(x_t W_{xo} + h_{t-1} W_{ho} + b_o) && \text{output gate} \\
        C_t &= f_t \odot C_{t-1} + i_t \odot \tilde C_t && \text{cell state} \\
        h_t &= o_t \odot \tanh(C_t) && \text{hidden state}

    Args:
        units: size of :math:`h_t`, of :math:`C_t` and of each gate.
        forget_bias: what every entry of :math:`b_f` starts with; at 1 a cell begins by keeping most of what it holds.
        recurrent_activation: :math:`\sigma`, a name that `keras.activations.get` knows, or a function.

    Weights, the four parts side by side in Keras' order (input, forget, candidate, output): `kernel`
    `(features, 4 units)`, `recurrent_kernel` `(units, 4 units)`, `bias` `(4 units,)`.

    Raises:
        ValueError: where `units` is not a whole number of at least 1.

    Source: Hochreiter and Schmidhuber, 1997, Long short-term memory; the forget gate is that of Gers, Schmidhuber and
    Cummins, 2000, Learning to forget; its bias of 1 that of Jozefowicz, Zaremba and Sutskever, 2015, An empirical
    exploration of recurrent network architectures. Same as `keras.layers.LSTMCell`, shorter. Taught in chapter 5.
    """

    state_names = ("state", "cell")

    def __init__(self, units, forget_bias=1.0, recurrent_activation="sigmoid", **kwargs):
        super().__init__(**kwargs)
        _check_units(units)
        self.units = self.output_size = units
        self.state_size = [units, units]
        self.forget_bias = forget_bias
        self.recurrent_activation = keras.activations.get(recurrent_activation)

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, features)`."""

        def biases(shape, dtype):
            return ops.repeat(ops.convert_to_tensor([0.0, self.forget_bias, 0.0, 0.0], dtype), self.units)

        _add_weights(self, input_shape[-1], (4 * self.units,), parts=4, bias_initializer=biases)

    def get_initial_state(self, batch_size):
        """Give the states before the first step: zeros, `[(batch, units), (batch, units)]`."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype) for _ in self.state_names]

    def step(self, inputs, states):
        """Give all that one step computes, by name; each value `(batch, units)`."""
        previous, previous_cell = states
        total = ops.matmul(inputs, self.kernel) + ops.matmul(previous, self.recurrent_kernel) + self.bias
        to_input, to_forget, to_candidate, to_output = ops.split(total, 4, axis=-1)
        forget = self.recurrent_activation(to_forget)
        input_ = self.recurrent_activation(to_input)
        candidate = ops.tanh(to_candidate)
        output = self.recurrent_activation(to_output)
        cell = forget * previous_cell + input_ * candidate
        state = output * ops.tanh(cell)
        gates = {"forget": forget, "input": input_, "candidate": candidate, "output": output}
        return gates | {"cell": cell, "state": state}

    def call(self, inputs, states):
        """Take `(batch, features)`, the hidden and the cell state; give the output and both states anew."""
        values = self.step(inputs, states)
        return values["state"], [values["state"], values["cell"]]

    def get_config(self):
        """Give the constructor's arguments, so that a model with this cell can be saved."""
        return super().get_config() | {
            "units": self.units,
            "forget_bias": self.forget_bias,
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
        }


@keras.saving.register_keras_serializable("seqlib")
class GRUCell(keras.layers.Layer):
    r"""One step of a gated recurrent unit: two gates, and one state.

    .. math::
        z_t &= \sigma(x_t W_{xz} + h_{t-1} W_{hz} + b_z) && \text{update gate} \\
        r_t &= \sigma(x_t W_{xr} + h_{t-1} W_{hr} + b_r) && \text{reset gate} \\
        \tilde h_t &= \tanh(x_t W_{xh} + b_h + r_t \odot (h_{t-1} W_{hh} + b_{hh}))
            && \text{candidate, reset after the product} \\
        \tilde h_t &= \tanh(x_t W_{xh} + b_h + (r_t \odot h_{t-1}) W_{hh})
            && \text{candidate, reset before the product} \\
        h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t && \text{hidden state}

    With the reset after the product each gate's recurrent product has a bias of its own as well, as in Keras; there it
    changes nothing, since it only adds to :math:`b_z` and :math:`b_r`.

    Args:
        units: size of :math:`h_t` and of each gate.
        reset_after: whether the reset gate multiplies after the recurrent product (Keras' default) or before it.

    Weights, the three parts side by side in Keras' order (update, reset, candidate): `kernel` `(features, 3 units)`,
    `recurrent_kernel` `(units, 3 units)`, `bias` `(2, 3 units)`, of the inputs and of the recurrent product, or
    `(3 units,)` where the reset comes before it.

    Raises:
        ValueError: where `units` is not a whole number of at least 1.

    Source: Cho and others, 2014, Learning phrase representations using RNN encoder-decoder for statistical machine
    translation (reset before). Same as `keras.layers.GRUCell`, shorter. Taught in chapter 6.
    """

    state_names = ("state",)

    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        _check_units(units)
        self.units = self.state_size = self.output_size = units
        self.reset_after = reset_after

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, features)`."""
        _add_weights(self, input_shape[-1], (2, 3 * self.units) if self.reset_after else (3 * self.units,), parts=3)

    def get_initial_state(self, batch_size):
        """Give the states before the first step: zeros, `[(batch, units)]`."""
        return [ops.zeros((batch_size, self.units), dtype=self.compute_dtype)]

    def step(self, inputs, states):
        """Give all that one step computes, by name; each value `(batch, units)`."""
        (previous,) = states
        bias, recurrent_bias = (self.bias[0], self.bias[1]) if self.reset_after else (self.bias, 0.0)
        x_update, x_reset, x_candidate = ops.split(ops.matmul(inputs, self.kernel) + bias, 3, axis=-1)
        past = ops.matmul(previous, self.recurrent_kernel) + recurrent_bias
        past_update, past_reset, past_candidate = ops.split(past, 3, axis=-1)
        update = ops.sigmoid(x_update + past_update)
        reset = ops.sigmoid(x_reset + past_reset)
        if self.reset_after:
            remembered = reset * past_candidate
        else:
            remembered = ops.matmul(reset * previous, self.recurrent_kernel[:, -self.units :])
        candidate = ops.tanh(x_candidate + remembered)
        state = update * previous + (1 - update) * candidate
        return {"update": update, "reset": reset, "candidate": candidate, "state": state}

    def call(self, inputs, states):
        """Take `(batch, features)` and `[(batch, units)]`; give the output and the new states."""
        state = self.step(inputs, states)["state"]
        return state, [state]

    def get_config(self):
        """Give the constructor's arguments, so that a model with this cell can be saved."""
        return super().get_config() | {"units": self.units, "reset_after": self.reset_after}


_TWINS = {
    SimpleRNNCell: keras.layers.SimpleRNN,
    LSTMCell: keras.layers.LSTM,
    GRUCell: keras.layers.GRU,
}


def to_keras(cell, **options):
    """Give the built-in Keras layer that computes what a cell of this module does, with a copy of its weights.

    Args:
        cell: a built cell of this module.
        options: further arguments of the layer, such as `return_sequences=True`.

    Returns:
        A built `keras.layers.SimpleRNN`, `LSTM` or `GRU`.

    Raises:
        ValueError: where `cell` is none of this module, or has no weights yet.

    Taught in chapter 5.
    """
    if type(cell) not in _TWINS:
        raise ValueError(f"cell: expected one of {', '.join(kind.__name__ for kind in _TWINS)}, got {cell!r}")
    if not cell.built:
        raise ValueError(
            "cell: expected one that has weights, got one that is not built; call it or `cell.build` first"
        )
    shared = ("activation", "recurrent_activation", "reset_after")
    settings = {name: getattr(cell, name) for name in shared if hasattr(cell, name)}
    layer = _TWINS[type(cell)](cell.units, **settings | options)
    layer.build((None, None, cell.kernel.shape[0]))
    layer.set_weights(cell.get_weights())
    return layer


def from_keras(layer):
    """Give the cell of this module that computes what a built-in Keras layer does, with a copy of its weights.

    `trace` then shows the gates of a trained layer.

    Args:
        layer: a built `keras.layers.SimpleRNN`, `LSTM` or `GRU`.

    Returns:
        A built `SimpleRNNCell`, `LSTMCell` or `GRUCell`.

    Raises:
        ValueError: where `layer` is none of the three, has no weights yet, has no bias, reads backwards, or has an
            activation that the cell has not.

    Taught in chapter 5.
    """
    kinds = {twin: kind for kind, twin in _TWINS.items()}
    if type(layer) not in kinds:
        raise ValueError(f"layer: expected one of {', '.join(twin.__name__ for twin in kinds)}, got {layer!r}")
    if not layer.built:
        raise ValueError("layer: expected one that has weights, got one that is not built; call it first")
    if not layer.use_bias:
        raise ValueError("layer: expected one with a bias, got use_bias=False")
    if layer.go_backwards:
        raise ValueError(
            "layer: expected one that reads forwards, got go_backwards=True; turn the inputs round instead"
        )
    kind = kinds[type(layer)]
    fixed = {SimpleRNNCell: {}, LSTMCell: {"activation": "tanh"}}
    fixed[GRUCell] = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    for name, expected in fixed[kind].items():
        got = keras.activations.serialize(getattr(layer, name))
        if got != expected:
            raise ValueError(f"layer: expected {name} {expected}, the only one of {kind.__name__}, got {got}")
    settable = {SimpleRNNCell: ("activation",), LSTMCell: ("recurrent_activation",), GRUCell: ("reset_after",)}
    cell = kind(layer.units, **{name: getattr(layer, name) for name in settable[kind]})
    cell.build((None, layer.cell.kernel.shape[0]))
    cell.set_weights(layer.get_weights())
    return cell


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


def _check_units(units):
    if not isinstance(units, int) or units < 1:
        raise ValueError(f"units: expected a whole number of at least 1, got {units!r}")


def _add_weights(cell, features, bias_shape, parts=1, recurrent_initializer="orthogonal", bias_initializer="zeros"):
    """Give a cell its three arrays, with `parts` gates and candidates side by side."""
    shape = (cell.units, parts * cell.units)
    cell.kernel = cell.add_weight((features, shape[1]), "glorot_uniform", name="kernel")
    cell.recurrent_kernel = cell.add_weight(shape, recurrent_initializer, name="recurrent_kernel")
    cell.bias = cell.add_weight(bias_shape, bias_initializer, name="bias")
