"""Studies are measured case by case and seed by seed, kept at once, and stored when all is there."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import check_studies
import run_studies
from seqlib.evidence import results

STUDY = '''"""Draw numbers."""

import os
import random
from pathlib import Path

SEEDS = range(5)
CASES = [{"cell": "plain", "width": 3}, {"cell": "gated", "width": 7}]
ROOT = Path(__file__).parent.parent


def measure(seed, cell, width):
    with (ROOT / "measured.txt").open("a") as file:
        file.write(f"{cell} {seed} {os.getpid()}\\n")
    draw = width + random.random() / 10
    return [{"lag": lag, "recall": draw / lag} for lag in (1, 10)]
'''
SEQLIB = """import random


def start(seed):
    random.seed(seed)


def _prepare_device(backend):
    return "CPU with 2 cores"
"""
# Stand for what takes long to load; NumPy is one of Keras' backends.
KERAS = """__version__ = "3.0"


class backend:
    backend = staticmethod(lambda: "numpy")
"""
NUMPY = '__version__ = "2.0"\n'
PLACES = [f"{cell} {seed}" for seed in range(5) for cell in ("plain", "gated")]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a small project with one study."""
    monkeypatch.delenv("SEQLIB_SEED", raising=False)
    for folder in ("studies", "seqlib/evidence"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "keras.py").write_text(KERAS)
    (tmp_path / "numpy.py").write_text(NUMPY)
    (tmp_path / "seqlib" / "__init__.py").write_text("from seqlib.runtime import start\n")
    (tmp_path / "seqlib" / "runtime.py").write_text(SEQLIB)
    script_of(tmp_path).write_text(STUDY)
    return tmp_path


def script_of(project):
    return check_studies.script_of("draws", project)


def result_of(project):
    return check_studies.result_of("draws", project)


def change(project, before, after):
    text = script_of(project).read_text()
    assert before in text
    script_of(project).write_text(text.replace(before, after))


def measured(project):
    """List what was measured, in its order."""
    lines = (project / "measured.txt").read_text().splitlines()
    return [line.rsplit(" ", 1)[0] for line in lines]


def test_a_study_is_measured_and_stored(project, capsys):
    run_studies.run("draws", project)
    table, heading = results.table(result_of(project)), results.heading(result_of(project))
    assert list(table) == ["cell", "width", "seed", "lag", "recall"]
    assert list(table["cell"]) == ["plain"] * 10 + ["gated"] * 10
    assert list(table["seed"]) == [seed for _ in range(2) for seed in range(5) for _ in range(2)]
    assert list(table["lag"]) == [1, 10] * 10 and list(table["width"]) == [3] * 10 + [7] * 10
    assert len(set(table["recall"])) == 20
    digits = re.findall(r",1,(\d\.\d+)\n", result_of(project).read_text())
    assert digits and max(map(len, digits)) == len("3.12345")
    assert heading["study"] == "draws" and heading["seeds"] == "5"
    assert heading["Keras"] == "3.0" and heading["backend"] == "numpy 2.0"
    assert re.fullmatch(r"\w+, \d+ cores, no GPU", heading["machine"])
    assert check_studies.problems("draws", project) == []
    assert not any((project / ".studies").iterdir())
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"  3 of 10: draws, cell plain, width 3, seed 1: \d+ s, about \d+ s left", lines[3])


def test_seeds_make_the_difference_and_each_has_its_own_process(project):
    """The same seed draws the same, whatever was measured before it in the run."""
    run_studies.run("draws", project)
    first = results.table(result_of(project))["recall"]
    processes = {line.split()[-1] for line in (project / "measured.txt").read_text().splitlines()}
    assert measured(project) == PLACES and len(processes) == len(PLACES)
    change(project, "range(5)", "[4, 3, 2, 1, 0]")
    run_studies.run("draws", project)
    assert list(results.table(result_of(project))["recall"]) == list(first)


def test_a_failure_is_named_and_what_was_measured_is_kept(project):
    flag = project / "mend"
    change(
        project,
        "    draw =",
        '    if (cell, seed) == ("plain", 1) and not (ROOT / "mend").exists():\n'
        '        print("epoch 1")\n        raise ArithmeticError("too steep")\n    draw =',
    )
    for _ in range(2):
        with pytest.raises(
            run_studies.Failed,
            match=r"(?s)draws, cell plain, width 3, seed 1 failed.*epoch 1.*ArithmeticError: too steep",
        ):
            run_studies.run("draws", project)
        assert not result_of(project).exists()
    flag.touch()
    run_studies.run("draws", project)
    assert measured(project) == [*PLACES[:3], PLACES[2], *PLACES[2:]]
    assert check_studies.problems("draws", project) == []


def test_what_other_code_measured_is_not_mixed_in(project):
    change(project, "    draw =", "    if seed == 2:\n        raise ArithmeticError\n    draw =")
    with pytest.raises(run_studies.Failed, match="seed 2"):
        run_studies.run("draws", project)
    change(project, "if seed == 2", "if seed == 5")
    run_studies.run("draws", project)
    assert measured(project) == [*PLACES[:5], *PLACES]


def test_what_other_versions_measured_is_not_mixed_in(project):
    with (project / "stop").open("w"):
        change(project, "    draw =", '    if (ROOT / "stop").exists():\n        raise ArithmeticError\n    draw =')
    with pytest.raises(run_studies.Failed, match="seed 0"):
        run_studies.run("draws", project)
    (project / "stop").unlink()
    kept = next((project / ".studies" / "draws").iterdir())
    (kept / "0-0.json").write_text("{}")
    (project / "keras.py").write_text(KERAS.replace("3.0", "3.1"))
    run_studies.run("draws", project)
    assert results.heading(result_of(project))["Keras"] == "3.1"


def test_code_that_changes_meanwhile_stops_the_run(project):
    change(
        project,
        "    draw =",
        '    with (ROOT / "seqlib" / "runtime.py").open("a") as file:\n        file.write("more = 1\\n")\n    draw =',
    )
    with pytest.raises(run_studies.Failed, match="draws, cell plain, width 3, seed 0: the code has changed"):
        run_studies.run("draws", project)
    assert not list(project.glob(".studies/draws/*/*.json"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_run_that_is_interrupted_goes_on_where_it_was(project):
    change(
        project,
        "    draw =",
        '    if seed == 1 and not (ROOT / "go").exists():\n'
        '        import time\n        (ROOT / "waits").touch()\n        time.sleep(60)\n    draw =',
    )
    code = f"import sys, pathlib; sys.path.insert(0, {str(Path(run_studies.__file__).parent)!r}); import run_studies; "
    code += "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"run_studies.main([], pathlib.Path({str(project)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        while not (project / "waits").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert "Stopped. What is measured is kept" in process.communicate()[1]
    assert process.returncode == 1 and not result_of(project).exists()
    (project / "go").touch()
    run_studies.run("draws", project)
    assert measured(project) == [*PLACES[:3], *PLACES[2:]]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("range(5)", "range(4)", r"draws: SEEDS: expected at least 5 different whole numbers, got \[0, 1, 2, 3\]"),
        ("range(5)", "[1, 1, 2, 3, 4, 5]", "draws: SEEDS: expected at least 5 different"),
        ("range(5)", "[0.5, 1, 2, 3, 4]", "draws: SEEDS: expected at least 5 different whole"),
        ("SEEDS", "SEED", "draws failed(?s:.*)no attribute 'SEEDS'"),
        ('"width": 7', '"height": 7', "draws: CASES: expected a list of dictionaries with the same keys"),
        ("CASES = [", "CASES = []  # [", "draws: CASES: expected a list"),
        ("measure(", "measures(", "draws, cell plain, width 3, seed 0 failed(?s:.*)no attribute 'measure'"),
        (
            "for lag in (1, 10)]",
            "for lag in ()]",
            r"measure: expected a dictionary or a list of dictionaries, got \[\]",
        ),
        ("return [", "return 3  # [", "measure: expected a dictionary or a list of dictionaries, got 3"),
        ('"recall":', '"seed":', "measure: expected the same columns in every row, none of cell, width, seed"),
        ('"recall":', 'f"recall {lag}":', "measure: expected the same columns in every row"),
        (
            '"recall":',
            'f"recall {cell}":',
            "seed 0: expected the same columns as in the other rows, got .*recall gated",
        ),
    ],
)
def test_a_study_of_another_form_is_named(project, before, after, message):
    change(project, before, after)
    with pytest.raises(run_studies.Failed, match=message):
        run_studies.run("draws", project)
    assert not result_of(project).exists()


def test_one_case_and_one_row_need_no_list(project):
    script_of(project).write_text("SEEDS = range(5)\n\n\ndef measure(seed):\n    return {'bits': 1 / 3}\n")
    run_studies.run("draws", project)
    assert result_of(project).read_text().endswith("seed,bits\n" + "".join(f"{seed},0.333333\n" for seed in range(5)))


def test_numbers_of_numpy_are_stored_as_they_are(project):
    (project / "numpy.py").unlink()
    row = "{'short': np.float32(0.1), 'count': np.int64(1_234_567), 'right': np.mean([1, 2]), 'nothing': np.nan}"
    script_of(project).write_text(f"import numpy as np\nSEEDS = range(5)\ndef measure(seed):\n    return {row}\n")
    run_studies.run("draws", project)
    assert result_of(project).read_text().endswith("\n4,0.1,1234567,1.5,nan\n")


def test_a_seed_from_outside_is_refused(project, monkeypatch):
    monkeypatch.setenv("SEQLIB_SEED", "3")
    with pytest.raises(run_studies.Failed, match="SEQLIB_SEED: expected it unset.* got '3'"):
        run_studies.run("draws", project)


@pytest.fixture
def runs(project, monkeypatch):
    """List the studies that are run, with one that is fresh, one stale and one without result; run none."""
    for name in ("fresh", "stale"):
        check_studies.script_of(name, project).write_text("")
    script_of(project).rename(check_studies.script_of("missing", project))
    monkeypatch.setattr(check_studies, "problems", lambda name, root: ["wrong"] * (name == "missing"))
    check_studies.result_of("fresh", project).write_text("# study: fresh\n")
    check_studies.result_of("stale", project).write_text("# stale: only speed\n")
    check_studies.result_of("orphan", project).write_text("")
    called = []
    monkeypatch.setattr(run_studies, "run", lambda name, root: called.append(name))
    return called


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["missing"]),
        (["--again"], ["fresh", "missing", "stale"]),
        (["fresh"], []),
        (["--again", "stale", "fresh"], ["stale", "fresh"]),
    ],
)
def test_what_is_fresh_is_not_run_again(project, runs, arguments, expected, capsys):
    run_studies.main(arguments, project)
    assert runs == expected
    said = capsys.readouterr().out
    assert ("fresh: fresh\n" in said) == ("fresh" not in expected)
    assert ("stale: stale, and stands: only speed\n" in said) == (arguments == [])


@pytest.mark.parametrize("name", ["orphan", "nothing"])
def test_an_unknown_study_is_named(project, runs, name, capsys):
    with pytest.raises(SystemExit):
        run_studies.main(["fresh", name], project)
    assert f"NAME: expected among fresh, missing, stale, got {name}" in capsys.readouterr().err
    assert runs == []


def test_a_study_is_marked_stale_by_the_command(project, capsys):
    result_of(project).write_text("# study: draws\n# code: 0\nseed\n")
    run_studies.main(["--stale", "draws", "only speed"], project)
    assert results.heading(result_of(project))["stale"] == "only speed"
    with pytest.raises(SystemExit):
        run_studies.main(["--stale", "nothing", "only speed"], project)
    assert "NAME: expected a study with a stored result, got 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["def\n", "SEEDS = range(5)\n1 / 0\n"])
def test_a_failure_ends_the_command_with_a_message(project, fault):
    script_of(project).write_text(fault)
    with pytest.raises(SystemExit, match=r"draws\.py, line 1|draws failed(?s:.*)ZeroDivisionError"):
        run_studies.main(["draws"], project)
