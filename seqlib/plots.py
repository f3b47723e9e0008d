"""Figures that fit the page: inline SVG that follows light and dark, with alternative text and caption.

With `diagrams` and `widgets` the only importer of matplotlib and ipywidgets.
"""

import html
import io
import itertools
import re
import warnings
from collections.abc import Mapping
from itertools import groupby
from unicodedata import combining, east_asian_width

import matplotlib
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

# matplotlib knows no CSS: lines and letters drawn in this color become the page's own text color.
INK = "#010203"
# Okabe and Ito's color-blind-safe colors that show on white and on black; a dash pattern goes with each.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
STYLE = {
    "figure.figsize": (5.2, 3.0),
    "figure.constrained_layout.use": True,
    "font.family": "sans-serif",
    "font.size": 11.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "seqlib",
    "axes.prop_cycle": matplotlib.cycler(color=COLORS) + matplotlib.cycler(linestyle=DASHES),
    "lines.linewidth": 2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
# How strong the color below a character is; text in the page's color stays readable on the strongest, light and dark.
SHADES = (0, 0.1, 0.22, 0.36, 0.5)
CURVES_WITH_ROOM = 4  # for a legend among them; that of more stands below
LONG_LABEL = 12  # letters of a label of which three fit beside each other
DIVERGING, SEQUENTIAL = "PuOr", "viridis"
# Sizes in points for maps of attention: a figure that fills a phone, letters that are just readable there, the largest
# side of a cell, the height of a map whose rows need not be higher, and what the color scale takes.
PAGE, EM, LARGEST, TALLEST, SCALE = 374.4, 10, 30, 340, 50


class Figure:
    """A finished picture: an SVG with its alternative text and caption, shown as HTML."""

    def __init__(self, svg, alt, caption):
        self.svg, self.alt, self.caption = svg, _sentence("alt", alt), _sentence("caption", caption)

    def _body(self):
        label = html.escape(self.alt, quote=True)
        return self.svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)

    def _repr_html_(self):
        caption = html.escape(self.caption)
        return f'<figure class="seqlib-figure">{self._body()}<figcaption>{caption}</figcaption></figure>'

    def __repr__(self):
        return f"[figure: {self.alt}]"


class ColoredText(Figure):
    """A text whose ground is the darker the higher a value that goes with each character."""

    def __init__(self, characters, values, most, caption):
        self.caption, self.alt = _sentence("caption", caption), "".join(characters)
        shades = np.floor(np.clip(np.asarray(values) / most, 0, 1) * (len(SHADES) - 1) + 0.5).astype(int)
        pieces = groupby(zip(characters, shades, strict=True), key=lambda pair: pair[1])
        self.html = "".join(_shaded("".join(piece for piece, _ in group), shade) for shade, group in pieces)

    def _body(self):
        return f'<pre class="seqlib-text">{self.html}</pre>'


def canvas(width=5.2, height=3.0, rows=1, columns=1, **options):
    """Make an empty matplotlib figure in the house style.

    Args:
        width, height: size in inches; 5.2 wide fills a phone with letters that can still be read.
        rows, columns: how many panels.
        options: more for `matplotlib.figure.Figure.subplots`, such as `sharex`.

    Returns:
        `(figure, axes)` as matplotlib's own `subplots` does.

    Taught in chapter 2.
    """
    with matplotlib.rc_context(STYLE):
        figure = Canvas(figsize=(width, height))
        return figure, figure.subplots(rows, columns, **options)


def picture(figure, alt, caption):
    """Turn a matplotlib figure into a `Figure` for the page.

    Args:
        figure: a matplotlib figure.
        alt: what the picture shows, for somebody who cannot see it: a sentence, with the figures that matter.
        caption: the sentence below the picture.

    Raises:
        ValueError: where `alt` or `caption` is empty.
    """
    target = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None, "Creator": None})
    return Figure(_clean(target.getvalue().decode()), alt, caption)


def show(figure, alt, caption):
    """Show a matplotlib figure on the page, as `picture` makes it; arguments and errors are the same."""
    from IPython.display import display

    display(picture(figure, alt, caption))


def lines(series, x_label, y_label, x=None, levels=None, log=False, x_ticks=None, log_x=False):
    """Draw curves over a common axis.

    Args:
        series: dictionary from label to values, `(points,)` each.
        x_label, y_label: names of the axes, with units.
        x: `(points,)`, the places on the horizontal axis; 1, 2, 3, … where None.
        levels: dictionary from label to a number: horizontal lines to compare with.
        log: whether the vertical axis is logarithmic.
        x_ticks: a label for each place of `x`, where the numbers themselves would say little.
        log_x: whether the horizontal axis is logarithmic; each place of `x` then has a tick of its own.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where a series has another length than `x`, there is not one tick for each place of it, or `log_x`
            is set without positive places.
    """
    if not isinstance(series, Mapping) or not series:
        raise ValueError(f"series: expected a dictionary from label to values, got {series!r}")
    if x_ticks is not None and (x is None or len(x_ticks) != len(x)):
        raise ValueError(f"x_ticks: expected one for each place of x, got {len(x_ticks)} for {x!r}")
    if log_x and (x is None or not np.min(x) > 0):
        raise ValueError(f"x: expected positive places for a logarithmic axis, got {x!r}")
    figure, axes = canvas()
    with matplotlib.rc_context(STYLE):
        for label, values in series.items():
            places = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
            if len(values) != len(places):
                raise ValueError(f"series[{label!r}]: expected {len(places)} values, one for each x, got {len(values)}")
            axes.plot(places, values, label=label, marker="o" if len(values) < 12 else None)
        for number, (label, level) in enumerate((levels or {}).items()):
            axes.axhline(level, label=label, color=INK, alpha=0.7, linewidth=1.2, linestyle=DASHES[1 + number % 5])
        axes.set(xlabel=x_label, ylabel=y_label, yscale="log" if log else "linear")
        if x is None:
            axes.xaxis.get_major_locator().set_params(integer=True)
        if log_x:
            axes.set_xscale("log")
            axes.set_xticks([], minor=True)
            x_ticks = [f"{place:g}" for place in x] if x_ticks is None else x_ticks
        if x_ticks is not None:
            axes.set_xticks(x, x_ticks)
        if len(series) + len(levels or {}) > CURVES_WITH_ROOM or _legend_covers_a_line(figure, axes):
            figure.set_figheight(3.6)
            longest = max(len(label) for label in [*series, *(levels or {})])
            figure.legend(loc="outside lower center", ncols=3 if longest <= LONG_LABEL else 2)
        else:
            axes.legend()
    return figure


def _legend_covers_a_line(figure, axes):
    """Try the best place for a legend inside the axes, and take it away again."""
    legend = axes.legend()
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    legend.remove()
    paths = [line.get_transform().transform_path(line.get_path()) for line in axes.lines]
    return any(path.intersects_bbox(box, filled=False) for path in paths)


def heatmap(values, x_label, y_label, color_label, x_ticks=None, limit=None):
    """Draw a matrix as colored squares, zero in the middle of a two-sided color scale.

    Args:
        values: `(rows, columns)`.
        x_label, y_label, color_label: names of the axes and of the color scale, with units.
        x_ticks: a label for each column, such as the characters of a text.
        limit: the value at the ends of the scale; the largest size in `values` where None.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where `values` has not two axes or `x_ticks` does not fit.
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ValueError(f"values: expected shape (rows, columns), got {values.shape}")
    if x_ticks is not None and len(x_ticks) != values.shape[1]:
        raise ValueError(f"x_ticks: expected {values.shape[1]} labels, one for each column, got {len(x_ticks)}")
    limit = limit or np.max(np.abs(values)) or 1
    figure, axes = canvas()
    with matplotlib.rc_context(STYLE):
        image = axes.imshow(values, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set(xlabel=x_label, ylabel=y_label)
        if x_ticks is not None:
            axes.set_xticks(range(len(x_ticks)), x_ticks)
        scale = figure.colorbar(image, label=color_label)
        scale.outline.set_visible(False)
    return figure


def colored_text(text, values, most, caption):
    """Lay a color below each character of a text, the stronger the higher its value.

    Args:
        text: a string; line ends are shown as ⏎ as well.
        values: `(characters,)` of numbers from 0 on, such as the bits that each character cost.
        most: the value from which on the color is strongest.
        caption: the sentence below the text; it says what the color means, with the unit.

    Returns:
        A `Figure`, to be shown by itself or as a frame of a slider.

    Raises:
        ValueError: where there is not one value for each character, `most` is not above 0, or `caption` is empty.

    Taught in chapter 2.
    """
    if np.shape(values) != (len(text),):
        raise ValueError(f"values: expected {len(text)}, one for each character, got shape {np.shape(values)}")
    if not most > 0:
        raise ValueError(f"most: expected a number above 0, got {most!r}")
    return ColoredText([character.replace("\n", "⏎\n") for character in text], values, most, caption)


def memory_curve(curves, lags, guessing):
    """Draw for how many steps an input can be read from a state: the same axes in every chapter.

    Args:
        curves: dictionary from label to `(seeds, lags)` or `(lags,)`: the share of inputs that is read right. Each
            seed is a line, since some may remember and others not.
        lags: `(lags,)` steps between the input and the state, 1 or more.
        guessing: the share that is right by chance.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where a curve has another length than `lags`.

    Taught in chapter 2.
    """
    curves = {label: np.atleast_2d(values) for label, values in curves.items()}
    for label, values in curves.items():
        if values.shape[1] != len(lags):
            raise ValueError(f"curves[{label!r}]: expected {len(lags)} values, one for each lag, got {values.shape[1]}")
    figure, axes = canvas(height=3.4)
    with matplotlib.rc_context(STYLE):
        for number, (label, values) in enumerate(curves.items()):
            look = {"color": COLORS[number], "linestyle": DASHES[number], "linewidth": 2 if len(values) == 1 else 1.5}
            axes.plot(lags, 100 * values.T, label=[label] + ["_"] * (len(values) - 1), **look)
        axes.axhline(100 * guessing, color=INK, alpha=0.7, linewidth=1.2, linestyle=":", label="guessing")
        axes.set(xlabel="steps since the letter (log scale)", ylabel="read right from the state, %")
        axes.set(xscale="log", ylim=(0, 104))
        ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500) if min(lags) <= tick <= max(lags)]
        axes.set_xticks(ticks, map(str, ticks))
        axes.minorticks_off()
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def _sentence(name, text):
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name}: expected a sentence that says what the figure shows, got {text!r}")
    return text


def _shaded(text, shade):
    text = html.escape(text, quote=False)
    return f'<span style="background: rgba(213, 94, 0, {SHADES[shade]})">{text}</span>' if shade else text


def _clean(svg):
    """Keep what an HTML page needs: no prolog, no fixed size, no names but those referred to, the page's color."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg [^>]*?)\swidth="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)\sheight="[^"]*"', r"\1", svg, count=1)
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in used else "", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace(INK, "currentColor")


def pictures(images, labels, columns=4, wrong=()):
    """Draw small gray pictures in rows, a line of text below each: ink is dark on light ground, on dark pages too.

    Args:
        images: `(pictures, height, width)`, 0 for paper to 1 for ink.
        labels: a text for each, such as the caption that a network gave.
        columns: how many stand side by side.
        wrong: places of pictures that get a thick colored frame and bold text.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where `images` has not three axes, or there is not one label for each.

    Taught in chapter 3.
    """
    images = np.asarray(images)
    if images.ndim != 3 or len(images) == 0:
        raise ValueError(f"images: expected shape (pictures, height, width), got {images.shape}")
    if len(labels) != len(images):
        raise ValueError(f"labels: expected {len(images)}, one for each picture, got {len(labels)}")
    rows = -(-len(images) // columns)
    figure, panels = canvas(5.2, 5.2 / columns * rows * 1.2, rows=rows, columns=columns, squeeze=False)
    with matplotlib.rc_context(STYLE):
        for place, axes in enumerate(panels.ravel()):
            if place >= len(images):
                axes.axis("off")
                continue
            axes.imshow(images[place], cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.set_xlabel(labels[place], color=INK, fontweight="bold" if place in wrong else "normal")
            look = {"color": COLORS[1], "linewidth": 3} if place in wrong else {"linewidth": 0.6}
            for spine in axes.spines.values():
                spine.set(visible=True, **look)
    return figure


def confusion(counts, names):
    """Draw which class was taken for which: rows are the truth, columns the answers, each row's share as a color.

    Args:
        counts: `(classes, classes)`, how often each (row) was called each (column).
        names: a name for each class.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where `counts` is not square, or the names do not fit.

    Taught in chapter 3.
    """
    counts = np.asarray(counts, dtype="float64")
    if counts.ndim != 2 or counts.shape != (len(names), len(names)):
        raise ValueError(f"counts: expected shape ({len(names)}, {len(names)}), got {counts.shape}")
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = canvas(5.2, 4.6)
    with matplotlib.rc_context(STYLE):
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, interpolation="nearest")
        places = range(len(names))
        axes.set_xticks(places, names, rotation=90)
        axes.set_yticks(places, names)
        axes.set(xlabel="answer", ylabel="truth")
        figure.colorbar(image, label="% of the row", shrink=0.8).outline.set_visible(False)
    return figure


def attention_map(weights, source, target, links=None, among=None):
    r"""Draw the weight that each target token gives each source token, a column for each source token.

    Color is as strong as the weight, from 0, the color of the page, to 1. Long rows of single characters are labeled in
    turns, near and far. The letters are drawn by the reader's browser, in any script that it knows.

    Args:
        weights: `(target time, source time)` of numbers from 0 to 1, the :math:`\alpha_{ts}`.
        source, target: the tokens, without padding; a space is shown as ``·``.
        links: `(target time, source time)` of booleans, the true alignment; a cell that is True gets an outline.
        among: `(source, target)` of every picture that this one is to stand among, as the frames of a slider: all get
            the same size, which fits each of them.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: where the shapes do not fit the tokens, a weight is not from 0 to 1, or there are too many tokens,
            or too long ones, to be read on a phone.

    Source: Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate.
    Taught in chapter 7.
    """
    weights = _checked_weights(weights, (len(target), len(source)))
    if links is not None and np.shape(links) != weights.shape:
        raise ValueError(f"links: expected shape {weights.shape}, as weights, got {np.shape(links)}")
    return _maps(weights[None], source, target, links, among, columns=1)


def attention_heads(weights, source, target, among=None):
    r"""Draw the weights of several heads as small maps side by side, each as `attention_map` does.

    Args:
        weights: `(heads, target time, source time)` of numbers from 0 to 1, two heads or more.
        source, target, among: as in `attention_map`.

    Returns:
        The matplotlib figure, to be shown with `show`.

    Raises:
        ValueError: as in `attention_map`.

    Source: Vaswani and others, 2017, Attention is all you need. Taught in chapter 8.
    """
    if len(weights) < 2:
        raise ValueError(f"weights: expected two heads or more, got {len(weights)}")
    weights = _checked_weights(weights, (len(weights), len(target), len(source)))
    return _maps(weights, source, target, None, among, columns=2)


class _Letters(Text):
    """Text for the browser to draw: it does not matter which letters matplotlib's own fonts lack; `$` is a letter."""

    def __init__(self, x, y, text, **look):
        super().__init__(x, y, text, parse_math=False, **look)
        self.set_in_layout(False)

    def draw(self, renderer):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            super().draw(renderer)


def _checked_weights(weights, shape):
    weights = np.asarray(weights, dtype="float64")
    if weights.shape != shape or 0 in shape:
        raise ValueError(f"weights: expected shape {shape}, one for each pair of tokens, got {weights.shape}")
    if not np.all((weights >= 0) & (weights <= 1.01)):  # half precision may round a 1 up
        raise ValueError(f"weights: expected numbers from 0 to 1, got {weights.min():.3g} to {weights.max():.3g}")
    return weights


def _maps(weights, source, target, links, among, columns):
    """Draw maps side by side in a figure that has the same size for all frames; all sizes are in points."""
    frames = [(source, target), *(among or [])]
    sources, targets = ([[_visible(token) for token in frame[side]] for frame in frames] for side in (0, 1))
    most_columns, most_rows = (max(map(len, side)) for side in (sources, targets))
    long_column, long_row = (max(_length(token) for tokens in side for token in tokens) for side in (sources, targets))
    row_levels = 2 if long_row <= EM and most_rows * EM > TALLEST else 1
    left = row_levels * long_row + EM
    cell_width = min(((PAGE - left) / columns - EM / 2) / most_columns, LARGEST)
    cell_height = np.clip(TALLEST / columns / most_rows, EM / row_levels, min(LARGEST, max(cell_width, 1.6 * EM)))
    upright = long_column <= max(EM, 0.95 * cell_width)
    column_levels = -(-long_column // cell_width) if upright else 1
    if column_levels > 2 or (not upright and cell_width < EM) or left > PAGE / 2:
        raise ValueError(
            f"source, target: expected tokens that can be read on a phone, got {most_columns} side by side, "
            f"the longest {max(itertools.chain(*sources), key=_length)!r}, and below each other "
            f"{max(itertools.chain(*targets), key=_length)!r}"
        )
    above = (column_levels * EM if upright else long_column) + EM
    title = 2 * EM if columns > 1 else 0
    below = title + most_rows * cell_height + EM
    page = PAGE, above + -(-len(weights) // columns) * below + SCALE
    with matplotlib.rc_context(STYLE):
        figure = Canvas(figsize=(page[0] / 72, page[1] / 72), layout="none")
        for number, head in enumerate(weights):
            row, column = divmod(number, columns)
            size = len(source) * cell_width, len(target) * cell_height
            corner = left + column * (PAGE - left) / columns, page[1] - above - row * below - size[1]
            axes = _map(figure.add_axes(_share((*corner, *size), page)), head, links)
            if columns > 1:
                axes.text(0, -0.4 * EM / size[1], f"head {number + 1}", transform=axes.transAxes, va="top", fontsize=EM)
            for place, token in enumerate(sources[0] if row == 0 else ()):
                offset = 0, 0.3 * EM + EM * (place % column_levels)
                look = {"va": "baseline", "ha": "center"} if upright else {"va": "center", "ha": "left", "rotation": 90}
                _token(axes, token, (place, -0.5), offset, **look)
            for place, token in enumerate(targets[0] if column == 0 else ()):
                offset = -0.4 * EM - long_row * (place % row_levels), 0
                _token(axes, token, (-0.5, place), offset, va="center_baseline", ha="right")
        scale = figure.add_axes(_share((left, 3.2 * EM, 0.4 * PAGE, 0.8 * EM), page))
        bar = figure.colorbar(axes.images[0], scale, orientation="horizontal", ticks=[0, 0.5, 1])
        bar.set_label("weight", fontsize=EM)
        scale.tick_params(labelsize=EM)
    return figure


def _map(axes, weights, links):
    """Draw one map: its cells, thin lines between them, and an outline around all that is linked."""
    fade = LinearSegmentedColormap.from_list("fade", [to_rgba(COLORS[1], 0), to_rgba(COLORS[1], 1)])
    axes.imshow(weights, cmap=fade, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, linewidth=0.6)
    axes.hlines(np.arange(len(weights) - 1) + 0.5, *axes.get_xlim(), color=INK, alpha=0.15, linewidth=0.5)
    axes.vlines(np.arange(len(weights.T) - 1) + 0.5, *axes.get_ylim(), color=INK, alpha=0.15, linewidth=0.5)
    if links is not None:
        axes.add_collection(LineCollection(_outline(links), colors=INK, linewidths=1.4, capstyle="projecting"))
        axes.collections[-1].set_clip_on(False)
    return axes


def _outline(links):
    """Give the edges between a cell that is True and one that is not, as pairs of points `(column, row)`."""
    padded = np.pad(np.asarray(links, dtype="bool"), 1)
    below = np.argwhere(padded[1:] != padded[:-1])
    beside = np.argwhere(padded[:, 1:] != padded[:, :-1])
    return [
        *([(column - 1.5, row - 0.5), (column - 0.5, row - 0.5)] for row, column in below),
        *([(column - 0.5, row - 1.5), (column - 0.5, row - 0.5)] for row, column in beside),
    ]


def _token(axes, token, place, offset, **look):
    shift = ScaledTranslation(offset[0] / 72, offset[1] / 72, axes.figure.dpi_scale_trans)
    text = _Letters(*place, token, transform=axes.transData + shift, fontsize=EM, rotation_mode="anchor", **look)
    axes.add_artist(text).set_clip_on(False)


def _share(box, page):
    """Turn left, bottom, width and height from points into shares of the page."""
    return np.divide(box, (*page, *page))


def _visible(token):
    return token.replace(" ", "·").replace("\n", "⏎")


def _length(token):
    """Say about how long a token is in points: marks upon others need no room, East Asian letters the most."""
    return EM * sum(0 if combining(letter) else 1 if east_asian_width(letter) in "WF" else 0.66 for letter in token)
