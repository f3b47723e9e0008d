"""A transformer on the text of chapter 2's character model, with as many weights as the networks there. For chapter 8.

A decoder alone: two blocks, 64 features, 4 heads, rotary positions, norm in front, and a feed-forward part as wide as
brings it within 0.5 % of the weights of the LSTM and the GRU in the study `character_gates`, whose text and windows of
100 characters it shares. Batches have 1,600 characters, a quarter of those there, and the step size rises for a tenth
of the training and falls to zero; step size, positions and batches were chosen by the bits on the validation windows,
after two to four passes under seed 9.

A row an epoch, with the bits a character on the validation windows. At the last one, else NaN: `test`, the bits of
every character of the test text, each with at least half a window before it; `bits_1`, `bits_2`, `bits_4`, ... the bits
of the test's characters that have 1, 2 to 3, 4 to 7, ... and 64 or more characters before them in their window;
`induction`, the largest induction score of any head (see the study `induction`) on 40 random characters, repeated; and
`repeat_gain`, how many bits a character fewer 40 characters of the test text cost when they are read again at once.
`ratio_plain` and `ratio_gru` are the time of a training step in that of chapter 2's plain network and of the GRU, each
on 6,400 characters and compiled as it was trained, measured in turns.
"""

import time

SEEDS = range(5)
CASES = [{"window": 100, "epochs": 6}]
FEATURES, HEADS, HIDDEN, BLOCKS, RATE, CHARACTERS, TURNS = 64, 4, 264, 2, 0.01, 1600, 10
PLACES = (1, 2, 4, 8, 16, 32, 64)
COPIES, COPY = 200, 40


def measure(seed, window, epochs):
    """Train one model; give a row for each epoch."""
    import keras
    import numpy as np

    from seqlib import models, seq2seq, training
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    size = len(documentation.vocabularies["characters"])
    model, _, looking = seq2seq.decoder_only(size, FEATURES, HEADS, HIDDEN, BLOCKS, length=256, positions="rotary")
    inputs, targets = training.windows(documentation.train, window)
    rows = CHARACTERS // window
    steps = epochs * -(-len(inputs) // rows)
    rising = {"warmup_target": RATE, "warmup_steps": steps // 10}
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - steps // 10, **rising)
    history = training.fit(
        model,
        inputs,
        targets,
        training.windows(documentation.validation, window),
        epochs=epochs,
        batch_size=rows,
        learning_rate=rate,
        jit_compile=True,
    )
    last = {"test": sliding_bits(model, documentation, window), **by_place(model, documentation.test, window)}
    last["induction"] = induction(looking, size, np.random.default_rng(seed))
    last["repeat_gain"] = repeat_gain(model, documentation.test, np.random.default_rng(seed))
    rivals = {
        "plain": models.language_model(size, 256)[0],
        "gru": models.language_model(size, 146, layer=keras.layers.GRU)[0],
    }
    rows = 4 * rows  # as many characters as the rivals' batches have
    ratios = time_ratios(model, inputs[:rows], targets[:rows], rivals, training.windows(documentation.train, 100))
    return [
        {
            "weights": model.count_params(),
            "epoch": epoch,
            "validation": bits,
            "training_seconds": seconds,
            **ratios,
            **{name: value if epoch == epochs else float("nan") for name, value in last.items()},
        }
        for epoch, (bits, seconds) in enumerate(zip(history.validation, history.seconds, strict=True), start=1)
    ]


def bits_of(model, inputs, targets):
    """Give the bits of each target, `(rows, time)`."""
    import numpy as np
    from keras import ops

    parts = []
    for start in range(0, len(inputs), 50):
        logits = model.predict_on_batch(inputs[start : start + 50])
        log_p = ops.convert_to_numpy(ops.log_softmax(ops.cast(logits, "float32")))
        parts.append(-np.take_along_axis(log_p, targets[start : start + 50, :, None], axis=-1)[..., 0] / np.log(2))
    return np.concatenate(parts)


def sliding_bits(model, documentation, window):
    """Give the mean bits of all the test's characters, each with at least half a window before it."""
    import numpy as np

    from seqlib import training

    half = window // 2
    text = np.concatenate([documentation.validation[-half - 1 :], documentation.test])
    rest = (half - len(documentation.test) % half) % half
    inputs, targets = training.windows(np.pad(text, (0, rest)), 2 * half, stride=half)
    bits = bits_of(model, inputs, targets)[:, half:].ravel()
    if len(bits) != len(documentation.test) + rest:
        raise RuntimeError(f"test: expected {len(documentation.test)} characters, got {len(bits) - rest}")
    return float(bits[: len(documentation.test)].mean())


def by_place(model, text, window):
    """Give the mean bits of the characters with about 1, 2, 4, ... characters before them."""
    from seqlib import training

    bits = bits_of(model, *training.windows(text, window)).mean(axis=0)  # at step t stand t + 1 characters before it
    return {f"bits_{place}": float(bits[place - 1 : 2 * place - 1].mean()) for place in PLACES}


def induction(looking, size, random):
    """Give the largest induction score of any head, on random characters repeated."""
    import numpy as np

    first = random.integers(1, size, size=(COPIES, COPY)).astype("int32")
    weights = looking.predict(np.concatenate([first, first], axis=1), batch_size=20, verbose=0)
    at = np.arange(COPY, 2 * COPY)
    return float(max(one[:, :, at, at - COPY + 1].mean(axis=(0, 2)).max() for one in weights))


def repeat_gain(model, text, random):
    """Give how many bits a character fewer pieces of the text cost when they are read a second time at once."""
    import numpy as np

    starts = random.integers(0, len(text) - COPY, size=COPIES)
    pieces = text[starts[:, None] + np.arange(COPY)]
    twice = np.concatenate([pieces, pieces], axis=1)
    bits = bits_of(model, twice[:, :-1], twice[:, 1:])
    return float((bits[:, : COPY - 1] - bits[:, COPY:]).mean())


def time_ratios(model, inputs, targets, rivals, windows):
    """Time a training step of the model and of each rival, in turns; give the ratios of the medians."""
    import keras
    import numpy as np

    runs = {"model": (model, inputs, targets)}
    runs |= {name: (rival, *(part[:64] for part in windows)) for name, rival in rivals.items()}
    seconds = {name: [] for name in runs}
    for network, *batch in runs.values():
        network.compile(
            keras.optimizers.Adam(),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=True if network is model else "auto",
        )
        network.train_on_batch(*batch)  # compiles
    for _ in range(TURNS):
        for name, (network, *batch) in runs.items():
            start = time.perf_counter()
            network.train_on_batch(*batch)
            seconds[name].append(time.perf_counter() - start)
    median = {name: np.median(each) for name, each in seconds.items()}
    return {f"ratio_{name}": float(median["model"] / median[name]) for name in rivals}
