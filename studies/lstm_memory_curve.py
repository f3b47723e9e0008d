"""For how many steps can a letter be read from an LSTM's hidden state, and from its cell state? For chapter 5.

Chapter 2's study `memory_curve`, with an LSTM in place of the plain network: the same four conditions, data, step sizes
and probe. It has 114 units, so that its recurrent layer has about as many weights as the plain network's 256 (81,624
and 82,176). The letter is looked for in both of its states.
"""

SEEDS = range(5)
CASES = [{"training": name} for name in ("none", "language", "asked at every step", "asked at the end")]
UNITS, WINDOW, LETTERS = 114, 121, "abcdefghijklmnop"
LAGS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 80, 120)


def measure(seed, training):
    """Train under one condition; give a row for each lag."""
    import keras

    from seqlib import models, probes
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    vocabulary = documentation.vocabularies["characters"]
    model, stateful = models.language_model(len(vocabulary), UNITS, layer=keras.layers.LSTM)
    bits = train(model, documentation, training, seed)
    windows, planted = probes.plant(documentation.test, vocabulary.encode(LETTERS), 6000, WINDOW, seed)
    hidden, cell = (probes.recall(states, planted) for states in states_at(stateful, windows, LAGS))
    return [{"lag": lag, "hidden": hidden[place], "cell": cell[place], "bits": bits} for place, lag in enumerate(LAGS)]


def states_at(stateful, windows, lags):
    """Read windows with the states carried from lag to lag; give both, `(batch, lags, units)` each."""
    import keras
    import numpy as np

    read = keras.Model(stateful.inputs, stateful.outputs[1:])
    states = [np.zeros((len(windows), UNITS), dtype="float32")] * 2
    kept = []
    for start, end in zip((-1, *lags), lags, strict=False):
        pieces = windows[:, start + 1 : end + 1]
        states = read.predict([pieces, *states], batch_size=500, verbose=0)
        kept.append(states)
    return np.moveaxis(np.array(kept), 0, 2)


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
