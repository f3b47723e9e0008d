"""Short clips: a handwritten digit that flies through a small frame and bounces off its walls."""

import numpy as np

from seqlib.datasets import Dataset, digits

SIDE, FREE = 12, 5  # the frame's side, and the places that a digit of 8 can take along it
DIRECTIONS = ("↘", "↗", "↙", "↖")  # down or up changes first


def load(clips=5000, time=10, seed=0):
    r"""Make clips of a digit that moves one pixel a frame along a diagonal and turns round at each wall.

    The pictures are those of `seqlib.datasets.digits`, split as there: a picture that is tested was never seen in
    training. Where a clip begins, which way it goes and which picture flies are drawn evenly.

    Args:
        clips: how many in all; 70 % train, 10 % validate, 20 % test.
        time: frames in each clip.
        seed: draws pictures, places and directions.

    Returns:
        `seqlib.datasets.Dataset` whose parts are tuples:

        - frames, `(rows, time, 12, 12)` of float32 from 0 to 1;
        - digit, `(rows, time)` of int32, the same in every frame of a clip;
        - direction, `(rows, time)` of int32: the way that led into this frame, a place in `DIRECTIONS`;
        - bounce, `(rows, time)` of int32: 1 where that way differs from the one into the frame before. In the
          first frame of a clip neither can be seen, and bounce is 0.

    Raises:
        ValueError: where there are fewer than 10 clips or 2 frames.

    Source: in the manner of Srivastava, Mansimov and Salakhutdinov, 2015, Unsupervised learning of video
    representations using LSTMs (Moving MNIST); pictures from scikit-learn. Simplified: one digit, one speed.
    Taught in chapter 3.
    """
    if clips < 10 or time < 2:
        raise ValueError(f"clips, time: expected at least 10 and 2, got {clips!r} and {time!r}")
    pictures, labels = digits.pictures_and_digits()
    generator = np.random.default_rng(seed)
    shares = {"train": 0.7, "validation": 0.1, "test": 0.2}
    parts = {}
    for part, places in digits.split(len(labels)).items():
        chosen = generator.choice(places, size=round(shares[part] * clips))
        parts[part] = _film(pictures[chosen], labels[chosen], time, generator)
    return Dataset(
        name="Moving digits",
        source="scikit-learn's digits (UCI, CC BY 4.0), set in motion",
        **parts,
        vocabularies={},
        unit="clips",
    )


def best_from_one_frame():
    r"""Give the share of directions that is right at best where only one frame, and so only the place, is known.

    .. math:: \left(\frac{2 \cdot 1 + 6 \cdot \frac{1}{2}}{8}\right)^2 = 0.39

    Along each axis a digit comes by its five places in a round of eight: each wall once, where the way that led
    there is plain, and the three between twice, once in each direction.

    Taught in chapter 3.
    """
    period = 2 * (FREE - 1)
    return float(((2 * 1 + (period - 2) / 2) / period) ** 2)


def _film(pictures, labels, time, generator):
    """Let each picture fly; give frames and what is to be said of each."""
    period = 2 * (FREE - 1)
    phases = generator.integers(period, size=(len(labels), 2))[:, None] + np.arange(-2, time)[:, None]
    phases = phases % period  # (clips, time + 2, axes)
    places = np.minimum(phases, period - phases)
    steps = np.diff(places, axis=1)  # (clips, time + 1, axes), 1 or -1
    frames = np.zeros((len(labels), time, SIDE, SIDE), dtype="float32")
    for clip, picture in enumerate(pictures):
        for frame, (row, column) in enumerate(places[clip, 2:]):
            frames[clip, frame, row : row + 8, column : column + 8] = picture
    ways = (steps < 0) @ np.array([1, 2])
    bounces = ways[:, 1:] != ways[:, :-1]
    bounces[:, 0] = False
    digit = np.repeat(labels[:, None], time, axis=1)
    return frames, *(array.astype("int32") for array in (digit, ways[:, 1:], bounces))
