"""Stored results of the studies: what long runs over many seeds have measured."""

import csv
import re
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
FEWEST = 5  # seeds, or there is no telling how far a result moves


def stored(study):
    """Read what a study has measured.

    Args:
        study: its name, such as `"character_model"`; the scripts stand in the repository's studies/.

    Returns:
        A dictionary from column to its values, `(rows,)`, float64 where they are numbers.

    Raises:
        ValueError: where there is no such study.

    Taught in chapter 2.
    """
    return table(_path(study))


def provenance(study):
    """Say how a stored result came about.

    Args:
        study: as in `stored`.

    Returns:
        A dictionary of strings: `study`, `code` (a hash of the script and of what it uses of seqlib), `seeds` (their
        number), `seconds` (of all measurements together), `machine`, the versions of `Python`, `NumPy` and `Keras`,
        and the `backend` with its own. Where the code has changed since and the result still stands also `stale`,
        the reason, and `stale_code`, the hash of the code for which that was said.

    Raises:
        ValueError: where there is no such study.

    Taught in chapter 2.
    """
    return heading(_path(study))


def band(values):
    r"""Give the band into which a result measured again, under another seed, should fall.

    .. math:: \bar{x} \pm 6 s

    With five seeds this is close to Student's prediction interval for one more at 99.5 %,
    :math:`t_{4} \sqrt{1 + 1/5} \approx 6.1` standard deviations :math:`s`: wide enough for another machine,
    since other rounding acts like another seed.

    Args:
        values: `(seeds,)`, one result for each seed.

    Returns:
        `(low, high)`.

    Raises:
        ValueError: where there are fewer than five seeds.

    Taught in chapter 2.
    """
    values = np.asarray(values, dtype="float64")
    if values.ndim != 1 or len(values) < FEWEST:
        raise ValueError(f"values: expected results of at least {FEWEST} seeds, (seeds,), got shape {values.shape}")
    middle, spread = values.mean(), values.std(ddof=1)
    return float(middle - 6 * spread), float(middle + 6 * spread)


def table(path):
    """Read the rows of a result's file: a dictionary from column to its values, empty where there are no rows."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return {column: _numbers([row[column] for row in rows]) for column in rows[0]} if rows else {}


def heading(path):
    """Read what stands above the rows of a result's file: a dictionary of strings."""
    return dict(re.findall(r"^# (\w+): (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def _path(study):
    path = FOLDER / f"{study}.csv"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.csv")))
        raise ValueError(f"study: expected one of {known}, got {study!r}")
    return path


def _numbers(texts):
    try:
        return np.array([float(text) for text in texts])
    except ValueError:
        return np.array(texts)
