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
