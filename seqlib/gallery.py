"""Pictures of what sequence models read and write, each made from its data: the gallery of chapter 1."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from seqlib import plots

VOWELS = {"ah": (730, 1090, 2440), "ee": (270, 2290, 3010), "oo": (300, 870, 2240)}  # formants in hertz
STEPS = 16_000  # samples a second of the synthetic voice


def words(source, target, links=None):
    """Draw two sequences of words one above the other, with lines between those that belong together.

    Args:
        source, target: lists of words.
        links: pairs `(place in source, place in target)`, counted from 0; none where None.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where a sequence is empty or a link points outside of it.

    Taught in chapter 1.
    """
    for name, sequence in (("source", source), ("target", target)):
        if len(sequence) == 0:
            raise ValueError(f"{name}: expected at least one word, got none")
    links = [] if links is None else links
    for start, end in links:
        if start not in range(len(source)) or end not in range(len(target)):
            raise ValueError(f"links: expected places in source and target, got {(start, end)}")
    figure, axes = _empty(height=1.9)
    places = [_row(axes, sequence, y) for sequence, y in ((source, 0.84), (target, 0.16))]
    for start, end in links:
        axes.plot([places[0][start], places[1][end]], [0.7, 0.3], color=plots.COLORS[0], linestyle="-", linewidth=1.6)
    return figure


def bars(words, shares, x_label):
    """Draw a share for each word, the longest bar on top.

    Args:
        words: labels.
        shares: `(words,)` numbers from 0 on.
        x_label: what the bars measure, with the unit.

    Raises:
        ValueError: where there is not one share for each word.

    Taught in chapter 1.
    """
    if len(words) != len(shares) or len(words) == 0:
        raise ValueError(f"shares: expected {len(words)}, one for each word, got {len(shares)}")
    order = np.argsort(shares)
    figure, axes = plots.canvas(height=0.9 + 0.28 * len(words))
    with matplotlib.rc_context(plots.STYLE):
        axes.barh([words[place] for place in order], np.asarray(shares)[order], color=plots.COLORS[0])
        axes.set(xlabel=x_label)
    return figure


def series(past, future, x_label, y_label):
    """Draw a series up to now, and what comes after it with another line.

    Args:
        past, future: `(steps,)` each; the future goes on where the past ends.
        x_label, y_label: names of the axes, with units.

    Taught in chapter 1.
    """
    figure, axes = plots.canvas(height=2.8)
    with matplotlib.rc_context(plots.STYLE):
        axes.plot(np.arange(len(past)), past, label="known")
        axes.plot(len(past) - 1 + np.arange(len(future) + 1), [past[-1], *future], label="to be forecast")
        axes.axvline(len(past) - 1, color=plots.INK, alpha=0.6, linewidth=1, linestyle="-")
        axes.set(xlabel=x_label, ylabel=y_label)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def voice(vowels, seconds=0.2, pitch=120):
    r"""Make the sound of vowels, one after the other.

    A pulse of the vocal cords, `pitch` times a second, rings in three resonances of the mouth, the formants:

    .. math:: s(t) = \sum_{f} e^{-\pi \cdot 90\,t'} \sin(2 \pi f t'), \qquad t' = t \bmod 1/\text{pitch}

    Args:
        vowels: names among those of `VOWELS`.
        seconds: length of each.
        pitch: in hertz.

    Returns:
        `(samples,)`, `STEPS` a second, from -1 to 1.

    Raises:
        ValueError: where a vowel has another name.

    Source: formants as measured by Peterson and Barney, 1952, Control methods used in a study of the vowels.
    Simplified: three formants of one width, equally loud. Taught in chapter 1.
    """
    if unknown := [vowel for vowel in vowels if vowel not in VOWELS]:
        raise ValueError(f"vowels: expected some of {', '.join(VOWELS)}, got {unknown[0]!r}")
    since = (np.arange(int(seconds * STEPS)) / STEPS) % (1 / pitch)
    sounds = [sum(np.exp(-np.pi * 90 * since) * np.sin(2 * np.pi * f * since) for f in VOWELS[v]) for v in vowels]
    sound = np.concatenate(sounds)
    return sound / np.abs(sound).max()


def speech(vowels):
    """Draw the wave of synthetic vowels, and below it how loud each pitch is at each time: the spectrogram.

    Args:
        vowels: as in `voice`; each name stands above its part.

    Taught in chapter 1.
    """
    sound = voice(vowels)
    figure, (wave, spectrum) = plots.canvas(height=3.2, rows=2, sharex=True)
    with matplotlib.rc_context(plots.STYLE):
        wave.plot(np.arange(len(sound)) / STEPS, sound, linewidth=0.5, linestyle="-", rasterized=True)
        wave.set(yticks=[], ylabel="air pressure")
        for place, vowel in enumerate(vowels):
            wave.text((place + 0.5) * len(sound) / STEPS / len(vowels), 1.15, f"“{vowel}”", ha="center", va="bottom")
        frames = np.lib.stride_tricks.sliding_window_view(sound, 400)[::160] * np.hanning(400)
        loudness = np.log10(np.abs(np.fft.rfft(frames, 512)[:, :112]) + 0.1).T
        spectrum.imshow(
            loudness,
            origin="lower",
            aspect="auto",
            cmap=plots.SEQUENTIAL,
            extent=(0, len(sound) / STEPS, 0, 112 * STEPS / 512 / 1000),
        )
        spectrum.set(xlabel="seconds", ylabel="kilohertz")
    return figure


def images(pictures, labels):
    """Draw small gray pictures in a row, each with its label below.

    Args:
        pictures: `(pictures, height, width)`.
        labels: a string for each.

    Raises:
        ValueError: where there is not one label for each picture.

    Taught in chapter 1.
    """
    if len(pictures) != len(labels):
        raise ValueError(f"labels: expected {len(pictures)}, one for each picture, got {len(labels)}")
    figure, axes = plots.canvas(height=5.2 / len(pictures) + 0.3, columns=len(pictures), squeeze=False)
    with matplotlib.rc_context(plots.STYLE):
        for panel, picture, label in zip(axes[0], pictures, labels, strict=True):
            panel.imshow(picture, cmap="gray_r", interpolation="nearest")
            panel.set(xticks=[], yticks=[])
            panel.set_xlabel(label)
    return figure


def bouncing(picture, frames, size=16):
    """Move a small picture over a larger field and let it bounce off the edges: the frames of a clip.

    Args:
        picture: `(height, width)`.
        frames: how many.
        size: side of the field.

    Returns:
        `(frames, size, size)`.

    Raises:
        ValueError: where the picture does not fit into the field.

    Taught in chapter 1.
    """
    height, width = np.shape(picture)
    if height >= size or width >= size:
        raise ValueError(f"picture: expected less than {size} x {size}, the field, got {height} x {width}")
    clip, place, step = np.zeros((frames, size, size)), np.array([0, 2]), np.array([3, 2])
    for frame in clip:
        frame[place[0] : place[0] + height, place[1] : place[1] + width] = picture
        room = np.array([size - height, size - width])
        step = np.where((place + step > room) | (place + step < 0), -step, step)
        place = np.clip(place + step, 0, room)
    return clip


def music(notes):
    """Draw a melody as a piano roll: time to the right, pitch upward, a bar for each note.

    Args:
        notes: list of `(pitch, beats)`, the pitch in semitones; None for a rest.

    Raises:
        ValueError: where there is no note.

    Taught in chapter 1.
    """
    pitches = [pitch for pitch, _ in notes if pitch is not None]
    if not pitches:
        raise ValueError("notes: expected at least one, got none")
    figure, axes = plots.canvas(height=2.2)
    beat = 0
    with matplotlib.rc_context(plots.STYLE):
        for pitch, beats in notes:
            if pitch is not None:
                axes.add_patch(Rectangle((beat + 0.05, pitch - 0.4), beats - 0.1, 0.8, facecolor=plots.COLORS[0]))
            beat += beats
        axes.set(xlim=(0, beat), ylim=(min(pitches) - 1, max(pitches) + 1), xlabel="beats", ylabel="semitones")
    return figure


def park(steps=60, start=(6.0, 2.2)):
    r"""Drive a simulated car backward into a parking space beside the street.

    .. math::
        \dot x = v \cos\theta, \qquad \dot y = v \sin\theta, \qquad \dot\theta = \frac{v}{\ell} \tan\delta

    The speed :math:`v` is negative, and :math:`\ell` the distance of the axles, 2.6 meters. The wheels are turned one
    way for the first half of the way and the other way for the second: two arcs that meet.

    Args:
        steps: how many.
        start: where the middle of the back axle stands, in meters; the space lies around `(0, 0)`.

    Returns:
        `(steps + 1, 3)`: x and y in meters and the angle of the car, and `(steps,)`: the steering angle, both in
        radians.

    Source: the kinematic bicycle model of the textbooks. Taught in chapter 1.
    """
    across, along = start[1], start[0]
    axles = 2.6
    turn = 2 * np.arctan2(across, along)  # the angle at which the two arcs meet
    radius = across / (2 * (1 - np.cos(turn)))
    way = 2 * radius * turn / steps
    steering = np.where(np.arange(steps) < steps / 2, -1, 1) * np.arctan(axles / radius)
    states = [(*start, 0.0)]
    for delta in steering:
        x, y, angle = states[-1]
        half = angle - way / (2 * axles) * np.tan(delta)  # the angle halfway through the step
        states.append((x - way * np.cos(half), y - way * np.sin(half), 2 * half - angle))
    return np.array(states), steering


def parking():
    """Draw the car of `park` from above, every so many steps, and its steering over time.

    Taught in chapter 1.
    """
    states, steering = park()
    figure, (street, wheel) = plots.canvas(height=3.6, rows=2, height_ratios=(2, 1))
    with matplotlib.rc_context(plots.STYLE):
        for corner in ((-5.4, -0.9), (5.6, -0.9)):
            street.add_patch(Rectangle(corner, 4.2, 1.8, facecolor=plots.INK, alpha=0.35))
        for number, (x, y, angle) in enumerate(states[::12]):
            alpha = 0.35 + 0.65 * number / (len(states[::12]) - 1)
            car = Rectangle(
                (x - 0.8, y - 0.9), 4.2, 1.8, fill=False, edgecolor=plots.COLORS[1], linewidth=1.6, alpha=alpha
            )
            car.set_transform(matplotlib.transforms.Affine2D().rotate_around(x, y, angle) + street.transData)
            street.add_patch(car)
        street.plot(states[:, 0], states[:, 1], linewidth=1.2)
        street.set(xlim=(-6, 11), ylim=(-1.6, 4.8), aspect="equal", xlabel="meters")
        wheel.plot(np.arange(1, len(steering) + 1), np.degrees(steering), drawstyle="steps-mid")
        wheel.set(xlabel="step", ylabel="steering, °")
    return figure


def _empty(height):
    figure, axes = plots.canvas(height=height)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    return figure, axes


def _row(axes, words, y):
    """Write words in a row, each as wide as its letters need; give their middles."""
    widths = np.array([len(word) + 2.0 for word in words])
    edges = np.concatenate([[0], np.cumsum(widths)])
    scale = min(1 / edges[-1], 0.028)
    start = (1 - edges[-1] * scale) / 2
    places = start + (edges[:-1] + widths / 2) * scale
    with matplotlib.rc_context(plots.STYLE):
        for place, word in zip(places, words, strict=True):
            axes.text(place, y, word, ha="center", va="center")
    return places


def picture(task):
    """Draw one task of the gallery, with its alternative text and a caption that says what goes in and comes out.

    Args:
        task: one of `TASKS`.

    Returns:
        A `plots.Figure`.

    Raises:
        ValueError: where the gallery has no such task.

    Taught in chapter 1.
    """
    if task not in TASKS:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}, got {task!r}")
    draw, alt, caption = _GALLERY[task]
    return plots.picture(draw(), alt, caption)


def stock_prices():
    """Load what one share of Google cost at the close of each trading day, 2004 to 2008, from matplotlib's samples.

    Returns:
        `(days,)` of dollars.

    Taught in chapter 1.
    """
    with matplotlib.cbook.get_sample_data("goog.npz") as samples:
        return np.array(samples["price_data"]["close"])


def _digits():
    from sklearn.datasets import load_digits

    return load_digits().images


def _next_word():
    from collections import Counter

    from seqlib.datasets import python_docs_words

    text = python_docs_words.split()[0]
    after = Counter(
        text[place + 3] for place in range(len(text) - 3) if text[place : place + 3] == ["the", "value", "of"]
    )
    top = after.most_common(5)
    shares = [100 * count / after.total() for _, count in top]
    return bars([f"the value of {word}" for word, _ in top], shares, "of its occurrences in the text, %")


def _generation():
    from seqlib.baselines import NGram
    from seqlib.datasets import python_docs_words

    data = python_docs_words.load(4000)
    vocabulary = data.vocabularies["words"]
    prompt = ["The", "value", "of"]
    model = NGram(3, len(vocabulary)).fit(data.train, data.validation)
    drawn = vocabulary.decode(model.sample(6, vocabulary.encode(prompt), seed=4)).split()
    return words([*prompt, *drawn[:-1]], ["·", "·", *drawn], [(place, place) for place in range(2, 8)])


def _forecast():
    hours = np.arange(96)
    noise = np.random.default_rng(0).normal(scale=0.6, size=96)
    heat = 15 + 6 * np.sin(2 * np.pi * (hours - 9) / 24) + 0.04 * hours + noise
    return series(heat[:72], heat[72:], "hour", "temperature, °C")


def _prices():
    prices = stock_prices()
    return series(prices[-120:-10], prices[-10:], "trading day", "price, $")


REVIEW = "plot um not um good but music dull".split()
TUNE = [(0, 1), (0, 1), (7, 1), (7, 1), (9, 1), (9, 1), (7, 2)]
_GALLERY = {
    "translation": (
        lambda: words(
            "I like the red car".split(), "j'aime la voiture rouge".split(), [(0, 0), (1, 0), (2, 1), (3, 3), (4, 2)]
        ),
        "I like the red car, five words, and below it j'aime la voiture rouge, four. Lines from I and from like meet "
        "in j'aime; those from red to rouge and from car to voiture cross.",
        "Translation: a sequence of words goes in, another one comes out, of another length and in another order. "
        "(time,) to (other time,).",
    ),
    "next word": (
        _next_word,
        "Five bars: the words that follow “the value of” most often in the Python documentation.",
        "Next word: the words so far go in, a probability for each word of the vocabulary comes out. "
        "(time,) to (words,).",
    ),
    "generation": (
        _generation,
        "A row of words that begins with The value of, and below it the word that was drawn after each.",
        "Generation: each word that is drawn is read as the next input. Counting wrote this one. "
        "(time,) to (more time,).",
    ),
    "sentiment": (
        lambda: words(REVIEW, ["unfavorable"], [(place, 0) for place in range(len(REVIEW))]),
        "A review of eight words; lines lead from each to one word, unfavorable.",
        "Sentiment: a sequence of words goes in, one answer comes out. (time,) to (1,).",
    ),
    "forecasting": (
        _forecast,
        "Three days of a temperature that rises and falls, and a fourth one, dashed, that does the same.",
        "Forecasting: measurements so far go in, those to come come out. (Simulated.) "
        "(time, measurements) to (steps ahead,).",
    ),
    "stock prices": (
        _prices,
        "A jagged line of prices that falls, and ten dashed days at its end.",
        "Stock prices: the same shapes, a harder case. Google's share, 2008. (time, 1) to (steps ahead,).",
    ),
    "speech": (
        lambda: speech(["ah", "ee", "oo"]),
        "A sound wave in three parts, and below it its spectrogram: three bright lines that jump from vowel to vowel.",
        "Speech: thousands of air pressures a second go in, letters or words come out. (time, 1) to (letters,).",
    ),
    "captions": (
        lambda: images(_digits()[:4], ["zéro", "one", "zwei", "tres"]),
        "Four handwritten digits, 0 to 3, each with its name in another language.",
        "Captions: one picture goes in, a sequence of letters or words comes out. (height, width) to (time,).",
    ),
    "video": (
        lambda: images(bouncing(_digits()[3], 5), [f"frame {number}" for number in range(1, 6)]),
        "Five frames in which a handwritten 3 moves down, turns at the edge and moves up again.",
        "Video: a sequence of pictures goes in, a label for each frame comes out. (time, height, width) to (time,).",
    ),
    "music": (
        lambda: music(TUNE),
        "Seven notes as bars: two low ones, two higher, two highest, and a long one below them.",
        "Music: the notes so far go in, the next one comes out, and so on. "
        "(time, pitch and length) to (more time, pitch and length).",
    ),
    "summary": (
        lambda: words(REVIEW, REVIEW[-2:], [(6, 0), (7, 1)]),
        "A review of eight words, and below it its last two: music dull.",
        "Summary: a long sequence goes in, a short one comes out. (time,) to (less time,).",
    ),
    "parking": (
        parking,
        "A car seen from above drives backward in two arcs into a space between two others; below, its steering: "
        "first all one way, then all the other.",
        "Parking: what the car senses goes in at every step, a steering angle comes out at every step. "
        "(time, sensors) to (time, 1). (Simulated.)",
    ),
}
TASKS = tuple(_GALLERY)
