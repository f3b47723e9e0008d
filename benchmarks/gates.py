"""Time a step of training of Keras' plain, GRU and LSTM layers and weigh the memory that it takes, by backend.

    python benchmarks/gates.py [backend ...]     (some three minutes a backend; leave the machine alone meanwhile)

Without a backend: all that this environment has. TensorFlow is in .venv, JAX and PyTorch are in .venv-backends (`make
test-backends` makes it): run it in both, on the same machine, and the lines of the other backends are kept.

Twice, the layers have equally many units, and as many weights as the LSTM, as nearly as can be. The layers take turns,
so that none has a quiet machine for itself, and a turn's ratio is that of two steps side by side. The memory is what a
process of its own has grown by at the most, from before its layer is built to after ten steps: the batch, the weights
and Adam's moments, what is kept for the way back, and what compiling takes. The table goes into benchmarks/gates.md.
"""

import os
import platform
import sys
import time
from importlib.metadata import version
from statistics import median

import backends

LAYERS = {"SimpleRNN": (1, 1), "GRU": (3, 2), "LSTM": (4, 1)}  # parts side by side, and biases of each
BATCH, TIME, FEATURES, UNITS = 32, 200, 128, 128  # the units are the LSTM's
TURNS, STEPS = 30, 10


def weights(layer, units):
    """Count a layer's weights as Keras makes them."""
    parts, biases = LAYERS[layer]
    return parts * units * (FEATURES + units + biases)


def multiply_adds(layer, units):
    """Count the multiply-adds of a time step of one sequence, on the way forward: one a weight but the biases."""
    return LAYERS[layer][0] * units * (FEATURES + units)


def sizes():
    """Give the two comparisons: a dictionary from name to the units of each layer."""
    aim = weights("LSTM", UNITS)
    equal = {
        layer: min(range(UNITS, 4 * UNITS), key=lambda units: abs(weights(layer, units) - aim)) for layer in LAYERS
    }
    return {"units": dict.fromkeys(LAYERS, UNITS), "weights": equal}


def trainer(layer, units):
    """Give a function that trains a model of one layer on one batch."""
    import keras
    import numpy as np

    random = np.random.default_rng(0)
    inputs = random.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
    targets = random.normal(size=(BATCH, 1)).astype("float32")
    read = getattr(keras.layers, layer)(units)
    model = keras.Sequential([keras.Input((TIME, FEATURES)), read, keras.layers.Dense(1)])
    model.compile("adam", "mse")  # compiled as Keras does by default on this backend

    def step():
        return float(model.train_on_batch(inputs, targets))  # a number: so the step is over

    return step


def time_layers(units, turns=TURNS):
    """Time the layers in turns; give each one's seconds, `turns` of them."""
    steps = {layer: trainer(layer, number) for layer, number in units.items()}
    for step in steps.values():
        for _ in range(3):
            step()  # compiles
    seconds = {layer: [] for layer in steps}
    for _ in range(turns):
        for layer, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[layer].append(time.perf_counter() - start)
    return seconds


def weigh_layer(layer, units):
    """Give the bytes by which this process has grown at the most, in which nothing else may have been trained."""
    import resource  # not on Windows

    import keras

    keras.ops.convert_to_numpy(keras.ops.matmul(keras.ops.ones((64, 64)), keras.ops.ones((64, 64))))
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = trainer(layer, units)
    for _ in range(STEPS):
        step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit


def measure(backend, turns):
    """Give the lines of the table for one backend."""
    lines = []
    for name, units in sizes().items():
        seconds = backends.ask(__file__, backend, "time", units, turns)
        for layer, number in units.items():
            ratios = sorted(a / b for a, b in zip(seconds[layer], seconds["SimpleRNN"], strict=True))
            spread = f"{median(ratios):.1f} ({ratios[len(ratios) // 10]:.1f} to {ratios[-1 - len(ratios) // 10]:.1f})"
            counted = multiply_adds(layer, number) / multiply_adds("SimpleRNN", units["SimpleRNN"])
            memory = backends.ask(__file__, backend, "weigh", layer, number) / 2**20
            cells = [
                f"{backend} {version(backend)}",
                f"equal {name}",
                layer,
                f"{number}",
                f"{weights(layer, number):,}",
            ]
            cells += [f"{counted:.1f}", spread, f"{1000 * median(seconds[layer]):.0f}", f"{memory:.0f}"]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def head():
    """Give what stands above the lines of the backends."""
    return [
        "# Gated layers: time and memory of a step",
        "",
        f"Made by `python benchmarks/gates.py`: a step of training, batch {BATCH}, {TIME} steps, {FEATURES} features,",
        f"compiled as Keras {version('keras')} does by default. Multiply-adds and times are ratios to SimpleRNN: the",
        f"median of {TURNS} turns (eight in ten lie between). Then the median in ms, and the MiB that the process grew",
        f"by. {platform.machine()}, {os.cpu_count()} cores, no GPU; Python {platform.python_version()}.",
        "",
        "| Backend | Compared at | Layer | Units | Weights | Multiply-adds | Time | ms | MiB |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|",
    ]


if __name__ == "__main__":
    backends.main(__file__, measure, {"time": time_layers, "weigh": weigh_layer}, head, TURNS)
