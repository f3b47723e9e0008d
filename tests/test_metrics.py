"""Metrics, against numbers worked out by hand."""

import subprocess
import sys

import numpy as np
import pytest

from seqlib import metrics
from seqlib.datasets import numbers


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


def test_bleu_pools_the_counts_of_the_corpus():
    """Runs of 1 to 4 words: 4 of 5, 3 of 4, 2 of 3, 1 of 2; then 2 of 4 (as often as there), 0, 0, 0."""
    score, _ = metrics.corpus_bleu(["a b c d e", "x x x x"], ["a b c d f g", "x y x z"])
    shares = 6 / 9 * 3 / 7 * 2 / 5 * 1 / 3
    assert score == pytest.approx(100 * np.exp(1 - 10 / 9) * shares**0.25)


def test_bleu_does_not_punish_what_is_too_long_twice():
    score, _ = metrics.corpus_bleu(["a b c d e"], ["a b c d"])
    assert score == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)


def test_bleu_smooths_what_never_occurs():
    """No run of four is right, out of one: half of one is counted."""
    assert metrics.corpus_bleu(["a b c x"], ["a b c d"])[0] == pytest.approx(100 * (1 / 8) ** 0.25)
    assert metrics.corpus_bleu(["a b c d"], ["a b c d"])[0] == pytest.approx(100)
    assert metrics.corpus_bleu([""], ["a b c d"])[0] == 0


def test_bleu_cuts_words_as_asked():
    assert metrics.corpus_bleu(["abcde"], ["abcdf"], tokenize="char")[0] == pytest.approx(
        metrics.corpus_bleu(["a b c d e"], ["a b c d f"])[0]
    )
    # The standard cuts the period off its word; at spaces alone it stays, and the word is wrong.
    assert metrics.corpus_bleu(["a b c d."], ["a b c d !"])[0] == pytest.approx(
        100 * (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25
    )
    spaces, _ = metrics.corpus_bleu(["a b c d."], ["a b c d !"], tokenize="none")
    assert spaces == pytest.approx(100 * np.exp(1 - 5 / 4) * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25)


def test_chrf_by_hand():
    """Runs of characters: 2 of 2 and 1 of 1 are right, and found are 2 of 3 and 1 of 2; of three there is none."""
    score, _ = metrics.corpus_chrf(["ab"], ["abc"])
    precision, recall = 1, (2 / 3 + 1 / 2) / 2
    assert score == pytest.approx(100 * 5 * precision * recall / (4 * precision + recall))
    # Missing characters weigh more than superfluous ones.
    other, _ = metrics.corpus_chrf(["abc"], ["ab"])
    assert other == pytest.approx(100 * 5 * recall * precision / (4 * recall + precision))
    assert other > score


@pytest.mark.parametrize(
    ("predictions", "references", "expected"),
    [
        (["a"], ["a"], 100),
        ([""], ["reference"], 0),
        (["a b c"], ["a b c"], 100),
        (["a b c"], ["abc"], 100),
        ([""], ["c"], 0),
        (["a", "b"], ["a", "c"], 50),
        (["aa"], ["ab"], 25),
    ],
)
def test_chrf_as_sacrebleu_publishes_it(predictions, references, expected):
    """The cases of sacrebleu's own tests in which precision and recall are equal, so that any beta gives the same."""
    assert metrics.corpus_chrf(predictions, references)[0] == pytest.approx(expected)


def test_chrf_counts_words_where_asked():
    """Characters 2/3, 1/2 and 0, words 1/2 and 0."""
    assert metrics.corpus_chrf(["ab c"], ["ab d"])[0] == pytest.approx(100 * 7 / 18)
    assert metrics.corpus_chrf(["ab c"], ["ab d"], word_order=2)[0] == pytest.approx(100 / 3)


def test_signatures_hold_the_settings():
    _, signature = metrics.corpus_bleu(["a"], ["a"], tokenize="char")
    assert signature.startswith("nrefs:1|case:mixed|eff:no|tok:char|smooth:exp|version:")
    _, signature = metrics.corpus_chrf(["a"], ["a"], word_order=2)
    assert signature.startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:")


@pytest.mark.parametrize("score", [metrics.corpus_bleu, metrics.corpus_chrf])
def test_scores_of_texts_name_what_is_wrong(score):
    with pytest.raises(ValueError, match="references: expected 2, as many as predictions, got 1"):
        score(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="predictions: expected at least one sequence, got none"):
        score([], [])
    with pytest.raises(ValueError, match="predictions: expected a list of strings, got 'abc'"):
        score("abc", ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"references: expected a list of strings, got \['a', 'b'\]"):
        score(["a"], [["a", "b"]])
    with pytest.raises(ValueError, match="predictions: expected a list of strings, got None"):
        score(["a", None], ["a", "b"])


def test_settings_of_scores_are_named():
    with pytest.raises(ValueError, match="tokenize: expected one of 13a, intl, zh, char, none, got 'words'"):
        metrics.corpus_bleu(["a"], ["a"], tokenize="words")
    with pytest.raises(ValueError, match="word_order: expected a whole number of at least 0, got -1"):
        metrics.corpus_chrf(["a"], ["a"], word_order=-1)


def test_every_tokenizer_works_with_nothing_else():
    for tokenize in metrics.TOKENIZERS:
        assert metrics.corpus_bleu(["a b c d"], ["a b c d"], tokenize)[0] == pytest.approx(100)


def test_sacrebleu_is_loaded_when_asked_for():
    code = "import sys, seqlib.metrics; print('sacrebleu' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# Four target tokens: linked to source 0; to 1 and 2; not at all; padding. Source 3 is padding.
TRUE_LINKS = np.array([[[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]], dtype=bool)


def test_alignment_error_of_links_by_hand():
    """Of three true links two are found, and two are predicted that are not there."""
    predicted = np.array([[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]], dtype=bool)
    assert metrics.alignment_error_rate(predicted, TRUE_LINKS) == pytest.approx(1 - 2 * 2 / (4 + 3))
    assert metrics.alignment_error_rate(TRUE_LINKS, TRUE_LINKS) == 0
    assert metrics.alignment_error_rate(~TRUE_LINKS, TRUE_LINKS) == 1
    assert metrics.alignment_error_rate(np.zeros_like(TRUE_LINKS), TRUE_LINKS) == 1


def test_possible_links_may_be_missing():
    """Sure 1, possible 3, predicted 3 of which 2 are possible, the sure one among them."""
    sure = np.array([[1, 0, 0], [0, 0, 0]], dtype=bool)
    possible = np.array([[1, 1, 1], [0, 0, 0]], dtype=bool)
    predicted = np.array([[1, 1, 0], [0, 1, 0]], dtype=bool)
    assert metrics.alignment_error_rate(predicted, sure, possible) == pytest.approx(1 - (1 + 2) / (3 + 1))
    assert metrics.alignment_error_rate(sure, sure, possible) == 0
    assert metrics.alignment_error_rate(possible, sure, possible) == 0
    assert metrics.alignment_error_rate(possible, sure) == pytest.approx(1 - (1 + 1) / (3 + 1))


def test_weights_link_each_token_that_has_a_true_link_to_their_largest():
    """Links 0-0, right, and 1-3, to padding, wrong; tokens 2 and 3 have no true link and do not count."""
    weights = np.array([[[0.4, 0.3, 0.2, 0.1], [0.1, 0.3, 0.2, 0.4], [0, 1, 0, 0], [0, 0, 1, 0]]])
    assert metrics.alignment_error_rate(weights, TRUE_LINKS) == pytest.approx(1 - 2 * 1 / (2 + 3))
    weights[0, 1] = [0.1, 0.2, 0.4, 0.3]
    assert metrics.alignment_error_rate(weights.astype("float32"), TRUE_LINKS) == pytest.approx(1 - 2 * 2 / (2 + 3))
    # What the truth itself reaches with one link a token.
    assert metrics.alignment_error_rate(TRUE_LINKS.astype(float), TRUE_LINKS) == pytest.approx(1 - 2 * 2 / (2 + 3))


def test_weights_of_a_token_with_possible_links_only_count():
    sure = np.array([[1, 0], [0, 0]], dtype=bool)
    possible = np.array([[1, 0], [0, 1]], dtype=bool)
    weights = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert metrics.alignment_error_rate(weights, sure, possible) == pytest.approx(1 - (1 + 1) / (2 + 1))
    assert metrics.alignment_error_rate(weights, sure) == 0


def test_equal_weights_take_the_first_and_zeros_none():
    truth = np.array([[1, 0], [1, 0]], dtype=bool)
    assert metrics.alignment_error_rate(np.array([[0.5, 0.5], [0.0, 0.0]]), truth) == pytest.approx(1 - 2 * 1 / (1 + 2))


def test_links_are_counted_over_all_rows():
    """One row of one link, wrong, and one of three, all right: 1 - 2 * 3 / 8, not the mean of 1 and 0."""
    truth = np.array([[[1, 0, 0]] + [[0, 0, 0]] * 2, np.eye(3)], dtype=bool)
    predicted = np.array([[[0, 1, 0]] + [[0, 0, 0]] * 2, np.eye(3)], dtype=bool)
    assert metrics.alignment_error_rate(predicted, truth) == pytest.approx(1 - 2 * 3 / 8)


def test_numbers_with_their_alignment():
    _, _, alignment = numbers.load("fr", pairs=3000).validation
    floor = metrics.alignment_error_rate(alignment.astype("float32"), alignment)
    tokens, links = alignment.any(axis=-1).sum(), alignment.sum()
    assert floor == pytest.approx(1 - 2 * tokens / (tokens + links))
    assert metrics.alignment_error_rate(alignment, alignment) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"predicted": np.ones((2, 2))}, r"alignment: expected \(..., target time, source time\), \(2, 2\) as"),
        ({"possible": np.ones((2, 2), dtype=bool)}, r"possible: expected .*, \(1, 4, 4\) as `predicted`, got \(2, 2\)"),
        ({"alignment": TRUE_LINKS.astype(int)}, "alignment: expected booleans, got int"),
        ({"possible": TRUE_LINKS.astype(float)}, "possible: expected booleans, got float64"),
        ({"predicted": TRUE_LINKS.astype("int32")}, "predicted: expected booleans or finite floats, got int32"),
        ({"predicted": np.full((1, 4, 4), np.nan)}, "predicted: expected booleans or finite floats, got float64, nan"),
        ({"alignment": np.zeros((1, 4, 4), dtype=bool)}, "alignment: expected at least one link, got none"),
        ({"possible": ~TRUE_LINKS}, "possible: expected every sure link among them"),
        ({"predicted": np.ones(3), "alignment": np.ones(3, dtype=bool)}, r"alignment: expected .* got \(3,\)"),
    ],
)
def test_wrong_alignments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        metrics.alignment_error_rate(**({"predicted": TRUE_LINKS, "alignment": TRUE_LINKS} | changes))
