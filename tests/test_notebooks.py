"""The form of the notebooks: each rule passes on ours and goes red on one that is broken, and normalizing is safe."""

import json
import re

import nbformat
import pytest

import check_notebooks
import normalize_notebooks
import setup_cell

TEMPLATE = normalize_notebooks.ROOT / "notebooks" / check_notebooks.TEMPLATE
NOTEBOOKS = normalize_notebooks.all_notebooks()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.name for path in NOTEBOOKS])
def test_notebooks_keep_the_form(path):
    assert check_notebooks.check(path) == []


@pytest.fixture
def notebook():
    """The template, to be broken."""
    return nbformat.read(TEMPLATE, as_version=nbformat.NO_CONVERT)


def cell_with(notebook, text):
    """Find a cell, and its number, by a piece of its text."""
    return next((number, cell) for number, cell in enumerate(notebook.cells, start=1) if text in cell.source)


def replaced(old, new):
    """Break a notebook by replacing text in the first cell that holds it."""

    def breaking(notebook):
        number, cell = cell_with(notebook, old)
        cell.source = cell.source.replace(old, new)
        return number

    return breaking


def tagged(text, *tags):
    """Break a notebook by giving a cell other tags."""

    def breaking(notebook):
        number, cell = cell_with(notebook, text)
        cell.metadata.tags = list(tags)
        return number

    return breaking


def dropped(text):
    """Break a notebook by taking a cell away; what is wrong then shows at the cell that took its place."""

    def breaking(notebook):
        number, cell = cell_with(notebook, text)
        notebook.cells.remove(cell)
        return number

    return breaking


def whole(breaking):
    """Expect the problem at no single cell."""
    return lambda notebook: breaking(notebook) and None


def one_before(breaking):
    """Expect the problem at the cell before the one that is broken."""
    return lambda notebook: breaking(notebook) - 1


def code_first(notebook):
    """Break a notebook by taking its title cell away."""
    return notebook.cells.pop(0) and 1


def odd_metadata(notebook):
    """Break a notebook by what other programs leave in it."""
    notebook.metadata.colab = {}


def set_part(text, **parts):
    """Break a notebook by changing parts of a cell, such as its outputs."""

    def breaking(notebook):
        number, cell = cell_with(notebook, text)
        cell.update(parts)
        return number

    return breaking


LOOP, PLOT, LAST = "def running_average", "plots.show(", "## Further reading"
CONTRACT_TAGS = ("keep_output", "nbval-check-output")
IMAGE = nbformat.v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "x"})
BROKEN = {
    "no title": (replaced("# A running average is", "A running average is"), "expected a title"),
    "no goals": (replaced("## What you will be able to do", "## Goals"), "What you will be able to do"),
    "no needs": (replaced("## What you need to know", "## Needs"), "What you need to know"),
    "no minutes": (replaced("1 minute on a laptop CPU", "a while"), "expected the measured time"),
    "code first": (code_first, "expected the title cell"),
    "no setup": (dropped("ADDRESS"), "expected the setup cell here"),
    "setup edited": (replaced("seqlib.start(seed=0)", "seqlib.start(seed=1)"), "normalized form of its source"),
    "no takeaways": (whole(replaced("## Takeaways", "## Summary")), "expected sections Takeaways, Exercises"),
    "a section after the last": (whole(replaced(LAST, f"{LAST}\n\n## Thanks\n")), "the last one last"),
    "two titles": (replaced("## The step", "# The step"), "expected one title"),
    "level skipped": (replaced("## The step", "#### The step"), "expected a heading of level 3 at most"),
    "title case": (replaced("## All steps at once", "## All Steps at once"), "sentence case .* got Steps"),
    "lower case": (replaced("## All steps at once", "## all steps at once"), "sentence case .* got all"),
    "too few predictions": (whole(replaced("**Predict, then run.** Written", "Written")), "at least 3 cells"),
    "answer not folded": (
        set_part("With $a = 0.5$", source="**Predict, then run.** How many?"),
        "expected the answer folded",
    ),
    "nothing to run": (one_before(dropped(LOOP)), "expected the cell to run right after"),
    "code beside code": (dropped("The loop and the product agree"), "expected a sentence between two code cells"),
    "long cell": (replaced("left = {}", "left = {}\n" * 10), "expected at most 15 lines of code, got 16"),
    "unknown tag": (tagged(PLOT, "remove-cell"), "expected tags among .* got 'remove-cell'"),
    "wrong claim": (tagged(PLOT, "claim-Not_so"), "expected tags among .* got 'claim-Not_so'"),
    "claim without a verdict": (tagged(PLOT, "claim-same-weights"), "its tags, same-weights; got none"),
    "assertion caught": (replaced("left = {}", "try:\n    assert keep\nexcept Exception:\n    left = {}"), "is caught"),
    "no takeaways called": (lambda notebook: None, r"expected one call takeaways\(2\)"),
    "half a contract": (tagged(LOOP, "keep_output"), "together, got only keep_output"),
    "empty contract": (set_part(LOOP, outputs=[]), "expected the output that nbval is to compare"),
    "picture in a contract": (set_part(LOOP, outputs=[IMAGE]), "expected text alone in a kept output"),
    "contract never run": (set_part(LOOP, execution_count=None), "normalized form of its execution_count"),
    "stray output": (set_part(PLOT, outputs=[IMAGE]), "normalized form of its outputs"),
    "stray metadata": (set_part(PLOT, metadata={"collapsed": True}), "normalized form of its metadata"),
    "trailing space": (replaced("import plots", "import plots "), "normalized form of its source"),
    "notebook metadata": (odd_metadata, "normalized metadata of the notebook"),
    "no Python": (replaced("left = {}", "left = {"), "expected Python, got"),
    "shell": (replaced("left = {}", "!ls\nleft = {}"), "without `%` or `!` commands"),
    "magic": (replaced("left = {}", "%matplotlib inline\nleft = {}"), "without `%` or `!` commands"),
    "one backend": (replaced("left = {}", "import tensorflow as tf\nleft = {}"), "one backend's .* tensorflow, tf"),
    "a backend's function": (replaced("left = {}", "left = torch.zeros(3)"), "one backend's functions, got torch"),
    "bare matplotlib": (replaced("left = {}", "import matplotlib.pyplot as plt\nleft = {}"), "through seqlib.plots"),
    "absolute path in code": (replaced("left = {}", 'left = open("/home/me/x")'), "expected no path of one machine"),
    "absolute path in text": (replaced(LAST, f"[here](/notes.md)\n\n{LAST}"), "expected no path of one machine"),
    "file address": (replaced(LAST, f"file://notes\n\n{LAST}"), "expected no path of one machine"),
    "directive": (replaced(LAST, f"```{{note}}\nx\n```\n\n{LAST}"), "expected Markdown that Colab shows"),
    "colons": (replaced(LAST, f":::{{note}}\nx\n:::\n\n{LAST}"), "expected Markdown that Colab shows"),
    "role": (replaced(LAST, f"{{cite:t}}`elman1990finding`\n\n{LAST}"), "expected Markdown that Colab shows"),
    "label": (replaced(LAST, f"(here)=\n{LAST}"), "expected Markdown that Colab shows"),
    "image without text": (replaced(LAST, f"![](x.png)\n\n{LAST}"), "alternative text on the image 'x.png'"),
    "tag without text": (replaced(LAST, f'<img src="x.png">\n\n{LAST}'), "alternative text on <img>"),
    "image from elsewhere": (replaced(LAST, f"![a b](https://x.example/y)\n\n{LAST}"), "no image from another site"),
    "fold without blank lines": (
        replaced("<details><summary>Solution</summary>\n\n", "<details><summary>Solution</summary>\n"),
        "expected each fold as",
    ),
    "unknown paper": (replaced("Elman (1990)", "Elman (1991)"), "in book/references.bib, got 'Elman \\(1991\\)'"),
    "wrong second author": (replaced("Kingma and Ba (2015)", "Kingma and Le (2015)"), "got 'Kingma and Le"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_goes_red(name, notebook, tmp_path):
    breaking, message = BROKEN[name]
    number = breaking(notebook)
    path = tmp_path / "02_broken.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    found = check_notebooks.check(path)
    matching = [place for place, text in found if re.search(message, text)]
    assert matching == [number], found


@pytest.mark.parametrize("name", ["2_recurrent.ipynb", "02-recurrent.ipynb", "02_Recurrent.ipynb", "recurrent.ipynb"])
def test_names_have_a_number_and_a_topic(name, notebook, tmp_path):
    nbformat.write(notebook, tmp_path / name)
    assert [place for place, text in check_notebooks.check(tmp_path / name) if "expected a name such as" in text] == [
        None
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "Ideas of Elman",
        "A SimpleRNN in Keras",
        "GRUs and LSTMs",
        "What `Dense` does",
        "Markov's chains",
        "1990 to 2020",
    ],
)
def test_names_and_acronyms_keep_their_capitals(heading):
    assert check_notebooks._not_sentence_case(heading) == []


@pytest.mark.parametrize(
    "text",
    ["Elman (1990)", "Bengio, Simard and Frasconi (1994)", "Bahdanau et al. (2015)", "Vaswani and others (2017)"],
)
def test_citations_of_works_that_are_listed(text):
    assert list(check_notebooks._citations(nbformat.v4.new_markdown_cell(text))) == []


def test_the_command_names_notebook_and_cell(notebook, tmp_path, capsys):
    path = tmp_path / "09_broken.ipynb"  # of no chapter in the ledger
    replaced("## The step", "# The step")(notebook)
    nbformat.write(notebook, path)
    with pytest.raises(SystemExit) as stop:
        check_notebooks.main([str(path)])
    assert stop.value.code == 1
    assert capsys.readouterr().out.startswith(f"{path}: cell 3: expected one title")
    (tmp_path / "03_none.ipynb").write_text("{}")
    with pytest.raises(SystemExit) as stop:
        check_notebooks.main([str(tmp_path / "03_none.ipynb")])
    assert stop.value.code == 1 and "03_none.ipynb: expected a notebook" in capsys.readouterr().out


@pytest.fixture
def messy(tmp_path):
    """A notebook as an editor leaves it, in a file."""
    stream = {"output_type": "stream", "name": "stdout", "text": ["3 \n"]}
    result = {"output_type": "execute_result", "data": {"text/plain": "4"}, "metadata": {"x": 1}, "execution_count": 9}
    setup = setup_cell.SOURCE.replace('ADDRESS = ""', 'ADDRESS = "https://host.example/owner/name@1234"')
    cells = [
        {"cell_type": "markdown", "metadata": {"id": "x"}, "source": "# T  \n\ntext\n\n"},
        {"cell_type": "code", "metadata": {"tags": ["setup"]}, "source": setup},
        {"cell_type": "code", "metadata": {"tags": list(CONTRACT_TAGS)}, "source": "print(3)", "outputs": [stream]},
        {"cell_type": "code", "metadata": {"tags": list(CONTRACT_TAGS)}, "source": "4", "outputs": [result]},
        {"cell_type": "code", "metadata": {"scrolled": True, "tags": []}, "source": "5 ", "outputs": [stream]},
        {"cell_type": "code", "metadata": {}, "source": "5 "},
    ]
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            cell |= {"execution_count": number, "outputs": cell.get("outputs", [])}
    path = tmp_path / "messy.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {"colab": {}}, "cells": cells}))
    return path


def test_normalizing_keeps_contracts_and_strips_the_rest(messy):
    assert normalize_notebooks.normalize_file(messy)
    notebook = nbformat.read(messy, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    title, setup, printed, shown, stripped, _ = notebook.cells
    assert title.source == "# T\n\ntext" and title.metadata == {}
    assert setup.source == setup_cell.SOURCE and setup.outputs == []
    assert (printed.execution_count, printed.outputs[0].text) == (1, "3 \n")
    assert (shown.execution_count, shown.outputs[0].execution_count, shown.outputs[0].metadata) == (1, 1, {})
    assert (stripped.execution_count, stripped.outputs, stripped.metadata, stripped.source) == (None, [], {}, "5")
    assert notebook.metadata == normalize_notebooks.METADATA and notebook.nbformat_minor == 5
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_normalizing_twice_changes_nothing_and_two_clones_agree(messy, tmp_path):
    other = tmp_path / "other.ipynb"
    other.write_bytes(messy.read_bytes())
    assert normalize_notebooks.normalize_file(messy)
    once = messy.read_bytes()
    assert not normalize_notebooks.normalize_file(messy)
    assert normalize_notebooks.normalize_file(other)
    assert messy.read_bytes() == other.read_bytes() == once and once.endswith(b"}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["messy.ipynb", "other.ipynb"]


def test_normalizing_keeps_valid_cell_ids(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert [cell.id for cell in normalize_notebooks.normalize(notebook).cells] == ids


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_what_is_no_notebook_is_left_alone(text, tmp_path):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(SystemExit, match="x.ipynb: expected a notebook"):
        normalize_notebooks.main([str(path)])
    assert path.read_text() == text
