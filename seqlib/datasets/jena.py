"""Jena climate: the weather at one place, read every ten minutes for eight years."""

import numpy as np

from seqlib.datasets import Dataset, download, earth_rotation

NAME = "jena_climate_2009_2016.csv.zip"
ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/" + NAME
SIZE = 13_568_290  # bytes, as the output of TensorFlow's tutorial on time series shows; nobody publishes a checksum
TEMPERATURE = "T (degC)"
# First and last year of each part, in the order of time: who forecasts knows the past only.
PARTS = {"train": (2009, 2014), "validation": (2015, 2015), "test": (2016, 2016)}
HOUR = np.timedelta64(1, "h")


def load(read=72, ahead=24, quiet=False):
    """Load windows of hourly temperatures to forecast from: `read` hours as they were, and the `ahead` hours after.

    2009 to 2014 trains, 2015 validates, 2016 tests. A window belongs to the part in which all of its targets lie;
    what is read may reach back across the border, as by then it was past. Where the station missed an hour, windows
    across the gap are left out. Temperatures are as published: whoever scales them takes the scale from the training
    part.

    No checksum of the file is published: its length is compared with the one that a tutorial shows, and its checksum
    is recorded at the first download.

    Args:
        read: hours that a forecast may look at, 1 or more.
        ahead: hours to forecast, 1 or more.
        quiet: whether to leave out the progress of the download, 14 MB.

    Returns:
        `seqlib.datasets.Dataset` without vocabularies, whose parts are tuples:

        - inputs, `(windows, read)` of float32: degrees Celsius, the earliest hour first;
        - targets, `(windows, ahead)` of float32: the hours after those;
        - hours, `(windows,)` of datetime64[h]: the first hour of the targets.

    Raises:
        ValueError: where `read` or `ahead` is below 1 or too long for a part.
        seqlib.datasets.download.DownloadError: where the file cannot be had; `seqlib.datasets.earth_rotation` needs no
            network.

    Source: weather station of the Max Planck Institute for Biogeochemistry in Jena, as prepared for Chollet, 2017,
    Deep Learning with Python. Another series for the models of chapter 6.
    """
    hours, columns = series(quiet)
    temperature, years = columns[TEMPERATURE].astype("float32"), hours.astype("datetime64[Y]").astype(int) + 1970
    parts = {}
    for part, (first_year, last_year) in PARTS.items():
        start, stop = np.searchsorted(years, [first_year, last_year + 1])
        inputs, targets, first = earth_rotation.windows(temperature, read, ahead, start, stop)
        whole = hours[first + ahead - 1] - hours[first - read] == (read + ahead - 1) * HOUR
        parts[part] = (inputs[whole], targets[whole], hours[first[whole]])
    return Dataset(
        name="Jena climate, temperature",
        source="Max Planck Institute for Biogeochemistry, the file of TensorFlow's tutorials",
        **parts,
        vocabularies={},
        unit="windows",
    )


def series(quiet=False):
    """Give all fourteen columns at the full hours, in the order of time, each hour once.

    Values are as published; a few wind speeds are -9999, which stands for a failed reading.

    Args:
        quiet: as in `load`.

    Returns:
        `(hours, columns)`: `(time,)` of datetime64[h], and a dictionary from the name of a column, with its unit, to
        `(time,)` of float64.

    Raises:
        seqlib.datasets.download.DownloadError: as `load`.
    """
    path = download.fetch(NAME, ADDRESS, None, instead="seqlib.datasets.earth_rotation", size=SIZE, quiet=quiet)
    header, *rows = download.unzip(path, ".csv").splitlines()
    names = [name.strip('"') for name in header.split(",")][1:]
    rows = [row.split(",") for row in rows if row.partition(",")[0].endswith(":00:00")]
    hours, first = np.unique(np.array([_hour(row[0]) for row in rows], dtype="datetime64[h]"), return_index=True)
    values = np.array([row[1:] for row in rows], dtype="float64")[first]
    return hours, dict(zip(names, values.T, strict=True))


def _hour(text):
    """Write 31.12.2009 23:00:00 as 2009-12-31T23."""
    day, month, year = text[:10].split(".")
    return f"{year}-{month}-{day}T{text[11:13]}"
