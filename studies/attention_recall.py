"""Recall at growing distance, and beyond the trained length: attention beside LSTM and GRU. For chapter 8.

The first of `length` symbols must be named after the last one; guessing is right one time in four. In the task `kind`
(`datasets.memory.delayed_recall`) what follows are symbols of another kind, so that the first can be found by what it
is; in `place` they are symbols of the same kind, so that only its place tells it from the others.

LSTM and GRU begin with gates for lags as long as the sequence (chapters 5 and 6). The transformers have one causal
block (norm in front, 4 heads) with sinusoidal, rotary or no positions; the last step answers. Sizes are chosen so that
all have the LSTM's number of weights, within 1 %.

All see at most `STEPS` batches of 16 fresh sequences of one length, by Adam at the rate given, the gradient of each
weight array clipped to a norm of 1, and stop when 100 batches in a row are right on 99 %. `steps` is when that was, NaN
if never. `right` is the share of right answers on 500 fresh sequences of the trained length, `right_2`, `right_4` and
`right_8` on those that are so many times as long. `weight` is the mean weight that the last step gives to the first,
over all heads (NaN for LSTM and GRU), `weight_4` at four times the length; evenly spread it would be 1 / length.
"""

SEEDS = range(5)
KINDS = ("LSTM", "GRU", "sinusoidal", "rotary", "none")
CASES = [
    {"task": task, "length": length, "kind": kind}
    for task, lengths in (("kind", (20, 80, 160)), ("place", (20, 80)))
    for length in lengths
    for kind in KINDS
]
SYMBOLS, STEPS, BATCH, TEST, BEYOND = 4, 600, 16, 500, (2, 4, 8)
RATES = {"LSTM": 0.003, "GRU": 0.01}
UNITS, FEATURES, HIDDEN = {"LSTM": 32, "GRU": 37}, 32, 11


def measure(seed, task, length, kind):
    """Train one network at one length; give what it gets right there and beyond."""
    import keras
    import numpy as np

    random = np.random.default_rng(seed)
    model, looking = network(kind, length)
    model.compile(
        keras.optimizers.Adam(RATES.get(kind, 0.003), clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    steps, streak = float("nan"), 0
    for step in range(1, STEPS + 1):
        _, right = model.train_on_batch(*draw(task, BATCH, length, random))
        model.reset_metrics()
        streak = streak + 1 if right > 0.99 else 0
        if streak == 100:
            steps = float(step)
            break
    row = {"weights": model.count_params(), "steps": steps}
    for times in (1, *BEYOND):
        inputs, targets = draw(task, TEST, times * length, random)
        end = "" if times == 1 else f"_{times}"
        row[f"right{end}"] = float((predict(model, inputs).argmax(axis=-1) == targets).mean())
        if times in (1, 4):
            row[f"weight{end}"] = float("nan") if looking is None else float(predict(looking, inputs[:100]).mean())
    return row


def draw(task, count, length, random):
    """Draw sequences, `(count, length, 2 * SYMBOLS)`, and the symbol that stands first in each."""
    import numpy as np

    from seqlib.datasets import memory

    if task == "kind":
        return memory.delayed_recall(count, length, SYMBOLS, SYMBOLS, seed=random)
    ids = random.integers(SYMBOLS, size=(count, length))
    return np.eye(2 * SYMBOLS, dtype="float32")[ids], ids[:, 0].astype("int32")


def predict(model, inputs):
    """Give what a model says, in batches small enough for the square of the length."""
    size = max(1, min(100, 2_000_000 // inputs.shape[1] ** 2))
    return model.predict(inputs, batch_size=size, verbose=0)


def network(kind, length):
    """Give the model from one-hot sequences to logits, and for a transformer one to the weight of the first step."""
    import keras

    from seqlib.transformer import EncoderBlock, Positions

    inputs = keras.Input((None, 2 * SYMBOLS))
    head = keras.layers.Dense(SYMBOLS)
    if kind in UNITS:
        layer = getattr(keras.layers, kind)(UNITS[kind])
        model = keras.Model(inputs, head(layer(inputs)))
        start_chrono(layer, length)
        return model, None
    vectors = keras.layers.Dense(FEATURES, use_bias=False)(inputs)
    if kind == "sinusoidal":  # room for the longest test
        vectors = Positions(max(BEYOND) * length)(vectors)
    block = EncoderBlock(4, HIDDEN, causal=True, rotary=kind == "rotary")
    outputs, weights = block(vectors)
    last = keras.layers.LayerNormalization()(outputs)[:, -1]
    return keras.Model(inputs, head(last)), keras.Model(inputs, weights[:, :, -1, 0])


def start_chrono(layer, length):
    """Let gates begin for lags up to the length (Tallec and Ollivier, 2018): biases log of 1 to length - 1."""
    import numpy as np

    kernel, recurrent_kernel, bias = layer.get_weights()
    lags = np.log(np.random.default_rng(0).uniform(1, length - 1, layer.units))
    units = layer.units
    if bias.ndim == 1:  # LSTM: input, forget, candidate, output
        bias[:units], bias[units : 2 * units] = -lags, lags
    else:  # GRU: update first; 1 keeps the old state
        bias[0, :units], bias[1, :units] = lags, 0
    layer.set_weights([kernel, recurrent_kernel, bias])
