"""Run the notebooks of the book that changed, several at a time, and keep what came out for the build.

    python tools/execute_notebooks.py

A notebook is run again where its code, seqlib, the pinned environment or the Python is not what it was. The first
cell that fails stops everything, and is named.
"""

import asyncio
import hashlib
import os
import re
import sys
import time

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

import toc

CACHE = ".jupyter_cache"
TIMEOUT = 600  # seconds a cell may take
REMIND = 20  # seconds between two lines about the same notebook
JOBS = min(os.cpu_count() or 1, 8)


class CellFailed(Exception):
    """A cell raised an error, took too long, or its kernel died."""


def digest(root):
    """Give one hash of all that can change what a notebook prints, beside its own code."""
    files = [
        path for path in sorted((root / "seqlib").rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    ]
    settings = {name: os.environ.get(name) for name in ("KERAS_BACKEND", "SEQLIB_SEED")}
    total = hashlib.sha256(f"{sys.version_info[:2]} {settings}".encode())
    for path in [*files, root / "requirements.txt"]:
        total.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size} ".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def execute(root=toc.ROOT):
    """Bring the cache up to date; give the paths of the notebooks that were run.

    Raises:
        CellFailed: where a cell of a notebook did not run to its end; those that finished before are kept.
    """
    cache = get_cache(str(root / CACHE))
    state = digest(root)
    notebooks = {path: nbformat.read(root / path, as_version=4) for path in toc.notebooks(root)}
    stale = [path for path, notebook in notebooks.items() if not _is_fresh(cache, notebook, state)]
    if stale:
        print(f"Running {len(stale)} of {len(notebooks)} notebooks", flush=True)
        try:
            asyncio.run(_run_all({path: notebooks[path] for path in stale}, root, cache, state))
        except* CellFailed as failures:
            raise failures.exceptions[0] from None
    return stale


def _is_fresh(cache, notebook, state):
    try:
        return cache.match_cache_notebook(notebook).data.get("digest") == state
    except KeyError:
        return False


async def _run_all(notebooks, root, cache, state):
    """Run the notebooks; the first failure cancels the others, and their kernels end with them."""
    places = asyncio.Semaphore(JOBS)
    async with asyncio.TaskGroup() as group:
        for path, notebook in notebooks.items():
            group.create_task(_run(path, notebook, root, cache, state, places))


async def _run(path, notebook, root, cache, state, places):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    async with places:
        progress = _Progress(path, notebook)
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            kernel_manager_class=_own_kernel(),
            # The kernel would warn that it is not encrypted; it listens on this machine only.
            extra_arguments=["--log-level=ERROR"],
            timeout=TIMEOUT,
            # The cache's key holds the cells' metadata, so nothing may be added there.
            record_timing=False,
            resources={"metadata": {"path": str((root / path).parent)}},
            on_cell_start=progress.cell_started,
        )
        try:
            await client.async_execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise CellFailed(progress.failure(error)) from None
        bundle = CacheBundleIn(notebook, str(root / path), data={**progress.done(), "digest": state})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _own_kernel():
    """Give the class of kernels that run this Python, whatever kernels the user's Jupyter knows."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    class OwnKernel(AsyncKernelManager):
        def __init__(self, **options):
            # With no folders to look for kernels in, what is left is the one of this environment.
            super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **options)

    return OwnKernel


class _Progress:
    """Say where one notebook is."""

    def __init__(self, path, notebook):
        self.name, self.notebook, self.cell = path.as_posix(), notebook, 0
        self.start = self.said = time.monotonic()
        self._say("started")

    def cell_started(self, cell, cell_index):
        self.cell = cell_index
        if time.monotonic() - self.said > REMIND:
            self._say(f"at cell {cell_index + 1} of {len(self.notebook.cells)}")

    def done(self):
        self._say("done")
        return {"execution_seconds": time.monotonic() - self.start}

    def failure(self, error):
        message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        return f"{self.name}, cell {self.cell + 1} of {len(self.notebook.cells)} failed.\n{message}"

    def _say(self, what):
        self.said = time.monotonic()
        print(f"  {self.name}: {what}, {self.said - self.start:.0f} s", flush=True)


def main():
    """Run what changed."""
    try:
        count = len(execute())
    except CellFailed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped")
    print(f"Ran {count} notebooks" if count else "No notebook changed: none is run")


if __name__ == "__main__":
    main()
