r"""Transformer blocks: positions, attention within the sequence and to another, and a network at each step.

An encoder is `EncoderBlock` over `EncoderBlock`; a decoder that reads an encoder is made of `DecoderBlock`; a decoder
alone, such as a language model, of `EncoderBlock(..., causal=True)`. With `norm="pre"` what comes out of the last block
still wants a norm. Positions are added to the vectors below the first block (`Positions`), or turn the queries and keys
in each (`rotary=True`).

A causal block also runs with a cache: over a prefix first, then one token at a time, with the same result as over all
tokens at once. Each step is one query against the keys in the cache, so that it costs as much as the cache is long, and
not its square.

Simplified: no dropout; the keys and values of an encoder's output are projected anew at each step of a cached decoder.
"""

import keras
import numpy as np
from keras import ops

from seqlib import attention

NORMS = ("pre", "post")


def sinusoidal_table(length, features):
    r"""Give each position a vector of sines and cosines, from a fast pair to slow ones.

    .. math:: P_{p, 2i} = \sin \frac{p}{10000^{2i / D}}, \qquad P_{p, 2i + 1} = \cos \frac{p}{10000^{2i / D}}

    Args:
        length: how many positions :math:`p`, counted from 0.
        features: size of each vector, :math:`D`; where it is odd, the last sine is without its cosine.

    Returns:
        NumPy array `(length, features)` of float32.

    Raises:
        ValueError: where a size is not a whole number of at least 1.

    Source: Vaswani and others, 2017, Attention is all you need. Taught in chapter 8.
    """
    attention._check_size("length", length)
    attention._check_size("features", features)
    column = np.arange(features)
    # In double precision: a float32 angle of a few thousand is off in its fourth decimal.
    angles = np.arange(length)[:, None] * _rates(column // 2, features)
    return np.where(column % 2 == 0, np.sin(angles), np.cos(angles)).astype("float32")


def rotate(vectors, start=0):
    r"""Turn each pair of features by an angle that grows with the position.

    .. math::
        x'_{2i} &= x_{2i} \cos p\theta_i - x_{2i+1} \sin p\theta_i \\
        x'_{2i+1} &= x_{2i} \sin p\theta_i + x_{2i+1} \cos p\theta_i, \qquad \theta_i = 10000^{-2i / n}

    The dot product of two vectors so turned depends on where they stand only through the difference of their positions.

    Args:
        vectors: `(..., time, features)`, queries or keys of a head with :math:`n` features.
        start: position :math:`p` of the first of them, counted from 0: a number, or a tensor of shape `()`.

    Returns:
        As `vectors`, turned in float32 at least and given back in their precision.

    Raises:
        ValueError: where the number of features is odd, or `start` is more than one number.

    Source: Su and others, 2021, RoFormer: enhanced transformer with rotary position embedding. (Many programs pair
    feature :math:`i` with :math:`i + n/2` instead, which is the same in another order.) Taught in chapter 8.
    """
    vectors = ops.convert_to_tensor(vectors)
    features = vectors.shape[-1]
    if features % 2:
        raise ValueError(f"vectors: expected an even number of features, got {features}")
    # bfloat16 would take position 257 for 256.
    precise = ops.cast(vectors, keras.backend.result_type(vectors.dtype, "float32"))
    positions = ops.cast(_steps(start, ops.shape(vectors)[-2]), precise.dtype)
    angles = positions[:, None] * ops.convert_to_tensor(_rates(np.arange(features // 2), features), precise.dtype)
    even, odd, cosine, sine = precise[..., ::2], precise[..., 1::2], ops.cos(angles), ops.sin(angles)
    turned = ops.stack([even * cosine - odd * sine, even * sine + odd * cosine], axis=-1)  # (..., features / 2, 2)
    return ops.cast(ops.reshape(turned, ops.shape(vectors)), vectors.dtype)


@keras.saving.register_keras_serializable("seqlib")
class Positions(keras.layers.Layer):
    r"""Add to the vector of each step one that tells its position.

    .. math:: x'_p = x_p + P_p

    Args:
        length: how many positions there are.
        learned: whether each position's vector is learned, or taken from `sinusoidal_table`. What is learned says
            nothing of positions that training has not reached.

    Called with `(inputs, start=0)`: `(batch, time, features)`, and the position of the first step, a number or a tensor
    of shape `()`; gives as much. (The paper first multiplies what it embeds by the square root of the features.)

    Weights: none, or `table` `(length, features)`, :math:`P`.

    Raises:
        ValueError: where `length` is not a whole number of at least 1, `start` is more than one number, or steps do not
            fit into `length` (seen where `start` is a number).

    Source: Vaswani and others, 2017, Attention is all you need. Taught in chapter 8.
    """

    def __init__(self, length, learned=False, **kwargs):
        super().__init__(**kwargs)
        attention._check_size("length", length)
        self.length = length
        self.learned = learned
        self.supports_masking = True

    def build(self, input_shape):
        """Make the table for inputs of `input_shape`, `(batch, time, features)`."""
        shape = (self.length, input_shape[-1])
        self.table = self.add_weight(shape, "uniform", name="table") if self.learned else sinusoidal_table(*shape)

    def call(self, inputs, start=0):
        """Take and give `(batch, time, features)`."""
        _check_fits(inputs.shape[1], start, self.length)
        table = ops.convert_to_tensor(self.table, dtype=self.compute_dtype)
        return inputs + ops.take(table, _steps(start, ops.shape(inputs)[1]), axis=0)

    def compute_output_shape(self, input_shape):
        """Give the shape of the inputs: said here so that Keras need not try out a time that is not known yet."""
        return input_shape


@keras.saving.register_keras_serializable("seqlib")
class SelfAttention(attention.MultiHeadAttention):
    r"""Multi-head attention of a sequence to itself, with positions and a cache where they are wanted.

    .. math:: \alpha_{ts}^{(h)} \propto \exp \frac{(R_t q_t^{(h)}) \cdot (R_s k_s^{(h)})}{\sqrt{n}}

    Args:
        heads, head_size, use_bias: as in `seqlib.attention.MultiHeadAttention`.
        causal: whether each step sees only itself and those before it.
        rotary: whether queries and keys are turned by their positions, as in `rotate`; else :math:`R = I`.

    Weights: those of `seqlib.attention.MultiHeadAttention`.

    Called with `(inputs, mask=None, cache=None, start=0)`; see `SelfAttention.call`.

    Raises:
        ValueError: where a size is not a whole number of at least 1, or `head_size` is odd and `rotary` is asked for.

    Source: Vaswani and others, 2017, Attention is all you need; rotary positions, Su and others, 2021, RoFormer:
    enhanced transformer with rotary position embedding. Taught in chapter 8.
    """

    def __init__(self, heads, head_size, use_bias=False, causal=False, rotary=False, **kwargs):
        super().__init__(heads, head_size, use_bias, **kwargs)
        if rotary and head_size % 2:
            raise ValueError(f"head_size: expected an even number for rotary positions, got {head_size}")
        self.causal = causal
        self.rotary = rotary

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, time, features)`."""
        super().build(input_shape, input_shape, input_shape)

    def empty_cache(self, batch, length):
        """Give a cache with room for `length` steps: keys, values, and which of them may be seen, all zeros.

        Three tensors: `(batch, heads, length, head_size)` twice, and `(batch, length)` of booleans.
        """
        shape = (batch, self.heads, length, self.head_size)
        pair = (ops.zeros(shape, dtype=self.compute_dtype) for _ in range(2))
        return *pair, ops.zeros((batch, length), dtype="bool")

    def call(self, inputs, mask=None, cache=None, start=0):
        """Attend.

        Args:
            inputs: `(batch, time, features)`; with a cache, the new steps only.
            mask: `(batch, time)` of booleans, False where a step of the inputs is padding; where None, the mask that
                Keras carries with `inputs`, if it does and there is no cache. A cache remembers the mask.
            cache: what `empty_cache` or an earlier call gave; None to attend within the inputs alone.
            start: position of the first step of the inputs: a number, or a tensor of shape `()`, so that a compiled
                step serves every position. In a cache it is the number of steps written so far.

        Returns:
            `(context, weights)`: `(batch, time, features)` and `(batch, heads, time, keys)`, where the keys are all
            places of the cache, if there is one; those not written yet get zeros. With a cache the new one comes third.

        Raises:
            ValueError: where the shapes do not fit each other, `start` is more than one number, or new steps do not fit
                into the cache (seen where `start` is a number), or the attention is not causal and gets a cache.
        """
        batch, time, _ = attention._check_shape("inputs", inputs, (None, None, None))
        mask = ops.ones(ops.shape(inputs)[:2], dtype="bool") if mask is None else ops.cast(mask, "bool")
        attention._check_shape("mask", mask, (batch, time))
        queries, keys, values = (self.project(name, inputs) for name in ("query", "key", "value"))
        if self.rotary:
            queries, keys = rotate(queries, start), rotate(keys, start)
        if cache is not None:
            self._check_cache(cache, batch, time, start)
            cache = keys, values, mask = _write(cache, (keys, values, mask), start)
        mask = mask[:, None, None]  # (batch, 1, 1, keys)
        if self.causal:
            key_steps = _steps(start if cache is None else 0, ops.shape(keys)[2])
            mask = ops.logical_and(mask, _steps(start, ops.shape(inputs)[1])[:, None] >= key_steps)
        outputs = self.attend_heads(attention.dot_scores(queries, keys, scaled=True), values, mask)
        return outputs if cache is None else (*outputs, cache)

    def _check_cache(self, cache, batch, time, start):
        if not self.causal:
            raise ValueError("cache: expected None, got one for an attention that is not causal")
        place = (batch, self.heads, None, self.head_size)
        for array, shape in zip(cache, (place, place, (batch, cache[0].shape[2])), strict=True):
            attention._check_shape("cache", array, shape)
        _check_fits(time, start, cache[0].shape[2])


@keras.saving.register_keras_serializable("seqlib")
class EncoderBlock(keras.layers.Layer):
    r"""A transformer block: attention within the sequence, then a small network at each step.

    .. math::
        u_t &= x_t + \operatorname{Attention}(\operatorname{norm}(x))_t, \qquad
        h_t = u_t + F(\operatorname{norm}(u_t)) && \text{norm before} \\
        u_t &= \operatorname{norm}(x_t + \operatorname{Attention}(x)_t), \qquad
        h_t = \operatorname{norm}(u_t + F(u_t)) && \text{norm after} \\
        F(u) &= \max(0, u W_1 + b_1) \, W_2 + b_2

    Args:
        heads: how many; the features of the inputs are divided among them.
        hidden: size of the network's hidden layer, often four times the features; None or 0 for a block without it.
        norm: `"pre"` or `"post"`, where the norm stands.
        residual: whether what goes in is added to what comes out (:math:`x_t +` and :math:`u_t +` above).
        causal: whether each step sees only itself and those before it: the block of a decoder alone.
        rotary: whether queries and keys are turned by their positions.

    Weights: those of the layers `attention` (`SelfAttention`, no biases), `attention_norm`
    (`keras.layers.LayerNormalization`), and, unless `hidden` is None or 0, `expand`, `contract` (`keras.layers.Dense`)
    and `feed_forward_norm`.

    Called with `(inputs, mask=None, cache=None, start=0)`; see `EncoderBlock.call`.

    Raises:
        ValueError: where an argument is none of these, or, when the weights are made, the features do not fit `heads`.

    Source: Vaswani and others, 2017, Attention is all you need (norm after); Xiong and others, 2020, On layer
    normalization in the transformer architecture (norm before). Taught in chapter 8.
    """

    def __init__(self, heads, hidden, norm="pre", residual=True, causal=False, rotary=False, **kwargs):
        super().__init__(**kwargs)
        attention._check_size("heads", heads)
        if hidden:
            attention._check_size("hidden", hidden)
        if norm not in NORMS:
            raise ValueError(f"norm: expected one of {', '.join(NORMS)}, got {norm!r}")
        self.heads = heads
        self.hidden = hidden
        self.norm = norm
        self.residual = residual
        self.causal = causal
        self.rotary = rotary
        self.supports_masking = True

    def build(self, input_shape):
        """Make the weights for inputs of `input_shape`, `(batch, time, features)`."""
        features = input_shape[-1]
        if features % self.heads:
            raise ValueError(f"heads: expected a divisor of {features}, the features of the inputs, got {self.heads}")
        self.attention = SelfAttention(
            self.heads, features // self.heads, causal=self.causal, rotary=self.rotary, **self._named("attention")
        )
        self.attention_norm = keras.layers.LayerNormalization(**self._named("attention_norm"))
        sublayers = [self.attention, self.attention_norm]
        if self.hidden:
            self.expand = keras.layers.Dense(self.hidden, "relu", **self._named("expand"))
            self.contract = keras.layers.Dense(features, **self._named("contract"))
            self.feed_forward_norm = keras.layers.LayerNormalization(**self._named("feed_forward_norm"))
            self.contract.build((*input_shape[:-1], self.hidden))
            sublayers += [self.expand, self.feed_forward_norm]
        for layer in sublayers:
            layer.build(input_shape)

    def empty_cache(self, batch, length):
        """Give the cache of a block with weights, as `SelfAttention.empty_cache` does."""
        if not self.built:
            raise ValueError("cache: expected a block that has weights, got one that is not built; call it first")
        return self.attention.empty_cache(batch, length)

    def call(self, inputs, mask=None, cache=None, start=0, inputs_mask=None):
        """Run the block.

        Args:
            inputs, mask, cache, start: as in `SelfAttention.call`.
            inputs_mask: leave it to Keras, which has this name for its mask where a cache goes in as well.

        Returns:
            `(output, weights)`: `(batch, time, features)` and `(batch, heads, time, keys)`. With a cache the new one
            comes third.

        Raises:
            ValueError: as in `SelfAttention.call`.
        """
        states, *rest = self._attend(inputs, inputs_mask if mask is None else mask, cache, start)
        return self._feed_forward(states), *rest

    def _attend(self, inputs, mask, cache, start):
        entering = self._enter(self.attention_norm, inputs)
        context, *rest = self.attention(entering, mask=mask, cache=cache, start=start)
        return self._leave(self.attention_norm, inputs, context), *rest

    def _feed_forward(self, states):
        if not self.hidden:
            return states
        change = self.contract(self.expand(self._enter(self.feed_forward_norm, states)))
        return self._leave(self.feed_forward_norm, states, change)

    def _enter(self, norm, states):
        return norm(states) if self.norm == "pre" else states

    def _leave(self, norm, states, change):
        total = states + change if self.residual else change
        return norm(total) if self.norm == "post" else total

    def _named(self, name):
        return {"name": name, "dtype": self.dtype_policy}


@keras.saving.register_keras_serializable("seqlib")
class DecoderBlock(EncoderBlock):
    r"""A causal block that attends in between to the output of an encoder, the memory :math:`M`.

    .. math::
        u_t &= x_t + \operatorname{Attention}(\operatorname{norm}(x))_t && \text{each step sees itself and the past} \\
        u'_t &= u_t + \operatorname{Attention}(\operatorname{norm}(u_t), M, M) && \text{each sees all of the memory} \\
        h_t &= u'_t + F(\operatorname{norm}(u'_t))

    Written for the norm before; with the norm after each sum is normalized instead, as in `EncoderBlock`.

    Args:
        heads, hidden, norm, residual, rotary: as in `EncoderBlock`; `rotary` turns nothing in the attention to the
            memory.

    Weights: those of `EncoderBlock`, and of the layers `cross_attention` (`seqlib.attention.MultiHeadAttention`, no
    biases) and `cross_norm` (`keras.layers.LayerNormalization`).

    Called with `(inputs, memory, mask=None, memory_mask=None, cache=None, start=0)`; see `DecoderBlock.call`.

    Raises:
        ValueError: as in `EncoderBlock`.

    Source: as `EncoderBlock`. Taught in chapter 8.
    """

    def __init__(self, heads, hidden, norm="pre", residual=True, rotary=False, **kwargs):
        super().__init__(heads, hidden, norm, residual, causal=True, rotary=rotary, **kwargs)

    def build(self, inputs_shape, memory_shape):
        """Make the weights for inputs and a memory of these shapes, `(batch, time, features)`."""
        super().build(inputs_shape)
        head_size = inputs_shape[-1] // self.heads
        self.cross_attention = attention.MultiHeadAttention(self.heads, head_size, **self._named("cross_attention"))
        self.cross_attention.build(inputs_shape, memory_shape, memory_shape)
        self.cross_norm = keras.layers.LayerNormalization(**self._named("cross_norm"))
        self.cross_norm.build(inputs_shape)

    def call(self, inputs, memory, mask=None, memory_mask=None, cache=None, start=0, inputs_mask=None):
        """Run the block.

        Args:
            inputs, mask, cache, start: as in `SelfAttention.call`.
            memory: `(batch, keys, features)`, the output of an encoder, of any number of features.
            memory_mask: `(batch, keys)` of booleans, False where the memory is padding; where None, the mask that Keras
                carries with `memory`, if it does.
            inputs_mask: leave it to Keras, which has this name for the mask that it carries with `inputs`.

        Returns:
            `(output, weights, memory_weights)`: `(batch, time, features)`, `(batch, heads, time, time or places of the
            cache)` and `(batch, heads, time, keys)`. With a cache the new one comes fourth.

        Raises:
            ValueError: as in `SelfAttention.call`.
        """
        states, weights, *cache = self._attend(inputs, inputs_mask if mask is None else mask, cache, start)
        query = self._enter(self.cross_norm, states)
        context, memory_weights = self.cross_attention(query, memory, memory, key_mask=memory_mask)
        states = self._leave(self.cross_norm, states, context)
        return self._feed_forward(states), weights, memory_weights, *cache


def _rates(pair, features):
    """Give the angle from one position to the next for each pair of features, the fast ones first."""
    return 10000.0 ** (-2 * pair / features)


def _steps(start, time):
    """Give the positions of `time` steps from `start` on, `(time,)`."""
    if not isinstance(start, int):
        attention._check_shape("start", start, ())
    return ops.cast(start, "int32") + ops.arange(time, dtype="int32")


def _write(cache, new, start):
    """Put the keys, values and mask of new steps into their places in a cache."""
    start = ops.cast(start, "int32")
    corners = (0, 0, start, 0), (0, 0, start, 0), (0, start)
    return tuple(
        ops.slice_update(array, corner, ops.cast(part, array.dtype))
        for array, corner, part in zip(cache, corners, new, strict=True)
    )


def _check_fits(time, start, length):
    # A time that is not known yet is None; a start in a compiled function is a tensor.
    if isinstance(start, int) and time is not None and not 0 <= start <= length - time:
        raise ValueError(f"start: expected from 0 to {length - time}, to fit {time} steps into {length}, got {start}")
