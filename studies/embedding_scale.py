"""How wide the first embeddings are drawn, and what a short training reaches with them. For chapter 7.

The recurrent encoder-decoder of the study `captions`, made smaller (an encoder of 64 units each way, a decoder of 128
with general attention, embeddings of 64, two thousand pieces of each language), reads the captions of Multi30k of at
most nine words twice: 8,343 pairs, English to German, in batches of 1,000 target tokens, Adam, a step size that falls
from 0.005 to zero. All that differs between the cases is how the vectors of both embeddings are drawn: as Keras does
unless told otherwise, uniform between -0.05 and 0.05, a standard deviation of 0.029; or normal with the standard
deviation `spread`.

The 281 captions of the test of 2016 of at most nine words are translated greedily. `bleu` is of whole sentences by
sacrebleu; `bleu_above` the same when each caption's translation is made from the caption above it; `begun` the share
whose first two words are those of the reference; `bits` the cross-entropy of a piece of the training part in the last
pass.
"""

SEEDS = range(5)
CASES = [{"spread": spread} for spread in (0.029, 0.3, 1.0)]
PIECES, UNITS, EMBEDDING, PASSES, TOKENS, RATE, WORDS, ROOM = 2000, 128, 64, 2, 1000, 0.005, 9, 30
KERAS = 0.029  # the standard deviation of what Keras draws: its layers are left as they are


def measure(seed, spread):
    """Train one network; give what its translations are worth."""
    import keras
    import numpy as np

    from seqlib import metrics, search, seq2seq, teacher_forcing
    from seqlib.attention import GeneralAttention
    from seqlib.datasets import multi30k, sentence_pairs

    data = multi30k.load("de", by="pieces", size=PIECES, quiet=True)
    pairs = multi30k.sentences("de", quiet=True)
    sizes = [len(data.vocabularies[side]) for side in ("source", "target")]
    built = seq2seq.recurrent(*sizes, UNITS, embedding=EMBEDDING, attention=GeneralAttention(), bidirectional=True)
    random = np.random.default_rng(seed)
    for layer in built.model.layers:
        if isinstance(layer, keras.layers.Embedding) and spread != KERAS:
            layer.embeddings.assign(random.normal(0.0, spread, layer.embeddings.shape))
    training = short(data.train, pairs["train"])
    steps = PASSES * len(teacher_forcing.TokenBatches(*training, tokens=TOKENS))
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    history = teacher_forcing.fit(built.model, training, epochs=PASSES, tokens=TOKENS, learning_rate=rate, seed=seed)

    sources, _ = short(data.test, pairs["test"])
    references = [german for english, german in pairs["test"] if len(english.split()) <= WORDS]
    target = data.vocabularies["target"]
    step = search.stepper(built.decoder)

    def translations(sources):
        state = built.encoder.predict(sources, batch_size=300, verbose=0)
        rows, _ = search.greedy(step, state, target.start_id, target.end_id, length=ROOM)
        return [sentence_pairs.written(row, target) for row in rows]

    said, above = translations(sources), translations(np.roll(sources, 1, axis=0))
    begun = [a.split()[:2] == b.split()[:2] for a, b in zip(said, references, strict=True)]
    return {
        "bleu": metrics.corpus_bleu(said, references)[0],
        "bleu_above": metrics.corpus_bleu(above, references)[0],
        "begun": float(np.mean(begun)),
        "bits": history.training[-1],
    }


def short(part, pairs):
    """Give the arrays of the captions of at most nine words, without columns of nothing but padding."""
    import numpy as np

    few = np.array([len(english.split()) <= WORDS for english, _ in pairs])
    return [ids[few][:, (ids[few] > 0).any(axis=0)] for ids in part]
