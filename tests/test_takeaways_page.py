"""The page of takeaways holds what the notebooks put out, and the build complains where the ledger asks for more."""

import io
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

import takeaways_page
import toc
from execute_notebooks import CACHE
from seqlib.evidence import claims, sources
from seqlib.evidence.verdicts import MIME

SECOND = "notebooks/02_recurrent.ipynb"
SPECIAL = {
    "same-weights": ("holds when a < b & c", "<b>3</b> & more"),
    "short-term-memory": ("holds", "13 of 100"),
    "rnn-solves-long": ("does not hold", "13 of 100"),
    "same-as-nn": ("not decided by experiment", "a matter of words"),
}
VERDICTS = {id: ("holds", f"measured {id}") for id in claims(2)} | SPECIAL
PROSE = """# Elsewhere

- {claim}`same-weights`
- {verdict}`same-weights`
- {measured}`same-weights`
- {verdict}`tokens`
- {measured}`tokens`
"""
WELCOME = """# Welcome

## What "tested takeaways" means

```{toctree}
takeaways
elsewhere
```
"""


class Book:
    """A small book: the page, another that names claims, and notebooks that need no run."""

    def __init__(self, root):
        self.root, self.warnings = root, ""
        (root / "book").mkdir()
        (root / "notebooks").mkdir()
        self.write("book/elsewhere.md", PROSE)
        self.write("book/takeaways.md", (toc.ROOT / "book" / "takeaways.md").read_text(encoding="utf-8"))
        self.write("book/welcome.md", WELCOME)

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def give(self, notebooks):
        """Write notebooks, each a list of a claim's id, verdict and figure, with their outputs in the cache."""
        lines = [f"- file: {name.removesuffix('.ipynb')}" for name in ("book/elsewhere", "book/takeaways", *notebooks)]
        self.write("_toc.yml", "\n".join(["format: jb-book", "root: book/welcome", "chapters:", *lines]))
        cache = get_cache(str(self.root / CACHE))
        for name, verdicts in notebooks.items():
            notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})
            notebook.cells = [nbformat.v4.new_code_cell(f"{name!r}, {id!r}") for id, _, _ in verdicts]
            nbformat.write(notebook, self.root / name)
            for cell, (id, verdict, figure) in zip(notebook.cells, verdicts, strict=True):
                data = {MIME: {"id": id, "verdict": verdict, "figure": figure}}
                cell.outputs = [nbformat.v4.new_output("display_data", data)]
            bundle = CacheBundleIn(notebook, str(self.root / name))
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)

    def build(self):
        """Build the site with as little of Sphinx as will do; keep what it complained of."""
        settings = {
            "extensions": ["myst_parser", "takeaways_page"],
            "root_doc": "book/welcome",
            "myst_heading_anchors": 3,
            "exclude_patterns": [".*", "out"],
        }
        root, warnings = str(self.root), io.StringIO()
        with docutils_namespace():
            self.app = Sphinx(root, None, f"{root}/out", f"{root}/out/trees", "html", settings, None, warnings)
            self.app.build()
        self.warnings = re.sub(r"\x1b\[[0-9;]*m", "", warnings.getvalue())

    def page(self, name="takeaways"):
        return self.app.env.get_doctree(f"book/{name}")

    def item(self, id):
        """Give what the page has on a claim."""
        (found,) = [node for node in self.page().findall(nodes.list_item) if id in node["ids"]]
        return found


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def chapter(**changes):
    """List the verdicts of a notebook of chapter 2, one on each of its claims."""
    return [(id, *verdict) for id, verdict in (VERDICTS | changes).items()]


def test_each_claim_has_its_verdict_and_its_figure(book):
    book.give({SECOND: chapter()})
    book.build()
    assert book.warnings == ""
    for id, (verdict, figure) in VERDICTS.items():
        text, measured = (part.astext() for part in list(book.item(id))[:2])
        assert text == claims()[id].text
        assert measured[2:] == f"{verdict}: {figure}"
    assert [book.item(id)[1].astext()[0] for id in ("multilayer", *SPECIAL)] == list("✓◐✓✗–")
    assert book.item("tokens")[1].astext() == "… to come"


def test_every_claim_is_there_once_in_its_chapter(book):
    book.give({})
    book.build()
    items = [node for node in book.page().findall(nodes.list_item) if "claim" in node["classes"]]
    assert [node["ids"] for node in items] == [[id] for id in claims()]
    for node in items:
        chapter = claims()[node["ids"][0]].chapter
        assert f"chapter-{chapter}" in node["classes"]
        assert node.parent.parent.next_node(nodes.title).astext().startswith(f"{chapter}. ")


def test_claims_lead_to_their_experiments_sources_and_opposites(book):
    book.give({SECOND: chapter()})
    book.build()
    item = book.item("short-term-memory")
    assert "Stated in sheet, slides" in [part.astext() for part in item[-1]]
    links = list(item.findall(nodes.reference))
    assert links[0]["refuri"] == "../notebooks/02_recurrent.html#claim-short-term-memory"
    assert [link["refid"] for link in links[1:]] == ["source-sheet", "source-slides", "rnn-solves-long"]
    assert not [link for link in book.item("tokens").findall(nodes.reference) if "refuri" in link]
    ids = {id for node in book.page().findall(nodes.list_item) for id in node["ids"]}
    assert {f"source-{key}" for key in sources()} <= ids


def test_the_overview_counts(book):
    book.give({SECOND: chapter()})
    book.build()
    (overview,) = [node for node in book.page().findall(nodes.bullet_list) if "claim-counts" in node["classes"]]
    counts = dict(item.astext().split(" ", 1)[::-1] for item in overview)
    kinds = Counter("holds when …" if verdict.startswith("holds when") else verdict for verdict, _ in VERDICTS.values())
    expected = {"claims": len(claims()), "to come": len(claims()) - len(VERDICTS), **kinds}
    assert {label.split(" ", label != "claims")[-1]: int(count) for label, count in counts.items()} == expected


def test_signs_of_html_are_text(book):
    book.give({SECOND: chapter()})
    book.build()
    page = (book.root / "out" / "book" / "takeaways.html").read_text(encoding="utf-8")
    assert "holds when a &lt; b &amp; c</strong>: &lt;b&gt;3&lt;/b&gt; &amp; more" in page


def test_prose_takes_its_parts_from_the_notebook(book):
    book.give({SECOND: chapter()})
    book.build()
    items = list(book.page("elsewhere").findall(nodes.list_item))
    assert [item.astext() for item in items] == [
        claims()["same-weights"].text,
        "◐ holds when a < b & c",
        "<b>3</b> & more",
        "… to come",
        "to come",
    ]
    assert next(items[1].findall(nodes.reference))["refuri"] == "takeaways.html#same-weights"


def test_a_new_verdict_changes_all_pages_that_name_it(book):
    book.give({SECOND: chapter()})
    book.build()
    book.give({SECOND: chapter(**{"same-weights": ("does not hold", "something else")})})
    book.build()
    assert book.item("same-weights")[1].astext() == "✗ does not hold: something else"
    assert "something else" in book.page("elsewhere").astext()


def test_every_build_complains_of_a_claim_without_a_verdict(book):
    book.give({SECOND: [verdict for verdict in chapter() if verdict[0] != "multilayer"]})
    for _ in range(2):
        book.build()
        assert book.warnings == f"WARNING: claim multilayer: expected a verdict in {SECOND}, got none\n"


def test_words_that_are_no_claim_are_named(book):
    book.give({})
    book.write("book/elsewhere.md", "# Elsewhere\n\n{verdict}`nothing`\n\n```{takeaways} 9\n```\n")
    book.build()
    assert re.search(r"elsewhere\.md:3: WARNING: verdict: expected a claim of the ledger, got 'nothing'", book.warnings)
    assert re.search(r"elsewhere\.md:5: ERROR: chapter: expected one of \[1, .*, got 9", book.warnings)


def test_a_notebook_that_was_not_run_is_named(book):
    book.give({SECOND: chapter()})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("something = 'new'")])
    nbformat.write(notebook, book.root / SECOND)
    with pytest.raises(ExtensionError, match=rf"{SECOND}: expected its outputs in {CACHE}, found none"):
        book.build()


OTHER, THIRD, APPLICATION = "notebooks/02_more.ipynb", "notebooks/03_types.ipynb", "notebooks/applications/02_x.ipynb"
HALF = len(VERDICTS) // 2
FIRST, LAST_BUT_ONE = list(claims(2))[0], list(claims(2))[-2]
JUDGED = {
    "as it should be": ({SECOND: chapter()}, []),
    "shared": ({SECOND: chapter()[:HALF], OTHER: chapter()[HALF:]}, []),
    "missing": (
        {SECOND: chapter()[:-2], OTHER: chapter()[-1:]},
        [f"claim {LAST_BUT_ONE}: expected a verdict in {SECOND} or {OTHER}, got none"],
    ),
    "twice in one": (
        {SECOND: chapter() + chapter()[:1]},
        [f"claim {FIRST}: expected one verdict, got one in {SECOND} and another in {SECOND}"],
    ),
    "twice in two": (
        {SECOND: chapter(), OTHER: chapter()[:1]},
        [f"claim {FIRST}: expected one verdict, got one in {SECOND} and another in {OTHER}"],
    ),
    "of another chapter": (
        {SECOND: [*chapter(), ("tokens", "holds", "1")]},
        [f"claim tokens: expected its verdict in a notebook of chapter 8, got one in {SECOND}"],
    ),
    "of no chapter": (
        {SECOND: chapter()[1:], APPLICATION: chapter()[:1]},
        [
            f"claim {FIRST}: expected its verdict in a notebook of chapter 2, got one in {APPLICATION}",
            f"claim {FIRST}: expected a verdict in {SECOND}, got none",
        ],
    ),
    "a chapter with none": ({THIRD: []}, [f"claim {id}: expected a verdict in {THIRD}, got none" for id in claims(3)]),
}


@pytest.mark.parametrize("name", JUDGED)
def test_verdicts_are_held_against_the_ledger(name):
    notebooks, expected = JUDGED[name]
    pairs = [
        (Path(path), {"id": id, "verdict": verdict, "figure": figure})
        for path, verdicts in notebooks.items()
        for id, verdict, figure in verdicts
    ]
    assert sorted(takeaways_page.judged([Path(path) for path in notebooks], pairs)[1]) == sorted(expected)


def test_of_two_verdicts_the_first_is_shown():
    pairs = [(Path(SECOND), {"id": "multilayer", "verdict": "holds", "figure": figure}) for figure in ("1", "2")]
    found, _ = takeaways_page.judged([], pairs)
    assert found["multilayer"] == {"id": "multilayer", "verdict": "holds", "figure": "1", "notebook": SECOND}
