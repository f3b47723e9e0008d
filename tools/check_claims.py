"""Check the claim cells of a notebook: each claim of its chapter has one, and that one gives a verdict on it.

Part of check_notebooks.py.
"""

import ast
import builtins
import re

import nbformat

from seqlib.evidence import claims
from seqlib.evidence.verdicts import VERDICTS
from verdicts import claimed

TEMPLATE = "template.ipynb"  # it shows the form, and stands for no chapter
NO_CHAPTERS = {"exercises", "applications"}  # folders
ARGUMENTS = ("id", "verdict", "figure", "checks")
SECTION = "Takeaways"
SWALLOWING = "raises-exception"


def check(path, cells):
    """List what is wrong, as pairs of a cell's number (None: the whole) and a message.

    Args:
        path: of the notebook; its number is that of the chapter, and so is that of the notebooks beside it.
        cells: pairs of a number, from 1, and a cell.
    """
    problems = [(number, message) for number, cell in cells for message in _swallowed(cell)]
    if path.name == TEMPLATE:
        return problems
    chapter = int(path.name[:2]) if re.match(r"\d\d_", path.name) and path.parent.name not in NO_CHAPTERS else None
    ours = {id: claim for id, claim in claims().items() if claim.chapter == chapter}
    problems += [(number, message) for number, cell in cells for message in _cell(cell, ours)]
    if ours:
        problems += [*_complete(path, cells, ours), *_takeaways(path, cells, ours)]
    return problems


def _swallowed(cell):
    for node in ast.walk(_tree(cell)):
        caught = node.body if _catches(node) else []
        if any(_asserts(part) for statement in caught for part in ast.walk(statement)):
            yield "expected no assertion, claim(...) or takeaways(...) where an error is caught: it could not fail"


def _catches(node):
    if isinstance(node, ast.With):
        return any(_calls(item.context_expr, "suppress") for item in node.items)
    return isinstance(node, ast.Try | ast.TryStar) and bool(node.handlers)


def _asserts(node):
    name = _name(node.func) if isinstance(node, ast.Call) else ""
    return isinstance(node, ast.Assert) or name.startswith("assert") or name in {"claim", "takeaways"}


def _cell(cell, ours):
    """Check one cell: its tags, and one call of `claim` for each."""
    tags, tree = claimed(cell), _tree(cell)
    calls = _calls(tree, "claim")
    unknown = [id for id in tags if id not in ours]
    if unknown:
        yield f"expected tags of claims that the ledger has for this chapter, got {', '.join(unknown)}"
    if tags and SWALLOWING in cell.metadata.tags:
        yield f"expected a claim cell without the tag {SWALLOWING}"
    ids = [_literal(_arguments(call).get("id")) for call in calls]
    if sorted(tags) != sorted(map(str, ids)):
        got = ", ".join(_source(_arguments(call).get("id")) for call in calls) or "none"
        yield f'expected one call claim("<id>", ...) for each of its tags, {", ".join(tags) or "none"}; got {got}'
    statements = [statement.value for statement in tree.body if isinstance(statement, ast.Expr)]
    if any(call not in statements for call in calls):
        yield "expected claim(...) as a statement of its own, in no block"
    if any(id in ours and not ours[id].untrained for id in ids[:-1]):
        yield "expected at most one claim that rests on training, the last: where it fails, what follows is not reached"
    for call in calls:
        yield from _verdict(_arguments(call))


def _verdict(arguments):
    """Check one call of `claim`: what a reader is told, and that it rests on what was measured."""
    verdict, checks = _literal(arguments.get("verdict")), arguments.get("checks")
    if not isinstance(verdict, str) or not re.fullmatch(VERDICTS, verdict):
        yield f"expected a verdict, as a string that matches {VERDICTS!r}; got {_source(arguments.get('verdict'))}"
    if not isinstance(checks, ast.Dict):
        yield f"expected the checks as a dictionary written there, got {_source(checks)}"
        return
    for sentence, value in zip(checks.keys, checks.values, strict=True):
        if sentence is None or not _measured(value):
            yield f"expected each check to compare what was measured, got {_source(value)}"


def _measured(expression):
    names = [node for node in ast.walk(expression) if isinstance(node, ast.Name)]
    bound = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return bool({name.id for name in names} - bound - set(dir(builtins)))


def _complete(path, cells, ours):
    places = _places(path, cells)
    missing = ", ".join(f"claim-{id}" for id in ours if id not in places)
    if missing:
        yield None, f"expected a cell for each claim of the chapter, found none tagged {missing}"
    for id, found in places.items():
        where = ", ".join(f"{name} cell {number}" for name, number in found)
        for name, number in found if len(found) > 1 else []:
            if name == path.name:
                yield number, f"expected one cell tagged claim-{id}, got {where}"


def _places(path, cells):
    """Find the cells of each claim, in this notebook and in those beside it with its number: id to name and number."""
    notebooks = {other.name: enumerate(nbformat.read(other, as_version=4).cells, start=1) for other in _beside(path)}
    places = {}
    for name, theirs in {path.name: cells, **notebooks}.items():
        for number, cell in theirs:
            for id in claimed(cell):
                places.setdefault(id, []).append((name, number))
    return places


def _beside(path):
    return [other for other in sorted(path.parent.glob(f"{path.name[:2]}_*.ipynb")) if other.name != path.name]


def _takeaways(path, cells, ours):
    """Check the call of `takeaways`: of all claims of the chapter, or in one of several notebooks of those here."""
    section, found, here = None, [], {id for _, cell in cells for id in claimed(cell)}
    chapter = next(iter(ours.values())).chapter
    wanted = f"{chapter}, {[id for id in ours if id in here]}" if _beside(path) else f"{chapter}"
    for _, cell in cells:
        if cell.cell_type == "markdown":
            section = [section, *re.findall(r"^## (.+?)\s*$", cell.source, flags=re.MULTILINE)][-1]
        found += [(section, ", ".join(map(_source, call.args))) for call in _calls(_tree(cell), "takeaways")]
    if found != [(SECTION, wanted)]:
        got = ", ".join(f"takeaways({arguments}) in {place}" for place, arguments in found) or "none"
        yield None, f"expected one call takeaways({wanted}), in the section {SECTION}; got {got}"


def _tree(cell):
    """Parse a cell; what is no Python, which check_notebooks.py reports, is empty."""
    try:
        return ast.parse(cell.source if cell.cell_type == "code" else "")
    except SyntaxError:
        return ast.parse("")


def _calls(tree, name):
    """List the calls of a function, such as `claim(...)` and `evidence.claim(...)`; statements keep their order."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == name]


def _name(function):
    return getattr(function, "id", getattr(function, "attr", ""))


def _arguments(call):
    return dict(zip(ARGUMENTS, call.args, strict=False)) | {keyword.arg: keyword.value for keyword in call.keywords}


def _literal(node):
    return node.value if isinstance(node, ast.Constant) else None


def _source(node):
    return ast.unparse(node) if node else "nothing"
