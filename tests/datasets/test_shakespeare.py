"""Tiny Shakespeare: the whole text, in its order."""

import hashlib

import numpy as np
import pytest

from seqlib.datasets import download, shakespeare

TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n\n" * 40


def whole(data):
    ids = np.concatenate([data.train, data.validation, data.test])
    return data.vocabularies["characters"].decode(ids)


def test_the_parts_in_order_are_the_text(cache, server, monkeypatch):
    content = TEXT.encode()
    server.files[shakespeare.NAME] = content
    monkeypatch.setattr(shakespeare, "CHECKSUM", "sha256:" + hashlib.sha256(content).hexdigest())
    data = shakespeare.load(quiet=True)
    assert whole(data) == TEXT
    assert len(data.test) == pytest.approx(len(TEXT) / 10, abs=1)
    assert len(data.validation) == pytest.approx(len(TEXT) / 20, abs=1)
    assert data.train.dtype == "int32"
    assert f"{len(data.train):,} train" in data.describe() and "public domain" in data.describe()


def test_what_cannot_be_had_is_named(cache):
    with pytest.raises(download.DownloadError, match=r"(?s)tinyshakespeare.txt: .*404.*seqlib\.datasets\.python_docs"):
        shakespeare.load(quiet=True)


def test_the_real_text(cache, server, corpora):
    server.files[shakespeare.NAME] = (corpora / "tinyshakespeare.txt").read_bytes()
    data = shakespeare.load(quiet=True)
    text = whole(data)
    assert len(text) == 1_115_394 and len(data.vocabularies["characters"]) == 65
    assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.")


def test_a_cache_that_has_the_file_needs_no_network(cache, server, corpora, monkeypatch):
    monkeypatch.setenv("SEQLIB_CACHE", str(corpora))
    monkeypatch.setenv("SEQLIB_MIRROR", "http://127.0.0.1:1")
    assert len(shakespeare.load(quiet=True).test) > 100_000
