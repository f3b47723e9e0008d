"""Read the verdicts that notebooks gave, from the outputs of their claim cells."""

from seqlib.evidence.verdicts import MIME

TAG = "claim-"


def shown(cell):
    """Give the verdicts in the outputs of a cell: a dictionary from a claim's id to its id, verdict and figure."""
    outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
    return {data[MIME]["id"]: data[MIME] for data in outputs if MIME in data}


def claimed(cell):
    """List the ids of the claims that a cell is tagged with."""
    return [tag.removeprefix(TAG) for tag in cell.metadata.get("tags", []) if tag.startswith(TAG)]
