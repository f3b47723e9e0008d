"""A stored result stands only with its script, its provenance, its seeds and the code that made it."""

import pytest

import check_studies
import study_code
from seqlib.evidence import results

ROWS = "seed,bits\n" + "".join(f"{seed},2.5\n" for seed in range(5))


@pytest.fixture
def project(tmp_path):
    """Make a small project with one study whose stored result stands."""
    for folder in ("studies", "seqlib/evidence"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "seqlib" / "__init__.py").write_text("def start(seed=0):\n    pass\n")
    script = check_studies.script_of("one", tmp_path)
    script.write_text('"""Words."""\n\nSEEDS = range(5)\n')
    values = dict.fromkeys(check_studies.PROVENANCE, "0")
    values |= {"study": "one", "code": study_code.digest(script), "seeds": "5"}
    heading = "".join(f"# {key}: {value}\n" for key, value in values.items())
    check_studies.result_of("one", tmp_path).write_text(heading + ROWS)
    return tmp_path


def change(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_result_that_stands_has_no_problem(project):
    assert check_studies.names(project) == ["one"]
    assert check_studies.problems("one", project) == []


def test_a_missing_result_is_found(project):
    check_studies.result_of("one", project).unlink()
    assert check_studies.names(project) == ["one"]
    [problem] = check_studies.problems("one", project)
    assert problem == "one: expected its result, seqlib/evidence/one.csv: run `python tools/run_studies.py one`"


def test_a_result_without_script_is_found(project):
    check_studies.script_of("one", project).unlink()
    assert check_studies.names(project) == ["one"]
    [problem] = check_studies.problems("one", project)
    assert problem == "one: expected its script, studies/one.py: write it, or delete seqlib/evidence/one.csv"


@pytest.mark.parametrize("key", check_studies.PROVENANCE)
def test_an_incomplete_heading_is_found(project, key):
    result = check_studies.result_of("one", project)
    result.write_text("".join(line for line in result.open() if not line.startswith(f"# {key}:")))
    [problem] = check_studies.problems("one", project)
    assert f"missing or wrong: {key}: run `python tools/run_studies.py one`" in problem


def test_a_heading_of_another_study_is_found(project):
    change(check_studies.result_of("one", project), "# study: one", "# study: two")
    [problem] = check_studies.problems("one", project)
    assert "missing or wrong: study: run" in problem


@pytest.mark.parametrize(
    ("before", "after", "got"),
    [
        ("4,2.5\n", "3,2.5\n", 4),
        ("4,2.5\n", "4,2.5\n5,2.5\n", 6),
        ("seed,bits", "sees,bits", 0),
        (ROWS, "seed,bits\n", 0),
    ],
)
def test_another_number_of_seeds_than_the_heading_says_is_found(project, before, after, got):
    change(check_studies.result_of("one", project), before, after)
    [problem] = check_studies.problems("one", project)
    assert f"expected 5 seeds in its rows, as its heading says, and at least 5, got {got}: run" in problem


def test_too_few_seeds_are_found(project):
    result = check_studies.result_of("one", project)
    change(result, "# seeds: 5", "# seeds: 4")
    change(result, "4,2.5\n", "")
    [problem] = check_studies.problems("one", project)
    assert "at least 5, got 4: run `python tools/run_studies.py one`" in problem


def test_other_code_is_found(project):
    change(check_studies.script_of("one", project), "range(5)", "range(6)")
    [problem] = check_studies.problems("one", project)
    assert "expected the code that made its result" in problem
    assert "run `python tools/run_studies.py one`, or" in problem
    assert '`python tools/run_studies.py --stale one "why"`' in problem


def test_a_stale_result_stands_until_the_code_changes_again(project):
    script, result = check_studies.script_of("one", project), check_studies.result_of("one", project)
    before = results.table(result)["bits"]
    for number in (6, 7):
        change(script, f"range({number - 1})", f"range({number})")
        assert len(check_studies.problems("one", project)) == 1
        check_studies.mark_stale("one", f"reason {number}", project)
        assert check_studies.problems("one", project) == []
        assert results.heading(result)["stale"] == f"reason {number}"
        assert result.read_text().count("# stale:") == 1
        assert list(results.table(result)["bits"]) == list(before)
    change(result, "# stale: reason 7\n", "")
    assert len(check_studies.problems("one", project)) == 1


@pytest.mark.parametrize("name", ["two", "scriptless"])
def test_only_a_study_with_a_result_is_marked_stale(project, name):
    check_studies.result_of("scriptless", project).write_text(ROWS)
    with pytest.raises(ValueError, match=f"NAME: expected a study with a stored result, got '{name}'"):
        check_studies.mark_stale(name, "reason", project)


def test_a_fresh_result_is_not_marked_stale(project):
    before = check_studies.result_of("one", project).read_bytes()
    with pytest.raises(ValueError, match="NAME: expected a study whose code has changed, and that of one has not"):
        check_studies.mark_stale("one", "reason", project)
    assert check_studies.result_of("one", project).read_bytes() == before


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines"])
def test_a_stale_result_needs_a_reason_of_one_line(project, reason):
    change(check_studies.script_of("one", project), "range(5)", "range(6)")
    with pytest.raises(ValueError, match="REASON: expected a line that says why"):
        check_studies.mark_stale("one", reason, project)


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file"
    check_studies.write(path, "before")
    with pytest.raises(UnicodeEncodeError):
        check_studies.write(path, "after \ud800")
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.delattr("os.replace")  # as if the power went before the last step
    with pytest.raises(AttributeError):
        check_studies.write(path, "after")
    assert path.read_text() == "before"
