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


def counting(count, longest, shortest=4, off=3, seed=0):
    r"""Draw strings :math:`a^n b^m`, of which must be said after the last letter whether there were more a or more b.

    The number :math:`n` of a is drawn evenly from `shortest` to `longest`. One string in three has as many b, one
    fewer, one more; where they differ, then by 1 to `off`, each as likely. So neither the length of a string nor its
    number of b says much, and who always gives one answer is right one time in three. What comes before the first
    letter is zeros.

    Args:
        count: number of strings.
        longest: most a in a string, `shortest` or more.
        shortest: fewest a in a string, more than `off`; as many as `longest` for strings of one :math:`n`.
        off: by how many the numbers differ at the most, 1 or more.
        seed: whole number, or a NumPy generator to go on drawing from.

    Returns:
        `(inputs, targets)`: float32 `(count, 2 longest + off, 2)`, one-hot, a then b, the strings at the end, and
        `(count,)` of int32: 0 for fewer b than a, 1 for as many, 2 for more.

    Raises:
        ValueError: where `longest`, `shortest` or `off` is too small.

    Source: after Gers and Schmidhuber, 2001, LSTM recurrent networks learn simple context-free and context-sensitive
    languages, and Weiss, Goldberg and Yahav, 2018, On the practical computational power of finite precision RNNs for
    language recognition, where the strings with as many are to be told from others. Taught in chapter 5.
    """
    _check_at_least("off", off, 1)
    _check_at_least("shortest", shortest, off + 1)
    _check_at_least("longest", longest, shortest)
    random = np.random.default_rng(seed)
    targets = random.integers(0, 3, count).astype("int32")
    first = random.integers(shortest, longest + 1, count)
    second = first + (targets - 1) * random.integers(1, off + 1, count)
    to_go = np.arange(2 * longest + off, 0, -1)  # letters from a step to the end, its own among them
    is_b = to_go <= second[:, None]
    is_a = (to_go <= (first + second)[:, None]) & ~is_b
    return np.stack([is_a, is_b], axis=-1).astype("float32"), targets


def _check_at_least(name, got, least):
    if got < least:
        raise ValueError(f"{name}: expected at least {least}, got {got!r}")
