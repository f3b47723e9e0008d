"""Time one more token of three language models: a GRU, a transformer with its cache, and one that reads all again.

    python benchmarks/decoding.py [backend ...]     (some minutes a backend; leave the machine alone meanwhile)

Without a backend: all that this environment has, as for benchmarks/gates.py.

All three write with `seqlib.decoding.sample`, a compiled step for each token. Reading again is what one writes who has
a trained model and nothing else: the text so far, filled up to the longest that it may become so that there is one
shape to compile, goes through the whole model for each new token. The GRU has as many weights as the transformer within
1 %. The three take turns, and a turn's ratio is that of times side by side; weights are as drawn, since what is written
does not matter. The table goes into benchmarks/decoding.md.
"""

import os
import platform
import time
from importlib.metadata import version
from statistics import median

import backends

VOCABULARY, FEATURES, HEADS, HIDDEN, BLOCKS, UNITS = 100, 128, 4, 512, 2, 326
LENGTHS, BATCHES = (32, 128, 512, 1024), (1, 16)
TURNS, TOKENS = 7, 10


def writers(length, batch):
    """Give for each way a function that writes ten tokens, of a text that may become `length` tokens long."""
    import numpy as np
    from keras import layers, ops

    from seqlib import decoding, models, runtime, seq2seq

    recurrent, stepped = models.language_model(VOCABULARY, UNITS, layer=layers.GRU)
    model, cached, _ = seq2seq.decoder_only(VOCABULARY, FEATURES, HEADS, HIDDEN, BLOCKS, length)
    read = runtime.compile_step(model)
    prompt = np.ones((batch, 1), dtype="int32")

    def again(tokens, state):
        ids, count = (np.zeros((batch, length), dtype="int32"), 0) if state is None else state
        ids[:, count] = tokens
        return read(ops.convert_to_tensor(ids))[:, count], (ids, count + 1)

    steps = {"GRU": decoding.stepper(stepped), "cache": decoding.stepper(cached), "again": again}
    if abs(recurrent.count_params() / model.count_params() - 1) > 0.01:
        raise ValueError(f"UNITS: expected as many weights within 1 % as {model.count_params():,}, got {UNITS}")
    return {
        name: lambda step=step: decoding.sample(step, prompt, TOKENS, temperature=0) for name, step in steps.items()
    }


def time_writers(length, batch, turns=TURNS):
    """Time the writers in turns; give the seconds for a token of each, `turns` of them."""
    made = writers(length, batch)
    for write in made.values():
        write()  # compiles
    seconds = {name: [] for name in made}
    for _ in range(turns):
        for name, write in made.items():
            start = time.perf_counter()
            write()
            seconds[name].append((time.perf_counter() - start) / TOKENS)
    return seconds


def ratio(above, below):
    """Give the median of the ratios of two lists of times, and between what eight in ten lie."""
    ratios = sorted(a / b for a, b in zip(above, below, strict=True))
    return f"{median(ratios):.1f} ({ratios[len(ratios) // 10]:.1f} to {ratios[-1 - len(ratios) // 10]:.1f})"


def measure(backend, turns):
    """Give the lines of the table for one backend."""
    lines = []
    for batch in BATCHES:
        for length in LENGTHS:
            seconds = backends.ask(__file__, backend, "time", length, batch, turns)
            cells = [f"{backend} {version(backend)}", f"{batch}", f"{length:,}"]
            cells += [f"{1000 * median(times):.2f}" for times in seconds.values()]
            cells += [ratio(seconds["again"], seconds["cache"]), ratio(seconds["cache"], seconds["GRU"])]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def head():
    """Give what stands above the lines of the backends."""
    return [
        "# One more token: state, cache, or reading all again",
        "",
        f"Made by `python benchmarks/decoding.py`: ms for each of {TOKENS} tokens that a language model writes, the",
        f"median of {TURNS} turns, then ratios within a turn (eight in ten lie between). A GRU of {UNITS} units, and a",
        f"transformer of {BLOCKS} blocks, {FEATURES} features, {HEADS} heads, {HIDDEN} in the feed-forward parts; room",
        f"for as many tokens as the third column says. Keras {version('keras')}; {platform.machine()},",
        f"{os.cpu_count()} cores, no GPU; Python {platform.python_version()}.",
        "",
        "| Backend | Batch | Room | GRU | Cache | Again | Again to cache | Cache to GRU |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]


if __name__ == "__main__":
    backends.main(__file__, measure, {"time": time_writers}, head, TURNS)
