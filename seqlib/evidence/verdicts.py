"""Verdicts: a claim's cell shows what it measured, says what that means for the claim, and asserts it."""

import html
import re
from collections.abc import Mapping

import numpy as np

from seqlib.evidence.ledger import claims

# The words that a verdict may have; what follows "holds when" is the condition.
VERDICTS = r"holds|holds when \S.*|does not hold|not decided by experiment"
MARKS = {"holds": "✓", "holds when": "◐", "does not hold": "✗", "not decided by experiment": "–"}
# Beside what it shows, a claim's output carries the verdict in this type, for whoever reads the notebook's outputs.
MIME = "application/vnd.seqlib.claim+json"

_made = {}  # the claims of this notebook so far: id to what its output carries


class NotBorneOut(AssertionError):
    """What was measured does not bear out the verdict."""


def claim(id, verdict, figure, checks):
    """Give the verdict on a claim of the ledger: show it with what was measured, and assert it.

    Args:
        id: the claim's id, that of the cell's tag `claim-<id>`.
        verdict: `"holds"`, `"holds when ..."` with the condition, `"does not hold"`, or
            `"not decided by experiment"`.
        figure: what was measured, in a sentence with its numbers.
        checks: dictionary from a sentence to whether it is true, as measured. All must be true for the verdict
            to stand: for `"does not hold"` they say what refutes the claim. Empty where no experiment decides.

    Raises:
        NotBorneOut: where a check is false; nothing is shown then.
        ValueError: where the ledger has no such claim, the verdict has other words, `figure` is empty, or a check
            is no boolean.

    Taught in chapter 2.
    """
    _check_arguments(id, verdict, figure, checks)
    false = [sentence for sentence, true in checks.items() if not true]
    if false:
        _made.pop(id, None)  # of an earlier run of the cell
        raise NotBorneOut(f"claim {id}: {verdict!r} is not borne out: not true that {'; '.join(false)}. Got: {figure}")
    _made[id] = {"id": id, "verdict": verdict, "figure": figure}
    card = f'<div class="seqlib-claim {style(kind(verdict))}" id="claim-{id}">'
    card += f"<strong>Claim.</strong> {_text(claims()[id].text)}<br>"
    card += f"{_verdict_html(verdict)} {_text(figure)}</div>"
    _display(card, f"Claim: {claims()[id].text}\n{mark(verdict)} {verdict}: {figure}", {MIME: _made[id]})


def takeaways(chapter, ids=None):
    """Show the claims of a chapter with the verdicts that this notebook gave them, each linked to its experiment.

    Args:
        chapter: number of the chapter.
        ids: the claims that this notebook tests, where the chapter has several notebooks; None for all of the chapter.

    Raises:
        NotBorneOut: where one of them has no verdict yet.
        ValueError: where the ledger has no such chapter, or the chapter no such claim.

    Taught in chapter 2.
    """
    ours = claims(chapter)
    if ids is not None:
        unknown = [id for id in ids if id not in ours]
        if unknown or not ids:
            raise ValueError(f"ids: expected some of {', '.join(ours)}, got {', '.join(map(str, unknown)) or 'none'}")
        ours = {id: entry for id, entry in ours.items() if id in ids}
    missing = [id for id in ours if id not in _made]
    if missing:
        raise NotBorneOut(f"chapter {chapter}: expected a verdict on every claim, got none on {', '.join(missing)}")
    items, lines = [], []
    for id, entry in ours.items():
        verdict, figure = _made[id]["verdict"], _made[id]["figure"]
        link = f'<a href="#claim-{id}">experiment</a>'
        item = f"{_text(entry.text)}<br>{_verdict_html(verdict)} {_text(figure)} {link}"
        items.append(f'<li class="{style(kind(verdict))}">{item}</li>')
        lines.append(f"- {entry.text}\n  {mark(verdict)} {verdict}: {figure}")
    _display(f'<ul class="seqlib-takeaways">{"".join(items)}</ul>', "\n".join(lines), {})


def mark(verdict):
    """Give the sign of a verdict, for those who see no color."""
    return MARKS[kind(verdict)]


def kind(verdict):
    """Give which verdict it is, without the condition."""
    return next(words for words in reversed(MARKS) if verdict.startswith(words))


def style(kind):
    """Give the class that the site's style sheet knows a kind of verdict by."""
    return f"verdict-{kind.replace(' ', '-')}"


def _verdict_html(verdict):
    return f'<strong class="seqlib-verdict">{mark(verdict)} {_text(verdict)}:</strong>'


def _text(text):
    return html.escape(text, quote=False)


def _display(page, plain, data):
    from IPython.display import display

    display({"text/html": page, "text/plain": plain, **data}, raw=True)


def _check_arguments(id, verdict, figure, checks):
    if not isinstance(id, str) or id not in claims():
        raise ValueError(f"id: expected a claim of the ledger, seqlib/evidence/claims.toml, got {id!r}")
    if not isinstance(verdict, str) or not re.fullmatch(VERDICTS, verdict):
        raise ValueError(
            f"verdict: expected one of {', '.join(MARKS)} (with a condition after `when`), got {verdict!r}"
        )
    if not isinstance(figure, str) or not figure.strip():
        raise ValueError(f"figure: expected a sentence with what was measured, got {figure!r}")
    if not isinstance(checks, Mapping) or not all(map(_is_check, checks.items())):
        raise ValueError(f"checks: expected a dictionary from sentences to booleans, got {checks!r}")
    if bool(checks) == (verdict == "not decided by experiment"):
        raise ValueError(f"checks: expected some for a measured verdict and none otherwise, got {checks!r}")


def _is_check(item):
    sentence, true = item
    return isinstance(sentence, str) and bool(sentence.strip()) and isinstance(true, bool | np.bool_)
