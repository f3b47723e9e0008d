"""What every test starts from: a quiet backend, full products, the same seeds, and a fair share of the machine."""

import importlib
import importlib.util
import os
import sys

import pytest

import one_thread

one_thread.in_workers()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# PyTorch crashes where TensorFlow is loaded before it.
if os.environ.get("KERAS_BACKEND") == "torch":
    importlib.import_module("torch")

# The environments for the other backends hold nothing of the book, whose tools know no backend.
if importlib.util.find_spec("sphinx_external_toc") is None:
    collect_ignore = [
        "test_address.py",
        "test_api_page.py",
        "test_claim_runs.py",
        "test_execute_notebooks.py",
        "test_keep_runs.py",
        "test_like_colab.py",
        "test_notebooks.py",
        "test_pages.py",
        "test_takeaways_page.py",
        "test_toc.py",
        "test_workflows.py",
    ]


@pytest.fixture(autouse=True)
def same_start():
    """Seed everything, and multiply in full float32, so that equal formulas give equal numbers."""
    if "keras" not in sys.modules:
        yield
        return
    import keras

    import seqlib

    keras.utils.set_random_seed(0)
    with seqlib.exact():
        yield
