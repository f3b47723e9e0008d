"""Questions that ask for two letters, or four: one head against several, at equal numbers of weights. For chapter 8.

Sequences of 12 random letters out of 16. At every step a network names the letters that stand some steps back, two of
them (one and three steps) or four (one, three, five and seven). It has one layer of self-attention with a causal mask,
over letters with learned positions, and a linear answer for each of the letters asked for. With `hidden` above 0 a
feed-forward part stands in between, which can read several letters out of one average when their weights differ. One
head of 32 features, two of 16 or four of 8: the attention has 4,096 weights in each case.

All see `STEPS` batches of 64 fresh sequences, with a step size that falls from 0.005 to zero. On 2,000 held-out
sequences, `right_1`, `right_3`, ... are the shares of right letters so many steps back, NaN where they are not asked
for, and `all` where all are right; guessing names one letter in 16. `weight_1`, ... are the largest mean weight that
any head gives to the step so far back.
"""

SEEDS = range(5)
CASES = [
    {"asked": asked, "hidden": hidden, "heads": heads}
    for asked in (2, 4)
    for hidden in (0, 64)
    for heads in ((1, 2, 4) if asked == 2 else (1, 4))
]
BACK = {2: (1, 3), 4: (1, 3, 5, 7)}
LETTERS, TIME, FEATURES, STEPS, BATCH, RATE = 16, 12, 32, 1200, 64, 0.005


def measure(seed, asked, hidden, heads):
    """Train one network; give what it gets right."""
    import keras
    import numpy as np

    random = np.random.default_rng(seed)
    letters = random.integers(LETTERS, size=(BATCH * STEPS + 2000, TIME)).astype("int32")
    learn, test = letters[2000:], letters[:2000]
    model, looking = network(asked, hidden, heads)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, STEPS)),
        [keras.losses.SparseCategoricalCrossentropy(from_logits=True)] * asked,
    )
    model.fit(learn, answers(learn, asked), batch_size=BATCH, epochs=1, verbose=0)
    logits = model.predict(test, batch_size=500, verbose=0)
    right = [one.argmax(axis=-1) == answer for one, answer in zip(logits, answers(test, asked), strict=True)]
    weights = looking.predict(test[:500], batch_size=500, verbose=0).mean(axis=0)  # (heads, time, time)
    steps = np.arange(max(BACK[asked]), TIME)
    row = {"all": float(np.all(right, axis=0).mean()), "weights": model.count_params()}
    for back in BACK[4]:
        given = back in BACK[asked]
        row[f"right_{back}"] = float(right[BACK[asked].index(back)].mean()) if given else np.nan
        row[f"weight_{back}"] = float(weights[:, steps, steps - back].mean(axis=1).max()) if given else np.nan
    return row


def answers(letters, asked):
    """Give the letters asked for, a list of `(rows, steps)`, from the first step that has all of them."""
    most = max(BACK[asked])
    return [letters[:, most - back : letters.shape[1] - back] for back in BACK[asked]]


def network(asked, hidden, heads):
    """Give the model from ids to the logits of each answer, and one from ids to the weights of attention."""
    import keras

    from seqlib.transformer import Positions, SelfAttention

    ids = keras.Input((TIME,), dtype="int32")
    vectors = Positions(TIME, learned=True)(keras.layers.Embedding(LETTERS, FEATURES)(ids))
    context, weights = SelfAttention(heads, FEATURES // heads, causal=True)(vectors)
    if hidden:
        context = context + keras.layers.Dense(FEATURES)(keras.layers.Dense(hidden, "relu")(context))
    context = context[:, max(BACK[asked]) :]
    logits = [keras.layers.Dense(LETTERS)(context) for _ in range(asked)]
    return keras.Model(ids, logits), keras.Model(ids, weights)
