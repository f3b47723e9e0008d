"""Diagrams of the architectures, drawn by code in the style of `plots`."""

import matplotlib
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from seqlib import plots

BOX = 0.66  # side of a box, where neighboring steps stand 1 apart
SCALE = 0.8  # inches from one step to the next


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
