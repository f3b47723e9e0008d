"""Recurrent networks and transformers on the same translations: quality, weights, time. For chapter 8, with chapter 7.

English to German by pieces, numbers below one million (`task` numbers), and English to French, lists of one to six
numbers below 1,000 (`task` lists), as in the study bottleneck. GRU encoder-decoders of 128 units without attention and
with dot attention, and transformers of two and two blocks, 64 features, 4 heads, 160 in the feed-forward parts, with
sinusoidal, rotary or no positions: all but the one without attention have the same number of weights within 3 %.

All see the training pairs `epochs` times in batches of 1,500 target tokens: all 10,500 of them, or only the first
`rows`, as many times as makes about as many batches. The step size falls to zero from 0.016 for a GRU; for a
transformer it first rises for a tenth of the training, to 0.004. Among 0.004, 0.008 and 0.016 these gave the most, both
tasks together, with seed 9.

`exact` is the share of 1,000 held-out sources that come out right, every token, by greedy search (that is as many as
have every token right when the decoder reads the right ones); `tokens` the share of right tokens. `beyond_7` to
`beyond_9` are `exact` on 300 lists each of seven, eight and nine numbers, NaN for the task numbers. `seconds` is the
time of the training, compiling included, and `pass_seconds` that of a pass after the first, which compiles nothing.
"""

SEEDS = range(5)
TRAININGS = {
    "numbers": [("GRU", 12), ("GRU, dot", 4), ("sinusoidal", 4), ("rotary", 4), ("none", 4)],
    "lists": [("GRU, dot", 4), ("sinusoidal", 4), ("sinusoidal", 12), ("rotary", 4)],
}
CASES = [
    {"task": task, "model": model, "rows": 10_500, "epochs": epochs}
    for task, trainings in TRAININGS.items()
    for model, epochs in trainings
]
CASES += [{"task": "numbers", "model": model, "rows": 500, "epochs": 84} for model in ("GRU, dot", "sinusoidal")]
UNITS, FEATURES, HEADS, HIDDEN, BLOCKS, TOKENS, PAIRS = 128, 64, 4, 160, 2, 1500, 12_000
RATES = {"GRU": 0.016, "transformer": 0.004}
BEYOND = (7, 8, 9)


def measure(seed, task, model, rows, epochs):
    """Train one network; give what it gets right."""
    import keras

    from seqlib import teacher_forcing
    from seqlib.datasets import number_lists, numbers

    if task == "numbers":
        data = numbers.load("de", pairs=PAIRS, by="pieces")
    else:
        data = number_lists.load("fr", pairs=PAIRS, longest=6)
    train = tuple(part[:rows] for part in data.train)
    built = build(model, *(len(data.vocabularies[side]) for side in ("source", "target")))
    steps = epochs * len(teacher_forcing.TokenBatches(*train[:2], tokens=TOKENS))
    if model.startswith("GRU"):
        rate = keras.optimizers.schedules.CosineDecay(RATES["GRU"], steps)
    else:
        rising = {"warmup_target": RATES["transformer"], "warmup_steps": steps // 10}
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - steps // 10, **rising)
    history = teacher_forcing.fit(built.model, train, epochs=epochs, tokens=TOKENS, learning_rate=rate, seed=seed)
    exact, tokens = score(built.model, *data.test[:2])
    seconds = history.seconds
    row = {
        "exact": exact,
        "tokens": tokens,
        "weights": built.model.count_params(),
        "seconds": seconds[-1],
        "pass_seconds": (seconds[-1] - seconds[0]) / (epochs - 1),
    }
    longer = number_lists.load("fr", pairs=6000, longest=max(BEYOND), seed=1) if task == "lists" else None
    for count in BEYOND:
        row[f"beyond_{count}"] = float("nan")
        if longer is not None:
            known = all(
                longer.vocabularies[side].tokens == data.vocabularies[side].tokens for side in data.vocabularies
            )
            if not known:
                raise RuntimeError("longer lists: expected the same vocabularies as shorter ones")
            places = longer.train[3] == count
            row[f"beyond_{count}"] = score(built.model, *(part[places][:300] for part in longer.train[:2]))[0]
    return row


def build(model, source_size, target_size):
    """Give a `seqlib.seq2seq.EncoderDecoder`."""
    from seqlib import seq2seq
    from seqlib.attention import DotAttention

    if model.startswith("GRU"):
        attention = DotAttention() if model.endswith("dot") else None
        return seq2seq.recurrent(source_size, target_size, UNITS, attention=attention)
    return seq2seq.transformer(source_size, target_size, FEATURES, HEADS, HIDDEN, BLOCKS, length=160, positions=model)


def score(model, sources, targets):
    """Give the share of rows with every token right after the right ones, and the share of right tokens."""
    logits = model.predict([sources, targets[:, :-1]], batch_size=250, verbose=0)
    told = targets[:, 1:] != 0
    right = logits.argmax(axis=-1) == targets[:, 1:]
    return float((right | ~told).all(axis=1).mean()), float(right[told].mean())
