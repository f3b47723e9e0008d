"""How many bits a character costs the language model of chapter 2, over seeds, beside n-gram counts.

    python studies/character_model.py

Trains the model of notebooks/02_recurrent_networks.ipynb under five seeds, scores it on the whole held-out
text with its state carried, and stores a row a seed in seqlib/evidence/character_model.csv.
"""

import csv
import hashlib
import os
import platform
import time
from pathlib import Path

import seqlib

SEEDS = range(5)
UNITS, WINDOW, BATCH, EPOCHS, LEARNING_RATE = 256, 100, 64, 12, 4e-3
RESULT = Path(seqlib.__file__).parent / "evidence" / "character_model.csv"


def main():
    """Measure under every seed and store the result."""
    started = time.perf_counter()
    rows = [measure(seed) for seed in SEEDS]
    write(rows, time.perf_counter() - started)


def measure(seed):
    """Train and score under one seed; give a row of the result."""
    seqlib.start(seed=seed)
    import numpy as np

    from seqlib import baselines, decoding, models, training
    from seqlib.datasets import python_docs

    documentation = python_docs.load()
    train, validation, test = documentation.train, documentation.validation, documentation.test
    size = len(documentation.vocabularies["characters"])
    model, stateful = models.language_model(size, UNITS)
    inputs, targets = training.windows(train, WINDOW)
    history = training.fit(model, inputs, targets, epochs=EPOCHS, batch_size=BATCH, learning_rate=LEARNING_RATE)
    bits = decoding.score(stateful, test, context=validation[-1000:]).mean()
    before = np.concatenate([train, validation])
    ngrams = {n: baselines.NGram(n, size).fit(train, validation).bits(test, before).mean() for n in range(1, 7)}
    print(f"seed {seed}: {bits:.3f} bits")
    row = {"seed": seed, "recurrent": f"{bits:.4f}", "seconds": f"{history.seconds[-1]:.0f}"}
    return row | {f"order_{n}": f"{cost:.4f}" for n, cost in ngrams.items()}


def write(rows, seconds):
    """Store the rows below a heading that says how they came about."""
    import keras
    import tensorflow

    code = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    heading = (
        f"# study: {Path(__file__).stem}, code {code}, {len(rows)} seeds, {seconds:.0f} s in all\n"
        f"# Python {platform.python_version()}, Keras {keras.__version__}, TensorFlow {tensorflow.__version__}\n"
        f"# machine: {platform.machine()}, {os.cpu_count()} cores, no GPU; the text is that of this Python\n"
    )
    half = RESULT.with_suffix(".partial")
    with half.open("w", newline="") as file:
        file.write(heading)
        writer = csv.DictWriter(file, fieldnames=rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    half.replace(RESULT)


if __name__ == "__main__":
    main()
