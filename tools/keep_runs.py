"""What nbval runs is kept for the book, so that the build after the tests runs no notebook again.

A plugin of pytest, which notebooks/conftest.py registers. A notebook of the book is kept where all its cells ran in one
go and passed, and nothing that counts was changed meanwhile.
"""

import copy
import time

import pytest
from jupyter_cache import get_cache
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbval.plugin import IPyNbCell

import execute_notebooks
import toc


class Keeper:
    """Listen to the kernels that nbval starts.

    Args:
        root: the folder of the book.
    """

    def __init__(self, root):
        self.root = root
        self.run = None  # that of the notebook that is at work: each worker has one at a time

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        """Run a cell and take down what its kernel says."""
        if not isinstance(item, IPyNbCell):
            return (yield)
        if self.run is None or self.run.file is not item.parent:
            self.run = _Run(item.parent, self.root)
        self.run.heard.clear()
        result = yield  # an error leaves here, and what was heard goes unwritten
        self.run.write_down(item.cell_num)
        return result

    def pytest_runtest_teardown(self, item, nextitem):
        """Keep a notebook after its last cell, while its kernel lives."""
        last = nextitem is None or nextitem.parent is not item.parent
        if last and self.run is not None and self.run.file is item.parent:
            self.run.keep()
            self.run = None


class _Run:
    """One notebook as far as nbval has run it, with the outputs that nbclient makes of what was heard."""

    def __init__(self, file, root):
        self.file, self.root, self.heard, self.passed = file, root, [], 0
        self.state, self.start = execute_notebooks.digest(root), time.monotonic()
        self.notebook = copy.deepcopy(file.nb)
        self.places = [place for place, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]
        self.client = NotebookClient(self.notebook, record_timing=False)
        self.client.reset_execution_trackers()
        file.kernel.get_message = self._listening(file.kernel.get_message)

    def _listening(self, get_message):
        def get(stream, timeout=None):
            message = get_message(stream, timeout=timeout)
            if stream == "iopub":
                self.heard.append(message)
            return message

        return get

    def write_down(self, number):
        """Give the code cell of this number its outputs."""
        place = self.places[number]
        cell = self.notebook.cells[place]
        cell.outputs, self.client.clear_before_next_output = [], False
        request = next(heard["parent_header"]["msg_id"] for heard in self.heard if heard["msg_type"] == "execute_input")
        for message in self.heard:
            if message["parent_header"].get("msg_id") == request:
                try:
                    self.client.process_message(message, cell, place)
                except CellExecutionComplete:
                    break
        self.passed += 1
        cell.execution_count = self.passed

    def keep(self):
        """Put the notebook into the cache of the book, where it ran whole."""
        path = self.file.path.relative_to(self.root)
        changed = execute_notebooks.digest(self.root) != self.state
        if self.passed < len(self.places) or changed or path not in toc.notebooks(self.root):
            return
        self.client.set_widgets_metadata()
        info = self.file.kernel.kc.kernel_info(reply=True, timeout=60)["content"]
        self.notebook.metadata["language_info"] = info["language_info"]
        cache = get_cache(str(self.root / execute_notebooks.CACHE))
        seconds = time.monotonic() - self.start
        execute_notebooks.keep(cache, self.notebook, self.root / path, seconds, self.state)
