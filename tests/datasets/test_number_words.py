"""Number words: right in both languages, no number twice, long and short ones."""

import numpy as np
import pytest

from seqlib.datasets import number_words


@pytest.fixture(scope="module")
def data():
    return number_words.load(pairs=4000)


def test_spelling():
    assert number_words.spell(342, "en") == "three hundred and forty two"
    assert number_words.spell(93, "fr") == "quatre vingt treize"
    assert number_words.spell(1_021, "en") == "one thousand and twenty one"


def test_the_parts_share_no_number(data):
    rows = [tuple(row) for part in (data.train, data.validation, data.test) for row in part[0].tolist()]
    assert len(set(rows)) == len(rows) == 4000
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [2500, 500, 1000]


def test_targets_translate_their_sources(data):
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    french = {number_words.spell(number, "en"): number_words.spell(number, "fr") for number in range(1000)}
    found = 0
    for english, said in zip(*data.train, strict=True):
        words = source.decode(english[english > 0])
        length = (said > 0).sum()
        assert said[0] == target.start_id and said[length - 1] == target.end_id
        if words in french:
            assert target.decode(said[1 : length - 1]) == french[words]
            found += 1
    assert found > 300


def test_short_numbers_are_there_as_well_as_long_ones(data):
    lengths = (data.train[0] > 0).sum(axis=1)
    assert lengths.min() <= 2 and lengths.max() == 11
    assert (lengths <= 5).mean() > 0.1


def test_another_language():
    german = number_words.load("it", pairs=3000)
    assert "it" in german.describe()


def test_two_loads_are_equal_and_a_bad_number_is_named(data):
    assert np.array_equal(number_words.load(pairs=4000).test[1], data.test[1])
    with pytest.raises(ValueError, match="pairs: expected 3,000"):
        number_words.load(pairs=10)
