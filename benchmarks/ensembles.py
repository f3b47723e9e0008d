"""Time ten small networks trained at once, beside the same networks trained one after the other by plain Keras.

    python benchmarks/ensembles.py          (some five minutes; leave the machine alone meanwhile)

Both sides train on delayed recall for the same number of batches, and both times include building and compiling, as
whoever runs them has to wait for that too. The two sides take turns. The table goes into benchmarks/ensembles.md.
"""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from seqlib import ensembles
from seqlib.datasets import memory

RESULTS = Path(__file__).with_suffix(".md")
NETWORKS, SEPARATE, TURNS = 10, 3, 3
STEPS, BATCH, UNITS, LENGTH = 500, 16, 32, 20
LAYERS = {"simple": keras.layers.SimpleRNN, "GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}


def at_once(cell):
    """Train an ensemble; give the seconds for each of its networks."""
    random = np.random.default_rng(0)
    start = time.perf_counter()
    ensembles.learn(
        [ensembles.Recurrence(cell=cell)] * NETWORKS,
        lambda count: memory.delayed_recall(count, LENGTH, seed=random),
        outputs=4,
        mark=1.1,  # out of reach: every step is taken
        steps=STEPS,
        units=UNITS,
        batch=BATCH,
    )
    return (time.perf_counter() - start) / NETWORKS


def one_by_one(cell):
    """Train a few networks as a user of Keras would; give the seconds for each."""
    start = time.perf_counter()
    for seed in range(SEPARATE):
        inputs, targets = memory.delayed_recall(STEPS * BATCH, LENGTH, seed=seed)
        model = keras.Sequential([keras.Input(inputs.shape[1:]), LAYERS[cell](UNITS), keras.layers.Dense(4)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
        model.fit(inputs, targets, batch_size=BATCH, verbose=0)
    return (time.perf_counter() - start) / SEPARATE


def main():
    """Time every cell in turns and write the table."""
    lines = [
        "# Ten networks at once",
        "",
        f"Made by `python benchmarks/ensembles.py`: delayed recall over {LENGTH} steps, {UNITS} units, {STEPS} batches",
        f"of {BATCH}; seconds a network, building and compiling included, median of {TURNS} turns (least to most).",
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU; Keras {version('keras')} on {keras.backend.backend()}.",
        "",
        f"| Cell | {NETWORKS} at once | one by one, `fit` | ratio |",
        "|---|---:|---:|---:|",
    ]
    for cell in LAYERS:
        times = np.array([(at_once(cell), one_by_one(cell)) for _ in range(TURNS)])
        (together, apart), low, high = np.median(times, axis=0), times.min(axis=0), times.max(axis=0)
        spread = [f"({least:.2f} to {most:.2f})" for least, most in zip(low, high, strict=True)]
        ratio = apart / together
        lines.append(f"| {cell} | {together:.2f} {spread[0]} | {apart:.2f} {spread[1]} | {ratio:.1f} |")
    lines.append("")
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
