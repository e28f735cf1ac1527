"""The accessibility statement: what the law asks for, filled from settings, honest without them."""

import datetime as dt
from dataclasses import replace

import pytest
from inspection import InspectingClient

import survey
from survey.languages import Languages
from survey.settings import Statement

LANGUAGES = ["ar", "bs", "da", "en", "fa", "pl", "so", "tr", "uk", "ur"]
OFFICIAL = "https://was.digst.dk/puls-example-dk"
KNOWN = Statement(
    day=dt.date(2026, 11, 20),
    by="Sensus",
    contact="12 34 56 78, hjemmeside@example.dk",
    official=OFFICIAL,
)


@pytest.fixture
def stated(settings):
    """A function that gives a browser of an installation with a statement of its own."""
    apps = []

    def browser(statement):
        app = survey.create_app(replace(settings, statement=statement), Languages())
        apps.append(app)
        app.test_client_class = InspectingClient
        return app.test_client()

    yield browser
    for app in apps:
        app.extensions["beboerpuls"].database.engine.dispose()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_is_filled_from_settings_in_every_language(stated, language):
    client = stated(KNOWN)
    client.get(f"/?language={language}")
    page = client.get("/accessibility").get_data(as_text=True)
    t = Languages().words(language)
    for told in (t.date(KNOWN.day), "Sensus", KNOWN.contact, OFFICIAL, "localhost"):
        assert told in page
    assert t.plain("accessibility.prepared.never") not in page


def test_without_settings_it_says_that_nobody_has_assessed(stated):
    page = stated(Statement()).get("/accessibility").get_data(as_text=True)
    assert "har ikke skrevet endnu, hvornår den er vurderet" in page
    assert "was.digst.dk" not in page


def test_it_has_all_that_the_model_of_the_commission_asks_for(stated):
    page = stated(KNOWN).get("/accessibility").get_data(as_text=True)
    for part in (
        "lov om tilgængelighed af offentlige organers websteder",  # whose duty, and for which site
        "følger loven delvist",  # how far it complies
        "Det ved vi mangler",  # what is not accessible
        "Sådan er erklæringen lavet",  # when and by which method
        "Skriv eller ring",  # feedback
        "klage til Digitaliseringsstyrelsen",  # enforcement
    ):
        assert part in page


@pytest.mark.parametrize(("official", "leads"), [(OFFICIAL, OFFICIAL), ("", "/accessibility")])
def test_the_agencys_short_address_leads_to_the_statement(stated, official, leads):
    answer = stated(replace(KNOWN, official=official)).get("/was")
    assert answer.headers["Location"] == leads


def test_what_the_operator_wrote_is_marked_as_danish_on_a_page_in_another_language(stated):
    client = stated(KNOWN)
    client.get("/?language=ar")
    page = client.get("/accessibility").get_data(as_text=True)
    assert f'<bdi lang="da" class="contact">{KNOWN.contact}</bdi>' in page
