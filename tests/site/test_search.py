"""Search runs in the page, with no server behind it."""


def test_search_finds(visit):
    """A word of the book is found, one that is not there is not."""
    page = visit("search.html?q=recurrent").page
    page.locator("#search-results li a").first.wait_for()
    assert any("notebooks/02" in link.get_attribute("href") for link in page.locator("#search-results li a").all())


def test_search_says_where_nothing_is_found(visit):
    """A word that the book does not have gives no result."""
    page = visit("search.html?q=xylophonist").page
    page.locator("#search-results p").first.wait_for()
    assert page.locator("#search-results li").count() == 0
