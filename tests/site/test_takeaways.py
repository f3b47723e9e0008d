"""The page of takeaways: its filters, its links, and that it needs no JavaScript to be read."""

import pytest

from seqlib.evidence import claims

PAGE = "book/takeaways.html"
SHOWN = "() => [...document.querySelectorAll('.claim')].filter((item) => item.checkVisibility()).map((item) => item.id)"
CHAPTERS = sorted({claim.chapter for claim in claims().values()})
# The targets of links that are on no element of the page.
LOST = """selector => [...document.querySelectorAll(selector)].map((link) => link.hash.slice(1))
    .filter((id) => !document.getElementById(id))"""


def verdicts(page):
    """Give what stands first in the verdict of each claim: its mark and its first word."""
    return dict(
        page.evaluate(
            """() => [...document.querySelectorAll(".claim")].map((item) =>
                [item.id, item.querySelector("strong").textContent])"""
        )
    )


def assert_shown(page, expected):
    """Expect those claims to be seen, no heading without any of them, and their number to be told."""
    assert page.locator(".claim-filters option:checked").count() == 2
    assert page.evaluate(SHOWN) == list(expected)
    assert page.locator(".claim-filters output").text_content() == f"{len(expected)} of {len(claims())} claims"
    chapters = page.locator("section:has(> .claims)")
    seen = [chapter.is_visible() for chapter in chapters.all()]
    assert seen == [any(claims()[id].chapter == chapter for id in expected) for chapter in CHAPTERS]


def test_every_claim_is_there_once(visit):
    page = visit(PAGE).page
    ids = page.evaluate("() => [...document.querySelectorAll('.claim')].map((item) => item.id)")
    assert ids == list(claims())
    assert_shown(page, claims())


def test_filters_choose_a_chapter_and_a_verdict(visit):
    page = visit(PAGE).page
    chapter, verdict = page.get_by_label("Chapter"), page.get_by_label("Verdict")
    for number in CHAPTERS:
        chapter.select_option(str(number))
        assert_shown(page, claims(number))
    chapter.select_option("")
    texts = verdicts(page)
    for option in verdict.locator("option:not([value=''])").all():
        words = option.text_content().removesuffix(" …")
        longer = "◐" if words == "✓ holds" else None
        expected = [id for id, text in texts.items() if text.startswith(words) and text[0] != longer]
        verdict.select_option(option.get_attribute("value"))
        assert_shown(page, expected)
        chapter.select_option("2")
        assert_shown(page, [id for id in expected if id in claims(2)])
        chapter.select_option("")


def test_filters_work_by_keyboard(visit):
    page = visit(PAGE).page
    page.get_by_label("Chapter").focus()
    page.keyboard.press("ArrowDown")
    assert_shown(page, claims(1))
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.name") == "verdict"
    page.keyboard.press("End")
    assert_shown(page, [id for id, text in verdicts(page).items() if text == "… to come" and id in claims(1)])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.querySelector('.claim[hidden]')")
    assert_shown(page, claims())


@pytest.mark.parametrize(
    ("query", "expected"), [("chapter=6", claims(6)), ("chapter=99", claims()), ("verdict=holds'", claims())]
)
def test_address_can_choose(visit, query, expected):
    """A link may name a chapter; what is no choice counts as none."""
    page = visit(f"{PAGE}?{query}").page
    assert_shown(page, expected)


def test_address_can_choose_a_verdict(visit):
    page = visit(f"{PAGE}?verdict=to-come").page
    assert_shown(page, [id for id, text in verdicts(page).items() if text == "… to come"])


def test_who_returns_finds_the_filter(visit):
    """The list is as the choices say, which the browser brings back."""
    page = visit(PAGE).page
    page.get_by_label("Chapter").select_option("6")
    page.goto(page.url.replace(PAGE, "book/welcome.html"))
    page.go_back(wait_until="load")
    assert page.get_by_label("Chapter").input_value() == "6"
    assert_shown(page, claims(6))


def test_link_to_what_is_filtered_out_shows_it(visit):
    page = visit(f"{PAGE}?chapter=6").page
    page.locator(".page-toc a", has_text="8. ").click()
    assert_shown(page, claims())
    page.locator(".page-toc a", has_text="Where the claims").click()
    assert_shown(page, claims())


def test_link_to_what_is_there_leaves_the_filter(visit):
    page = visit(f"{PAGE}?chapter=6").page
    page.locator("#gru-three-gates a", has_text="two gates").click()
    assert_shown(page, claims(6))


def test_all_is_there_without_javascript(browser, address):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(address + PAGE)
        assert all(item.is_visible() for item in page.locator(".claim").all())
        assert page.locator(".claim").count() == len(claims())
        assert not page.locator(".claim-filters").is_visible()


def test_overview_counts_what_is_listed(visit):
    page = visit(PAGE).page
    texts = list(verdicts(page).values())
    counts = dict(item.inner_text().split("\n")[::-1] for item in page.locator(".claim-counts > li").all())
    assert int(counts.pop("claims")) == len(texts) == sum(map(int, counts.values()))
    assert int(counts["… to come"]) == texts.count("… to come")
    assert int(counts["✗ does not hold"]) == texts.count("✗ does not hold")


def test_links_on_the_page_lead_somewhere(visit):
    assert visit(PAGE).page.evaluate(LOST, ".claim a[href^='#']") == []


def experiments(page):
    """Give the addresses of the experiments that the claims link to."""
    return page.locator(".claim a[href*='.html#claim-']").evaluate_all("links => links.map((link) => link.href)")


def test_claims_with_a_verdict_link_to_their_experiments(visit):
    page = visit(PAGE).page
    tested = [id for id, text in verdicts(page).items() if text != "… to come"]
    assert [link.split("#claim-")[1] for link in experiments(page)] == tested


@pytest.mark.parametrize("shape", ["desktop-light", "phone-light"])
def test_experiment_is_seen_above_the_card(visit, shape):
    """Who follows such a link sees the claim's card whole, and above it a good part of what it rests on."""
    page = visit(PAGE, shape).page
    for link in experiments(page):
        page.goto(link, wait_until="load")
        page.wait_for_function("() => document.querySelector(':target').getBoundingClientRect().top < innerHeight")
        box = page.locator(":target.seqlib-claim").bounding_box()
        assert box["y"] >= 0.3 * page.viewport_size["height"]
        assert box["y"] + box["height"] <= page.viewport_size["height"]


def test_search_finds_claims(visit):
    page = visit("search.html?q=bottleneck").page
    page.locator("#search-results li a").first.wait_for()
    assert any(PAGE in link.get_attribute("href") for link in page.locator("#search-results li a").all())


def test_prose_and_list_give_the_same_verdict(visit):
    """The example on the first page shows what the list has."""
    listed = verdicts(visit(PAGE).page)["good-at-generation"]
    link = visit("book/welcome.html").page.locator("a[href$='takeaways.html#good-at-generation']")
    assert link.text_content() == listed
