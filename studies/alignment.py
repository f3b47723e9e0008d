"""Does attention look where the translation comes from? The maps of chapter 7, scored against the true alignment.

Encoder-decoders of 64 units translate numbers to German (`datasets.numbers`, by pieces: *fünf und vierzig* for *forty
five*), trained for four epochs in batches of 1,000 target tokens, with a step size that falls from 0.005 to zero. Six
have GRUs, dot, general or additive scores, and an encoder that reads one way or both ways. Two have LSTMs and general
scores, an encoder that reads both ways, and attend to its hidden states or to its cell states.

`exact` is the share of 1,000 held-out numbers whose greedy translation is right, every token. Of the target tokens
that have a true link (one at most, in German) `on_link` is the share whose largest weight lies on it, `mass` the mean
weight on it, and `aer` the alignment error rate; `on_cross` is `on_link` for those tokens alone that change places
between the languages, the units and the tens. `untrained` is `on_link` before training. `diagonal` and `diagonal_cross`
are what looking at the same share of the way through the source would score; no network is in them.
"""

SEEDS = range(5)
CASES = [
    {"layer": "GRU", "score": score, "ways": ways, "attended": "hidden"}
    for score in ("dot", "general", "additive")
    for ways in (1, 2)
] + [{"layer": "LSTM", "score": "general", "ways": 2, "attended": attended} for attended in ("hidden", "cell")]
UNITS, EPOCHS, TOKENS, RATE = 64, 4, 1000, 0.005


def measure(seed, layer, score, ways, attended):
    """Train one network; give how well it translates and where it looks."""
    import keras

    from seqlib import attention, metrics, seq2seq, teacher_forcing
    from seqlib.datasets import numbers

    german = numbers.load("de", by="pieces")
    sizes = [len(german.vocabularies[side]) for side in ("source", "target")]
    scores = {
        "dot": attention.DotAttention,
        "general": attention.GeneralAttention,
        "additive": lambda: attention.AdditiveAttention(UNITS),
    }[score]()
    if layer == "GRU":
        built = seq2seq.recurrent(*sizes, UNITS, attention=scores, bidirectional=ways == 2)
        model, looks = built.model, built.attention
    else:
        model, looks = lstm_translator(*sizes, scores, attended)
    sources, targets, links = german.test
    links, told = links[:, 1:], targets[:, 1:] != 0
    cross = crossing(links)
    inputs = [sources, targets[:, :-1]]
    before = share_on(looks.predict(inputs, batch_size=500, verbose=0), links)
    steps = EPOCHS * len(teacher_forcing.TokenBatches(*german.train[:2], tokens=TOKENS))
    falling = keras.optimizers.schedules.CosineDecay(RATE, steps)
    teacher_forcing.fit(model, german.train, epochs=EPOCHS, tokens=TOKENS, learning_rate=falling, seed=seed)
    weights = looks.predict(inputs, batch_size=500, verbose=0)
    # Greedy decoding is right in every token exactly where each likeliest token is right after the right ones.
    right = model.predict(inputs, batch_size=500, verbose=0).argmax(axis=-1) == targets[:, 1:]
    line = diagonal(sources, targets)
    return {
        "exact": float((right | ~told).all(axis=1).mean()),
        "on_link": share_on(weights, links),
        "on_cross": share_on(weights, cross),
        "mass": float((weights * links).sum(axis=-1)[links.any(axis=-1)].mean()),
        "aer": metrics.alignment_error_rate(weights, links),
        "untrained": before,
        "diagonal": share_on(line, links),
        "diagonal_cross": share_on(line, cross),
    }


def share_on(weights, links):
    """Give the share of target tokens with a link whose largest weight lies on one."""
    import numpy as np

    found = np.take_along_axis(links, weights.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return float(found[links.any(axis=-1)].mean())


def crossing(links):
    """Keep the links of target tokens that change places with another: of two, the earlier one has the later source."""
    import numpy as np

    linked = links.any(axis=-1)
    first = links.argmax(axis=-1)
    last = links.shape[-1] - 1 - links[..., ::-1].argmax(axis=-1)
    highest = np.maximum.accumulate(np.where(linked, last, -1), axis=1)
    lowest = np.minimum.accumulate(np.where(linked, first, links.shape[-1])[:, ::-1], axis=1)[:, ::-1]
    return links & ((first < highest) | (last > lowest))[..., None]


def diagonal(sources, targets):
    """Give weights that lie, for every target token, at the same share of the way through the source."""
    import numpy as np

    source_lengths, target_lengths = ((ids != 0).sum(axis=1) for ids in (sources, targets[:, 1:-1]))
    way = np.arange(targets.shape[1] - 1) / np.maximum(target_lengths[:, None] - 1, 1)
    place = np.minimum(np.round(way * (source_lengths[:, None] - 1)), source_lengths[:, None] - 1)
    return np.eye(sources.shape[1])[place.astype(int)]


def lstm_translator(source_size, target_size, scores, attended):
    """Build an LSTM encoder-decoder that attends to hidden or to cell states: the model, and one for its weights."""
    import keras
    from keras import layers, ops

    class Open(layers.LSTMCell):
        """An LSTM cell that gives its hidden state and its cell state at every step."""

        def __init__(self, units):
            super().__init__(units)
            self.output_size = 2 * units

        def call(self, inputs, states, training=False):
            output, (hidden, cell) = super().call(inputs, states, training=training)
            return ops.concatenate([output, cell], axis=-1), [hidden, cell]

    half = UNITS // 2
    sources, targets = (keras.Input((None,), dtype="int32") for _ in range(2))
    seen = ops.not_equal(sources, 0)
    vectors = layers.Embedding(source_size, 64)(sources)
    hidden, cell, ends = [], [], []
    for backwards in (False, True):
        read = layers.RNN(Open(half), return_sequences=True, return_state=True, go_backwards=backwards)
        states, *end = read(vectors, mask=seen)
        states = ops.flip(states, axis=1) if backwards else states
        hidden.append(states[..., :half])
        cell.append(states[..., half:])
        ends.append(end)
    memory = layers.concatenate(hidden if attended == "hidden" else cell)
    given = [layers.concatenate(pair) for pair in zip(*ends, strict=True)]
    outputs = layers.LSTM(UNITS, return_sequences=True)(layers.Embedding(target_size, 64)(targets), initial_state=given)
    context, weights = scores(outputs, memory, memory, key_mask=seen)
    mixed = layers.Dense(UNITS, "tanh", use_bias=False)(layers.concatenate([context, outputs]))
    inputs = [sources, targets]
    return keras.Model(inputs, layers.Dense(target_size)(mixed)), keras.Model(inputs, weights)
