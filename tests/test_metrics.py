"""Metrics, against numbers worked out by hand."""

import numpy as np
import pytest

from seqlib import metrics


def test_nats_to_bits():
    assert metrics.bits(np.log(8)) == pytest.approx(3)
    assert metrics.bits([np.log(2), 0]) == pytest.approx([1, 0])


def test_perplexity_of_equal_chances_is_their_number():
    assert metrics.perplexity(np.full((3, 5), np.log2(7))) == pytest.approx(7)
    assert metrics.perplexity([1, 3]) == pytest.approx(4)
    assert metrics.perplexity(2) == 4


def test_bits_per_token_by_hand():
    probabilities = np.array([[[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]]])
    expected = np.array([[2, 3]])
    assert metrics.bits_per_token(np.log(probabilities), [[1, 2]]) == pytest.approx(expected)
    # Logits may be moved by any number.
    assert metrics.bits_per_token(np.log(probabilities) + 5, [[1, 2]]) == pytest.approx(expected)


def test_bits_per_token_survives_large_logits():
    assert metrics.bits_per_token([[1e4, 0.0]], [1]) == pytest.approx([1e4 / np.log(2)])
    assert metrics.bits_per_token([[1e4, 0.0]], [0]) == pytest.approx([0])


def test_bits_per_token_names_wrong_targets():
    with pytest.raises(ValueError, match=r"targets: expected shape \(2,\).*got \(3,\)"):
        metrics.bits_per_token(np.zeros((2, 5)), [0, 1, 2])
    with pytest.raises(ValueError, match="targets: expected ids from 0 to 4, got 0 to 5"):
        metrics.bits_per_token(np.zeros((2, 5)), [0, 5])


def test_exact_match_counts_whole_sequences():
    assert metrics.exact_match(["ab", "abc", ""], ["ab", "abd", ""]) == pytest.approx(2 / 3)
    assert metrics.exact_match([np.array([1, 2]), np.array([1])], [[1, 2], [1, 0]]) == 0.5


def test_exact_match_names_wrong_numbers():
    with pytest.raises(ValueError, match="references: expected 2, as many as predictions, got 1"):
        metrics.exact_match(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="predictions: expected at least one"):
        metrics.exact_match([], [])
