"""How much data does a recurrent network need to beat counting? The learning curves of chapter 1.

Part "tokens": the kinds of the tokens of Python source code, the next from all before, learned from the first so
many of the training part. Counting chooses its order and its discount by the validation part, the network its number of
passes. Part "words": the words of the Python documentation, all of the training part, the rarer ones unknown.
"""

SEEDS = range(5)
TOKENS = (500, 2000, 10_000, 44_000)
ORDERS = range(1, 7)


def measure(seed):
    """Give a row for the words and for each amount of tokens: the bits of the test, counted and learned."""
    from seqlib.datasets import python_docs_words, python_tokens

    words, tokens = python_docs_words.load(1000), python_tokens.load()
    rows = [compared("words", words.train, words, units=96, time=20, most=5, learning_rate=5e-3)]
    for amount in TOKENS:
        most = min(200, 480_000 // amount)
        rows.append(compared("tokens", tokens.train[:amount], tokens, units=64, time=50, most=most, learning_rate=4e-3))
    return rows


def compared(part, train, data, **settings):
    """Give a row: both models learn from `train` and are tested on the test of `data`."""
    counted, order = counting(train, data)
    learned, passes = network(train, data, **settings)
    row = {"part": part, "amount": len(train), "counting": counted, "order": order}
    return row | {"network": learned, "passes": passes}


def counting(train, data):
    """Give the bits of the n-gram that the validation part chooses, and its order."""
    from seqlib.baselines import NGram

    (vocabulary,) = data.vocabularies.values()
    models = [NGram(order, len(vocabulary)).fit(train, data.validation) for order in ORDERS]
    best = min(models, key=lambda model: model.bits(data.validation, context=train).mean())
    return best.bits(data.test).mean(), best.order


def network(train, data, units, time, most, learning_rate):
    """Train a GRU; give its bits with the weights that the validation part chooses, and after how many passes."""
    import keras
    from keras import layers

    from seqlib import decoding, models, training

    (vocabulary,) = data.vocabularies.values()
    model, stateful = models.language_model(len(vocabulary), units, layer=layers.GRU)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate, clipnorm=1.0), loss)
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    history = model.fit(
        *training.windows(train, time),
        validation_data=training.windows(data.validation, time),
        batch_size=16,
        epochs=most,
        callbacks=[stop],
        verbose=0,
    )
    losses = history.history["val_loss"]
    return decoding.score(stateful, data.test, data.validation[-100:]).mean(), losses.index(min(losses)) + 1
