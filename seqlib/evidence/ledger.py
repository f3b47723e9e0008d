"""The ledger: every claim that the course tests, as claims.toml beside this file has it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("claims.toml")


@dataclass(frozen=True)
class Claim:
    """A sentence that the sources teach, to be tested in a chapter.

    Attributes:
        id: its stable name; the cell that tests it is tagged `claim-<id>`.
        chapter: number of that chapter.
        text: the claim, in the course's words.
        sources: keys of the documents that state it, see `sources`.
        contradicts: ids of the claims that say the opposite.
        untrained: why the verdict needs no training, empty where it rests on training.
    """

    id: str
    chapter: int
    text: str
    sources: tuple
    contradicts: tuple
    untrained: str


def claims(chapter=None):
    """Give the claims of one chapter, or all, in their order: a dictionary from id to `Claim`.

    Args:
        chapter: its number; None for all.

    Raises:
        ValueError: where there is no claim for such a chapter.

    Taught in chapter 2.
    """
    chapters = sorted({claim.chapter for claim in _ledger().values()})
    if chapter is not None and chapter not in chapters:
        raise ValueError(f"chapter: expected one of {chapters}, got {chapter!r}")
    return {id: claim for id, claim in _ledger().items() if chapter in (None, claim.chapter)}


def sources():
    """Give the documents whose claims are tested: a dictionary from key to a description."""
    return _file()["sources"]


@cache
def _file():
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _ledger():
    entries = _file()["claims"]
    said = {id: set(entry.get("contradicts", [])) for id, entry in entries.items()}
    return {
        id: Claim(
            id=id,
            chapter=entry["chapter"],
            text=entry["claim"],
            sources=tuple(entry["sources"]),
            # To contradict is mutual, and the file says it once.
            contradicts=tuple(other for other in entries if other in said[id] or id in said[other]),
            untrained=entry.get("untrained", ""),
        )
        for id, entry in entries.items()
    }
