"""Memory tasks of the literature: what counts was shown early, and is asked for at the end.

They are drawn from a seed, as many as one wants, and nothing in them can be guessed from what came last.
"""

import numpy as np


def delayed_recall(count, length, symbols=4, distractors=4, seed=0):
    """Draw sequences whose first element must be named after the last one.

    The first element is one of `symbols`, each as likely; all that follow are distractors, symbols of another kind
    drawn at random. Who ignores the first element is right one time in `symbols`.

    Args:
        count: number of sequences.
        length: steps in each, 2 or more; the answer comes `length - 1` steps after the symbol.
        symbols: how many symbols there are to remember, 2 or more.
        distractors: how many other symbols fill the time, 1 or more.
        seed: whole number, or a NumPy generator to go on drawing from.

    Returns:
        `(inputs, targets)`: one-hot float32 `(count, length, symbols + distractors)`, the symbols first, and
        `(count,)` of int32, the symbol that stood first.

    Raises:
        ValueError: where `length`, `symbols` or `distractors` is too small.

    Source: after the latch problem of Bengio, Simard and Frasconi, 1994, Learning long-term dependencies with gradient
    descent is difficult. Taught in chapter 4.
    """
    _check_at_least("length", length, 2)
    _check_at_least("symbols", symbols, 2)
    _check_at_least("distractors", distractors, 1)
    random = np.random.default_rng(seed)
    targets = random.integers(0, symbols, count).astype("int32")
    ids = random.integers(symbols, symbols + distractors, (count, length))
    ids[:, 0] = targets
    return np.eye(symbols + distractors, dtype="float32")[ids], targets


def adding(count, length, seed=0):
    r"""Draw sequences of numbers of which two are marked, whose sum must be given after the last one.

    Each number is drawn evenly from 0 to 1. One mark stands in the first half of the sequence and one in the second,
    so that the way back from the answer is half the length at least for the first. Who always answers 1, the mean,
    errs by :math:`1/6` in the mean square, the variance of a sum of two such numbers.

    Args:
        count: number of sequences.
        length: steps in each, 2 or more.
        seed: whole number, or a NumPy generator to go on drawing from.

    Returns:
        `(inputs, targets)`: float32 `(count, length, 2)`, the number and its mark (1 or 0), and `(count,)` of
        float32, the sum of the two marked numbers.

    Raises:
        ValueError: where `length` is too small.

    Source: Hochreiter and Schmidhuber, 1997, Long short-term memory, in the form of Le, Jaitly and Hinton, 2015, A
    simple way to initialize recurrent networks of rectified linear units. Taught in chapter 4.
    """
    _check_at_least("length", length, 2)
    random = np.random.default_rng(seed)
    numbers = random.random((count, length), dtype="float32")
    marks = np.zeros((count, length), dtype="float32")
    rows, half = np.arange(count), length // 2
    marks[rows, random.integers(0, half, count)] = 1
    marks[rows, random.integers(half, length, count)] = 1
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=1)


def _check_at_least(name, got, least):
    if got < least:
        raise ValueError(f"{name}: expected at least {least}, got {got!r}")
