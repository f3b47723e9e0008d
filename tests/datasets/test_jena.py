"""Jena climate: full hours only, each once, windows that keep to their part and cross no gap."""

import io
import zipfile

import numpy as np
import pytest

from seqlib.datasets import download, jena

READ, AHEAD = 5, 3
HEADER = '"Date Time","p (mbar)","T (degC)","wv (m/s)"'
GAP = np.datetime64("2015-06-01T10:00")  # from then on, seven hours are missing


def temperature(moment):
    return (moment.astype(int) // 60) % 1009 / 10


@pytest.fixture
def small(cache, server, monkeypatch):
    """Some days around each border and around a gap, one hour written twice."""
    spans = [
        ("2009-01-01T00:10", "2009-01-04"),
        ("2014-12-29", "2015-01-03"),
        ("2015-05-30", "2015-06-04"),
        ("2015-12-30", "2016-01-03"),
        ("2016-12-30", "2017-01-01T00:10"),
    ]
    ten = np.timedelta64(10, "m")
    moments = np.concatenate([np.arange(np.datetime64(a, "m"), np.datetime64(b, "m"), ten) for a, b in spans])
    moments = moments[(moments < GAP) | (moments >= GAP + np.timedelta64(7, "h"))]
    moments = np.insert(moments, 20, moments[14:20])
    lines = [HEADER]
    for moment in moments:
        day, clock = str(moment).split("T")
        date = ".".join(reversed(day.split("-")))
        lines.append(f"{date} {clock}:00,996.5,{temperature(moment)},-9999.00")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("jena_climate_2009_2016.csv", "\n".join(lines) + "\n")
        archive.writestr("__MACOSX/._jena_climate_2009_2016.csv", "")
    server.files[jena.NAME] = file.getvalue()
    monkeypatch.setattr(jena, "SIZE", len(file.getvalue()))


def test_every_full_hour_once_with_all_columns(small):
    hours, columns = jena.series(quiet=True)
    assert list(columns) == ["p (mbar)", "T (degC)", "wv (m/s)"]
    assert hours[0] == np.datetime64("2009-01-01T01") and hours[-1] == np.datetime64("2017-01-01T00")
    assert (np.diff(hours) > np.timedelta64(0, "h")).all()
    np.testing.assert_array_equal(columns["T (degC)"], [temperature(hour.astype("datetime64[m]")) for hour in hours])
    assert (columns["wv (m/s)"] == -9999).all()


def test_windows_keep_to_their_part_and_cross_no_gap(small):
    data = jena.load(READ, AHEAD, quiet=True)
    hour = np.timedelta64(1, "h")
    for part, (first_year, last_year) in jena.PARTS.items():
        inputs, targets, begins = getattr(data, part)
        assert inputs.shape == (len(begins), READ) and targets.shape == (len(begins), AHEAD)
        assert inputs.dtype == targets.dtype == np.float32
        assert begins.min().astype("datetime64[Y]") == np.datetime64(str(first_year))
        assert (begins + (AHEAD - 1) * hour).max().astype("datetime64[Y]") == np.datetime64(str(last_year))
        for row, begin in enumerate(begins):
            moments = (begin + hour * np.arange(-READ, AHEAD)).astype("datetime64[m]")
            expected = [temperature(moment) for moment in moments]
            np.testing.assert_allclose(np.append(inputs[row], targets[row]), expected, rtol=1e-6)
    starts = set(data.validation[2].astype(str))
    assert "2015-01-01T00" in starts  # reads back across the border
    assert "2015-06-01T07" in starts and "2015-06-01T08" not in starts
    assert "2015-06-01T21" not in starts and "2015-06-01T22" in starts


def test_the_checksum_is_recorded(small, cache, server):
    jena.series(quiet=True)
    assert (cache / (jena.NAME + ".sha256")).read_text().startswith("sha256:")
    jena.series(quiet=True)
    assert len(server.asked) == 1


def test_what_cannot_be_had_is_named(cache):
    with pytest.raises(
        download.DownloadError, match=r"(?s)13,568,290 bytes, got HTTP 404.*seqlib\.datasets\.earth_rot"
    ):
        jena.load(quiet=True)


def test_windows_that_do_not_fit_are_named(small):
    with pytest.raises(ValueError, match="read, ahead: expected"):
        jena.load(0, 1, quiet=True)
