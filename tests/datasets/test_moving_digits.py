"""Clips: the digit moves as the labels say, and one frame tells as much as was counted."""

import numpy as np
import pytest

from seqlib.datasets import digits, moving_digits


@pytest.fixture(scope="module")
def data():
    return moving_digits.load(clips=2000, time=12)


def test_the_digit_moves_as_the_labels_say(data):
    arrows = {"↘": (1, 1), "↗": (-1, 1), "↙": (1, -1), "↖": (-1, -1)}
    frames, digit, direction, bounce = data.test
    for clip in range(50):
        for frame in range(1, 12):
            step = arrows[moving_digits.DIRECTIONS[direction[clip, frame]]]
            assert np.array_equal(np.roll(frames[clip, frame - 1], step, axis=(0, 1)), frames[clip, frame])
    assert (digit == digit[:, :1]).all()
    assert not bounce[:, 0].any()
    assert np.array_equal(bounce[:, 1:], np.diff(direction) != 0)
    assert bounce.any()


def test_the_pictures_are_digits_of_the_right_kind(data):
    pictures, shown = digits.pictures_and_digits()
    held_out = digits.split(len(shown))["test"]
    ink = {(picture.sum().round(3), label) for picture, label in zip(pictures[held_out], shown[held_out], strict=True)}
    frames, digit, _, _ = data.test
    assert {(frame.sum().round(3), label) for frame, label in zip(frames[:, 0], digit[:, 0], strict=True)} <= ink


def test_the_best_guess_from_a_place_is_what_was_counted():
    """Count all phases of both axes: the commonest direction at each place, right how often."""
    period, hits = 8, 0
    table = {}
    for phase in range(period):
        place, before = (min(p % period, period - p % period) for p in (phase, phase - 1))
        table.setdefault(place, []).append(place > before)
    hits = sum(max(sum(ways), len(ways) - sum(ways)) for ways in table.values())
    assert moving_digits.best_from_one_frame() == pytest.approx((hits / period) ** 2) == 0.390625


def test_shapes_parts_and_values(data):
    frames, *labels = data.train
    assert frames.shape == (1400, 12, 12, 12) and frames.dtype == "float32"
    assert 0 <= frames.min() and frames.max() == 1
    assert all(one.shape == (1400, 12) and one.dtype == "int32" for one in labels)
    assert set(labels[1].ravel()) == {0, 1, 2, 3}
    assert data.describe().startswith("Moving digits: 1,400 train, 200 validation, 400 test clips")


def test_pictures_of_the_test_are_not_in_training(data):
    sums = [np.unique(part[0][:, 0].sum(axis=(1, 2)).round(3)) for part in (data.train, data.test)]
    pictures, _ = digits.pictures_and_digits()
    parts = digits.split(len(pictures))
    for name, found in zip(("train", "test"), sums, strict=True):
        assert set(found) <= set(pictures[parts[name]].sum(axis=(1, 2)).round(3))


def test_too_few_are_named():
    with pytest.raises(ValueError, match="clips, time: expected at least 10 and 2"):
        moving_digits.load(clips=5)
    with pytest.raises(ValueError, match="clips, time"):
        moving_digits.load(time=1)
