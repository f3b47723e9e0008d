"""Sentence pairs: one rule for tokens, nothing learned from the other parts, arrays that read back."""

import numpy as np
import pytest

from seqlib.datasets import sentence_pairs

PARTS = {
    "train": [("A dog.", "Ein Hund."), ("A dog runs.", "Ein Hund läuft."), ("A cat.", "Eine Katze.")],
    "validation": [("A bird.", "Ein Vogel.")],
    "test": [("A dog sings long songs.", "Ein Hund singt lange Lieder."), ("Dog.", "Hund.")],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two young, White males.", ["two", "young", ",", "white", "males", "."]),
        ("L\u2019homme n'a pas\u202f!", ["l", "'", "homme", "n", "'", "a", "pas", "!"]),
        ("e\u0301te\u0301  T-Shirt", ["été", "t", "-", "shirt"]),
        ("„Über 12 %“", ["„", "über", "12", "%", "“"]),
        ("", []),
    ],
)
def test_words(text, words):
    assert sentence_pairs.tokenize(text) == words


def test_characters():
    assert sentence_pairs.tokenize(" Été\u202f !\t", "characters") == list("été !")


@pytest.mark.parametrize("by", sentence_pairs.RULES)
def test_arrays_read_back(by):
    data = sentence_pairs.encode("pairs", "here", {**PARTS, "test": PARTS["train"]}, by)
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    joined = " " if by == "words" else ""
    for rows, pairs in ((data.train, PARTS["train"]), (data.test, PARTS["train"])):
        for ids, said, (english, german) in zip(*rows, pairs, strict=True):
            assert source.decode(ids[ids > 0]) == joined.join(sentence_pairs.tokenize(english, by))
            tokens = said[said > 0]
            assert (tokens[0], tokens[-1]) == (target.start_id, target.end_id)
            assert target.decode(tokens[1:-1]) == joined.join(sentence_pairs.tokenize(german, by))


def test_padding_is_zero_after_the_tokens_and_all_parts_have_one_width():
    data = sentence_pairs.encode("pairs", "here", PARTS)
    assert [part[0].shape for part in (data.train, data.validation, data.test)] == [(3, 6), (1, 6), (2, 6)]
    assert [part[1].shape for part in (data.train, data.validation, data.test)] == [(3, 8), (1, 8), (2, 8)]
    assert data.train[0].dtype == data.train[1].dtype == np.int32
    assert data.train[0].astype(bool).tolist()[0] == [True] * 3 + [False] * 3
    assert data.vocabularies["source"].padding_id == data.vocabularies["target"].padding_id == 0


def test_the_vocabulary_is_of_the_training_part_by_frequency_and_cut_off():
    data = sentence_pairs.encode("pairs", "here", PARTS, min_count=2)
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    assert source.tokens == ("<pad>", "<unk>", ".", "a", "dog")
    assert target.tokens == ("<pad>", "<unk>", "<start>", "<end>", ".", "ein", "hund")
    assert source.decode(data.validation[0][0][:3]) == "a <unk> ."
    assert target.decode(data.test[1][0]) == "<start> ein hund <unk> <unk> <unk> . <end>"
    assert "cat" in sentence_pairs.encode("pairs", "here", PARTS, min_count=1).vocabularies["source"]
    assert "bird" not in sentence_pairs.encode("pairs", "here", PARTS, min_count=1).vocabularies["source"]


def test_pieces_spell_the_sentence_with_its_capital_letters():
    text = "Ein\u202fA\u0308rmel,  T-Shirt!"
    data = sentence_pairs.encode("pairs", "here", {**PARTS, "train": [("A dog.", text)] * 2}, "pieces", size=40)
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    said = data.train[1][0]
    assert (said[0], said[said > 0][-1]) == (target.start_id, target.end_id)
    assert sentence_pairs.written(said, target) == "Ein Ärmel, T-Shirt!"
    assert sentence_pairs.written([*said[:3], target.end_id, *said[3:]], target) == "Ein Ärmel,"
    assert sentence_pairs.written(data.train[0][0], source) == "A dog."
    # "Ein Hund singt lange Lieder.": letters that the training part does not have are unknown.
    assert sentence_pairs.written(data.test[1][0], target).startswith("Ein <unk><unk>n<unk> <unk>in<unk>t ")
    with pytest.raises(ValueError, match="ids: expected ids from 0 to"):
        sentence_pairs.written([len(target)], target)


def test_pieces_are_what_stands_together_most_often_in_the_training_part():
    parts = {"train": [("low low low lot", "x")] * 3, "validation": [("lot", "x")], "test": [("two two two two", "x")]}
    spelled = {}
    for size in (7, 8, 9):
        data = sentence_pairs.encode("pairs", "here", parts, "pieces", size=size)
        source = data.vocabularies["source"]
        assert source.tokens[:2] == ("<pad>", "<unk>") and len(source) == size
        spelled[size] = [source.tokens[id] for id in data.validation[0][0] if id]
    assert spelled == {7: ["▁", "l", "o", "t"], 8: ["▁", "lo", "t"], 9: ["▁lo", "t"]}
    again = sentence_pairs.encode("pairs", "here", parts, "pieces", size=9)
    assert again.vocabularies["source"].tokens == source.tokens


def test_what_is_no_kind_of_token_is_named():
    for by in ("bytes", "pieces"):  # pieces are no rule: they are learned
        with pytest.raises(ValueError, match=f"by: expected one of words, characters, got '{by}'"):
            sentence_pairs.tokenize("a", by)
    with pytest.raises(ValueError, match="by: expected one of words, characters, pieces, got 'bytes'"):
        sentence_pairs.encode("pairs", "here", PARTS, "bytes")
    with pytest.raises(ValueError, match="size: expected a whole number, 5 or more, got 4"):
        sentence_pairs.encode("pairs", "here", PARTS, "pieces", size=4)
    for count in (0, 1.5):
        with pytest.raises(ValueError, match="min_count: expected a whole number, 1 or more, got"):
            sentence_pairs.encode("pairs", "here", PARTS, min_count=count)
