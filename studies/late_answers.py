"""What does training do when the answer comes late? The stalling updates of chapter 4.

A plain network of 64 units reads `lag + 1` random letters and is asked at the end which one stood first. It is trained
by plain gradient descent, with two step sizes, and by Adam. Measured before and after: the gradient for the input
weights as it comes from the last letter (near) and from the first one (far), alone; how far training moved the
recurrent weights, as a share of their size; and the share of right answers.
"""

SEEDS = range(5)
CASES = [{"optimizer": name, "rate": rate} for name, rate in (("SGD", 0.3), ("SGD", 0.03), ("Adam", 1e-3))]
LAGS = (5, 15, 60)
LETTERS, UNITS, BATCH, STEPS = 8, 64, 64, 400


def measure(seed, optimizer, rate):
    """Train at each lag; give a row for each."""
    return [{"lag": lag, **train(seed, optimizer, rate, lag)} for lag in LAGS]


def train(seed, optimizer, rate, lag):
    """Train one network at one lag; give what was measured."""
    import keras
    import numpy as np

    random = np.random.default_rng(seed)
    letters = random.integers(LETTERS, size=(BATCH * STEPS + 2000, lag + 1))
    inputs, answers = np.eye(LETTERS, dtype="float32")[letters], letters[:, 0]
    learn, test = slice(2000, None), slice(0, 2000)
    network = keras.layers.SimpleRNN(UNITS)
    model = keras.Sequential([keras.Input((lag + 1, LETTERS)), network, keras.layers.Dense(LETTERS)])
    model.compile(
        getattr(keras.optimizers, optimizer)(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    start = network.get_weights()[1]
    before = by_step(model, inputs[test], answers[test])
    model.fit(inputs[learn], answers[learn], batch_size=BATCH, epochs=1, verbose=0)
    after = by_step(model, inputs[test], answers[test])
    _, right = model.evaluate(inputs[test], answers[test], verbose=0)
    moved = np.linalg.norm(network.get_weights()[1] - start) / np.linalg.norm(start)
    gradients = {"near_before": before[-1], "far_before": before[0], "near_after": after[-1], "far_after": after[0]}
    return {"right": right, "moved": moved, **gradients}


def by_step(model, inputs, answers):
    """Give the norm of each step's share in the gradient for the input weights, `(time,)`."""
    import numpy as np

    kernel, recurrent_kernel, bias, head, head_bias = model.get_weights()
    states = [np.zeros((len(inputs), UNITS))]
    for step in range(inputs.shape[1]):
        states.append(np.tanh(inputs[:, step] @ kernel + states[-1] @ recurrent_kernel + bias))
    scores = states[-1] @ head + head_bias
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    delta = (probabilities - np.eye(LETTERS)[answers]) @ head.T / len(inputs)
    norms = []
    for step in reversed(range(inputs.shape[1])):
        through_tanh = delta * (1 - states[step + 1] ** 2)
        norms.append(np.linalg.norm(inputs[:, step].T @ through_tanh))
        delta = through_tanh @ recurrent_kernel.T
    return np.array(norms[::-1])
