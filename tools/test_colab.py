"""Run notebooks as Colab would: alone, in an environment that has TensorFlow and no seqlib.

    python tools/test_colab.py [--oldest] [--brief] [notebook ...]

Without notebooks: the template and every notebook of the book. What is tested is the last commit of this clone: each
notebook is taken from there, its setup cell installs seqlib from there through git, and pip must not have moved
any package that was there before. `--oldest` takes the oldest versions that pyproject.toml allows, instead of those
that requirements.txt pins (on Python 3.11 or 3.12: the oldest TensorFlow knows no later one). `--brief` switches
learning off: every cell runs, in less than half the time, and the claims are held to what tools/test_inverse.py asks
of them. So one brief run is both tests. Two run at a time, each in an environment of its own.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from packaging.requirements import Requirement

import claim_runs
import one_thread
import setup_cell
import test_inverse
import toc
from no_learning import without_learning

ROOT = toc.ROOT
TEMPLATE = Path("notebooks/template.ipynb")
PINNED = ("tensorflow", "keras", "numpy", "matplotlib", "scikit-learn", "babel", "tokenizers")
# Colab stays with IPython 7 and widgets 7; Python 3.13 is too new for that IPython.
COLAB = ["ipywidgets==7.7.*", "ipykernel", 'ipython==7.34.*; python_version < "3.13"']
DISTRIBUTION = "sequence-models-course"
JOBS = min(os.cpu_count() or 1, 2)  # an environment takes 2 GB of disk
LEAKING = ("PYTHON", "JUPYTER", "IPYTHON", "KERAS", "SEQLIB", "VIRTUAL_ENV")


def pinned(root=ROOT):
    """List what requirements.txt pins of the packages that Colab brings and seqlib needs."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(rf"({'|'.join(PINNED)})==", line)]


def oldest(root=ROOT):
    """List the oldest versions that pyproject.toml allows of the same packages."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = map(Requirement, project["dependencies"] + project["optional-dependencies"]["tensorflow"])
    return [f"{need.name}=={next(iter(need.specifier)).version}.*" for need in needs if need.name in PINNED]


def moved(before, after):
    """List the packages of `pip freeze` `before` that are gone, or have another version, `after`."""
    there = dict(map(_package, after))
    return [
        f"{name}: {line} became {there.get(name, 'nothing')}"
        for name, line in map(_package, before)
        if there.get(name) != line
    ]


def _package(line):
    """Give a line of `pip freeze` with its package's name before it."""
    return re.split(r"==| @ ", line)[0].lower(), line


class Environment:
    """A fresh virtual environment with a kernel, cut off from this clone and from the user's own settings."""

    def __init__(self, folder, requirements):
        self.folder = folder
        venv.create(folder / "env", with_pip=True)
        self.python = folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}
        kept |= {"PYTHONNOUSERSITE": "1", "IPYTHONDIR": str(folder / "ipython"), "KERAS_HOME": str(folder / "keras")}
        self.variables = kept | one_thread.VARIABLES | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self.pip("install", *requirements)
        self.before = self.freeze()

    def pip(self, *arguments):
        """Run pip in the environment; give what it prints."""
        command = [self.python, "-m", "pip", "--disable-pip-version-check", "-qq", *arguments]
        run = subprocess.run(command, env=self.variables, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        if run.returncode:
            sys.exit(f"pip {' '.join(arguments)} failed in the fresh environment; its message is above")
        return run.stdout

    def freeze(self):
        """List the installed packages."""
        return self.pip("freeze").splitlines()

    def reset(self):
        """Take away what a notebook added, so that the next one begins where it began."""
        added = [name for name, line in map(_package, self.freeze()) if line not in self.before]
        if added:
            self.pip("uninstall", "--yes", *added)

    def run(self, notebook, name, allowed=()):
        """Execute a notebook alone in an empty folder, saying which cell it is at; keep that cell's number.

        Args:
            notebook: as `nbformat.read` gives it; it gets its outputs.
            name: what the lines on its progress call it.
            allowed: names of errors after which it goes on.

        Raises:
            CellExecutionError, CellTimeoutError, DeadKernelError: where a cell fails.
        """

        def at(cell, cell_index):
            self.cell = cell_index + 1
            first = cell.source.partition("\n")[0]
            print(f"{name}: cell {self.cell} of {len(notebook.cells)}: {first}", flush=True)

        manager = AsyncKernelManager(kernel_name="colab")
        manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[self._kernels()], ensure_native_kernel=False)
        with tempfile.TemporaryDirectory(dir=self.folder) as alone:
            client = NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": alone}})
            client.allow_error_names = list(allowed)
            client.km = manager  # set here and not above, so that the client ends the kernel too
            client.on_cell_execute = at
            client.execute(env=self.variables)

    def _kernels(self):
        """Write the description of a kernel that is the environment's Python."""
        kernel = self.folder / "kernels" / "colab" / "kernel.json"
        kernel.parent.mkdir(parents=True, exist_ok=True)
        command = [str(self.python), "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]
        kernel.write_text(json.dumps({"argv": command, "display_name": "Colab", "language": "python"}))
        return str(self.folder / "kernels")


def committed(path, root=ROOT):
    """Read a notebook from the last commit, with a setup cell that installs seqlib from that commit."""
    commit = _git("rev-parse", "HEAD", root=root).strip()
    text = _git("show", f"{commit}:{path.as_posix()}", root=root)
    notebook = nbformat.reads(text, as_version=nbformat.NO_CONVERT)
    return setup_cell.fill(notebook, f"{root.as_uri()}@{commit}")


def _git(*arguments, root):
    run = subprocess.run(["git", *arguments], cwd=root, capture_output=True, encoding="utf-8")
    if run.returncode:
        sys.exit(f"git {' '.join(arguments)}: expected a clone with this in its last commit, got: {run.stderr.strip()}")
    return run.stdout


def check(environment, path, root=ROOT, brief=False):
    """Run one notebook as Colab would, where `brief` without learning; list what is wrong."""
    notebook = committed(path, root)
    if brief:
        notebook = without_learning(notebook, path)
    try:
        environment.run(notebook, path, test_inverse.ASSERTIONS if brief else ())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return [f"{path}: cell {environment.cell}: {error}"]
    after = environment.freeze()
    problems = [f"{path}: expected pip to move nothing, but {change}" for change in moved(environment.before, after)]
    if not any(name == DISTRIBUTION for name, _ in map(_package, after)):
        problems.append(f"{path}: expected the setup cell to install {DISTRIBUTION}, it did not")
    # The template's claim is an example, for authors.
    if brief and path != TEMPLATE and claim_runs.tagged(notebook):
        wrong = test_inverse.report(path, *claim_runs.judge(notebook))
        problems += [f"{path}: {wrong} not as expected without learning: see WRONG above"] if wrong else []
    return problems


def check_all(paths, requirements, brief=False):
    """Run notebooks, some at a time; list what is wrong."""
    left = iter(paths)  # shared: whoever is free takes the next

    def work(number):
        environment = Environment(Path(folder, str(number)), requirements)
        problems = []
        for path in left:
            problems += check(environment, path, brief=brief)
            environment.reset()
        return problems

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        workers = [pool.submit(work, number) for number in range(min(JOBS, len(paths)))]
        return [problem for worker in workers for problem in worker.result()]


def main(arguments):
    """Run the notebooks; exit 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oldest", action="store_true", help="the oldest versions that pyproject.toml allows")
    parser.add_argument("--brief", action="store_true", help="with learning switched off: the inverse test too")
    parser.add_argument("notebooks", nargs="*", type=Path, help="paths from the top of the clone")
    options = parser.parse_args(arguments)
    if _git("status", "--porcelain", root=ROOT):
        print("Note: there are changes that are not committed. What is tested is the last commit.")
    requirements = [*(oldest() if options.oldest else pinned()), *COLAB]
    print(f"Fresh environments with {', '.join(requirements)}: this takes a few minutes", flush=True)
    problems = check_all(options.notebooks or [TEMPLATE, *toc.notebooks()], requirements, options.brief)
    if problems:
        sys.exit("\n".join(problems))
    print("Every notebook ran as in Colab, and pip moved nothing that was there")


if __name__ == "__main__":
    main(sys.argv[1:])
