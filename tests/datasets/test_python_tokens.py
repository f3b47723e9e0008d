"""Kinds of tokens of Python source: what tokenize says, keywords by name, modules in one part only."""

import subprocess
import sys

import pytest

from seqlib.datasets import python_tokens


def test_the_parts_are_the_modules_one_after_the_other():
    data = python_tokens.load()
    vocabulary = data.vocabularies["kinds"]
    for ids, names in (
        (data.train, python_tokens.TRAIN),
        (data.validation, python_tokens.VALIDATION),
        (data.test, python_tokens.TEST),
    ):
        assert vocabulary.decode(ids).split() == [kind for name in names for kind in python_tokens.kinds(name)]
        assert ids.dtype == "int32"
    names = [*python_tokens.TRAIN, *python_tokens.VALIDATION, *python_tokens.TEST]
    assert len(names) == len(set(names))
    assert len(data.train) > 40_000
    assert 40 < len(vocabulary) < 120


def test_kinds_of_a_small_module(tmp_path, monkeypatch):
    (tmp_path / "small.py").write_text("def f(x):  # why\n    return x + 1\n\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert python_tokens.kinds("small") == (
        "def NAME LPAR NAME RPAR COLON NEWLINE INDENT return NAME PLUS NUMBER NEWLINE DEDENT ENDMARKER".split()
    )


@pytest.mark.parametrize("module", ["no_such_module_here", "sys"])
def test_a_module_without_source(module):
    with pytest.raises(ValueError, match="module: expected one with source code"):
        python_tokens.kinds(module)


def test_it_loads_no_keras_and_runs_no_module():
    code = (
        "import sys; from seqlib.datasets import python_tokens; python_tokens.load(); "
        "print('keras' in sys.modules, 'zipfile' in sys.modules and 'difflib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"
