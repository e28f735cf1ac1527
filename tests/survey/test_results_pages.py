"""Pages of results: open to everybody, in the wave's languages, and nothing small on them."""

import re

import pytest
from evaluations import LANGUAGES
from inspection import Page

from processing import AreasDrawn
from survey.models import Freeze, OpenedResult, Wave
from survey.result_places import places_of
from survey.results import close_results, open_results

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\u202e../"
RIGHT_TO_LEFT = {"ar", "fa", "ur"}


@pytest.fixture
def opened(database, evaluated):
    """A function that opens a place of a drawn study, and gives its number."""

    def opened(study=None, unit="9000-004", wave=-1, **given):
        study = study or evaluated(few=4)
        with database.writing() as session:
            asked = session.get(Wave, study.waves[wave].id)
            return open_results(
                session, asked, study.data, "afdeling", unit, actor="Karen", **given
            ).id

    return opened


def main(answer):
    return Page(answer.get_data(as_text=True)).all("main")[0].words()


def test_everybody_finds_the_page_from_the_front_without_a_code(client, opened):
    assert "/results" not in client.get("/").get_data(as_text=True)
    number = opened()
    assert 'href="/results"' in client.get("/").get_data(as_text=True)
    assert f'href="/results/{number}"' in client.get("/results").get_data(as_text=True)
    page = client.get(f"/results/{number}", follow_redirects=True)
    assert page.request.path == f"/results/{number}/da"
    assert "Sådan svarede I i 9000-004" in main(page)
    # A class of the questions' own, as .told is, would set the whole page in bold.
    assert "<body>" in page.get_data(as_text=True)
    # Nobody knows how the others would have answered.
    assert "Havde alle" not in main(page)


def test_the_page_is_wholly_in_each_language_of_its_wave(client, evaluated, opened):
    study = evaluated(AreasDrawn(12, [2] * 6, effects=[0.9]), languages=LANGUAGES)
    number = opened(study, figures=["tryghed_t1_out_dark", "tryghed_t1", "tryghed_t3"])
    for code in LANGUAGES:
        answer = client.get(f"/results/{number}/{code}")
        page = Page(answer.get_data(as_text=True))
        (root,) = page.all("html")
        direction = "rtl" if code in RIGHT_TO_LEFT else "ltr"
        assert (root.attributes["lang"], root.attributes["dir"]) == (code, direction)
        spans = [one.words() for one in page.all("span") if one.attributes.get("lang") == "da"]
        assert spans == [], f"{code} falls back on Danish"
        assert "{" not in main(answer)
        drawings = [one for one in page.all("svg") if one.attributes.get("role") == "img"]
        assert len(drawings) == 5
        assert all(len(one.attributes["aria-label"]) > 10 for one in drawings)


def test_a_language_the_wave_did_not_ask_in_leads_nowhere(client, opened):
    number = opened()
    for code in ("xx", "uk", "../da", "da%00", "DA", "%E2%80%AE"):
        assert client.get(f"/results/{number}/{code}").status_code == 404, code


def test_a_place_that_is_not_open_is_as_one_that_is_not_there(client, database, opened):
    number = opened()
    never = client.get("/results/424242/da")
    with database.writing() as session:
        close_results(session, session.get(OpenedResult, number), actor="Karen")
    closed = client.get(f"/results/{number}/da")
    assert (closed.status_code, never.status_code) == (404, 404)
    assert main(closed) == main(never)
    assert client.get(f"/results/{number}").status_code == 404
    assert "9000-004" not in client.get("/results").get_data(as_text=True)


def test_a_first_waves_page_says_its_figure_once_and_whom_to_ask_in_a_line_of_its_own(
    client, evaluated, opened
):
    study = evaluated(contact="ring 12 34 56 78")
    text = Page(client.get(f"/results/{opened(study, wave=0)}/da").get_data(as_text=True))
    said = [one.words() for one in text.all("p")]
    assert "Fonden for Gode Naboer: ring 12 34 56 78" in said
    assert "Spørg Fonden for Gode Naboer, hvad der nu skal ske." in said
    assert not any(line.startswith("2024:") for line in said)


def test_a_page_whose_data_were_revoked_shows_no_figure(client, database, opened):
    number = opened()
    with database.writing() as session:
        for freeze in session.query(Freeze):
            freeze.revoked = True
    answer = client.get(f"/results/{number}/da")
    assert answer.status_code == 410
    assert "taget ned" in main(answer)
    assert not re.search(r"\d", main(answer))


def test_a_name_and_words_that_would_be_markup_are_shown_as_they_are(client, evaluated, opened):
    study = evaluated(names=[HOSTILE] * 5, title=HOSTILE, sender=HOSTILE, contact=HOSTILE)
    number = opened(study, meeting_place=HOSTILE, note=HOSTILE)
    for code in ("da", "ar"):
        text = client.get(f"/results/{number}/{code}").get_data(as_text=True)
        assert "<script" not in text
        assert "49" not in re.findall(r"\{?\{?7\*7\}?\}?|49", text)
        assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5
    assert "<script" not in client.get("/results").get_data(as_text=True)


def test_no_page_shows_what_the_small_place_answered(client, database, evaluated, opened):
    """Every page that can be opened is; what they say together leaves the small place open."""
    study = evaluated(few=4)
    with database.reading() as session:
        every = places_of(session, session.get(Wave, study.waves[-1].id), study.data)
    can = [place.unit for place in every if place.answered is not None]
    numbers = {unit: opened(study, unit) for unit in can}
    hidden = [place.unit for place in every if place.answered is None]
    assert len(hidden) >= 2
    answered = 0
    for unit, number in numbers.items():
        text = main(client.get(f"/results/{number}/da"))
        found = re.search(r"(\d+) af 60 inviterede har svaret", text)
        assert int(found[1]) >= 10, unit
        answered += int(found[1])
        for n in re.findall(r"(\d+) har svaret på spørgsmål", text):
            assert int(n) >= 10
    # The study's own response is on no page, so that the rest is not known either.
    assert not any(unit in client.get("/results").get_data(as_text=True) for unit in hidden)


def test_the_page_needs_no_cookie_and_leaves_none(client, opened):
    answer = client.get(f"/results/{opened()}/ar")
    assert "Set-Cookie" not in answer.headers
