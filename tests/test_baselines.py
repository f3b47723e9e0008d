"""N-gram models, against fractions worked out by hand."""

import numpy as np
import pytest

from seqlib.baselines import DISCOUNTS, NGram

# The text "ababc": a = 0, b = 1, c = 2, in a vocabulary of three.
ABABC = [0, 1, 0, 1, 2]


@pytest.fixture(scope="module")
def text():
    """A text of 997 tokens among 7 in which each token depends on the one before it."""
    generator = np.random.default_rng(0)
    steps = generator.choice(3, p=[0.7, 0.2, 0.1], size=997)
    return np.cumsum(steps) % 7


def test_order_one_by_hand():
    """Counts 2, 2, 1 less 1/2 each; what is saved, 3/2 of 5, is spread evenly over three."""
    model = NGram(1, 3, discount=0.5).fit(ABABC)
    assert model.probabilities() == pytest.approx([2 / 5, 2 / 5, 1 / 5])


def test_order_two_by_hand():
    """Bigrams ab, ba, bc: each token has one left neighbor, so that the lower order is 1/6 + 1/6 each."""
    model = NGram(2, 3, discount=0.5).fit(ABABC)
    third = 1 / 3
    # After b once a, once c: (1 - 1/2) / 2 each, and 1/2 * 2 / 2 goes to the lower order.
    assert model.probabilities([1]) == pytest.approx([1 / 4 + third / 2, third / 2, 1 / 4 + third / 2])
    # After a twice b: (2 - 1/2) / 2, and 1/2 * 1 / 2 goes to the lower order.
    assert model.probabilities([0]) == pytest.approx([third / 4, 3 / 4 + third / 4, third / 4])
    # Nothing is known of what follows c: the lower order alone.
    assert model.probabilities([2]) == pytest.approx([third] * 3)


def test_lower_orders_count_contexts_not_occurrences():
    """In "abababcbdb" b is most frequent, and a follows b only: "Kneser-Ney" in one number."""
    text = [0, 1, 0, 1, 0, 1, 2, 1, 3, 1]
    model = NGram(2, 4, discount=0.5).fit(text)
    # Left neighbors: a {b}, b {a, c, d}, c {b}, d {b}: 6 in all, half of each of the four spread over four.
    assert model.probabilities() == pytest.approx([1 / 6, 5 / 12 + 1 / 12, 1 / 6, 1 / 6])


def test_bits_by_hand_count_the_context():
    model = NGram(2, 3, discount=0.5).fit(ABABC)
    assert model.bits([1, 0]) == pytest.approx(-np.log2([1 / 3, 1 / 4 + 1 / 6]))
    assert model.bits([1, 0], context=[2, 0]) == pytest.approx(-np.log2([5 / 6, 1 / 4 + 1 / 6]))


@pytest.mark.parametrize("order", range(1, 7))
def test_probabilities_add_up_to_one_in_any_context(text, order):
    model = NGram(order, 7).fit(text[:500])
    for start in (0, 3, 499, 900):
        probabilities = model.probabilities(text[start : start + 11])
        assert probabilities.sum() == pytest.approx(1)
        assert (probabilities > 0).all()
    assert model.probabilities().sum() == pytest.approx(1)


@pytest.mark.parametrize("order", range(1, 7))
def test_every_token_is_scored_as_its_probability(text, order):
    model = NGram(order, 7).fit(text[:500])
    bits = model.bits(text[500:], context=text[:500])
    assert bits.shape == (497,)
    for place in (0, 1, 5, 211):
        probability = model.probabilities(text[: 500 + place])[text[500 + place]]
        assert bits[place] == pytest.approx(-np.log2(probability))


def test_tokens_never_seen_cost_finite_bits():
    model = NGram(5, 11).fit(ABABC)
    assert np.isfinite(model.bits([10, 9, 10, 9, 8, 7])).all()


def test_scoring_in_parts_is_scoring_at_once(text):
    model = NGram(4, 7).fit(text[:500])
    whole = model.bits(text[500:], context=text[:500])
    parts = [model.bits(text[500:601], text[:500]), model.bits(text[601:], text[:601])]
    assert np.concatenate(parts) == pytest.approx(whole)


def test_a_longer_context_helps_on_text_that_has_one(text):
    bits = [NGram(order, 7).fit(text[:700]).bits(text[700:], text[:700]).mean() for order in (1, 2)]
    entropy = -sum(p * np.log2(p) for p in (0.7, 0.2, 0.1))
    assert bits[0] > 2.7
    assert entropy - 0.15 < bits[1] < entropy + 0.15


def test_the_discount_is_the_best_one_on_validation(text):
    model = NGram(3, 7).fit(text[:500], validation=text[500:800])
    costs = {
        discount: NGram(3, 7, discount).fit(text[:500]).bits(text[500:800], text[:500]).mean() for discount in DISCOUNTS
    }
    assert model.discount == min(costs, key=costs.get)
    assert len(set(costs.values())) == len(DISCOUNTS)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_samples_repeat_and_follow_the_probabilities(order):
    generator = np.random.default_rng(1)
    model = NGram(order, 3).fit(generator.choice(3, p=[0.6, 0.3, 0.1], size=20_011))
    drawn = model.sample(3001, seed=5)
    assert drawn.dtype == "int32"
    assert drawn.shape == (3001,)
    assert np.array_equal(drawn, model.sample(3001, seed=5))
    assert not np.array_equal(drawn, model.sample(3001, seed=6))
    # Four standard deviations of a share of 3001 draws.
    assert np.bincount(drawn) / 3001 == pytest.approx([0.6, 0.3, 0.1], abs=4 * 0.5 / np.sqrt(3001))


def test_samples_continue_the_context():
    model = NGram(3, 5, discount=0.01).fit(np.tile([0, 1, 2, 3, 4], 101))
    assert model.sample(7, context=[1, 2]).tolist() == [3, 4, 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 7), "order: expected at least 1, got 0"),
        ((2, 0), "size: expected at least 1 token, got 0"),
        ((10, 103), "order: expected .* got order 10 with size 103"),
        ((2, 7, 0), "discount: expected more than 0 and at most 1, got 0"),
        ((2, 7, 1.5), "discount: .* got 1.5"),
    ],
)
def test_wrong_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        NGram(*arguments)


def test_wrong_ids_are_named():
    with pytest.raises(ValueError, match="ids: expected ids from 0 to 2, got 0 to 3"):
        NGram(1, 3).fit([0, 3])
    with pytest.raises(ValueError, match="ids: expected at least 4 tokens, one n-gram, got 3"):
        NGram(4, 3).fit([0, 1, 2])
    with pytest.raises(ValueError, match=r"ids: expected one sequence.*\(1, 3\)"):
        NGram(1, 3).fit([[0, 1, 2]])
    with pytest.raises(ValueError, match="expected a fitted one"):
        NGram(1, 3).bits([0])


def test_entries_are_the_different_n_grams_of_all_lengths():
    assert NGram(2, 3).entries == 0
    assert NGram(2, 3).fit([0, 1, 0, 1, 2]).entries == len({0, 1, 2}) + len({(0, 1), (1, 0), (1, 2)})
