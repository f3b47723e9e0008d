"""The notebooks are run when something changed, by this Python, and the first failing cell is named."""

import sys

import nbformat
import pytest
from jupyter_cache import get_cache

import execute_notebooks


@pytest.fixture
def book(tmp_path):
    """Give a function that writes a book of notebooks, each a list of the sources of its cells."""
    (tmp_path / "seqlib").mkdir()
    (tmp_path / "seqlib" / "module.py").write_text("one = 1\n")
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")

    def write(**notebooks):
        for name, sources in notebooks.items():
            cells = [nbformat.v4.new_code_cell(source) for source in sources]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / f"{name}.ipynb")
        chapters = "".join(f"  - file: {name}\n" for name in list(notebooks)[1:])
        toc = f"format: jb-book\nroot: {next(iter(notebooks))}\n" + ("chapters:\n" + chapters if chapters else "")
        (tmp_path / "_toc.yml").write_text(toc)
        return tmp_path

    return write


def test_runs_what_changed_and_nothing_else(book):
    """A second call runs nothing; a change of code, of seqlib or of the pins runs what it touches."""
    root = book(first=["print(1)"], second=["print(2)"])
    names = [path.name for path in execute_notebooks.execute(root)]
    assert names == ["first.ipynb", "second.ipynb"]
    assert execute_notebooks.execute(root) == []
    book(first=["print(1)"], second=["print(3)"])
    assert [path.name for path in execute_notebooks.execute(root)] == ["second.ipynb"]
    for name, text in (("seqlib/module.py", "one = 2\n"), ("requirements.txt", "numpy==2.4.5\n")):
        (root / name).write_text(text)
        assert len(execute_notebooks.execute(root)) == 2


def test_outputs_are_found_by_the_build(book, monkeypatch, tmp_path):
    """The build finds each notebook in the cache, with outputs made by this Python whatever kernels are listed."""
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text('{"argv": ["false"], "display_name": "Python 3", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    root = book(first=["import sys\nprint(sys.executable)"])
    execute_notebooks.execute(root)
    notebook = nbformat.read(root / "first.ipynb", as_version=4)
    _, merged = get_cache(str(root / ".jupyter_cache")).merge_match_into_notebook(notebook)
    assert merged.cells[0].outputs[0].text.strip() == sys.executable


def test_names_the_cell_that_failed(book):
    """The message names notebook, cell and error, and nothing is kept of that notebook."""
    root = book(first=["good = 1", "good / 0", "print('never')"])
    for _ in range(2):
        with pytest.raises(
            execute_notebooks.CellFailed, match=r"(?s)first\.ipynb, cell 2 of 3 failed.*ZeroDivisionError"
        ):
            execute_notebooks.execute(root)


def test_stops_a_cell_that_takes_too_long(book, monkeypatch):
    """So does a cell that runs past the limit."""
    monkeypatch.setattr(execute_notebooks, "TIMEOUT", 1)
    root = book(first=["import time\ntime.sleep(30)"])
    with pytest.raises(execute_notebooks.CellFailed, match=r"first\.ipynb, cell 1 of 1 failed"):
        execute_notebooks.execute(root)


def test_a_failure_stops_the_others(book):
    """Notebooks still running when one fails are stopped."""
    root = book(first=["import time\ntime.sleep(60)"], second=["1 / 0"])
    with pytest.raises(execute_notebooks.CellFailed, match="second"):
        execute_notebooks.execute(root)
