"""How many bits a character costs the language model of chapter 2, over seeds, beside counting n-grams.

Trains the model of notebooks/02_recurrent_networks.ipynb under each seed and scores it on the whole held-out text with
its state carried, so that the chapter can say whether counting wins under another seed too. The n-grams know no
chance: their columns repeat. All bits are those of the text of one version of Python, the one that measured.
"""

import numpy as np

from seqlib import baselines, decoding, models, training
from seqlib.datasets import python_docs

SEEDS = range(5)
UNITS, WINDOW, BATCH, EPOCHS, LEARNING_RATE = 256, 100, 64, 12, 4e-3


def measure(seed):
    """Train and score; give one row."""
    documentation = python_docs.load()
    train, validation, test = documentation.train, documentation.validation, documentation.test
    size = len(documentation.vocabularies["characters"])
    model, stateful = models.language_model(size, UNITS)
    inputs, targets = training.windows(train, WINDOW)
    training.fit(model, inputs, targets, epochs=EPOCHS, batch_size=BATCH, learning_rate=LEARNING_RATE)
    row = {"recurrent": decoding.score(stateful, test, context=validation[-1000:]).mean()}
    before = np.concatenate([train, validation])
    for n in range(1, 7):
        row[f"order_{n}"] = baselines.NGram(n, size).fit(train, validation).bits(test, before).mean()
    return row
