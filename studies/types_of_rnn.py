"""What each arrangement of inputs and outputs reaches on its task, and its control: the headline figures of chapter 3.

The tasks, models and settings are those of the chapter's cells, but for number words: here the networks are smaller,
and take eight passes at one step size. Only captions and number words are told to the network while it trains; when it
is tested it reads what it has written itself.
"""

SEEDS = range(5)
CASES = [{"task": task} for task in ("captions", "any language", "reviews", "words", "dates", "clips", "numbers")]
STATES = (16, 32, 64)  # units of the states that number words have to pass through


def measure(seed, task):
    """Train for one task; give a row for each figure."""
    figures = {
        "captions": captions,
        "any language": any_language,
        "reviews": reviews,
        "words": words,
        "dates": dates,
        "clips": clips,
        "numbers": numbers,
    }[task]()
    return [{"figure": figure, "value": float(value)} for figure, value in figures.items()]


def train(model, inputs, targets, epochs, batch_size=64, learning_rate=3e-3, padding_id=None):
    """Train as the chapter does."""
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=padding_id)
    model.compile(keras.optimizers.Adam(learning_rate, clipnorm=1.0), loss)
    model.fit(inputs, targets, epochs=epochs, batch_size=batch_size, verbose=0)


def captioner(letters, languages=True, units=96):
    """Build the network that spells a digit's name, with the language as second input or without."""
    import keras
    from keras import layers

    picture, known = keras.Input((8, 8)), keras.Input((None,), dtype="int32")
    features = layers.Reshape((8, 8, 1))(picture)
    for filters in (16, 32):
        features = layers.Conv2D(filters, 3, padding="same", activation="relu")(features)
    features = layers.Dropout(0.3)(layers.Flatten()(layers.MaxPooling2D()(features)))
    inputs = [picture, known]
    if languages:
        language = keras.Input((), dtype="int32")
        features = layers.Concatenate()([features, layers.Embedding(4, 16)(language)])
        inputs = [picture, language, known]
    state = layers.Dense(units, activation="tanh")(features)
    read = layers.SimpleRNN(units, return_sequences=True)
    states = read(layers.Embedding(letters, 16)(known), initial_state=state)
    return keras.Model(inputs, layers.Dense(letters)(states))


def write(model, inputs, start, steps, deaf=False):
    """Write letter by letter, always the likeliest; a deaf network reads nothing after `start`."""
    import numpy as np

    written = np.full((len(inputs[0]), 1), start, dtype="int32")
    for _ in range(steps):
        known = written * (np.arange(written.shape[1]) == 0) if deaf else written
        letters = model.predict([*inputs, known], batch_size=2000, verbose=0)[:, -1].argmax(-1)
        written = np.column_stack([written, letters]).astype("int32")
    return written


def right_up_to_the_end(written, wanted):
    """Say of each row whether it is right, padding apart."""
    return ((written == wanted) | (wanted == 0)).all(axis=1)


def captions():
    """Train on pictures with their captions, then on pictures with other pictures' captions."""
    import numpy as np

    from seqlib.datasets import digits

    data = digits.load()
    letters = data.vocabularies["letters"]
    pictures, languages, names, _ = data.train
    shares = []
    for shuffled in (False, True):
        order = np.random.default_rng(0).permutation(len(pictures) // 4)[:, None] * 4 + np.arange(4)
        shown = pictures[order.ravel()] if shuffled else pictures
        model = captioner(len(letters))
        train(model, [shown, languages, names[:, :-1]], names[:, 1:], 12, 128, 2e-3, 0)
        written = write(model, data.test[:2], letters.start_id, names.shape[1] - 1)
        shares.append(right_up_to_the_end(written, data.test[2]).mean())
    return dict(zip(("exact", "shuffled"), shares, strict=True))


def any_language():
    """Train with no language given, hearing the letters written so far or hearing nothing."""
    import numpy as np

    from seqlib.datasets import digits

    data = digits.load()
    letters = data.vocabularies["letters"]
    pictures, _, names, _ = data.train
    shown, _, right, _ = data.test
    figures = {}
    for figure, deaf in (("heard", False), ("deaf", True)):
        known = names[:, :-1].copy()
        known[:, 1:] *= not deaf
        model = captioner(len(letters), languages=False)
        train(model, [pictures, known], names[:, 1:], 8, 128, 2e-3, 0)
        written = write(model, [shown[::4]], letters.start_id, names.shape[1] - 1, deaf)
        fits = [right_up_to_the_end(written, right[language::4]) for language in range(4)]
        figures[figure] = np.any(fits, axis=0).mean()
    return figures


def reader(size, classes, units, embedding):
    """Build the network that answers at the end."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(size, embedding, mask_zero=True),
            layers.SimpleRNN(units),
            layers.Dense(classes),
        ]
    )


def accuracy(model, inputs, targets):
    """Give the share of rows whose likeliest class is the right one."""
    return (model.predict(inputs, batch_size=500, verbose=0).argmax(-1) == targets).mean()


def reviews():
    """Read reviews to their end."""
    from seqlib.datasets import reviews as source

    data = source.load(train=6000)
    model = reader(len(data.vocabularies["words"]), 2, 32, 16)
    train(model, *data.train, epochs=6)
    return {"network": accuracy(model, *data.test)}


def words():
    """Name the language of a word, from its letters in order, from a bag of them, from a bag of pairs."""
    import keras
    from keras import layers

    from seqlib.datasets import language_words

    data = language_words.load()
    size, classes = len(data.vocabularies["letters"]), len(language_words.LANGUAGES)
    model = reader(size, classes, 128, 32)
    train(model, *data.train, epochs=10, batch_size=128)
    figures = {"network": accuracy(model, *data.test)}
    for figure, length in (("letters", 1), ("pairs", 2)):
        bags = [language_words.bags(part[0], size, length) for part in (data.train, data.test)]
        model = keras.Sequential([keras.Input(bags[0].shape[1:]), layers.Dense(classes)])
        train(model, bags[0], data.train[1], epochs=12, batch_size=128, learning_rate=1e-2)
        figures[figure] = accuracy(model, bags[1], data.test[1])
    return figures


def dates():
    """Label the characters of dates, reading forwards only or both ways."""
    import keras
    from keras import layers

    from seqlib.datasets import dates as source

    data = source.load(train=4000)
    characters, labels, locales, _ = data.test
    counts, unseen = labels > 0, locales >= len(source.SEEN)
    figures = {}
    for name in ("forwards", "both ways"):
        known = keras.Input((None,), dtype="int32")
        read = layers.SimpleRNN(64, return_sequences=True)
        read = read if name == "forwards" else layers.Bidirectional(read)
        embedded = layers.Embedding(len(data.vocabularies["characters"]), 32, mask_zero=True)(known)
        model = keras.Model(known, layers.Dense(len(data.vocabularies["fields"]))(read(embedded)))
        train(model, *data.train[:2], epochs=8, padding_id=0)
        right = model.predict(characters, batch_size=500, verbose=0).argmax(-1) == labels
        for where, rows in (("seen", ~unseen), ("unseen", unseen)):
            figures[f"{name}, {where}"] = right[rows][counts[rows]].mean()
            figures[f"{name}, {where}, whole"] = (right | ~counts)[rows].all(axis=1).mean()
            figures[f"{name}, {where}, first"] = right[rows, 0].mean()
    return figures


def clips():
    """Label the frames of clips, from each frame alone or with a state."""
    import keras
    from keras import layers

    from seqlib.datasets import moving_digits

    data = moving_digits.load()
    frames, *labels = data.test
    figures = {}
    for name in ("alone", "network"):
        clip = keras.Input((None, 12, 12))
        seen = layers.Dense(128, activation="relu")(layers.Reshape((-1, 144))(clip))
        layer = layers.SimpleRNN(96, return_sequences=True) if name == "network" else layers.Dense(96, "relu")
        states = layer(seen)
        questions = {"digit": 10, "direction": 4, "bounce": 2}
        model = keras.Model(clip, [layers.Dense(answers)(states) for answers in questions.values()])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(2e-3, clipnorm=1.0), [loss] * 3)
        model.fit(data.train[0], list(data.train[1:]), epochs=8, batch_size=64, verbose=0)
        answers = model.predict(frames, batch_size=500, verbose=0)
        for question, logits, wanted in zip(questions, answers, labels, strict=True):
            figures[f"{name}, {question}"] = (logits.argmax(-1) == wanted)[:, 2:].mean()
    return figures


def numbers():
    """Translate number words through states of several sizes; exact match by length."""
    import keras
    import numpy as np
    from keras import layers

    from seqlib.datasets import number_words

    data = number_words.load()
    source, target = (len(data.vocabularies[name]) for name in ("source", "target"))
    figures = {}
    for units in STATES:
        known, said = (keras.Input((None,), dtype="int32") for _ in range(2))
        state = layers.GRU(units)(layers.Embedding(source, 32, mask_zero=True)(known))
        speak = layers.GRU(units, return_sequences=True)
        states = speak(layers.Embedding(target, 32)(said), initial_state=state)
        model = keras.Model([known, said], layers.Dense(target)(states))
        english, french = data.train
        train(model, [english, french[:, :-1]], french[:, 1:], 8, 64, 4e-3, 0)
        english, french = data.test
        written = write(model, [english], data.vocabularies["target"].start_id, french.shape[1] - 1)
        right, lengths = right_up_to_the_end(written, french), (english > 0).sum(axis=1)
        figures[f"{units}, all"] = right.mean()
        for shortest, longest in ((1, 5), (6, 8), (9, 11)):
            rows = (lengths >= shortest) & (lengths <= longest)
            figures[f"{units}, {shortest} to {longest}"] = np.mean(right[rows])
    return figures
