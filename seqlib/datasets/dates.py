"""Dates as they are written in some forty locales, every character labeled with the field that it belongs to."""

import datetime
import re
import unicodedata

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

# What a locale is: a language, here and there a country too. All are written in the Latin alphabet.
SEEN = tuple(
    "af az ca cs de en en_GB es et eu fi fo fr ga gl hr id is it lb lt mt nb nl pl rm sl sq sv tr uz vi zu".split()
)
UNSEEN = ("cy", "da", "hu", "lv", "pt", "ro", "sk", "sw")
LOCALES = SEEN + UNSEEN
STYLES = ("full", "long", "medium", "short")
FIELDS = ("day", "month", "year", "weekday", "other")
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)

_FIELD_OF = {"d": "day", "M": "month", "L": "month", "y": "year", "E": "weekday", "c": "weekday"}


def load(train=5000, test=2000, seed=0):
    """Make dates in the locales' own patterns, each character with its field.

    Training and validation draw their locale from `SEEN`; half of the test draws it from `UNSEEN`, locales
    that no training showed. Days are drawn from a hundred years, those of the test from days
    that no training showed either; the style is one of `STYLES`.

    Args:
        train: how many dates train; a tenth as many validate.
        test: how many dates test, half of them in locales of `UNSEEN`.
        seed: draws days, locales and styles.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples:

        - characters, `(rows, time)` of int32, padded with 0;
        - labels, `(rows, time)` of int32, ids of `FIELDS`, padded with 0;
        - locales, `(rows,)` of int32, places in `LOCALES`;
        - styles, `(rows,)` of int32, places in `STYLES`.

        Its vocabularies are `"characters"`, those of the seen locales, any other being `<unknown>`, and `"fields"`.

    Raises:
        ValueError: where a part would be empty, or there are not enough days.

    Source: CLDR, the Unicode Common Locale Data Repository, Unicode license, as Babel has it. Patterns and names
    differ a little from one version of Babel to the next. Taught in chapter 3.
    """
    counts = {"train": train, "validation": train // 10, "test": test}
    days = (LAST - FIRST).days + 1
    if min(counts.values()) < 1 or sum(counts.values()) > days:
        raise ValueError(f"train, test: expected from 10 and 2 to {days:,} in all, got {train!r} and {test!r}")
    generator = np.random.default_rng(seed)
    drawn = iter(generator.choice(days, size=sum(counts.values()), replace=False).tolist())
    rows = {part: [_draw(part, next(drawn), generator) for _ in range(count)] for part, count in counts.items()}
    letters = sorted({letter for row in rows["train"] for letter in row[0]})
    characters = Vocabulary(letters, padding="<pad>", unknown="<unknown>")
    fields = Vocabulary(FIELDS, padding="<pad>", separator=" ")
    longest = max(len(row[0]) for part in rows.values() for row in part)
    return Dataset(
        name="Dates of many locales",
        source=f"CLDR in Babel {_babel_version()}, Unicode license",
        **{part: _arrays(rows[part], characters, fields, longest) for part in rows},
        vocabularies={"characters": characters, "fields": fields},
        unit="dates",
    )


def write(day, locale, style):
    """Write a date as a locale does, and say of each character which field it belongs to.

    Args:
        day: a `datetime.date`.
        locale: a code that Babel knows, such as `"en_GB"`.
        style: one of `STYLES`.

    Returns:
        `text, labels`: a string, and a list with one of `FIELDS` for each character.

    Raises:
        ValueError: where `style` is not one of them.

    Taught in chapter 3.
    """
    from babel.dates import format_date, get_date_format

    if style not in STYLES:
        raise ValueError(f"style: expected one of {', '.join(STYLES)}, got {style!r}")
    text, labels = "", []
    # A pattern such as "EEEE, d 'de' MMMM y": quoted words, runs of one letter for the fields, and what is between.
    for match in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+", get_date_format(style, locale).pattern):
        piece = unicodedata.normalize("NFC", format_date(day, match[0], locale))
        text += piece
        labels += [_FIELD_OF[match[1]] if match[1] else "other"] * len(piece)
    return text, labels


def _draw(part, day, generator):
    """Write one day in a locale and a style at random: text, labels, and the places of locale and style."""
    unseen = part == "test" and generator.random() < 0.5
    place = generator.integers(len(SEEN), len(LOCALES)) if unseen else generator.integers(len(SEEN))
    style = generator.integers(len(STYLES))
    return *write(FIRST + datetime.timedelta(day), LOCALES[place], STYLES[style]), place, style


def _arrays(rows, characters, fields, longest):
    texts, labels, locales, styles = zip(*rows, strict=True)
    return (
        pad([characters.encode(text) for text in texts], longest),
        pad([fields.encode(label) for label in labels], longest),
        np.array(locales, dtype="int32"),
        np.array(styles, dtype="int32"),
    )


def _babel_version():
    import babel

    return babel.__version__
