"""Is an encoder and a decoder what it takes? Two tasks, three models of equal size. For chapter 7.

Tasks: `translate`, numbers from English to French (`datasets.numbers`); `shorten`, a list of one to four numbers of
which the largest alone is to be said, in French (`datasets.number_lists`): what is kept depends on what is there.
Models of about as many weights: `recurrent`, a GRU encoder that reads both ways and a GRU decoder with dot attention,
the model of chapter 7; `encoder-decoder`, a transformer in two halves; and `decoder-only`, a transformer in one piece,
which reads source and target as one sequence and is scored on the target alone. All see 10,500 pairs four times
(`translate`) or eight times (`shorten`), in the same batches of 500 target tokens, with a step size that rises over a
tenth of the steps and then falls, from a peak that was the better of two on `shorten` with seed 9: 0.005 and 0.01 for
`recurrent`, 0.004 and 0.008 for the transformers.

`exact` is the share of 1,000 held-out sources whose greedy answer is right, every token; `first` that of right first
tokens; `weights` how many weights the model has; `seconds` the time of training.
"""

SEEDS = range(5)
CASES = [
    {"task": task, "model": model}
    for task in ("translate", "shorten")
    for model in ("recurrent", "encoder-decoder", "decoder-only")
]
EPOCHS, TOKENS = {"translate": 4, "shorten": 8}, 500
PEAKS = {"recurrent": 0.01, "encoder-decoder": 0.004, "decoder-only": 0.004}


def measure(seed, task, model):
    """Train one model on one task; give how much it gets right."""
    import time

    import keras
    import numpy as np

    from seqlib import teacher_forcing

    parts, sizes = pairs(task)
    built = build(model, *sizes)
    epochs = EPOCHS[task]
    steps = epochs * len(teacher_forcing.TokenBatches(*parts["train"], tokens=TOKENS))
    warm = steps // 10
    falling = keras.optimizers.schedules.CosineDecay(
        PEAKS[model] / 100, steps - warm, warmup_target=PEAKS[model], warmup_steps=warm
    )
    start = time.perf_counter()
    teacher_forcing.fit(built, parts["train"], epochs=epochs, tokens=TOKENS, learning_rate=falling, seed=seed)
    seconds = time.perf_counter() - start
    sources, targets = parts["test"]
    # Greedy decoding is right in every token exactly where each likeliest token is right after the right ones.
    likeliest = built.predict([sources, targets[:, :-1]], batch_size=500, verbose=0).argmax(axis=-1)
    right = (likeliest == targets[:, 1:]) | (targets[:, 1:] == 0)
    return {
        "exact": float(right.all(axis=1).mean()),
        "first": float(np.mean(right[:, 0])),
        "weights": built.count_params(),
        "seconds": round(seconds),
    }


def pairs(task):
    """Give the parts of a task, `(sources, targets)` each, and the sizes of its two vocabularies."""
    from seqlib.datasets import number_lists, numbers

    data = numbers.load("fr") if task == "translate" else number_lists.load("fr", longest=4)
    vocabularies = [data.vocabularies[side] for side in ("source", "target")]
    parts = {name: getattr(data, name)[:2] for name in ("train", "test")}
    if task == "shorten":
        parts = {name: (sources, largest(targets, vocabularies[1])) for name, (sources, targets) in parts.items()}
    return parts, [len(vocabulary) for vocabulary in vocabularies]


def largest(targets, vocabulary):
    """Keep of each list the largest number alone."""
    from functools import cache

    from seqlib.datasets import number_words
    from seqlib.text import pad

    value = {number_words.spell(number, "fr").replace("-", " "): number for number in range(1000)}
    start, end = vocabulary.encode(["<start>", "<end>"])

    @cache
    def kept(text):
        return max(text.split(" , "), key=value.__getitem__)

    rows = [kept(vocabulary.decode([t for t in row if t not in (0, start, end)])) for row in targets.tolist()]
    return pad([vocabulary.encode(["<start>", *row.split(" "), "<end>"]) for row in rows])


def build(model, source_size, target_size):
    """Build one of the three, from sources and targets to logits."""
    from seqlib import attention, seq2seq

    sizes = source_size, target_size
    if model == "recurrent":
        return seq2seq.recurrent(*sizes, 64, attention=attention.DotAttention(), bidirectional=True).model
    if model == "encoder-decoder":
        return seq2seq.transformer(*sizes, features=56, heads=4, hidden=64, blocks=1, length=64).model
    return one_piece(*sizes)


def one_piece(source_size, target_size):
    """Build a decoder that reads source and target as one sequence, the padding between them moved to the end."""
    import keras
    from keras import ops

    from seqlib import seq2seq

    language_model = seq2seq.decoder_only(source_size + target_size, features=64, heads=4, hidden=64, blocks=2)[0]

    class Joined(keras.layers.Layer):
        """Read `(sources, targets)`; give the logits of the model at the targets' places."""

        def __init__(self):
            super().__init__()
            self.model = language_model
            self.built = True

        def call(self, sources, targets):
            time = ops.shape(targets)[1]
            ids = ops.concatenate([sources, ops.where(targets > 0, targets + source_size, 0)], axis=1)
            length = ops.shape(ids)[1]
            place = ops.arange(length)
            # A stable order: tokens first, padding last.
            order = ops.argsort(ops.where(ids > 0, place, place + length), axis=1)
            logits = self.model(ops.take_along_axis(ids, order, axis=1))
            read = ops.sum(ops.cast(sources > 0, "int32"), axis=1)
            places = ops.minimum(read[:, None] + ops.arange(time), length - 1)
            return ops.take_along_axis(logits, places[..., None], axis=1)[..., source_size:]

        def compute_output_spec(self, sources, targets):
            return keras.KerasTensor((*targets.shape, target_size))

    inputs = [keras.Input((None,), dtype="int32") for _ in range(2)]
    return keras.Model(inputs, Joined()(*inputs))
