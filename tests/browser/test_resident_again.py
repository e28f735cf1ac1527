"""Back, reload and a double click after a page that had something to tell, in a real browser."""

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

import survey
from survey.languages import TRANSLATIONS, Languages
from survey.models import Response
from survey.sealed_answers import read
from survey.settings import Settings

# What is shown and told here is the same on any database.
pytestmark = pytest.mark.sqlite_file

GIVEN = Path(__file__).parents[1] / "given"
BOTH = pytest.mark.parametrize("kind", ["phone", "phone_without_javascript"])


@pytest.fixture
def settings(database_url, keys, tmp_path):
    return Settings(
        database=database_url,
        keys=keys,
        data=tmp_path / "data",
        library=GIVEN / "questionnaires",
        https=False,
    )


@pytest.fixture
def app(settings):
    app = survey.create_app(settings, Languages(TRANSLATIONS, GIVEN / "translations"))
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def code(make, mini):
    study = make.study(sender="Fonden for Gode Naboer")
    wave = make.open_wave(study, mini, closes=dt.date(2099, 12, 13))
    return make.invitation(wave, make.area(study))[1]


@pytest.fixture
def answers(database, keys):
    """A function that returns the answers of the one response there is."""

    def one():
        with database.reading() as session:
            (response,) = session.scalars(select(Response)).all()
            return response.revision, read(keys, response).answers

    return one


@pytest.fixture
def told(request, kind, code):
    """A resident who wrote a year that cannot be, and a good number of adults."""
    page = request.getfixturevalue(kind)
    page.goto(f"/c/{code}")
    page.locator("button[value=da]").click()
    page.get_by_role("button", name="Begynd").click()
    page.wait_for_url("**/page/1")
    page.get_by_role("button", name="Næste").last.click()
    page.wait_for_url("**/page/2")
    page.get_by_label("Hvilket år flyttede du ind?").fill("2206")
    page.get_by_label("Hvor mange voksne").first.fill("2")
    page.get_by_role("button", name="Næste").last.click()
    expect(page.get_by_role("alert").first).to_contain_text("2206")
    return page


def year(page):
    return page.get_by_label("Hvilket år flyttede du ind?")


@BOTH
def test_a_page_with_an_error_keeps_what_was_typed(told):
    assert year(told).input_value() == "2206"
    assert told.get_by_label("Hvor mange voksne").first.input_value() == "2"


@BOTH
def test_reload_after_an_error_sends_nothing_again(told, answers):
    before = answers()[0]
    requests = []
    told.on("request", lambda request: requests.append(request.method))
    told.reload()
    expect(year(told)).to_have_value("")
    assert told.get_by_label("Hvor mange voksne").first.input_value() == "2"
    assert "POST" not in requests
    assert answers()[0] == before


@BOTH
def test_back_after_an_error_leads_to_a_page_and_not_to_a_question(told):
    told.get_by_role("button", name="Fortsæt uden at rette").click()
    told.wait_for_url(lambda url: "/page/2" not in url)
    told.go_back()
    told.wait_for_url("**/page/2")
    expect(year(told)).to_be_visible()
    assert told.get_by_role("alert").count() == 0


@BOTH
def test_a_double_click_on_a_page_with_an_error_is_told_of_it(told, answers):
    year(told).fill("2207")
    told.get_by_role("button", name="Næste").last.dblclick()
    expect(told.get_by_role("alert").first).to_contain_text("2207")
    assert year(told).input_value() == "2207"
    year(told).fill("2014")
    told.get_by_role("button", name="Næste").last.dblclick()
    # The second click cuts the first one's way short: only where both end is waited for.
    expect(told).not_to_have_url(re.compile("/page/2"))
    assert answers()[1]["mini_moved_in"] == 2014


@pytest.mark.parametrize("kind", ["phone", "phone_without_javascript"])
def test_a_wrong_code_and_back(request, kind, code):
    page = request.getfixturevalue(kind)
    page.goto("/")
    page.get_by_role("textbox", name="Din kode").fill("K7M4 RW2P 9XQ1")
    page.get_by_role("button", name="Begynd").click()
    expect(page.get_by_text("slåfejl").first).to_be_visible()
    assert page.get_by_role("textbox", name="Din kode").input_value() == "K7M4 RW2P 9XQ1"
    page.goto("/help")
    page.go_back()
    expect(page.get_by_role("textbox", name="Din kode")).to_be_visible()
