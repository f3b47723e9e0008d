"""Builders of the course's models, from Keras' own layers: the fast way to what the chapters spell out."""

import keras
from keras import layers


def language_model(size, units, embedding=64, layer=layers.SimpleRNN, depth=1):
    r"""Build a recurrent language model, once for training and once with its state in the open.

    .. math:: h_t = \tanh(e(x_t) W_{xh} + h_{t-1} W_{hh} + b), \qquad z_t = h_t W_{hz} + b_z

    Both models share their layers, so training the first trains the second.

    Args:
        size: number of tokens in the vocabulary, :math:`V`.
        units: size of the state :math:`h_t`.
        embedding: size of the learned vector :math:`e(x)` of each token.
        layer: the recurrent layer, `keras.layers.SimpleRNN` (the equation above), `GRU` or `LSTM`.
        depth: number of recurrent layers; each reads the states of the one below it.

    Returns:
        `(model, stateful)`. `model` takes ids `(batch, time)` and gives logits :math:`z`, `(batch, time, V)`,
        from states of zeros. `stateful` takes `[ids, *states]` and gives `[logits, *states]`, with the states
        handed on by the caller: one `(batch, units)` for each layer, two for each `LSTM`.

    Raises:
        ValueError: where a size is not a whole number of at least 1.

    Source: Mikolov and others, 2010, Recurrent neural network based language model. Taught in chapter 2.
    """
    for name, number in (("size", size), ("units", units), ("embedding", embedding), ("depth", depth)):
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name}: expected a whole number of at least 1, got {number!r}")
    embed = layers.Embedding(size, embedding)
    stack = [layer(units, return_sequences=True, return_state=True) for _ in range(depth)]
    head = layers.Dense(size)
    ids = keras.Input((None,), dtype="int32")
    outputs, _ = _read(stack, embed(ids), None)
    model = keras.Model(ids, head(outputs))
    states = [keras.Input((units,)) for _ in range(depth * (2 if layer is layers.LSTM else 1))]
    outputs, new_states = _read(stack, embed(ids), states)
    return model, keras.Model([ids, *states], [head(outputs), *new_states])


def _read(stack, outputs, states):
    """Run layers one above the other, each from its share of the states; give the top outputs and the new states."""
    new_states = []
    for number, layer in enumerate(stack):
        share = len(states) // len(stack) if states else 0
        before = states[number * share : (number + 1) * share] if states else None
        outputs, *after = layer(outputs, initial_state=before)
        new_states += after
    return outputs, new_states
