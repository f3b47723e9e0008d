"""What nbval has run, the build need not run again: it finds the same outputs."""

import shutil
import subprocess
import sys

import nbformat
import pytest
from jupyter_cache import get_cache

import execute_notebooks
import toc

SOURCES = {
    "printed": ["print('one')\nprint('two')", "", "1 + 1"],
    "drawn": [
        "from IPython.display import HTML, clear_output, display\ndisplay(HTML('<b>gone</b>'))\nclear_output()\n"
        "handle = display(HTML('<b>old</b>'), display_id=True)\nhandle.update(HTML('<b>new</b>'))",
        "import ipywidgets\nipywidgets.IntSlider(value=3, description='steps')",
    ],
}
PYTEST = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]


@pytest.fixture
def book(tmp_path):
    """Give a function that writes a book and lets nbval run it, two notebooks at a time."""

    def run(sources, *options, listed=None):
        root = write(tmp_path / "book", sources, listed)
        command = [sys.executable, "-m", "pytest", *PYTEST, "-o", f"pythonpath={toc.ROOT / 'tools'}", *options]
        ran = subprocess.run([*command, "notebooks"], cwd=root, capture_output=True, text=True)
        assert "passed" in ran.stdout, ran.stdout + ran.stderr
        return root

    return run


def write(root, sources, listed=None):
    (root / "seqlib").mkdir(parents=True)
    (root / "requirements.txt").write_text("numpy==2.4.6\n")
    (root / "pytest.ini").write_text("[pytest]\n")
    shutil.copytree(toc.ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns("*.ipynb"))
    for name, cells in sources.items():
        cells = [nbformat.v4.new_markdown_cell("# Title"), *map(nbformat.v4.new_code_cell, cells)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), root / "notebooks" / f"{name}.ipynb")
    first, *rest = (f"notebooks/{name}" for name in listed or sources)
    chapters = "chapters:\n" + "".join(f"  - file: {name}\n" for name in rest) if rest else ""
    (root / "_toc.yml").write_text(f"format: jb-book\nroot: {first}\n{chapters}")
    return root


def kept(root, name):
    notebook = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4)
    return get_cache(str(root / execute_notebooks.CACHE)).merge_match_into_notebook(notebook)[1]


def without_names(notebook):
    """Give what a reader sees: outputs, and the states of the widgets, whose names are drawn anew in each run."""
    widgets = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {"state": {}})
    states = [state["model_name"] for state in widgets["state"].values()]
    outputs = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = dict(output.get("data", {}))
            data.pop("application/vnd.jupyter.widget-view+json", None)
            outputs.append((output.output_type, output.get("text"), data))
    return outputs, sorted(states), notebook.metadata.language_info.name


def test_the_build_finds_what_it_would_have_run_itself(book, tmp_path):
    root = book(SOURCES, "--numprocesses", "2", "--dist", "loadscope")
    assert execute_notebooks.execute(root) == []
    itself = write(tmp_path / "itself", SOURCES)
    assert len(execute_notebooks.execute(itself)) == 2
    for name in SOURCES:
        assert without_names(kept(root, name)) == without_names(kept(itself, name))
    outputs, states, _ = without_names(kept(root, "drawn"))
    assert [data["text/html"] for _, _, data in outputs[:1]] == ["<b>new</b>"] and "IntSliderModel" in states
    views = kept(root, "drawn").cells[2].outputs[0].data["application/vnd.jupyter.widget-view+json"]
    assert views["model_id"] in kept(root, "drawn").metadata.widgets["application/vnd.jupyter.widget-state+json"].state


@pytest.mark.parametrize(
    ("sources", "options"),
    [
        (["print(1)", "1 / 0"], []),
        (["1 / 0", "print(1)"], []),
        (["print(1)", "print(2)"], ["--deselect", "notebooks/some.ipynb::Cell 0"]),
        (["print(1)", "from pathlib import Path\nPath('../seqlib/new.py').write_text('')"], []),
    ],
    ids=["last fails", "first fails", "not whole", "code changed"],
)
def test_what_did_not_run_whole_and_well_is_run_again(book, sources, options):
    root = book({"some": sources}, *options)
    with pytest.raises(KeyError):
        kept(root, "some")


def test_what_is_not_in_the_book_is_not_kept(book):
    root = book({"listed": ["print(1)"], "apart": ["print(2)"]}, listed=["listed"])
    assert kept(root, "listed").cells[1].outputs[0].text == "1\n"
    with pytest.raises(KeyError):
        kept(root, "apart")
