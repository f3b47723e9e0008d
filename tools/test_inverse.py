"""Run notebooks with learning switched off: what rests on training must fail then, and nothing else may.

    python tools/test_inverse.py [notebook ...]

Without arguments: every notebook of the book that has claim cells. A claim whose verdict needs no training says why in
the ledger, `untrained` in seqlib/evidence/claims.toml, and must still hold. Every other one must fail, by its own call
of `claim`: an error of another kind proves nothing. Other cells may fail by an assertion only. Exits 1 where anything
is not as it should be.
"""

import sys
from pathlib import Path

import nbformat

import claim_runs
import toc
from claim_runs import FAILED, HELD
from kernels import CellFailed
from normalize_notebooks import shown
from seqlib.evidence import claims

ASSERTIONS = {"AssertionError", "NotBorneOut"}


def compare(outcomes, failures, ledger):
    """Compare a run without learning with what the ledger says of its claims.

    Args:
        outcomes, failures: as `claim_runs.judge` gives them.
        ledger: the claims by id.

    Returns:
        Rows of a table: what it is about, what came out, whether that is as it should be, and why.
    """
    rows = []
    for id, outcome in outcomes.items():
        reason = ledger[id].untrained
        right = outcome.state == (HELD if reason else FAILED)
        rule = f"needs no training: {reason}" if reason else "rests on training"
        rows.append((id, outcome.state, right, f"{rule} | {outcome.text}"))
    for failure in failures:
        allowed = failure.name in ASSERTIONS
        rows.append((f"cell {failure.cell}", failure.name, allowed, failure.message))
    return rows


def report(name, outcomes, failures):
    """Print the table of a run without learning, and give the number of rows that are not as they should be."""
    rows = compare(outcomes, failures, claims())
    wide = max(len(subject) for subject, *_ in rows)
    lines = [f"{name} without learning:"]
    for subject, result, right, why in rows:
        lines.append(f"  {'right' if right else 'WRONG'}  {subject:{wide}}  {result:10}  {why}".rstrip())
    print("\n".join(lines), flush=True)  # in one piece: other notebooks may be at work beside this one
    return sum(not right for _, _, right, _ in rows)


def with_claims(root=toc.ROOT):
    """List the book's notebooks that have claim cells."""
    paths = [root / path for path in toc.notebooks(root)]
    return [path for path in paths if claim_runs.tagged(nbformat.read(path, as_version=4))]


def main(arguments):
    """Run the notebooks, one after another; exit 1 where anything is not as it should be."""
    paths = [Path(argument) for argument in arguments] or with_claims()
    if not paths:
        sys.exit("_toc.yml: expected notebooks with claim cells, found none")
    try:
        wrong = sum(report(shown(path).as_posix(), *claim_runs.run(path, learning=False)) for path in paths)
    except (CellFailed, ValueError) as error:
        sys.exit(str(error))
    if wrong:
        sys.exit(f"{wrong} not as expected without learning: see WRONG above")
    print("Without learning every claim fails, but for those that need no training")


if __name__ == "__main__":
    main(sys.argv[1:])
