"""The API reference holds every module of seqlib."""

import pkgutil
import re
from pathlib import Path

import seqlib

PAGE = Path(__file__).parents[1] / "book" / "api.md"


def test_every_module_is_listed_once():
    """A module added to seqlib needs its lines in book/api.md."""
    modules = [module.name for module in pkgutil.walk_packages(seqlib.__path__, "seqlib.")]
    listed = re.findall(r"automodule:: (seqlib\.\S+)", PAGE.read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(modules)
