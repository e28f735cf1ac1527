"""A wave on paper: sheets in a batch, and people who key them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import pytest

from survey.batches import Rules, batch_named, set_batch_rules
from survey.models import Batch, Response, Sheet
from survey.paper import Pass, save_keying, save_scanned

NOW = dt.datetime(2026, 11, 20, 13, 45, tzinfo=dt.UTC)
ON_PAPER = {
    "mini_home": 4,
    "mini_stairs": -6,
    "mini_outside": -7,
    "mini_afraid": -3,
    "mini_moved_in": 1996,
    "mini_adults": 2,
    "mini_life": 10,
    "mini_member": 1,
    "mini_clubs": [1, 3],
    "mini_club_glad": 5,
    "mini_comment": "Mere lys, tak",
}


@dataclass
class PaperWave:
    """A wave asked by the small form, and what is done with its sheets."""

    make: object
    form: object
    study: object
    wave: object
    area: object

    @property
    def database(self):
        return self.make.database

    @property
    def keys(self):
        return self.make.keys

    def person(self, name=None, role="fieldworker"):
        named = {"name": name} if name else {}
        return self.make.account(self.study, role, **named)

    def batch(self, name="Bundt 14", **rules):
        """A batch under these rules, and the study's for the rest."""
        with self.database.writing() as session:
            wave = session.merge(self.wave)
            batch = batch_named(session, wave, name)
            if rules:
                set_batch_rules(session, batch, Rules(**rules), actor="Bodil")
        return batch

    def sheets(self, batch, number, **given):
        return [self.make.sheet(self.wave, self.area, batch, **given) for _ in range(number)]

    def a_pass(self, changed=None, **given):
        """A pass that says what is on the paper, but for what is changed; None: not keyed."""
        values = {k: v for k, v in (ON_PAPER | (changed or {})).items() if v is not None}
        started = {"started": NOW - dt.timedelta(minutes=1)}
        given = {"id": uuid.uuid4(), "finished": NOW, "day": NOW.date()} | started | given
        return Pass(values=values, **given)

    def key(self, sheet, person, changed=None, **given):
        with self.database.writing() as session:
            keyed = self.a_pass(changed, **given)
            args = (session, self.keys, self.form, sheet.serial)
            return save_keying(*args, person.id, {self.study.id}, keyed)

    def scan(self, sheet, changed=None, **decided):
        with self.database.writing() as session:
            args = (session, self.keys, self.form, sheet.serial, {self.study.id})
            return save_scanned(*args, self.a_pass(changed), **decided)

    def state(self, sheet):
        with self.database.reading() as session:
            return session.get_one(Sheet, sheet.id).state

    def do(self, function, *args, **options):
        """Call a function with a session, in a transaction of its own."""
        with self.database.writing() as session:
            # As it stands now, and not as it was when the test got it.
            given = [
                session.get_one(Batch, one.id) if isinstance(one, Batch) else one for one in args
            ]
            return function(session, *given, **options)

    def responses(self):
        with self.database.reading() as session:
            return {one.id: one for one in session.query(Response)}


@pytest.fixture
def paper_wave(make, mini):
    """An open wave of the small form, with one area."""
    study = make.study()
    return PaperWave(make, mini, study, make.open_wave(study, mini), make.area(study))
