"""The whole questionnaire on the phone: small, the same for everybody, and nobody's in particular."""

import gzip
import json
import re
from html import unescape

import pytest
from flask.testing import FlaskClient

import survey
from instruments import make_form
from survey.resident.packs import Pack
from survey.settings import Settings

# What is shown and told here is the same on any database.
pytestmark = pytest.mark.sqlite_file

LARGEST = 60_000
EVERY_LANGUAGE = ["da", "en", "ar", "tr", "so", "fa", "ur", "bs", "pl", "uk"]


@pytest.fixture
def whole(database_url, keys, tmp_path, make):
    """A client of somebody who answers all there is, in a language: `whole(language)`."""
    app = survey.create_app(
        Settings(database=database_url, keys=keys, data=tmp_path / "data", https=False)
    )
    names = ["tryghed", "trivsel", "beboerdemokrati", "background"]
    study = make.study()
    wave = make.open_wave(study, make_form(names, EVERY_LANGUAGE))

    def begin(language):
        code = make.invitation(wave, make.area(study))[1]
        app.config["WTF_CSRF_ENABLED"] = False
        client = app.test_client()
        for path, data in (("/", {"code": code}), ("/language", {"language": language})):
            assert client.post(path, data=data).status_code == 303
        about = client.get("/about").text
        told = re.search(r'name="response" value="([^"]+)"', about)
        begun = client.post("/about", data={"response": told[1]} if told else {})
        assert begun.headers["Location"] == "/page/1"
        return client

    yield begin
    app.extensions["beboerpuls"].database.engine.dispose()


def carried(html):
    return json.loads(unescape(re.search(r"data-carried='([^']*)'", html)[1]))


def document_of(client):
    told = carried(client.get("/page/1").text)
    return told, client.get(told["document"])


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_whole_questionnaire_is_small_with_all_it_is_shown_with(whole, language):
    client = whole(language)
    _, document = document_of(client)
    assert document.status_code == 200
    files = set(re.findall(r"/static/[\w.-]+\?v=\w+", document.text))
    assert len(files) == 3
    sizes = [len(gzip.compress(document.data, 5))]
    sizes += [len(gzip.compress(client.get(file).data, 9)) for file in files]
    sizes += [len(gzip.compress(client.get("/worker.js").data, 5))]
    assert sum(sizes) <= LARGEST, sizes


@pytest.fixture
def plain(app, device):
    """Browsers whose pages nobody inspects: the document is thirty pages in one, with a heading each."""
    return lambda: type(device())(FlaskClient(app, app.response_class))


def test_the_document_holds_nothing_of_whoever_asks_for_it(plain, code):
    resident = plain()
    told = carried(resident.begin(code).send("next", mini_home="4").answer.text)
    text = resident.client.get(told["document"]).text
    assert told["response"] not in text
    assert told["receipt"] not in text
    assert "csrf" not in text
    assert " checked" not in text


def test_two_people_are_given_the_same_document(plain, make, wave, area, code):
    first = plain().begin(code)
    second = plain().begin(make.invitation(wave, area)[1])
    one, other = (document_of(person.client)[1].data for person in (first, second))
    assert one == other


def test_a_document_is_given_to_nobody_who_has_not_begun(resident, device, code, wave):
    assert device().client.get(f"/offline/{wave.id}/da").status_code == 404
    resident.enter(code)
    assert resident.get(f"/offline/{wave.id}/da").status == 404


def test_a_page_carries_all_that_was_answered_so_far(resident, code):
    resident.begin(code).send("next", mini_home="4", mini_outside="-3")
    told = carried(resident.answer.text)
    assert told["answers"]["mini_home"] == 4
    assert (told["seen"], told["page"], told["revision"]) == ([1], 2, 1)


def test_the_worker_stands_before_every_page_and_is_asked_for_anew(client):
    answer = client.get("/worker.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_script_is_told_where_its_page_leads_to(resident, code):
    form = resident.begin(code).filled()
    answer = resident.client.post("/page/1", data=form, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()) == (200, {"to": "/page/2"})


def test_the_format_that_phones_hold_is_still_read():
    # As a phone made it that took the first version; never to be changed, only added to.
    held = {
        "format": 1,
        "page": 2,
        "language": "ar",
        "fields": [
            ["write", "0d5c3c1e-70b9-4ce4-8c57-6ee0d1a7f3aa"],
            ["revision", "1"],
            ["response", "5a2a1d64-6b4e-4d2c-9d5b-0a1c8f5b2f11"],
            ["mini_adults", "2"],
            ["move", "send"],
            ["writer", "b7c9"],
            ["turn", "3"],
        ],
        "minutes": 4.25,
        "whole": {"mini_adults": 2, "mini_clubs": [1, 3], "mini_comment": "Godt"},
    }
    pack = Pack.model_validate(held)
    assert (pack.move, pack.page, str(pack.response_id)[:8]) == ("send", 2, "5a2a1d64")
