"""People with addresses, and rounds in which they are written to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest

from survey.contacts import seal_contact
from survey.letters.orders import written
from survey.letters.rounds import draw_round
from survey.models import Invitation, Response, Round, Wave
from survey.secrets import make_code

ADDRESS = {
    "name": "",
    "address": "Birkevang 3, 2. tv.",
    "postcode": "9000",
    "city": "Aalborg",
    "email": "",
    "phone": "",
    "languages": (),
}


@dataclasses.dataclass
class Correspondence:
    """A wave that is asked, in which people are invited, answer, and are written to."""

    shop: object
    wave: Wave
    area: object
    number: int = 0

    def invite(self, *, code=None, **values):
        """Somebody with an address; what is given besides stands in the invitation or contact."""
        self.number += 1
        code = code or make_code()
        contact = ADDRESS | {name: values.pop(name) for name in list(values) if name in ADDRESS}
        given = {"reference": f"R{self.number:03}", "code_hash": self.shop.keys.code_hash(code)}
        with self.shop.database.writing() as session:
            given |= {"wave_id": self.wave.id, "area_id": self.area.id}
            one = Invitation(**given | values)
            session.add(one)
            session.flush()
            session.add(seal_contact(self.shop.keys, one.id, contact, code))
        return one

    def answer(self, invitation, status="submitted"):
        with self.shop.database.writing() as session:
            session.add(
                Response(
                    id=uuid.uuid4(),
                    wave_id=self.wave.id,
                    area_id=self.area.id,
                    invitation_id=invitation.id,
                    language="da",
                    day=dt.date(2026, 11, 20),
                    status=status,
                    receipt_hash=b"r%d" % invitation.id if status == "submitted" else None,
                    key_id="k",
                    sealed=b"",
                )
            )

    def change(self, invitation, **values):
        with self.shop.database.writing() as session:
            found = session.get_one(Invitation, invitation.id)
            for name, value in values.items():
                setattr(found, name, value)

    def draw(self, kind="invitation", today=dt.date(2026, 11, 10), **values):
        with self.shop.database.writing() as session:
            wave = session.get_one(Wave, self.wave.id)
            return draw_round(session, wave, kind, today=today, actor="Karen", **values).id

    def written(self, round_id, address="https://svar.example.dk"):
        with self.shop.database.reading() as session:
            return written(session, self.shop.keys, self.shop.forms, round_id, address=address)

    def references(self, round_id):
        return [one.reference for one in self.written(round_id).recipients]

    def number_of(self, round_id):
        with self.shop.database.reading() as session:
            return session.get_one(Round, round_id).number


@pytest.fixture
def asked(make):
    """The study whose people are written to."""
    return make.study(
        key="puls", title="Bopulsen", sender="Boligfonden", contact="Ring 70 20 30 40"
    )


@pytest.fixture
def correspondence(shop, make, asked, background):
    wave = make.open_wave(asked, background, number=1, closes=dt.date(2099, 12, 13))
    return Correspondence(shop, wave, make.area(asked, key="0667-001"))
