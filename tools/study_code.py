"""Give the hash of the code behind a study: of its script and of every module of seqlib that it imports."""

import ast
import hashlib
from modulefinder import ModuleFinder
from pathlib import Path

MEASURE_NOTHING = {"__all__", "__version__"}


def digest(script):
    """Hash what a study does: what its script and the modules beside its folder that it imports say, words apart.

    Imports are followed from one module to the next, those inside functions too. `seqlib.start` counts always, since
    the runner calls it. Comments, docstrings, layout, `__all__` and `__version__` do not count, and Python 3.11 to
    3.13 give the same.

    Simplified: a module that is loaded by a name in a string, as by `importlib.import_module`, is not seen.

    Raises:
        SyntaxError: where a module is no Python.
    """
    total = hashlib.sha256()
    for name, path in sorted(_modules(script).items()):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
        total.update(f"{name} {_said(tree)}\n".encode())
    return total.hexdigest()[:12]


def _modules(script):
    finder = ModuleFinder(path=[str(script.parent.parent)])
    finder.run_script(str(script))
    finder.import_hook("seqlib")
    return {name: Path(module.__file__) for name, module in finder.modules.items() if module.__file__}


def _said(node):
    """Write a syntax tree as text; `ast.dump` would do, if it wrote the same in every Python."""
    if isinstance(node, list):
        return f"[{' '.join(_said(item) for item in node if not _is_words(item))}]"
    if not isinstance(node, ast.AST):
        return ascii(node)
    if isinstance(node, ast.JoinedStr):
        # Some Pythons end a formatted string with an empty one.
        node.values = [part for part in node.values if getattr(part, "value", None) != ""]
    fields = (f"{name}={_said(value)}" for name, value in ast.iter_fields(node) if value not in (None, []))
    return f"{type(node).__name__}({' '.join(fields)})"


def _is_words(node):
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Assign) and {getattr(name, "id", None) for name in node.targets} <= MEASURE_NOTHING
