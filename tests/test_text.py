"""Vocabularies and padding, against ids written by hand."""

import numpy as np
import pytest

from seqlib.text import Vocabulary, pad


def test_characters_are_numbered_in_sorted_order():
    vocabulary = Vocabulary.from_text("banana")
    assert vocabulary.tokens == ("a", "b", "n")
    ids = vocabulary.encode("nab")
    assert ids.dtype == "int32"
    assert ids.tolist() == [2, 0, 1]
    assert vocabulary.decode(ids) == "nab"
    assert len(vocabulary) == 3
    assert "b" in vocabulary and "c" not in vocabulary


def test_special_tokens_come_first_and_padding_is_zero():
    vocabulary = Vocabulary(["x", "y"], padding="<pad>", unknown="<unk>", start="<start>", end="<end>")
    ids = (vocabulary.padding_id, vocabulary.unknown_id, vocabulary.start_id, vocabulary.end_id)
    assert ids == (0, 1, 2, 3)
    assert vocabulary.encode(["<start>", "y", "z", "<end>"]).tolist() == [2, 5, 1, 3]


def test_special_tokens_left_out_have_no_id():
    vocabulary = Vocabulary("ab", end="!")
    assert (vocabulary.padding_id, vocabulary.unknown_id, vocabulary.start_id) == (None, None, None)
    assert vocabulary.end_id == 0


def test_words_are_split_and_joined_at_the_separator():
    vocabulary = Vocabulary.from_text("to be or not to be", separator=" ")
    assert vocabulary.tokens == ("be", "not", "or", "to")
    assert vocabulary.encode("not to be").tolist() == [1, 3, 0]
    assert vocabulary.decode([3, 0]) == "to be"


def test_repeated_tokens_count_once():
    assert Vocabulary("abba").tokens == ("a", "b")


def test_empty_text_encodes_to_nothing():
    assert Vocabulary("ab").encode("").shape == (0,)
    assert Vocabulary("ab").decode([]) == ""


def test_an_unknown_token_is_named():
    with pytest.raises(ValueError, match="tokens: expected tokens of this vocabulary .* got 'c'"):
        Vocabulary("ab").encode("abc")


@pytest.mark.parametrize("ids", [[0, 2], [-1]])
def test_an_id_outside_the_vocabulary_is_named(ids):
    with pytest.raises(ValueError, match=f"ids: expected ids from 0 to 1, got {ids[-1]}"):
        Vocabulary("ab").decode(ids)


def test_decode_wants_one_sequence():
    with pytest.raises(ValueError, match=r"ids: expected one sequence.*\(1, 2\)"):
        Vocabulary("ab").decode([[0, 1]])


def test_a_vocabulary_needs_a_token():
    with pytest.raises(ValueError, match="tokens: expected at least one token"):
        Vocabulary("")


def test_padding_on_either_side():
    sequences = [[1, 2, 3], [], [4]]
    right = pad(sequences)
    assert right.dtype == "int32"
    assert right.tolist() == [[1, 2, 3], [0, 0, 0], [4, 0, 0]]
    assert pad(sequences, side="left").tolist() == [[1, 2, 3], [0, 0, 0], [0, 0, 4]]
    assert pad(sequences, length=5, value=9)[2].tolist() == [4, 9, 9, 9, 9]


def test_padding_takes_arrays():
    assert pad([np.array([1, 2]), np.array([3])]).tolist() == [[1, 2], [3, 0]]


def test_padding_never_cuts():
    with pytest.raises(ValueError, match="length: expected at least 3, the longest sequence's, got 2"):
        pad([[1, 2, 3]], length=2)


def test_padding_names_wrong_arguments():
    with pytest.raises(ValueError, match="side: expected one of left, right, got 'middle'"):
        pad([[1]], side="middle")
    with pytest.raises(ValueError, match="sequences: expected at least one"):
        pad([])
