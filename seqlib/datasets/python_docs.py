"""The text of Python's own documentation: real prose and code that every Python carries with it."""

import platform

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary


def load():
    """Load the reference text behind Python's `help()`, as character ids.

    The topics are joined in alphabetical order and split in the order of the text: the last tenth is the
    test, the twentieth before it validation, the rest training.

    A paragraph that occurs again is dropped: the topics quote each other, and some 8 % of the last tenth would
    otherwise stand word for word in the training text. The vocabulary is that of the whole text, so that every
    character of the test can be scored.

    The text differs from one version of Python to the next: compare a model only with baselines on the
    same text.

    Returns:
        `seqlib.datasets.Dataset` whose parts are arrays of int32, `(characters,)`, and whose vocabulary is
        `vocabularies["characters"]`.

    Source: the module `pydoc_data.topics` of the Python standard library, PSF license.
    Taught in chapter 2.
    """
    text = _text()
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode(text)
    test, validation = len(ids) * 18 // 20, len(ids) * 17 // 20
    return Dataset(
        name="Python documentation",
        source=f"pydoc_data.topics of Python {platform.python_version()}, PSF license",
        train=ids[:validation],
        validation=ids[validation:test],
        test=ids[test:],
        vocabularies={"characters": vocabulary},
        unit="characters",
    )


def _text():
    from pydoc_data.topics import topics

    paragraphs = "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).split("\n\n")
    return "\n\n".join(dict.fromkeys(paragraphs))
