"""Weigh the built site: what a first visit to each page loads, beside an empty page of the same theme.

    python benchmarks/page_weight.py        (after `make book`; needs an installed Chromium)

A server on this machine sends everything compressed with gzip, as web hosts do (fonts and pictures are compressed
already), and counts the bytes of what the browser asks for. The table goes into benchmarks/page_weight.md.
"""

import functools
import gzip
import http.server
import mimetypes
import re
import shutil
import sys
import threading
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import toc  # noqa: E402

SITE = ROOT / "_build" / "html"
RESULTS = Path(__file__).with_suffix(".md")
EMPTY = "empty.html"
TEXT = {".html", ".css", ".js", ".svg", ".json", ".ipynb", ".md"}
PACKAGES = ("jupyter-book", "sphinx-book-theme", "pydata-sphinx-theme", "ipywidgets")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer with a file, compressed where that helps, and keep what was sent."""

    sent = {}

    def do_GET(self):
        """Send one file, or 404."""
        name = self.path.split("?")[0].lstrip("/")
        try:
            body, packed = packed_file(name)
        except OSError:
            self.send_error(404)
            return
        self.sent[name] = len(body)
        self.send_response(200)
        self.send_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Keep quiet."""


@functools.cache
def packed_file(name):
    """Give what is sent for a file, and whether it is compressed."""
    body = empty_page() if name == EMPTY else (SITE / name).read_bytes()
    packed = Path(name).suffix in TEXT
    return (gzip.compress(body, 6), True) if packed else (body, False)


def empty_page():
    """Give the page of the index without what it holds: the theme and nothing else."""
    text = (SITE / "genindex.html").read_text(encoding="utf-8")
    return re.sub(r"(<article[^>]*>).*(</article>)", r"\1\2", text, flags=re.DOTALL).encode()


def weigh(browser, port, name):
    """Give the bytes that a first visit to a page loads, waiting until nothing more is asked for."""
    Handler.sent.clear()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/{name}", wait_until="networkidle")
    context.close()
    return sum(Handler.sent.values())


def main():
    """Weigh every page and write the table."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or not (SITE / "index.html").is_file():
        sys.exit("Expected an installed Chromium and a built site (`make book`).")
    names = [EMPTY, *(path.with_suffix(".html").as_posix() for path in toc.pages(ROOT))]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        weights = {name: weigh(browser, server.server_port, name) for name in names}
        browser.close()
    server.shutdown()
    site = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    lines = [
        "# What the pages weigh",
        "",
        "Made by `python benchmarks/page_weight.py`: bytes sent at a first visit, with gzip, in KB of 1,000 bytes.",
        f"The whole site takes {site / 1e6:.1f} MB on disk, uncompressed. "
        + ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        + ".",
        "",
        "| Page | KB | more than an empty page |",
        "|---|---:|---:|",
        *(
            f"| {name} | {weight / 1e3:,.0f} | {(weight - weights[EMPTY]) / 1e3:,.0f} |"
            for name, weight in weights.items()
        ),
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
