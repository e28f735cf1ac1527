"""Every page that a resident meets, in each of the ten languages, from an answer to the thanks."""

from dataclasses import replace

import pytest

import survey
from instruments import LIBRARY, make_form
from survey.languages import TRANSLATIONS, Languages

RIGHT_TO_LEFT = {"ar", "fa", "ur"}
LANGUAGES = ["ar", "bs", "da", "en", "fa", "pl", "so", "tr", "uk", "ur"]
INFORMATION = ["/", "/privacy", "/help", "/accessibility", "/no-such-page", "/sorry/used"]


@pytest.fixture(scope="module")
def our_languages():
    """What we publish, and nothing of the tests' own."""
    return Languages(TRANSLATIONS)


@pytest.fixture
def app(settings, our_languages):
    app = survey.create_app(replace(settings, library=LIBRARY), our_languages)
    app.testing = True
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def invited(make, study, area, device):
    """A resident whose code opens a wave in all languages, and the code."""
    wave = make.open_wave(study, make_form(["background"], LANGUAGES))
    return device(), make.invitation(wave, area)[1]


def assert_wholly_in(resident, language):
    (root,) = resident.page.all("html")
    direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
    assert (root.attributes["lang"], root.attributes["dir"]) == (language, direction)
    fallen_back = [
        one.words() for one in resident.page.all("span") if one.attributes.get("lang") == "da"
    ]
    assert fallen_back == []
    assert "{" not in resident.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_resident_reads_one_language_from_the_front_to_the_thanks(
    language, invited, our_languages
):
    resident, code = invited
    t = our_languages.words(language)
    resident.get(f"/?language={language}")
    assert resident.heading == t.plain("front.title")
    assert_wholly_in(resident, language)
    resident.send(code="K7M4 RW2P 9XQ1")
    assert resident.status == 200
    assert_wholly_in(resident, language)

    resident.enter(code)
    resident.get("/language")
    assert resident.heading == t.plain("choose.title")
    resident.send(language=language)
    assert resident.heading == t.plain("about.title")
    assert_wholly_in(resident, language)

    resident.send()
    refused = 0
    while resident.path.startswith("/page/"):
        assert_wholly_in(resident, language)
        numbers = [
            one.attributes["name"]
            for one in resident.page.all("input")
            if one.attributes.get("inputmode") == "numeric"
        ]
        if numbers:
            resident.send(**dict.fromkeys(numbers, "2206"))
            assert len(resident.errors()) == len(numbers)
            assert_wholly_in(resident, language)
            refused += 1
        resident.send("skip")
    assert refused
    assert resident.heading == t.plain("done.title")
    assert_wholly_in(resident, language)
    resident.post("/leave", resident.filled())
    assert resident.heading == t.plain("left.title")
    assert_wholly_in(resident, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_information_are_read_in_one_language(language, resident):
    resident.get(f"/?language={language}")
    for path in INFORMATION:
        resident.get(path)
        assert_wholly_in(resident, language)
