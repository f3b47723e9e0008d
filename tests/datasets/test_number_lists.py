"""Lists of numbers: the numbers of the other data set, side by side, and every link within its own number."""

import numpy as np
import pytest

from seqlib.datasets import number_lists, numbers

PAIRS, LONGEST = 3000, 5


@pytest.fixture(scope="module", params=[("fr", None), ("de", "characters"), ("de", "pieces")])
def built(request):
    language, by = request.param
    return number_lists.load(language, PAIRS, LONGEST, by=by), language, by


def tokens(vocabulary, ids):
    return [vocabulary.tokens[number] for number in ids if number]


def split(row):
    """Cut a list of tokens at its commas."""
    ends = [place for place, token in enumerate(row) if token == number_lists.COMMA]
    return [row[start:end] for start, end in zip([0, *(end + 1 for end in ends)], [*ends, len(row)], strict=True)]


def test_each_number_is_spelled_and_linked_as_alone(built):
    data, language, by = built
    known = {}
    for number in range(number_lists.BELOW):
        source, target, links = numbers.align(number, language, by)
        known[" ".join(source)] = target, links
    for sources, targets, alignment, counts in (data.train, data.validation, data.test):
        for ids, target_ids, links, count in list(zip(sources, targets, alignment, counts, strict=True))[:40]:
            source = tokens(data.vocabularies["source"], ids)
            start, *target, end = tokens(data.vocabularies["target"], target_ids)
            assert (start, end) == ("<start>", "<end>")
            pairs = list(zip(split(source), split(target), strict=True))
            assert len(pairs) == count
            row, column, expected = 1, 0, np.zeros_like(links)
            for one, other in pairs:
                spelled, own = known[" ".join(one)]
                assert other == spelled
                expected[row : row + len(other), column : column + len(one)] = own
                row, column = row + len(other) + 1, column + len(one) + 1
            assert np.array_equal(links, expected)


def test_parts_share_no_list_and_lengths_are_even(built):
    data, *_ = built
    parts = [data.train, data.validation, data.test]
    assert [len(part[0]) for part in parts] == [PAIRS - 1500, 500, 1000]
    rows = [tuple(row) for part in parts for row in part[0].tolist()]
    assert len(set(rows)) == PAIRS
    counts = np.bincount(np.concatenate([part[3] for part in parts]))
    assert counts[1] == 500 and counts[2:].tolist() == [625] * 4
    assert len(np.unique(data.test[3])) == LONGEST


def test_no_list_is_drawn_twice_where_chance_would(monkeypatch):
    monkeypatch.setattr(number_lists, "BELOW", 60)
    rows = number_lists._draw(PAIRS, 2, seed=0)  # most of the 3,600 lists of two numbers
    assert len(set(rows)) == len(rows) == PAIRS


def test_a_seed_repeats_and_another_draws_others():
    first, again, other = (number_lists.load("fr", PAIRS, 3, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.test[0], again.test[0])
    assert not np.array_equal(first.test[0][:, :5], other.test[0][:, :5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": 2999}, "pairs: expected a whole number from 3,000 to 100,000, got 2999"),
        ({"pairs": 3000.5}, "pairs: expected a whole number from 3,000 to 100,000, got 3000.5"),
        ({"longest": 1}, "longest: expected a whole number from 2 to 12, got 1"),
        ({"longest": 13}, "longest: expected a whole number from 2 to 12, got 13"),
        ({"language": "xx"}, "language: expected one of"),
        ({"language": "de", "by": "words"}, "by: expected characters or pieces in 'de'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        number_lists.load(**arguments)
