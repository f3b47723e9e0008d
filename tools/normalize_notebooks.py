"""Bring notebooks to the form in which they are committed. Changes files in place.

    python tools/normalize_notebooks.py [notebook ...]

Without arguments: every notebook below notebooks/. Outputs go, except in cells tagged `keep_output`, whose text
nbval compares; cells keep only their tags; the setup cell gets its canonical text; spaces at the ends of lines go.
A notebook that is in this form already is left alone.
"""

import copy
import hashlib
import os
import re
import sys
from pathlib import Path

import nbformat
from nbstripout import strip_output

import setup_cell

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = "keep_output"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def all_notebooks():
    """List every notebook below notebooks/, in order."""
    return sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def shown(path):
    """Give the path by which a message names a notebook."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def normalize(notebook):
    """Give the canonical form of a notebook, as a new one."""
    canonical = strip_output(copy.deepcopy(notebook), keep_output=False, keep_count=False, keep_id=True)
    canonical.metadata = nbformat.from_dict(METADATA)
    canonical.nbformat_minor = 5
    taken = set()
    for cell in canonical.cells:
        cell.id = _identifier(cell, taken)
        tags = [*cell.metadata.get("tags", []), *(setup_cell.FOLDED if setup_cell.is_setup(cell) else [])]
        cell.metadata = nbformat.from_dict({"tags": sorted(set(tags))} if tags else {})
        cell.source = "\n".join(line.rstrip() for line in cell.source.split("\n")).strip("\n")
        if setup_cell.is_setup(cell):
            cell.source = setup_cell.SOURCE
        if cell.cell_type == "code" and CONTRACT in tags:
            _number(cell)
    return canonical


def _identifier(cell, taken):
    """Keep a cell's id where it is valid and new; else make one from its text, the same on every run."""
    identifier, attempt = cell.get("id", ""), 0
    while not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", identifier) or identifier in taken:
        identifier = hashlib.sha256(f"{attempt} {cell.source}".encode()).hexdigest()[:8]
        attempt += 1
    taken.add(identifier)
    return identifier


def _number(cell):
    """Say that a cell ran: nbval takes one without a number for never run, and rejects what it prints."""
    cell.execution_count = 1
    for output in cell.outputs:
        if "metadata" in output:
            output.metadata = nbformat.from_dict({})
        if output.output_type == "execute_result":
            output.execution_count = 1


def normalize_file(path):
    """Normalize one notebook in place; say whether that changed it. Nothing is ever half written."""
    before = path.read_text(encoding="utf-8")
    try:
        notebook = nbformat.reads(before, as_version=4)
    except Exception as error:
        raise ValueError(
            f"{shown(path)}: expected a notebook, got a file that nbformat cannot read: {error}"
        ) from error
    after = nbformat.writes(normalize(notebook)) + "\n"
    if after == before:
        return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(after, encoding="utf-8", newline="\n")
    os.replace(temporary, path)
    return True


def main(arguments):
    """Normalize the notebooks named, or all of them."""
    for path in [Path(argument) for argument in arguments] or all_notebooks():
        try:
            print(f"{shown(path)}: {'normalized' if normalize_file(path) else 'unchanged'}")
        except (OSError, ValueError) as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
