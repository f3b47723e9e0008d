"""Every page of the built site, on a wide and a narrow screen, light and dark."""

from set_address import address as repository_address

# What axe finds in the stock theme and in the markup that Sphinx makes: rule, selector, reason.
THEME = {
    ("label-content-name-mismatch", ".search-button-field"): "the theme names its search button apart from its text",
    ("label-content-name-mismatch", ".theme-switch-button"): "the theme names its button for light and dark twice",
    ("label-content-name-mismatch", "details.hide > summary"): "myst-nb names hidden code apart from its text",
    ("region", ".title"): "the theme's title stands in no landmark",
    ("aria-allowed-role", ".citation"): "docutils writes the entries of a bibliography so",
    ("aria-deprecated-role", ".citation"): "docutils writes the entries of a bibliography so",
    ("aria-required-children", ".citation-list"): "docutils writes the list of a bibliography so",
}
# What axe can find in the dark that it would not find in the light.
OF_COLOR = ["color-contrast", "link-in-text-block"]
# Most elements of a notebook's page are tokens of code; one of each kind has the colors of all, and axe is slow.
ONE_OF_A_KIND = """() => { const met = new Set();
    for (const code of document.querySelectorAll(".highlight pre")) {
        const copy = code.cloneNode(true);
        for (const token of copy.querySelectorAll("span")) {
            if (met.has(token.className)) token.replaceWith(...token.childNodes); else met.add(token.className);
        }
        code.replaceWith(copy);
    } }"""
FIND = """async ([known, options]) => (await axe.run(document, {resultTypes: ["violations"], ...options})).violations
    .flatMap((rule) => rule.nodes.filter((node) => {
        const element = document.querySelector(node.target[0]);
        return !known.some(([id, selector]) => id === rule.id && element?.matches(selector));
    }).map((node) => `${rule.id}: ${node.html.slice(0, 120)}`))"""
# Text that still holds a formula's delimiters, outside of code.
UNTYPESET = r"""() => [...document.querySelectorAll(".bd-article :is(.math, details, p, li, td, dd)")]
    .map((element) => { const copy = element.cloneNode(true);
        copy.querySelectorAll("code, pre, script, style, mjx-container").forEach((part) => part.remove());
        return copy.textContent; })
    .filter((text) => /\$[^$]+\$|\\\(|\\\[|\\begin\{/.test(text))"""
# Figures and pictures that say nothing to those who cannot see them.
UNNAMED = """() => [...document.querySelectorAll(".bd-article img, .bd-article figure svg")].filter((picture) =>
    !(picture.getAttribute("alt") || picture.getAttribute("aria-label") || picture.querySelector("title")?.textContent))
    .map((picture) => picture.outerHTML.slice(0, 120))"""
# Answers that are open and show more than their question.
UNFOLDED = """() => [...document.querySelectorAll(".bd-article details")]
    .filter((answer) => answer.open && answer.offsetHeight > answer.firstElementChild.offsetHeight)
    .map((answer) => answer.textContent.slice(0, 80))"""
BRIGHTNESS = """([selector, property]) => getComputedStyle(document.querySelector(selector))[property]
    .match(/[0-9.]+/g).slice(0, 3).reduce((total, part) => total + Number(part), 0)"""


def test_page_is_complete(seen):
    """A page complains of nothing, asks no other origin, and shows its mathematics and its figures."""
    page = seen.page
    formulas = page.locator(".bd-article .math").count()
    assert seen.foreign == []
    assert seen.complaints == []
    assert page.evaluate(UNTYPESET) == []
    assert page.locator(".bd-article .math mjx-container").count() >= formulas
    assert page.locator("mjx-merror").count() == 0
    assert page.evaluate(UNNAMED) == []
    assert page.locator(".bd-article figure:not(:has(figcaption))").count() == 0


def test_page_does_not_scroll_sideways(seen):
    """What is too wide scrolls inside itself."""
    width = seen.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]


def test_sliders_have_names(seen):
    """A slider says what it is and where it stands."""
    for slider in seen.page.locator(".widget-slider .noUi-handle").all():
        assert slider.get_attribute("aria-label")
        assert slider.get_attribute("aria-valuetext")
        assert slider.is_visible()


def test_answers_unfold(seen):
    """An answer is hidden until it is asked for."""
    assert seen.page.evaluate(UNFOLDED) == []
    seen.page.evaluate("() => document.querySelectorAll('.bd-article summary').forEach((summary) => summary.click())")
    assert len(seen.page.evaluate(UNFOLDED)) == seen.page.locator(".bd-article details").count()


def test_page_can_be_used_by_everybody(seen, screen, axe):
    """axe finds nothing but what the theme brings, with every answer unfolded; in the dark, in what color changes."""
    seen.page.evaluate("() => document.querySelectorAll('details').forEach((answer) => { answer.open = true; })")
    seen.page.evaluate("() => Promise.all(document.getAnimations().map((animation) => animation.finished))")
    seen.page.evaluate(ONE_OF_A_KIND)
    seen.page.evaluate(axe)
    options = {"runOnly": OF_COLOR} if screen.endswith("dark") else {}
    assert seen.page.evaluate(FIND, [[list(key) for key in THEME], options]) == []


def test_follows_light_and_dark(seen, screen):
    """The ground of the page and the letters on it are as the reader's system asks."""
    ground, ink = (seen.page.evaluate(BRIGHTNESS, part) for part in (["body", "backgroundColor"], ["article", "color"]))
    assert (ground < ink) == screen.endswith("dark")


def test_buttons_wait_for_the_address(seen, page_name):
    """Without an address nothing leads to a repository; with one on GitHub, Colab opens its published branch."""
    links = seen.page.evaluate("() => [...document.querySelectorAll('a')].map((link) => link.href)")
    assert not [link for link in links if "executablebooks" in link]
    colab = [link for link in links if link.startswith("https://colab.research.google.com/github")]
    if not repository_address().startswith("https://github.com/"):
        assert colab == []
    elif page_name.startswith("notebooks/"):
        owner = repository_address().split("/", 3)[3]
        assert colab == [f"https://colab.research.google.com/github/{owner}/blob/published/{page_name[:-5]}.ipynb"]
