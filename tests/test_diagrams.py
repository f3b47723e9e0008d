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


SOURCE, TARGET = ["twenty", "seven"], ["vingt", "sept"]


def strong(figure):
    """Give the labels of the boxes that are drawn as done."""
    boxes = [patch for patch in figure.axes[0].patches if type(patch) is FancyBboxPatch]
    labels = [word for word in words(figure) if word[:2] in ("$h", "$d", "$c")]
    return [label for label, box in zip(labels, boxes, strict=True) if box.get_alpha() == 1]


def test_an_encoder_reads_and_a_decoder_reads_what_it_wrote():
    figure = diagrams.encoder_decoder(SOURCE, TARGET)
    tokens = [(text.get_text(), text.get_position()) for text in figure.axes[0].texts if "$" not in text.get_text()]
    below = [token for token, (_, y) in tokens if y < 0]
    above = [token for token, (_, y) in tokens if 0 < y < 1]
    assert [token for token, (_, y) in tokens if y > 1] == SOURCE
    assert (below, above) == (["<start>", *TARGET], [*TARGET, "<end>"])
    assert strong(figure) == ["$h_{1}$", "$h_{2}$", "$d_{1}$", "$d_{2}$", "$d_{3}$"]


def test_the_encoder_and_the_decoder_are_drawn_up_to_a_step():
    assert strong(diagrams.encoder_decoder(SOURCE, TARGET, step=1)) == ["$h_{1}$"]
    figure = diagrams.encoder_decoder(SOURCE, TARGET, step=4)
    assert strong(figure) == ["$h_{1}$", "$h_{2}$", "$d_{1}$", "$d_{2}$"]
    assert words(figure).count("vingt") == 2 and words(figure).count("sept") == 1 and "<end>" not in words(figure)
    boxes = [patch for patch in figure.axes[0].patches if type(patch) is FancyBboxPatch]
    assert [box.get_linewidth() > 2 for box in boxes] == [False, False, False, True, False]


def test_every_step_has_the_same_canvas_filled_by_the_same_axes():
    frames = [diagrams.encoder_decoder(SOURCE, TARGET, step=step) for step in range(1, 6)]
    frames += [diagrams.encoder_decoder(SOURCE, TARGET, attention=(step, [0.3, 0.7])) for step in (1, 2, 3)]
    seen = [(*figure.get_size_inches(), *figure.axes[0].get_ylim(), *figure.axes[0].get_xlim()) for figure in frames]
    assert len(set(seen[:5])) == len(set(seen[5:])) == 1
    assert all(figure.axes[0].get_position().bounds == (0, 0, 1, 1) for figure in frames)


def rays(figure):
    """Give the lines of attention: where each begins, its width and its opacity."""
    lines = [line for line in figure.axes[0].lines if to_hex(line.get_color()) == plots.COLORS[1].lower()]
    return [(line.get_xdata()[0], line.get_linewidth(), line.get_alpha()) for line in lines]


def test_attention_of_a_step_comes_from_every_state_as_strong_as_its_weight():
    figure = diagrams.encoder_decoder(SOURCE, TARGET, attention=(2, [0.2, 0.8]))
    (first, thin, pale), (second, thick, full) = rays(figure)
    assert (first, second) == (0, 1)
    assert (thin, thick) == pytest.approx((0.6 + 6 * 0.2, 0.6 + 6 * 0.8))
    assert (pale, full) == pytest.approx((0.25 + 0.75 * 0.2, 0.25 + 0.75 * 0.8))
    assert strong(figure) == ["$h_{1}$", "$h_{2}$", "$d_{1}$", "$d_{2}$", "$c_{2}$"]
    (place,) = [text.get_position()[0] for text in figure.axes[0].texts if text.get_text() == "$c_{2}$"]
    assert place == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": []}, "source: expected 1 to 6 tokens, which fit on a phone, got 0"),
        ({"target": ["un"] * 6}, "target: expected 1 to 5 tokens, which fit on a phone, got 6"),
        ({"step": 6}, "step: expected a whole number from 1 to 5, got 6"),
        ({"step": 1, "attention": (1, [1, 0])}, "step: expected None beside attention, which has its own, got 1"),
        ({"attention": (4, [1, 0])}, "attention: expected a step from 1 to 3, got 4"),
        ({"attention": (1, [1, 0, 0])}, r"attention: expected 2 weights from 0 to 1, got \[1, 0, 0\]"),
        ({"attention": (1, [2, -1])}, r"attention: expected 2 weights from 0 to 1, got \[2, -1\]"),
    ],
)
def test_what_an_encoder_and_decoder_cannot_be_drawn_from_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        diagrams.encoder_decoder(**{"source": SOURCE, "target": TARGET} | arguments)


ATTENTION = {
    "query": [1.5, -0.5],
    "key": [[0.11, 0.12], [0.13, 0.14], [0.15, 0.16]],
    "value": [[0.21, 0.22, 0.23], [0.24, 0.25, 0.26], [0.27, 0.28, 0.29]],
    "scores": [1.01, 2.02, -3.03],
    "weights": [0.3, 0.7, 0.0],
    "context": [0.31, 0.32, 0.33],
}


def test_a_drawn_step_of_attention_shows_all_its_numbers():
    figure = diagrams.attention(ATTENTION, names=["one", "two", "<end>"])
    seen = words(figure)
    numbers = [word for word in seen if word.replace("−", "").replace(".", "").isdigit()]
    given = [number for part in ATTENTION.values() for number in np.ravel(part)]
    assert sorted(numbers) == sorted(f"{number:.2f}".replace("-", "−") for number in given)
    assert {"$q_t$", "$k_1$", "$e_{t2}$", r"$\alpha_{t3}$", "$v_3$", "$c_t$", "one", "two", "<end>"} <= set(seen)
    place = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert place["1.01"][0] < place["2.02"][0] < place["−3.03"][0]
    assert place["0.11"][1] > place["1.01"][1] > place["0.70"][1] > place["0.22"][1] > place["0.32"][1]


def test_values_reach_the_context_as_strong_as_their_weights():
    widths = [width for _, width, _ in rays(diagrams.attention(ATTENTION))]
    assert widths == pytest.approx([0.6 + 6 * weight for weight in ATTENTION["weights"]])
    assert [alpha for *_, alpha in rays(diagrams.attention(ATTENTION))] == pytest.approx([0.475, 0.775, 0.25])


def test_all_values_reach_the_box_of_the_context():
    figure = diagrams.attention(ATTENTION)
    (x,) = [text.get_position()[0] for text in figure.axes[0].texts if text.get_text().startswith("$= ")]
    ends = [line.get_xdata()[1] for line in figure.axes[0].lines if to_hex(line.get_color()) == "#d55e00"]
    assert all(x - 1.2 < end < x for end in ends) and ends == sorted(ends)


def test_attention_without_numbers_shows_symbols_for_three_keys():
    seen = words(diagrams.attention())
    assert [word for word in seen if word.startswith("$k")] == ["$k_1$", "$k_2$", "$k_3$"]
    assert not [word for word in seen if "." in word]


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        (
            "key",
            np.zeros((5, 2)),
            r"numbers\['key'\]: expected up to 4 vectors of up to 3 features, got shape",
        ),
        ("value", np.zeros((3, 4)), r"numbers\['value'\]: expected up to 4 vectors"),
        ("value", np.zeros((2, 3)), r"numbers\['value'\]: expected shape \(3, 3\), got \(2, 3\)"),
        ("scores", [1, 2], r"numbers\['scores'\]: expected shape \(3,\), got \(2,\)"),
        ("context", [1, 2], r"numbers\['context'\]: expected shape \(3,\), got \(2,\)"),
        ("query", [1, 2, 3, 4], r"numbers\['query'\]: expected up to 3 features, got shape \(4,\)"),
        ("weights", [1, 1, -1], r"numbers\['weights'\]: expected numbers from 0 to 1"),
    ],
)
def test_what_attention_cannot_be_drawn_from_is_named(part, value, message):
    with pytest.raises(ValueError, match=message):
        diagrams.attention(ATTENTION | {part: value})


def test_missing_parts_and_names_of_attention_are_named():
    with pytest.raises(ValueError, match="numbers: expected query, .* got none for context"):
        diagrams.attention({name: ATTENTION[name] for name in ATTENTION if name != "context"})
    with pytest.raises(ValueError, match="names: expected 3, one for each key, got 2"):
        diagrams.attention(names=["a", "b"])


def heights(figure, *labels):
    return [text.get_position()[1] for text in figure.axes[0].texts if text.get_text() in labels]


def ways_around(figure):
    """Give where each residual path leaves the main one, and where it comes back."""
    paths = [line.get_ydata() for line in figure.axes[0].lines if to_hex(line.get_color()) == plots.COLORS[0].lower()]
    return [(path[0], path[-1]) for path in paths]


@pytest.mark.parametrize(("norm", "inside"), [("pre", True), ("post", False)])
def test_a_block_has_its_norms_inside_or_behind_the_ways_around(norm, inside):
    figure = diagrams.transformer_block(norm)
    norms, parts = sorted(heights(figure, "norm")), heights(figure, "attention", "feed-forward")
    assert len(norms) == len(ways_around(figure)) == 2
    for (start, end), height, part in zip(ways_around(figure), norms, parts, strict=True):
        assert start < part < end
        assert (start < height < part) is inside and (height > end) is not inside
    assert {"$x_t$", "$u_t$", "$h_t$"} <= set(words(figure))


def test_a_block_with_another_norm_is_refused():
    with pytest.raises(ValueError, match="norm: expected pre or post, got 'batch'"):
        diagrams.transformer_block("batch")


def test_a_transformer_has_two_ways_around_on_the_left_three_on_the_right_and_the_memory_between():
    figure = diagrams.transformer()
    place = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert len(ways_around(figure)) == 5 and words(figure).count("norm") == 7
    assert words(figure).count("feed-forward") == 2
    (path,) = [line.get_xydata() for line in figure.axes[0].lines if to_hex(line.get_color()) == "#d55e00"]
    _, cross = place["attention\nto the memory"]
    assert path[0][0] == place["encoder"][0] and path[-1][1] == pytest.approx(cross)
    assert place["causal\nself-attention"][1] < cross < max(heights(figure, "feed-forward"))
