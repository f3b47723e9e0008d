"""Read _toc.yml, the one list of the book's pages."""

from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).resolve().parent.parent


def pages(root=ROOT):
    """List the files of the book's pages, relative to `root`, in their order in _toc.yml.

    Raises:
        FileNotFoundError: where a page that is listed is not there.
    """
    return [_file(name, root) for name in parse_toc_yaml(root / "_toc.yml")]


def notebooks(root=ROOT):
    """List those pages that are notebooks."""
    return [page for page in pages(root) if page.suffix == ".ipynb"]


def _file(name, root):
    for suffix in ("", ".md", ".ipynb"):
        if (root / (name + suffix)).is_file():
            return Path(name + suffix)
    raise FileNotFoundError(f"_toc.yml: expected a page for {name!r}, found neither {name}.md nor {name}.ipynb")
