"""Stored results can be read, and bands are as wide as their seeds say."""

import numpy as np
import pytest

from seqlib import evidence


def test_a_stored_study_has_its_columns_and_seeds():
    result = evidence.stored("character_model")
    assert {"seed", "recurrent", "order_5"} <= set(result)
    assert len(set(result["seed"])) == len(result["seed"]) >= evidence.FEWEST


def test_an_unknown_study_is_named():
    with pytest.raises(ValueError, match="study: expected one of .*character_model.*, got 'nothing'"):
        evidence.stored("nothing")


def test_band_holds_one_more_draw_and_no_other_distribution():
    random = np.random.default_rng(0)
    draws = random.normal(2.0, 0.01, size=(2000, 6))
    bands = np.array([evidence.band(row[:5]) for row in draws])
    inside = (bands[:, 0] < draws[:, 5]) & (draws[:, 5] < bands[:, 1])
    assert 0.985 < inside.mean() < 1
    assert (bands[:, 1] < 2.5).mean() > 0.99


def test_a_band_needs_five_seeds():
    with pytest.raises(ValueError, match=r"values: expected results of at least 5 seeds, .*got shape \(4,\)"):
        evidence.band([1, 2, 3, 4])
