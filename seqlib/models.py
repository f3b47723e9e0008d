"""Builders of the course's models, from Keras' own layers: the fast way to what the chapters spell out."""

import keras
from keras import layers


def language_model(size, units, embedding=64):
    r"""Build a recurrent language model, once for training and once with its state in the open.

    .. math:: h_t = \tanh(e(x_t) W_{xh} + h_{t-1} W_{hh} + b), \qquad z_t = h_t W_{hz} + b_z

    Both models share their layers, so training the first trains the second.

    Args:
        size: number of tokens in the vocabulary, :math:`V`.
        units: size of the state :math:`h_t`.
        embedding: size of the learned vector :math:`e(x)` of each token.

    Returns:
        `(model, stateful)`. `model` takes ids `(batch, time)` and gives logits :math:`z`, `(batch, time, V)`,
        from a state of zeros. `stateful` takes `[ids, state]` and gives `[logits, state]`, with the state
        `(batch, units)` handed on by the caller.

    Raises:
        ValueError: where a size is not a whole number of at least 1.

    Source: Mikolov and others, 2010, Recurrent neural network based language model. Taught in chapter 2.
    """
    for name, number in (("size", size), ("units", units), ("embedding", embedding)):
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name}: expected a whole number of at least 1, got {number!r}")
    embed = layers.Embedding(size, embedding)
    read = layers.SimpleRNN(units, return_sequences=True, return_state=True)
    head = layers.Dense(size)
    ids, state = keras.Input((None,), dtype="int32"), keras.Input((units,))
    states, _ = read(embed(ids))
    model = keras.Model(ids, head(states))
    states, last = read(embed(ids), initial_state=state)
    return model, keras.Model([ids, state], [head(states), last])
