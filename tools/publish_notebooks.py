"""Write the notebooks as learners open them in Colab: each knows the commit from which to install seqlib.

    python tools/publish_notebooks.py --commit SHA OUT

The publishing workflow puts what is in OUT on the branch `published`. OUT must not exist yet.
"""

import argparse
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

import setup_cell
import toc
from set_address import address

# Where a Markdown link leads, up to its anchor: not one within the page, nor one with a scheme.
RELATIVE = re.compile(r"\]\((?!#|[a-z]+:)([^)\s#]+)")

README = """\
# Notebooks to open in Colab

This branch is generated from commit {commit} of {url}, and replaced whenever the book is published: work on
the main branch instead. Each notebook here is that of the book, with a setup cell that installs seqlib from that
commit.
"""


def publish(commit, out, url, root=toc.ROOT):
    """Write a filled copy of every notebook of the book below `out`, at the path that it has in the book.

    Args:
        commit: the full hash of the commit to install seqlib from.
        out: a folder that does not exist yet; it appears whole or not at all.
        url: the address of the repository.

    Raises:
        ValueError: where `commit` is no hash, `url` is empty, or `out` exists.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise ValueError(f"commit: expected a full hash of 40 digits, got {commit!r}")
    if not url:
        raise ValueError("address: expected the repository's address, none is set: run `make address URL=...` first")
    if out.exists():
        raise ValueError(f"out: expected a folder that does not exist yet, got {out}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        new = Path(folder) / "new"
        new.mkdir()
        for path in toc.notebooks(root):
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(filled(path, url, commit, root), new / path)
        (new / "README.md").write_text(README.format(commit=commit, url=url), encoding="utf-8")
        shutil.move(new, out)


def filled(path, url, commit, root=toc.ROOT):
    """Give a notebook of the book as it works away from it: seqlib and links to other files come from `commit`."""
    notebook = setup_cell.fill(nbformat.read(root / path, as_version=4), f"{url}@{commit}")

    def absolute(match):
        target = posixpath.normpath(posixpath.join(path.parent.as_posix(), match[1]))
        return f"]({url}/blob/{commit}/{target}"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = RELATIVE.sub(absolute, cell.source)
    return notebook


def main(arguments):
    """Publish as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commit", required=True, help="the full hash of the commit to install seqlib from")
    parser.add_argument("out", type=Path, help="a folder that does not exist yet")
    options = parser.parse_args(arguments)
    try:
        publish(options.commit, options.out, address())
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(f"The notebooks are in {options.out}")


if __name__ == "__main__":
    main(sys.argv[1:])
