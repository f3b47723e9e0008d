"""Induction heads: does attention learn to go on as after the earlier copy, and by which heads? For chapter 8.

Sequences of 32 letters out of 16: from 8 to 16 letters drawn at random, then the same letters again, as often as fits.
How many are drawn changes from sequence to sequence, so that no fixed step back finds the earlier copy. Models of one
or two causal blocks, attention alone, with two heads in each and rotary positions, learn to name the next letter:
`STEPS` batches of 32 fresh sequences, a step size that rises for a tenth of them to 0.01 and falls to zero.

On 1,000 fresh sequences: `right_first` and `right_second` are the shares of next letters that are named right within
the first copy, where guessing names one in 16, and from the end of the first copy on, where they are known. The
induction score of a head is the mean weight that it gives, in the second part, to the letter after the earlier copy of
the one that it stands at; `score` is the largest of any head, `score_before` that before training. `previous` is the
largest mean weight that any head of the first block gives to the letter right before.

`without_induction` is `right_second` when the head with the largest induction score is taken out, its rows in the
kernel of the output set to zero; `without_previous` the same for that with the largest weight on the letter before;
`without_other` when another head of the last block is taken out, the one with the smallest induction score.
"""

SEEDS = range(5)
CASES = [{"blocks": blocks} for blocks in (1, 2)]
LETTERS, TIME, SHORTEST, LONGEST, FEATURES, HEADS = 16, 32, 8, 16, 32, 2
STEPS, BATCH, RATE, TEST = 1500, 32, 0.01, 1000


def measure(seed, blocks):
    """Train one model; give what it gets right and which heads it takes."""
    import keras
    import numpy as np

    random = np.random.default_rng(seed)
    letters, _ = draw(BATCH * STEPS, random)
    test, periods = draw(TEST, random)
    model, looking, stack = network(blocks)
    before = max(max(induction_scores(weights, periods)) for weights in looks(looking, test))
    rising = {"warmup_target": RATE, "warmup_steps": STEPS // 10}
    rate = keras.optimizers.schedules.CosineDecay(0.0, STEPS - STEPS // 10, **rising)
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(letters[:, :-1], letters[:, 1:], batch_size=BATCH, epochs=1, verbose=0)
    first, second = right(model, test, periods)
    after = looks(looking, test)
    scores = np.array([induction_scores(weights, periods) for weights in after])  # (blocks, heads)
    previous = [float(np.diagonal(after[0][:, head], -1, 1, 2).mean()) for head in range(HEADS)]
    found = np.unravel_index(scores.argmax(), scores.shape)
    outs = {
        "induction": found,
        "previous": (0, int(np.argmax(previous))),
        "other": (blocks - 1, int(scores[-1].argmin())),
    }
    return {
        "weights": model.count_params(),
        "right_first": first,
        "right_second": second,
        "score": float(scores.max()),
        "score_before": before,
        "previous": max(previous),
        **{f"without_{name}": right_without(model, stack, place, test, periods) for name, place in outs.items()},
    }


def draw(count, random):
    """Draw sequences `(count, TIME)`, and after how many letters each begins again."""
    import numpy as np

    periods = random.integers(SHORTEST, LONGEST + 1, count)
    letters = random.integers(LETTERS, size=(count, LONGEST))
    places = np.arange(TIME) % periods[:, None]
    return np.take_along_axis(letters, places, axis=1).astype("int32"), periods


def network(blocks):
    """Give the model from ids to logits, one to the weights of each block, and the blocks."""
    import keras

    from seqlib.transformer import EncoderBlock

    ids = keras.Input((None,), dtype="int32")
    vectors, weights = keras.layers.Embedding(LETTERS, FEATURES)(ids), []
    stack = [EncoderBlock(HEADS, None, causal=True, rotary=True) for _ in range(blocks)]
    for block in stack:
        vectors, given = block(vectors)
        weights.append(given)
    logits = keras.layers.Dense(LETTERS)(keras.layers.LayerNormalization()(vectors))
    return keras.Model(ids, logits), keras.Model(ids, weights), stack


def looks(looking, letters):
    """Give the weights of each block, `(sequences, heads, time, time)`, on the first 500 sequences."""
    weights = looking.predict(letters[:500, :-1], batch_size=250, verbose=0)
    return weights if isinstance(weights, list) else [weights]


def induction_scores(weights, periods):
    """Give for each head the mean weight on the letter after the earlier copy, in the second part."""
    import numpy as np

    at = np.arange(weights.shape[2])
    period = periods[: len(weights), None]
    after_copy = np.broadcast_to(at - period + 1, (len(weights), len(at)))
    second = at >= period
    places = np.maximum(after_copy, 0)[:, None, :, None]
    given = np.take_along_axis(weights, np.broadcast_to(places, (*weights.shape[:3], 1)), axis=-1)[..., 0]
    return [float(given[:, head][second].mean()) for head in range(weights.shape[1])]


def right(model, letters, periods):
    """Give the shares of right next letters within the first copy and from its end on."""
    import numpy as np

    named = model.predict(letters[:, :-1], batch_size=250, verbose=0).argmax(axis=-1) == letters[:, 1:]
    second = np.arange(TIME - 1) >= periods[:, None]
    return float(named[~second].mean()), float(named[second].mean())


def right_without(model, stack, place, letters, periods):
    """Give the share of right letters in the second part with one head, `(block, head)`, taken out for the time."""
    block, head = place
    layer = stack[block].attention
    kept = layer.get_weights()
    index = next(i for i, weight in enumerate(layer.weights) if weight is layer.output_kernel)
    kernel = kept[index].copy()
    kernel[head * layer.head_size : (head + 1) * layer.head_size] = 0
    layer.output_kernel.assign(kernel)
    share = right(model, letters, periods)[1]
    layer.output_kernel.assign(kept[index])
    return share
