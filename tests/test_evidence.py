"""Stored results can be read, and bands are as wide as their seeds say."""

import numpy as np
import pytest

from seqlib import evidence
from seqlib.evidence import results

RESULT = """# study: small
# machine: x86_64, 2 cores: no GPU
cell,seed,bits
plain,0,2.5
gated,1,nan
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Store one small result, and nothing else."""
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    (tmp_path / "small.csv").write_text(RESULT)
    return tmp_path


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_stored_result_has_its_columns(folder, newline):
    (folder / "small.csv").write_text(RESULT, newline=newline)
    columns = evidence.stored("small")
    assert list(columns) == ["cell", "seed", "bits"]
    assert columns["cell"].tolist() == ["plain", "gated"]
    assert columns["seed"].dtype == columns["bits"].dtype == np.float64
    np.testing.assert_array_equal(columns["bits"], [2.5, np.nan])
    assert evidence.provenance("small") == {"study": "small", "machine": "x86_64, 2 cores: no GPU"}


def test_a_result_without_rows_has_no_columns(folder):
    (folder / "small.csv").write_text("# study: small\nseed,bits\n")
    assert evidence.stored("small") == {}


def test_the_chapter_finds_what_it_reads():
    assert {"seed", "recurrent", *(f"order_{n}" for n in range(1, 7))} <= set(evidence.stored("character_model"))


@pytest.mark.parametrize("read", [evidence.stored, evidence.provenance])
def test_an_unknown_study_is_named(folder, read):
    with pytest.raises(ValueError, match="study: expected one of small, got 'nothing'"):
        read("nothing")


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
