"""Aligned numbers: what num2words writes, and every link as a reader of both languages draws it."""

import numpy as np
import pytest
from num2words import CONVERTER_CLASSES

from seqlib.datasets import number_grammar, number_words, numbers

LINKS = [
    # Units before tens: the links cross.
    (27, "de", "pieces", "sieben=seven und zwanzig=twenty"),
    (93, "fr", "words", "quatre=ninety vingt=ninety treize=ninety+three"),
    (80, "fr", "words", "quatre=eighty vingts=eighty"),
    (71_017, "fr", "words", "soixante=seventy et onze=seventy+one mille=thousand dix=seventeen sept=seventeen"),
    (1_100, "fr", "words", "mille=one1+thousand cent=one2+hundred"),
    (101_016, "de", "pieces", "ein=one1 hundert=hundred eins=one2 tausend=thousand sech=sixteen zehn=sixteen"),
    (131, "nl", "pieces", "honderd=one1+hundred een=one2 en dertig=thirty"),
    (22, "nl", "pieces", "twee=two ën twintig=twenty"),
    (1_042, "ru", "words", "одна=one тысяча=thousand сорок=forty два=two"),
    (212_000, "ru", "words", "двести=two+hundred двенадцать=twelve тысяч=thousand"),
    (1_323, "fa", "words", "هزار=one+thousand و سیصد=three1+hundred و بیست=twenty و سه=three2"),
    # One word for 42, one for 100,000.
    (542_067, "bn", "words", "পাঁচ=five লাখ=hundred+thousand বিয়াল্লিশ=forty+two হাজার=thousand সাতষট্টি=sixty+seven"),
    (300, "bn", "pieces", "তিন=three শত=hundred"),
    # Groups of 10,000: 三十四 counts what is hundred and forty thousand in English.
    (342_567, "ja", "characters", "三=three 十=hundred1 四=forty 万=hundred1+forty+thousand 二=two 千=thousand 五=five 百=hundred2 六=sixty 十=sixty 七=seven"),  # noqa: E501
    (111_000, "ja", "characters", "十=one+hundred 一=eleven 万=hundred+eleven+thousand 千=eleven+thousand"),
    (15_001, "ko", "pieces", "만=fifteen+thousand 오=fifteen 천=thousand 일=one"),
    (221_011, "th", "pieces", "สอง=two แสน=hundred+thousand สอง=twenty หมื่น=twenty+thousand หนึ่ง=one พัน=thousand สิบ=eleven เอ็ด=eleven"),  # noqa: E501
    (20, "th", "pieces", "ยี่=twenty สิบ=twenty"),
    (0, "ko", "characters", "영=zero"),
]  # fmt: skip


def need(language):
    """Skip a test where the installed num2words is too old for a language."""
    if language not in CONVERTER_CLASSES:
        pytest.skip(f"this num2words has no {language}")


def written(number, language, by):
    """Write the alignment of a number as `LINKS` does: words that English says twice bear their number."""
    source, target, links = numbers.align(number, language, by)
    names = [w + str(source[: i + 1].count(w)) * (source.count(w) > 1) for i, w in enumerate(source)]
    linked = ["+".join(name for name, link in zip(names, row, strict=True) if link) for row in links]
    return " ".join(f"{token}={words}" if words else token for token, words in zip(target, linked, strict=True))


@pytest.mark.parametrize(("number", "language", "by", "expected"), LINKS)
def test_links_are_those_of_a_reader(number, language, by, expected):
    need(language)
    assert written(number, language, by) == expected


def test_german_links_cross_and_french_ones_do_not():
    source, target, links = numbers.align(27, "de")
    assert source == ["twenty", "seven"] and "".join(target) == "siebenundzwanzig"
    assert links.dtype == bool and links.shape == (16, 2)
    assert links.argmax(axis=1).tolist() == [1] * 6 + [0] * 10 and not links[6:9].any()
    assert np.array_equal(numbers.align(27, "fr")[2], np.eye(2, dtype=bool))


def test_words_and_characters_and_pieces_of_one_text():
    assert "".join(numbers.align(721, "fr", "characters")[1]) == "sept cent vingt et un"
    links = numbers.align(721, "fr", "characters")[2]
    assert not links[[4, 9, 15, 16, 17, 18]].any() and links.any(axis=1).sum() == 15


def test_a_word_has_the_links_of_all_its_pieces():
    need("bn")
    assert written(721, "bn", "words") == "সাতশত=seven+hundred একুশ=twenty+one"
    assert written(721, "bn", "pieces") == "সাত=seven শত=hundred একুশ=twenty+one"


SILENT = {"en": {" ", "and"}, "fr": {" ", "et"}, "fa": {" ", "و"}, "de": {"und"}, "nl": {"en", "ën"}}
SILENT |= {language: {" "} for language in ("ru", "bn", "ko")}


@pytest.mark.parametrize("language", number_grammar.LANGUAGES)
def test_the_text_is_that_of_num2words_and_every_part_is_said(language):
    need(language)
    generator = np.random.default_rng(3)
    sample = [*range(10_000), *range(0, 10**6, 1000), *generator.integers(10**6, size=5000).tolist()]
    silent = set()
    for number in sample:
        pieces = number_grammar.spell(number, language)
        assert "".join(text for text, _ in pieces) == number_words.spell(number, language)
        said = [parts for _, parts in pieces]
        assert np.bitwise_or.reduce(said) == number_grammar.parts_of(number)
        if language != "fr" or number // 10 % 10 < 7 and number // 10_000 % 10 < 7:
            assert sum(said) == number_grammar.parts_of(number)  # each part once; French adds up from 70 on
        silent |= {text for text, parts in pieces if parts == 0}
    assert silent == SILENT.get(language, set())


def test_parts_are_digits_and_their_tens():
    assert number_grammar.parts_of(0) == number_grammar.parts_of(7) == 0b1
    assert number_grammar.parts_of(30) == 0b110 and number_grammar.parts_of(34) == 0b111
    assert number_grammar.parts_of(500) == 0b111_000
    assert number_grammar.parts_of(np.int64(111_111)) == 2**21 - 1
    assert dict(number_grammar.spell(342, "en")) == {
        "three": 0b001_000, " ": 0, "hundred": 0b110_000, "and": 0, "forty": 0b110, "two": 0b1
    }  # fmt: skip


@pytest.fixture(scope="module", params=[("fr", "words"), ("de", "characters"), ("ja", "pieces")])
def loaded(request):
    language, by = request.param
    return language, by, numbers.load(language, pairs=3000, by=by)


def rows_of(data):
    """Give the rows of all parts as `(number, source, target, alignment)`, the number read from the English words."""
    numbers_of = {number_words.spell(number, "en"): number for number in range(10_000)}
    for part in (data.train, data.validation, data.test):
        for source, target, alignment in zip(*part, strict=True):
            words = data.vocabularies["source"].decode(source[source > 0])
            yield numbers_of.get(words), source, target, alignment


def test_the_alignment_stands_beside_the_padded_targets(loaded):
    language, by, data = loaded
    found = 0
    for number, source, target, alignment in rows_of(data):
        steps, words = int((target > 0).sum()), int((source > 0).sum())
        assert alignment.shape == (len(target), len(source)) and alignment.dtype == bool
        assert not alignment[steps:].any() and not alignment[:, words:].any()
        assert not alignment[[0, steps - 1]].any()
        if number is not None:
            english, tokens, links = numbers.align(number, language, by)
            assert data.vocabularies["source"].decode(source[:words]).split() == english
            ids = [data.vocabularies["target"].start_id, *data.vocabularies["target"].encode(tokens)]
            assert target[:steps].tolist() == [*ids, data.vocabularies["target"].end_id]
            assert np.array_equal(alignment[1 : steps - 1, :words], links)
            found += 1
    assert found > 1500


@pytest.mark.parametrize("language", numbers.LANGUAGES)
def test_who_denotes_a_part_has_a_link_on_both_sides(language):
    need(language)
    for number in [0, 1, 13, 71, 100, 1001, 10_000, 21_021, 100_100, 300_000, 911_919, 999_999]:
        sides = [number_grammar.spell(number, "en"), number_grammar.spell(number, language)]
        english, other = ([parts for text, parts in side if text != " "] for side in sides)
        source, target, links = numbers.align(number, language, "pieces")
        assert [len(source), len(target)] == [len(english), len(other)]
        assert links.any(axis=0).tolist() == [parts > 0 for parts in english]
        assert links.any(axis=1).tolist() == [parts > 0 for parts in other]
        assert links.sum() == sum((a & b) > 0 for a in english for b in other)


def test_the_parts_share_no_number_and_are_those_of_number_words(loaded):
    language, by, data = loaded
    rows = [tuple(source) for _, source, _, _ in rows_of(data)]
    assert len(set(rows)) == len(rows) == 3000
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [1500, 500, 1000]
    assert set(np.unique(data.test[1])) <= set(np.unique(data.train[1]))
    older = number_words.load("fr", pairs=3000)
    assert np.array_equal(older.test[0], data.test[0])
    if language == "fr":
        assert np.array_equal(older.test[1], data.test[1])
        assert older.vocabularies["target"].tokens == data.vocabularies["target"].tokens
    assert f"{language} by {by}" in data.describe()


def test_the_seed_decides(loaded):
    language, by, data = loaded
    again, other = numbers.load(language, 3000, 0, by), numbers.load(language, 3000, 1, by)
    assert all(np.array_equal(a, b) for a, b in zip(again.train, data.train, strict=True))
    assert not np.array_equal(other.train[0], data.train[0])


def test_defaults_suit_the_language():
    kinds = {language: numbers.align(1, language)[1] for language in ("fr", "ru", "fa", "de", "nl", "th", "ko")}
    assert {language for language, tokens in kinds.items() if len(tokens) == 1} == {"fr", "ru", "fa", "ko"}


def test_what_cannot_be_made_is_named():
    with pytest.raises(ValueError, match="language: expected one of fr, ru, .*, got 'en'"):
        numbers.load("en")
    with pytest.raises(ValueError, match="language: expected one of en, fr, .*, got 'xx'"):
        number_grammar.spell(3, "xx")
    with pytest.raises(ValueError, match="by: expected one of words, characters, pieces, or None, got 'letters'"):
        numbers.load("fr", by="letters")
    with pytest.raises(ValueError, match="by: expected characters or pieces in 'de'"):
        numbers.align(3, "de", "words")
    for pairs in (2999, 100_001):
        with pytest.raises(ValueError, match="pairs: expected 3,000 to 100,000"):
            numbers.load(pairs=pairs)
    for number in (-1, 10**6, 0.5, "3"):
        with pytest.raises(ValueError, match="number: expected a whole number from 0 to 999,999, got"):
            numbers.align(number)


def test_another_spelling_is_reported(monkeypatch):
    spell = number_words.spell
    monkeypatch.setattr(number_words, "spell", lambda n, code: "vint" if (n, code) == (20, "fr") else spell(n, code))
    with pytest.raises(ValueError, match="in 'fr', expected the spelling of num2words for 20, 'vint', got 'vingt' fr"):
        numbers.load("fr", pairs=3000)


def test_a_language_that_num2words_does_not_have_is_reported(monkeypatch):
    def spell(number, language):
        raise NotImplementedError

    monkeypatch.setattr(number_words, "spell", spell)
    with pytest.raises(ValueError, match="language: expected one that the installed num2words knows, got"):
        numbers.align(3, "bn")
