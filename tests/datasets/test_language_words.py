"""Words of sixteen languages: one language each, and no family in two parts."""

import numpy as np
import pytest

from seqlib.datasets import language_words


@pytest.fixture(scope="module")
def data():
    return language_words.load()


def decoded(data, part):
    letters = data.vocabularies["letters"]
    return [letters.decode(ids[ids > 0]) for ids in part[0]]


def test_there_are_words_of_every_language(data):
    for part in (data.train, data.validation, data.test):
        assert set(part[1]) == set(range(16))
        assert len(part[0]) == len(part[1])
        assert part[0].shape[1] == language_words.LONGEST
    assert len(data.train[0]) > 3 * len(data.test[0]) > 3000


def test_known_words_are_theirs(data):
    pairs = {}
    for part in (data.train, data.validation, data.test):
        pairs |= dict(zip(decoded(data, part), part[1], strict=True))
    names = list(language_words.LANGUAGES)
    assert names[pairs["spanisch"]] == "German"
    assert names[pairs["lokakuuta"]] == "Finnish"
    assert names[pairs["settembre"]] == "Italian"


def test_words_are_small_latin_letters_each_once(data):
    texts = [word for part in (data.train, data.validation, data.test) for word in decoded(data, part)]
    assert len(set(texts)) == len(texts)
    assert all(word.isalpha() and word == word.lower() and 4 <= len(word) <= 20 for word in texts)


def test_no_family_is_in_two_parts(data):
    families = [
        {language_words.without_accents(word)[:4] for word in decoded(data, part)}
        for part in (data.train, data.validation, data.test)
    ]
    assert not families[0] & families[1] and not families[0] & families[2] and not families[1] & families[2]


def test_shared_words_are_in_no_part(data):
    shared = language_words.shared_words()
    texts = {word for part in (data.train, data.validation, data.test) for word in decoded(data, part)}
    assert not texts & set(shared)
    assert "america" in shared and len(shared["america"]) >= 2
    for place in shared["america"]:
        assert "america" in language_words.words(list(language_words.LANGUAGES.values())[place])


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="code: expected a language that Babel knows, got 'qq-nothing'"):
        language_words.words("qq-nothing")


def test_accents_come_off():
    assert language_words.without_accents("españoléř") == "espanoler"


def test_bags_count_letters_and_pairs_by_hand():
    words = np.array([[1, 2, 1, 0], [2, 0, 0, 0]])
    assert language_words.bags(words, 3).tolist() == [[0, 2, 1], [0, 0, 1]]
    pairs = language_words.bags(words, 3, 2).reshape(2, 3, 3)
    wanted = np.zeros((2, 3, 3))
    for row, first, second in [(0, 0, 1), (0, 1, 2), (0, 2, 1), (0, 1, 0), (1, 0, 2), (1, 2, 0)]:
        wanted[row, first, second] += 1
    assert np.array_equal(pairs, wanted)
    with pytest.raises(ValueError, match="length: expected 1 or 2, got 3"):
        language_words.bags(words, 3, 3)
