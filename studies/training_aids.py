"""What each aid of the training is worth to a small transformer: one left out, or put in, at a time. For chapter 8.

The transformer of the study `translators` (two and two blocks, 64 features, 4 heads, 160 in the feed-forward parts,
sinusoidal positions) goes `passes` times through the lists of numbers of that study, English to French. `aids` says
how: all has a step size that rises for a tenth of the training to 0.004 and falls to zero, the gradient of all weights
together clipped to a norm of 1, and batches by length of up to 1,500 target tokens; the others leave one of these out,
or add label smoothing of 0.1. Plain batches are as many, with equally many rows each, and as long as the longest row of
all; five passes by length read about as many ids, padding counted, as three plain ones. `norm` is where the norm
stands, before (pre) or after (post) each part.

`exact` is the share of 1,000 held-out lists that have every token right when the decoder reads the right ones, which is
the share that greedy search gets right; `nats` the cross-entropy of a token there, without smoothing;
`tokens` the share of right tokens; `batches` how many a pass has; `padding` the share of padding among the ids read,
and `pass_seconds` the time of a pass after the first, which compiles nothing, on a machine that was busy otherwise.
"""

SEEDS = range(5)
AIDS = ("all", "no warm-up", "no decay", "no clipping", "smoothing", "plain batches")
CASES = [{"norm": "pre", "aids": aids, "passes": 3} for aids in AIDS]
CASES += [{"norm": "pre", "aids": "all", "passes": 8}]
CASES += [{"norm": "post", "aids": aids, "passes": 3} for aids in ("all", "no warm-up")]
CASES += [{"norm": "pre", "aids": "all", "passes": 5}]
FEATURES, HEADS, HIDDEN, BLOCKS, LENGTH, TOKENS, PAIRS, RATE = 64, 4, 160, 2, 160, 1500, 12_000, 0.004


def measure(seed, norm, aids, passes):
    """Train one transformer; give what it gets right."""
    import keras
    import numpy as np

    from seqlib import seq2seq, teacher_forcing
    from seqlib.datasets import number_lists

    data = number_lists.load("fr", pairs=PAIRS, longest=6)
    sizes = (len(data.vocabularies[side]) for side in ("source", "target"))
    model = seq2seq.transformer(*sizes, FEATURES, HEADS, HIDDEN, BLOCKS, length=LENGTH, norm=norm).model
    batches = teacher_forcing.TokenBatches(*data.train[:2], tokens=TOKENS, seed=seed)
    if aids == "plain batches":
        longest, rows = data.train[1].shape[1] - 1, -(-len(data.train[0]) // len(batches))
        every = max(part.shape[1] for part in data.train[:2])  # lengths rounded up to it are the longest of all
        batches = teacher_forcing.TokenBatches(*data.train[:2], tokens=rows * longest, seed=seed, multiple=every)
    model.compile(
        keras.optimizers.Adam(
            rate_of(aids, passes * len(batches)), global_clipnorm=None if aids == "no clipping" else 1.0
        ),
        teacher_forcing.SmoothedCrossentropy(0.1 if aids == "smoothing" else 0.0),
    )
    clock = watch()
    model.fit(batches, epochs=passes, callbacks=[clock], shuffle=False, verbose=0)
    sources, targets = data.test[:2]
    logits = model.predict([sources, targets[:, :-1]], batch_size=250, verbose=0)
    told = targets[:, 1:] != 0
    right = logits.argmax(axis=-1) == targets[:, 1:]
    nats = teacher_forcing.SmoothedCrossentropy(0.0)(targets[:, 1:], logits)
    return {
        "exact": float((right | ~told).all(axis=1).mean()),
        "tokens": float(right[told].mean()),
        "nats": float(keras.ops.convert_to_numpy(nats)),
        "batches": len(batches),
        "padding": float(batches.padding()),
        "pass_seconds": float(np.mean(clock.seconds[1:])),
    }


def rate_of(aids, steps):
    """Give the schedule of the step size."""
    import keras

    if aids == "no warm-up":
        return keras.optimizers.schedules.CosineDecay(RATE, steps)
    warm = steps // 10
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm, alpha=1.0 if aids == "no decay" else 0.0, warmup_target=RATE, warmup_steps=warm
    )


def watch():
    """Give a callback that keeps the seconds of each pass."""
    import time

    import keras

    class Watch(keras.callbacks.Callback):
        seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(time.perf_counter() - self.begun)

    return Watch()
