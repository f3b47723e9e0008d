"""Sentences in two languages as arrays: one simple rule for tokens, vocabularies from the training part alone."""

import re
import unicodedata
from collections import Counter

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

BY = ("words", "characters")
TOKEN = re.compile(r"\w+|[^\w\s]")  # a run of letters and digits, or one mark


def tokenize(text, by="words"):
    """Give the tokens of a sentence, by one fixed rule for all languages.

    Capital letters become small, accented letters one character each (Unicode's form NFC), the curly apostrophe a
    straight one, and any white space, such as the narrow one of French, one space. Words are runs of letters and
    digits, and every mark is a token of its own: `d'un` gives `d`, `'`, `un`. By characters, a space is a token too.

    Args:
        text: a string.
        by: `"words"` or `"characters"`.

    Returns:
        List of strings.

    Raises:
        ValueError: where `by` is neither.

    Taught in chapter 7.
    """
    check_tokens(by)
    text = " ".join(unicodedata.normalize("NFC", text).lower().replace("’", "'").split())
    return TOKEN.findall(text) if by == "words" else list(text)


def check_tokens(by, min_count=1):
    """Raise ValueError where `by` is not a kind of token, or `min_count` not a whole number from 1."""
    if by not in BY:
        raise ValueError(f"by: expected one of {', '.join(BY)}, got {by!r}")
    if not isinstance(min_count, int) or min_count < 1:
        raise ValueError(f"min_count: expected a whole number, 1 or more, got {min_count!r}")


def encode(name, source, parts, by="words", min_count=1):
    """Make a data set of sentence pairs.

    Args:
        name, source: as in `seqlib.datasets.Dataset`.
        parts: dictionary from `"train"`, `"validation"` and `"test"` to lists of pairs of strings.
        by: what a token is, as in `tokenize`.
        min_count: how often a token has to stand in the training part; rarer ones are unknown. So are tokens of the
            other parts that stand nowhere in it.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples: sources, `(rows, source time)` of int32, and targets,
        `(rows, target time)` of int32, `<start>`, the tokens, `<end>`; both padded with 0, to the same length in all
        parts. Its vocabularies are `"source"` and `"target"`, the most frequent tokens first.

    Raises:
        ValueError: where `by` or `min_count` is none of these, or a part is empty.

    Taught in chapter 7.
    """
    check_tokens(by, min_count)
    sides = [{part: [tokenize(pair[side], by) for pair in pairs] for part, pairs in parts.items()} for side in (0, 1)]
    source_vocabulary = _vocabulary(sides[0]["train"], by, min_count)
    target_vocabulary = _vocabulary(sides[1]["train"], by, min_count, start="<start>", end="<end>")
    sources = {part: [source_vocabulary.encode(tokens) for tokens in side] for part, side in sides[0].items()}
    targets = {
        part: [target_vocabulary.encode(["<start>", *tokens, "<end>"]) for tokens in side]
        for part, side in sides[1].items()
    }
    sources, targets = _padded(sources), _padded(targets)
    return Dataset(
        name=name,
        source=source,
        **{part: (sources[part], targets[part]) for part in parts},
        vocabularies={"source": source_vocabulary, "target": target_vocabulary},
        unit="pairs",
    )


def _vocabulary(sentences, by, min_count, **specials):
    counts = Counter(token for sentence in sentences for token in sentence)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    kept = [token for token, count in ranked if count >= min_count]
    separator = " " if by == "words" else ""
    return Vocabulary(kept, padding="<pad>", unknown="<unk>", separator=separator, **specials)


def _padded(parts):
    longest = max(len(row) for rows in parts.values() for row in rows)
    return {part: pad(rows, longest) for part, rows in parts.items()}
