"""The narrative pages: what they state in numbers is computed, what they cite exists."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import seqlib

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"

WEIGHTS = np.array([[0.5, 0.0], [1.0, 2.0]])
STATE = np.array([2.0, 1.0])


def answer(number):
    """Give the folded answer of one question of the self-check."""
    text = (BOOK / "prerequisites.md").read_text(encoding="utf-8")
    question = re.search(rf"^## {number}\. .*?(?=^## )", text, flags=re.MULTILINE | re.DOTALL).group()
    return re.search(r"<details>.*</details>", question, flags=re.DOTALL).group()


def fading_state():
    """Run the loop of question 1."""
    state = 0.0
    for value in [1.0, 0.0, 0.0]:
        state = 0.5 * state + value
    return state


def pair(vector):
    """Write a vector of two whole numbers as the page does."""
    return "({:.0f}, {:.0f})".format(*vector)


def softmax(scores):
    """Turn scores into probabilities."""
    return np.exp(scores) / np.exp(scores).sum()


def shape(*sizes):
    """Write the shape of an array as the page does."""
    return f"`{sizes}`"


X = np.zeros((32, 10, 8))
SELF_CHECK = [
    (1, [f"`{fading_state()}`"]),
    (2, [shape(*X[:, -1].shape), shape(*X[0].shape), shape(*(X @ np.zeros((8, 16))).shape)]),
    (3, [shape(*(X @ np.zeros((8, 16)) + np.zeros(16)).shape)]),
    (4, [f"= {pair(STATE @ WEIGHTS)}$", f"= {pair(WEIGHTS @ STATE)}$"]),
    (5, [f"${1 - np.tanh(0) ** 2:.0f}$ at zero", f"{1 - np.tanh(2) ** 2:.4f}"]),
    (6, [f"1/{0.5**-10:.0f}", f"{0.5**10:.5f}"]),
    (7, [f"${probability:.3f}$" for probability in softmax([2.0, 1.0, 0.0])]),
    (8, [f"{-np.log(1 / 8):.3f}$", f"${-np.log2(1 / 8):.0f}$ bits"]),
    (9, [f"= {9 / 10}$", f"= {10 / 1000 * 9 / 10:.3f}$"]),
    (10, [f"${-(-1000 // 32)}$ steps", f"{1000 // 32} full", f"the {1000 % 32} examples"]),
]


@pytest.mark.parametrize(("number", "expected"), SELF_CHECK)
def test_self_check_answers_are_computed(number, expected):
    """Each answer of the self-check holds the numbers that NumPy gives."""
    for part in expected:
        assert part in answer(number)


def test_every_question_is_checked():
    """A question added to the page needs a line above."""
    text = (BOOK / "prerequisites.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+)\. ", text, flags=re.MULTILINE) == [str(number) for number, _ in SELF_CHECK]


def test_files_linked_between_pages_exist():
    """A link from a page to another file of the repository leads somewhere."""
    for page in [*BOOK.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_citation_file_has_the_version_of_the_package():
    """The version stands in seqlib/__init__.py; CITATION.cff repeats it."""
    stated = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"]
    assert stated == seqlib.__version__
