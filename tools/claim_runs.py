"""Run a notebook with errors allowed, and read which of its claims held."""

import asyncio
from dataclasses import dataclass

import nbformat

import kernels
import verdicts
from no_learning import without_learning
from normalize_notebooks import shown
from seqlib.evidence import NotBorneOut, claims

HELD, FAILED, NO_VERDICT = "held", "failed", "no verdict"
EXPECTED_ERROR = "raises-exception"


@dataclass(frozen=True)
class Outcome:
    """What became of a claim.

    Attributes:
        state: held; failed, by its own call of `claim`; or no verdict, which proves nothing.
        text: the figure where it held, else what was wrong.
    """

    state: str
    text: str


@dataclass(frozen=True)
class Failure:
    """An error that no claim's outcome tells of.

    Attributes:
        cell: number of the cell, from 1.
        name: the error's class.
        message: its first line.
    """

    cell: int
    name: str
    message: str


def read(path):
    """Read a notebook that has claim cells.

    Raises:
        ValueError: where there is no such notebook, it has none, or the ledger does not know a claim.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise ValueError(f"{shown(path)}: expected a notebook, got {error}") from error
    ids = tagged(notebook)
    if not ids or not set(ids) <= set(claims()):
        got = ", ".join(ids) or "none"
        raise ValueError(f"{shown(path)}: expected cells tagged with claims of the ledger, got {got}")
    return notebook


def tagged(notebook):
    """List the ids of the claims that a notebook's cells are tagged with, in their order."""
    return [id for cell in notebook.cells for id in verdicts.claimed(cell)]


def run(path, learning=True, seed=None):
    """Run a notebook that has claim cells.

    Args:
        path: where it is.
        learning: False where no optimizer may move a weight.
        seed: what `seqlib.start` takes in the place of the notebook's own; None to leave that.

    Returns:
        As `judge`.

    Raises:
        ValueError: as in `read`; or there is not one setup cell, in which learning could be switched off.
        kernels.CellFailed: where a cell took too long, or its kernel died.
    """
    notebook = read(path)
    name, variables = shown(path).as_posix(), {}
    if not learning:
        name, notebook = f"{name} without learning", without_learning(notebook, name)
    if seed is not None:
        name, variables["SEQLIB_SEED"] = f"{name} with seed {seed}", str(seed)
    asyncio.run(kernels.execute(notebook, name, path.resolve().parent, variables=variables, allow_errors=True))
    return judge(notebook)


def judge(notebook):
    """Read from an executed notebook what became of its claims: a dictionary from id to `Outcome`, a list of `Failure`.

    An error in a claim cell is a failure of its own only where all claims of the cell held before it.
    """
    outcomes, failures = {}, []
    for number, cell in enumerate(notebook.cells, start=1):
        error = next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)
        ours = {id: _outcome(id, number, verdicts.shown(cell), error) for id in verdicts.claimed(cell)}
        outcomes |= ours
        expected = error is None or EXPECTED_ERROR in cell.metadata.get("tags", [])
        if not expected and all(outcome.state == HELD for outcome in ours.values()):
            failures.append(Failure(number, error.ename, _first_line(error.evalue)))
    return outcomes, failures


def _outcome(id, number, shown, error):
    # Its own call has failed where the message, see seqlib.evidence.claim, begins with the claim.
    if error and error.ename == NotBorneOut.__name__ and error.evalue.startswith(f"claim {id}: "):
        return Outcome(FAILED, _first_line(error.evalue).removeprefix(f"claim {id}: "))
    if id in shown:
        return Outcome(HELD, shown[id]["figure"])
    reason = f"stopped at {error.ename}: {_first_line(error.evalue)}" if error else "did not call claim(...)"
    return Outcome(NO_VERDICT, f"cell {number} {reason}")


def _first_line(text):
    return (text.splitlines() or [""])[0]
