"""Sliders: every frame in its place, with and without `Stack`."""

import ipywidgets
import pytest

from seqlib import widgets


def explore(draw, **choices):
    """Call `widgets.explore`; give what it displayed."""
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", shown.append)
        widgets.explore(draw, **choices)
    return shown


def visible(page):
    """Follow the stacks to the frame that is seen."""
    while isinstance(page, ipywidgets.Stack):
        page = page.children[page.selected_index]
    return page.value


def test_one_slider_has_a_frame_for_each_value():
    still, box = explore(lambda step: f"frame {step}", step=range(1, 6))
    slider, stack = box.children
    assert slider.description == "step" and [label for label, _ in slider.options] == list("12345")
    assert "<noscript>" in still.data and "frame 1" in still.data
    for index in range(5):
        stack.selected_index = index
        assert f"frame {index + 1}" in visible(stack)


def test_two_sliders_reach_every_pair():
    _, box = explore(lambda units, step: f"{units}/{step}.", units=[2, 3], step=[5, 7, 11])
    *sliders, outer = box.children
    assert [slider.description for slider in sliders] == ["units", "step"]
    for row, units in enumerate([2, 3]):
        for column, step in enumerate([5, 7, 11]):
            outer.selected_index = row
            for inner in outer.children:
                inner.selected_index = column
            assert f"{units}/{step}." in visible(outer)


def test_sliders_are_linked_in_the_browser(monkeypatch):
    linked = []
    monkeypatch.setattr(ipywidgets, "jslink", lambda source, target: linked.append((source, target)))
    _, box = explore(lambda a, b: "text", a=[1, 2], b=[1, 2, 3])
    first, second, outer = box.children
    assert ((first, "index"), (outer, "selected_index")) in linked
    assert all(((second, "index"), (inner, "selected_index")) in linked for inner in outer.children)
    assert len(linked) == 3


def test_without_stack_frames_are_drawn_when_asked_for(monkeypatch):
    monkeypatch.delattr(ipywidgets, "Stack")
    drawn = []
    (box,) = explore(lambda step: drawn.append(step) or f"frame {step}", step=[1, 2, 3])
    slider, frame = box.children
    assert drawn == [1]
    slider.value = 3
    assert drawn == [1, 3] and "frame 3" in frame.value


def test_text_is_escaped():
    still, _ = explore(lambda step: "<b>&", step=[1, 2])
    assert "&lt;b&gt;&amp;" in still.data


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "choices: expected one or two sliders, got 0"),
        ({"a": [1, 2], "b": [1, 2], "c": [1, 2]}, "choices: expected one or two sliders, got 3: a, b, c"),
        ({"step": [1]}, r"step: expected at least two values to choose from, got \[1\]"),
    ],
)
def test_wrong_sliders_are_named(choices, message):
    with pytest.raises(ValueError, match=message):
        explore(lambda **values: "text", **choices)


def test_wrong_frames_are_named():
    with pytest.raises(ValueError, match="draw: expected to give a plots.Figure or a string, got int"):
        explore(lambda step: 7, step=[1, 2])
    with pytest.raises(ValueError, match="choices: expected frames of at most"):
        explore(lambda step: "x" * widgets.HEAVIEST, step=[1, 2])
