"""A server for the built site and one browser for all tests of it, with no other origin to be reached."""

import contextlib
import functools
import http.server
import os
import shutil
import threading

import pytest
from playwright.sync_api import sync_playwright

import toc

SITE = toc.ROOT / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
SCREENS = {
    "desktop-light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True},
}
PAGES = [path.with_suffix(".html").as_posix() for path in toc.pages()]
NOTEBOOKS = [path.with_suffix(".html").as_posix() for path in toc.notebooks()]


def pytest_generate_tests(metafunc):
    """Run a test that asks for `page_name`, `notebook_name` or `screen` on each of them."""
    for name, values in (("page_name", PAGES), ("notebook_name", NOTEBOOKS), ("screen", SCREENS)):
        if name in metafunc.fixturenames:
            # With this scope, tests of one page on one screen run together and share the visit.
            metafunc.parametrize(name, values, scope="module")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Keep quiet: what is missing is a complaint of the page."""

    def handle(self):
        """Serve until the page is closed, which may be before everything is sent."""
        with contextlib.suppress(ConnectionError):
            super().handle()


@pytest.fixture(scope="session")
def address():
    """Serve the built site; give its address."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"expected a site in {SITE}, found none: run `make book` first", pytrace=False)
    handler = functools.partial(_Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Start the Chromium that is installed."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        message = f"expected a browser on the path, one of {', '.join(BROWSERS)}; found none"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=list(OPTIONS))


class Visit:
    """A page that has been opened, with what it asked for and complained of."""

    def __init__(self, context, address):
        self.address, self.foreign, self.complaints = address, [], []
        context.route("**/*", self._route)
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))

    def _route(self, route):
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, name):
        """Open a page of the site; give it once its mathematics and its widgets stand."""
        self.page.goto(self.address + name, wait_until="load")
        self.page.evaluate("() => window.MathJax?.startup?.promise")
        self.page.wait_for_function(
            """() => document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length
                     === document.querySelectorAll('.widget-subarea > .jupyter-widgets').length"""
        )
        return self.page


@pytest.fixture(scope="module")
def seen(browser, address, page_name, screen):
    """Open one page on one screen, once for all tests that only look."""
    with browser.new_context(**SCREENS[screen]) as context:
        visit = Visit(context, address)
        visit.open(page_name)
        yield visit


@pytest.fixture
def visit(browser, address):
    """Give a function that opens a page on a screen, anew for each test that changes it, and returns its `Visit`."""
    contexts = []

    def _visit(name, screen="desktop-light"):
        contexts.append(browser.new_context(**SCREENS[screen]))
        visit = Visit(contexts[-1], address)
        visit.open(name)
        return visit

    yield _visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe():
    """Give the source of the accessibility checker."""
    return (toc.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
