"""What the benchmarks share that compare backends: a process for each, and one table that keeps the others' lines."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def ask(script, backend, *order):
    """Run a benchmark's script in a process of its own, on a backend; give what it measured."""
    variables = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, script, "--order", json.dumps(order)]
    run = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def write(results, head, lines, measured):
    """Write the table: these lines, and those of other backends where the same machine and versions made them."""
    there = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    others = tuple(f"| {name} " for name in BACKENDS if name not in measured)
    kept = [line for line in there if line.startswith(others)] if there[: len(head)] == head else []
    lines = sorted(kept + lines, key=lambda line: BACKENDS.index(line.split()[1]))
    results.write_text("\n".join([*head, *lines, ""]), encoding="utf-8")


def main(script, measure, orders, head, turns):
    """Measure the backends that the command line names and write the table, or carry out one order of it.

    Args:
        script: the benchmark's `__file__`; the table stands beside it, with the ending `.md`.
        measure: function from a backend and a number of turns to lines of the table.
        orders: functions by name, for `ask`.
        head: function that gives the lines above those of the backends.
        turns: how many make the table.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "backends", nargs="*", help="tensorflow, jax, torch; all that are installed where none is named"
    )
    parser.add_argument("--turns", type=int, default=turns, help="fewer for a try: the table is not written then")
    parser.add_argument("--order", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.order:
        what, *rest = json.loads(arguments.order)
        print(json.dumps(orders[what](*rest)))
        return
    measured = arguments.backends or [name for name in BACKENDS if importlib.util.find_spec(name)]
    lines = [line for backend in measured for line in measure(backend, arguments.turns)]
    if arguments.turns == turns:
        write(Path(script).with_suffix(".md"), head(), lines, measured)
