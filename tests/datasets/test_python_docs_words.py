"""The documentation as words: nothing lost but spaces, rare words unknown, the list from training words alone."""

from collections import Counter

import numpy as np
import pytest

from seqlib.datasets import python_docs, python_docs_words


@pytest.fixture(scope="module")
def parts():
    return python_docs_words.split()


def test_parts_are_those_of_the_characters_less_spaces_and_drawn_lines(parts):
    characters = python_docs.load()
    for words, ids in zip(parts, (characters.train, characters.validation, characters.test), strict=True):
        text = characters.vocabularies["characters"].decode(ids)
        left = [mark for mark in text if not mark.isspace()]
        spelled = "".join(word for word in words if word != python_docs_words.PARAGRAPH)
        assert set(spelled) == set(left)
        assert 0.9 * len(left) < len(spelled) <= len(left)
        assert words.count(python_docs_words.PARAGRAPH) == text.count("\n\n")


def test_words_numbers_marks_and_drawn_lines():
    words = python_docs_words._words('the "x_1" is 42.5\n\n+------+ a\nb ...')
    assert words == [*'the " x_ 1 " is 42 . 5 ¶ + ---- + a b . . .'.split()]


def test_the_list_holds_the_most_frequent_words_of_the_training_part(parts):
    data = python_docs_words.load(50)
    vocabulary = data.vocabularies["words"]
    assert len(vocabulary) == 50
    assert vocabulary.tokens[0] == "<unk>" and vocabulary.unknown_id == 0
    counted = Counter(parts[0])
    counts = [counted[word] for word in vocabulary.tokens[1:]]
    assert counts == sorted(counts, reverse=True)
    assert max(counted[word] for word in set(counted) - set(vocabulary.tokens)) <= counts[-1]


def test_ids_are_those_of_the_words_and_unknown_ones_are_marked(parts):
    data = python_docs_words.load(500)
    vocabulary = data.vocabularies["words"]
    for ids, words in zip((data.train, data.validation, data.test), parts, strict=True):
        assert len(ids) == len(words)
        for id, word in zip(ids[:2000], words, strict=False):
            assert vocabulary.tokens[id] == (word if word in vocabulary else "<unk>")


def test_words_new_in_the_test_are_unknown_at_any_size(parts):
    data = python_docs_words.load(10**6)
    unknown, known = data.test == data.vocabularies["words"].unknown_id, set(parts[0])
    assert np.array_equal(unknown, [word not in known for word in parts[2]])
    assert 0.005 < unknown.mean() < 0.2
    assert not (data.train == data.vocabularies["words"].unknown_id).any()


def test_a_list_of_nothing():
    with pytest.raises(ValueError, match="size"):
        python_docs_words.load(1)


def test_it_says_what_it_is():
    text = python_docs_words.load().describe()
    assert "train" in text and "words" in text and "PSF license" in text
