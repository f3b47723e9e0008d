"""What became of each claim is read right; without learning, and under other seeds, nothing slips through."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import claim_runs
import kernels
import setup_cell
import test_inverse
import test_seeds
from claim_runs import FAILED, HELD, NO_VERDICT, Failure, Outcome
from seqlib.evidence import Claim

IMPORT = "import os\nfrom seqlib.evidence import claim"
FALSE = 'claim("{}", "holds", "one", {{"one is two": one == 2}})'
TRUE = 'claim("{}", "holds", "one", {{"one is one": one == 1}})'


def cell(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)})


def claim_cell(source, *ids):
    return cell(source, *(f"claim-{id}" for id in ids))


@pytest.fixture
def write(tmp_path):
    """Give a function that writes cells as a notebook and gives its path."""

    def written(*cells):
        path = tmp_path / "02_small.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
        return path

    return written


def entry(id, untrained=""):
    return Claim(id, 2, "It is so.", ("notes",), (), untrained)


def test_every_way_a_claim_can_end(write, capfd):
    """Its own call decides; whatever else stops a cell gives no verdict. The notebook runs on after each error."""
    path = write(
        cell(f"{IMPORT}\none = 1"),
        claim_cell(TRUE.format("same-weights"), "same-weights"),
        claim_cell(FALSE.format("multilayer"), "multilayer"),
        claim_cell("missing\n" + TRUE.format("state-from-two"), "state-from-two"),
        claim_cell("assert one == 2, 'no\\nnumber'\n" + TRUE.format("state-holds-past"), "state-holds-past"),
        claim_cell(FALSE.format("pattern-memory").replace("holds", "seems"), "pattern-memory"),
        claim_cell(
            "\n".join([TRUE.format("same-as-nn"), FALSE.format("unit-own-output"), TRUE.format("good-at-generation")]),
            *("same-as-nn", "unit-own-output", "good-at-generation"),
        ),
        claim_cell("one", "step-by-step-memory"),
        claim_cell("assert one == 2, 'claim rnn-solves-long: no'", "rnn-solves-long"),
        claim_cell(TRUE.format("short-term-memory") + "\n1 / 0", "short-term-memory"),
        cell("import sys\nprint('noise', file=sys.stderr)\nassert one == 2"),
        cell("assert one == 2", "raises-exception"),
    )
    outcomes, failures = claim_runs.run(path)
    not_two = "'holds' is not borne out: not true that one is two. Got: one"
    third = f"cell 7 stopped at NotBorneOut: claim unit-own-output: {not_two}"
    verdict = outcomes.pop("pattern-memory")
    assert outcomes == {
        "same-weights": Outcome(HELD, "one"),
        "multilayer": Outcome(FAILED, not_two),
        "state-from-two": Outcome(NO_VERDICT, "cell 4 stopped at NameError: name 'missing' is not defined"),
        "state-holds-past": Outcome(NO_VERDICT, "cell 5 stopped at AssertionError: no"),
        "same-as-nn": Outcome(HELD, "one"),
        "unit-own-output": Outcome(FAILED, not_two),
        "good-at-generation": Outcome(NO_VERDICT, third),
        "step-by-step-memory": Outcome(NO_VERDICT, "cell 8 did not call claim(...)"),
        "rnn-solves-long": Outcome(NO_VERDICT, "cell 9 stopped at AssertionError: claim rnn-solves-long: no"),
        "short-term-memory": Outcome(HELD, "one"),
    }
    assert verdict.state == NO_VERDICT and verdict.text.startswith("cell 6 stopped at ValueError: verdict: expected")
    assert failures == [Failure(10, "ZeroDivisionError", "division by zero"), Failure(11, "AssertionError", "")]
    printed = capfd.readouterr()
    assert printed.out.startswith(f"  {path.as_posix()}: started") and printed.err == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a notebook, got .*No such file"),
        ("{", "expected a notebook, got "),
        ("{}", "expected a notebook, got "),
        ([], "expected cells tagged with claims of the ledger, got none"),
        ([claim_cell("1", "multilayer", "example")], "expected cells .* of the ledger, got multilayer, example"),
    ],
)
def test_what_has_no_claims_to_run_is_named(content, message, write, tmp_path):
    path = tmp_path / "02_other.ipynb"
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path = write(*content)
    with pytest.raises(ValueError, match=f"{path.name}: {message}"):
        claim_runs.run(path)


def test_a_kernel_that_dies_stops_the_run(write):
    with pytest.raises(kernels.CellFailed, match=r"02_small\.ipynb with seed 3, cell 1 of 1 failed"):
        claim_runs.run(write(claim_cell("import os\nos._exit(1)", "multilayer")), seed=3)


@pytest.mark.parametrize(
    ("untrained", "state", "right"),
    [
        ("", FAILED, True),
        ("", HELD, False),
        ("", NO_VERDICT, False),
        ("It is a count.", HELD, True),
        ("It is a count.", FAILED, False),
        ("It is a count.", NO_VERDICT, False),
    ],
)
def test_what_is_expected_without_learning(untrained, state, right):
    rows = test_inverse.compare({"x": Outcome(state, "figure")}, [], {"x": entry("x", untrained)})
    reason = f"needs no training: {untrained}" if untrained else "rests on training"
    assert rows == [("x", state, right, f"{reason} | figure")]


def test_other_cells_may_fail_by_an_assertion_only():
    names = {"AssertionError": True, "NotBorneOut": True, "NameError": False, "InvalidArgumentError": False}
    failures = [Failure(4, name, "so") for name in names]
    expected = [("cell 4", name, right, "so") for name, right in names.items()]
    assert test_inverse.compare({}, failures, {}) == expected


TRAINING = """
import keras
import numpy as np
inputs = np.linspace(-1, 1, 64, dtype="float32")[:, None]
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
model.fit(inputs, 2 * inputs, epochs=20, verbose=0)
loss = model.evaluate(inputs, 2 * inputs, verbose=0)
"""


@pytest.fixture
def trained(write):
    """A notebook with one claim that rests on training, one that does not, and one that only seems to."""
    return write(
        cell(setup_cell.SOURCE, setup_cell.TAG),
        cell(TRAINING),
        claim_cell(
            f'{IMPORT}\nclaim("short-term-memory", "holds", f"loss {{loss:.4f}}", {{"loss is low": loss < 0.01}})',
            "short-term-memory",
        ),
        claim_cell('claim("same-weights", "holds", "a count", {"a count": model.count_params() == 2})', "same-weights"),
        claim_cell('claim("multilayer", "holds", "a loss", {"finite": bool(np.isfinite(loss))})', "multilayer"),
        cell("assert loss < 0.01"),
    )


def test_a_trained_model_from_end_to_end(trained, monkeypatch, capfd):
    """With learning all holds. Without it one claim holds that should not, and that one alone is wrong."""
    outcomes, failures = claim_runs.run(trained)
    assert {outcome.state for outcome in outcomes.values()} == {HELD} and failures == []
    ledger = {id: entry(id) for id in ("short-term-memory", "multilayer")}
    monkeypatch.setattr(test_inverse, "claims", lambda: {**ledger, "same-weights": entry("same-weights", "A count.")})
    with pytest.raises(SystemExit, match="1 not as expected without learning"):
        test_inverse.main([str(trained)])
    printed = capfd.readouterr()
    assert "\n  WRONG  multilayer         held        rests on training | a loss\n" in printed.out
    assert "\n  right  same-weights       held        needs no training: A count. | a count\n" in printed.out
    assert "\n  right  short-term-memory  failed      rests on training | 'holds' is not borne out" in printed.out
    assert "\n  right  cell 6             AssertionError\n" in printed.out
    # A kernel that ends may leave a line of libzmq's own, which tells nothing of the notebook.
    assert [line for line in printed.err.splitlines() if "signaler.cpp" not in line] == []


def test_all_as_expected_without_learning_is_success(monkeypatch, capsys):
    monkeypatch.setattr(test_inverse, "claims", lambda: {"x": entry("x")})
    states = {True: HELD, False: FAILED}
    monkeypatch.setattr(claim_runs, "run", lambda path, learning: ({"x": Outcome(states[learning], "")}, []))
    test_inverse.main(["x.ipynb", "y.ipynb"])
    assert capsys.readouterr().out.endswith("but for those that need no training\n")


def test_the_book_s_notebooks_with_claims_are_found(write, tmp_path):
    name = write(claim_cell("1", "multilayer")).name
    nbformat.write(nbformat.v4.new_notebook(cells=[cell("1")]), tmp_path / "03_none.ipynb")
    (tmp_path / "_toc.yml").write_text(f"format: jb-book\nroot: {name[:-6]}\nchapters:\n  - file: 03_none\n")
    assert test_inverse.with_claims(tmp_path) == [tmp_path / name]


def test_nothing_to_run_is_no_success(monkeypatch):
    monkeypatch.setattr(test_inverse, "with_claims", list)
    with pytest.raises(SystemExit, match="expected notebooks with claim cells, found none"):
        test_inverse.main([])
    with pytest.raises(SystemExit, match=r"x\.ipynb: expected a notebook"):
        test_inverse.main(["x.ipynb"])


SEEDED = 'seed = int(os.environ["SEQLIB_SEED"])\nclaim("{}", "holds", f"seed {{seed}}", {{"seed is low": seed < {}}})'


def test_claims_are_shown_under_each_seed(write, capfd):
    path = write(
        cell(IMPORT),
        claim_cell(SEEDED.format("multilayer", 50), "multilayer"),
        claim_cell(SEEDED.format("same-weights", 8), "same-weights"),
        cell("assert seed != 2, 'never two'"),
    )
    with pytest.raises(SystemExit) as stop:
        test_seeds.main([str(path), "--seeds", "2", "41"])
    assert stop.value.code == 1
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(f"  {path.as_posix()} with seed")] == [
        "              seed 2      seed 41",
        "multilayer    held        held",
        "same-weights  held        failed",
        "",
        "multilayer",
        "  seed 2: held: seed 2",
        "  seed 41: held: seed 41",
        "",
        "same-weights",
        "  seed 2: held: seed 2",
        "  seed 41: failed: 'holds' is not borne out: not true that seed is low. Got: seed 41",
        "",
        "Other cells that failed",
        "  seed 2: cell 4: AssertionError: never two",
    ]


@pytest.mark.parametrize(
    ("state", "failures", "expected"),
    [
        (HELD, [], True),
        (FAILED, [], False),
        (NO_VERDICT, [], False),
        (HELD, [Failure(4, "AssertionError", "")], False),
    ],
)
def test_robust_is_what_holds_under_every_seed(state, failures, expected):
    good = {"x": Outcome(HELD, "")}, []
    assert test_seeds.robust({1: good, 2: ({"x": Outcome(state, "")}, failures)}) is expected


def test_where_all_holds_the_table_ends_with_the_figures():
    lines = test_seeds.table({1: ({"x": Outcome(HELD, "one")}, [])})
    assert lines == ["   seed 1", "x  held", "", "x", "  seed 1: held: one"]


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", str(2**32)])
def test_a_wrong_seed_is_named(seed, capsys):
    with pytest.raises(SystemExit):
        test_seeds.main(["x.ipynb", "--seeds", "1", seed])
    assert f"got '{seed}'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"x\.ipynb: expected a notebook"):
        test_seeds.main(["x.ipynb"])
