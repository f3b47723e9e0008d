"""The cell that opens every notebook: it gets seqlib where it is missing, then starts it.

Every notebook holds the same text, with no address in it. `fill` makes the copy that learners open from the
site or in Colab: that one knows where to install seqlib from.
"""

import copy

TAG = "setup"
FOLDED = ["hide-input"]  # on the site, where nobody runs it, it would stand in the way
UNSET = 'ADDRESS = ""'

# It imports `seqlib.runtime`, because another project owns the name seqlib on the public package index:
# finding a seqlib proves nothing. That one is forgotten once ours is installed.
SOURCE = f"""\
# The same in every notebook: install seqlib where it is missing, start it.
import sys

{UNSET}
try:
    import seqlib.runtime
except ModuleNotFoundError:
    if not ADDRESS:
        advice = "open the notebook from the site, or run it in a clone"
        raise ModuleNotFoundError(f"no seqlib here: {{advice}}") from None
    %pip install --quiet "git+{{ADDRESS}}"
    if globals().get("_exit_code"):
        raise RuntimeError(f"pip could not install {{ADDRESS}}") from None
    sys.modules.pop("seqlib", None)
    import seqlib.runtime

seqlib.start(seed=0)"""


def is_setup(cell):
    """Say whether a cell of a notebook is tagged as its setup cell."""
    return TAG in cell.metadata.get("tags", [])


def fill(notebook, address):
    """Give a copy of a notebook whose setup cell installs seqlib from `address`.

    Args:
        notebook: a notebook as `nbformat.read` gives it, with the setup cell of this module.
        address: what pip takes after `git+`, such as `https://host/owner/name@commit`.

    Raises:
        ValueError: where the notebook has no such cell, or `address` would not survive inside its string.
    """
    if not address or set(address) & set("\"'{}\\$ \n"):
        raise ValueError(f"address: expected one such as https://host/owner/name@commit, got {address!r}")
    filled = copy.deepcopy(notebook)
    cells = [cell for cell in filled.cells if is_setup(cell) and cell.source == SOURCE]
    if len(cells) != 1:
        raise ValueError(f"notebook: expected one cell with the text of tools/setup_cell.py, got {len(cells)}")
    cells[0].source = SOURCE.replace(UNSET, f'ADDRESS = "{address}"')
    return filled
