"""The workflows: what they call exists, they may do no more than they need, and the branch is made right."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
ids = pytest.mark.parametrize("path", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])


def jobs(path):
    """Give the jobs of a workflow by name."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def commands(path):
    """List the shell commands of a workflow."""
    return [step["run"] for job in jobs(path).values() for step in job.get("steps", []) if "run" in step]


@ids
def test_make_targets_and_scripts_exist(path):
    text = "\n".join(commands(path))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= TARGETS
    assert all((ROOT / script).is_file() for script in re.findall(r"\b(?:tools|tests)/\w+\.py", text))


def test_every_check_is_called():
    called = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(commands(ROOT / ".github/workflows/test.yml"))))
    assert called >= {"test", "book", "test-colab", "test-site"}


def test_the_run_as_in_colab_is_the_inverse_test_too():
    calls = [line for line in commands(ROOT / ".github/workflows/test.yml") if "test-colab" in line]
    assert calls == ["make test-colab BRIEF=--brief"]
    assert calls[0] in (ROOT / ".ci/run").read_text(encoding="utf-8")


@ids
def test_permissions_are_stated_and_small(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"} and "concurrency" in workflow
    writing = {name: job.get("permissions", {}) for name, job in workflow["jobs"].items() if "permissions" in job}
    expected = {"build": {"contents": "write"}, "deploy": {"pages": "write", "id-token": "write"}}
    assert writing == (expected if path.stem == "publish" else {})


@ids
def test_actions_have_a_version(path):
    used = [step["uses"] for job in jobs(path).values() for step in job.get("steps", []) if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)


def git(*arguments, folder):
    """Run git, and give what it prints."""
    command = ["git", "-c", "user.name=test", "-c", "user.email=", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(os.name == "nt", reason="the workflow runs on Linux")
def test_the_branch_holds_the_notebooks_alone_in_one_commit(tmp_path):
    origin, clone, out = (tmp_path / name for name in ("origin.git", "clone", "published"))
    git("init", "--bare", "--initial-branch=main", str(origin), folder=tmp_path)
    git("clone", "--quiet", str(origin), str(clone), folder=tmp_path)
    (clone / "main.txt").touch()
    (clone / ".gitignore").write_text("*.ipynb\n")
    git("add", "--all", folder=clone)
    git("commit", "--quiet", "-m", "one", folder=clone)
    git("push", "--quiet", "origin", "HEAD:main", folder=clone)
    sha = git("rev-parse", "HEAD", folder=clone)
    script = next(text for text in commands(ROOT / ".github/workflows/publish.yml") if "commit-tree" in text)
    environment = os.environ | {"RUNNER_TEMP": str(tmp_path), "GITHUB_SHA": sha}
    for content in ("first", "second"):
        (out / "notebooks").mkdir(parents=True, exist_ok=True)
        (out / "notebooks" / f"{content}.ipynb").write_text(content)
        subprocess.run(["bash", "-e", "-c", script], cwd=clone, env=environment, check=True, capture_output=True)
        (out / "notebooks" / f"{content}.ipynb").unlink()
        (tmp_path / "index").unlink()  # each run of the workflow begins with an empty folder
        assert git("rev-list", "--count", "published", folder=origin) == "1"
        assert git("ls-tree", "-r", "--name-only", "published", folder=origin) == f"notebooks/{content}.ipynb"
        assert git("log", "-1", "--format=%s", "published", folder=origin) == f"Notebooks of {sha}"
    assert git("status", "--porcelain", folder=clone) == ""
    assert git("rev-parse", "main", folder=origin) == sha
