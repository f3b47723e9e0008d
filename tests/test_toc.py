"""_toc.yml, the one list of pages, against the disk."""

import re

import pytest

import toc

# Pages of the form are not pages of the book.
NOT_LISTED = "notebooks/template.ipynb"


def on_disk():
    """List the pages and numbered notebooks that lie where the book's are."""
    pages = (toc.ROOT / "book").glob("*.md")
    notebooks = (path for path in (toc.ROOT / "notebooks").glob("*.ipynb") if re.match(r"\d\d_", path.name))
    return {path.relative_to(toc.ROOT).as_posix() for path in [*pages, *notebooks]}


def test_every_page_is_listed_and_every_listed_page_is_there():
    listed = [page.as_posix() for page in toc.pages()]
    assert sorted(listed) == sorted(on_disk())
    assert NOT_LISTED not in listed


def test_chapters_stand_in_the_order_of_their_numbers():
    numbers = [page.name[:2] for page in toc.notebooks()]
    assert numbers and numbers == sorted(numbers)


def test_a_page_that_is_not_there_is_named(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/welcome\n")
    with pytest.raises(FileNotFoundError, match="expected a page for 'book/welcome', found neither"):
        toc.pages(tmp_path)


def test_notebooks_are_told_from_pages(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: one\nchapters:\n- file: two\n")
    (tmp_path / "one.md").touch()
    (tmp_path / "two.ipynb").touch()
    assert [page.name for page in toc.pages(tmp_path)] == ["one.md", "two.ipynb"]
    assert [page.name for page in toc.notebooks(tmp_path)] == ["two.ipynb"]
