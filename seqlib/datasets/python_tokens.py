"""Discrete events from real life: the tokens of Python's own standard library, each by its kind."""

import importlib.util
import keyword
import platform
import tokenize

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary

TRAIN = ("argparse", "random", "statistics", "csv", "tempfile", "shutil", "difflib")
VALIDATION = ("calendar",)
TEST = ("textwrap", "zipfile", "heapq")
SKIPPED = {"COMMENT", "NL", "ENCODING", "TYPE_COMMENT"}  # what Python itself passes over


def load():
    """Load source code of the standard library as ids of the kinds of its tokens.

    A token's kind is its keyword, such as `def`, or else what Python's own `tokenize` calls it, such as `NAME`,
    `NUMBER`, `LPAR` or `INDENT`. Which name it is, and which number, is left out. Modules follow each other; none
    stands in two parts.

    The code differs from one version of Python to the next: compare models on the same code only.

    Returns:
        `seqlib.datasets.Dataset` whose parts are arrays of int32, `(tokens,)`, and whose vocabulary is
        `vocabularies["kinds"]`.

    Source: the Python standard library, PSF license. Taught in chapter 1.
    """
    parts = [[kind for name in names for kind in kinds(name)] for names in (TRAIN, VALIDATION, TEST)]
    vocabulary = Vocabulary(sorted(set().union(*parts)), separator=" ")
    return Dataset(
        "Python source code",
        f"standard library of Python {platform.python_version()}, PSF license",
        *[vocabulary.encode(part) for part in parts],
        {"kinds": vocabulary},
        unit="tokens",
    )


def kinds(module):
    """Give the kinds of the tokens of a module, a list of strings.

    Args:
        module: its name.

    Raises:
        ValueError: where there is no such module with source code.

    Taught in chapter 1.
    """
    found = importlib.util.find_spec(module)
    if found is None or not found.has_location:
        raise ValueError(f"module: expected one with source code, got {module!r}")
    with open(found.origin, "rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    return [kind for kind in map(_kind, tokens) if kind not in SKIPPED]


def _kind(token):
    return token.string if keyword.iskeyword(token.string) else tokenize.tok_name[token.exact_type]
