"""Does clipping save a training that explodes? For chapter 4.

A network of 64 rectified units that starts from the identity matrix, as Le and others (2015) do, reads eleven random
letters and is asked at the end which one stood first. It is trained by plain gradient descent with four step sizes:
with no clipping, with all gradients together clipped to a norm of 1, and with each entry clipped to 0.01. Measured:
the share of right answers, and the loss.
"""

SEEDS = range(5)
CASES = [{"clipping": name} for name in ("none", "norm", "value")]
RATES = (0.01, 0.03, 0.1, 0.3)
LETTERS, UNITS, LAG, BATCH, STEPS = 8, 64, 10, 64, 500


def measure(seed, clipping):
    """Train with each step size; give a row for each."""
    return [{"rate": rate, **train(seed, clipping, rate)} for rate in RATES]


def train(seed, clipping, rate):
    """Train one network; give its loss and its share of right answers."""
    import keras
    import numpy as np

    options = {"none": {}, "norm": {"global_clipnorm": 1.0}, "value": {"clipvalue": 0.01}}[clipping]
    letters = np.random.default_rng(seed).integers(LETTERS, size=(BATCH * STEPS + 2000, LAG + 1))
    inputs, answers = np.eye(LETTERS, dtype="float32")[letters], letters[:, 0]
    network = keras.layers.SimpleRNN(UNITS, activation="relu", recurrent_initializer="identity")
    model = keras.Sequential([keras.Input((LAG + 1, LETTERS)), network, keras.layers.Dense(LETTERS)])
    model.compile(
        keras.optimizers.SGD(rate, **options),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(inputs[2000:], answers[2000:], batch_size=BATCH, epochs=1, verbose=0)
    loss, right = model.evaluate(inputs[:2000], answers[:2000], verbose=0)
    return {"right": right, "loss": loss}
