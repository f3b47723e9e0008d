r"""Attention: scores, a softmax over the keys, and a weighted sum of the values.

Every attention takes `query`, `key`, `value`, in this order, and returns `(context, weights)`. They differ in the score
alone, and multi-head attention does it several times side by side. (Keras' layers take the value before the key.)

A mask is True where a query may see a key. A query that may see none gets weights of zero and a context of zero, and
gradients stay finite.

Simplified: no dropout, no regularizers, no constraints. For speed take Keras' layers, where there is one with the same
score; the tests prove them equal.
"""

import math

import keras
from keras import ops

# Below every score, and still a number: a row that is masked in full would take infinity from infinity.
_LOWEST = -1e30


def dot_scores(query, key, scaled=False):
    r"""Score each query against each key by their dot product.

    .. math:: e_{ts} = q_t \cdot k_s \qquad \text{or, scaled,} \qquad e_{ts} = \frac{q_t \cdot k_s}{\sqrt{D}}

    Args:
        query: `(..., queries, features)`.
        key: `(..., keys, features)`, with the same leading axes.
        scaled: whether to divide by the square root of the number of features :math:`D`, so that scores of long
            vectors spread no further than those of short ones.

    Returns:
        `(..., queries, keys)`.

    Raises:
        ValueError: where query and key differ in their number of features.

    Source: Luong, Pham and Manning, 2015, Effective approaches to attention-based neural machine translation; scaled,
    Vaswani and others, 2017, Attention is all you need. Taught in chapters 7 and 8.
    """
    _check_shape("key", key, (*(None for _ in key.shape[:-1]), query.shape[-1]))
    # Scaled before the product, which then stays in the range of a half-precision number.
    query = query / math.sqrt(query.shape[-1]) if scaled else query
    return ops.matmul(query, ops.swapaxes(key, -1, -2))


def masked_softmax(scores, mask=None):
    r"""Turn scores into weights over the keys that a query may see.

    .. math:: \alpha_{ts} = \frac{m_{ts} \exp e_{ts}}{\sum_{s'} m_{ts'} \exp e_{ts'}}, \qquad
        \alpha_{ts} = 0 \text{ where } m_{ts'} = 0 \text{ for all } s'

    Computed in float32 at least, and given back in the precision of the scores.

    Args:
        scores: `(..., queries, keys)`.
        mask: booleans that broadcast to the scores, True where the query may see the key; None for all. A mask of keys
            `(batch, keys)` needs an axis for the queries first: `mask[:, None]`.

    Returns:
        `(..., queries, keys)`: each row sums to 1, or is zero where it is masked in full.

    Raises:
        ValueError: where the mask does not broadcast to the scores.

    Taught in chapter 7.
    """
    mask = ops.ones((1, 1), dtype="bool") if mask is None else ops.cast(mask, "bool")
    _check_broadcast("mask", mask, scores)
    precise = ops.cast(scores, keras.backend.result_type(scores.dtype, "float32"))
    precise = ops.where(mask, precise, _LOWEST)
    # The same shift for a whole row changes none of its weights; with this one no exponential is above 1.
    shift = ops.stop_gradient(ops.max(precise, axis=-1, keepdims=True))
    exponentials = ops.where(mask, ops.exp(precise - shift), 0.0)
    # At least 1 where anything is seen, so this guard is for rows that are masked in full.
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    return ops.cast(exponentials / ops.where(total > 0, total, 1.0), scores.dtype)


def attend(scores, value, mask=None):
    r"""Sum the values, each weighted by the softmax of its score.

    .. math:: c_t = \sum_s \alpha_{ts} v_s

    Args:
        scores: `(..., queries, keys)`, the :math:`e_{ts}`.
        value: `(..., keys, features)`, with the same leading axes.
        mask: as in `masked_softmax`.

    Returns:
        `(context, weights)`: `(..., queries, features)` and `(..., queries, keys)`.

    Raises:
        ValueError: where there are not as many values as keys, or the mask does not broadcast to the scores.

    Source: Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate.
    Taught in chapter 7.
    """
    _check_shape("value", value, (*(None for _ in value.shape[:-2]), scores.shape[-1], None))
    weights = masked_softmax(scores, mask)
    return ops.matmul(weights, value), weights


def causal_mask(queries, keys=None):
    r"""Let each query see the keys up to its own step, and none of its future.

    The queries are the last steps of the keys: with :math:`Q` queries and :math:`K` keys, counted from 0, query
    :math:`t` stands at step :math:`K - Q + t`. So the one query of a new step sees every key in a cache. (Keras aligns
    the first steps instead; where there are as many queries as keys the two are the same.)

    .. math:: m_{ts} = [s \le K - Q + t]

    Args:
        queries: how many queries.
        keys: how many keys, at least as many; the same number where None.

    Returns:
        `(queries, keys)` of booleans, True where the query may see the key.

    Raises:
        ValueError: where there are no queries, or more queries than keys.

    Source: Vaswani and others, 2017, Attention is all you need. Taught in chapter 8.
    """
    keys = queries if keys is None else keys
    # Inside a compiled function of TensorFlow a size can be a tensor, known at run time only.
    if isinstance(queries, int) and isinstance(keys, int) and not 1 <= queries <= keys:
        raise ValueError(f"queries: expected from 1 to {keys}, the number of keys, got {queries}")
    steps = ops.arange(keys - queries, keys, dtype="int32")
    return steps[:, None] >= ops.arange(keys, dtype="int32")


class Attention(keras.layers.Layer):
    r"""What the attentions below share: each defines its `scores`, and the softmax and the sum follow.

    .. math:: \alpha_{ts} = \frac{\exp e_{ts}}{\sum_{s'} \exp e_{ts'}}, \qquad c_t = \sum_s \alpha_{ts} v_s

    A class with a `scores(query, key)` of its own is one more attention. Taught in chapter 7.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True  # the context has the mask of the query

    def build(self, query_shape, key_shape, value_shape):
        """Make the weights, here none, for a query, a key and a value of these shapes, `(batch, time, features)`."""

    def scores(self, query, key):
        """Give the scores before the softmax, `(batch, queries, keys)`: for each attention to define."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method `scores(query, key)`, found none")

    def call(self, query, key, value, key_mask=None, causal=False):
        """Attend.

        Args:
            query: `(batch, queries, features)`.
            key: `(batch, keys, features)`.
            value: `(batch, keys, features)`.
            key_mask: `(batch, keys)` of booleans, False where a key is padding; where None, the mask that Keras carries
                with `key`, if it does.
            causal: whether each query sees only keys up to its own step, as in `causal_mask`: the queries are the last
                steps of the keys.

        Returns:
            `(context, weights)`: `(batch, queries, features)` and `(batch, queries, keys)`. A query that is padding
            gets a context like any other, for the loss to leave out (Keras' layers put zeros in its place, or what
            they give to a query that sees nothing); the mask that Keras carries with `query` goes on with `context`.

        Raises:
            ValueError: where the shapes do not fit each other, or `causal` meets more queries than keys.
        """
        mask = _merged_mask(query, key, value, key_mask, causal)
        return attend(self.scores(query, key), value, mask)


@keras.saving.register_keras_serializable("seqlib")
class DotAttention(Attention):
    r"""Attention whose score is the dot product of query and key; it has no weights to learn.

    .. math:: e_{ts} = q_t \cdot k_s \qquad \text{or, scaled,} \qquad e_{ts} = \frac{q_t \cdot k_s}{\sqrt{D}}

    Args:
        scaled: whether scores are divided by the square root of the number of features :math:`D`.

    Called with `(query, key, value, key_mask=None, causal=False)`; see `Attention.call`.

    Source: Luong, Pham and Manning, 2015, Effective approaches to attention-based neural machine translation; scaled,
    Vaswani and others, 2017, Attention is all you need. Same as `keras.layers.Attention`, whose learned `scale` (with
    `use_scale=True`) is here the constant :math:`1/\sqrt{D}`. Taught in chapters 7 and 8.
    """

    def __init__(self, scaled=False, **kwargs):
        super().__init__(**kwargs)
        self.scaled = scaled

    def scores(self, query, key):
        """Give the scores before the softmax, `(batch, queries, keys)`."""
        return dot_scores(query, key, self.scaled)


@keras.saving.register_keras_serializable("seqlib")
class GeneralAttention(Attention):
    r"""Attention whose score is a learned bilinear form; query and key may differ in width.

    .. math:: e_{ts} = q_t W k_s^\top

    It is dot attention on projected queries :math:`q_t W`.

    Weights: `kernel` `(features of the query, features of the key)`, :math:`W`.

    Called with `(query, key, value, key_mask=None, causal=False)`; see `Attention.call`.

    Source: Luong, Pham and Manning, 2015, Effective approaches to attention-based neural machine translation. Keras has
    no such layer. Taught in chapter 7.
    """

    def build(self, query_shape, key_shape, value_shape):
        """Make the weights for a query, a key and a value of these shapes, `(batch, time, features)`."""
        self.kernel = self.add_weight((query_shape[-1], key_shape[-1]), "glorot_uniform", name="kernel")

    def scores(self, query, key):
        """Give the scores before the softmax, `(batch, queries, keys)`."""
        return dot_scores(ops.matmul(query, self.kernel), key)


@keras.saving.register_keras_serializable("seqlib")
class AdditiveAttention(Attention):
    r"""Attention whose score is a small network with one hidden layer; query and key may differ in width.

    .. math:: e_{ts} = \tanh(q_t W_q + k_s W_k) \, v_a^\top

    Args:
        units: size of the hidden layer.

    Weights: `query_kernel` `(features of the query, units)`, :math:`W_q`; `key_kernel` `(features of the key, units)`,
    :math:`W_k`; `score_kernel` `(units,)`, :math:`v_a`.

    Called with `(query, key, value, key_mask=None, causal=False)`; see `Attention.call`.

    Raises:
        ValueError: where `units` is not a whole number of at least 1.

    Source: Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate.
    `keras.layers.AdditiveAttention` leaves both projections to the caller: it is this layer with :math:`W_q = W_k = I`,
    and its `scale` is :math:`v_a`. Taught in chapter 7.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        _check_size("units", units)
        self.units = units

    def build(self, query_shape, key_shape, value_shape):
        """Make the weights for a query, a key and a value of these shapes, `(batch, time, features)`."""
        self.query_kernel = self.add_weight((query_shape[-1], self.units), "glorot_uniform", name="query_kernel")
        self.key_kernel = self.add_weight((key_shape[-1], self.units), "glorot_uniform", name="key_kernel")
        self.score_kernel = self.add_weight((self.units,), "glorot_uniform", name="score_kernel")

    def scores(self, query, key):
        """Give the scores before the softmax, `(batch, queries, keys)`."""
        projected_query = ops.matmul(query, self.query_kernel)[:, :, None]  # (batch, queries, 1, units)
        projected_key = ops.matmul(key, self.key_kernel)[:, None]  # (batch, 1, keys, units)
        return ops.sum(ops.tanh(projected_query + projected_key) * self.score_kernel, axis=-1)


@keras.saving.register_keras_serializable("seqlib")
class MultiHeadAttention(Attention):
    r"""Several scaled dot attentions side by side, each on projections of its own.

    .. math::
        C^{(h)} &= \operatorname{softmax}\!\Big(\frac{(q W_q^{(h)}) (k W_k^{(h)})^\top}{\sqrt{n}}\Big) \, v W_v^{(h)}
            && \text{head } h \\
        c &= [C^{(1)}, \dots, C^{(H)}] \, W_o && \text{heads side by side, projected}

    Args:
        heads: how many, :math:`H`.
        head_size: features of each head, :math:`n`; in most transformers those of the query divided by `heads`.
        use_bias: whether each of the four projections adds a bias, as Keras' layer does; the paper has none. With it a
            query that may see no key gets the output's bias.

    Weights, the heads side by side in one kernel for each projection: `query_kernel`, `key_kernel`, `value_kernel`
    `(features, heads * head_size)`; `output_kernel` `(heads * head_size, features of the query)`; and `query_bias`,
    `key_bias`, `value_bias`, `output_bias`, each as long as its kernel is wide.

    Called with `(query, key, value, key_mask=None, causal=False)`; see `Attention.call`.

    Raises:
        ValueError: where `heads` or `head_size` is not a whole number of at least 1.

    Source: Vaswani and others, 2017, Attention is all you need. Same as `keras.layers.MultiHeadAttention`, shorter.
    Taught in chapter 8.
    """

    def __init__(self, heads, head_size, use_bias=False, **kwargs):
        super().__init__(**kwargs)
        _check_size("heads", heads)
        _check_size("head_size", head_size)
        self.heads = heads
        self.head_size = head_size
        self.use_bias = use_bias

    def build(self, query_shape, key_shape, value_shape):
        """Make the weights for a query, a key and a value of these shapes, `(batch, time, features)`."""
        width = self.heads * self.head_size
        self.query_kernel, self.query_bias = self._add_projection("query", query_shape[-1], width)
        self.key_kernel, self.key_bias = self._add_projection("key", key_shape[-1], width)
        self.value_kernel, self.value_bias = self._add_projection("value", value_shape[-1], width)
        self.output_kernel, self.output_bias = self._add_projection("output", width, query_shape[-1])

    def scores(self, query, key):
        """Give the scores before the softmax, `(batch, heads, queries, keys)`."""
        return dot_scores(self.project("query", query), self.project("key", key), scaled=True)

    def call(self, query, key, value, key_mask=None, causal=False):
        """Attend, as in `Attention.call`, with weights `(batch, heads, queries, keys)`."""
        mask = _merged_mask(query, key, value, key_mask, causal)
        mask = None if mask is None else mask[:, None]  # (batch, 1, queries, keys)
        return self.attend_heads(self.scores(query, key), self.project("value", value), mask)

    def project(self, name, inputs):
        """Give the queries, keys or values of each head, `(batch, heads, time, head_size)`; `name` says which of them.

        Together with `attend_heads` it makes the layer: what comes in between, such as positions or a cache, is for a
        class of its own.
        """
        kernel, bias = getattr(self, f"{name}_kernel"), getattr(self, f"{name}_bias")
        return self._split(ops.matmul(inputs, kernel) + bias)

    def attend_heads(self, scores, values, mask=None):
        """Attend in each head, put the heads side by side and project them: give the context and the weights."""
        contexts, weights = attend(scores, values, mask)
        return ops.matmul(self._join(contexts), self.output_kernel) + self.output_bias, weights

    def _add_projection(self, name, features, width):
        kernel = self.add_weight((features, width), "glorot_uniform", name=f"{name}_kernel")
        return kernel, self.add_weight((width,), "zeros", name=f"{name}_bias") if self.use_bias else 0.0

    def _split(self, projected):
        batch, time, _ = ops.shape(projected)
        parts = ops.reshape(projected, (batch, time, self.heads, self.head_size))
        return ops.transpose(parts, (0, 2, 1, 3))  # (batch, heads, time, head_size)

    def _join(self, contexts):
        batch, _, queries, _ = ops.shape(contexts)
        side_by_side = ops.transpose(contexts, (0, 2, 1, 3))  # (batch, queries, heads, head_size)
        return ops.reshape(side_by_side, (batch, queries, self.heads * self.head_size))


def to_keras(layer):
    """Give the Keras layer that computes what a `MultiHeadAttention` of this module does, with a copy of its weights.

    Mind that Keras' layer takes `query, value, key`.

    Args:
        layer: a built `MultiHeadAttention` of this module.

    Returns:
        A built `keras.layers.MultiHeadAttention`.

    Raises:
        ValueError: where `layer` is no `MultiHeadAttention` of this module, or has no weights yet.

    Taught in chapter 8.
    """
    _check_built(layer, MultiHeadAttention)
    twin = keras.layers.MultiHeadAttention(layer.heads, layer.head_size, use_bias=layer.use_bias)
    features = [kernel.shape[0] for kernel in (layer.query_kernel, layer.value_kernel, layer.key_kernel)]
    twin.build(*((None, None, size) for size in features))
    _copy_weights(layer, twin)
    return twin


def from_keras(layer):
    """Give the `MultiHeadAttention` of this module that computes what Keras' does, with a copy of its weights.

    Dropout, which acts in training only, stays behind.

    Args:
        layer: a built `keras.layers.MultiHeadAttention` over sequences, `(batch, time, features)`.

    Returns:
        A built `MultiHeadAttention` of this module. Mind that it takes `query, key, value`.

    Raises:
        ValueError: where `layer` is no `keras.layers.MultiHeadAttention`, has no weights yet, or has what this module's
            has not: values or outputs of another size, other axes, a window, a gate.

    Taught in chapter 8.
    """
    _check_built(layer, keras.layers.MultiHeadAttention)
    settings = layer.get_config()
    query_kernel, key_kernel, value_kernel = (
        dense.kernel for dense in (layer.query_dense, layer.key_dense, layer.value_dense)
    )
    # Later versions of Keras have the last two.
    only = {"value_dim": settings["key_dim"], "attention_axes": (1,), "sliding_window": None, "use_gate": False}
    for name, expected in only.items():
        got = settings.get(name, expected)
        if got != expected:
            raise ValueError(f"layer: expected {name} {expected}, the only one of MultiHeadAttention, got {got}")
    if settings["output_shape"] not in (None, (query_kernel.shape[0],)):
        raise ValueError(f"layer: expected an output as wide as the query, got {settings['output_shape']}")
    twin = MultiHeadAttention(settings["num_heads"], settings["key_dim"], settings["use_bias"])
    twin.build(*((None, None, kernel.shape[0]) for kernel in (query_kernel, key_kernel, value_kernel)))
    _copy_weights(layer, twin)
    return twin


def _copy_weights(source, target):
    # Both list query, key, value, output; Keras has the heads on an axis of their own.
    shapes = [weight.shape for weight in target.weights]
    target.set_weights([weight.reshape(shape) for weight, shape in zip(source.get_weights(), shapes, strict=True)])


def _merged_mask(query, key, value, key_mask, causal):
    """Give what each query may see, in a shape that broadcasts to `(batch, queries, keys)`; None for all."""
    _check_shape("query", query, (None, None, None))
    batch, keys, _ = _check_shape("key", key, (query.shape[0], None, None))
    _check_shape("value", value, (batch, keys, None))
    if key_mask is not None:
        _check_shape("key_mask", key_mask, (batch, keys))
        key_mask = ops.cast(key_mask, "bool")[:, None]  # (batch, 1, keys)
    if not causal:
        return key_mask
    past = causal_mask(ops.shape(query)[1], ops.shape(key)[1])[None]  # (1, queries, keys)
    return past if key_mask is None else ops.logical_and(past, key_mask)


def _check_shape(name, array, expected):
    """Give an array's shape; None stands for a size that is free or not known yet."""
    shape = tuple(array.shape)
    fits = len(shape) == len(expected)
    if not fits or any(None not in pair and pair[0] != pair[1] for pair in zip(shape, expected, strict=True)):
        raise ValueError(f"{name}: expected shape {expected}, got {shape}")
    return shape


def _check_broadcast(name, array, target):
    shape, wanted = tuple(array.shape), tuple(target.shape)
    pairs = list(zip(reversed(shape), reversed(wanted), strict=False))
    if len(shape) > len(wanted) or any(size not in (1, None, full) and full is not None for size, full in pairs):
        raise ValueError(f"{name}: expected a shape that broadcasts to {wanted}, got {shape}")


def _check_size(name, size):
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {size!r}")


def _check_built(layer, kind):
    if type(layer) is not kind:
        raise ValueError(f"layer: expected a MultiHeadAttention of {kind.__module__.split('.')[0]}, got {layer!r}")
    if not layer.built:
        raise ValueError("layer: expected one that has weights, got one that is not built; call it first")
