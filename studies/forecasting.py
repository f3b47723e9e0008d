"""How well small networks forecast the length of the day. For chapter 6, which puts a linear model beside them.

Each reads 364 days, a week at a step (the feed-forward ones all at once), and answers with the 28 days after them
(`datasets.earth_rotation`). The GRU has 32 units; the others have as many as bring their number of weights within 3 %
of its, but for the wide feed-forward network. All train on every second window of the training years, 15 times, with a
step size that falls to zero from `rate`: of three or more that were tried under seed 100, the one with the least error
in the validation years. What is forecast are the changes against the last day that was read, in units of the training
years' spread.

`validation` and `test` are mean absolute errors over all windows of those years and all 28 days, in milliseconds;
`day_1` to `day_28` are those of the test years by the day ahead.
"""

SEEDS = range(6)
CASES = [
    {"kind": "SimpleRNN", "units": 54, "rate": 0.002},
    {"kind": "GRU", "units": 32, "rate": 0.01},
    {"kind": "LSTM", "units": 28, "rate": 0.01},
    {"kind": "feed-forward", "units": 12, "rate": 0.01},
    {"kind": "feed-forward, wide", "units": 64, "rate": 0.005},
]
READ, AHEAD, PASSES, BATCH, STRIDE = 364, 28, 15, 32, 2
DAYS = (1, 7, 14, 28)


def measure(seed, kind, units, rate):
    """Train one network; give its errors."""
    import keras
    import numpy as np

    from seqlib.datasets import earth_rotation

    earth = earth_rotation.load(READ, AHEAD)
    spread = earth.train[0].std()

    def prepared(part, stride=1):
        inputs, targets, _ = part
        last = inputs[::stride, -1:]
        return ((inputs[::stride] - last) / spread).reshape(-1, READ // 7, 7), (targets[::stride] - last) / spread

    weeks, after = prepared(earth.train, STRIDE)
    falling = keras.optimizers.schedules.CosineDecay(rate, PASSES * -(-len(weeks) // BATCH))
    model = network(kind, units)
    model.compile(keras.optimizers.Adam(falling, global_clipnorm=1.0), "mae")
    model.fit(weeks, after, batch_size=BATCH, epochs=PASSES, verbose=0)
    errors = {}
    for name, part in (("validation", earth.validation), ("test", earth.test)):
        weeks, after = prepared(part)
        errors[name] = np.abs(model.predict(weeks, batch_size=512, verbose=0) - after).mean(axis=0) * spread
    by_day = {f"day_{day}": float(errors["test"][day - 1]) for day in DAYS}
    return {"weights": model.count_params()} | {name: float(e.mean()) for name, e in errors.items()} | by_day


def network(kind, units):
    """Give an untrained network: weeks, `(batch, 52, 7)`, to days, `(batch, 28)`."""
    import keras
    from keras import layers

    if kind.startswith("feed-forward"):
        read = [layers.Flatten(), layers.Dense(units, activation="relu")]
    else:
        read = [getattr(layers, kind)(units)]
    return keras.Sequential([keras.Input((READ // 7, 7)), *read, layers.Dense(AHEAD)])
