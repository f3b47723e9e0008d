"""Aligned dates: the text is Babel's, the links are those of a reader, and the source says all that the target says."""

import datetime
import unicodedata
from collections import defaultdict
from itertools import groupby

import numpy as np
import pytest
from babel.dates import format_date

from seqlib.datasets import date_pairs, dates, numbers

DAY = datetime.date(2026, 11, 18)
LINKS = {
    "fr": "mercredi=Wednesday| |18=18| |novembre=November| |2026=2026",
    "de": "Mittwoch=Wednesday|, |18=18|. |November=November| |2026=2026",
    "es": "miércoles=Wednesday|, |18=18| de |noviembre=November| de |2026=2026",
    "fi": "keskiviikko=Wednesday| |18=18|. |marraskuuta=November| |2026=2026",
    "ru": "среда=Wednesday|, |18=18| |ноября=November| |2026=2026| г.",
    "vi": "Thứ=Wednesday| |Tư=Wednesday|, |18=18| |tháng=November| |11=November|, |2026=2026",
    "he": "יום=Wednesday| |רביעי=Wednesday|, |18=18| ב|נובמבר=November| |2026=2026",
    # The year first and the weekday last.
    "hu": "2026=2026|. |november=November| |18=18|., |szerda=Wednesday",
    "lt": "2026=2026| m. |lapkričio=November| |18=18| d., |trečiadienis=Wednesday",
    "ja": "2026=2026|年|11=November|月|18=18|日|水曜日=Wednesday",
    "zh": "2026=2026|年|11=November|月|18=18|日|星期三=Wednesday",
    "ko": "2026=2026|년 |11=November|월 |18=18|일 |수요일=Wednesday",
    "iso": "2026=2026|-|11=November|-|18=18",
}
FORMS = [(locale, style) for locale in date_pairs.LOCALES for style in date_pairs.STYLES]


def written(day, language, by, style="full", locale="en"):
    """Write an alignment as `LINKS` does: neighbors of the same links as one, what has no link without a sign."""
    source, target, links = date_pairs.align(day, language, style, by, locale)
    linked = ["".join(token for token, link in zip(source, row, strict=True) if link) for row in links]
    runs = groupby(zip(target, linked, strict=True), key=lambda pair: pair[1])
    parts = [("".join(token for token, _ in run), english) for english, run in runs]
    return "|".join(f"{text}={english}" if english else text for text, english in parts).replace("\u202f", " ")


@pytest.mark.parametrize("by", date_pairs.BY)
@pytest.mark.parametrize("language", date_pairs.LANGUAGES)
def test_links_are_those_of_a_reader(language, by):
    assert written(DAY, language, by) == LINKS[language]


@pytest.mark.parametrize(("locale", "style"), FORMS)
def test_links_go_to_the_same_field_in_every_form_of_the_source(locale, style):
    names = {"full": "November", "long": "November", "medium": "Nov"}
    weekday = "mercredi=Wednesday| |" if style == "full" else ""
    expected = f"{weekday}18=18| |novembre={names[style]}| |2026=2026"
    assert written(DAY, "fr", "words", style, locale) == expected
    assert written(DAY, "iso", "words", style, locale) == f"2026=2026|-|11={names[style]}|-|18=18"


def test_tokens_are_words_and_digits_and_marks_and_spaces():
    source, target, links = date_pairs.align(DAY, "de")
    assert source == ["Wednesday", ",", " ", "November", " ", "1", "8", ",", " ", "2", "0", "2", "6"]
    assert target == ["Mittwoch", ",", " ", "1", "8", ".", " ", "November", " ", "2", "0", "2", "6"]
    assert links.dtype == bool and links.shape == (13, 13)
    # The fields of either side as blocks: each number with all digits of the other, 1 + 2 * 2 + 1 + 4 * 4 links.
    assert np.flatnonzero(links[3]).tolist() == np.flatnonzero(links[4]).tolist() == [5, 6]
    assert np.flatnonzero(links[9]).tolist() == np.flatnonzero(links[12]).tolist() == [9, 10, 11, 12]
    assert links.sum() == 1 + 4 + 1 + 16
    assert date_pairs.align(DAY, "ja")[1] == [*"2026年11月18日", "水曜日"]
    assert date_pairs.align(DAY, "he", "long")[1][3:5] == ["ב", "נובמבר"]
    # The first character of Monday is the word for month.
    monday = DAY - datetime.timedelta(2)
    assert written(monday, "ko", "characters") == "2026=2026|년 |11=November|월 |16=16|일 |월요일=Monday"
    source, target, links = date_pairs.align(DAY, "de", "medium", "characters")
    assert source == ["Nov", " ", "1", "8", ",", " ", "2", "0", "2", "6"] and target == list("18. November 2026")
    assert links[4:12, 0].all() and not links[12].any()


def babel(day, style, locale):
    return unicodedata.normalize("NFC", format_date(day, style, locale))


def every(step):
    """Give every so many days of the hundred years."""
    return [dates.FIRST + datetime.timedelta(day) for day in range(0, 36_525, step)]


@pytest.mark.parametrize("language", date_pairs.LANGUAGES)
def test_the_text_is_that_of_babel(language):
    for place, day in enumerate([dates.LAST, *every(113)]):
        locale, style = FORMS[place % len(FORMS)]
        other = "full" if style == "full" else "long"
        expected = format_date(day, "yyyy-MM-dd", "en") if language == "iso" else babel(day, other, language)
        for by in date_pairs.BY:
            source, target, _ = date_pairs.align(day, language, style, by, locale)
            assert "".join(source) == babel(day, style, locale)
            assert "".join(target) == expected


# The words of a pattern that stand for no field.
FILLERS = {"es": {"de"}, "ru": {"г"}, "lt": {"m", "d"}, "he": {"ב"}, "ko": set("년월일")}
FILLERS |= {language: set("年月日") for language in ("ja", "zh")}


@pytest.mark.parametrize("language", date_pairs.LANGUAGES)
def test_the_source_says_all_that_the_target_says(language):
    answers, forms = defaultdict(set), defaultdict(set)
    for day in every(199):
        for locale, style in FORMS:
            source, target, links = date_pairs.align(day, language, style, locale=locale)
            answers[tuple(source)].add((tuple(target), links.tobytes()))
            forms[tuple(source)].add((locale, style))
            unlinked = {token for token, link in zip(target, links.any(axis=1), strict=True) if not link}
            assert {token for token in unlinked if token.isalnum()} == FILLERS.get(language, set())
            # And the target leaves out nothing but the weekday, in ISO 8601.
            silent = [token for token, link in zip(source, links.any(axis=0), strict=True) if not link]
            words = [token for token in silent if token.isalnum()]
            assert words == ([source[0]] if language == "iso" and style == "full" else [])
    assert all(len(found) == 1 for found in answers.values())
    # In May a source comes from two styles, so the line above can fail.
    assert {source[0] for source, found in forms.items() if len(found) > 1 and source[0].isalpha()} == {"May"}


@pytest.fixture(scope="module", params=[("de", "words"), ("hu", "characters"), ("ja", "words"), ("iso", "words")])
def loaded(request):
    language, by = request.param
    return language, by, date_pairs.load(language, pairs=3000, by=by)


def texts_of(data, part):
    """Give the rows of a part as `(source text, target text)`, without padding, start and end."""
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    ends = {target.padding_id, target.start_id, target.end_id}
    return [
        (source.decode(s[s > 0]), target.decode([id for id in t if id not in ends]))
        for s, t, _ in zip(*part, strict=True)
    ]


def parts_of(data):
    return data.train, data.validation, data.test


@pytest.fixture(scope="module")
def read():
    """Give the day and the form that an English date is read as, the long one where there are two."""
    return {babel(day, style, locale): (day, locale, style) for day in every(1) for locale, style in FORMS[::-1]}


def test_rows_are_days_and_the_alignment_stands_beside_the_padded_targets(loaded, read):
    language, by, data = loaded
    seen = set()
    for part in parts_of(data):
        for (text, _), source, target, alignment in zip(texts_of(data, part), *part, strict=True):
            day, locale, style = read[text]
            english, tokens, links = date_pairs.align(day, language, style, by, locale)
            steps, length = int((target > 0).sum()), int((source > 0).sum())
            vocabulary = data.vocabularies["target"]
            ids = [vocabulary.start_id, *vocabulary.encode(tokens), vocabulary.end_id]
            assert source[:length].tolist() == data.vocabularies["source"].encode(english).tolist()
            assert vocabulary.decode(target[1 : steps - 1]) == "".join(tokens)
            assert target[:steps].tolist() == ids and not target[steps:].any()
            assert alignment.shape == (len(target), len(source)) and alignment.dtype == bool
            assert np.array_equal(alignment[1 : steps - 1, :length], links)
            assert alignment.sum() == links.sum()  # none for start, end and padding
            assert day not in seen
            seen.add(day)
    assert len(seen) == 3000


def test_all_forms_of_the_source_are_drawn_in_every_part(loaded, read):
    _, _, data = loaded
    for part in parts_of(data):
        forms = [read[text][1:] for text, _ in texts_of(data, part)]
        # A sixth each, with a standard deviation of 0.017 in 500 draws; in May, medium is read as long.
        assert all(abs(forms.count(form) / len(forms) - 1 / 6) < 0.08 for form in FORMS)


def test_the_test_is_new_but_made_of_what_training_shows(loaded):
    _, _, data = loaded
    assert [len(part[0]) for part in parts_of(data)] == [1500, 500, 1000]
    sources = [{text for text, _ in texts_of(data, part)} for part in parts_of(data)]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 3000
    for side in (0, 1):
        assert set(np.unique(data.test[side])) <= set(np.unique(data.train[side]))
    assert len({text[-4:] for text in sources[0]}) == 100  # every year


def test_the_parts_have_the_form_of_numbers(loaded):
    language, by, data = loaded
    other = numbers.load("fr", pairs=3000)
    for mine, theirs in zip(parts_of(data), parts_of(other), strict=True):
        assert [(array.ndim, array.dtype) for array in mine] == [(array.ndim, array.dtype) for array in theirs]
    assert set(data.vocabularies) == set(other.vocabularies) and data.unit == other.unit == "pairs"
    for name in ("source", "target"):
        mine, theirs = data.vocabularies[name], other.vocabularies[name]
        for special in ("padding_id", "unknown_id", "start_id", "end_id"):
            assert getattr(mine, special) == getattr(theirs, special)
    assert f"English to {language} by {by}" in data.describe() and "CLDR in Babel" in data.describe()


def test_the_seed_decides_and_the_language_does_not(loaded):
    language, by, data = loaded
    again, other = date_pairs.load(language, 3000, 0, by), date_pairs.load(language, 3000, 1, by)
    assert all(np.array_equal(a, b) for a, b in zip(again.train, data.train, strict=True))
    assert not np.array_equal(other.train[0], data.train[0])
    assert np.array_equal(date_pairs.load("fr", 3000).test[0], data.test[0])


def test_languages_and_locales_are_listed_once():
    assert len(set(date_pairs.LANGUAGES)) == len(date_pairs.LANGUAGES) == len(LINKS)
    for language in date_pairs.LANGUAGES:
        text = "".join(date_pairs.align(DAY, language, "long")[1])
        assert text.startswith("2026") == (language in date_pairs.YEAR_FIRST)


def test_what_cannot_be_made_is_named():
    for function in (date_pairs.load, lambda *args, **more: date_pairs.align(DAY, *args, **more)):
        with pytest.raises(ValueError, match="language: expected one of fr, de, .*, iso, got 'en'"):
            function("en")
        with pytest.raises(ValueError, match="by: expected one of words, characters, got 'pieces'"):
            function("de", by="pieces")
        with pytest.raises(ValueError, match="by: expected one of words, characters, got None"):
            function("de", by=None)
    for pairs in (2999, 36_526, 3000.0, "3000", None):
        with pytest.raises(ValueError, match="pairs: expected a whole number from 3,000 to 36,525, got"):
            date_pairs.load(pairs=pairs)
    with pytest.raises(ValueError, match="style: expected one of full, long, medium, got 'short'"):
        date_pairs.align(DAY, style="short")
    with pytest.raises(ValueError, match="locale: expected one of en, en_GB, got 'fr'"):
        date_pairs.align(DAY, locale="fr")
    one = datetime.timedelta(1)
    for day in (dates.FIRST - one, dates.LAST + one, datetime.datetime(2026, 11, 18), "2026-11-18", None):
        with pytest.raises(ValueError, match="day: expected a datetime.date from 1950-01-01 to 2049-12-31, got"):
            date_pairs.align(day)


def test_all_days_can_be_had():
    data = date_pairs.load("iso", pairs=36_525)
    assert [len(part[0]) for part in parts_of(data)] == [35_025, 500, 1000]


@pytest.mark.parametrize(("locale", "language"), [("fr", "fr"), ("en_GB", "de")])
def test_a_text_that_is_not_babels_is_reported(monkeypatch, locale, language):
    write = dates.write
    label = ["other"]

    def wrong(day, code, style):
        text, labels = write(day, code, style)
        return (text + "!", labels + label) if code == locale else (text, labels)

    monkeypatch.setattr(dates, "write", wrong)
    with pytest.raises(ValueError, match=f"in '{locale}', expected the text of Babel for .*, got '.*!' field by field"):
        date_pairs.load(language, pairs=3000)
