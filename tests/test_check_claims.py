"""The form of claim cells: a chapter that keeps it passes, and each rule goes red on one that departs from it."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

import check_claims
from seqlib.evidence import Claim

LEDGER = {
    "learns": Claim("learns", 3, "It learns.", ("notes",), (), ""),
    "grows": Claim("grows", 3, "It grows.", ("notes",), (), ""),
    "counts": Claim("counts", 3, "It counts.", ("notes",), (), "A count."),
    "elsewhere": Claim("elsewhere", 4, "It is elsewhere.", ("notes",), (), ""),
}
LEARNS = 'claim("learns", "holds", f"{near:.0%}", {"near is high": near > 0.9})'
GROWS = 'evidence.claim("grows", "holds when long", figure="none", checks={f"over {n}": all(x > 0 for x in sizes)})'
COUNTS = 'claim(\n    "counts", "not decided by experiment", "Nothing to measure.", {}\n)'
TRY = "try:\n    {}\nexcept AssertionError:\n    pass"


@pytest.fixture(autouse=True)
def ledger(monkeypatch):
    monkeypatch.setattr(check_claims, "claims", lambda: LEDGER)


def chapter():
    """List the cells of a chapter: cells 3 and 5 carry the claims, cell 8 the takeaways."""
    return [
        new_markdown_cell("# Types\n\n## Experiments"),
        new_code_cell("near, sizes = 0.95, [1, 2]\nassert near"),
        new_code_cell(f"{COUNTS}\n{LEARNS}", metadata={"tags": ["claim-learns", "claim-counts"]}),
        new_markdown_cell("A sentence."),
        new_code_cell(f"n = 3\n{GROWS}", metadata={"tags": ["claim-grows"]}),
        new_markdown_cell("No claim:"),
        new_markdown_cell("## More\n\n## Takeaways"),
        new_code_cell("evidence.takeaways(3)"),
        new_markdown_cell("## Exercises"),
        new_code_cell("try:\n    sizes = near\nexcept ValueError:\n    pass"),
    ]


def problems(cells, path):
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return check_claims.check(path, list(enumerate(cells, start=1)))


def replaced(number, old, new):
    """Break a chapter by replacing text in a cell."""

    def breaking(cells):
        assert old in cells[number - 1].source
        cells[number - 1].source = cells[number - 1].source.replace(old, new)
        return number

    return breaking


def tagged(number, *tags):
    """Break a chapter by giving a cell other tags."""

    def breaking(cells):
        cells[number - 1].metadata.tags = list(tags)
        return number

    return breaking


def whole(breaking):
    """Expect the problem at no single cell."""
    return lambda cells: breaking(cells) and None


def swallowed(statement):
    """Break a chapter by a statement, in cell 10, whose error is caught."""
    return replaced(10, "sizes = near", statement)


def as_text(cells):
    """Break a chapter by a claim cell that is no code."""
    cells[4] = new_markdown_cell(cells[4].source, metadata={"tags": ["claim-grows"]})
    return 5


ONE_CALL = r'expected one call claim\("<id>", \.\.\.\) for each of its tags, '
VERDICT, CHECKS = "expected a verdict, as a string that matches", "expected the checks as a dictionary written there"
MEASURED = "expected each check to compare what was measured, got "
CAUGHT, BLOCK = "where an error is caught", "expected claim.* as a statement of its own"
BROKEN = {
    "unknown claim": (tagged(5, "claim-grows", "claim-nothing"), "that the ledger has for this chapter, got nothing"),
    "another chapter's": (tagged(5, "claim-grows", "claim-elsewhere"), "for this chapter, got elsewhere"),
    "claim without a cell": (whole(tagged(5)), "expected a cell for each claim .* none tagged claim-grows$"),
    "no call": (replaced(5, "evidence.claim", "print"), f"{ONE_CALL}grows; got none"),
    "no tag": (tagged(5), f"{ONE_CALL}none; got 'grows'"),
    "claim in text": (as_text, f"{ONE_CALL}grows; got none"),
    "another id": (replaced(5, '"grows"', '"counts"'), f"{ONE_CALL}grows; got 'counts'"),
    "id not literal": (replaced(5, '"grows"', "name"), f"{ONE_CALL}grows; got name"),
    "two calls": (replaced(3, LEARNS, f"{COUNTS}\n{LEARNS}"), f"{ONE_CALL}learns, counts; got 'counts', 'counts', 'le"),
    "errors expected": (tagged(5, "claim-grows", "raises-exception"), "a claim cell without the tag raises-exception"),
    "in a block": (replaced(5, "evidence.claim", "if n:\n    claim"), BLOCK),
    "in an expression": (replaced(5, "evidence.claim", "n and claim"), BLOCK),
    "trained, then another": (replaced(3, f"{COUNTS}\n{LEARNS}", f"{LEARNS}\n{COUNTS}"), "at most one claim that"),
    "verdict in other words": (replaced(3, '"holds"', '"mostly"'), f"{VERDICT}.* got 'mostly'"),
    "condition missing": (replaced(5, "holds when long", "holds when "), f"{VERDICT}.* got 'holds when '"),
    "verdict not literal": (replaced(3, '"holds"', 'f"holds"'), f"{VERDICT}.* got f'holds'"),
    "verdict chosen": (replaced(3, '"holds"', '"holds" if near else "does not hold"'), f"{VERDICT}.* got 'holds' if"),
    "verdict missing": (replaced(3, '"holds", ', ""), f"{VERDICT}.* got f"),
    "checks made elsewhere": (replaced(3, '{"near is high": near > 0.9}', "checks"), f"{CHECKS}, got checks"),
    "no checks": (replaced(3, ', {"near is high": near > 0.9}', ""), f"{CHECKS}, got nothing"),
    "a literal": (replaced(3, "near > 0.9", "True"), f"{MEASURED}True"),
    "constants compared": (replaced(3, "near > 0.9", "0.95 > 0.9"), f"{MEASURED}0.95 > 0.9"),
    "a function of constants": (replaced(3, "near > 0.9", "bool(1)"), f"{MEASURED}bool"),
    "a loop over constants": (replaced(5, "in sizes", "in [1, 2]"), f"{MEASURED}all"),
    "checks taken in": (replaced(3, '"near is high": near > 0.9', "**near"), f"{MEASURED}near"),
    "assertion caught": (swallowed("assert near"), CAUGHT),
    "assertion deep inside": (swallowed("for n in sizes:\n        assert n"), CAUGHT),
    "NumPy's assertion caught": (swallowed("np.testing.assert_allclose(near, 1)"), CAUGHT),
    "claim caught": (replaced(5, GROWS, TRY.format(GROWS)), CAUGHT),
    "takeaways caught": (replaced(8, "evidence.takeaways(3)", TRY.format("takeaways(3)")), CAUGHT),
    "error suppressed": (replaced(2, "assert near", "with contextlib.suppress(E):\n    assert near"), CAUGHT),
    "no takeaways": (whole(replaced(8, "evidence.takeaways(3)", "3")), r"one call takeaways\(3\), .* got none"),
    "takeaways twice": (whole(replaced(8, "takeaways(3)", "takeaways(3), takeaways(3)")), r"one call takeaways\(3\)"),
    "another chapter's takeaways": (whole(replaced(8, "(3)", "(4)")), r"got takeaways\(4\) in Takeaways"),
    "takeaways too late": (whole(replaced(7, "## Takeaways", "")), r"got takeaways\(3\) in More"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule_goes_red(name, tmp_path):
    breaking, message = BROKEN[name]
    cells = chapter()
    number = breaking(cells)
    found = problems(cells, tmp_path / "03_types.ipynb")
    assert [place for place, text in found if re.search(message, text)] == [number], found


def test_a_chapter_that_keeps_the_form(tmp_path):
    assert problems(chapter(), tmp_path / "03_types.ipynb") == []


def test_what_catches_no_error_may_assert(tmp_path):
    cells = chapter()
    cells[9].source = "try:\n    assert near\nfinally:\n    n = 1\nwith open(near):\n    assert near"
    assert problems(cells, tmp_path / "03_types.ipynb") == []


def test_two_notebooks_share_a_chapter(tmp_path):
    one, other = chapter(), chapter()
    one[7].source = "takeaways(3, ['learns', 'counts'])"
    other[7].source = "takeaways(3, ['grows'])"
    del one[4], other[2]
    problems(one, tmp_path / "03_a.ipynb")
    assert problems(other, tmp_path / "03_b.ipynb") == []
    other[6].source = "evidence.takeaways(3)"
    wanted = r"expected one call takeaways(3, ['grows']), in the section Takeaways; got takeaways(3) in Takeaways"
    assert problems(other, tmp_path / "03_b.ipynb") == [(None, wanted)]
    other[3].metadata.tags = ["claim-counts"]
    other[3].source = COUNTS
    other[6].source = "evidence.takeaways(3, ['counts'])"
    twice = "expected one cell tagged claim-counts, got 03_b.ipynb cell 4, 03_a.ipynb cell 3"
    missing = "expected a cell for each claim of the chapter, found none tagged claim-grows"
    assert problems(other, tmp_path / "03_b.ipynb") == [(None, missing), (4, twice)]


@pytest.mark.parametrize("name", ["exercises/03_types.ipynb", "applications/03_types.ipynb", "05_lstm.ipynb"])
def test_what_is_no_chapter_of_the_ledger_gives_no_verdicts(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    found = problems(chapter(), path)
    assert [place for place, _ in found] == [3, 5] and "for this chapter, got learns, counts" in found[0][1]
    for cell in (cells := chapter()):
        cell.metadata, cell.source = {}, cell.source.replace("claim(", "print(")
    assert problems(cells, path) == []


def test_the_template_is_exempt_from_the_ledger_alone(tmp_path):
    path = tmp_path / check_claims.TEMPLATE
    cells = [new_code_cell("assert left", metadata={"tags": ["claim-example"]})]
    assert problems(cells, path) == []
    cells[0].source = TRY.format("assert left")
    assert [place for place, _ in problems(cells, path)] == [1]


def test_what_is_no_python_is_left_to_others(tmp_path):
    cells = [*chapter(), new_code_cell("%pip install x\nclaim(")]
    assert problems(cells, tmp_path / "03_types.ipynb") == []
