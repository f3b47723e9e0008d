"""The hash of a study's code follows its imports, and does not see words."""

import pytest

import study_code

MODULES = {
    "seqlib/__init__.py": "from seqlib.runtime import start\n\n__version__ = '1'\n",
    "seqlib/runtime.py": "def start(seed=0):\n    pass\n",
    "seqlib/used.py": "def later():\n    from seqlib.data import deep\n    return deep\n",
    "seqlib/data/__init__.py": "",
    "seqlib/data/deep.py": "depth = 1\n",
    "seqlib/unused.py": "one = 1\n",
    "studies/one.py": "from seqlib import used\n\nSEEDS = range(5)\n",
}


@pytest.fixture
def hashed(tmp_path):
    """Give a function that writes files into a small project and gives the hash of its study."""

    def write(files=MODULES, newline="\n"):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline=newline)
        return study_code.digest(tmp_path / "studies" / "one.py")

    return write


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("studies/one.py", "from seqlib import used\n\nSEEDS = range(6)\n"),
        ("seqlib/used.py", "def later():\n    from seqlib.data import deep\n    return deep, 1\n"),
        ("seqlib/data/deep.py", "depth = 2\n"),
        ("seqlib/data/deep.py", "depth = 1.0\n"),
        ("seqlib/data/deep.py", "depth = '1'\n"),
        ("seqlib/data/deep.py", "depth = None\n"),
        ("seqlib/data/__init__.py", "one = 1\n"),
        ("seqlib/runtime.py", "def start(seed=1):\n    pass\n"),
    ],
)
def test_code_that_is_used_counts(hashed, name, text):
    assert hashed() != hashed({name: text})


@pytest.mark.parametrize(
    "statement", ["import seqlib.used", "from seqlib.used import later", "from seqlib.used import *"]
)
def test_every_way_to_import_is_followed(hashed, statement):
    before = hashed(MODULES | {"studies/one.py": statement})
    assert hashed({"seqlib/data/deep.py": "depth = 2\n"}) != before


def test_start_counts_also_where_the_script_imports_nothing(hashed):
    before = hashed(MODULES | {"studies/one.py": "SEEDS = range(5)\n"})
    assert hashed({"seqlib/used.py": "other = 1\n"}) == before
    assert hashed({"seqlib/runtime.py": "other = 1\n"}) != before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seqlib/unused.py", "one = 2\n"),
        ("seqlib/__init__.py", "from seqlib.runtime import start\n\n__version__ = '2'\n__all__ = ['start']\n"),
        ("seqlib/runtime.py", '"""Words."""\n\n\ndef start(seed=0):\n    """Words."""\n    # words\n\n    pass\n'),
        ("studies/one.py", "from seqlib import (\n    used,\n)\nSEEDS = (range(5))"),
    ],
)
def test_words_and_what_is_not_used_do_not_count(hashed, name, text):
    assert hashed() == hashed({name: text})


def test_strings_that_are_no_docstrings_count(hashed):
    before = hashed({**MODULES, "seqlib/used.py": "print('a')\n"})
    assert hashed({"seqlib/used.py": "print('b')\n"}) != before


def test_ends_of_lines_do_not_count(hashed):
    text = 'text = """one\ntwo"""\n'
    assert hashed(MODULES | {"seqlib/data/deep.py": text}) == hashed({"seqlib/data/deep.py": text}, newline="\r\n")


def test_every_python_gives_the_same(hashed):
    """What syntax trees of Python 3.11, 3.12 and 3.13 tell differently."""
    script = '''
def measure(seed, /, *others, width: int = 3, **more) -> str:
    """Words."""
    match seed:
        case None | 1.5e300:
            return f"{width!r:>{width}} \\u00e9\\U0001fae8 {'nested' 'joined'} {width:} {width=}" "end" f""
    return [*others, {**more}, b"\\xff", ..., 1j, lambda: (yield)]


class Empty:
    """Words."""
'''
    assert hashed(MODULES | {"studies/one.py": script}) == "1c7873954fea"


def test_a_module_that_is_no_python_is_named(hashed):
    with pytest.raises(SyntaxError, match=r"one\.py"):
        hashed(MODULES | {"studies/one.py": "def\n"})
