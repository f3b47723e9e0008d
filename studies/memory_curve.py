"""For how many steps can a letter be read from the state? The memory curve of chapter 2.

One network, the character model's, in four conditions: before training; trained as a language model; and trained
to name the first letter of a window, asked at every step or only at the last one. Then, in text that none was
trained on, a letter is planted and a linear probe looks for it in the state, lag by lag.
"""

SEEDS = range(5)
CASES = [{"training": name} for name in ("none", "language", "asked at every step", "asked at the end")]
UNITS, WINDOW, LETTERS = 256, 121, "abcdefghijklmnop"
LAGS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 80, 120)


def measure(seed, training):
    """Train under one condition; give a row for each lag."""
    import keras
    from keras import ops

    from seqlib import models, probes
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    vocabulary = documentation.vocabularies["characters"]
    model, _ = models.language_model(len(vocabulary), UNITS)
    bits = train(model, documentation, training, seed)
    windows, planted = probes.plant(documentation.test, vocabulary.encode(LETTERS), 6000, WINDOW, seed)
    states = ops.take(model.layers[2].output[0], LAGS, axis=1)
    recalls = probes.recall(keras.Model(model.input, states).predict(windows, batch_size=500, verbose=0), planted)
    return [{"lag": lag, "recall": recall, "bits": bits} for lag, recall in zip(LAGS, recalls, strict=True)]


def train(model, documentation, training, seed):
    """Train the model in place; give the bits of the last epoch."""
    import numpy as np

    from seqlib import probes
    from seqlib.training import fit, windows

    if training == "none":
        return float("nan")
    if training == "language":
        pieces, targets = windows(documentation.train, 100)
        return fit(model, pieces, targets, epochs=12, batch_size=64, learning_rate=4e-3).training[-1]
    vocabulary = documentation.vocabularies["characters"]
    pieces, _ = probes.plant(documentation.train, vocabulary.encode(LETTERS), 12_000, 30, seed)
    targets = np.repeat(pieces[:, :1], 30, axis=1)
    nobody_asks = int(vocabulary.encode("\n")[0])
    if training == "asked at the end":
        targets[:, :-1] = nobody_asks
    history = fit(model, pieces, targets, epochs=6, batch_size=64, learning_rate=1e-3, padding_id=nobody_asks)
    return history.training[-1]
