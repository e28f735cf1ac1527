"""A resident with a browser that does what a browser does, and a wave that asks them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest
from inspection import InspectingClient, page_of
from sqlalchemy import select

import survey
from survey.languages import TRANSLATIONS, Languages
from survey.models import Response, Wave
from survey.sealed_answers import read
from survey.settings import Settings

GIVEN = Path(__file__).parents[2] / "given"


@dataclass
class Resident:
    """Follows redirects, and sends a page's form with all that stands filled in on it."""

    client: InspectingClient
    answer: object = None

    def get(self, path):
        self.answer = self.client.get(path, follow_redirects=True)
        return self

    def post(self, path, fields):
        self.answer = self.client.post(path, data=fields, follow_redirects=True)
        return self

    def send(self, move=None, **fields):
        """Press a button of the page, `move`, having filled in some fields."""
        pressed = {"move": move} if move else {}
        return self.post(self.path, self.filled() | fields | pressed)

    def enter(self, code):
        self.get("/")
        return self.send(code=code)

    def begin(self, code, language="da"):
        """From a code to the first page of questions."""
        self.enter(code)
        if self.path == "/language":
            self.send(language=language)
        return self.send()

    @property
    def path(self):
        return self.answer.request.path

    @property
    def status(self):
        return self.answer.status_code

    @property
    def text(self):
        """All that can be read on the page."""
        return self.page.all("main")[0].words()

    @property
    def heading(self):
        return self.page.all("h1")[0].words()

    @property
    def page(self):
        return page_of(self.answer.text)

    def filled(self):
        """What a browser would send of the page's form as it stands."""
        found = {}
        for one in self.page.all("input", "textarea"):
            name, kind = one.attributes.get("name"), one.attributes.get("type")
            if name is None or (kind in {"radio", "checkbox"} and "checked" not in one.attributes):
                continue
            value = one.attributes.get("value", "".join(one.text).removeprefix("\n"))
            found.setdefault(name, []).append(value)
        return found

    def errors(self):
        """The words of each field's error, without the word that only a screen reader says."""
        return [
            one.words().removeprefix("Fejl: ")
            for one in self.page.elements
            if "error" in one.attributes.get("class", "").split()
        ]

    def links(self):
        return [one.attributes["href"] for one in self.page.all("a")]


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
    """With a third language that says only a little."""
    languages = Languages(TRANSLATIONS, GIVEN / "translations")
    app = survey.create_app(settings, languages)
    app.testing = True
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def study(make):
    return make.study(sender="Fonden for Gode Naboer", contact="ring 12 34 56 78")


@pytest.fixture
def wave(make, study, mini):
    """An open wave that asks the small questionnaire in Danish and Arabic."""
    return make.open_wave(study, mini, closes=dt.date(2099, 12, 13))


@pytest.fixture
def code(make, wave, area):
    return make.invitation(wave, area)[1]


@pytest.fixture
def device(app):
    """A function that makes one more browser."""
    app.test_client_class = InspectingClient
    return lambda: Resident(app.test_client())


@pytest.fixture
def resident(device):
    return device()


@pytest.fixture
def change_wave(database, wave):
    """A function that changes the wave, as a coordinator would."""

    def change(**values):
        with database.writing() as session:
            for name, value in values.items():
                setattr(session.get_one(Wave, wave.id), name, value)

    return change


@pytest.fixture
def stored(database, keys):
    """A function that returns every response, each with what stands sealed in it."""

    def responses():
        with database.reading() as session:
            found = session.scalars(select(Response)).all()
            return [(response, read(keys, response)) for response in found]

    return responses


@pytest.fixture
def answers(stored):
    """A function that returns the answers of the one response there is."""

    def one():
        ((_, content),) = stored()
        return content.answers

    return one
