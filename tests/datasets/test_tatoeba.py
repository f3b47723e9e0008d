"""Tatoeba: pairs as in the file, and no English sentence in two parts, however it is written."""

import hashlib
import io
import zipfile

import pytest

from seqlib.datasets import download, tatoeba

LINES = [f"Number {n}{mark}\tNuméro {n}{mark}" for n in range(100) for mark in (".", "\u202f.")]  # each English twice
OTHERS = ["Run!\tCours\u202f!", "run !\tCourez !", "Run!\tCOURS !", "RUN!\tFuyez !\tCC-BY 2.0 (France)"]


def put(server, monkeypatch, text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fra-eng/_about.txt", "Tatoeba")
        archive.writestr("fra-eng/fra.txt", text)
    server.files["fra-eng.zip"] = file.getvalue()
    monkeypatch.setattr(tatoeba, "CHECKSUM", "sha1:" + hashlib.sha1(file.getvalue()).hexdigest())


@pytest.fixture
def small(cache, server, monkeypatch):
    put(server, monkeypatch, "\n".join(OTHERS + LINES) + "\n")


def test_pairs_are_those_of_the_file_each_once(small):
    found = tatoeba.sentences(quiet=True)
    assert found[:3] == [("Run!", "Cours\u202f!"), ("run !", "Courez !"), ("RUN!", "Fuyez !")]
    assert len(found) == 3 + 100
    assert tatoeba.sentences(30, quiet=True) == found[:30]


def rows(part):
    return {tuple(row[row > 0].tolist()) for row in part[0]}


def leaks(data):
    train, validation, test = rows(data.train), rows(data.validation), rows(data.test)
    return train & validation | train & test | validation & test


@pytest.mark.parametrize("by", ["words", "characters"])
def test_no_source_stands_in_two_parts(cache, server, monkeypatch, by):
    """Five ways to write each sentence, each with a translation of its own: at random, hardly any would stay whole."""
    ways = ("Go {}!", "go {}!", "Go  {}!", "GO {}!", "Go\u202f{}!")
    lines = [f"{way.format(n)}\tVa {n} {k}" for n in range(60) for k, way in enumerate(ways)]
    put(server, monkeypatch, "\n".join(lines))
    data = tatoeba.load(None, by, min_count=1, quiet=True)
    parts = tatoeba.split(tatoeba.sentences(quiet=True))
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [51 * 5, 3 * 5, 6 * 5]
    if by == "words":
        # Written in ids, sentences with unknown words look alike, so what is compared is what was written.
        keys = [{tuple(tatoeba.tokenize(english)) for english, _ in pairs} for pairs in parts.values()]
        assert [len(part) for part in keys] == [51, 3, 6] and not (keys[0] & keys[1] | keys[0] & keys[2])
    else:
        assert leaks(data) == set()


def test_the_order_is_drawn_and_the_same_seed_draws_the_same(small):
    pairs = tatoeba.sentences(quiet=True)
    assert tatoeba.split(pairs, 1) == tatoeba.split(pairs, 1) != tatoeba.split(pairs, 2)
    assert sorted(pair for part in tatoeba.split(pairs).values() for pair in part) == sorted(pairs)


def test_what_cannot_be_split_is_named(small, server):
    for pairs in (19, 104):
        with pytest.raises(ValueError, match=f"pairs: expected 20 to 103, or None, got {pairs}"):
            tatoeba.load(pairs, quiet=True)
    with pytest.raises(ValueError, match="pairs: expected 20 different English sentences or more, got 1"):
        tatoeba.split([("Run!", str(n)) for n in range(50)])
    with pytest.raises(ValueError, match="by: expected one of words"):
        tatoeba.load(by="bytes")


def test_what_cannot_be_had_is_named(cache):
    with pytest.raises(download.DownloadError, match=r"(?s)fra-eng.zip: .*sha1:94646.*404.*seqlib\.datasets\.numbers"):
        tatoeba.load(quiet=True)


@pytest.mark.parametrize(("file", "sentences"), [("eng-fra.txt", 2597), ("fra-two-column.txt", 10975)])
def test_real_pairs_of_both_forms(cache, server, monkeypatch, corpora, file, sentences):
    text = (corpora / file).read_bytes().decode("utf-8")
    put(server, monkeypatch, text)
    pairs = tatoeba.sentences(quiet=True)
    assert all("\t".join(pair) in text and "Attribution" not in pair[1] for pair in pairs[::50])
    assert all("\t" not in part for pair in pairs for part in pair)
    parts = tatoeba.split(pairs)
    english = [{" ".join(tatoeba.tokenize(pair[0])) for pair in part} for part in parts.values()]
    assert sum(map(len, english)) == len(set.union(*english)) == pytest.approx(sentences, rel=0.01)
    data = tatoeba.load(None, quiet=True)
    assert sum(len(part[0]) for part in (data.train, data.validation, data.test)) == len(pairs)
    assert data.train[0].shape[1] < 20
