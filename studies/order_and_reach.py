"""Which models read the order of words, how far, and how long a review? The tables of chapter 1.

Part "table": models of six kinds learn the reviews grammar at one range of lengths; each is then tested there, at about
two and four times the length, and behind a run of fillers that training never had. Two that read order also learn from
reviews whose words were shuffled. Part "reach": convolutions of several widths and a recurrent layer, each
trained and tested where the words that count stand at least `distance` steps apart.
"""

SEEDS = range(5)
DISTANCES = (1, 4, 8)
CASES = [{"part": "table", "distance": 1}] + [{"part": "reach", "distance": distance} for distance in DISTANCES]


def measure(seed, part, distance):
    """Train the models of one part; give a row for each model and place of testing."""
    from seqlib.datasets import reviews

    if part == "reach":
        gaps = (distance - 1, distance + 1)
        data = reviews.load(train=4000, gaps=gaps, seed=seed)
        names = ("width 3", "width 5", "width 9", "dilated", "recurrent")
        return sum((trained(name, data, {"same": data.test}, epochs=5) for name in names), [])
    data = reviews.load(train=6000, seed=seed)
    longer = {"2 times": (3, 7), "4 times": (8, 13)}
    tests = {"same": data.test} | {name: reviews.sample(2000, 1000 + seed, gaps=gaps) for name, gaps in longer.items()}
    tests["shifted"] = reviews.sample(2000, 2000 + seed, lead=(8, 8))
    names = ("bag of words", "bag of bigrams", "feed-forward", "width 5", "dilated", "recurrent")
    rows = [trained(name, data, tests, epochs=5) for name in names]
    for name in ("width 5", "recurrent"):
        mixed = [(shuffled(ids, seed), labels) for ids, labels in (data.train, data.test)]
        rows.append(trained(name, data, {"shuffled": mixed[1]}, epochs=5, train=mixed[0]))
    return sum(rows, [])


def trained(name, data, tests, epochs, train=None):
    """Train one model; give a row for each test."""
    import keras

    from seqlib.datasets import reviews

    ids, labels = data.train if train is None else train
    model, read = built(name, len(reviews.VOCABULARY), ids.shape[1])
    model.compile(keras.optimizers.Adam(4e-3, clipnorm=1.0), "binary_crossentropy", metrics=["accuracy"])
    model.fit(read(ids), labels, epochs=epochs, batch_size=64, verbose=0)
    rows = []
    for where, (words, truth) in tests.items():
        accuracy = model.evaluate(read(words), truth, batch_size=500, verbose=0)[1]
        rows.append({"model": name, "tested": where, "accuracy": accuracy, "weights": model.count_params()})
    return rows


def built(name, size, time):
    """Build an untrained model; give it with the function that turns ids into its input."""
    import keras
    from keras import layers

    open_input, embed = keras.Input((None,)), layers.Embedding(size, 16, mask_zero="recurrent" in name)
    head = [layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")]

    def convolutions(width, dilations):
        return [
            layers.Conv1D(32, width, dilation_rate=rate, padding="same", activation="relu") for rate in dilations
        ] + [layers.GlobalMaxPooling1D()]

    body = {
        "bag of words": lambda: [keras.Input((size,))],
        "bag of bigrams": lambda: [keras.Input((size * size,))],
        "feed-forward": lambda: [keras.Input((time,)), embed, layers.Flatten()],
        "width 3": lambda: [open_input, embed, *convolutions(3, [1])],
        "width 5": lambda: [open_input, embed, *convolutions(5, [1])],
        "width 9": lambda: [open_input, embed, *convolutions(9, [1])],
        "dilated": lambda: [open_input, embed, *convolutions(3, [1, 2, 4, 8])],
        "recurrent": lambda: [open_input, embed, layers.GRU(32)],
    }[name]()
    read = {
        "bag of words": lambda ids: counts(ids, size),
        "bag of bigrams": lambda ids: counts(pairs(ids, size), size * size),
        "feed-forward": lambda ids: cut(ids, time),
    }.get(name, lambda ids: ids)
    return keras.Sequential(body + head), read


def counts(ids, size):
    """Count each id in each row, `(reviews, size)`; 0 stands for nothing."""
    import numpy as np

    table = np.zeros((len(ids), size), dtype="float32")
    np.add.at(table, (np.arange(len(ids))[:, None], ids), ids > 0)
    return table


def pairs(ids, size):
    """Give each pair of neighbors one number; 0 where the first one is padding."""
    return ids[:, :-1] * size + ids[:, 1:] * (ids[:, :-1] > 0)


def cut(ids, time):
    """Keep the first words, or fill up."""
    import numpy as np

    return np.pad(ids[:, :time], ((0, 0), (0, max(time - ids.shape[1], 0))))


def shuffled(ids, seed):
    """Put the words of each review into a random order, the padding where it was."""
    import numpy as np

    keys = np.random.default_rng(seed).random(ids.shape) + (ids == 0)
    return np.take_along_axis(ids, np.argsort(keys, axis=1), axis=1)
