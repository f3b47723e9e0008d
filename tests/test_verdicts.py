"""Verdicts are shown only where the checks bear them out, and the ledger says what it should."""

import re
import tomllib
from dataclasses import replace

import nbformat
import numpy as np
import pytest

import verdicts as outputs
from seqlib.evidence import NotBorneOut, claim, claims, ledger, sources, takeaways, verdicts

KNOWN = {"chapter", "claim", "sources", "contradicts", "untrained"}
NAN = float("nan")


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """Give what is displayed, in a notebook that has given no verdict yet."""
    displayed = []
    monkeypatch.setattr(verdicts, "_made", {})
    monkeypatch.setattr("IPython.display.display", lambda data, raw: displayed.append(data))
    return displayed


@pytest.fixture
def odd(monkeypatch):
    """Put text that is markup into the ledger."""
    entry = replace(claims()["multilayer"], text="Layers <b>stack</b> & more.")
    monkeypatch.setattr(verdicts, "claims", lambda chapter=None: {"multilayer": entry})


@pytest.mark.parametrize(
    ("verdict", "mark", "style"),
    [
        ("holds", "✓", "verdict-holds"),
        ("holds when T < 20", "◐", "verdict-holds-when"),
        ("does not hold", "✗", "verdict-does-not-hold"),
    ],
)
def test_a_card_carries_verdict_and_figure(verdict, mark, style, shown, odd):
    claim("multilayer", verdict, "2 layers < 3 & one", {"more layers": np.float32(3) > 2, "less": True})
    (card,) = shown
    escaped = verdict.replace("<", "&lt;")
    assert card["text/html"] == (
        f'<div class="seqlib-claim {style}" id="claim-multilayer">'
        "<strong>Claim.</strong> Layers &lt;b&gt;stack&lt;/b&gt; &amp; more.<br>"
        f'<strong class="seqlib-verdict">{mark} {escaped}:</strong> 2 layers &lt; 3 &amp; one</div>'
    )
    assert card["text/plain"] == f"Claim: Layers <b>stack</b> & more.\n{mark} {verdict}: 2 layers < 3 & one"
    assert card[verdicts.MIME] == {"id": "multilayer", "verdict": verdict, "figure": "2 layers < 3 & one"}


def test_what_no_experiment_decides_needs_no_checks(shown):
    claim("multilayer", "not decided by experiment", "A matter of taste.", {})
    assert "–" in shown[0]["text/plain"] and shown[0][verdicts.MIME]["verdict"] == "not decided by experiment"


@pytest.mark.parametrize("false", [False, np.bool_(False), NAN > 0.5, NAN < 0.5, np.float64(NAN) == NAN])
def test_a_false_check_shows_nothing_and_says_what_is_not_true(false, shown):
    with pytest.raises(NotBorneOut) as stop:
        claim("multilayer", "does not hold", "loss nan", {"it is low": false, "it is a loss": True, "it fell": false})
    expected = "claim multilayer: 'does not hold' is not borne out: not true that it is low; it fell. Got: loss nan"
    assert str(stop.value) == expected and isinstance(stop.value, AssertionError)
    assert shown == []


GOOD = {"id": "multilayer", "verdict": "holds", "figure": "Two layers.", "checks": {"two": True}}


@pytest.mark.parametrize(
    ("argument", "wrong"),
    [
        *[("id", wrong) for wrong in ("example", "", None, ["multilayer"])],
        *[("verdict", wrong) for wrong in ("Holds", "holds when", "holds when ", "holds.", "it holds", "", None, True)],
        *[("figure", wrong) for wrong in ("", " ", None, 0.5)],
        *[("checks", wrong) for wrong in ({}, None, [True], True, {"two": 1}, {"two": "yes"}, {"two": None})],
        *[("checks", wrong) for wrong in ({"two": np.array([True])}, {2: True}, {" ": True})],
    ],
)
def test_a_wrong_argument_is_named(argument, wrong, shown):
    with pytest.raises(ValueError, match=f"^{argument}: expected .*, got {re.escape(repr(wrong))}$"):
        claim(**{**GOOD, argument: wrong})
    assert shown == []


def test_checks_where_nothing_is_decided_are_refused():
    with pytest.raises(ValueError, match="^checks: expected some for a measured verdict and none otherwise"):
        claim(**{**GOOD, "verdict": "not decided by experiment"})


def give_all(chapter):
    for id in claims(chapter):
        claim(id, "holds", f"as <{id}> was", {"so": True})


def test_takeaways_list_every_claim_of_the_chapter_with_its_link(shown):
    give_all(6)
    takeaways(6)
    page, plain = shown[-1]["text/html"], shown[-1]["text/plain"]
    assert re.findall(r'<a href="#claim-([a-z-]+)">', page) == list(claims(6))
    assert page.startswith('<ul class="seqlib-takeaways"><li class="verdict-holds">') and page.count("<li") == 8
    assert "as &lt;gru-long&gt; was" in page and "- GRU, too, learns long-term dependencies.\n  ✓ holds: as" in plain
    assert verdicts.MIME not in shown[-1]


def test_takeaways_miss_what_has_no_verdict(shown):
    give_all(6)
    with pytest.raises(NotBorneOut):
        claim("gru-long", "holds", "no more", {"so": False})
    del verdicts._made["gru-two-gates"]
    with pytest.raises(
        NotBorneOut, match="chapter 6: expected a verdict on every claim, got none on gru-two-gates, gru-long"
    ):
        takeaways(6)
    assert len(shown) == 8


def test_a_notebook_of_several_lists_its_own_claims(shown):
    give_all(6)
    del verdicts._made["gru-long"]
    takeaways(6, ["gru-two-gates"])
    assert re.findall(r'<a href="#claim-([a-z-]+)">', shown[-1]["text/html"]) == ["gru-two-gates"]
    with pytest.raises(NotBorneOut, match="got none on gru-long$"):
        takeaways(6, ["gru-two-gates", "gru-long"])


@pytest.mark.parametrize("ids", [[], ["qkv"], ["gru-long", "nothing"]])
def test_claims_of_another_chapter_are_named(ids):
    with pytest.raises(ValueError, match=r"^ids: expected some of gru-.*, got (none|qkv|nothing)$"):
        takeaways(6, ids)


@pytest.mark.parametrize("chapter", [0, 9, "6", [6]])
def test_a_chapter_without_claims_is_named(chapter):
    with pytest.raises(ValueError, match=r"^chapter: expected one of \[1, 2, 3, 4, 5, 6, 7, 8\], got "):
        takeaways(chapter)


def test_verdicts_are_read_from_the_outputs_of_cells(shown):
    claim(**GOOD)
    claim(**{**GOOD, "id": "same-weights"})
    cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell("1")]
    for data in shown:
        figure = nbformat.v4.new_output("display_data", {"text/plain": "x"})
        result = [nbformat.v4.new_output("stream", text="x"), nbformat.v4.new_output("display_data", data), figure]
        cells.append(nbformat.v4.new_code_cell("claim(...)", outputs=result))
    expected = {"id": "multilayer", "verdict": GOOD["verdict"], "figure": GOOD["figure"]}
    assert outputs.shown(cells[2]) == {"multilayer": expected}
    assert outputs.shown(cells[3]) == {"same-weights": {**expected, "id": "same-weights"}}
    assert outputs.shown(cells[0]) == outputs.shown(cells[1]) == {}
    cells[1].metadata.tags = ["hide-input", "claim-same-weights", "claim-multilayer"]
    assert outputs.claimed(cells[1]) == ["same-weights", "multilayer"] and outputs.claimed(cells[0]) == []


ENTRIES = tomllib.loads(ledger.FILE.read_text(encoding="utf-8"))
each = pytest.mark.parametrize("id", ENTRIES["claims"])


def is_sentence(text):
    return isinstance(text, str) and bool(re.fullmatch(r"[A-Z]\S*( \S+)+\.", text))


@each
def test_an_entry_of_the_ledger_says_all_and_nothing_else(id):
    entry = ENTRIES["claims"][id]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id)
    assert set(entry) <= KNOWN
    assert is_sentence(entry["claim"])
    assert "untrained" not in entry or len(entry["untrained"].split()) > 2  # a reason
    assert entry["sources"] and set(entry["sources"]) <= set(sources())
    assert len(set(entry["sources"])) == len(entry["sources"])
    assert entry.get("contradicts") != []


@each
def test_claims_contradict_each_other_mutually(id):
    for other in claims()[id].contradicts:
        assert other != id and id in claims()[other].contradicts
    assert set(ENTRIES["claims"][id].get("contradicts", [])) <= set(claims()[id].contradicts)


def test_the_ledger_covers_the_chapters_and_uses_every_source():
    assert set(ENTRIES) == {"sources", "claims"}
    assert {entry.chapter for entry in claims().values()} == set(range(1, 9))
    assert {key for entry in claims().values() for key in entry.sources} == set(sources())
    assert sum(len(claims(chapter)) for chapter in range(1, 9)) == len(claims()) == len(ENTRIES["claims"])
    assert claims()["short-term-memory"].contradicts == ("rnn-solves-long",)
    assert claims()["rnn-solves-long"].contradicts == ("short-term-memory",)
