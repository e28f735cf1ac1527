"""One factory a model. What a test does not say is filled in with something that is allowed."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field

import pytest

from instruments import make_form
from survey.database import Database
from survey.forms import pin_of
from survey.models import Account, Area, Batch, Grant, Invitation, Sheet, Study, Wave, WaveForm
from survey.secrets import Keys, make_code
from survey.serials import make_serial


@dataclass
class Factory:
    """Adds rows and returns them, detached; a row needs what it hangs on, which is made too."""

    database: Database
    keys: Keys
    _numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def study(self, **values):
        number = next(self._numbers)
        given = {"key": f"study{number}", "title": "Bopulsen", "sender": "Fonden"}
        return self._add(Study(**given | values))

    def area(self, study, **values):
        number = next(self._numbers)
        given = {"key": f"0667-{number:03}", "name": f"Afdeling {number}", "dwellings": 80}
        return self._add(Area(study_id=study.id, **given | values))

    def wave(self, study, **values):
        given = {"number": next(self._numbers), "status": "planned"}
        return self._add(Wave(study_id=study.id, **given | values))

    def open_wave(self, study, form, **values):
        """A wave that asks a form now."""
        wave = self.wave(study, **{"status": "open", "opens": dt.date(2026, 11, 1)} | values)
        self._add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
        return wave

    def sheet(self, wave, area, batch=None, **values):
        """A printed sheet, in a batch of its own unless one is given."""
        number = next(self._numbers)
        batch = batch or self._add(Batch(wave_id=wave.id, name=f"Bundt {number}"))
        given = {"serial": make_serial(number), "language": "da"}
        return self._add(Sheet(batch_id=batch.id, area_id=area.id, **given | values))

    def invitation(self, wave, area, code=None, **values):
        """An invitation, and the code that opens it."""
        code = code or make_code()
        given = {"reference": f"R{next(self._numbers):04}", "code_hash": self.keys.code_hash(code)}
        added = self._add(Invitation(wave_id=wave.id, area_id=area.id, **given | values))
        return added, code

    def account(self, study=None, role=None, **values):
        given = {"name": f"staff{next(self._numbers)}", "password": "cannot sign in"}
        added = self._add(Account(**given | values))
        if role is not None:
            self._add(Grant(account_id=added.id, study_id=study.id, role=role))
        return added

    def _add(self, row):
        with self.database.writing() as session:
            session.add(row)
        return row


@pytest.fixture
def make(database, keys):
    return Factory(database, keys)


@pytest.fixture
def study(make):
    return make.study()


@pytest.fixture
def wave(make, study, mini):
    """An open wave of the small questionnaire, where a test has no other of its own."""
    return make.open_wave(study, mini)


@pytest.fixture
def area(make, study):
    return make.area(study)


@pytest.fixture(scope="session")
def form():
    """The whole form: every instrument of the library, and the background, in two languages."""
    return make_form(["tryghed", "trivsel", "beboerdemokrati", "background"], ["da", "en"])


@pytest.fixture(scope="session")
def background():
    """The shortest form of the library."""
    return make_form(["background"], ["da", "en"])


@pytest.fixture
def today():
    """The day that dated things in tests are told."""
    return dt.date(2026, 11, 22)
