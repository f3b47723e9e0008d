"""Diagrams of the architectures, drawn by code in the style of `plots`."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from seqlib import plots

BOX = 0.66  # side of a box, where neighboring steps stand 1 apart
SCALE = 0.8  # inches from one step to the next
# The types of recurrent networks: for each step whether something is read, and whether something is put out.
ARRANGEMENTS = {
    "one to one": [(True, True)],
    "one to many": [(True, True), (False, True), (False, True)],
    "many to one": [(True, False), (True, False), (True, True)],
    "many to many, aligned": [(True, True), (True, True), (True, True)],
    "many to many, unaligned": [(True, False), (True, False), (True, False), (False, True), (False, True)],
}


def unrolled_rnn(inputs, step=None, states=None, outputs=None):
    r"""Draw a recurrent network unrolled over its sequence: one box a step, the same weights in each.

    Args:
        inputs: a label for each step, such as the characters of a word.
        step: steps up to this one (counted from 1) are drawn as done, later ones pale; all where None.
        states: `(time, units)`, shown as colored cells in each box that is done; -1 to 1.
        outputs: a label for each step, put above its box once it is done; None where nothing is put out.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where there are no inputs, `step` is not one of them, or `states` or `outputs` do not fit.

    Taught in chapter 2.
    """
    time = len(inputs)
    if time < 1:
        raise ValueError("inputs: expected a label for each step, got none")
    if step is not None and step not in range(1, time + 1):
        raise ValueError(f"step: expected a whole number from 1 to {time}, got {step!r}")
    for name, value in (("states", states), ("outputs", outputs)):
        if value is not None and len(value) != time:
            raise ValueError(f"{name}: expected {time}, one for each step, got {len(value)}")
    done = time if step is None else step
    low, high = -1.2, 0.45 if outputs is None else 1.2
    figure, axes = plots.canvas(SCALE * (time + 0.35), SCALE * (high - low))
    axes.set(xlim=(-0.75, time - 0.4), ylim=(low, high), aspect="equal")
    axes.axis("off")
    with matplotlib.rc_context(plots.STYLE):
        _label(axes, -0.62, 0, "$h_0$", alpha=1)
        for index, symbol in enumerate(inputs):
            alpha = 1 if index < done else 0.75
            current = step is not None and index == done - 1
            _arrow(axes, (index - 1 + BOX / 2 if index else -0.5, 0), (index - BOX / 2, 0), alpha, plots.INK)
            _arrow(axes, (index, -0.85), (index, -BOX / 2), alpha, plots.COLORS[0])
            _box(axes, index, alpha, current)
            if states is not None and index < done:
                _cells(axes, index, np.asarray(states)[index])
            else:
                _label(axes, index, 0, f"$h_{{{index + 1}}}$", alpha)
            _label(axes, index, -1.02, symbol, alpha)
            if outputs is not None and outputs[index] is not None:
                _arrow(axes, (index, BOX / 2), (index, 0.8), alpha, plots.COLORS[2])
                _label(axes, index, 0.98, outputs[index] if index < done else "", alpha)
    return figure


def backward_rnn(inputs, norms=None, asked=None, first=1):
    r"""Draw backpropagation through time: the unrolled network, and the gradient on its way back along it.

    Args:
        inputs: a label for each step, such as the characters of a word.
        norms: `(time,)`, the length of :math:`\partial L / \partial h_t`, written below each step; the arrow into
            a step's state is the thicker the longer it is, and dotted below a hundredth of the longest. All
            arrows are alike where None.
        asked: `(time,)` of booleans, the steps that have a loss; all where None.
        first: number of the first step drawn, where earlier ones are left out.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where there are no inputs, or `norms` or `asked` do not fit.

    Source: Werbos, 1990, Backpropagation through time: what it does and how to do it. Taught in chapter 4.
    """
    time = len(inputs)
    if time < 1:
        raise ValueError("inputs: expected a label for each step, got none")
    for name, value in (("norms", norms), ("asked", asked)):
        if value is not None and len(value) != time:
            raise ValueError(f"{name}: expected {time}, one for each step, got {len(value)}")
    shares = np.full(time, 0.4) if norms is None else np.asarray(norms) / (np.max(norms) or 1)
    low = -1.35 if norms is None else -1.75
    figure, axes = plots.canvas(SCALE * (time + 0.35), SCALE * (1.3 - low))
    axes.set(xlim=(-0.75, time - 0.4), ylim=(low, 1.3), aspect="equal")
    axes.axis("off")
    with matplotlib.rc_context(plots.STYLE):
        for index, symbol in enumerate(inputs):
            _box(axes, index, 1, False)
            _label(axes, index, 0, f"$h_{{{index + first}}}$", 1)
            if index:
                _arrow(axes, (index - 1 + BOX / 2, 0.18), (index - BOX / 2, 0.18), 1, plots.INK)
                _gradient(axes, (index - BOX / 2, -0.18), (index - 1 + BOX / 2, -0.18), shares[index - 1])
            _arrow(axes, (index, -0.85), (index, -BOX / 2), 1, plots.COLORS[0])
            _label(axes, index, -1.02, symbol, 1)
            if norms is not None:
                _label(axes, index, -1.5, f"{norms[index]:.2g}", 1)
            if asked is None or asked[index]:
                _arrow(axes, (index - 0.12, BOX / 2), (index - 0.12, 0.8), 1, plots.INK)
                _gradient(axes, (index + 0.12, 0.8), (index + 0.12, BOX / 2), 1 if norms is None else 0.4)
                _label(axes, index, 1.02, f"$L_{{{index + first}}}$", 1)
    return figure


def _gradient(axes, start, end, share):
    """Draw a piece of the way back, the thicker the larger the share that arrives."""
    _arrow(axes, start, end, 1, plots.COLORS[1])
    arrow = axes.patches[-1]
    arrow.set(linewidth=1.2 + 4.8 * share, linestyle=":" if share < 0.01 else "-", mutation_scale=9 + 6 * share)


def _arrow(axes, start, end, alpha, color):
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            linewidth=1.8,
            color=color,
            alpha=alpha,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _box(axes, index, alpha, current):
    axes.add_patch(
        FancyBboxPatch(
            (index - BOX / 2, -BOX / 2),
            BOX,
            BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="none",
            edgecolor=plots.INK,
            alpha=alpha,
            linewidth=2.6 if current else 1.2,
        )
    )


def _cells(axes, index, state):
    """Fill a box with its state: a colored square for each unit, orange below zero, purple above."""
    columns = int(np.ceil(np.sqrt(len(state))))
    side = (BOX - 0.14) / columns
    colors = matplotlib.colormaps[plots.DIVERGING]
    for unit, value in enumerate(state):
        row, column = divmod(unit, columns)
        corner = (index - BOX / 2 + 0.07 + column * side, BOX / 2 - 0.07 - (row + 1) * side)
        axes.add_patch(Rectangle(corner, side, side, facecolor=colors((value + 1) / 2), linewidth=0))


def _label(axes, x, y, text, alpha):
    axes.text(x, y, text, ha="center", va="center", alpha=alpha)


def arrangements():
    r"""Draw the ways to arrange inputs and outputs around one recurrent cell: a box a step, the same cell in each.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Taught in chapter 3.
    """
    corners = ((0, 0), (2, 0), (6, 0), (0, -3.1), (4, -3.1))
    figure, axes = plots.canvas(5.6, 3.9)
    axes.set(xlim=(-0.6, 8.6), ylim=(-4.6, 1.7), aspect="equal")
    axes.axis("off")
    with matplotlib.rc_context(plots.STYLE):
        for (name, steps), (left, middle) in zip(ARRANGEMENTS.items(), corners, strict=True):
            axes.text(left - BOX / 2, middle + 1.35, name, ha="left", va="center", fontsize=10)
            for index, (reads, says) in enumerate(steps):
                x = left + index
                side = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "none", "edgecolor": plots.INK}
                axes.add_patch(FancyBboxPatch((x - BOX / 2, middle - BOX / 2), BOX, BOX, linewidth=1.2, **side))
                if index:
                    _arrow(axes, (x - 1 + BOX / 2, middle), (x - BOX / 2, middle), 1, plots.INK)
                if reads:
                    _arrow(axes, (x, middle - 1), (x, middle - BOX / 2), 1, plots.COLORS[0])
                if says:
                    _arrow(axes, (x, middle + BOX / 2), (x, middle + 1), 1, plots.COLORS[2])
    return figure
