"""The gallery: every task is drawn from data that are what they are said to be."""

import numpy as np
import pytest

from seqlib import gallery, plots


@pytest.mark.parametrize("task", gallery.TASKS)
def test_every_task_has_a_picture_that_says_what_goes_in_and_out(task):
    figure = gallery.picture(task)
    assert isinstance(figure, plots.Figure)
    assert figure.caption.lower().startswith(task.split()[0])
    assert " to (" in figure.caption
    assert "<svg" in figure.svg
    assert len(figure.svg) < 150_000


def test_all_twelve_are_light_enough_for_one_slider():
    assert len(gallery.TASKS) == 12
    assert sum(len(gallery.picture(task)._repr_html_()) for task in gallery.TASKS) < 400_000


def test_a_task_that_is_none():
    with pytest.raises(ValueError, match="task: expected one of translation"):
        gallery.picture("cooking")


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_words_stand_in_their_order_with_a_line_for_each_link():
    figure = gallery.words(["a", "red", "car"], ["une", "voiture", "rouge"], [(0, 0), (1, 2), (2, 1)])
    assert texts(figure) == ["a", "red", "car", "une", "voiture", "rouge"]
    places = [text.get_position()[0] for text in figure.axes[0].texts]
    assert places[:3] == sorted(places[:3])
    ends = [tuple(line.get_xdata()) for line in figure.axes[0].lines]
    assert ends == [(places[0], places[3]), (places[1], places[5]), (places[2], places[4])]


def test_words_fit_into_the_picture():
    places = [text.get_position()[0] for text in gallery.words(["long"] * 12, ["x"]).axes[0].texts]
    assert 0 < min(places) < max(places) < 1


@pytest.mark.parametrize(
    ("arguments", "name"), [(([], ["x"]), "source"), ((["x"], []), "target"), ((["x"], ["y"], [(0, 1)]), "links")]
)
def test_words_that_do_not_fit(arguments, name):
    with pytest.raises(ValueError, match=name):
        gallery.words(*arguments)


def test_bars_have_the_longest_on_top():
    axes = gallery.bars(["few", "many", "some"], [1, 5, 3], "share, %").axes[0]
    assert [bar.get_width() for bar in axes.patches] == [1, 3, 5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["few", "some", "many"]
    with pytest.raises(ValueError, match="shares"):
        gallery.bars(["few"], [1, 2], "share, %")


def test_the_future_of_a_series_goes_on_where_the_past_ends():
    known, coming = gallery.series([1, 2, 3], [4, 5], "day", "price").axes[0].lines[:2]
    assert list(known.get_ydata()) == [1, 2, 3]
    assert list(coming.get_ydata()) == [3, 4, 5]
    assert list(coming.get_xdata()) == [2, 3, 4]


@pytest.mark.parametrize("vowel", gallery.VOWELS)
def test_a_voice_is_loudest_near_its_formants(vowel):
    sound = gallery.voice([vowel], seconds=0.5)
    assert np.abs(sound).max() == pytest.approx(1)
    loudness = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    pitches = np.fft.rfftfreq(len(sound), 1 / gallery.STEPS)
    for formant in gallery.VOWELS[vowel]:
        near = loudness[np.abs(pitches - formant) < 90].max()
        assert near > 4 * np.median(loudness[pitches < 3500])


def test_a_vowel_that_nobody_knows():
    with pytest.raises(ValueError, match="vowels: expected some of ah, ee, oo, got 'uh'"):
        gallery.voice(["ah", "uh"])


def test_speech_names_its_vowels_over_wave_and_spectrogram():
    wave, spectrum = gallery.speech(["oo", "ah"]).axes
    assert [text.get_text() for text in wave.texts] == ["“oo”", "“ah”"]
    assert len(wave.lines[0].get_ydata()) == 2 * 0.2 * gallery.STEPS
    assert spectrum.images


def test_images_have_their_labels():
    figure = gallery.images(np.zeros((3, 8, 8)), ["one", "two", "three"])
    assert [axes.get_xlabel() for axes in figure.axes] == ["one", "two", "three"]
    with pytest.raises(ValueError, match="labels: expected 2"):
        gallery.images(np.zeros((2, 8, 8)), ["one"])


def test_a_bouncing_picture_is_whole_in_every_frame_and_turns_at_the_edge():
    picture = np.arange(1, 10).reshape(3, 3)
    clip = gallery.bouncing(picture, 30, size=10)
    assert clip.shape == (30, 10, 10)
    assert (clip.sum(axis=(1, 2)) == picture.sum()).all()
    rows = clip.max(axis=2).argmax(axis=1) - 2
    assert rows.min() == 0
    assert 5 <= rows.max() <= 7
    assert len(set(np.sign(np.diff(rows)))) > 1
    with pytest.raises(ValueError, match="picture"):
        gallery.bouncing(np.zeros((10, 3)), 5, size=10)


def test_music_is_as_long_and_as_high_as_its_notes():
    axes = gallery.music([(0, 1), (None, 1), (7, 2)]).axes[0]
    assert axes.get_xlim() == (0, 4)
    middles = [(bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2) for bar in axes.patches]
    assert np.allclose(middles, [(0.5, 0), (3, 7)])
    with pytest.raises(ValueError, match="notes"):
        gallery.music([(None, 1)])


def test_the_car_ends_in_its_space_straight_and_moves_as_its_wheels_say():
    states, steering = gallery.park()
    assert np.allclose(states[0], [6, 2.2, 0])
    assert np.allclose(states[-1], 0, atol=0.02)
    assert np.abs(steering).max() < np.radians(45)
    way = np.linalg.norm(np.diff(states[:, :2], axis=0), axis=1)
    assert np.allclose(way, way[0])
    assert np.allclose(np.diff(states[:, 2]), -way / 2.6 * np.tan(steering), atol=1e-9)


def test_the_car_hits_none_of_the_parked_ones():
    states, _ = gallery.park()
    corners = np.array([[-0.8, -0.9], [3.4, -0.9], [3.4, 0.9], [-0.8, 0.9]])
    parked = [patch for patch in gallery.parking().axes[0].patches if patch.get_fill()]
    assert len(parked) == 2
    for x, y, angle in states:
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        edges = np.concatenate([np.linspace(a, b, 40) for a, b in zip(corners, np.roll(corners, 1, 0), strict=True)])
        for px, py in edges @ turn + [x, y]:
            for other in parked:
                inside = 0 < px - other.get_x() < other.get_width() and 0 < py - other.get_y() < other.get_height()
                assert not inside


def test_stock_prices_are_those_of_the_samples():
    prices = gallery.stock_prices()
    assert prices.shape == (1047,)
    assert prices[0] == pytest.approx(100.34)
    assert prices[-1] == pytest.approx(362.71)


def test_the_translation_has_another_length_than_its_source():
    draw, _, _ = gallery._GALLERY["translation"]
    figure = draw()
    heights = [text.get_position()[1] for text in figure.axes[0].texts]
    assert sorted(heights.count(height) for height in set(heights)) == [4, 5]
    assert len(figure.axes[0].lines) == 5
