"""The text of Python's documentation as words: the same text as `python_docs`, split at other places."""

import re
from collections import Counter

from seqlib.datasets import Dataset, python_docs
from seqlib.text import Vocabulary

# A name or word, a number, a drawn line of one mark, a single mark, the end of a paragraph.
TOKEN = re.compile(r"[^\W\d]+|\d+|([^\w\s])\1{3,}|[^\w\s]|\n\n")
UNKNOWN, PARAGRAPH = "<unk>", "¶"


def load(size=2000):
    """Load the Python documentation as ids of words, the rarer ones all as one unknown word.

    The parts are those of `python_docs.load`. The vocabulary is the most frequent words of the training part, and
    `<unk>`; words that stand nowhere in the training part are unknown at any size. What a word costs when it is
    unknown is for the model to say: an unknown word that costs nothing more makes a small vocabulary look good.

    Args:
        size: how many tokens the vocabulary has at most, `<unk>` included.

    Returns:
        `seqlib.datasets.Dataset` whose parts are arrays of int32, `(words,)`, and whose vocabulary is
        `vocabularies["words"]`. `split` gives the words themselves.

    Raises:
        ValueError: where `size` is below 2.

    Source: as `seqlib.datasets.python_docs`. Taught in chapter 1.
    """
    if size < 2:
        raise ValueError(f"size: expected at least 2, one word and the unknown one, got {size}")
    source, parts = python_docs.load().source, split()
    ranked = sorted(Counter(parts[0]).items(), key=lambda item: (-item[1], item[0]))
    vocabulary = Vocabulary([word for word, _ in ranked[: size - 1]], unknown=UNKNOWN, separator=" ")
    ids = [vocabulary.encode(part) for part in parts]
    return Dataset("Python documentation, words", source, *ids, {"words": vocabulary}, unit="words")


def split():
    """Give the words of the three parts, as lists of strings: training, validation, test.

    A word is a run of letters or of digits, a punctuation mark, or the end of a paragraph, given as `¶`. Spaces and
    single line ends are left out. A line drawn of one mark, such as `------`, counts as one word of four marks.

    Taught in chapter 1.
    """
    characters = python_docs.load()
    decode = characters.vocabularies["characters"].decode
    return tuple(_words(decode(part)) for part in (characters.train, characters.validation, characters.test))


def _words(text):
    return [_shortened(match) for match in TOKEN.finditer(text)]


def _shortened(match):
    if match[1]:
        return match[1] * 4
    return PARAGRAPH if match[0] == "\n\n" else match[0]
