"""Dates: the text is what Babel writes, every character has its field, and unseen locales stay unseen."""

import datetime
import unicodedata

import numpy as np
import pytest
from babel.dates import format_date

from seqlib.datasets import dates

DAY = datetime.date(2024, 3, 5)


@pytest.mark.parametrize("style", dates.STYLES)
@pytest.mark.parametrize("locale", dates.LOCALES)
def test_the_text_is_that_of_babel(locale, style):
    text, labels = dates.write(DAY, locale, style)
    assert text == unicodedata.normalize("NFC", format_date(DAY, style, locale))
    assert len(labels) == len(text)
    assert {"day", "month", "year"} <= set(labels) <= set(dates.FIELDS)


def marked(text, labels, field):
    return "".join(letter for letter, label in zip(text, labels, strict=True) if label == field)


def test_fields_are_where_they_belong():
    text, labels = dates.write(DAY, "es", "full")
    assert text == "martes, 5 de marzo de 2024"
    fields = {field: marked(text, labels, field) for field in dates.FIELDS}
    assert fields == {"weekday": "martes", "day": "5", "month": "marzo", "year": "2024", "other": ",  de  de "}


def test_numbers_are_told_apart():
    text, labels = dates.write(DAY, "en", "short")
    assert text == "3/5/24"
    assert [marked(text, labels, field) for field in ("month", "day", "year")] == ["3", "5", "24"]


def test_unseen_locales_are_only_in_the_test():
    data = dates.load(train=400, test=200)
    assert data.train[2].max() < len(dates.SEEN) and data.validation[2].max() < len(dates.SEEN)
    unseen = data.test[2] >= len(dates.SEEN)
    assert 0.35 < unseen.mean() < 0.65
    assert not set(dates.SEEN) & set(dates.UNSEEN)
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [400, 40, 200]


def test_arrays_read_back():
    data = dates.load(train=50, test=20)
    characters, fields = data.vocabularies["characters"], data.vocabularies["fields"]
    ids, labels, _, _ = data.train
    assert ((ids > 0) == (labels > 0)).all()
    text, marks = characters.decode(ids[0][ids[0] > 0]), fields.decode(labels[0][ids[0] > 0]).split()
    assert len(text) == len(marks) and "year" in marks
    again = dates.load(train=50, test=20)
    assert np.array_equal(again.test[0], data.test[0])


def test_what_cannot_be_made_is_named():
    with pytest.raises(ValueError, match="style: expected one of full, long"):
        dates.write(DAY, "en", "tiny")
    with pytest.raises(ValueError, match="train, test: expected from 10 and 2"):
        dates.load(train=5)
    with pytest.raises(ValueError, match="train, test: expected"):
        dates.load(train=100_000)
