"""Run the notebooks of the book that changed, several at a time, and keep what came out for the build.

    python tools/execute_notebooks.py

A notebook is run again where its code, seqlib, the pinned environment or the Python is not what it was. The first
cell that fails stops everything, and is named.
"""

import asyncio
import hashlib
import os
import sys

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

import kernels
import toc
from kernels import TIMEOUT, CellFailed

CACHE = ".jupyter_cache"
JOBS = min(os.cpu_count() or 1, 8)


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
    async with places:
        seconds = await kernels.execute(notebook, path.as_posix(), (root / path).parent, timeout=TIMEOUT)
        keep(cache, notebook, root / path, seconds, state)


def keep(cache, notebook, path, seconds, state):
    """Put a notebook that has run into the cache of the build.

    Args:
        cache: as `jupyter_cache.get_cache` gives it.
        notebook: with its outputs.
        path: of its file.
        seconds: the time that it took.
        state: what `digest` gave when it began.
    """
    bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds, "digest": state})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


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
