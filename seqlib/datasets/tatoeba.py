"""Tatoeba: everyday sentences in English and French that volunteers wrote, no English one in two parts."""

import numpy as np

from seqlib.datasets import download, sentence_pairs
from seqlib.datasets.sentence_pairs import tokenize

# The archive of manythings.org/anki changes from month to month. This is the copy that Dive into Deep Learning keeps
# and gives the checksum of: https://www.d2l.ai/chapter_recurrent-modern/machine-translation-and-dataset.html
ADDRESS = "http://d2l-data.s3-accelerate.amazonaws.com/fra-eng.zip"
CHECKSUM = "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5"


def load(pairs=20_000, by="words", min_count=2, seed=0, quiet=False, size=4000):
    """Load English sentences with French translations, the shortest first.

    The same English sentence stands in the file several times, each time with another translation. So the *sentences*
    are dealt out, a tenth to the test and a twentieth to validation, and each takes all of its translations with it:
    no source of one part is a source of another. Its French may be, as one French sentence answers to several
    English ones: of 18,000 pairs, one in seven of the test. Sentences that differ only in capital letters or white
    space count as the same, and so do pairs.

    Args:
        pairs: how many pairs, from the beginning of the file, which goes from short to long; None takes all.
        by: `"words"`, `"characters"` or `"pieces"`, as in `seqlib.datasets.sentence_pairs.encode`.
        min_count: how often a token has to stand in the training part; rarer ones are `<unk>`.
        seed: deals out the sentences.
        quiet: whether to leave out the progress of the download.
        size: how many pieces, as in `seqlib.datasets.sentence_pairs.encode`.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples, as `seqlib.datasets.sentence_pairs.encode` makes them:

        - sources, `(rows, source time)` of int32, English, padded with 0;
        - targets, `(rows, target time)` of int32: `<start>`, the French tokens, `<end>`, padded with 0.

    Raises:
        ValueError: where `by`, `min_count` or `size` is none of these, or there are too few pairs to split, or too
            many asked.
        seqlib.datasets.download.DownloadError: where the file cannot be had; `seqlib.datasets.numbers` needs no
            network.

    Source: tatoeba.org, CC BY 2.0 FR, paired by manythings.org/anki; the copy of Zhang and others, Dive into Deep
    Learning. Taught in chapter 7.
    """
    sentence_pairs.check_tokens(by, min_count, size)
    return sentence_pairs.encode(
        f"Tatoeba, English to French by {by}",
        "tatoeba.org, CC BY 2.0 FR, the archive of d2l.ai",
        split(sentences(pairs, quiet), seed),
        by,
        min_count,
        size,
    )


def sentences(pairs=None, quiet=False):
    """Give the pairs themselves, in the order of the file, each once.

    Args:
        pairs, quiet: as in `load`.

    Returns:
        List of pairs of strings, English first.

    Raises:
        ValueError, seqlib.datasets.download.DownloadError: as `load`.

    Taught in chapter 7.
    """
    path = download.fetch("fra-eng.zip", ADDRESS, CHECKSUM, instead="seqlib.datasets.numbers", quiet=quiet)
    found = _read(download.unzip(path, "fra.txt"))
    if pairs is not None and not 20 <= pairs <= len(found):
        raise ValueError(f"pairs: expected 20 to {len(found):,}, or None, got {pairs!r}")
    return found[:pairs]


def split(pairs, seed=0):
    """Deal out pairs to three parts, each English sentence with all of its translations.

    Args:
        pairs: list of pairs of strings, English first.
        seed: of the order in which sentences are dealt out.

    Returns:
        Dictionary from `"train"`, `"validation"` and `"test"` to lists of pairs; of the sentences, a twentieth
        validates and a tenth tests.

    Raises:
        ValueError: where there are fewer than 20 different English sentences.

    Taught in chapter 7.
    """
    translations = {}
    for pair in pairs:
        translations.setdefault(_key(pair[0]), []).append(pair)
    if len(translations) < 20:
        raise ValueError(f"pairs: expected 20 different English sentences or more, got {len(translations)}")
    groups = list(translations.values())
    order = np.random.default_rng(seed).permutation(len(groups)).tolist()
    test, validation = len(order) * 18 // 20, len(order) * 17 // 20
    parts = {"train": order[:validation], "validation": order[validation:test], "test": order[test:]}
    return {part: [pair for group in chosen for pair in groups[group]] for part, chosen in parts.items()}


def _read(text):
    """Give the different pairs of a text with a pair in each line; a third column, the attribution, is left out."""
    rows = (line.split("\t")[:2] for line in text.split("\n") if "\t" in line)
    different = {}
    for english, french in rows:
        different.setdefault((_key(english), _key(french)), (english, french))
    return list(different.values())


def _key(sentence):
    return tuple(tokenize(sentence))
