"""Digits with captions: every picture in every language, split by order, captions that say what is shown."""

import numpy as np
import pytest

from seqlib.datasets import digits


@pytest.fixture(scope="module")
def data():
    return digits.load()


def name(data, ids):
    letters = data.vocabularies["letters"]
    assert ids[0] == letters.start_id
    end = list(ids).index(letters.end_id)
    assert not ids[end + 1 :].any()
    return letters.decode(ids[1:end])


def test_known_names_are_spelled(data):
    pictures, languages, captions, shown = data.test
    sevens = np.flatnonzero(shown == 7)[:4]
    assert [name(data, captions[row]) for row in sevens] == ["seven", "sept", "sieben", "seitsemän"]
    assert languages[sevens].tolist() == [0, 1, 2, 3]


def test_each_picture_stands_once_in_each_language(data):
    for pictures, languages, captions, shown in (data.train, data.validation, data.test):
        assert len(pictures) == len(languages) == len(captions) == len(shown)
        assert (languages.reshape(-1, 4) == np.arange(4)).all()
        assert (pictures.reshape(-1, 4, 8, 8) == pictures[::4, None]).all()


def test_the_parts_in_order_are_the_collection(data):
    pictures, shown = digits.pictures_and_digits()
    parts = (data.train, data.validation, data.test)
    assert np.array_equal(np.concatenate([part[0][::4] for part in parts]), pictures)
    assert np.array_equal(np.concatenate([part[3][::4] for part in parts]), shown)
    assert [len(part[0]) // 4 for part in parts] == [1257, 180, 360]
    assert pictures.min() == 0 and pictures.max() == 1


def test_captions_agree_with_the_digits(data):
    names = [digits.spelled(code) for code in digits.LANGUAGES.values()]
    _, languages, captions, shown = data.validation
    assert all(name(data, captions[row]) == names[languages[row]][shown[row]] for row in range(len(shown)))
