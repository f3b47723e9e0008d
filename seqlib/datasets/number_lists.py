"""Lists of numbers spelled out in two languages: sentences whose length is a choice, with their true alignment."""

from functools import cache

import numpy as np

from seqlib.datasets import Dataset, numbers
from seqlib.text import Vocabulary, pad

BELOW = 1000  # the numbers on a list
COMMA = ","


def load(language="fr", pairs=12_000, longest=6, seed=0, by=None):
    r"""Load lists of one to so many numbers below 1,000, in English and in another language, with the true alignment.

    *Seven, two hundred and six, ninety* is *sept, deux cent six, quatre-vingt-dix*. Each number more brings the same
    amount of information, so that what a model can carry is seen from the length at which it begins to fail:

    .. math:: n \log_2 1000 \approx 10 \, n \text{ bits for a list of } n \text{ numbers}

    Every length is drawn equally often, but for lists of one number, of which there are only 1,000: at most half of
    them are drawn. Numbers are drawn with equal chances, a list never twice. The last 1,000 lists test, the 500
    before them validate: their numbers are known from training, their sequence is new.

    Args:
        language: as in `seqlib.datasets.numbers.load`.
        pairs: how many lists in all.
        longest: how many numbers the longest lists have.
        seed: draws the lists and their order.
        by: what a target token is, as in `seqlib.datasets.numbers.load`. The comma is a token in any case.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples, the first three as `seqlib.datasets.numbers.load` gives them:

        - sources, `(rows, source time)` of int32, the English words, padded with 0;
        - targets, `(rows, target time)` of int32: `<start>`, the tokens of the other language, `<end>`, padded with 0;
        - alignment, `(rows, target time, source time)` of bool, True for a link; commas have none;
        - counts, `(rows,)` of int32, how many numbers are on the list.

        Its vocabularies are `"source"` and `"target"`, the tokens of all pairs.

    Raises:
        ValueError: where `language` or `by` is none of these, there are too few pairs to split or too many, or
            `longest` is not a whole number from 2 to 12.

    Source: num2words, LGPL, which every number is compared with; alignments by the grammar of
    `seqlib.datasets.number_grammar`. Taught in chapter 7.
    """
    if not isinstance(pairs, (int, np.integer)) or not 3000 <= pairs <= 100_000:
        raise ValueError(f"pairs: expected a whole number from 3,000 to 100,000, got {pairs!r}")
    if not isinstance(longest, (int, np.integer)) or not 2 <= longest <= 12:
        raise ValueError(f"longest: expected a whole number from 2 to 12, got {longest!r}")
    spelled = cache(lambda number: numbers.align(number, language, by))
    rows = [_joined([spelled(number) for number in row]) for row in _draw(pairs, longest, seed)]
    sources, targets, links = zip(*rows, strict=True)
    source = Vocabulary(sorted({token for row in sources for token in row}), padding="<pad>", separator=" ")
    tokens = sorted({token for row in targets for token in row})
    separator = "" if numbers._token_kind(language, by) == "characters" else " "
    target = Vocabulary(tokens, padding="<pad>", start="<start>", end="<end>", separator=separator)
    source_ids = pad([source.encode(row) for row in sources])
    target_ids = pad([target.encode(["<start>", *row, "<end>"]) for row in targets])
    alignment = np.zeros((pairs, target_ids.shape[1], source_ids.shape[1]), dtype=bool)
    for place, one in zip(alignment, links, strict=True):
        place[1 : len(one) + 1, : one.shape[1]] = one
    counts = np.array([row.count(COMMA) + 1 for row in sources], dtype="int32")
    arrays = source_ids, target_ids, alignment, counts
    validation, test = pairs - 1500, pairs - 1000
    parts = {"train": slice(validation), "validation": slice(validation, test), "test": slice(test, None)}
    return Dataset(
        name=f"Lists of numbers, English to {language}",
        source="num2words, LGPL; alignment by a grammar, written for this course",
        **{part: tuple(array[place] for array in arrays) for part, place in parts.items()},
        vocabularies={"source": source, "target": target},
        unit="pairs",
    )


def _draw(pairs, longest, seed):
    """Draw different lists, the lengths equally often as far as there are lists, in an order of chance."""
    generator = np.random.default_rng(seed)
    single = min(pairs // longest, BELOW // 2)
    rows = [(number,) for number in generator.choice(BELOW, size=single, replace=False).tolist()]
    lengths = np.resize(np.arange(2, longest + 1), pairs - single).tolist()
    drawn = set()
    for length in lengths:
        while (row := tuple(generator.integers(BELOW, size=length).tolist())) in drawn:
            continue
        drawn.add(row)
        rows.append(row)
    return [rows[place] for place in generator.permutation(pairs).tolist()]


def _joined(aligned):
    """Join numbers with commas; the links of each stay within it."""
    sources, targets, blocks = [], [], []
    for source, target, links in aligned:
        if sources:
            sources, targets = [*sources, COMMA], [*targets, COMMA]
        blocks.append((len(targets), len(sources), links))
        sources, targets = sources + source, targets + target
    joined = np.zeros((len(targets), len(sources)), dtype=bool)
    for row, column, links in blocks:
        joined[row : row + links.shape[0], column : column + links.shape[1]] = links
    return sources, targets, joined
