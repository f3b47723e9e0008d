"""Builders of models that write a sequence: recurrent encoder-decoders, with or without attention, and transformers.

`seqlib.models` has the recurrent language model.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from seqlib.transformer import DecoderBlock, EncoderBlock, Positions

POSITIONS = ("sinusoidal", "learned", "rotary", "none")


@dataclass(frozen=True)
class EncoderDecoder:
    """A model of one sequence given another, in the pieces that training, decoding and looking at it need.

    All share their weights: training `model` trains the others. Ids are int32, and 0 is padding.

    Attributes:
        model: from `[sources, targets]`, ids `(batch, source time)` and `(batch, target time)`, to logits
            `(batch, target time, V)`: those at step :math:`t` are for the token after `targets[:, t]`.
        encoder: from sources to the state before the first step of decoding, a list of arrays.
        decoder: from `[ids, *state]`, ids `(batch, 1)`, to `[logits, *state]`; for `seqlib.search.stepper`.
        attention: from `[sources, targets]` to the weights that the decoder gives the sources: `(batch, target time,
            source time)`, or a list with one `(batch, heads, target time, source time)` for each block of a
            transformer; None for a model without attention.
    """

    model: keras.Model
    encoder: keras.Model
    decoder: keras.Model
    attention: keras.Model | None


def recurrent(source_size, target_size, units, embedding=64, layer=layers.GRU, attention=None, bidirectional=False):
    r"""Build a recurrent encoder and decoder, with or without attention.

    .. math::
        h_s &= \operatorname{encoder}(e(x_s), h_{s-1}), \qquad
        d_t = \operatorname{decoder}(e'(y_{t-1}), d_{t-1}), \qquad d_0 = h_S \\
        z_t &= \tilde d_t W_{dz} + b_z, \qquad \tilde d_t = d_t \quad \text{without attention, and with it} \quad
        \tilde d_t = \tanh([c_t; d_t] W_c), \quad c_t = \sum_s \alpha_{ts} h_s

    Without attention the last state of the encoder, which padding does not change, is all that the decoder learns of
    the source. An encoder that reads both ways is two of half the size, whose states are joined, those of equal step
    to :math:`h_s` and the last of each to :math:`d_0`:

    .. math:: h_s = [\overrightarrow h_s; \overleftarrow h_s], \qquad
        d_0 = [\overrightarrow h_S; \overleftarrow h_1]

    Args:
        source_size, target_size: numbers of tokens in the vocabularies; the second is :math:`V`.
        units: size of the states of both networks.
        embedding: size of the learned vector of each token.
        layer: the recurrent layer, `keras.layers.SimpleRNN`, `GRU` or `LSTM`.
        attention: one of the layers of `seqlib.attention`, called with the decoder's states as queries and the
            encoder's as keys and values; None for a model without.
        bidirectional: whether the encoder reads both ways; `units` must then be even.

    Returns:
        `EncoderDecoder`.

    Raises:
        ValueError: where a size is not a whole number of at least 1, or `units` is odd and `bidirectional`.

    Source: Cho and others, 2014, Learning phrase representations using RNN encoder-decoder; Sutskever, Vinyals and Le,
    2014, Sequence to sequence learning with neural networks; with attention Luong, Pham and Manning, 2015, Effective
    approaches to attention-based neural machine translation (global attention, without their input feeding); reading
    both ways Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate.
    Taught in chapter 7.
    """
    _check_sizes(source_size=source_size, target_size=target_size, units=units, embedding=embedding)
    if bidirectional and units % 2:
        raise ValueError(f"units: expected an even number, half for each way, got {units!r}")
    embed_source = layers.Embedding(source_size, embedding, mask_zero=True)
    embed_target = layers.Embedding(target_size, embedding)
    read = layer(units // 2 if bidirectional else units, return_sequences=True, return_state=True)
    read = layers.Bidirectional(read) if bidirectional else read
    write = layer(units, return_sequences=True, return_state=True)
    mix = layers.Dense(units, "tanh", use_bias=False)
    head = layers.Dense(target_size)

    def decode(ids, states, memory, seen):
        """Give logits, new states and attention weights."""
        outputs, *states = write(embed_target(ids), initial_state=states)
        if attention is None:
            return head(outputs), states, None
        context, weights = attention(outputs, memory, memory, key_mask=seen)
        return head(mix(layers.concatenate([context, outputs]))), states, weights

    sources, targets = (keras.Input((None,), dtype="int32") for _ in range(2))
    memory, *states = read(embed_source(sources))
    if bidirectional:  # Keras gives all states of one way, then all of the other
        half = len(states) // 2
        states = [layers.concatenate(pair) for pair in zip(states[:half], states[half:], strict=True)]
    seen = ops.not_equal(sources, 0)
    logits, _, weights = decode(targets, states, memory, seen)
    past = [] if attention is None else [memory, seen]
    ids = keras.Input((1,), dtype="int32")
    given = [keras.Input((units,)) for _ in states]
    kept = [] if attention is None else [keras.Input((None, units)), keras.Input((None,), dtype="bool")]
    step_logits, after, _ = decode(ids, given, *(kept or (None, None)))
    return EncoderDecoder(
        model=keras.Model([sources, targets], logits),
        encoder=keras.Model(sources, [*states, *past]),
        decoder=keras.Model([ids, *given, *kept], [step_logits, *after, *kept]),
        attention=None if attention is None else keras.Model([sources, targets], weights),
    )


def transformer(
    source_size,
    target_size,
    features=128,
    heads=4,
    hidden=512,
    blocks=2,
    length=128,
    positions="sinusoidal",
    norm="pre",
    residual=True,
):
    r"""Build a transformer with an encoder and a decoder.

    .. math:: M = \operatorname{encoder}(\sqrt{D} \, e(x) + P), \qquad
        z = \operatorname{decoder}(\sqrt{D} \, e'(y) + P, M) W_{dz} + b_z

    Args:
        source_size, target_size: numbers of tokens in the vocabularies; the second is :math:`V`.
        features: size :math:`D` of the vector of each step.
        heads: how many; they divide the features among them.
        hidden: size of the hidden layer of each feed-forward part; None for blocks without that part.
        blocks: how many in the encoder, and as many in the decoder.
        length: the most steps of a source or a target, and the room in the decoder's cache.
        positions: one of `POSITIONS`. `"rotary"` turns queries and keys within each sequence, the others are added.
        norm, residual: as in `seqlib.transformer.EncoderBlock`.

    Returns:
        `EncoderDecoder`. Its state has a cache, so that a step computes the new token alone, whose cost grows with
        `length`, not with its square. After more than `length` steps logits are NaN.

    Raises:
        ValueError: where a size is not a whole number of at least 1, the heads do not divide the features, or
            `positions` or `norm` is none of these.

    Source: Vaswani and others, 2017, Attention is all you need. Simplified: no dropout, and the three embeddings are
    separate. Taught in chapter 8.
    """
    _check_sizes(source_size=source_size, target_size=target_size, length=length, blocks=blocks)
    common = {"heads": heads, "hidden": hidden, "norm": norm, "residual": residual, "rotary": positions == "rotary"}
    enter_source = Entrance(source_size, features, length, positions)
    enter_target = Entrance(target_size, features, length, positions)
    encoder_blocks = [EncoderBlock(**common) for _ in range(blocks)]
    decoder_blocks = [DecoderBlock(**common) for _ in range(blocks)]
    leave = [_last_norm(norm) for _ in range(2)]
    head = layers.Dense(target_size)

    sources, targets = (keras.Input((None,), dtype="int32") for _ in range(2))
    seen = ops.not_equal(sources, 0)
    memory, outputs, weights = enter_source(sources), enter_target(targets), []
    for block in encoder_blocks:
        memory, _ = block(memory, mask=seen)
    memory = leave[0](memory)
    for block in decoder_blocks:
        outputs, _, given = block(outputs, memory, memory_mask=seen)
        weights.append(given)
    model = keras.Model([sources, targets], head(leave[1](outputs)))
    step = CachedStep(enter_target, decoder_blocks, leave[1], head, length)
    ids, kept = keras.Input((None,), dtype="int32"), [keras.Input((None, features)), keras.Input((None,), dtype="bool")]
    state = step.inputs(features, heads)
    return EncoderDecoder(
        model=model,
        encoder=keras.Model(sources, [memory, seen, *Zeros(state)(sources)]),
        decoder=keras.Model([ids, *kept, *state], step(ids, state, kept)),
        attention=keras.Model([sources, targets], weights),
    )


def decoder_only(size, features=128, heads=4, hidden=512, blocks=2, length=256, positions="sinusoidal", norm="pre"):
    r"""Build a transformer that is a decoder alone: a language model.

    .. math:: z = \operatorname{blocks}(\sqrt{D} \, e(x) + P) W_{hz} + b_z

    Args:
        size: number of tokens in the vocabulary, :math:`V`.
        features, heads, hidden, blocks, positions, norm: as in `transformer`.
        length: the most steps that the model reads, and the room in its cache.

    Returns:
        `(model, stateful, attention)`, which share their weights. `model` takes ids `(batch, time)` and gives logits
        `(batch, time, V)`. `stateful` takes `[ids, *states]` and gives `[logits, *states]`, where states of zeros are
        those before the first token, as `seqlib.decoding.stepper` wants it; logits after more than `length` steps are
        NaN. `attention` takes ids and gives a list with the weights of each block, `(batch, heads, time, time)`.

    Raises:
        ValueError: as `transformer`.

    Source: Radford and others, 2018, Improving language understanding by generative pre-training; Vaswani and others,
    2017, Attention is all you need. Simplified: no dropout. Taught in chapter 8.
    """
    _check_sizes(size=size, length=length, blocks=blocks)
    enter = Entrance(size, features, length, positions)
    stack = [EncoderBlock(heads, hidden, norm, causal=True, rotary=positions == "rotary") for _ in range(blocks)]
    leave, head = _last_norm(norm), layers.Dense(size)
    ids, weights = keras.Input((None,), dtype="int32"), []
    outputs = enter(ids)
    for block in stack:
        outputs, given = block(outputs)
        weights.append(given)
    model = keras.Model(ids, head(leave(outputs)))
    step = CachedStep(enter, stack, leave, head, length)
    step_ids, state = keras.Input((None,), dtype="int32"), step.inputs(features, heads)
    return model, keras.Model([step_ids, *state], step(step_ids, state)), keras.Model(ids, weights)


class Entrance(layers.Layer):
    """From ids to the vectors that a transformer's first block reads.

    Args:
        size, features, length, positions: as in `transformer`.

    Called with `(ids, start=0)`: `(batch, time)`, and the position of the first; gives `(batch, time, features)`.

    Raises:
        ValueError: as `transformer`.
    """

    def __init__(self, size, features, length, positions):
        super().__init__()
        _check_sizes(features=features)
        if positions not in POSITIONS:
            raise ValueError(f"positions: expected one of {', '.join(POSITIONS)}, got {positions!r}")
        self.scale = features**0.5
        self.embed = layers.Embedding(size, features, keras.initializers.RandomNormal(stddev=1 / self.scale))
        added = positions in ("sinusoidal", "learned")
        self.place = Positions(length, learned=positions == "learned") if added else None

    def build(self, input_shape):
        """Make the weights for ids of `input_shape`, `(batch, time)`."""
        self.embed.build(input_shape)
        if self.place:
            self.place.build((*input_shape, self.embed.output_dim))

    def call(self, ids, start=0):
        """Take ids `(batch, time)` and give `(batch, time, features)`."""
        vectors = self.embed(ids) * self.scale
        return self.place(vectors, start=start) if self.place else vectors

    def compute_output_shape(self, input_shape):
        """Give the shape of the vectors: said here so that Keras need not try out a time that is not known yet."""
        return (*input_shape, self.embed.output_dim)


class CachedStep(layers.Layer):
    """New steps of a transformer's decoder, from its caches.

    It is one layer since Keras' functional models expect as many outputs from a layer at each of its calls, and a block
    gives one more where it has a cache.

    Args:
        enter, blocks, leave, head: the layers of the decoder, all of them built.
        length: the most steps, the room in the caches.

    Called with `(ids, state, memory=())`: `(batch, time)`; a list of three arrays of a cache for each block, and of
    `(batch,)`, how many steps they hold, one number throughout; and for a decoder with an encoder its outputs and their
    mask. Gives a list: logits, memory, state.
    """

    def __init__(self, enter, blocks, leave, head, length):
        super().__init__()
        self.enter, self.blocks, self.leave, self.head, self.length = enter, blocks, leave, head, length
        self.built = True

    def inputs(self, features, heads):
        """Give Keras' inputs for the state."""
        pair = (heads, self.length, features // heads)
        cache = (pair, self.compute_dtype), (pair, self.compute_dtype), ((self.length,), "bool")
        return [keras.Input(shape, dtype=dtype) for shape, dtype in (*(cache * len(self.blocks)), ((), "int32"))]

    def call(self, ids, state, memory=()):
        """Take ids, the state and the memory; give logits, the memory again and the new state."""
        *caches, count = state
        about = dict(zip(("memory", "memory_mask"), memory, strict=False))
        time = ops.shape(ids)[1]
        start = ops.minimum(count[0], self.length - time)  # within the cache, even where it is full
        outputs, new = self.enter(ids, start=start), []
        for number, block in enumerate(self.blocks):
            cache = tuple(caches[3 * number : 3 * number + 3])
            outputs, *_, cache = block(outputs, cache=cache, start=start, **about)
            new += cache
        count = count + time
        # What has overwritten the end of a full cache must not pass for an answer.
        logits = ops.where(count[:, None, None] > self.length, float("nan"), self.head(self.leave(outputs)))
        return [logits, *memory, *new, count]

    def compute_output_spec(self, ids, state, memory=()):
        """Say what comes out, for the reason of `Entrance.compute_output_shape`: all but the logits as it goes in."""
        return [keras.KerasTensor((*ids.shape, self.head.units), self.compute_dtype), *map(_alike, (*memory, *state))]


class Zeros(layers.Layer):
    """Zeros in the shapes of Keras' inputs, with a row for each row of what it is called with.

    Args:
        like: list of Keras' inputs.
    """

    def __init__(self, like):
        super().__init__()
        self.like = [_alike(one) for one in like]

    def call(self, rows):
        """Take any array with a batch, and give a list of arrays."""
        return [ops.zeros((ops.shape(rows)[0], *one.shape[1:]), dtype=one.dtype) for one in self.like]

    def compute_output_spec(self, rows):
        """Say what comes out."""
        return [_alike(one) for one in self.like]


def _alike(tensor):
    """Give a symbolic tensor of the same shape."""
    return keras.KerasTensor(tensor.shape, tensor.dtype)


def _last_norm(norm):
    """Give what follows the last block: with the norm before each part, one more is due."""
    return layers.LayerNormalization() if norm == "pre" else layers.Identity()


def _check_sizes(**sizes):
    for name, number in sizes.items():
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"{name}: expected a whole number of at least 1, got {number!r}")
