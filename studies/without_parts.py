"""What is left of a transformer without its feed-forward parts, its residual paths, or both? For chapter 8.

Encoder-decoders of two blocks each translate English numbers below one million to German, by pieces
(`datasets.numbers`). `parts` says what they have: all (the sinusoidal transformer of the study translators, trained
alike); no feed-forward; that with more features, so that the number of weights is the whole one's within 4 %; no
residual paths; attention alone. All see the 10,500 training pairs four times, in batches of 1,500 target tokens, with
a step size that rises for a tenth of the training and falls to zero: 0.004 at the most, or a third of it (`rate`),
since stacks without a residual path might want smaller steps; or more of them, so one is trained for twelve `epochs`.

`exact` is the share of 1,000 held-out numbers of which every token is right when the decoder reads the right ones,
which is the share that greedy search gets right in full; `tokens` the share of right tokens. `before_0` to `before_2`
say how much tells the words of a sentence apart, in the embedded source and after each block of the encoder, before
training: the length of what is left of the matrix of word vectors when their mean is taken off, as a share of the whole
length, mean over 200 test sentences (0: all words alike, the matrix has rank 1). `after_0` to `after_2` say it after
training.
"""

SEEDS = range(5)
PARTS = {  # features, hidden, residual
    "whole": (64, 160, True),
    "no feed-forward": (64, None, True),
    "no feed-forward, wider": (88, None, True),
    "no residual": (64, 160, False),
    "attention alone": (64, None, False),
}
CASES = [{"parts": parts, "rate": 0.004, "epochs": 4} for parts in PARTS]
CASES += [{"parts": parts, "rate": 0.0013, "epochs": 4} for parts in ("no residual", "attention alone")]
CASES += [{"parts": "no residual", "rate": 0.004, "epochs": 12}]
BLOCKS, HEADS, LENGTH, TOKENS, PAIRS = 2, 4, 160, 1500, 12_000


def measure(seed, parts, rate, epochs):
    """Train one transformer; give what it gets right, and what tells words apart."""
    import keras

    from seqlib import seq2seq, teacher_forcing
    from seqlib.datasets import numbers
    from seqlib.transformer import EncoderBlock

    german = numbers.load("de", pairs=PAIRS, by="pieces")
    sources, targets, _ = german.test
    features, hidden, residual = PARTS[parts]
    sizes = (len(german.vocabularies[side]) for side in ("source", "target"))
    built = seq2seq.transformer(*sizes, features, HEADS, hidden, BLOCKS, LENGTH, residual=residual)
    model = built.model
    stack = [layer for layer in built.encoder.layers if isinstance(layer, EncoderBlock)]
    levels = [stack[0].input[0], *(block.output[0] for block in stack)]
    encoder = keras.Model(built.encoder.input, levels)
    before = apart(encoder, sources[:200])
    steps = epochs * len(teacher_forcing.TokenBatches(*german.train[:2], tokens=TOKENS))
    warm = steps // 10
    falling = keras.optimizers.schedules.CosineDecay(0.0, steps - warm, warmup_target=rate, warmup_steps=warm)
    teacher_forcing.fit(model, german.train, epochs=epochs, tokens=TOKENS, learning_rate=falling, seed=seed)
    logits = model.predict([sources, targets[:, :-1]], batch_size=500, verbose=0)
    told = targets[:, 1:] != 0
    right = logits.argmax(axis=-1) == targets[:, 1:]
    return {
        "exact": float((right | ~told).all(axis=1).mean()),
        "tokens": float(right[told].mean()),
        "weights": model.count_params(),
        **{f"before_{block}": float(share) for block, share in enumerate(before)},
        **{f"after_{block}": float(share) for block, share in enumerate(apart(encoder, sources[:200]))},
    }


def apart(encoder, sources):
    """Give for each level the share of the vectors of a sentence that tells them apart, mean over the sentences."""
    import numpy as np

    words = (sources != 0)[..., None]
    shares = []
    for level in encoder.predict(sources, verbose=0):
        level = np.where(words, level.astype("float64"), 0)
        mean = level.sum(axis=1, keepdims=True) / words.sum(axis=1, keepdims=True)
        left = np.where(words, level - mean, 0)
        several = words.sum(axis=(1, 2)) > 1  # a single word has nothing to be told from
        sizes = np.linalg.norm(left, axis=(1, 2))[several] / np.linalg.norm(level, axis=(1, 2))[several]
        shares.append(sizes.mean())
    return shares
