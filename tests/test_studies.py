"""Every study of the course has a stored result, every stored result the code that made it, and says what it is for."""

import ast
import re

import pytest

import check_studies


def test_there_are_studies():
    assert check_studies.names()


@pytest.mark.parametrize("name", check_studies.names())
def test_the_stored_result_stands(name):
    problems = check_studies.problems(name)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", check_studies.names())
def test_a_script_says_for_which_chapter_it_measures(name):
    words = ast.get_docstring(ast.parse(check_studies.script_of(name).read_text(encoding="utf-8")))
    assert re.search(r"\b[Cc]hapters? \d", words or "")
