"""The Python documentation: split in order, nothing lost, no test text in the training text."""

import subprocess
import sys

import numpy as np
import pytest

from seqlib.datasets import Dataset, python_docs
from seqlib.text import Vocabulary


@pytest.fixture(scope="module")
def docs():
    return python_docs.load()


def test_the_test_is_the_last_tenth(docs):
    total = len(docs.train) + len(docs.validation) + len(docs.test)
    assert total > 300_000
    assert len(docs.test) == pytest.approx(total / 10, abs=1)
    assert len(docs.validation) == pytest.approx(total / 20, abs=1)


def test_the_parts_in_order_are_the_text(docs):
    ids = np.concatenate([docs.train, docs.validation, docs.test])
    text = docs.vocabularies["characters"].decode(ids)
    assert text == python_docs._text()
    assert ids.dtype == "int32"
    assert set(ids) == set(range(len(docs.vocabularies["characters"])))


def test_no_paragraph_stands_twice(docs):
    paragraphs = python_docs._text().split("\n\n")
    assert len(paragraphs) == len(set(paragraphs)) > 2000


def test_topics_follow_each_other_by_name():
    from pydoc_data.topics import topics

    text = python_docs._text()
    first, last = topics[min(topics)], topics[max(topics)]
    assert text.startswith(first.strip("\n"))
    assert text.endswith(last.strip("\n").split("\n\n")[-1])


def test_every_topic_is_there(docs):
    from pydoc_data.topics import topics

    text = set(python_docs._text().split("\n\n"))
    assert all(text.issuperset(topic.strip("\n").split("\n\n")) for topic in topics.values())


def test_hardly_any_long_passage_of_the_test_is_in_the_training_text(docs):
    decode, length = docs.vocabularies["characters"].decode, 80
    seen, test = decode(np.concatenate([docs.train, docs.validation])), decode(docs.test)
    passages = {seen[start : start + length] for start in range(len(seen) - length + 1)}
    covered = np.zeros(len(test), dtype=bool)
    for start in range(len(test) - length + 1):
        covered[start : start + length] |= test[start : start + length] in passages
    assert covered.mean() < 0.01


def test_two_loads_are_equal(docs):
    again = python_docs.load()
    assert np.array_equal(docs.test, again.test)
    assert docs.vocabularies["characters"].tokens == again.vocabularies["characters"].tokens


def test_describe_counts_and_names_the_source(docs):
    text = docs.describe()
    assert f"{len(docs.train):,} train" in text
    assert f"{len(docs.vocabularies['characters'])} characters" in text
    assert "PSF license" in text


def test_describe_counts_rows_of_tuples():
    pairs = (np.zeros((1234, 3)), np.zeros((1234, 5)))
    data = Dataset("pairs", "here", pairs, pairs, pairs, {"letters": Vocabulary("abc")})
    assert data.describe().startswith(
        "pairs: 1,234 train, 1,234 validation, 1,234 test examples\nvocabulary: 3 letters"
    )


def test_a_dataset_cannot_be_changed(docs):
    with pytest.raises(AttributeError):
        docs.train = docs.test


def test_data_sets_load_no_keras_and_the_source_only_when_asked():
    code = (
        "import sys, seqlib.datasets.python_docs as docs\n"
        "before = 'pydoc_data.topics' in sys.modules\n"
        "docs.load()\n"
        "print(before, 'pydoc_data.topics' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
