"""Sphinx extension of the book: every claim of the ledger with the verdict that its notebook gave, on one page.

Directives for that page, whose headings are the chapters':

    {takeaways-overview}   how many claims got which verdict, and the filters
    {takeaways} 2          the claims of chapter 2
    {takeaways-sources}    the documents that state the claims

Roles for any page: {claim}`id` is a claim's sentence, {verdict}`id` its verdict, {measured}`id` the figure behind it.

All is read from the outputs of the notebooks that this build shows, so nothing is typed twice.
"""

import itertools
import re
from collections import Counter

import nbformat
from docutils import nodes
from jupyter_cache import get_cache
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

import toc
import verdicts
from execute_notebooks import CACHE
from seqlib.evidence import claims, sources
from seqlib.evidence.verdicts import MARKS, kind, style

PAGE = "book/takeaways"
TO_COME = {"verdict": "to come", "figure": "", "notebook": ""}
KINDS = {**MARKS, "to come": "…"}

logger = logging.getLogger(__name__)


def read_verdicts(app, config):
    """Keep the verdicts among the settings, so that a change makes Sphinx read the pages anew."""
    config.course_verdicts, complaints = judged(toc.notebooks(app.srcdir), given(app.srcdir))
    for complaint in complaints:
        logger.warning(complaint)


def given(root):
    """Give the verdicts in the outputs of the book's notebooks, in their order: pairs of a path and a verdict."""
    cache = get_cache(str(root / CACHE))
    for path in toc.notebooks(root):
        try:
            record = cache.match_cache_notebook(nbformat.read(root / path, as_version=4))
        except KeyError:
            message = f"{path.as_posix()}: expected its outputs in {CACHE}, found none: `make book` runs it"
            raise ExtensionError(message) from None
        for cell in cache.get_cache_bundle(record.pk).nb.cells:
            yield from ((path, verdict) for verdict in verdicts.shown(cell).values())


def judged(notebooks, given):
    """Sort verdicts by their claims, and complain of claims whose chapter is there and which have not one verdict.

    Args:
        notebooks: paths of the book's notebooks.
        given: pairs of a notebook's path and a verdict in it.

    Returns:
        A dictionary from a claim's id to its verdict, figure and notebook; a list of complaints.
    """
    found, complaints = {}, []
    for path, verdict in given:
        claim, name = claims()[verdict["id"]], path.as_posix()
        if _chapter(path) != claim.chapter:
            expected = f"its verdict in a notebook of chapter {claim.chapter}"
            complaints.append(f"claim {claim.id}: expected {expected}, got one in {name}")
        elif claim.id in found:
            first = found[claim.id]["notebook"]
            complaints.append(f"claim {claim.id}: expected one verdict, got one in {first} and another in {name}")
        else:
            found[claim.id] = {**verdict, "notebook": name}
    for claim in claims().values():
        ours = [path.as_posix() for path in notebooks if _chapter(path) == claim.chapter]
        if ours and claim.id not in found:
            complaints.append(f"claim {claim.id}: expected a verdict in {' or '.join(ours)}, got none")
    return found, complaints


def _chapter(path):
    number = re.fullmatch(r"notebooks/(\d\d)_\w+\.ipynb", path.as_posix())
    return int(number[1]) if number else None


def _kind(verdict):
    return verdict if verdict in KINDS else kind(verdict)


def _marked(verdict):
    return f"{KINDS[_kind(verdict)]} {verdict}"


class Overview(SphinxDirective):
    """How many claims got which verdict, and the filters, which show once the page's script finds them."""

    def run(self):
        """Give the counts as a list, and the form."""
        results = [self.config.course_verdicts.get(id, TO_COME)["verdict"] for id in claims()]
        counts = Counter(map(_kind, results))
        items = [_count(len(results), "claims", "total")]
        items += [_count(counts[words], _label(words), style(words)) for words in KINDS]
        tally = nodes.bullet_list("", *items, classes=["claim-counts"])
        return [tally, nodes.raw("", _form(), format="html")]


def _count(number, label, name):
    parts = [nodes.strong("", str(number)), nodes.Text(f" {label}")]
    return nodes.list_item("", nodes.paragraph("", "", *parts), classes=[name])


def _form():
    chapters = {str(claim.chapter): str(claim.chapter) for claim in claims().values()}
    kinds = {words.replace(" ", "-"): _label(words) for words in KINDS}
    return f"""<form class="claim-filters" hidden>
<label>Chapter <select name="chapter">{_options(chapters)}</select></label>
<label>Verdict <select name="verdict">{_options(kinds)}</select></label>
<button type="reset">Show all</button>
<output aria-live="polite"></output>
</form>"""


def _label(words):
    return _marked(f"{words} …" if words == "holds when" else words)


def _options(choices):
    options = [f'<option value="{value}">{text}</option>' for value, text in choices.items()]
    return "".join(['<option value="">all</option>', *options])


class Takeaways(SphinxDirective):
    """The claims of a chapter, each with its verdict, what was measured, and where from."""

    required_arguments = 1

    def run(self):
        """Give them as a list, whose items bear the claims' ids."""
        try:
            ours = claims(int(self.arguments[0]))
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.bullet_list("", *map(self._item, ours.values()), classes=["claims"])]

    def _item(self, claim):
        result = self.config.course_verdicts.get(claim.id, TO_COME)
        verdict, figure = nodes.strong("", _marked(result["verdict"])), result["figure"] and f": {result['figure']}"
        return nodes.list_item(
            "",
            nodes.paragraph("", claim.text, classes=["claim-text"]),
            nodes.paragraph("", "", verdict, nodes.Text(figure)),
            nodes.paragraph("", "", *self._links(claim, result["notebook"]), classes=["claim-links"]),
            ids=[claim.id],
            classes=["claim", f"chapter-{claim.chapter}", style(_kind(result["verdict"]))],
        )

    def _links(self, claim, notebook):
        if notebook:
            page = self.env.app.builder.get_relative_uri(self.env.docname, notebook.removesuffix(".ipynb"))
            link = nodes.reference("", "See the experiment", refuri=f"{page}#claim-{claim.id}", internal=True)
            yield nodes.inline("", "", link)
        yield nodes.inline("", "Stated in ", *_listed({key: f"source-{key}" for key in claim.sources}))
        if claim.contradicts:
            others = {f"“{claims()[other].text}”": other for other in claim.contradicts}
            yield nodes.inline("", "Contradicts ", *_listed(others))


def _listed(targets):
    """Link texts to ids on the page, with commas between."""
    for number, (text, id) in enumerate(targets.items()):
        if number:
            yield nodes.Text(", ")
        yield nodes.reference("", text, refid=id, internal=True)


class Sources(SphinxDirective):
    """The documents that state the claims."""

    def run(self):
        """Give them as a list, whose items the claims link to."""
        return [nodes.bullet_list("", *itertools.starmap(self._item, sources().items()))]

    def _item(self, key, text):
        entry = nodes.paragraph("", "", nodes.strong("", key), nodes.Text(f": {text}."))
        return nodes.list_item("", entry, ids=[f"source-{key}"])


class Part(SphinxRole):
    """A part of a claim, named by the role: its sentence, its verdict or what was measured."""

    def run(self):
        """Give text, the verdict as a link to its place on the page."""
        if self.text not in claims():
            message = f"{self.name}: expected a claim of the ledger, got {self.text!r}"
            logger.warning(message, location=self.get_location())
            return [], []
        result = self.config.course_verdicts.get(self.text, TO_COME)
        if self.name == "claim":
            return [nodes.Text(claims()[self.text].text)], []
        if self.name == "measured":
            return [nodes.Text(result["figure"] or result["verdict"])], []
        place = f"{self.env.app.builder.get_relative_uri(self.env.docname, PAGE)}#{self.text}"
        link = nodes.reference("", _marked(result["verdict"]), refuri=place, internal=True)
        return [nodes.strong("", "", link)], []


def setup(app):
    """Connect to Sphinx."""
    app.add_config_value("course_verdicts", {}, "env", [dict])
    app.connect("config-inited", read_verdicts)
    app.add_directive("takeaways-overview", Overview)
    app.add_directive("takeaways", Takeaways)
    app.add_directive("takeaways-sources", Sources)
    for name in ("claim", "measured", "verdict"):
        app.add_role(name, Part())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
