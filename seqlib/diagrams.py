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
# What a drawn cell is given, by the names of `cells.trace`, with the states before the step in front.
LSTM_VALUES = ("previous_cell", "previous_state", "forget", "input", "candidate", "output", "cell", "state")
GRU_VALUES = ("previous_state", "update", "reset", "candidate", "state")
BELT, ROW, FEED = 4.4, 1.6, 0.45  # heights in a drawn cell: its state, its gates, and what they read
WIDE, TALL = 0.74, 0.8  # a box with a letter and a number
BAR = 0.3  # length of each of the two bars of a gate; fully open they stand 1.5 times that apart


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


def lstm_cell(values=None, symbol="$x_t$"):
    r"""Draw one step of an LSTM: its cell state on a belt, what is written rising to it, what is shown leaving it.

    A gate is a pair of bars across the wire that it multiplies, as far apart as it is open. A wire is the thicker the
    larger the number on it, up to 1, blue above zero, orange below; one within a hundredth of zero is
    dotted.

    Args:
        values: the numbers of one unit at one step: a dictionary with `previous_cell`, `previous_state`, `forget`,
            `input`, `candidate`, `output`, `cell` and `state`, named as by `cells.trace`. Only symbols where None.
        symbol: a label for the input, such as the character that is read.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where a value is missing, or a gate is not between 0 and 1.

    Source: Hochreiter and Schmidhuber, 1997, Long short-term memory; Gers, Schmidhuber and Cummins, 2000, Learning to
    forget. Taught in chapter 5.
    """
    numbers = _numbers(values, LSTM_VALUES, ("forget", "input", "output"))
    kept = _product(numbers["forget"], numbers["previous_cell"])
    written = _product(numbers["input"], numbers["candidate"])
    squeezed = None if values is None else float(np.tanh(numbers["cell"]))
    figure, axes = _cell_canvas()
    with matplotlib.rc_context(plots.STYLE):
        _feed(axes, (1.3, 2.45, 3.35, 4.45), symbol, numbers["previous_state"])
        # Along the belt: what was there, what the forget gate lets through, what is there now.
        _label(axes, 0.1, BELT, "$C_{t-1}$", 1)
        _wire(axes, [(0.5, BELT), (1.3, BELT)], numbers["previous_cell"], at=(0.8, 4.72))
        _wire(axes, [(1.3, BELT), (3.17, BELT)], kept, at=(2.25, 4.72), head=True)
        _label(axes, 3.35, BELT, "$+$", 1)
        _wire(axes, [(3.53, BELT), (6.3, BELT)], numbers["cell"], at=(5.7, 4.72), head=True)
        _label(axes, 6.6, BELT, "$C_t$", 1)
        # Rising: the candidate, through the input gate.
        _wire(axes, [(3.35, ROW + TALL / 2), (3.35, 3.05)], numbers["candidate"], at=(3.75, 2.35))
        _wire(axes, [(3.35, 3.05), (3.35, BELT - 0.18)], written, at=(3.75, 3.72), head=True)
        # Leaving: the cell state through tanh, then through the output gate.
        _wire(axes, [(5.3, BELT), (5.3, 3.95)], numbers["cell"])
        _wire(axes, [(5.3, 3.45), (5.3, 2.65)], squeezed, at=(5.72, 3.15))
        _wire(axes, [(5.3, 2.65), (5.3, ROW), (6.3, ROW)], numbers["state"], at=(5.75, 1.92), head=True)
        _label(axes, 6.6, ROW, "$h_t$", 1)
        _unit(axes, (5.3, 3.7), [r"$\tanh$"], size=(0.8, 0.5))
        for x, letter, name in ((1.3, "f", "forget"), (2.45, "i", "input"), (4.45, "o", "output")):
            _unit(axes, (x, ROW), [f"${letter}_t$", _written(numbers[name])], note=r"$\sigma$")
        _unit(axes, (3.35, ROW), [r"$\tilde{C}_t$", _written(numbers["candidate"])], note=r"$\tanh$")
        _gate(axes, (1.3, BELT), numbers["forget"], [(1.3, ROW + TALL / 2)])
        _gate(axes, (3.35, 3.05), numbers["input"], [(2.45, ROW + TALL / 2), (2.45, 3.05)])
        _gate(axes, (5.3, 2.65), numbers["output"], [(4.45, ROW + TALL / 2), (4.45, 2.65)])
    return figure


def gru_cell(values=None, symbol="$x_t$"):
    r"""Draw one step of a GRU in the manner of `lstm_cell`: one state, on a belt, and two gates.

    The update gate moves two pairs of bars: what it opens on the belt it shuts for the candidate. The wire through the
    reset gate stands for the whole previous state, so it carries no number.

    Args:
        values: the numbers of one unit at one step: a dictionary with `previous_state`, `update`, `reset`,
            `candidate` and `state`, named as by `cells.trace`. Only symbols where None.
        symbol: a label for the input, such as the character that is read.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where a value is missing, or a gate is not between 0 and 1.

    Source: Cho and others, 2014, Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. Taught in chapter 6.
    """
    numbers = _numbers(values, GRU_VALUES, ("update", "reset"))
    kept = _product(numbers["update"], numbers["previous_state"])
    shut = None if values is None else 1 - numbers["update"]
    written = _product(shut, numbers["candidate"])
    figure, axes = _cell_canvas()
    with matplotlib.rc_context(plots.STYLE):
        _feed(axes, (1.9, 3.1), symbol, numbers["previous_state"])
        _label(axes, 0.1, BELT, "$h_{t-1}$", 1)
        _wire(axes, [(0.5, BELT), (1.9, BELT)], numbers["previous_state"], at=(0.95, 4.72))
        _wire(axes, [(1.9, BELT), (4.62, BELT)], kept, at=(2.95, 4.72), head=True)
        _label(axes, 4.8, BELT, "$+$", 1)
        _wire(axes, [(4.98, BELT), (6.3, BELT)], numbers["state"], at=(5.7, 4.72), head=True)
        _label(axes, 6.6, BELT, "$h_t$", 1)
        # The candidate reads the input, and what the reset gate lets through of the previous state.
        _wire(axes, [(3.1, FEED), (4.0, FEED)], None)
        _wire(axes, [(4.0, FEED), (4.8, FEED), (4.8, ROW - TALL / 2)], None, head=True)
        _wire(axes, [(4.8, ROW + TALL / 2), (4.8, 3.05)], numbers["candidate"], at=(5.22, 2.35))
        _wire(axes, [(4.8, 3.05), (4.8, BELT - 0.18)], written, at=(5.22, 3.72), head=True)
        _wire(axes, [(5.9, -0.15), (5.9, ROW), (4.8 + WIDE / 2, ROW)], None, color=plots.COLORS[2], head=True)
        _label(axes, 5.9, -0.36, symbol, 1)
        _unit(axes, (1.9, ROW), ["$z_t$", _written(numbers["update"])], note=r"$\sigma$")
        _unit(axes, (3.1, ROW), ["$r_t$", _written(numbers["reset"])], note=r"$\sigma$")
        _unit(axes, (4.8, ROW), [r"$\tilde{h}_t$", _written(numbers["candidate"])], note=r"$\tanh$")
        _label(axes, 3.3, 3.35, "$1 - z_t$", 1)
        _gate(axes, (1.9, BELT), numbers["update"], [(1.9, ROW + TALL / 2)])
        _gate(axes, (4.8, 3.05), shut, [(1.9, 3.05)])
        _gate(axes, (4.0, FEED), numbers["reset"], [(3.1 + WIDE / 2, ROW), (4.0, ROW)])
    return figure


def _numbers(values, names, gates):
    if values is None:
        return dict.fromkeys(names)
    missing = [name for name in names if name not in values]
    if missing:
        raise ValueError(f"values: expected {', '.join(names)}, got none for {', '.join(missing)}")
    numbers = {name: float(values[name]) for name in names}
    for name in gates:
        if not 0 <= numbers[name] <= 1:
            raise ValueError(f"values[{name!r}]: expected a gate between 0 and 1, got {numbers[name]}")
    return numbers


def _product(gate, value):
    return None if gate is None else gate * value


def _written(number):
    return "" if number is None else f"{round(number, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def _cell_canvas():
    figure, axes = plots.canvas(5.2, 4.1)
    axes.set(xlim=(-0.2, 6.85), ylim=(-0.55, 4.95), aspect="equal")
    axes.axis("off")
    return figure, axes


def _feed(axes, places, symbol, previous):
    """Draw what the gates read: the input and the previous hidden state, side by side along the bottom."""
    _label(axes, 0.1, FEED, "$h_{t-1}$", 1)
    _label(axes, 0.75, -0.36, symbol, 1)
    _wire(axes, [(0.5, FEED), (0.75, FEED)], previous)
    _wire(axes, [(0.75, -0.15), (0.75, FEED)], None, color=plots.COLORS[2])
    _wire(axes, [(0.75, FEED), (places[-1], FEED)], None)
    axes.text(0.1, FEED + 0.33, _written(previous), ha="center", va="center")
    for x in places:
        _wire(axes, [(x, FEED), (x, ROW - TALL / 2)], None, head=True)


def _wire(axes, points, number, at=None, head=False, color=None):
    """Draw a wire through points, as strong as the number on it, which is written `at` a place."""
    strength = 0.25 if number is None else min(abs(number), 1)
    if color is None:
        color = plots.INK if number is None or strength < 0.01 else plots.COLORS[0 if number > 0 else 1]
    look = {"linewidth": 1 + 4 * strength, "linestyle": ":" if strength < 0.01 else "-", "color": color}
    axes.plot(*zip(*points, strict=True), solid_joinstyle="miter", solid_capstyle="butt", **look)
    if head:
        _arrow(axes, points[-2], points[-1], 1, color)
        axes.patches[-1].set(linewidth=0, mutation_scale=12 + 6 * strength)
    if at is not None:
        _label(axes, *at, _written(number), 1)


def _unit(axes, middle, lines, note=None, size=(WIDE, TALL)):
    """Draw a box with one line or two in it, and beside the wire into it what it squeezes with."""
    (x, y), (width, height) = middle, size
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "none", "edgecolor": plots.INK}
    axes.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, linewidth=1.2, **look))
    lines = [line for line in lines if line]
    for place, line in enumerate(lines):
        _label(axes, x, y + 0.17 * (len(lines) - 1 - 2 * place), line, 1)
    if note:
        axes.text(x + 0.1, y - TALL / 2 - 0.36, note, ha="left", va="center", fontsize=10)


def _gate(axes, place, opening, lever):
    """Draw a gate across a wire: two bars, shut where they meet, and the lever that comes from the gate's box."""
    x, y = place
    gap = 0.75 * BAR * (0.5 if opening is None else opening)
    across = lever[-1][1] == y  # the lever comes from the side: the wire is upright
    look = {"color": plots.INK, "linewidth": 4.5, "linestyle": "-", "solid_capstyle": "butt"}
    for side in (-1, 1):
        ends = [side * gap, side * (gap + BAR)]
        axes.plot(*(([x + end for end in ends], [y, y]) if across else ([x, x], [y + end for end in ends])), **look)
    nearer = 1 if lever[-1][1] > y else -1
    last = (x - gap - BAR, y) if across else (x, y + nearer * (gap + BAR))
    axes.plot(*zip(*lever, last, strict=True), color=plots.INK, linewidth=1, linestyle=(0, (3, 1.5)))
