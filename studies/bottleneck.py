"""How much of a sentence fits into the state between encoder and decoder. For chapter 7, with and without attention.

GRU encoder-decoders translate lists of one to six numbers from English to French (`datasets.number_lists`): each number
more brings ten bits more. Without attention all of them have to pass through the last state of the encoder; with it
(dot scores) the decoder reads every state. All see 10,500 lists in batches of 1,500 target tokens, `epochs` times, with
a step size that falls from 0.005 to zero; the networks without attention three times as often, as they are slower to
learn, and one of them also as often as those with it. Decoding is greedy.

`exact` is the share of 1,000 held-out lists that come out right, every token; `exact_1` to `exact_6` by how many
numbers are on the list; `tokens` the share of right tokens when the decoder reads the right ones. `probe_1` to
`probe_6` is what can still be read from the encoder's last state: the share of held-out lists of six numbers for which
a linear classifier (ridge regression), which was shown the last states of the training lists of six, names the hundreds
of the first number, of the second, and so on; guessing names a tenth. `seconds` is the time of the training.
"""

SEEDS = range(5)
CASES = [
    {"attention": attention, "units": units, "epochs": epochs}
    for attention, epochs in (("none", 12), ("dot", 4))
    for units in (32, 64, 128)
] + [{"attention": "none", "units": 64, "epochs": 4}]
LONGEST, TOKENS, RATE = 6, 1500, 0.005


def measure(seed, attention, units, epochs):
    """Train one network; give what it gets right."""
    import time

    import keras

    from seqlib import seq2seq, teacher_forcing
    from seqlib.attention import DotAttention
    from seqlib.datasets import number_lists

    lists = number_lists.load("fr", longest=LONGEST)
    sizes = [len(lists.vocabularies[side]) for side in ("source", "target")]
    built = seq2seq.recurrent(*sizes, units, attention=DotAttention() if attention == "dot" else None)
    steps = epochs * len(teacher_forcing.TokenBatches(*lists.train[:2], tokens=TOKENS))
    falling = keras.optimizers.schedules.CosineDecay(RATE, steps)
    start = time.perf_counter()
    teacher_forcing.fit(built.model, lists.train, epochs=epochs, tokens=TOKENS, learning_rate=falling, seed=seed)
    seconds = time.perf_counter() - start
    sources, targets, _, counts = lists.test
    right = (translate(built, lists) == targets[:, 1:]).all(axis=1)
    forced = built.model.predict([sources, targets[:, :-1]], batch_size=500, verbose=0).argmax(axis=-1)
    told = targets[:, 1:] != 0
    return {
        "exact": float(right.mean()),
        "tokens": float((forced == targets[:, 1:])[told].mean()),
        "weights": built.model.count_params(),
        "seconds": round(seconds),
        **{f"exact_{count}": float(right[counts == count].mean()) for count in range(1, LONGEST + 1)},
        **{f"probe_{place + 1}": readable(built.encoder, lists, place) for place in range(LONGEST)},
    }


def translate(built, lists):
    """Give the greedy translations of the test sources, `(rows, target time - 1)`."""
    from seqlib import search

    sources, targets, *_ = lists.test
    start, end = lists.vocabularies["target"].encode(["<start>", "<end>"])
    state = built.encoder.predict(sources, batch_size=500, verbose=0)
    state = state if isinstance(state, list) else [state]
    return search.greedy(search.stepper(built.decoder), state, start, end, targets.shape[1] - 1)[0]


def readable(encoder, lists, place):
    """Give how often a linear probe of the last state names the hundreds of one number, on the longest lists."""
    from sklearn.linear_model import RidgeClassifier

    parts = []
    for sources, _, _, counts in (lists.train, lists.test):
        longest = sources[counts == LONGEST]
        state = encoder.predict(longest, batch_size=500, verbose=0)
        state = state[0] if isinstance(state, list) else state
        parts.append((state, [hundreds(row, lists.vocabularies["source"])[place] for row in longest]))
    learn, test = parts
    return float(RidgeClassifier().fit(*learn).score(*test))


def hundreds(row, vocabulary):
    """Give the word before "hundred" for each number of a list, "none" where there is no hundred."""
    words = vocabulary.decode([token for token in row.tolist() if token])
    return [part.split(" hundred")[0] if "hundred" in part else "none" for part in words.split(" , ")]
