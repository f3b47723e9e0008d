"""Claims and what bears them out: the ledger, verdicts that are asserted, and stored results of the studies."""

from seqlib.evidence.ledger import Claim, claims, sources
from seqlib.evidence.results import band, provenance, stored
from seqlib.evidence.verdicts import NotBorneOut, claim, takeaways

__all__ = ["Claim", "NotBorneOut", "band", "claim", "claims", "provenance", "sources", "stored", "takeaways"]
