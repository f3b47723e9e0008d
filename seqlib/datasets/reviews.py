"""Film reviews as people say them, from a small grammar in which the order of the words decides."""

from collections import Counter
from itertools import product

import numpy as np

from seqlib.datasets import Dataset
from seqlib.text import Vocabulary, pad

TOPICS = ("plot", "acting", "music", "ending", "script", "cast", "camera", "pace")
OPINIONS = {
    1: ("good", "great", "superb", "funny", "clever", "moving"),
    0: ("bad", "dull", "weak", "boring", "silly", "poor"),
}
FILLERS = ("um", "er", "well", "like", "hmm", "so", "oh", "really")
NEGATION, TURN = "not", "but"
VOCABULARY = Vocabulary([NEGATION, TURN, *TOPICS, *OPINIONS[1], *OPINIONS[0], *FILLERS], padding="<pad>", separator=" ")
SLOTS = 7  # places for fillers: before everything, and after each word but the turn


def load(train=8000, validation=1000, test=2000, seed=0, **grammar):
    r"""Make a data set of spoken film reviews with their labels, 1 for a favorable one and 0 for the opposite.

    A review has two clauses, such as `plot um not um um good but music um dull um`: a topic, perhaps the word `not`, an
    opinion; then `but`, and the same again. Two rules give its label. The scope of `not` is the rest of its own
    clause, where it turns the opinion round. And what stands after `but` decides. Each speaker has one habit of
    speech, a filler, which may stand any number of times between the words that count.

    Args:
        train, validation, test: number of reviews in each part.
        seed: for the draw; the three parts never share a draw.
        **grammar: `gaps`, `lead`, `negation` and `contrast`, as in `sample`.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples of `ids`, `(reviews, words)` of int32, padded with 0 on the
        right, and `labels`, `(reviews,)` of int32, and whose vocabulary is `vocabularies["words"]`.

    Source: written for this course; made anew at each call. Taught in chapters 1 and 3.
    """
    seeds = np.random.SeedSequence(seed).spawn(3)
    parts = [sample(count, part, **grammar) for count, part in zip((train, validation, test), seeds, strict=True)]
    source = "a grammar of spoken film reviews, written for this course"
    return Dataset("reviews", source, *parts, {"words": VOCABULARY}, unit="reviews")


def sample(count, seed=0, gaps=(0, 4), lead=(0, 0), negation=0.2, contrast=0.25):
    """Draw reviews from the grammar that `load` describes.

    Args:
        count: how many.
        seed: whatever `numpy.random.default_rng` takes.
        gaps: `(fewest, most)` fillers in each of the six gaps, each number as likely. From `not` to its opinion it is
            one step more than there are fillers between, so `(d - 1, d - 1)` puts them `d` steps apart.
        lead: `(fewest, most)` fillers before the first topic.
        negation: the probability that a clause has a `not`, in each clause on its own.
        contrast: the probability that the two clauses say opposite things. At 1 two labels share every bag of words.

    Returns:
        `ids, labels`: `(count, words)` of int32, where `words` is the longest length that the gaps allow, padded with 0
        on the right, and `(count,)` of int32. Both labels are equally likely.

    Raises:
        ValueError: where a range or a probability is none.

    Taught in chapter 1.
    """
    _check(gaps, lead, negation, contrast)
    random = np.random.default_rng(seed)
    texts, labels = [], random.integers(2, size=count)
    for label in labels:
        negated = random.random(2) < negation
        meanings = _meanings(label, random.random() < contrast)
        sides = [meaning ^ int(no) for meaning, no in zip(meanings, negated, strict=True)]
        topics = random.choice(TOPICS, 2, replace=False)
        opinions = _two(random, sides)
        filler = random.choice(FILLERS)
        sizes = [random.integers(lead[0], lead[1] + 1), *random.integers(gaps[0], gaps[1] + 1, size=SLOTS - 1)]
        texts.append(VOCABULARY.encode(_words(topics, negated, opinions, filler, sizes)))
    return pad(texts, length=lead[1] + 7 + 6 * gaps[1]), labels.astype("int32")


def label_of(words):
    """Give the label of a review by the two rules: what follows `but` decides, and `not` turns round its own clause.

    Args:
        words: the review, as a string or a list of words.

    Raises:
        ValueError: where the clause that decides has no opinion.

    Taught in chapter 1.
    """
    words = words.split() if isinstance(words, str) else list(words)
    turns = [place for place, word in enumerate(words) if word == TURN]
    clause = words[turns[-1] + 1 :] if turns else words
    for place, word in enumerate(clause):
        for side, opinions in OPINIONS.items():
            if word in opinions:
                return side ^ clause[:place].count(NEGATION) % 2
    raise ValueError(f"words: expected an opinion in the clause that decides, got {' '.join(clause)!r}")


def ceiling(order=1, gaps=(0, 4), lead=(0, 0), negation=0.2, contrast=0.25):
    r"""Compute the best accuracy that any model can have that sees only a bag of n-grams, exactly.

    A **bag of n-grams** says how often each run of `order` neighbors occurs in a review, and nothing else; at order 1
    it is a bag of words. For each bag, the best answer is the label that goes with it more often:

    .. math:: \sum_{\text{bag}} \max_{y} P(\text{bag}, y)

    The sum runs over all bags of the grammar. Two facts make it short. Words of one kind are alike, so one choice of
    names stands for all. And a gap of `order - 1` fillers or more adds nothing but runs of fillers, so longer gaps
    count as one, with what was cut off counted apart. The review's edges are seen, `order - 1` marks on either side.

    One convolution of width `order`, or a stack that reaches over `order` words, followed by one pooling over all
    places, sees no more than this bag: the ceiling is its ceiling too.

    Args:
        order: length of the n-grams.
        gaps, lead, negation, contrast: the grammar's, as in `sample`.

    Returns:
        A probability, 0.5 to 1.

    Raises:
        ValueError: where `order` is below 1, or a range or a probability is none.

    Taught in chapter 1.
    """
    if order < 1:
        raise ValueError(f"order: expected at least 1, got {order}")
    _check(gaps, lead, negation, contrast)
    shapes = _shapes(order - 1, gaps, lead)
    joint = {}
    for negated in product((False, True), repeat=2):
        for label, opposite in product((0, 1), (False, True)):
            weight = 0.5 * (contrast if opposite else 1 - contrast)
            weight *= np.prod([negation if no else 1 - negation for no in negated])
            if weight == 0:
                continue
            sides = [meaning ^ int(no) for meaning, no in zip(_meanings(label, opposite), negated, strict=True)]
            # Names in either order: the two topics, and the two opinions where they are of one side.
            for topics, opinions in product(_orders(TOPICS[:2]), _names(sides)):
                for (sizes, cut), share in shapes.items():
                    words = _words(topics, negated, opinions, FILLERS[0], sizes)
                    key = (_bag(words, order), cut)
                    joint.setdefault(key, [0.0, 0.0])[label] += weight * share / (2 * len(_names(sides)))
    return float(sum(max(pair) for pair in joint.values()))


def _meanings(label, opposite):
    """Give what the two clauses say, 1 or 0: the second one is the label."""
    return (label ^ int(opposite), label)


def _words(topics, negated, opinions, filler, sizes):
    """Put a review together; `sizes` are the numbers of fillers in each of the slots."""
    words = [filler] * sizes[0]
    for clause in range(2):
        before, after, behind = sizes[1 + 3 * clause : 4 + 3 * clause]
        words += [TURN] * clause + [topics[clause]] + [filler] * before
        words += [NEGATION] * bool(negated[clause]) + [filler] * after
        words += [opinions[clause]] + [filler] * behind
    return words


def _two(random, sides):
    """Draw an opinion for each side, never the same one twice."""
    if sides[0] == sides[1]:
        return random.choice(OPINIONS[sides[0]], 2, replace=False)
    return [random.choice(OPINIONS[side]) for side in sides]


def _orders(pair):
    return [tuple(pair), tuple(pair[::-1])]


def _names(sides):
    """Give all ways to name the two opinions with two names for each side, where two names are told apart."""
    if sides[0] == sides[1]:
        return _orders(OPINIONS[sides[0]][:2])
    return [(OPINIONS[sides[0]][0], OPINIONS[sides[1]][0])]


def _shapes(longest, gaps, lead):
    """Give the probability of each `(sizes, cut)`: slots cut to `longest` fillers, and how many were cut off in all."""
    shapes = {((), 0): 1.0}
    for fewest, most in [lead] + [gaps] * (SLOTS - 1):
        grown = {}
        for (sizes, cut), share in shapes.items():
            for size in range(fewest, most + 1):
                key = (*sizes, min(size, longest)), cut + max(size - longest, 0)
                grown[key] = grown.get(key, 0.0) + share / (most - fewest + 1)
        shapes = grown
    return shapes


def _bag(words, order):
    edge = [""] * (order - 1)
    words = [*edge, *words, *edge]
    return frozenset(Counter(tuple(words[place : place + order]) for place in range(len(words) - order + 1)).items())


def _check(gaps, lead, negation, contrast):
    for name, pair in (("gaps", gaps), ("lead", lead)):
        if len(pair) != 2 or not 0 <= pair[0] <= pair[1]:
            raise ValueError(f"{name}: expected (fewest, most), from 0 on, got {pair!r}")
    for name, probability in (("negation", negation), ("contrast", contrast)):
        if not 0 <= probability <= 1:
            raise ValueError(f"{name}: expected a probability, 0 to 1, got {probability!r}")
