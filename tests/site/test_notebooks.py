"""What the pages made from notebooks do beyond showing: sliders, downloads, and what is left without JavaScript."""

import urllib.parse
import urllib.request

import nbformat
import pytest

import toc
from set_address import address as repository_address

# The frame that a slider shows: its element, since two frames may hold the same text.
FRAME = """slider => [...slider.closest(".widget-subarea").querySelectorAll(".widget-html-content")]
    .find((frame) => frame.checkVisibility() && frame.querySelector("svg, pre"))"""


def sliders(page):
    """Give the handles of all sliders of a page."""
    return page.locator(".widget-slider .noUi-handle").all()


def frame_of(slider):
    """Give a handle on the frame that a slider shows, and its content."""
    frame = slider.evaluate_handle(FRAME).as_element()
    return frame, frame.evaluate("frame => frame.querySelector('svg, pre').innerHTML")


def is_shown(frame, slider):
    """Say whether a slider shows that same frame."""
    return slider.evaluate(f"(slider, frame) => ({FRAME})(slider) === frame", frame)


def test_no_output_warns(visit, notebook_name):
    """What a library warns of is mended or kept from readers, to whom it says nothing."""
    outputs = visit(notebook_name).page.locator(".cell_output").all_text_contents()
    assert outputs and [text for text in outputs if "WARNING:" in text or "Warning:" in text] == []


def test_sliders_move_by_keyboard(visit, notebook_name):
    """An arrow key changes the frame and the value that is read out; Home brings both back."""
    page = visit(notebook_name).page
    for slider in sliders(page):
        (frame, content), value = frame_of(slider), slider.get_attribute("aria-valuetext")
        slider.press("ArrowRight")
        page.wait_for_timeout(50)
        assert not is_shown(frame, slider)
        assert slider.get_attribute("aria-valuetext") != value
        slider.press("Home")
        page.wait_for_timeout(50)
        assert frame_of(slider)[1] == content
        assert slider.get_attribute("aria-valuetext") == value


def test_sliders_move_by_touch(visit, notebook_name):
    """A tap on the end of a slider shows another frame."""
    page = visit(notebook_name, "phone-light").page
    for slider in sliders(page):
        frame, _ = frame_of(slider)
        bar = slider.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]")
        bar.scroll_into_view_if_needed()
        box = bar.bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(50)
        assert not is_shown(frame, slider)


@pytest.fixture(scope="module")
def plain(browser, address, notebook_name):
    """Open one notebook's page with JavaScript off, once for all tests that only look."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address + notebook_name)
        yield page


def test_still_frame_without_javascript(plain):
    """With JavaScript off each set of sliders leaves one frame to see."""
    views = plain.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
    frames = plain.locator("noscript > .seqlib-figure, noscript > .seqlib-text")
    assert frames.count() == views
    for frame in frames.all():
        assert frame.is_visible()


def test_notebook_can_be_downloaded(plain, notebook_name, address):
    """The download button leads to a notebook that opens, stripped, with the address that is set."""
    link = plain.locator(".dropdown-download-buttons a[href$='.ipynb']").get_attribute("href")
    href = urllib.parse.urljoin(plain.url, link)
    assert href.startswith(address)
    with urllib.request.urlopen(href) as answer:
        notebook = nbformat.reads(answer.read().decode(), as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    source = nbformat.read(toc.ROOT / notebook_name.replace(".html", ".ipynb"), as_version=nbformat.NO_CONVERT)
    assert len(notebook.cells) == len(source.cells)
    setup = next(cell.source for cell in notebook.cells if "setup" in cell.metadata.get("tags", []))
    assert ('ADDRESS = ""' in setup) == (not repository_address())
