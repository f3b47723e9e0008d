"""Sentence pairs with nothing left to taste: numbers spelled out in English and in another language."""

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

DIGITS = 6  # of the longest numbers


def load(language="fr", pairs=12_000, seed=0):
    """Load numbers below one million, spelled out in English and in another language, as words.

    As many digits as one to six are drawn, each equally often as far as there are numbers, and no number twice. The
    last 1,000 test, the 500 before them validate. Hyphens and commas are dropped, so that words are what stands
    between spaces.

    Args:
        language: code of the language to translate into, one that num2words writes as separate words.
        pairs: how many numbers in all.
        seed: draws the numbers and their order.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples: sources, `(rows, time)` of int32, the English words, and
        targets, `(rows, time)`, `<start>`, the words of the other language, `<end>`; both padded with 0. Its
        vocabularies are `"source"` and `"target"`, the words of all pairs.

    Raises:
        ValueError: where there are not enough numbers, or too few to split.

    Source: num2words, LGPL. Taught in chapter 3.
    """
    if not 3000 <= pairs <= 500_000:
        raise ValueError(f"pairs: expected 3,000 to 500,000, got {pairs!r}")
    numbers = _numbers(pairs, np.random.default_rng(seed))
    sources, targets = ([spell(number, code).split() for number in numbers] for code in ("en", language))
    source = Vocabulary(sorted({word for words in sources for word in words}), padding="<pad>", separator=" ")
    words = sorted({word for words in targets for word in words})
    target = Vocabulary(words, padding="<pad>", start="<start>", end="<end>", separator=" ")
    arrays = (
        pad([source.encode(words) for words in sources]),
        pad([target.encode(["<start>", *words, "<end>"]) for words in targets]),
    )
    validation, test = pairs - 1500, pairs - 1000
    parts = {"train": slice(validation), "validation": slice(validation, test), "test": slice(test, None)}
    return Dataset(
        name=f"Number words, English to {language}",
        source="num2words, LGPL",
        **{part: tuple(array[rows] for array in arrays) for part, rows in parts.items()},
        vocabularies={"source": source, "target": target},
        unit="pairs",
    )


def spell(number, language):
    """Spell a whole number in a language that num2words knows, small letters, hyphens and commas left out."""
    from num2words import num2words

    return " ".join(num2words(number, lang=language).lower().replace("-", " ").replace(",", " ").split())


def _numbers(pairs, generator):
    """Draw different numbers, each count of digits as often as the others while there are enough."""
    chosen, left = [], pairs
    for digits in range(1, DIGITS + 1):
        low, high = (0 if digits == 1 else 10 ** (digits - 1)), 10**digits
        count = min(left // (DIGITS + 1 - digits), high - low)
        chosen.append(low + generator.choice(high - low, size=count, replace=False))
        left -= count
    return generator.permutation(np.concatenate(chosen)).tolist()
