"""Diagrams show what they are given."""

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from seqlib import diagrams


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


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="inputs: expected a label for each step, got none"):
        diagrams.unrolled_rnn("")
    with pytest.raises(ValueError, match="step: expected a whole number from 1 to 3, got 4"):
        diagrams.unrolled_rnn("abc", step=4)
    with pytest.raises(ValueError, match="states: expected 3, one for each step, got 2"):
        diagrams.unrolled_rnn("abc", states=np.zeros((2, 4)))
