"""Read the verdicts that notebooks gave, from the outputs of their claim cells."""

from seqlib.evidence.verdicts import MIME

TAG = "claim-"


def given(notebook):
    """List the verdicts in an executed notebook: a dictionary from a claim's id to its id, verdict and figure."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            verdict = output.get("data", {}).get(MIME)
            if verdict:
                found[verdict["id"]] = verdict
    return found


def claimed(cell):
    """List the ids of the claims that a cell is tagged with."""
    return [tag.removeprefix(TAG) for tag in cell.metadata.get("tags", []) if tag.startswith(TAG)]
