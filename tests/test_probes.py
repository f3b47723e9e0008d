"""Probes: planted letters say nothing else, and recall finds what is there and no more."""

import numpy as np
import pytest

from seqlib import probes

TEXT = np.arange(1000) % 97
LETTERS = np.array([3, 5, 7, 11])
COUNT, TIME = 900, 13


@pytest.fixture
def planted():
    return probes.plant(TEXT, LETTERS, COUNT, TIME)


def test_windows_are_text_behind_a_letter(planted):
    windows, places = planted
    assert windows.shape == (COUNT, TIME) and places.shape == (COUNT,)
    assert (windows[:, 0] == LETTERS[places]).all()
    assert ((windows[:, 2:] - windows[:, 1:-1]) % 97 == 1).all()


def test_letters_are_equally_likely_and_independent_of_the_text(planted):
    """Each letter comes a quarter of the time, within five standard errors, and no probe finds it in the text."""
    windows, places = planted
    spread = 5 * np.sqrt(COUNT * 1 / 4 * 3 / 4)
    assert (np.abs(np.bincount(places) - COUNT / 4) < spread).all()
    text = np.eye(97)[windows[:, 1:2]]
    assert probes.recall(text, places)[0] < 1 / 4 + 5 * np.sqrt(1 / 4 * 3 / 4 / (COUNT / 3))


def test_seeds_repeat_and_differ(planted):
    again, other = probes.plant(TEXT, LETTERS, COUNT, TIME), probes.plant(TEXT, LETTERS, COUNT, TIME, seed=1)
    assert (again[0] == planted[0]).all() and (again[1] == planted[1]).all()
    assert (other[1] != planted[1]).any()


def test_the_text_is_left_alone():
    text = TEXT.copy()
    probes.plant(text, LETTERS, COUNT, TIME)
    assert (text == TEXT).all()


def test_recall_ends_where_the_states_forget(planted):
    """States that hold the letter, mixed with noise, for five steps and then noise alone."""
    _, places = planted
    random = np.random.default_rng(0)
    states = random.normal(size=(COUNT, TIME, 17))
    states[:, :5] += 10 * (random.normal(size=(4, 17)))[places][:, None]
    recalls = probes.recall(states, places)
    assert recalls.shape == (TIME,) and (recalls[:5] == 1).all() and (recalls[5:] < 0.4).all()


def test_recall_does_not_score_what_it_was_fitted_on():
    """With as many features as sequences a probe learns noise by heart: it must not show."""
    random = np.random.default_rng(0)
    states, places = random.normal(size=(300, 1, 300)), random.integers(0, 4, 300)
    assert probes.recall(states, places)[0] < 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ids": TEXT[:5]}, "ids: expected one text of at least length = 13 tokens, got shape"),
        ({"ids": TEXT[None]}, "ids: expected one text"),
        ({"length": 0}, "ids: expected one text of at least length = 0"),
        ({"letters": [3]}, "letters: expected at least two ids"),
    ],
)
def test_plant_names_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        probes.plant(**{"ids": TEXT, "letters": LETTERS, "count": 3, "length": TIME} | arguments)


@pytest.mark.parametrize("shape", [(6, 4), (5, 4, 3)])
def test_recall_names_what_is_wrong(shape):
    with pytest.raises(ValueError, match=r"states: expected \(batch, steps, units\), batch = 6, got"):
        probes.recall(np.zeros(shape), np.zeros(6, dtype=int))
