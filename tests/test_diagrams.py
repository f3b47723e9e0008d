"""Diagrams show what they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from seqlib import diagrams, plots


def count(figure, kind):
    return sum(type(patch) is kind for patch in figure.axes[0].patches)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_box_an_input_and_a_state_for_each_step():
    figure = diagrams.unrolled_rnn("hello")
    assert count(figure, FancyBboxPatch) == 5
    assert count(figure, FancyArrowPatch) == 10
    assert [word for word in words(figure) if word in "hello"] == list("hello")
    assert [word for word in words(figure) if word.startswith("$h")] == [
        "$h_0$",
        *(f"$h_{{{n}}}$" for n in range(1, 6)),
    ]


def test_steps_done_are_strong_and_show_their_states():
    figure = diagrams.unrolled_rnn("hello", step=2, states=np.zeros((5, 4)), outputs="ello.")
    boxes = [patch for patch in figure.axes[0].patches if type(patch) is FancyBboxPatch]
    assert [box.get_alpha() == 1 for box in boxes] == [True, True, False, False, False]
    assert [box.get_linewidth() > 2 for box in boxes] == [False, True, False, False, False]
    assert count(figure, Rectangle) == 2 * 4
    assert [text.get_text() for text in figure.axes[0].texts if text.get_position()[1] > 0.9] == ["e", "l", "", "", ""]


def test_positive_and_negative_states_have_different_colors():
    figure = diagrams.unrolled_rnn("a", states=[[-0.9, 0.9]])
    low, high = (patch.get_facecolor() for patch in figure.axes[0].patches if type(patch) is Rectangle)
    assert low != high


def colored(figure, color):
    return [patch for patch in figure.axes[0].patches if to_hex(patch.get_edgecolor()) == color.lower()]


def test_a_gradient_goes_back_from_each_loss_and_along_the_chain():
    figure = diagrams.backward_rnn("hell", asked=[False, True, False, True])
    back = colored(figure, plots.COLORS[1])
    assert count(figure, FancyBboxPatch) == 4
    assert len(back) == 3 + 2
    assert [word for word in words(figure) if word.startswith("$L")] == ["$L_{2}$", "$L_{4}$"]


def test_a_gradient_is_drawn_as_strong_as_it_is():
    figure = diagrams.backward_rnn("abc", norms=[0.001, 0.5, 1.0], asked=[False, False, True])
    first, second = sorted(colored(figure, plots.COLORS[1])[:2], key=lambda arrow: arrow.get_linewidth())
    assert first.get_linewidth() < second.get_linewidth() - 1
    assert (first.get_linestyle(), second.get_linestyle()) == (":", "-")
    assert {"0.001", "0.5", "1"} <= set(words(figure))


def test_steps_can_be_counted_from_where_the_picture_begins():
    assert {"$h_{25}$", "$h_{26}$", "$L_{26}$"} <= set(words(diagrams.backward_rnn("ab", first=25)))


def test_a_gradient_of_zeros_can_be_drawn():
    assert set(words(diagrams.backward_rnn("ab", norms=[0.0, 0.0]))) >= {"0"}


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="norms: expected 3, one for each step, got 2"):
        diagrams.backward_rnn("abc", norms=[1, 2])
    with pytest.raises(ValueError, match="asked: expected 3, one for each step, got 1"):
        diagrams.backward_rnn("abc", asked=[True])
    with pytest.raises(ValueError, match="inputs: expected a label for each step, got none"):
        diagrams.backward_rnn("")
    with pytest.raises(ValueError, match="inputs: expected a label for each step, got none"):
        diagrams.unrolled_rnn("")
    with pytest.raises(ValueError, match="step: expected a whole number from 1 to 3, got 4"):
        diagrams.unrolled_rnn("abc", step=4)
    with pytest.raises(ValueError, match="states: expected 3, one for each step, got 2"):
        diagrams.unrolled_rnn("abc", states=np.zeros((2, 4)))


def test_arrangements_have_a_box_a_step_and_an_arrow_for_all_that_goes_in_or_out():
    figure = diagrams.arrangements()
    steps = [step for steps in diagrams.ARRANGEMENTS.values() for step in steps]
    between = len(steps) - len(diagrams.ARRANGEMENTS)
    assert count(figure, FancyBboxPatch) == len(steps) == 15
    assert count(figure, FancyArrowPatch) == between + sum(map(sum, steps))
    assert words(figure) == list(diagrams.ARRANGEMENTS)


LSTM = {
    "previous_cell": 0.5,
    "previous_state": -0.4,
    "forget": 0.8,
    "input": 0.25,
    "candidate": -0.6,
    "output": 0.9,
    "cell": 0.25,
    "state": 0.22,
}
GRU = {"previous_state": 0.5, "update": 0.8, "reset": 0.1, "candidate": -0.6, "state": 0.28}


def bars(figure):
    """Give the gates of a drawn cell: for each how far apart its two bars stand."""
    thick = [line.get_xydata() for line in figure.axes[0].lines if line.get_linewidth() == 4.5]
    return [float(np.abs(one[0] - other[0]).max()) for one, other in zip(thick[::2], thick[1::2], strict=True)]


def wires(figure, color):
    return [line.get_linewidth() for line in figure.axes[0].lines if to_hex(line.get_color()) == color.lower()]


def test_a_drawn_lstm_shows_its_numbers_and_the_products_of_its_gates():
    seen = words(diagrams.lstm_cell(LSTM, symbol="q"))
    assert {"$f_t$", "$i_t$", r"$\tilde{C}_t$", "$o_t$", "$C_{t-1}$", "$C_t$", "$h_t$", "q"} <= set(seen)
    assert {"0.80", "0.90", "0.50", "−0.40", "0.22"} <= set(seen)
    assert {"0.40", "−0.15", f"{np.tanh(0.25):.2f}"} <= set(seen)  # f C, i times candidate, tanh C
    assert seen.count("−0.60") == 2  # in the candidate's box, and on its wire


def test_a_drawn_gru_shows_its_numbers_and_the_products_of_its_gate():
    seen = words(diagrams.gru_cell(GRU, symbol="q"))
    assert {"$z_t$", "$r_t$", r"$\tilde{h}_t$", "$h_{t-1}$", "$h_t$", "$1 - z_t$", "q"} <= set(seen)
    assert {"0.80", "0.10", "0.40", "−0.12", "0.28"} <= set(seen)  # z h, (1 - z) times candidate


def test_gates_are_as_wide_as_they_are_open():
    opened = {"forget": 1.0, "input": 0.0, "output": 0.5}
    forget, shut, output = bars(diagrams.lstm_cell(LSTM | opened))
    assert (shut, forget) == pytest.approx((0, 2 * output))
    assert forget > 0.3
    update, other, reset = bars(diagrams.gru_cell(GRU | {"update": 0.75, "reset": 0.25}))
    assert other == pytest.approx(reset) == pytest.approx(update / 3)


def test_wires_are_as_thick_as_their_numbers_and_have_the_color_of_their_sign():
    figure = diagrams.lstm_cell(LSTM | {"previous_cell": 4.0, "candidate": -0.001})
    assert max(wires(figure, plots.COLORS[0])) == 5  # 4 is drawn as 1
    assert wires(figure, plots.COLORS[1]) == [1 + 4 * 0.4]  # only the previous state is plainly below zero
    assert [line.get_linestyle() for line in figure.axes[0].lines].count(":") == 2  # candidate, to the gate and behind


def test_a_cell_without_numbers_shows_symbols_and_half_open_gates():
    for draw, gates in ((diagrams.lstm_cell, 3), (diagrams.gru_cell, 3)):
        figure = draw()
        assert "$x_t$" in words(figure)
        assert not [word for word in words(figure) if any(digit in word for digit in "02345")]
        assert bars(figure) == pytest.approx([0.225] * gates)


def test_what_a_cell_cannot_be_drawn_from_is_named():
    with pytest.raises(ValueError, match="values: expected previous_cell, .* got none for output, state"):
        diagrams.lstm_cell({name: LSTM[name] for name in LSTM if name not in ("output", "state")})
    with pytest.raises(ValueError, match=r"values\['reset'\]: expected a gate between 0 and 1, got 1.5"):
        diagrams.gru_cell(GRU | {"reset": 1.5})
