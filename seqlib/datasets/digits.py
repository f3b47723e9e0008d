"""Pictures with captions: handwritten digits, and the digit's name spelled out in several languages."""

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

LANGUAGES = {"English": "en", "French": "fr", "German": "de", "Finnish": "fi"}


def load():
    """Load 1,797 handwritten digits, each with its name in every language of `LANGUAGES`, as letters.

    The pictures are split in the order of the collection, where those of one writer stand together, so that hardly
    any writer is in two parts: the first 70 % train, the next 10 % validate, the last 20 % test.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples, a row for each picture in each language:

        - pictures, `(rows, 8, 8)` of float32, 0 for paper to 1 for ink;
        - languages, `(rows,)` of int32, places in `LANGUAGES`;
        - captions, `(rows, time)` of int32: `<start>`, the letters of the name, `<end>`, then padding;
        - digits, `(rows,)` of int32, from 0 to 9.

        Its vocabulary is `vocabularies["letters"]`.

    Source: Alpaydin and Kaynak, 1998, Optical recognition of handwritten digits, CC BY 4.0, as scikit-learn has
    it; the names come from num2words, LGPL. Taught in chapter 3.
    """
    pictures, digits = pictures_and_digits()
    names = {language: spelled(code) for language, code in LANGUAGES.items()}
    letters = sorted({letter for ten in names.values() for name in ten for letter in name})
    vocabulary = Vocabulary(letters, padding="<pad>", start="<start>", end="<end>")
    sequences = [vocabulary.encode(["<start>", *name, "<end>"]) for ten in names.values() for name in ten]
    captions = pad(sequences).reshape(len(LANGUAGES), 10, -1)
    parts = {}
    for part, places in split(len(digits)).items():
        picture, language = np.repeat(places, len(LANGUAGES)), np.tile(np.arange(len(LANGUAGES)), len(places))
        digit = digits[picture]
        parts[part] = (pictures[picture], language.astype("int32"), captions[language, digit], digit)
    return Dataset(
        name="Digits and their names",
        source="scikit-learn's digits (UCI, CC BY 4.0), names by num2words",
        **parts,
        vocabularies={"letters": vocabulary},
        unit="captioned pictures",
    )


def pictures_and_digits():
    """Give the pictures, `(1797, 8, 8)` of float32 from 0 to 1, and the digits, `(1797,)` of int32, in order."""
    from sklearn.datasets import load_digits

    collection = load_digits()
    return (collection.images / 16).astype("float32"), collection.target.astype("int32")


def split(count):
    """Give the places of each part, `train`, `validation` and `test`, when `count` pictures are split in order."""
    validation, test = count * 7 // 10, count * 8 // 10
    places = np.arange(count)
    return {"train": places[:validation], "validation": places[validation:test], "test": places[test:]}


def spelled(code):
    """Spell the numbers from 0 to 9 in a language, given by its code as num2words knows it: a list of ten."""
    from num2words import num2words

    return [num2words(digit, lang=code) for digit in range(10)]
