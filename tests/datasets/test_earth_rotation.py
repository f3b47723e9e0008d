"""Length of the day: known days, parts that follow each other in time, windows that keep to their part."""

import sys
from pathlib import Path

import numpy as np
import pytest

from seqlib.datasets import earth_rotation

READ, AHEAD = 11, 7


@pytest.fixture(scope="module")
def data():
    return earth_rotation.load(READ, AHEAD)


@pytest.fixture(scope="module")
def days_and_excess():
    return earth_rotation.series()


def test_every_day_is_there_once(days_and_excess):
    days, excess = days_and_excess
    assert (days[0], days[-1]) == (np.datetime64("1984-01-01"), np.datetime64("2023-12-31"))
    assert (np.diff(days) == np.timedelta64(1, "D")).all()
    assert days.shape == excess.shape == (14610,)


def test_known_days_in_milliseconds(days_and_excess):
    days, excess = days_and_excess
    on = dict(zip(days.astype(str), excess, strict=True))
    for day, milliseconds in {"1984-01-01": 1.4850, "2000-01-01": 0.9394, "2022-06-29": -1.5972}.items():
        assert on[day] == pytest.approx(milliseconds, abs=1e-9), day
    assert excess.min() > -2 and excess.max() < 4


def test_parts_follow_each_other_and_no_target_is_in_two(data, days_and_excess):
    days, _ = days_and_excess
    ends = []
    for part, (first, last) in earth_rotation.PARTS.items():
        _, targets, begins = getattr(data, part)
        assert targets.shape[1] == AHEAD
        assert (np.diff(begins) == np.timedelta64(1, "D")).all()
        room = READ if part == "train" else 0  # nothing before the first day of all is read
        assert begins[0] == np.datetime64(first) + room
        assert begins[-1] + AHEAD - 1 == np.datetime64(last)
        ends.append((begins[0], begins[-1] + AHEAD - 1))
    assert all(before[1] < after[0] for before, after in zip(ends, ends[1:], strict=False))


def test_a_window_is_a_piece_of_the_series(data, days_and_excess):
    days, excess = days_and_excess
    for part in (data.train, data.validation, data.test):
        inputs, targets, begins = part
        assert inputs.dtype == targets.dtype == np.float32
        for row in (0, len(begins) // 2, -1):
            place = int(np.flatnonzero(days == begins[row])[0])
            np.testing.assert_allclose(inputs[row], excess[place - READ : place], rtol=1e-6)
            np.testing.assert_allclose(targets[row], excess[place : place + AHEAD], rtol=1e-6)


def test_what_is_read_ends_the_day_before(data, days_and_excess):
    days, excess = days_and_excess
    first = data.test[2][0]
    place = int(np.flatnonzero(days == first)[0])
    assert data.test[0][0, -1] == np.float32(excess[place - 1])
    assert days[place - 1] == np.datetime64("2015-12-31")  # of the validation part: past by then


def test_windows_by_hand():
    inputs, targets, first = earth_rotation.windows(np.arange(10), read=3, ahead=2, start=4, stop=8)
    assert inputs.tolist() == [[1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert targets.tolist() == [[4, 5], [5, 6], [6, 7]]
    assert first.tolist() == [4, 5, 6]


def test_windows_are_copies():
    values = np.arange(10)
    inputs, targets, _ = earth_rotation.windows(values, 3, 2, 4, 8)
    inputs[:], targets[:] = -1, -1
    assert values.tolist() == list(range(10))


@pytest.mark.parametrize(("read", "ahead"), [(0, 1), (1, 0), (5, 9000), (12000, 1)])
def test_sizes_that_do_not_fit(read, ahead):
    with pytest.raises(ValueError, match=r"read, ahead: expected .* got"):
        earth_rotation.load(read, ahead)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "astropy_iers_data", None)
    with pytest.raises(ModuleNotFoundError, match="pip install astropy-iers-data"):
        earth_rotation.load()


def test_a_file_that_ends_early_is_named(monkeypatch, tmp_path):
    source = pytest.importorskip("astropy_iers_data")
    lines = Path(source.IERS_B_FILE).read_text(encoding="utf-8").splitlines()
    (tmp_path / "short").write_text("\n".join(lines[:-2000]), encoding="utf-8")
    monkeypatch.setattr(source, "IERS_B_FILE", str(tmp_path / "short"))
    with pytest.raises(ValueError, match="expected every day .* update it"):
        earth_rotation.series()
