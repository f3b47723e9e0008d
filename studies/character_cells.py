"""What gates and layers cost and bring, on the text and the task of chapter 2's character model.

Plain layers stacked 1, 2 and 3 high, at about equal numbers of weights; and one layer of GRU or LSTM cells with as many
units as the plain one. All train alike; a row an epoch, with the bits on validation windows, and at the last one the
bits on the whole test text, with the states carried.
"""

SEEDS = range(5)
CASES = [
    {"layer": "SimpleRNN", "depth": 1, "units": 256, "epochs": 12},
    {"layer": "SimpleRNN", "depth": 2, "units": 164, "epochs": 12},
    {"layer": "SimpleRNN", "depth": 3, "units": 131, "epochs": 12},
    {"layer": "GRU", "depth": 1, "units": 256, "epochs": 6},
    {"layer": "LSTM", "depth": 1, "units": 256, "epochs": 10},
]


def measure(seed, layer, depth, units, epochs):
    """Train one model; give a row for each epoch."""
    import keras

    from seqlib import decoding, models, training
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    size = len(documentation.vocabularies["characters"])
    model, stateful = models.language_model(size, units, layer=getattr(keras.layers, layer), depth=depth)
    validation = training.windows(documentation.validation, 100)
    pieces, targets = training.windows(documentation.train, 100)
    history = training.fit(model, pieces, targets, validation, epochs=epochs, batch_size=64, learning_rate=4e-3)
    test = decoding.score(stateful, documentation.test, documentation.validation[-1000:]).mean()
    return [
        {
            "weights": model.count_params(),
            "epoch": epoch,
            "validation": bits,
            "training_seconds": seconds,
            "test": test if epoch == epochs else float("nan"),
        }
        for epoch, (bits, seconds) in enumerate(zip(history.validation, history.seconds, strict=True), start=1)
    ]
