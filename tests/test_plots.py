"""Figures as HTML: readable in light and dark, described, valid, and alike from run to run."""

import warnings
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


def test_lines_stand_on_a_logarithmic_axis_where_asked():
    axes = plots.lines({"a": [3, 2, 1]}, "tokens", "bits", x=[32, 128, 512], log_x=True).axes[0]
    places = [axes.transData.transform((place, 1))[0] for place in (32, 128, 512)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["32", "128", "512"]
    assert len(axes.get_xticks(minor=True)) == 0
    named = plots.lines({"a": [3, 2]}, "tokens", "bits", x=[1, 8], x_ticks=["one", "8"], log_x=True).axes[0]
    assert [label.get_text() for label in named.get_xticklabels()] == ["one", "8"]
    for x in (None, [0, 5]):
        with pytest.raises(ValueError, match=r"^x: expected positive places for a logarithmic axis, got "):
            plots.lines({"a": [3, 2]}, "tokens", "bits", x=x, log_x=True)


def tokens(axes):
    """Give the texts above a map, and those beside it from the top down."""
    texts = [(*text.get_position(), text.get_text()) for text in axes.texts if type(text) is plots._Letters]
    return [text for _, y, text in texts if y == -0.5], [text for x, _, text in texts if x == -0.5]


def outlined(axes, shape):
    """Find the cells within outlines: from the left, each edge that is met leads in or out."""
    upright = set()
    for (x, y), (other, down) in axes.collections[-1].get_segments():
        if x == other:
            upright.add((min(y, down) + 0.5, x + 0.5))
    return np.array(
        [
            [sum((row, at) in upright for at in range(column + 1)) % 2 for column in range(shape[1])]
            for row in range(shape[0])
        ],
        dtype="bool",
    )


def test_a_map_of_attention_shows_weights_tokens_and_links():
    weights = np.array([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    links = np.array([[True, True, False], [False, False, True]])
    axes = plots.attention_map(weights, ["a b", "$x$", "\n"], ["<start>", " "], links).axes[0]
    image = axes.images[0]
    assert np.array_equal(image.get_array(), weights) and image.get_clim() == (0, 1)
    assert tokens(axes) == (["a·b", "$x$", "⏎"], ["<start>", "·"])
    assert np.array_equal(outlined(axes, (2, 3)), links)
    assert not plots.attention_map(weights, "abc", "de").axes[0].collections[2:]


def test_a_weight_is_as_strong_as_its_color():
    low, middle, high = plots.attention_map([[0.5, 0.5]], "ab", "c").axes[0].images[0].cmap([0.0, 0.5, 1.0])
    assert (low[3], high[3]) == (0, 1) and middle[3] == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(low[:3], high[:3])


def test_maps_among_others_have_the_size_of_the_largest():
    pairs = [(["one"], ["un"]), (["hundred"] * 4, ["deux"] * 9), (["two"] * 12, ["cinquante", "et"])]
    figures = [plots.attention_map(np.zeros((len(t), len(s))), s, t, among=pairs) for s, t in pairs]
    assert len({tuple(figure.get_size_inches()) for figure in figures}) == 1
    corners = {tuple(np.round([box.x0, box.y1], 9)) for box in (figure.axes[0].get_position() for figure in figures)}
    widths = [figure.axes[0].get_position().width for figure in figures]
    cells = {round(width / len(source), 9) for width, (source, _) in zip(widths, pairs, strict=True)}
    assert len(corners) == len(cells) == 1
    alone = plots.attention_map([[1.0]], *pairs[0])
    assert tuple(alone.get_size_inches()) != tuple(figures[0].get_size_inches())


@pytest.mark.parametrize(("rows", "columns"), [(65, 11), (11, 65), (15, 15), (1, 1)])
def test_tokens_of_a_map_stay_on_the_page_and_apart(rows, columns):
    """Characters where there are many, words of nine letters else."""
    source, target = (["w"] * count if count > 15 else ["seventeen"] * count for count in (columns, rows))
    figure = plots.attention_map(np.zeros((rows, columns)), source, target)
    figure.set_dpi(72)
    figure.draw_without_rendering()
    width, height = 72 * figure.get_size_inches()
    letters = [text for text in figure.axes[0].texts if type(text) is plots._Letters]
    boxes = [text.get_window_extent() for text in letters]
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
    assert all(text.get_fontsize() * 350 / 374.4 > 9 and not text.get_clip_on() for text in letters)
    assert width == pytest.approx(374.4) and height < 500
    # A line of letters is as high as its font, but its ink is lower: what must not meet is the middle of each.
    ink = [box.padded(-1.5) for box in boxes]
    assert not any(one.overlaps(other) for place, one in enumerate(ink) for other in ink[:place])
    inside = figure.axes[0].get_window_extent().padded(-2)
    assert not any(box.overlaps(inside) for box in ink)


def test_letters_that_matplotlib_lacks_are_left_to_the_browser():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = plots.picture(plots.attention_map(np.eye(2), ["$x$", "ten"], ["四", "สิ"]), alt="a", caption="b").svg
    assert ">$x$<" in svg.replace("\n", "")
    assert ">四<" in svg.replace("\n", "") and ">สิ<" in svg.replace("\n", "")


def test_every_head_has_a_map_and_tokens_stand_at_the_edge():
    weights = np.arange(24).reshape(4, 2, 3) / 24
    *maps, scale = plots.attention_heads(weights, "abc", "de").axes
    assert all(np.array_equal(axes.images[0].get_array(), head) for axes, head in zip(maps, weights, strict=True))
    assert [axes.texts[0].get_text() for axes in maps] == ["head 1", "head 2", "head 3", "head 4"]
    assert [list(map(len, tokens(axes))) for axes in maps] == [[3, 2], [3, 0], [0, 2], [0, 0]]
    boxes = [axes.get_window_extent() for axes in (*maps, scale)]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": [[1, 0]]}, r"weights: expected shape \(2, 2\), one for each pair of tokens, got \(1, 2\)"),
        ({"weights": [[2, 0], [0, -1]]}, "weights: expected numbers from 0 to 1, got -1 to 2"),
        ({"weights": [[1, 0], [0, -1]]}, "weights: expected numbers from 0 to 1, got -1 to 1"),
        ({"weights": [[np.nan, 0], [0, 1]]}, "weights: expected numbers from 0 to 1, got nan"),
        ({"links": [[True, False]]}, r"links: expected shape \(2, 2\), as weights, got \(1, 2\)"),
        ({"among": [(["seven"] * 40, ["un"])]}, "expected tokens that can be read on a phone, got 40 side by side"),
        ({"target": ["un", "x" * 40]}, "expected tokens that can be read on a phone, .* below each other 'xxx"),
    ],
)
def test_a_map_that_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.attention_map(**{"weights": np.eye(2), "source": ["a", "b"], "target": ["c", "d"]} | arguments)


def test_heads_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="weights: expected two heads or more, got 1"):
        plots.attention_heads(np.zeros((1, 2, 2)), "ab", "cd")
    with pytest.raises(ValueError, match=r"weights: expected shape \(2, 2, 3\)"):
        plots.attention_heads(np.zeros((2, 2, 2)), "abc", "de")
