"""Captions from English to German, Multi30k: what half an hour of one processor core reaches. For chapters 7 and 8.

All 29,000 training pairs by pieces, 4,000 for each language (`seqlib.datasets.multi30k`), to a recurrent encoder-
decoder with general attention, whose encoder reads both ways, and to a transformer of two and two blocks; `passes` is
how often each sees all pairs. Adam in batches of 2,000 target tokens, label smoothing of 0.1, a step size that rises
for a tenth of the training to 0.003, then falls to zero. For the GRU with attention, 0.008 was worse after four passes
of a training of six (seed 0; by the cross-entropy of the validation part).

Three models learn nothing. `nearest` takes the training caption whose English is nearest, by the cosine of words
weighted by how rare they are, and gives its German. `source` leaves the English as it is, and `reference` is the German
of the data itself.

All translate the 1,000 captions of the test of 2016 greedily. `bleu` and `chrf` are of whole sentences by sacrebleu, as
in `seqlib.metrics`; `bleu_short` and `bleu_long` on the captions whose English has at most 9 words, and 15 or more.
`nats` is the cross-entropy of a piece of the test, without smoothing, under the teacher. `said_1` to `said_6` are the
translations of the first six captions. `seconds` is the time of the training on one core of a machine that was busy
otherwise: what it takes at most.
"""

SEEDS = range(5)
UNTRAINED = ("source", "reference", "nearest")
CASES = [{"model": model, "passes": 0} for model in UNTRAINED]
CASES += [{"model": "GRU, general", "passes": 8}, {"model": "transformer", "passes": 6}]
PIECES, UNITS, EMBEDDING, FEATURES, HEADS, HIDDEN, BLOCKS, ROOM = 4000, 256, 128, 128, 4, 256, 2, 80
TOKENS, RATE, SMOOTHING, SHOWN = 2000, 0.003, 0.1, 6


def measure(seed, model, passes):
    """Train one network, where there is one to train; give what its translations are worth."""
    import numpy as np

    from seqlib import metrics
    from seqlib.datasets import multi30k

    pairs = multi30k.sentences("de", quiet=True)
    sources, references = zip(*pairs["test"], strict=True)
    if model in UNTRAINED:
        said = {"source": sources, "reference": references}.get(model) or nearest(pairs["train"], sources)
        row = {"nats": float("nan"), "weights": 0, "seconds": 0.0}
    else:
        said, row = trained(seed, model, passes)
    words = np.array([len(source.split()) for source in sources])
    for name, chosen in (("bleu", words > 0), ("bleu_short", words <= 9), ("bleu_long", words >= 15)):
        row[name], _ = metrics.corpus_bleu(*([text[i] for i in np.flatnonzero(chosen)] for text in (said, references)))
    row["chrf"], _ = metrics.corpus_chrf(list(said), list(references))
    return row | {f"said_{i + 1}": said[i] for i in range(SHOWN)}


def nearest(pairs, sources):
    """Give the German of the training captions whose English is nearest to each source."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    english, german = zip(*pairs, strict=True)
    weigh = TfidfVectorizer(token_pattern=r"\w+")
    near = weigh.fit_transform(english) @ weigh.transform(sources).T
    return [german[i] for i in near.toarray().argmax(axis=0)]


def trained(seed, model, passes):
    """Train a network; give its translations of the test, and what is known of it without them."""
    import keras

    from seqlib import search, seq2seq, teacher_forcing
    from seqlib.attention import GeneralAttention
    from seqlib.datasets import multi30k, sentence_pairs

    data = multi30k.load("de", by="pieces", size=PIECES, quiet=True)
    sizes = [len(data.vocabularies[side]) for side in ("source", "target")]
    if model == "transformer":
        built = seq2seq.transformer(*sizes, FEATURES, HEADS, HIDDEN, BLOCKS, length=ROOM)
    else:
        built = seq2seq.recurrent(*sizes, UNITS, embedding=EMBEDDING, attention=GeneralAttention(), bidirectional=True)
    steps = passes * len(teacher_forcing.TokenBatches(*data.train, tokens=TOKENS))
    rising = {"warmup_target": RATE, "warmup_steps": steps // 10}
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - steps // 10, **rising)
    history = teacher_forcing.fit(
        built.model, data.train, epochs=passes, tokens=TOKENS, learning_rate=rate, smoothing=SMOOTHING, seed=seed
    )
    target = data.vocabularies["target"]
    state = built.encoder.predict(data.test[0], batch_size=250, verbose=0)
    state = state if isinstance(state, list) else [state]
    found, _ = search.greedy(search.stepper(built.decoder), state, target.start_id, target.end_id, length=ROOM - 10)
    judged = built.model.evaluate(teacher_forcing.TokenBatches(*data.test, tokens=TOKENS), verbose=0, return_dict=True)
    return [sentence_pairs.written(row, target) for row in found], {
        "nats": float(judged["nats"]),
        "weights": built.model.count_params(),
        "seconds": history.seconds[-1],
    }
