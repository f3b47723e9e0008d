"""Diagrams of the architectures, drawn by code in the style of `plots`."""

import matplotlib
import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

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
# What a drawn step of attention is given.
ATTENTION_NUMBERS = ("query", "key", "value", "scores", "weights", "context")
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


def encoder_decoder(source, target, step=None, attention=None):
    r"""Draw two recurrent networks: the upper one reads a source, the lower one is handed its last state and writes.

    At each step the decoder reads the token that it wrote before, `<start>` at first, and it stops with `<end>`. With
    attention the token is written from the decoder's state and from the context, a weighted sum of the encoder's states
    :math:`h_s`, drawn with lines that are the thicker and the stronger the larger the weight :math:`\alpha_{ts}`.

    Args:
        source, target: tokens, at most 6 and 5, each of at most nine letters.
        step: steps up to this one are drawn as done, counted from 1 over the source, then over the target and `<end>`;
            all where None.
        attention: `(step, weights)`: a step of the decoder, counted from 1, and the weights, `(source,)`, of numbers
            from 0 to 1, that it gives the states of the encoder. Steps up to this one are drawn as done.

    Returns:
        The matplotlib figure, to be shown with `plots.show`; it is as large at every step.

    Raises:
        ValueError: where there are no tokens or too many, `step` or that of `attention` is not one of the steps, both
            are given, or the weights do not fit.

    Source: Cho and others, 2014, Learning phrase representations using RNN encoder-decoder for statistical machine
    translation; with attention, Luong, Pham and Manning, 2015, Effective approaches to attention-based neural machine
    translation. Taught in chapter 7.
    """
    for name, tokens, most in (("source", source, 6), ("target", target, 5)):
        if not 1 <= len(tokens) <= most:
            raise ValueError(f"{name}: expected 1 to {most} tokens, which fit on a phone, got {len(tokens)}")
    read, written = ["<start>", *target], [*target, "<end>"]
    done, weights = _progress(len(source), len(written), step, attention)
    whole = step is None and attention is None
    middle = 1.9 if attention is None else 3.9  # height of the encoder, where the decoder stands at 0
    width = max(len(source), len(written), 5)
    low, high = -1.25, middle + 1.25
    left = -0.75 - (width - max(len(source), len(written))) / 2
    figure, axes = _page((left, left + width + 0.35), (low, high))
    with matplotlib.rc_context(plots.STYLE | {"font.size": 10}):
        for index, token in enumerate(source):
            x, alpha = index, 1 if index < done else 0.5
            if index:
                _arrow(axes, (x - 1 + BOX / 2, middle), (x - BOX / 2, middle), alpha, plots.INK)
            _square(axes, (x, middle), f"$h_{{{index + 1}}}$", alpha, index == done - 1 and not whole)
            _arrow(axes, (x, middle + 0.8), (x, middle + BOX / 2), alpha, plots.COLORS[0])
            _word(axes, x, middle + 1.02, token, alpha)
        # The last state goes below the encoder, around to where the decoder begins.
        alpha, last, turn = 1 if done >= len(source) else 0.5, len(source) - 1, middle - 0.62
        path = [(last, middle - BOX / 2), (last, turn), (-0.62, turn), (-0.62, 0)]
        axes.plot(*zip(*path, strict=True), color=plots.INK, alpha=alpha, linewidth=1.8, linestyle="-")
        _arrow(axes, (-0.62, 0), (-BOX / 2, 0), alpha, plots.INK)
        for index in range(len(written)):
            x, past = index, index < done - len(source)
            alpha, current = 1 if past else 0.5, index == done - len(source) - 1
            if index:
                _arrow(axes, (x - 1 + BOX / 2, 0), (x - BOX / 2, 0), alpha, plots.INK)
            _square(axes, (x, 0), f"$d_{{{index + 1}}}$", alpha, current and not whole)
            _arrow(axes, (x, -0.82), (x, -BOX / 2), alpha, plots.COLORS[0])
            _arrow(axes, (x, BOX / 2), (x, 0.75), alpha, plots.COLORS[2])
            if past:
                _word(axes, x, 0.95, written[index], 1)
            if past or index == 0:
                _word(axes, x, -1.02, read[index], alpha)
            if past and index:
                _fed_back(axes, x - 0.5)
        if attention is not None:
            _context(axes, attention[0], weights, middle)
    return figure


def _page(across, up):
    """Make a canvas as wide as a phone, all of it for the drawing, which so stands still from frame to frame."""
    figure, axes = plots.canvas(5.2, 5.2 * (up[1] - up[0]) / (across[1] - across[0]))
    figure.set_layout_engine("none")
    axes.set(xlim=across, ylim=up, aspect="equal", position=(0, 0, 1, 1))
    axes.axis("off")
    return figure, axes


def _progress(source, target, step, attention):
    """Give how many steps are done, and the weights of attention."""
    if attention is None:
        if step is not None and step not in range(1, source + target + 1):
            raise ValueError(f"step: expected a whole number from 1 to {source + target}, got {step!r}")
        return (source + target if step is None else step), None
    if step is not None:
        raise ValueError(f"step: expected None beside attention, which has its own, got {step!r}")
    at, weights = attention[0], np.asarray(attention[1], dtype="float64")
    if at not in range(1, target + 1):
        raise ValueError(f"attention: expected a step from 1 to {target}, got {at!r}")
    if weights.shape != (source,) or not np.all((weights >= 0) & (weights <= 1.01)):
        raise ValueError(f"attention: expected {source} weights from 0 to 1, got {attention[1]!r}")
    return source + at, weights


def _context(axes, step, weights, middle):
    """Draw the context of a step, above what it writes, and the lines to it from the states of the encoder."""
    x, y = step - 1, 1.85
    for index, weight in enumerate(weights):
        ends = (index, x + 0.3 * BOX * (index - (len(weights) - 1) / 2) / len(weights)), (middle - BOX / 2, y + BOX / 2)
        look = {"color": plots.COLORS[1], "alpha": 0.25 + 0.75 * min(weight, 1), "linewidth": 0.6 + 6 * weight}
        axes.plot(*ends, linestyle="-", solid_capstyle="butt", zorder=0.5, **look)
    _square(axes, (x, y), f"$c_{{{step}}}$", 1, False)
    _arrow(axes, (x, y - BOX / 2), (x, 1.15), 1, plots.COLORS[1])


def _fed_back(axes, x):
    """Draw how what was written at a step is what the next one reads."""
    path = [(x - 0.05, 0.95), (x, 0.95), (x, -1.02), (x + 0.05, -1.02)]
    axes.plot(*zip(*path, strict=True), color=plots.INK, linewidth=1, linestyle=(0, (2, 2)))


def _square(axes, place, text, alpha, current):
    corner = place[0] - BOX / 2, place[1] - BOX / 2
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "none", "edgecolor": plots.INK, "alpha": alpha}
    axes.add_patch(FancyBboxPatch(corner, BOX, BOX, linewidth=2.6 if current else 1.2, **look))
    axes.text(*place, text, ha="center", va="center", alpha=max(alpha, 0.75), fontsize=11.5)


def _word(axes, x, y, token, alpha):
    look = {"ha": "center", "va": "center", "alpha": max(alpha, 0.75)}
    axes.add_artist(plots._Letters(x, y, token, **look)).set_clip_on(False)


def attention(numbers=None, names=None):
    r"""Draw one step of attention: a query scored against each key, a softmax, and the sum of the weighted values.

    The line from a value to the context is the thicker and the stronger the larger its weight.

    Args:
        numbers: what is written into the boxes, named as in `seqlib.attention`: a dictionary with `query`, of up to
            three features; `key` and `value`, `(keys, features)` each; `scores` and `weights`, `(keys,)` each; and
            `context`, as long as a value. Only symbols, for three keys, where None.
        names: a label for each key, such as the token that it stands for.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where a part is missing, shapes do not fit each other, there are more than four keys or three
            features, or a weight is not from 0 to 1.

    Source: Bahdanau, Cho and Bengio, 2015, Neural machine translation by jointly learning to align and translate;
    queries, keys and values, Vaswani and others, 2017, Attention is all you need. Taught in chapter 7.
    """
    numbers = _attention_numbers(numbers)
    count = 3 if numbers is None else len(numbers["key"])
    if names is not None and len(names) != count:
        raise ValueError(f"names: expected {count}, one for each key, got {len(names)}")
    figure, axes = _page((-0.2, 6.8), (-0.4, 6.1))
    places = 1.75 + (np.arange(count) + 0.5) * 5 / count
    center = float(np.mean(places))
    with matplotlib.rc_context(plots.STYLE | {"font.size": 10}):
        _vector(axes, (0.4, 3.95), "$q_t$", numbers and numbers["query"])
        for y, text in ((5.3, "keys"), (2.0, "values"), (2.95, "weights")):
            axes.text(-0.15, y, text, ha="left", va="center")
        axes.text(-0.15, 4.75, "query", ha="left", va="center")
        axes.text(-0.15, 0.1, "context", ha="left", va="center")
        _wire(axes, [(0.95, 3.95), (places[-1], 3.95)], None)
        look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "none", "edgecolor": plots.INK}
        axes.add_patch(FancyBboxPatch((1.85, 3.22), 4.8, 0.32, linewidth=1.2, **look))
        _label(axes, center, 3.38, "softmax", 1)
        for index, x in enumerate(places):
            row = {name: numbers[name][index] for name in ("key", "scores", "weights", "value")} if numbers else {}
            weight = row.get("weights", 1 / count)
            sign = f"{index + 1}"
            if names is not None:
                _word(axes, x, 5.9, names[index], 1)
            _vector(axes, (x, 5.3), f"$k_{sign}$", row.get("key"))
            _wire(axes, [(x, 4.89), (x, 4.2)], None, head=True)
            axes.add_patch(Circle((x, 3.95), 0.06, color=plots.INK))
            _wire(axes, [(x, 3.95), (x, 3.56)], None, head=True)
            _equation(axes, x, 4.5, f"$e_{{t{sign}}}$", row.get("scores"), 0.1)
            _equation(axes, x, 2.95, rf"$\alpha_{{t{sign}}}$", row.get("weights"), 0.04)
            _vector(axes, (x, 2.0), f"$v_{sign}$", row.get("value"))
            end = center + 0.12 * (index - (count - 1) / 2)
            strength = {"alpha": 0.25 + 0.75 * min(weight, 1), "linewidth": 0.6 + 6 * weight}
            axes.plot([x, end], [1.59, 0.55], color=plots.COLORS[1], linestyle="-", zorder=0.5, **strength)
        _vector(axes, (center, 0.1), "$c_t$", numbers and numbers["context"])
        axes.text(center + 0.7, 0.1, r"$= \sum_s \alpha_{ts} v_s$", ha="left", va="center", fontsize=11.5)
    return figure


def _attention_numbers(numbers):
    if numbers is None:
        return None
    missing = [name for name in ATTENTION_NUMBERS if name not in numbers]
    if missing:
        raise ValueError(f"numbers: expected {', '.join(ATTENTION_NUMBERS)}, got none for {', '.join(missing)}")
    numbers = {name: np.asarray(numbers[name], dtype="float64") for name in ATTENTION_NUMBERS}
    for name in ("key", "value"):
        if numbers[name].ndim != 2 or not (1 <= len(numbers[name]) <= 4 and 1 <= numbers[name].shape[1] <= 3):
            shape = numbers[name].shape
            raise ValueError(f"numbers[{name!r}]: expected up to 4 vectors of up to 3 features, got shape {shape}")
    (count, _), (_, features) = numbers["key"].shape, numbers["value"].shape
    shapes = {"value": (count, features), "scores": (count,), "weights": (count,), "context": (features,)}
    for name, shape in shapes.items():
        if numbers[name].shape != shape:
            raise ValueError(f"numbers[{name!r}]: expected shape {shape}, got {numbers[name].shape}")
    if numbers["query"].ndim != 1 or not 1 <= len(numbers["query"]) <= 3:
        raise ValueError(f"numbers['query']: expected up to 3 features, got shape {numbers['query'].shape}")
    if not np.all((numbers["weights"] >= 0) & (numbers["weights"] <= 1.01)):
        raise ValueError(f"numbers['weights']: expected numbers from 0 to 1, got {numbers['weights']}")
    return numbers


def _equation(axes, x, y, symbol, number, gap):
    """Write a symbol left of a place, and its number right of it."""
    axes.text(x - gap, y, symbol, ha="right", va="center", fontsize=11.5)
    axes.text(x + gap, y, _written(number), ha="left", va="center")


def _vector(axes, middle, symbol, numbers):
    """Draw a vector as a box: its symbol, and its numbers below each other beside it."""
    x, y = middle
    look = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "none", "edgecolor": plots.INK}
    axes.add_patch(FancyBboxPatch((x - 0.53, y - 0.41), 1.06, 0.82, linewidth=1.2, **look))
    numbers = [] if numbers is None else numbers
    axes.text(x - 0.35 if len(numbers) else x, y, symbol, ha="center", va="center", fontsize=11.5)
    for place, number in enumerate(numbers):
        level = y - 0.24 * (place - (len(numbers) - 1) / 2)
        axes.text(x + 0.48, level, _written(number), ha="right", va="center")


def transformer_block(norm="pre"):
    r"""Draw a block of a transformer: attention and feed-forward, each with a way around it, and the norms.

    Args:
        norm: `"pre"` or `"post"`: a norm in front of each part, or behind each sum.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Raises:
        ValueError: where `norm` is neither.

    Source: Vaswani and others, 2017, Attention is all you need (norm after); Xiong and others, 2020, On layer
    normalization in the transformer architecture (norm before). Taught in chapter 8.
    """
    if norm not in ("pre", "post"):
        raise ValueError(f"norm: expected pre or post, got {norm!r}")
    figure, axes = _page((-3.0, 3.2), (-0.4, 5.9))
    with matplotlib.rc_context(plots.STYLE):
        _label(axes, 0, -0.2, "$x_t$", 1)
        between = _sublayer(axes, 0, 0.05, "attention", norm, 1, 1.33)
        top = _sublayer(axes, 0, between, "feed-forward", norm, 1, 1.33)
        axes.text(-0.15, between, "$u_t$", ha="right", va="center")
        _arrow(axes, (0, top), (0, top + 0.2), 1, plots.INK)
        _label(axes, 0, top + 0.42, "$h_t$", 1)
    return figure


def transformer():
    r"""Draw a transformer: the blocks of its encoder, and beside them those of its decoder, which read the memory.

    The norms stand in front of each part, as in `transformer_block("pre")`, and so one more comes last.

    Returns:
        The matplotlib figure, to be shown with `plots.show`.

    Source: Vaswani and others, 2017, Attention is all you need; norms in front, Xiong and others, 2020, On layer
    normalization in the transformer architecture. Taught in chapter 8.
    """
    figure, axes = _page((-1.65, 5.25), (-2.2, 7.9))
    left, right = 0, 3.6
    with matplotlib.rc_context(plots.STYLE | {"font.size": 10}):
        for x, symbol, name in ((left, "$x_s$", "encoder"), (right, "$y_{t-1}$", "decoder")):
            axes.text(x, -2.0, name, ha="center", va="center", fontsize=11.5)
            axes.text(x, -1.65, symbol, ha="center", va="center", fontsize=11.5)
            _arrow(axes, (x, -1.5), (x, -1.2), 1, plots.INK)
            _unit(axes, (x, -0.8), ["embedding\n+ positions"], size=(1.9, 0.8))
            _wire(axes, [(x, -0.4), (x, 0.05)], None)
        memory = _sublayer(axes, left, 0.05, "self-attention", "pre", -1)
        memory = _sublayer(axes, left, memory, "feed-forward", "pre", -1)
        cross = _sublayer(axes, right, 0.05, "causal\nself-attention", "pre", 1)
        ahead = _sublayer(axes, right, cross, "attention\nto the memory", "pre", 1)
        top = _sublayer(axes, right, ahead, "feed-forward", "pre", 1)
        for x, side, end in ((left, -1, memory), (right, 1, top)):
            edges = sorted((x - side * 1.1, x + side * 1.5))
            look = {"facecolor": "none", "edgecolor": plots.INK, "linestyle": "--", "linewidth": 1}
            axes.add_patch(Rectangle((edges[0], 0), edges[1] - edges[0], end - 0.05, **look))
            axes.text(x - side * 0.8, -0.2, r"$\times N$", ha="center", va="center")
            _arrow(axes, (x, end), (x, end + 0.3), 1, plots.INK)
            _unit(axes, (x, end + 0.48), ["norm"], size=(1.9, 0.36))
        path = [(left, memory + 0.66), (left, memory + 1), (1.8, memory + 1), (1.8, cross + 1.15), (2.65, cross + 1.15)]
        _wire(axes, path, None, color=plots.COLORS[1], head=True)
        axes.text(0.9, memory + 1.2, "memory", ha="center", va="center")
        _arrow(axes, (right, top + 0.66), (right, top + 0.9), 1, plots.INK)
        _unit(axes, (right, top + 1.1), ["linear, softmax"], size=(1.9, 0.4))
        _arrow(axes, (right, top + 1.3), (right, top + 1.55), 1, plots.INK)
        axes.text(right, top + 1.75, r"$\hat{y}_t$", ha="center", va="center", fontsize=11.5)
    return figure


def _sublayer(axes, x, y, name, norm, side, size=1.0):
    """Draw a part of a block from height `y` up, its norm, and the way around it; give the height at which it ends."""
    if norm == "pre":
        fork, places, plus = 0.12, {"norm": 0.5, "part": 1.15}, 1.7
    else:
        fork, places, plus = 0.12, {"part": 0.6, "norm": 1.6}, 1.15
    end, (norm_height, part_height) = y + 1.95 * size, (0.36 * size, 0.56 * size)
    middles = {part: y + place * size for part, place in places.items()}
    fork, plus, edge = y + fork * size, y + plus * size, x + side * 1.3 * size
    stops = [y, middles["part"] - part_height / 2, middles["part"] + part_height / 2, plus - 0.16, plus + 0.16, end]
    at = 1 if norm == "pre" else 5
    stops[at:at] = [middles["norm"] - norm_height / 2, middles["norm"] + norm_height / 2]
    for start, stop in zip(stops[::2], stops[1::2], strict=True):
        _wire(axes, [(x, start), (x, stop)], None)
        if stop != end:
            _arrow(axes, (x, start), (x, stop), 1, plots.INK)
            axes.patches[-1].set(linewidth=0)
    around = [(x, fork), (edge, fork), (edge, plus), (x + side * 0.16, plus)]
    _wire(axes, around, None, color=plots.COLORS[0], head=True)
    axes.add_patch(Circle((x, plus), 0.16, facecolor="none", edgecolor=plots.INK, linewidth=1.2))
    _label(axes, x, plus, "$+$", 1)
    _unit(axes, (x, middles["norm"]), ["norm"], size=(1.9 * size, norm_height))
    _unit(axes, (x, middles["part"]), [name], size=(1.9 * size, part_height))
    return end
