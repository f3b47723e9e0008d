"""Multi30k: the parts as given, lines that belong together, words of the training part alone."""

import gzip
import hashlib
import re
from collections import Counter

import pytest

from seqlib.datasets import download, multi30k, sentence_pairs

PART_SIZES = {"train": 29_000, "val": 1_014, "test_2016_flickr": 1_000}


def put(server, monkeypatch, name, lines):
    content = gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)
    server.files[f"multi30k/{name}"] = content
    monkeypatch.setitem(multi30k.CHECKSUMS, name, "sha256:" + hashlib.sha256(content).hexdigest())


@pytest.fixture
def small(cache, server, monkeypatch):
    """Six captions, one of them with a character that some take for the end of a line."""
    for language, dog in {"en": "dog", "de": "Hund", "fr": "chien"}.items():
        put(server, monkeypatch, f"train.{language}.gz", [f"{dog} one\x85.", f"{dog} two.", f"{dog}, {dog}."])
        put(server, monkeypatch, f"val.{language}.gz", [f"val {dog}."])
        put(server, monkeypatch, f"test_2016_flickr.{language}.gz", [f"test {dog}.", f"{dog}."])


def test_lines_belong_together(small):
    sentences = multi30k.sentences("fr", quiet=True)
    assert [len(part) for part in sentences.values()] == [3, 1, 2]
    assert sentences["train"][:2] == [("dog one\x85.", "chien one\x85."), ("dog two.", "chien two.")]
    assert sentences["validation"] == [("val dog.", "val chien.")]
    assert sentences["test"][0] == ("test dog.", "test chien.")


def test_arrays_of_words(small, server):
    data = multi30k.load("de", quiet=True)
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    assert source.tokens == ("<pad>", "<unk>", "dog", ".")
    assert target.tokens == ("<pad>", "<unk>", "<start>", "<end>", "hund", ".")
    assert source.decode(data.test[0][0]) == "<unk> dog . <pad>"
    assert target.decode(data.test[1][0]) == "<start> <unk> hund . <end> <pad>"
    assert "Multi30k, English to de by words: 3 train, 1 validation, 2 test pairs" in data.describe()
    assert len(server.asked) == 6 and not any(".fr." in path for path in server.asked)


def test_arrays_of_characters(small):
    data = multi30k.load("fr", by="characters", min_count=1, quiet=True)
    target = data.vocabularies["target"]
    assert target.decode(data.train[1][1][1:11]) == "chien two."
    assert data.train[1][1][11] == target.end_id


def test_arrays_of_pieces(small):
    data = multi30k.load("de", by="pieces", quiet=True, size=12)
    target = data.vocabularies["target"]
    assert len(target) >= 12
    assert sentence_pairs.written(data.train[1][2], target) == "Hund, Hund."


def test_what_cannot_be_had_is_named(cache, server):
    for arguments, message in (
        ({"language": "cs"}, "language: expected one of de, fr, got 'cs'"),
        ({"by": "bytes"}, "by: expected one of words"),
        ({"min_count": 0}, "min_count: expected"),
    ):
        with pytest.raises(ValueError, match=message):
            multi30k.load(**arguments)
    assert server.asked == []
    with pytest.raises(download.DownloadError, match=r"(?s)multi30k/train.en.gz: .*404.*seqlib\.datasets\.numbers"):
        multi30k.load(quiet=True)


@pytest.mark.parametrize("language", multi30k.LANGUAGES)
def test_the_real_corpus(cache, server, corpora, language):
    for path in (corpora / "multi30k").iterdir():
        server.files[f"multi30k/{path.name}"] = path.read_bytes()
    data = multi30k.load(language, quiet=True)
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == list(PART_SIZES.values())
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    for vocabulary, code, specials in ((source, "en", 2), (target, language, 4)):
        text = gzip.decompress(server.files[f"multi30k/train.{code}.gz"]).decode().lower().replace("\u2019", "'")
        counts = Counter(re.findall(r"\w+|[^\w\s]", text))
        assert len(vocabulary) == specials + sum(count >= 2 for count in counts.values()) > 5000
    first = {"de": "zwei junge weiße männer sind im freien", "fr": "deux jeunes hommes blancs sont dehors"}
    assert target.decode(data.train[1][0]).startswith("<start> " + first[language])
    assert source.decode(data.train[0][0]).startswith("two young , white males are outside near many bushes . <pad>")
    for part, most in ((data.train, 0.03), (data.test, {"de": 0.04, "fr": 0.02}[language])):
        tokens = part[1][part[1] > 0]
        assert 0.003 < (tokens == target.unknown_id).mean() < most
