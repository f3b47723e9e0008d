"""The reviews grammar: labels follow the rules, the ceiling is that of all bags enumerated, and nobody beats it."""

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest

from seqlib.datasets import Dataset, reviews

WORDS = reviews.VOCABULARY


def texts(ids):
    return [WORDS.decode(row[row > 0]) for row in ids]


@pytest.fixture(scope="module")
def data():
    return reviews.load(train=3000, validation=100, test=500)


def test_a_data_set_of_padded_ids_and_labels(data):
    assert isinstance(data, Dataset)
    ids, labels = data.train
    assert ids.shape == (3000, 7 + 6 * 4)
    assert ids.dtype == labels.dtype == "int32"
    assert "3,000 train, 100 validation, 500 test reviews" in data.describe()
    used = ids > 0
    assert (used[:, :-1] >= used[:, 1:]).all()  # padding on the right only


def test_labels_follow_the_two_rules_and_are_balanced(data):
    ids, labels = data.train
    assert [reviews.label_of(text) for text in texts(ids)] == list(labels)
    assert labels.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("plot good but music dull", 0),
        ("plot dull but music um good", 1),
        ("plot um not um dull but music um good", 1),
        ("plot not good but music good", 1),
        ("plot good but music not um um good", 0),
        ("plot not dull", 1),
    ],
)
def test_label_of(text, label):
    assert reviews.label_of(text) == label


def test_label_of_needs_an_opinion_that_decides():
    with pytest.raises(ValueError, match="expected an opinion"):
        reviews.label_of("plot good but music um")


def test_draws_differ_by_part_and_seed_and_come_back():
    first, second, again = (reviews.load(train=50, seed=seed) for seed in (0, 1, 0))
    assert np.array_equal(first.train[0], again.train[0])
    assert not np.array_equal(first.train[0], second.train[0])
    assert not np.array_equal(first.train[0], first.test[0][:50])


def test_no_review_of_the_test_stands_in_the_training_part(data):
    assert not set(texts(data.train[0])) & set(texts(data.test[0]))


def test_gaps_and_lead_are_as_asked():
    ids, _ = reviews.sample(200, gaps=(3, 3), lead=(2, 2), negation=1.0)
    assert {len(text.split()) for text in texts(ids)} == {2 + 7 + 6 * 3}
    for text in texts(ids):
        words = text.split()
        assert words.index("not") == 2 + 1 + 3
        assert len(set(words[:2])) == 1
        assert words[words.index("not") + 4] in {*reviews.OPINIONS[0], *reviews.OPINIONS[1]}


@pytest.mark.parametrize(("negation", "contrast"), [(0.0, 0.0), (0.0, 1.0), (1.0, 0.3)])
def test_shares_are_as_asked(negation, contrast):
    ids, labels = reviews.sample(1000, negation=negation, contrast=contrast)
    clauses = [text.split(" but ") for text in texts(ids)]
    assert np.mean([["not" in clause.split() for clause in pair] for pair in clauses]) == negation
    first = np.array([reviews.label_of(pair[0]) for pair in clauses])
    assert np.mean(first != labels) == pytest.approx(contrast, abs=0.05)


@pytest.mark.parametrize("wrong", [{"gaps": (3, 2)}, {"lead": (-1, 2)}, {"negation": 1.1}, {"contrast": -0.1}])
def test_a_grammar_that_is_none(wrong):
    for ask in (lambda: reviews.sample(3, **wrong), lambda: reviews.ceiling(1, **wrong)):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ask()


def test_a_bag_of_nothing():
    with pytest.raises(ValueError, match="order"):
        reviews.ceiling(0)


def test_ceilings_that_can_be_worked_out_by_hand():
    assert reviews.ceiling(1, contrast=1.0) == pytest.approx(0.5)
    assert reviews.ceiling(1, negation=0.0, contrast=0.0) == pytest.approx(1)
    assert reviews.ceiling(1, negation=0.0, contrast=0.5) == pytest.approx(0.75)
    # They agree (3/4): known but for one `not`, 0.32. They do not (1/4): one label as likely as the other.
    assert reviews.ceiling(1) == pytest.approx(0.75 * (1 - 0.32 / 2) + 0.25 / 2)


def test_longer_n_grams_know_more_and_gaps_out_of_reach_tell_nothing():
    ceilings = [reviews.ceiling(order, gaps=(0, 2)) for order in (1, 2, 3)]
    assert (np.diff(ceilings) > 0.01).all()
    assert reviews.ceiling(4, gaps=(3, 4)) == pytest.approx(reviews.ceiling(1))
    assert reviews.ceiling(5, gaps=(3, 4)) > reviews.ceiling(1) + 0.01
    assert reviews.ceiling(16, gaps=(1, 1)) == pytest.approx(1)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("gaps", [(0, 1), (1, 2)])
def test_the_ceiling_is_that_of_every_review_written_out(monkeypatch, order, gaps):
    monkeypatch.setattr(reviews, "TOPICS", ("plot", "music"))
    monkeypatch.setattr(reviews, "OPINIONS", {1: ("good", "great"), 0: ("bad", "dull", "weak")})
    monkeypatch.setattr(reviews, "FILLERS", ("um", "er"))
    grammar = {"gaps": gaps, "lead": (0, 1), "negation": 0.3, "contrast": 0.4}
    bags = {}
    for words, label, probability in every_review(**grammar):
        edge = ["<"] * (order - 1), [">"] * (order - 1)
        words = [*edge[0], *words, *edge[1]]
        grams = zip(*(words[start:] for start in range(order)), strict=False)
        bags.setdefault(frozenset(Counter(grams).items()), [0, 0])[label] += probability
    assert sum(map(sum, bags.values())) == pytest.approx(1)
    assert reviews.ceiling(order, **grammar) == pytest.approx(sum(map(max, bags.values())))


def every_review(gaps, lead, negation, contrast):
    """Write out all reviews of a grammar, by its description and with none of its code."""
    numbers = range(gaps[0], gaps[1] + 1)
    starts = range(lead[0], lead[1] + 1)
    for label, opposite, first, second in product((0, 1), (0, 1), (0, 1), (0, 1)):
        chance = 0.5 * (contrast if opposite else 1 - contrast)
        chance *= (negation if first else 1 - negation) * (negation if second else 1 - negation)
        sides = (label + opposite + first) % 2, (label + second) % 2
        pairs = list(product(reviews.OPINIONS[sides[0]], reviews.OPINIONS[sides[1]]))
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        topics = list(permutations(reviews.TOPICS, 2))
        choices = list(product(topics, pairs, reviews.FILLERS, starts, *[numbers] * 6))
        for topic, opinion, filler, start, *sizes in choices:
            blanks = [[filler] * size for size in (start, *sizes)]
            words = [*blanks[0], topic[0], *blanks[1], *["not"] * first, *blanks[2], opinion[0], *blanks[3]]
            words += ["but", topic[1], *blanks[4], *["not"] * second, *blanks[5], opinion[1], *blanks[6]]
            yield words, label, chance / len(choices)


@pytest.mark.parametrize("order", [1, 2])
def test_no_counting_classifier_beats_the_ceiling(order):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    data = reviews.load(train=4000, validation=10, test=4000)
    counter = CountVectorizer(ngram_range=(order, order), token_pattern=r"\S+")
    train, test = counter.fit_transform(texts(data.train[0])), counter.transform(texts(data.test[0]))
    ceiling, sampling = reviews.ceiling(order), 4 * np.sqrt(0.25 / 4000)
    for model in (LogisticRegression(max_iter=1000), RandomForestClassifier(100, random_state=0)):
        right = model.fit(train, data.train[1]).score(test, data.test[1])
        assert 0.65 < right < ceiling + sampling
