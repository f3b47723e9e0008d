"""Who may import whom inside seqlib, and who may name a backend or draw: imports go one way only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "seqlib"

# Each module with the modules of seqlib that it may import. A new module needs a row.
MAY_IMPORT = {
    "__init__": {"runtime"},
    "runtime": set(),
    "text": set(),
    "reference": set(),
    "baselines": set(),
    "gradients": set(),
    "datasets": {"text"},
    "cells": set(),
    "attention": set(),
    "transformer": {"attention"},
    "models": {"cells", "attention", "transformer"},
    "training": {"runtime"},
    "teacher_forcing": {"training"},
    "decoding": {"runtime"},
    "seq2seq": {"attention", "transformer"},
    "search": {"runtime"},
    "metrics": set(),
    "probes": set(),
    "ensembles": set(),
    "evidence": set(),
    "plots": {"evidence"},
    "diagrams": {"evidence", "plots"},
    "widgets": {"evidence", "plots"},
    "gallery": {"baselines", "datasets", "plots"},
    "review": {"reference", "gradients"},
    "exercises": {"reference", "gradients"},
}
# What only these modules may name.
ONLY = {
    "tensorflow": {"runtime", "gradients"},
    "tf": {"runtime", "gradients"},
    "jax": {"runtime", "gradients"},
    "torch": {"runtime", "gradients"},
    "matplotlib": {"plots", "diagrams", "widgets", "gallery"},
    "ipywidgets": {"plots", "diagrams", "widgets"},
    "pooch": {"datasets"},
    "sacrebleu": {"metrics"},
}
NUMPY_ONLY = {"reference", "text", "baselines"}
NO_KERAS = {"datasets", "probes", "evidence"}


def problems(module, source):
    """List what a module of seqlib, named by its first part, imports or names that it may not."""
    if module not in MAY_IMPORT:
        return [f"{module}: expected a row in tests/test_layering.py"]
    tree = ast.parse(source)
    imported = {name for node in ast.walk(tree) for name in _imported(node)}
    inside = {name.split(".")[1] for name in imported if name.startswith("seqlib.")}
    outside = {name.split(".")[0] for name in imported} - {"seqlib", *sys.stdlib_module_names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | outside
    wrong = inside - {module} - MAY_IMPORT[module]
    wrong |= {name for name in used & ONLY.keys() if module not in ONLY[name]}
    wrong |= outside - {"numpy"} if module in NUMPY_ONLY else set()
    wrong |= outside & {"keras"} if module in NO_KERAS else set()
    return [f"{module}: may not use {name}" for name in sorted(wrong)]


def _imported(node):
    """Give the full names that an import statement may load; other nodes give none."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level:
        return ["seqlib.a relative import"]
    if isinstance(node, ast.ImportFrom) and node.module == "seqlib":
        return [f"seqlib.{alias.name}" for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def test_imports_go_one_way():
    files = sorted(PACKAGE.rglob("*.py"))
    assert files
    parts = [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path.read_text("utf-8")) for path in files]
    assert [problem for module, source in parts for problem in problems(module, source)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("unlisted", ""),
        ("cells", "from seqlib import training"),
        ("cells", "def later():\n    import seqlib.training"),
        ("cells", "from seqlib.training import fit"),
        ("cells", "from . import training"),
        ("plots", "from seqlib import diagrams"),
        ("training", "import tensorflow as tf"),
        ("training", "def step():\n    from jax import numpy"),
        ("decoding", "state = torch.zeros(3)"),
        ("training", "import matplotlib.pyplot"),
        ("reference", "import keras"),
        ("text", "import scipy.signal"),
        ("datasets", "from keras import ops"),
    ],
)
def test_a_wrong_import_is_found(module, source):
    assert len(problems(module, source)) == 1


def test_import_of_the_package_loads_nothing_heavy():
    heavy = ["keras", "tensorflow", "jax", "torch", "matplotlib", "ipywidgets", "seqlib.datasets", "seqlib.plots"]
    code = f"import sys, seqlib; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
