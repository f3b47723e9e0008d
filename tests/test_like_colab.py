"""What `make test-colab` installs and compares. The run itself needs a network and minutes, and has its own target."""

from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

import setup_cell
import test_colab


def test_pins_are_those_of_the_book():
    names = {line.split("==")[0] for line in test_colab.pinned()}
    assert names == set(test_colab.PINNED)


def test_oldest_versions_are_the_lower_bounds(tmp_path):
    assert {line.split("==")[0] for line in test_colab.oldest()} == set(test_colab.PINNED)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["keras>=3.10", "other>=1"]\n'
        '[project.optional-dependencies]\ntensorflow = ["tensorflow>=2.19"]\n'
    )
    assert test_colab.oldest(tmp_path) == ["keras==3.10.*", "tensorflow==2.19.*"]


@pytest.mark.parametrize(
    ("after", "problems"),
    [
        (["numpy==2.0.2", "keras==3.10.0", "seqlib @ file:///x"], []),
        (["numpy==2.1.0", "keras==3.10.0"], ["numpy: numpy==2.0.2 became numpy==2.1.0"]),
        (["numpy==2.0.2"], ["keras: keras==3.10.0 became nothing"]),
        (["numpy @ file:///x", "keras==3.10.0"], ["numpy: numpy==2.0.2 became numpy @ file:///x"]),
    ],
)
def test_only_additions_pass(after, problems):
    assert test_colab.moved(["numpy==2.0.2", "keras==3.10.0"], after) == problems


class Stand:
    """Stands for an environment: notebooks run or fail, and pip has moved, what a test wants."""

    before = ["keras==3.10.0"]
    cell = 7

    def __init__(self, after, failure=None):
        self.freeze = lambda: after
        self.failure = failure
        self.ran = []

    def run(self, notebook, name, allowed=()):
        """Remember what was to run."""
        self.ran.append(notebook)
        self.allowed = set(allowed)
        if self.failure:
            raise self.failure

    def reset(self):
        """Have nothing to take away."""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder in the place of a clone, whose last commit holds one notebook."""
    setup = nbformat.v4.new_code_cell(setup_cell.SOURCE, metadata={"tags": [setup_cell.TAG]})
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[setup]))
    monkeypatch.setattr(test_colab, "_git", lambda *command, root: "abc123\n" if command[0] == "rev-parse" else text)
    return tmp_path


def test_notebooks_install_from_the_last_commit(clone):
    environment = Stand(["keras==3.10.0", "sequence-models-course @ file:///x"])
    assert test_colab.check(environment, test_colab.TEMPLATE, clone) == []
    assert f'ADDRESS = "{clone.as_uri()}@abc123"' in environment.ran[0].cells[0].source


@pytest.mark.parametrize("brief", [False, True])
def test_only_a_brief_run_switches_learning_off_and_lets_assertions_fail(clone, brief):
    environment = Stand(["keras==3.10.0", "sequence-models-course @ file:///x"])
    assert test_colab.check(environment, test_colab.TEMPLATE, clone, brief=brief) == []
    assert ("switch_off()" in environment.ran[0].cells[0].source) == brief
    assert environment.allowed == ({"AssertionError", "NotBorneOut"} if brief else set())


def test_a_claim_that_holds_without_learning_is_wrong_in_a_brief_run_of_a_chapter_alone(clone, monkeypatch):
    environment, chapter = Stand(["keras==3.10.0", "sequence-models-course @ file:///x"]), Path("notebooks/02_x.ipynb")
    monkeypatch.setattr(test_colab.claim_runs, "tagged", lambda notebook: ["gru-long"])
    held = ({"gru-long": test_colab.claim_runs.Outcome("held", "figure")}, [])
    monkeypatch.setattr(test_colab.claim_runs, "judge", lambda notebook: held)
    assert test_colab.check(environment, chapter, clone) == []
    assert test_colab.check(environment, test_colab.TEMPLATE, clone, brief=True) == []
    problems = test_colab.check(environment, chapter, clone, brief=True)
    assert problems == ["notebooks/02_x.ipynb: 1 not as expected without learning: see WRONG above"]


def test_a_package_that_moved_and_a_seqlib_that_leaked_in_are_found(clone):
    problems = test_colab.check(Stand(["keras==3.11.0"]), test_colab.TEMPLATE, clone)
    assert "expected pip to move nothing, but keras: keras==3.10.0 became keras==3.11.0" in problems[0]
    assert "expected the setup cell to install sequence-models-course, it did not" in problems[1]


def test_the_cell_that_fails_is_named(clone):
    problems = test_colab.check(Stand([], DeadKernelError("Kernel died")), test_colab.TEMPLATE, clone)
    assert problems == ["notebooks/template.ipynb: cell 7: Kernel died"]


def test_two_environments_share_the_notebooks(monkeypatch):
    made, checked = [], []

    def environment(folder, requirements):
        made.append(folder)
        return Stand(requirements)

    def check(environment, path, brief):
        checked.append(path)
        return [f"{path} is wrong"] if path in ("b", "d") else []

    monkeypatch.setattr(test_colab, "Environment", environment)
    monkeypatch.setattr(test_colab, "check", check)
    monkeypatch.setattr(test_colab, "JOBS", 2)
    assert sorted(test_colab.check_all(list("abcde"), ["keras==3.10.0"])) == ["b is wrong", "d is wrong"]
    assert sorted(checked) == list("abcde") and len(set(made)) == 2
    assert test_colab.check_all(["a"], []) == [] and len(made) == 3


def test_an_environment_that_cannot_be_made_ends_the_run(monkeypatch):
    def environment(folder, requirements):
        raise SystemExit("pip install failed")

    monkeypatch.setattr(test_colab, "Environment", environment)
    with pytest.raises(SystemExit, match="pip install failed"):
        test_colab.check_all(list("ab"), [])
