"""Figures as HTML: readable in light and dark, described, valid, and alike from run to run."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from seqlib import plots


@pytest.fixture
def figure():
    return plots.lines({"first": [3, 2, 1], "second": [2, 2, 2]}, "epoch", "bits", levels={"floor": 1.5})


def test_a_picture_is_valid_and_described(figure):
    shown = plots.picture(figure, alt='Falls from 3 to 1; "second" is flat & <low>.', caption="Bits < epoch.")
    root = ElementTree.fromstring(shown._repr_html_())
    assert root.tag == "figure"
    drawing = root[0]
    assert drawing.attrib["role"] == "img"
    assert drawing.attrib["aria-label"] == 'Falls from 3 to 1; "second" is flat & <low>.'
    assert root.find("figcaption").text == "Bits < epoch."


def test_a_picture_takes_the_size_and_color_of_the_page(figure):
    svg = plots.picture(figure, alt="a", caption="b").svg
    assert "currentColor" in svg and plots.INK not in svg
    opening = svg[: svg.index(">")]
    assert "viewBox" in opening and "width=" not in opening and "height=" not in opening
    assert "<metadata>" not in svg


def test_every_reference_has_its_target_and_no_other_name_is_left(figure):
    svg = plots.picture(figure, alt="a", caption="b").svg
    names = set(plots.re.findall(r' id="([^"]*)"', svg))
    used = set(plots.re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    assert used and names == used


def test_the_same_figure_gives_the_same_svg():
    first, second = (plots.picture(plots.lines({"a": [1, 2]}, "x", "y"), alt="a", caption="b").svg for _ in range(2))
    assert first == second


def test_letters_stay_letters(figure):
    assert ">epoch<" in plots.picture(figure, alt="a", caption="b").svg.replace("\n", "")


def test_curves_differ_without_color(figure):
    styles = {(line.get_linestyle(), line.get_alpha()) for line in figure.axes[0].lines}
    assert len(styles) == 3


def test_many_curves_have_their_legend_below_them():
    for number, below in ((4, False), (5, True)):
        figure = plots.lines({f"curve {name}": [1, 2] for name in range(number)}, "x", "y")
        assert bool(figure.legends) is below and bool(figure.axes[0].get_legend()) is not below


def test_a_legend_that_would_cover_a_curve_stands_below():
    crossing = {"up and down": [0, 1] * 8, "down and up": [1, 0] * 8}
    for series, below in (({"flat": [0, 0, 5], "other": [0, 0, 4]}, False), (crossing, True)):
        figure = plots.lines(series, "x", "y")
        assert bool(figure.legends) is below and bool(figure.axes[0].get_legend()) is not below


@pytest.mark.parametrize(("alt", "caption"), [("", "b"), ("a", " "), (None, "b")])
def test_a_figure_without_words_is_refused(figure, alt, caption):
    with pytest.raises(ValueError, match="(alt|caption): expected a sentence"):
        plots.picture(figure, alt=alt, caption=caption)


def test_heatmap_puts_zero_in_the_middle():
    figure = plots.heatmap(np.array([[-3.0, 1.0], [0.0, 2.0]]), "x", "y", "value", x_ticks="ab")
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-3, 3)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["a", "b"]


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"series\['b'\]: expected 3 values, one for each x, got 2"):
        plots.lines({"a": [1, 2, 3], "b": [1, 2]}, "x", "y", x=[1, 2, 3])
    with pytest.raises(ValueError, match="series: expected a dictionary"):
        plots.lines([1, 2, 3], "x", "y")
    with pytest.raises(ValueError, match=r"values: expected shape \(rows, columns\), got \(3,\)"):
        plots.heatmap([1, 2, 3], "x", "y", "z")
    with pytest.raises(ValueError, match="x_ticks: expected 2 labels, one for each column, got 3"):
        plots.heatmap([[1, 2]], "x", "y", "z", x_ticks="abc")


def test_colored_text_keeps_the_text_and_shades_by_value():
    """What is cheap has no ground, what is dear the strongest; neighbors alike share one."""
    shown = plots.colored_text("a<b\nc", [0, 5, 5, 2.5, 10], most=5, caption="Bits & <more>.")._repr_html_()
    root = ElementTree.fromstring(shown)
    text = root.find("pre")
    assert "".join(text.itertext()) == "a<b⏎\nc"
    shades = [float(span.attrib["style"].rstrip(")").rsplit(" ", 1)[1]) for span in text]
    assert [span.text for span in text] == ["<b", "⏎\n", "c"]
    assert shades == [plots.SHADES[4], plots.SHADES[2], plots.SHADES[4]] and text.text == "a"
    assert root.find("figcaption").text == "Bits & <more>."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [1, 2]}, r"values: expected 3, one for each character, got shape \(2,\)"),
        ({"most": 0}, "most: expected a number above 0, got 0"),
        ({"caption": " "}, "caption: expected a sentence"),
    ],
)
def test_colored_text_names_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.colored_text(**{"text": "abc", "values": [1, 2, 3], "most": 5, "caption": "c"} | arguments)


def test_memory_curves_stand_on_the_same_axes():
    """A line for each seed, named once; percent from 0 to 100, and the level of guessing."""
    recalls = np.array([[1.0, 0.5], [0.8, 0.1]])
    figure = plots.memory_curve({"two": recalls, "one": [0.9, 0.2]}, [1, 20], guessing=1 / 16)
    (axes,) = figure.axes
    first, second, one, guessing = axes.lines
    assert first.get_ydata() == pytest.approx([100, 50]) and second.get_ydata() == pytest.approx([80, 10])
    assert first.get_color() == second.get_color() != one.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["two", "one", "guessing"]
    assert guessing.get_ydata()[0] == 6.25 and axes.get_ylim() == (0, 104) and axes.get_xscale() == "log"


def test_a_memory_curve_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"curves\['one'\]: expected 2 values, one for each lag, got 3"):
        plots.memory_curve({"one": [1, 2, 3]}, [1, 2], guessing=0.1)


def test_pictures_stand_in_rows_with_their_labels_and_wrong_ones_framed():
    figure = plots.pictures(np.eye(8)[None].repeat(5, axis=0), list("abcde"), columns=3, wrong=[1])
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_xlabel() for axes in shown] == list("abcde")
    assert len(figure.axes) == 6
    assert [axes.spines["left"].get_linewidth() > 2 for axes in shown] == [False, True, False, False, False]
    assert np.array_equal(shown[0].images[0].get_array(), np.eye(8))


def test_pictures_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="images: expected shape"):
        plots.pictures(np.eye(8), ["a"])
    with pytest.raises(ValueError, match="labels: expected 2"):
        plots.pictures(np.zeros((2, 8, 8)), ["a"])


def test_confusion_shows_each_row_as_shares():
    figure = plots.confusion([[1, 3], [0, 0]], ["left", "right"])
    assert np.array_equal(figure.axes[0].images[0].get_array(), [[25, 75], [0, 0]])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["left", "right"]
    with pytest.raises(ValueError, match=r"counts: expected shape \(3, 3\)"):
        plots.confusion(np.eye(2), list("abc"))


def test_lines_name_their_places_where_asked():
    axes = plots.lines({"a": [3, 2]}, "tokens", "bits", x=[1, 5], x_ticks=["2", "32"]).axes[0]
    assert list(axes.get_xticks()) == [1, 5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "32"]
    with pytest.raises(ValueError, match="x_ticks: expected one for each place of x, got 1"):
        plots.lines({"a": [3, 2]}, "tokens", "bits", x=[1, 5], x_ticks=["2"])
    with pytest.raises(ValueError, match="x_ticks"):
        plots.lines({"a": [3, 2]}, "tokens", "bits", x_ticks=["2", "32"])
