"""Gated cells on the text of chapter 2's character model, at equal numbers of weights, for chapters 5 and 6.

The plain network is that of 256 units in the study `character_cells`. The LSTM and the GRU have as many units as bring
them closest to its number of weights, and, all but a hundredth, to its multiply-adds a character: a pass costs each the
same work. The plain one trains with the step size of chapter 2; that of each gated cell was chosen by the bits on the
validation windows, after six passes under seed 0.

A row an epoch, with the bits on the validation windows; at the last one the bits on the whole test text, with the
states carried. `time_ratio` is the time of a training step in that of the plain network's, the two measured in turns.
"""

import time

SEEDS = range(5)
CASES = [
    {"layer": "LSTM", "units": 125, "learning_rate": 1.2e-2, "epochs": 16},
    {"layer": "GRU", "units": 146, "learning_rate": 8e-3, "epochs": 12},
]
TURNS = 10


def measure(seed, layer, units, learning_rate, epochs):
    """Train one model; give a row for each epoch."""
    import keras

    from seqlib import decoding, models, training
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    size = len(documentation.vocabularies["characters"])
    model, stateful = models.language_model(size, units, layer=getattr(keras.layers, layer))
    validation = training.windows(documentation.validation, 100)
    pieces, targets = training.windows(documentation.train, 100)
    history = training.fit(
        model, pieces, targets, validation, epochs=epochs, batch_size=64, learning_rate=learning_rate
    )
    test = decoding.score(stateful, documentation.test, documentation.validation[-1000:]).mean()
    plain, _ = models.language_model(size, 256)
    ratio = time_ratio(model, plain, pieces[:64], targets[:64])
    return [
        {
            "weights": model.count_params(),
            "epoch": epoch,
            "validation": bits,
            "training_seconds": seconds,
            "time_ratio": ratio,
            "test": test if epoch == epochs else float("nan"),
        }
        for epoch, (bits, seconds) in enumerate(zip(history.validation, history.seconds, strict=True), start=1)
    ]


def time_ratio(model, plain, inputs, targets):
    """Time one training step of either model, in turns; give the ratio of the medians."""
    import keras
    import numpy as np

    seconds = {}
    for name, network in (("model", model), ("plain", plain)):
        network.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        network.train_on_batch(inputs, targets)  # compiles
        seconds[name] = []
    for _ in range(TURNS):
        for name, network in (("model", model), ("plain", plain)):
            start = time.perf_counter()
            network.train_on_batch(inputs, targets)
            seconds[name].append(time.perf_counter() - start)
    return np.median(seconds["model"]) / np.median(seconds["plain"])
