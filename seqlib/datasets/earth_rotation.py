"""How long each day was: the Earth does not turn evenly, and every day is a little longer or shorter than 86,400 s."""

import numpy as np

from seqlib.datasets import Dataset

# First and last day of each part, in the order of time: who forecasts knows the past only.
PARTS = {
    "train": ("1984-01-01", "2009-12-31"),
    "validation": ("2010-01-01", "2015-12-31"),
    "test": ("2016-01-01", "2023-12-31"),
}
DAY_ZERO = np.datetime64("1858-11-17")  # from which the modified Julian date counts


def load(read=120, ahead=30):
    """Load windows of daily values to forecast from: `read` days as they were, and the `ahead` days after them.

    The parts follow each other in time: 1984 to 2009 trains, 2010 to 2015 validates, 2016 to 2023 tests. A window
    belongs to the part in which *all* of its targets lie, so no value is a target in two parts, and windows whose
    targets reach across a border are left out. What is read may reach back across it: by then it was past. (These are
    the final values, smoothed and corrected afterwards; on the day itself only rougher ones are known.) They are as
    published, in milliseconds; whoever scales them takes the scale from the training part.

    Args:
        read: days that a forecast may look at, 1 or more.
        ahead: days to forecast, 1 or more.

    Returns:
        `seqlib.datasets.Dataset` without vocabularies, whose parts are tuples:

        - inputs, `(windows, read)` of float32: milliseconds over 86,400 s, the earliest day first;
        - targets, `(windows, ahead)` of float32: the days after those;
        - days, `(windows,)` of datetime64[D]: the first day of the targets.

    Raises:
        ModuleNotFoundError: where the package astropy-iers-data is missing.
        ValueError: where `read` or `ahead` is below 1 or too long for a part, or the package's file lacks a day.

    Source: IERS EOP 20 C04, the series of the International Earth Rotation and Reference Systems Service (Paris
    Observatory), as the package astropy-iers-data ships it (BSD); how the edition before it was made is described in
    Bizouard and others, 2019, The IERS EOP 14C04 solution for Earth orientation parameters. Taught in chapter 6.
    """
    days, excess = series()
    parts = {}
    for part in PARTS:
        inputs, targets, first = windows(excess.astype("float32"), read, ahead, *split(days)[part])
        parts[part] = (inputs, targets, days[first])
    return Dataset(
        name="Length of the day",
        source="IERS EOP 20 C04 (Paris Observatory), shipped by astropy-iers-data",
        **parts,
        vocabularies={},
        unit="windows",
    )


def series():
    """Give every day of the three parts and how long it was.

    Returns:
        `(days, excess)`: `(14610,)` of datetime64[D], and of float64, the milliseconds that the day had over
        86,400 s.

    Raises:
        ModuleNotFoundError: where the package astropy-iers-data is missing.
        ValueError: where its file lacks one of the days.

    Taught in chapter 6.
    """
    try:
        from astropy_iers_data import IERS_B_FILE
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the length of the day comes from the package astropy-iers-data, which is missing: "
            "pip install astropy-iers-data"
        ) from error
    date, seconds = np.loadtxt(IERS_B_FILE, comments="#", usecols=(4, 12), unpack=True)
    days = DAY_ZERO + date.astype("int64")
    first, last = np.datetime64(PARTS["train"][0]), np.datetime64(PARTS["test"][1])
    inside = (first <= days) & (days <= last)
    days, seconds = days[inside], seconds[inside]
    if not np.array_equal(days, np.arange(first, last + 1)):
        raise ValueError(f"astropy-iers-data: expected every day from {first} to {last}, got {len(days)}; update it")
    return days, 1000 * seconds


def split(days):
    """Give for each part the place of its first day and the place after its last, in `days` as `series` gives them."""
    borders = {part: np.array(ends, dtype="datetime64[D]") for part, ends in PARTS.items()}
    return {
        part: (int(np.searchsorted(days, first)), int(np.searchsorted(days, last, side="right")))
        for part, (first, last) in borders.items()
    }


def windows(values, read, ahead, start, stop):
    """Cut every window whose targets all lie from `start` on and before `stop`, and that has `read` values before them.

    Args:
        values: `(time,)`.
        read, ahead: steps to look at and steps to forecast, 1 or more each.
        start, stop: places in `values`; what is read may lie before `start`.

    Returns:
        `(inputs, targets, first)`: `(windows, read)`, `(windows, ahead)`, and `(windows,)`, the place of each
        window's first target.

    Raises:
        ValueError: where `read` or `ahead` is below 1, or no window fits.

    Taught in chapter 6.
    """
    if read < 1 or ahead < 1:
        raise ValueError(f"read, ahead: expected at least 1 each, got {read} and {ahead}")
    first = np.arange(max(start, read), stop - ahead + 1)
    if not len(first):
        room = f"{stop} values, targets from {start} on"
        raise ValueError(f"read, ahead: expected a window that fits into {room}, got {read} and {ahead}")
    cut = np.lib.stride_tricks.sliding_window_view(values, read + ahead)[first - read]
    return cut[:, :read].copy(), cut[:, read:].copy(), first
