r"""Probes: what a simple reader can still tell from a network's states."""

import numpy as np


def plant(ids, letters, count, length, seed=0):
    """Cut windows out of a text at random places, and put a random letter first in each.

    The letter says nothing about the text that follows, nor that about the letter: whoever names it later has
    remembered it.

    Args:
        ids: `(time,)` token ids of the text.
        letters: `(choices,)` ids to choose from, each as likely.
        count: number of windows.
        length: steps in each, the planted letter included.
        seed: whole number; the same seed gives the same windows.

    Returns:
        `(windows, planted)`: `(count, length)` of ids, and `(count,)` of places in `letters`.

    Raises:
        ValueError: where the text has fewer than `length` tokens, or there are fewer than two letters.

    Taught in chapter 2.
    """
    ids, letters = np.asarray(ids), np.asarray(letters)
    if ids.ndim != 1 or not 1 <= length <= len(ids):
        raise ValueError(f"ids: expected one text of at least length = {length} tokens, got shape {ids.shape}")
    if letters.ndim != 1 or len(letters) < 2:
        raise ValueError(f"letters: expected at least two ids to choose from, got shape {letters.shape}")
    random = np.random.default_rng(seed)
    starts = random.integers(0, len(ids) - length + 1, count)
    windows = np.lib.stride_tricks.sliding_window_view(ids, length)[starts].copy()
    planted = random.integers(0, len(letters), count)
    windows[:, 0] = letters[planted]
    return windows, planted


def recall(states, planted):
    r"""Measure after how many steps a planted letter can still be read from the state: the memory curve.

    For each step a linear probe is fitted on two thirds of the sequences and scored on the others, with :math:`h`
    scaled to zero mean and unit variance and :math:`y` one-hot:

    .. math:: \min_{W, b} \sum \lVert h W + b - y \rVert^2 + \alpha \lVert W \rVert^2, \qquad \alpha = 1

    Args:
        states: `(batch, steps, units)`, at the steps that are of interest.
        planted: `(batch,)`, which letter was planted in each sequence, as `plant` gives it.

    Returns:
        `(steps,)`: the share of the held-out sequences in which the probe names the letter.

    Raises:
        ValueError: where `states` has not three axes, or `planted` does not fit it.

    Source: Alain and Bengio, 2016, Understanding intermediate layers using linear classifier probes (linear probes);
    scikit-learn's `RidgeClassifier`. Taught in chapter 2.
    """
    states, planted = np.asarray(states), np.asarray(planted)
    if states.ndim != 3 or len(planted) != len(states):
        raise ValueError(f"states: expected (batch, steps, units), batch = {len(planted)}, got {states.shape}")
    return np.array([_score(states[:, step].astype("float64"), planted) for step in range(states.shape[1])])


def _score(states, planted):
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fitted = 2 * len(states) // 3
    probe = make_pipeline(StandardScaler(), RidgeClassifier())
    probe.fit(states[:fitted], planted[:fitted])
    return probe.score(states[fitted:], planted[fitted:])
