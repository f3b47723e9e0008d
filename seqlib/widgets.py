"""Sliders that work with no kernel: every frame is drawn at build time, a slider chooses which is seen."""

import html
import itertools

import ipywidgets

from seqlib.plots import Figure

HEAVIEST = 2_000_000  # characters in all frames together: what a phone should not be asked to load


def explore(draw, **choices):
    """Let the reader move through pictures with one slider or two.

    All frames are drawn now and travel with the page (`ipywidgets.Stack` and `jslink`), so the sliders
    move on a published page with no kernel. Where this version of ipywidgets has no `Stack` (7.7, in
    Colab), the same call draws each frame when it is asked for. With JavaScript off the first frame shows.

    Args:
        draw: takes the chosen values by name, gives a `plots.Figure` (from `plots.picture`) or a string of
            plain text.
        choices: one or two names, each with the values that its slider offers, such as `step=range(1, 6)`;
            the slider starts at the first. Underscores in a name are shown as spaces.

    Raises:
        ValueError: where there are no choices or more than two, a slider has nothing to choose from, a frame
            is neither figure nor text, or all frames together weigh too much for a page.

    Taught in chapter 2.
    """
    from IPython.display import HTML, display

    if len(choices) not in (1, 2):
        raise ValueError(f"choices: expected one or two sliders, got {len(choices)}: {', '.join(choices)}")
    choices = {name: list(values) for name, values in choices.items()}
    for name, values in choices.items():
        if len(values) < 2:
            raise ValueError(f"{name}: expected at least two values to choose from, got {values!r}")
    sliders = [_slider(name, values) for name, values in choices.items()]
    if not hasattr(ipywidgets, "Stack"):
        display(_live(draw, choices, sliders))
        return
    frames = [
        _frame(draw(**dict(zip(choices, values, strict=True)))) for values in itertools.product(*choices.values())
    ]
    weight = sum(len(frame) for frame in frames)
    if weight > HEAVIEST:
        raise ValueError(f"choices: expected frames of at most {HEAVIEST:,} characters together, got {weight:,}")
    display(HTML(f"<noscript>{frames[0]}</noscript>"))
    display(ipywidgets.VBox([*sliders, _stack(frames, sliders, list(choices.values()))]))


def _slider(name, values):
    label = name.replace("_", " ")
    return ipywidgets.SelectionSlider(
        options=[(str(value), value) for value in values],
        value=values[0],
        description=label,
        style={"description_width": "initial"},
        layout={"width": "100%", "max_width": "30rem"},
    )


def _frame(content):
    """Give one frame's HTML."""
    if isinstance(content, Figure):
        return content._repr_html_()
    if isinstance(content, str):
        return f'<pre class="seqlib-text">{html.escape(content)}</pre>'
    raise ValueError(f"draw: expected to give a plots.Figure or a string, got {type(content).__name__}")


def _stack(frames, sliders, values):
    """Nest one stack in another, each turned by its slider."""
    pages = [ipywidgets.HTML(frame) for frame in frames]
    for slider, options in zip(reversed(sliders), reversed(values), strict=True):
        groups = [pages[start : start + len(options)] for start in range(0, len(pages), len(options))]
        pages = [ipywidgets.Stack(group, selected_index=0) for group in groups]
        for stack in pages:
            ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    return pages[0]


def _live(draw, choices, sliders):
    """Draw a frame each time a slider moves: for kernels whose ipywidgets cannot stack frames."""
    frame = ipywidgets.HTML()

    def redraw(change=None):
        frame.value = _frame(draw(**{name: slider.value for name, slider in zip(choices, sliders, strict=True)}))

    for slider in sliders:
        slider.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*sliders, frame])
