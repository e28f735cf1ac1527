"""Recordings: found by their names, checked, published apart from the texts they read."""

import pytest

from instruments import find, load, load_form, make_form, publish, unrecorded

HEARD = b"ID3 somebody reads"


@pytest.fixture
def languages(copied):
    """The folder of a questionnaire with one item in Danish, English and Arabic."""
    return copied("languages")


@pytest.fixture
def record(languages):
    """A function that adds a recording: `record("da", "ask.mp3")`."""

    def record(language, name, content=HEARD):
        path = languages / "audio" / language / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return record


@pytest.fixture
def item(languages):
    return next(load(languages).items()).id


def test_a_recording_is_found_by_language_and_item(languages, record, item):
    path = record("da", f"{item}.mp3")
    recording = load(languages).recordings["da"][item]
    assert (recording.path, recording.mimetype) == (path, "audio/mpeg")


def test_what_is_not_recorded_is_listed(languages, record, item):
    record("da", f"{item}.m4a")
    told = " ".join(map(str, unrecorded(load(languages))))
    assert "Nothing is recorded in ar, en" in told
    others = [one.id for one in load(languages).items() if one.id != item]
    assert all(one in told for one in others)


@pytest.mark.parametrize(
    ("language", "name", "content", "what"),
    [
        ("fr", "{item}.mp3", HEARD, "There is no text in the language 'fr'"),
        ("da", "nowhere.mp3", HEARD, "There is no item 'nowhere'"),
        ("da", "{item}.wav", HEARD, "'.wav' is no kind of recording"),
        ("da", "{item}.mp3", b"", "The file is empty"),
    ],
)
def test_a_recording_that_cannot_be_played_is_a_problem(
    languages, record, item, problems_of, language, name, content, what
):
    record(language, name.format(item=item), content)
    (problem,) = problems_of(languages)
    assert what in problem.what
    assert problem.file.startswith(f"languages/1/audio/{language}/")


def test_a_recording_is_added_to_what_is_published_and_then_stays(
    languages, record, item, problems_of
):
    root = languages.parent.parent
    publish("languages", 1, root)
    path = record("da", f"{item}.mp3")
    assert publish("languages", 1, root) == (f"audio/da/{item}.mp3",)
    assert find("languages", 1, root).published
    path.write_bytes(HEARD + b" something else")
    (problem,) = problems_of(languages)
    assert "published" in problem.what


def test_a_wave_goes_on_without_a_recording_that_was_changed(languages, record, item):
    root = languages.parent.parent
    path = record("da", f"{item}.mp3")
    publish("languages", 1, root)
    pin = make_form(["languages"], ["da"], root).pin()
    (heard,) = load_form(pin, root).instruments
    assert item in heard.recordings["da"]
    path.write_bytes(HEARD + b" something else")
    (silent,) = load_form(pin, root).instruments
    assert silent.recordings == {}
