"""Run a notebook in a kernel of this Python, and say where it is."""

import os
import re
import time

TIMEOUT = 600  # seconds a cell may take
REMIND = 20  # seconds between two lines about the same notebook


class CellFailed(Exception):
    """A cell raised an error, took too long, or its kernel died."""


async def execute(notebook, name, folder, timeout=TIMEOUT, variables=None, **options):
    """Run a notebook, which gets its outputs, and give the seconds that it took.

    Args:
        notebook: as `nbformat.read` gives it.
        name: what the lines on its progress call it.
        folder: where it runs.
        timeout: seconds that a cell may take.
        variables: environment variables of the kernel, beside those of this process.
        options: further ones of `nbclient.NotebookClient`.

    Raises:
        CellFailed: where a cell does not run to its end.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    progress = _Progress(name, notebook)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=_own_kernel(),
        # The kernel would warn that it is not encrypted; it listens on this machine only.
        extra_arguments=["--log-level=ERROR"],
        timeout=timeout,
        # The cache's key holds the cells' metadata, so nothing may be added there.
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=progress.cell_started,
        **options,
    )
    try:
        await client.async_execute(env={**os.environ, **(variables or {})})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise CellFailed(progress.failure(error)) from None
    return progress.done()


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

    def __init__(self, name, notebook):
        self.name, self.notebook, self.cell = name, notebook, 0
        self.start = self.said = time.monotonic()
        self._say("started")

    def cell_started(self, cell, cell_index):
        self.cell = cell_index
        if time.monotonic() - self.said > REMIND:
            self._say(f"at cell {cell_index + 1} of {len(self.notebook.cells)}")

    def done(self):
        self._say("done")
        return time.monotonic() - self.start

    def failure(self, error):
        message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        return f"{self.name}, cell {self.cell + 1} of {len(self.notebook.cells)} failed.\n{message}"

    def _say(self, what):
        self.said = time.monotonic()
        print(f"  {self.name}: {what}, {self.said - self.start:.0f} s", flush=True)
