"""Data sets, one module each, all giving the same small `Dataset`. No module here loads Keras."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dataset:
    """Arrays to train on, to choose with and to judge by, with the vocabularies that read them.

    Attributes:
        name: name of the data set.
        source: where it comes from and under which license, in a line.
        train: what weights are fitted on: an array, or a tuple of arrays of one length.
        validation: what settings are chosen by, in the same form.
        test: what the final figure is read from, once, in the same form.
        vocabularies: dictionary from a name, such as `"characters"`, to a `seqlib.text.Vocabulary`.
        unit: what one row of the arrays is, for `describe`.

    Taught in chapter 2.
    """

    name: str
    source: str
    train: object
    validation: object
    test: object
    vocabularies: dict
    unit: str = "examples"

    def describe(self):
        """Give name, counts and source as text of three lines."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = ", ".join(f"{_count(part):,} {name}" for name, part in parts.items())
        sizes = ", ".join(f"{len(vocabulary):,} {name}" for name, vocabulary in self.vocabularies.items())
        return f"{self.name}: {counts} {self.unit}\nvocabulary: {sizes}\nsource: {self.source}"


def _count(part):
    return len(part[0]) if isinstance(part, tuple) else len(part)
