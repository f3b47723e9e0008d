"""Words of sixteen languages that share an alphabet: names of languages, places, currencies, months and days."""

import re
import unicodedata
import zlib

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

LANGUAGES = {
    "English": "en",
    "Dutch": "nl",
    "German": "de",
    "Danish": "da",
    "Swedish": "sv",
    "French": "fr",
    "Spanish": "es",
    "Portuguese": "pt",
    "Italian": "it",
    "Polish": "pl",
    "Czech": "cs",
    "Slovak": "sk",
    "Finnish": "fi",
    "Estonian": "et",
    "Hungarian": "hu",
    "Turkish": "tr",
}
SHORTEST, LONGEST = 4, 20
STEM = 4  # letters that words of one family are taken to share


def load():
    """Load the words of sixteen languages, all in the Latin alphabet and in small letters, as letters.

    The names of languages, territories, currencies, months and weekdays are split into words of 4 to 20 letters.
    Words that begin with the same four letters, accents apart,
    all go into the same part, whatever their language: *Spanien* and *spanisch*, *dollar* and *dollari* do not
    meet in training and test. A tenth of these families validates, a fifth tests.

    A word that several of the languages write alike, such as *america*, has no one right answer and is left out;
    `shared_words` gives those.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples: words, `(rows, 20)` of int32, padded with 0, and languages,
        `(rows,)` of int32, places in `LANGUAGES`. Its vocabulary is `vocabularies["letters"]`.

    Source: CLDR, the Unicode Common Locale Data Repository, Unicode license, as Babel has it. Its words differ
    a little from one version of Babel to the next. Taught in chapter 3.
    """
    import babel

    owners = _owners()
    letters = sorted({letter for word in owners for letter in word})
    vocabulary = Vocabulary(letters, padding="<pad>")
    rows = [(word, places[0]) for word, places in owners.items() if len(places) == 1]
    parts = {"train": [], "validation": [], "test": []}
    for row in np.random.default_rng(0).permutation(len(rows)):
        word, place = rows[row]
        parts[_part(word)].append((vocabulary.encode(word), place))
    return Dataset(
        name="Words of sixteen languages",
        source=f"CLDR in Babel {babel.__version__}, Unicode license",
        **{
            part: (pad([ids for ids, _ in rows], LONGEST), np.array([place for _, place in rows], dtype="int32"))
            for part, rows in parts.items()
        },
        vocabularies={"letters": vocabulary},
        unit="words",
    )


def words(code):
    """Give the words of a language in alphabetical order, each once.

    Args:
        code: the language's code as Babel knows it, such as `"sv"`.

    Raises:
        ValueError: where Babel knows no such language.
    """
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(code)
    except (UnknownLocaleError, ValueError) as error:
        raise ValueError(f"code: expected a language that Babel knows, got {code!r}") from error
    names = [*locale.languages.values(), *locale.territories.values(), *locale.currencies.values()]
    for calendar in (locale.months, locale.days):
        names += [name for form in calendar.values() for name in form.get("wide", {}).values()]
    found = {word for name in names for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", name.lower()))}
    return sorted(word for word in found if SHORTEST <= len(word) <= LONGEST and _is_latin(word))


def shared_words():
    """Give the words that several of the languages write alike: a dictionary from word to the languages' places.

    Taught in chapter 3.
    """
    return {word: places for word, places in _owners().items() if len(places) > 1}


def bags(words, size, length=1):
    """Count how often each letter, or each run of neighboring letters, occurs in each word, and forget their order.

    Args:
        words: `(batch, time)` of ids, padded with 0.
        size: number of letters in the vocabulary, padding included.
        length: letters in a run: 1 for single letters, 2 for pairs. Pairs have the word's two edges as partners too.

    Returns:
        `(batch, size ** length)` of float32.

    Raises:
        ValueError: where `length` is neither 1 nor 2.

    Taught in chapter 3.
    """
    if length not in (1, 2):
        raise ValueError(f"length: expected 1 or 2, got {length!r}")
    framed = np.pad(words, ((0, 0), (1, 1)))
    runs = words if length == 1 else framed[:, :-1] * size + framed[:, 1:]  # 0 only where all is padding
    counts = np.zeros((len(words), size**length), dtype="float32")
    rows, steps = np.nonzero(runs)
    np.add.at(counts, (rows, runs[rows, steps]), 1)
    return counts


def without_accents(word):
    """Give a word with accents taken off its letters, as far as Unicode takes letters apart: *é* becomes *e*."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def _owners():
    """Give every word of the sixteen languages, in alphabetical order, with the places of the languages it is in."""
    owners = {}
    for place, code in enumerate(LANGUAGES.values()):
        for word in words(code):
            owners.setdefault(word, []).append(place)
    return dict(sorted(owners.items()))


def _is_latin(word):
    return all("LATIN" in unicodedata.name(letter, "") for letter in word)


def _part(word):
    """Say by a word's first letters, and by nothing else, which part it goes into."""
    place = zlib.crc32(without_accents(word)[:STEM].encode()) % 10
    return "train" if place < 7 else "validation" if place == 7 else "test"
