"""IMDB: ids of words by frequency, the last words of a review, the test as it is given."""

import hashlib
import io
import json

import numpy as np
import pytest

from seqlib.datasets import download, imdb

WORDS = ["the", "film", "bad", "good", "plot", "actor"]


def text(ids, data):
    return data.vocabularies["words"].decode(ids)


@pytest.fixture
def small(cache, server, monkeypatch):
    """Forty reviews of one to eight words, by rank, as the publisher's file has them; the last word is the verdict."""
    random = np.random.default_rng(0)

    def reviews():
        verdicts = np.arange(20) % 2
        lists = [[*random.integers(1, 7, n % 8).tolist(), 4 if verdict else 3] for n, verdict in enumerate(verdicts)]
        array = np.empty(20, dtype=object)
        array[:] = lists
        return array, verdicts

    (x_train, y_train), (x_test, y_test) = reviews(), reviews()
    file = io.BytesIO()
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    index = json.dumps({word: WORDS.index(word) + 1 for word in sorted(WORDS)}).encode()
    for name, content in (("imdb.npz", file.getvalue()), ("imdb_word_index.json", index)):
        server.files[name] = content
        kind = imdb.CHECKSUMS[name].split(":")[0]
        monkeypatch.setitem(imdb.CHECKSUMS, name, f"{kind}:{hashlib.new(kind, content).hexdigest()}")
    return x_train, x_test


def words(review):
    return " ".join(WORDS[rank - 1] for rank in review)


def test_words_and_verdicts(small, server):
    _, x_test = small
    data = imdb.load(length=10, quiet=True)
    assert data.vocabularies["words"].tokens == ("<pad>", "<unk>", *WORDS)
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [18, 2, 20]
    for ids, review in zip(data.test[0], x_test, strict=True):
        assert text(ids[ids > 0], data) == words(review)
    for ids, verdicts in (data.train, data.validation, data.test):
        assert ids.shape[1] == 10 and ids.dtype == verdicts.dtype == np.int32
        last = [text(row[row > 0], data).split()[-1] for row in ids]
        assert last == ["good" if verdict else "bad" for verdict in verdicts]
    assert len(server.asked) == 2


def test_train_and_validation_are_the_publishers_training_part(small):
    x_train, _ = small
    data = imdb.load(length=10, quiet=True)
    found = [text(ids[ids > 0], data) for ids in [*data.train[0], *data.validation[0]]]
    assert sorted(found) == sorted(map(words, x_train))
    assert not np.array_equal(imdb.load(length=10, seed=1, quiet=True).train[0], data.train[0])


def test_the_last_words_are_kept_and_rare_ones_are_unknown(small):
    _, x_test = small
    data = imdb.load(size=5, length=2, quiet=True)
    assert data.vocabularies["words"].tokens == ("<pad>", "<unk>", "the", "film", "bad")
    known = {**{word: "<unk>" for word in WORDS}, "the": "the", "film": "film", "bad": "bad"}
    for ids, review in zip(data.test[0], x_test, strict=True):
        assert text(ids[ids > 0], data).split() == [known[word] for word in words(review[-2:]).split()]


def test_what_cannot_be_had_is_named(cache, server):
    with pytest.raises(ValueError, match="size: expected 3 or more"):
        imdb.load(size=2)
    with pytest.raises(ValueError, match="length: expected 1 or more"):
        imdb.load(length=0)
    assert server.asked == []
    with pytest.raises(download.DownloadError, match=r"(?s)imdb_word_index.json: .*404.*seqlib\.datasets\.reviews"):
        imdb.load(quiet=True)


def test_addresses_and_checksums_are_those_of_keras():
    """Read in the source of the installed Keras, which is not loaded for it."""
    import importlib.util
    from pathlib import Path

    folder = Path(importlib.util.find_spec("keras").origin).parent
    source = (folder / "src" / "datasets" / "imdb.py").read_text("utf-8")
    assert imdb.ADDRESS in source
    for name, checksum in imdb.CHECKSUMS.items():
        assert name in source and checksum.split(":")[1] in source
