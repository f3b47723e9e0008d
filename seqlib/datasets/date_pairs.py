"""Dates in English and in another language, and which token of one goes with which of the other."""

import datetime
import re
import unicodedata
from itertools import groupby

import numpy as np

from seqlib.datasets import Dataset, dates, numbers
from seqlib.text import Vocabulary, pad

DAY_FIRST = ("fr", "de", "es", "fi", "ru", "vi", "he")
YEAR_FIRST = ("hu", "lt", "ja", "zh", "ko", "iso")
LANGUAGES = (*DAY_FIRST, *YEAR_FIRST)
LOCALES = ("en", "en_GB")  # of the sources
STYLES = {"full": "full", "long": "long", "medium": "long"}  # of a source: the style of its target
BY = ("words", "characters")

_BIT_OF = {"day": 1, "month": 2, "year": 4, "weekday": 8, "other": 0}
_COUNTER = ("month", "월")  # Korean: in the name of the month in a newer CLDR, in the pattern in an older one
_ISO = tuple(["year"] * 4 + ["other"] + ["month"] * 2 + ["other"] + ["day"] * 2)


def load(language="de", pairs=12_000, seed=0, by="words"):
    r"""Load dates in English and in another language, with the true alignment between the two.

    The days are drawn from 1950 to 2049, no day twice, and each is written once, in a locale, `"en"` or `"en_GB"`,
    and a style, full, long or medium, that are drawn too: *Wednesday, November 18, 2026*, *18 November 2026* and
    *Nov 18, 2026* are three of the six forms. The last 1,000 test, the 500 before them validate: training sees no
    test day, and so no test source, but every year, month and day of the month; only that they meet is new.

    The target says what the source says and no more. A full source has a full target, which names the weekday;
    a long or a medium source has a long target. (A medium target for a medium source would not do: *May 5, 2026* is
    long and medium English alike, and one source would have two targets. The short style is left out: the two
    locales put its day and its month, both in digits, in opposite orders.)

    Every token belongs to a field of the date, day, month, year or weekday, or to none, and two tokens of the
    two languages are linked where they belong to the same field:

    .. math:: A_{ts} = 1 \text{ where } \text{field}(y_t) = \text{field}(x_s) \ne \text{none}, \quad 0 \text{ else}

    Row :math:`t` of the alignment belongs to the token `targets[:, t]` itself. A decoder that reads
    `targets[:, :-1]` is to predict `targets[:, 1:]`, so its attention weights go with `alignment[:, 1:]`.
    Links are many-to-many: the four digits of a year are all linked with the four of the other side, since the fields
    know of no digits. Marks, spaces, words of the pattern such as Spanish *de* or Japanese 年, `<start>`, `<end>` and
    padding have no link at all. All of a name in CLDR belongs to its field, both words of Vietnamese *tháng 11* too;
    only Korean 월 counts with 년 and 일 as a word of the pattern, which it is in older versions of CLDR.

    A token is a word, a single digit, a single mark or a single space. Numbers fall into digits because a year as one
    token would be one class among a hundred, learned apart from the others; ten digits are copied one by one, for
    any year. Spaces are tokens because the tokens joined, with nothing between, are then the text exactly as Babel
    has it, after NFC. The narrow no-break space of Russian before *г.* stays what it is in the installed CLDR, a
    token other than the space. A word ends where a field does: Hebrew *in November*, written as one word, is two.

    Args:
        language: day first, `"fr"` French, `"de"` German, `"es"` Spanish, `"fi"` Finnish, `"ru"` Russian,
            `"vi"` Vietnamese (months are numbered, names of weekdays are two words) or `"he"` Hebrew (written from
            right to left); year first and the weekday last, `"hu"` Hungarian, `"lt"` Lithuanian and, with numbers for
            months, `"ja"` Japanese, `"zh"` Chinese and `"ko"` Korean; or `"iso"`, the form 2026-11-18, which drops
            the weekday.
        pairs: how many dates in all.
        seed: draws the days, their order and how each is written in English; the same for all languages.
        by: what a target token is, `"words"` as above or `"characters"`. Source tokens are words in any case.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples:

        - sources, `(rows, source time)` of int32, the English tokens, padded with 0;
        - targets, `(rows, target time)` of int32: `<start>`, the tokens of the other language, `<end>`, padded with 0;
        - alignment, `(rows, target time, source time)` of bool, True for a link.

        Its vocabularies are `"source"` and `"target"`, the tokens of all pairs.

    Raises:
        ValueError: where `language` or `by` is none of these, where there are too few pairs to split or more than
            days, or where the fields of a date, one by one, do not make the text that Babel gives.

    Source: CLDR, the Unicode Common Locale Data Repository, Unicode license, as Babel has it. Patterns and names
    differ a little from one version of Babel to the next. Taught in chapter 7.
    """
    _check(language, by)
    days = (dates.LAST - dates.FIRST).days + 1
    if not isinstance(pairs, (int, np.integer)) or not 3000 <= pairs <= days:
        raise ValueError(f"pairs: expected a whole number from 3,000 to {days:,}, got {pairs!r}")
    sources, targets = zip(*(_pair(*drawn, language, by) for drawn in _draw(days, pairs, seed)), strict=True)
    source = Vocabulary(numbers._distinct(sources), padding="<pad>")
    target = Vocabulary(numbers._distinct(targets), padding="<pad>", start="<start>", end="<end>")
    arrays = (
        pad([source.encode(tokens) for tokens, _ in sources]),
        pad([target.encode(["<start>", *tokens, "<end>"]) for tokens, _ in targets]),
        numbers._links(pad([fields for _, fields in sources]), pad([[0, *fields, 0] for _, fields in targets])),
    )
    validation, test = pairs - 1500, pairs - 1000
    rows = {"train": slice(validation), "validation": slice(validation, test), "test": slice(test, None)}
    return Dataset(
        name=f"Dates, English to {language} by {by}",
        source=f"CLDR in Babel {dates._babel_version()}, Unicode license; alignment by the fields of its patterns",
        **{part: tuple(array[row] for array in arrays) for part, row in rows.items()},
        vocabularies={"source": source, "target": target},
        unit="pairs",
    )


def align(day, language="de", style="full", by="words", locale="en"):
    """Write one day in English and in another language, and link the tokens of the two.

    Args:
        day: a `datetime.date` from 1950 to 2049.
        language, by: as in `load`.
        style: of the source, `"full"`, `"long"` or `"medium"`; that of the target follows from it.
        locale: of the source, `"en"` or `"en_GB"`.

    Returns:
        `source, target, links`: two lists of strings, without `<start>` and `<end>`, and `(target tokens, source
        tokens)` of bool, the alignment. Each list, joined, is the text that Babel gives, or the date in ISO 8601.

    Raises:
        ValueError: as `load`, and where `day`, `style` or `locale` is not one of these.

    Taught in chapter 7.
    """
    _check(language, by)
    if type(day) is not datetime.date or not dates.FIRST <= day <= dates.LAST:
        raise ValueError(f"day: expected a datetime.date from {dates.FIRST} to {dates.LAST}, got {day!r}")
    if style not in tuple(STYLES):
        raise ValueError(f"style: expected one of {', '.join(STYLES)}, got {style!r}")
    if locale not in LOCALES:
        raise ValueError(f"locale: expected one of {', '.join(LOCALES)}, got {locale!r}")
    (source, source_fields), (target, target_fields) = _pair(day, locale, style, language, by)
    return source, target, numbers._links(np.array([source_fields]), np.array([target_fields]))[0]


def _check(language, by):
    if language not in LANGUAGES:
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    if by not in BY:
        raise ValueError(f"by: expected one of {', '.join(BY)}, got {by!r}")


def _draw(days, pairs, seed):
    """Draw different days, each with the locale and the style of its source."""
    generator = np.random.default_rng(seed)
    chosen = generator.choice(days, size=pairs, replace=False).tolist()
    locales, styles = (generator.choice(names, size=pairs).tolist() for names in (LOCALES, tuple(STYLES)))
    return zip([dates.FIRST + datetime.timedelta(day) for day in chosen], locales, styles, strict=True)


def _pair(day, locale, style, language, by):
    """Give the tokens of both sides, each side with the fields of its tokens."""
    target = (day.isoformat(), _ISO) if language == "iso" else _write(day, language, STYLES[style])
    return _tokens(*_write(day, locale, style), "words"), _tokens(*target, by)


def _write(day, locale, style):
    """Write a date with the field of each character, and hold the text against that of Babel."""
    from babel.dates import format_date

    text, labels = dates.write(day, locale, style)
    expected = unicodedata.normalize("NFC", format_date(day, style, locale))
    if text != expected:
        message = f"expected the text of Babel for {day}, {expected!r}, got {text!r} field by field"
        raise ValueError(f"language: in {locale!r}, {message}")
    return text, labels


def _tokens(text, labels, by):
    """Split a text whose characters bear labels into tokens, each with the bit of its field, 0 for none."""
    pattern = r"[^\W\d_]+|." if by == "words" else "."
    tokens, fields = [], []
    for label, run in groupby(zip(text, labels, strict=True), key=lambda pair: pair[1]):
        found = re.findall(pattern, "".join(character for character, _ in run), re.DOTALL)
        tokens += found
        fields += [_BIT_OF[label] if token.isalnum() and (label, token) != _COUNTER else 0 for token in found]
    return tokens, fields
