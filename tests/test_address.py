"""The one place of the repository's address, and the copies of the notebooks that know it."""

import subprocess
import sys

import nbformat
import pytest

import publish_notebooks
import set_address
import setup_cell

CONFIG = """\
title: A book  # kept
# A comment, kept.
repository:
  # The one place of the address.
  url: ""  # see the handbook
  branch: published
other:
  url: https://elsewhere.example/
"""
URL = "https://git.example.org/owner/a-book"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "_config.yml"
    path.write_text(CONFIG)
    return path


def test_the_book_has_one_place_for_the_address():
    assert set_address.address() == set_address.checked(set_address.address())


def test_setting_changes_one_value_and_keeps_the_rest(config):
    assert set_address.address(config) == ""
    set_address.set_address(URL, config)
    assert config.read_text() == CONFIG.replace('url: ""', f'url: "{URL}"')
    assert set_address.address(config) == URL
    set_address.set_address(URL, config)
    set_address.set_address("", config)
    assert config.read_text() == CONFIG
    assert [path.name for path in config.parent.iterdir()] == ["_config.yml"]


@pytest.mark.parametrize("url", [f"{URL}.git", f"{URL}/", f" {URL}.git/ "])
def test_endings_are_dropped(url, config):
    assert set_address.set_address(url, config) == URL


@pytest.mark.parametrize(
    "url",
    [
        "git.example.org/owner/a-book",
        "http://git.example.org/owner/a-book",
        "git@git.example.org:owner/a-book",
        "https://git.example.org/owner",
        "https://git.example.org/owner/a-book/tree/main",
        "https://git.example.org/owner/a book",
        "https://name:secret@git.example.org/owner/a-book",
        'https://git.example.org/owner/a"book',
        "https://git.example.org/owner/..",
    ],
)
def test_what_is_no_address_is_refused(url, config):
    with pytest.raises(ValueError, match="URL: expected an address such as https://host/owner/name, got"):
        set_address.set_address(url, config)
    assert config.read_text() == CONFIG


@pytest.mark.parametrize("text", ["title: A book\n", "repository:\n  branch: main\nother:\n  url: x\n"])
def test_a_configuration_without_the_place_is_left_alone(text, config):
    config.write_text(text)
    with pytest.raises(ValueError, match="expected a line `url:` below `repository:`"):
        set_address.set_address(URL, config)
    assert config.read_text() == text


def test_the_command_exits_2_on_a_wrong_address(capsys):
    with pytest.raises(SystemExit) as stop:
        set_address.main(["owner/name"])
    assert stop.value.code == 2 and "expected an address" in capsys.readouterr().err


@pytest.fixture
def book(tmp_path):
    """A book of one page and one notebook."""
    root = tmp_path / "book"
    (root / "notebooks").mkdir(parents=True)
    (root / "_toc.yml").write_text("format: jb-book\nroot: page\nchapters:\n- file: notebooks/01_one\n")
    (root / "page.md").touch()
    setup = nbformat.v4.new_code_cell(setup_cell.SOURCE, metadata={"tags": [setup_cell.TAG]})
    links = "[notation](../book/notation.md#state), [two](02_two.ipynb), [here](#one), [there](https://x.example/y)"
    title = nbformat.v4.new_markdown_cell(f"# One\n\n{links}")
    nbformat.write(nbformat.v4.new_notebook(cells=[title, setup]), root / "notebooks" / "01_one.ipynb")
    return root


def test_published_notebooks_install_from_the_commit_and_are_the_same_otherwise(book, tmp_path):
    out = tmp_path / "deep" / "out"
    publish_notebooks.publish(COMMIT, out, URL, root=book)
    path = "notebooks/01_one.ipynb"
    original, filled = (nbformat.read(root / path, as_version=4) for root in (book, out))
    assert filled.cells[1].source == original.cells[1].source.replace('ADDRESS = ""', f'ADDRESS = "{URL}@{COMMIT}"')
    assert f'ADDRESS = "{URL}@{COMMIT}"' in filled.cells[1].source
    text = filled.cells[0].source
    assert (
        f"[notation]({URL}/blob/{COMMIT}/book/notation.md#state), [two]({URL}/blob/{COMMIT}/notebooks/02_two.ipynb)"
        in text
    )
    assert "[here](#one), [there](https://x.example/y)" in text
    filled.cells[0].source, filled.cells[1].source = (cell.source for cell in original.cells[:2])
    assert filled == original
    files = sorted(item.relative_to(out).as_posix() for item in out.rglob("*") if item.is_file())
    assert files == ["README.md", path]
    assert COMMIT in (out / "README.md").read_text() and list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("commit", "url", "message"),
    [("main", URL, "commit: expected a full hash"), (COMMIT, "", "address: expected .* none is set")],
)
def test_nothing_is_published_without_address_and_commit(commit, url, message, book, tmp_path):
    with pytest.raises(ValueError, match=message):
        publish_notebooks.publish(commit, tmp_path / "out", url, root=book)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_exists_is_not_written_into(book, tmp_path):
    with pytest.raises(ValueError, match="out: expected a folder that does not exist yet"):
        publish_notebooks.publish(COMMIT, tmp_path, URL, root=book)


def test_a_failure_leaves_nothing_behind(book, tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), book / "notebooks" / "01_one.ipynb")
    with pytest.raises(ValueError, match="expected one cell with the text of tools/setup_cell.py, got 0"):
        publish_notebooks.publish(COMMIT, tmp_path / "deep" / "out", URL, root=book)
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("address", ["", 'x"; import os; "', "a b", "{x}", "a\nb", "$HOME"])
def test_an_address_cannot_leave_its_string(address):
    with pytest.raises(ValueError, match="address: expected one such as"):
        setup_cell.fill(nbformat.v4.new_notebook(), address)


# Runs the setup cell as a kernel does, where Python finds the seqlib of a folder, or none.
RUN = """
import sys
from IPython.core.interactiveshell import InteractiveShell
class Hidden:
    def find_spec(name, path=None, target=None):
        if name == "seqlib" and not sys.argv[2]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden)
sys.path.insert(0, sys.argv[2])
shell = InteractiveShell.instance()
print("failed with", repr(shell.run_cell(sys.argv[1]).error_in_exec))
"""


def run_setup(source, folder=""):
    """Run a setup cell in a Python of its own; give what it printed."""
    command = [sys.executable, "-c", RUN, source, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize("foreign", [False, True])
def test_without_seqlib_and_address_the_setup_cell_says_what_to_do(foreign, tmp_path):
    if foreign:
        (tmp_path / "seqlib").mkdir()
        (tmp_path / "seqlib" / "__init__.py").touch()
    last = run_setup(setup_cell.SOURCE, tmp_path if foreign else "")
    assert last.startswith("failed with ModuleNotFoundError") and "open the notebook from the site" in last


def test_the_setup_cell_says_that_pip_failed(tmp_path):
    address = f"{(tmp_path / 'nothing').as_uri()}@{COMMIT}"
    last = run_setup(setup_cell.SOURCE.replace(setup_cell.UNSET, f'ADDRESS = "{address}"'))
    assert last.startswith("failed with RuntimeError") and f"pip could not install {address}" in last


def test_with_seqlib_the_setup_cell_installs_nothing_and_starts(tmp_path):
    (tmp_path / "seqlib").mkdir()
    (tmp_path / "seqlib" / "__init__.py").write_text("from seqlib.runtime import start\n")
    (tmp_path / "seqlib" / "runtime.py").write_text("def start(seed):\n    raise KeyError('started', seed)\n")
    assert run_setup(setup_cell.SOURCE.replace(setup_cell.UNSET, 'ADDRESS = "x"'), tmp_path).endswith("('started', 0)")
