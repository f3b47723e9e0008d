"""IMDB: 50,000 film reviews, each for or against."""

import json

import numpy as np

from seqlib.datasets import Dataset, download
from seqlib.text import Vocabulary, pad

# Addresses and checksums as in the source of keras.datasets.imdb.
ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
CHECKSUMS = {
    "imdb.npz": "sha256:69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    "imdb_word_index.json": "md5:bfafd718b763782e994055a2d397834f",
}
SPECIALS = ("<pad>", "<unk>")


def load(size=10_000, length=200, seed=0, quiet=False):
    """Load film reviews as ids of words, with the verdict of each.

    The reviews of the training and of the test are of different films. Of the 25,000 to train on, 2,500 are drawn to
    validate; the 25,000 of the test stay as they are. The vocabulary is the publisher's list of words by frequency,
    cut off; letters are small and nearly all marks left out.

    Args:
        size: how many tokens the vocabulary has at most, `<pad>` and `<unk>` included.
        length: how many words of a review are kept, its *last* ones, where the verdict often stands.
        seed: draws the reviews to validate with, and their order.
        quiet: whether to leave out the progress of the download, 19 MB.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples: reviews, `(rows, length)` of int32, padded with 0 on the
        right, and verdicts, `(rows,)` of int32, 1 for and 0 against. Its vocabulary is `"words"`.

    Raises:
        ValueError: where `size` is below 3 or `length` below 1.
        seqlib.datasets.download.DownloadError: where a file cannot be had; `seqlib.datasets.reviews` needs no network.

    Source: Maas and others, 2011, Learning word vectors for sentiment analysis; the files of `keras.datasets.imdb`.
    Real reviews for the models of chapters 1 and 3.
    """
    if size < 3:
        raise ValueError(f"size: expected 3 or more, one word and two special tokens, got {size!r}")
    if length < 1:
        raise ValueError(f"length: expected 1 or more, got {length!r}")
    ranks = json.loads(_file("imdb_word_index.json", quiet).read_text("utf-8"))
    words = sorted(ranks, key=ranks.get)[: size - len(SPECIALS)]
    vocabulary = Vocabulary(words, padding="<pad>", unknown="<unk>", separator=" ")
    # The reviews differ in length and are pickled. Their checksum is right, so it is the publisher's pickle.
    with np.load(_file("imdb.npz", quiet), allow_pickle=True) as file:
        names = ("x_train", "y_train", "x_test", "y_test")
        reviews, verdicts, test_reviews, test_verdicts = (file[name] for name in names)
    order = np.random.default_rng(seed).permutation(len(reviews))
    held_out = len(reviews) // 10
    train, validation = order[held_out:], order[:held_out]

    def part(reviews, verdicts):
        return pad([_ids(review, length, len(vocabulary)) for review in reviews], length), verdicts.astype("int32")

    return Dataset(
        name="IMDB film reviews",
        source="Maas et al. 2011, the files of keras.datasets.imdb",
        train=part(reviews[train], verdicts[train]),
        validation=part(reviews[validation], verdicts[validation]),
        test=part(test_reviews, test_verdicts),
        vocabularies={"words": vocabulary},
        unit="reviews",
    )


def _ids(review, length, size):
    """Make ids of ranks, 1 the most frequent word, behind the two special tokens."""
    ids = np.array(review[-length:], dtype="int32") + len(SPECIALS) - 1
    return np.where(ids < size, ids, SPECIALS.index("<unk>"))


def _file(name, quiet):
    return download.fetch(name, ADDRESS + name, CHECKSUMS[name], instead="seqlib.datasets.reviews", quiet=quiet)
