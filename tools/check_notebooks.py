"""Check that notebooks keep the form of the course; name each cell that does not and say what was expected.

    python tools/check_notebooks.py [notebook ...]

Without arguments: every notebook below notebooks/. Exits 1 where anything is wrong. notebooks/template.ipynb
shows the form; CONTRIBUTING.md explains it.
"""

import ast
import re
import sys
import warnings
from functools import cache
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt
from pybtex.database import parse_file

import check_claims
import normalize_notebooks
import setup_cell

ROOT = normalize_notebooks.ROOT
TEMPLATE = check_claims.TEMPLATE
NAME = r"\d\d_[a-z0-9]+(_[a-z0-9]+)*\.ipynb"

GOALS = "What you will be able to do"
NEEDS = "What you need to know"
MINUTES = r"\b\d+ (seconds|minutes?) on a laptop CPU\b"
CLOSING = ("Takeaways", "Exercises", "Further reading")
PREDICT = "**Predict, then run.**"
PREDICTIONS = 3
FOLD = "`<details><summary>Answer</summary>`, blank line, text, blank line, `</details>`"
LONGEST = 15

CONTRACT = {normalize_notebooks.CONTRACT, "nbval-check-output"}
TAGS = {setup_cell.TAG, "hide-input", "hide-output", "raises-exception", *CONTRACT}
CLAIM = r"claim-[a-z0-9]+(-[a-z0-9]+)*"
BACKENDS = {"tensorflow", "tf", "jax", "torch"}
PLOTTING = {"matplotlib", "pyplot", "plt"}

# Words that keep their capital inside a heading, beside acronyms (RNN) and names from code (SimpleRNN, `text`).
PROPER_NAMES = set(
    "Adam Anki Babel Bahdanau Bayes Bengio Colab Elman English Euler French Gauss German I Jacobian Jupyter "
    "Keras Laplace Luong Markov Monte Carlo Python Shannon Turing Unicode Witten Bell Zipf".split()
)
MYST_ONLY = r"^\s*(```+|:::+)\s*\{|^\([\w-]+\)=\s*$|\{[a-z:-]+\}`"
ABSOLUTE = r"file://|[\"'(\s](/(home|Users|root|tmp|content|mnt|opt|usr|var)/|[A-Za-z]:\\)|\]\(/"
SURNAME = r"[A-Z][\w'’-]+"
CITATION = rf"((?:{SURNAME}, )*{SURNAME})(?:,? and ({SURNAME})| et al\.| and others)? \(((?:19|20)\d\d)\)"


def check(path):
    """List what is wrong with a notebook, as pairs of a cell's number, from 1 (None: the whole), and a message."""
    notebook = nbformat.read(path, as_version=4)
    cells = list(enumerate(notebook.cells, start=1))
    problems = [*_name(path), *_normal(notebook), *_opening(cells), *_closing(cells), *_headings(cells)]
    problems += [*_predictions(cells), *_neighbors(cells), *check_claims.check(path, cells)]
    for number, cell in cells:
        rules = CODE_RULES if cell.cell_type == "code" else TEXT_RULES
        problems += [(number, message) for rule in rules for message in rule(cell)]
    return sorted(problems, key=lambda problem: problem[0] or 0)


def _name(path):
    if path.name != TEMPLATE and not re.fullmatch(NAME, path.name):
        yield None, "expected a name such as 02_recurrent_networks.ipynb"


def _normal(notebook):
    expected = normalize_notebooks.normalize(notebook)
    for number, (cell, canonical) in enumerate(zip(notebook.cells, expected.cells, strict=True), start=1):
        parts = sorted(key for key in {*cell, *canonical} if cell.get(key) != canonical.get(key))
        if parts:
            yield number, f"expected the normalized form of its {', '.join(parts)}: run `make normalize`"
    if notebook.metadata != expected.metadata or notebook.nbformat_minor != expected.nbformat_minor:
        yield None, "expected the normalized metadata of the notebook: run `make normalize`"


def _opening(cells):
    first = cells[0][1] if cells else None
    if first is None or first.cell_type != "markdown":
        yield 1, "expected the title cell, in Markdown"
        return
    headings = _outline(first.source)
    if not headings or headings[0][0] != 1:
        yield 1, "expected a title, `# ...`, at its start"
    for heading in (GOALS, NEEDS):
        if (2, heading) not in headings:
            yield 1, f"expected a section `## {heading}`"
    if not re.search(MINUTES, first.source):
        yield 1, "expected the measured time, such as `3 minutes on a laptop CPU`"
    setups = [number for number, cell in cells if setup_cell.is_setup(cell)]
    if setups != [2] or cells[1][1].cell_type != "code":
        yield 2, f"expected the setup cell here and nowhere else, got cells tagged `setup` at {setups or 'no place'}"


def _closing(cells):
    sections = [text for _, cell in cells for level, text in _outline_of(cell) if level == 2]
    found = [text for text in sections if text in CLOSING]
    if found != list(CLOSING) or sections[-1] != CLOSING[-1]:
        yield None, f"expected sections {', '.join(CLOSING)}, once each, in this order, the last one last; got {found}"


def _headings(cells):
    level = 0
    for number, cell in cells:
        for depth, text in _outline_of(cell):
            if depth == 1 and number > 1:
                yield number, f"expected one title a notebook, got another: `# {text}`"
            if depth > level + 1:
                yield number, f"expected a heading of level {level + 1} at most, got level {depth}: {text!r}"
            wrong = _not_sentence_case(text)
            if wrong:
                yield number, f"expected sentence case in the heading {text!r}, got {', '.join(wrong)}"
            level = depth


def _not_sentence_case(heading):
    plain = re.sub(r"`[^`]*`|\$[^$]*\$", "0", heading)
    first, *rest = plain.split() or ["0"]
    wrong = [word for word in rest if re.fullmatch(r"[A-Z][a-z'’]*", word.strip(".,:;?!()\"'")) and not _proper(word)]
    return ([first] if first[0].islower() else []) + wrong


def _proper(word):
    return re.sub(r"['’]s$", "", word.strip(".,:;?!()\"'")) in PROPER_NAMES


def _predictions(cells):
    following = dict(cells)
    asked = [(number, cell) for number, cell in cells if cell.cell_type == "markdown" and PREDICT in cell.source]
    if len(asked) < PREDICTIONS:
        yield None, f"expected at least {PREDICTIONS} cells with {PREDICT}, got {len(asked)}"
    for number, cell in asked:
        if "<details>" not in cell.source:
            yield number, f"expected the answer folded: {FOLD}"
        if number + 1 not in following or following[number + 1].cell_type != "code":
            yield number, "expected the cell to run right after what is to be predicted"


def _neighbors(cells):
    for (_, before), (number, cell) in zip(cells, cells[1:], strict=False):
        if before.cell_type == cell.cell_type == "code":
            yield number, "expected a sentence between two code cells"


def _length(cell):
    lines = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) > LONGEST and not setup_cell.is_setup(cell):
        yield f"expected at most {LONGEST} lines of code, got {len(lines)}"


def _known_tags(cell):
    for tag in cell.metadata.get("tags", []):
        if tag not in TAGS and not re.fullmatch(CLAIM, tag):
            yield f"expected tags among {', '.join(sorted(TAGS))}, claim-<id>; got {tag!r}"


def _contract(cell):
    present = CONTRACT & set(cell.metadata.get("tags", []))
    if present and present != CONTRACT:
        yield f"expected the tags {' and '.join(sorted(CONTRACT))} together, got only {present.pop()}"
    if present and not cell.outputs:
        yield "expected the output that nbval is to compare: run the notebook and save it"
    for output in cell.outputs if present else []:
        if output.output_type not in {"stream", "execute_result"} or set(output.get("data", {})) - {"text/plain"}:
            yield f"expected text alone in a kept output, got {output.output_type} {' '.join(output.get('data', {}))}"


def _plain_python(cell):
    if setup_cell.is_setup(cell):
        return
    try:
        tree = ast.parse(TransformerManager().transform_cell(cell.source))
    except SyntaxError as error:
        yield f"expected Python, got {error.msg} at line {error.lineno}"
        return
    names = {part for node in ast.walk(tree) for part in _names(node)}
    if "get_ipython" in names:
        yield "expected Python alone, without `%` or `!` commands"
    if names & BACKENDS:
        yield f"expected keras.ops instead of one backend's functions, got {', '.join(sorted(names & BACKENDS))}"
    if names & PLOTTING:
        yield f"expected figures through seqlib.plots, with alternative text, got {', '.join(sorted(names & PLOTTING))}"


def _names(node):
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Import):
        return [part for alias in node.names for part in [*alias.name.split("."), alias.asname]]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [*node.module.split("."), *(alias.name for alias in node.names)]
    return []


def _portable(cell):
    found = re.search(ABSOLUTE, cell.source)
    if found:
        yield f"expected no path of one machine, got {found[0].strip()!r}"


def _reads_anywhere(cell):
    found = re.search(MYST_ONLY, cell.source, flags=re.MULTILINE)
    if found:
        yield f"expected Markdown that Colab shows too, got a directive or role of this site: {found[0].strip()!r}"


def _images(cell):
    for token in MarkdownIt("commonmark").parse(cell.source):
        for child in token.children or []:
            if child.type == "image" and not child.content.strip():
                yield f"expected alternative text on the image {child.attrs['src']!r}"
    if re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", cell.source):
        yield "expected alternative text on <img>"
    if re.search(r"(!\[[^\]]*\]\(|<img[^>]*src=\")\s*https?:", cell.source):
        yield "expected no image from another site"


def _folds(cell):
    opened, closed = cell.source.count("<details>"), len(re.findall(r"\n\n</details>", cell.source))
    summaries = len(re.findall(r"<details><summary>[^<\n]+</summary>\n\n", cell.source))
    if not opened == closed == summaries:
        yield f"expected each fold as {FOLD}"


def _citations(cell):
    for match in re.finditer(CITATION, cell.source):
        names = [name for name in [*match[1].split(", "), match[2]] if name]
        if not any(_cites(names, authors) for authors in _references().get(match[3], [])):
            yield f"expected the citation in book/references.bib, got {match[0]!r}"


def _cites(names, authors):
    return names[0] == authors[0] and set(names) <= set(authors)


@cache
def _references():
    """Give the surnames of each work's authors, by year."""
    works = {}
    for entry in parse_file(ROOT / "book" / "references.bib").entries.values():
        authors = [str(person.rich_last_names[-1]) for person in entry.persons["author"]]
        works.setdefault(entry.fields["year"], []).append(authors)
    return works


def _outline_of(cell):
    return _outline(cell.source) if cell.cell_type == "markdown" else []


def _outline(source):
    """List the headings of a Markdown text as pairs of level and text."""
    tokens = MarkdownIt("commonmark").parse(source)
    pairs = zip(tokens, tokens[1:], strict=False)
    return [(int(token.tag[1]), text.content) for token, text in pairs if token.type == "heading_open"]


CODE_RULES = (_length, _known_tags, _contract, _plain_python, _portable)
TEXT_RULES = (_known_tags, _portable, _reads_anywhere, _images, _folds, _citations)


def main(arguments):
    """Print every problem of the notebooks named, or of all; exit 1 where there is one."""
    problems = 0
    for path in [Path(argument) for argument in arguments] or normalize_notebooks.all_notebooks():
        try:
            with warnings.catch_warnings(action="error"):
                found = check(path)
        except Exception as error:
            found = [(None, f"expected a notebook, got {error}")]
        for number, message in found:
            print(f"{normalize_notebooks.shown(path)}: {f'cell {number}: ' if number else ''}{message}")
        problems += len(found)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
