"""Measure one case of a study under one seed; run_studies.py starts this, a process for each.

    python tools/measure_study.py studies/NAME.py [CASE SEED]

The last line of the output is JSON: the rows, and the seconds that they took. Without case and seed: which there are,
and what is measured with. What the study prints goes to the error stream.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import platform
import sys
import time
from pathlib import Path


def main(script, case=None, seed=0):
    """Print the answer for a case, named by its place in the list, and a seed."""
    started = time.perf_counter()
    import seqlib

    with contextlib.redirect_stdout(sys.stderr):
        seqlib.start(seed=int(seed))
        study = load(script)
        cases = getattr(study, "CASES", [{}])
        if case is None:
            answer = {"seeds": list(study.SEEDS), "cases": cases, "made_with": made_with()}
        else:
            answer = {"rows": rows(study.measure, cases[int(case)], int(seed))}
            answer["seconds"] = time.perf_counter() - started
    # NumPy's numbers are no JSON.
    print(json.dumps(answer, default=lambda number: number.item()))


def load(script):
    """Give a study's module."""
    spec = importlib.util.spec_from_file_location(script.stem, script)
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    return study


def rows(measure, case, seed):
    """Measure; give a list of rows, each with the columns of the case, the seed, and what was measured.

    Raises:
        ValueError: where what was measured is neither a row nor a list of rows with the same, new columns.
    """
    measured = measure(seed, **case)
    measured = [measured] if isinstance(measured, dict) else measured
    if not isinstance(measured, list) or not measured or not all(isinstance(row, dict) for row in measured):
        raise ValueError(f"measure: expected a dictionary or a list of dictionaries, got {measured!r}")
    taken, columns = {**case, "seed": seed}, list(measured[0])
    if taken.keys() & columns or any(list(row) != columns for row in measured):
        raise ValueError(f"measure: expected the same columns in every row, none of {', '.join(taken)}; got {measured}")
    return [taken | row for row in measured]


def made_with():
    """Say on what kind of machine and with what versions this process computes."""
    import keras
    import numpy

    from seqlib import runtime

    backend = keras.backend.backend()
    device = runtime._prepare_device(backend)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {'no GPU' if device.startswith('CPU') else device}",
        "Python": platform.python_version(),
        "NumPy": numpy.__version__,
        "Keras": keras.__version__,
        "backend": f"{backend} {importlib.import_module(backend).__version__}",
    }


if __name__ == "__main__":
    script = Path(sys.argv[1]).resolve()
    # The seqlib beside the script, whose code is hashed, and no other that may be installed.
    sys.path.insert(0, str(script.parent.parent))
    main(script, *sys.argv[2:])
