"""Acts sessions that are interrupted in every way we know, and counts what became of them.

    .venv/bin/python benchmarks/interrupted.py --sessions 10000 --seed 1

Each person answers a form of four pages with a route, changes their mind now and then (a blank
included), and finishes, or breaks off. Each request may be dropped before it arrives, or its answer
lost; what was sent may come again much later and in another order; some go on with a second phone;
the server is restarted every few hundred sessions, with packs outstanding. Pages go to the real
views: as their own forms send them, or as sealed packs. Prints the counts; ends with 1 when an
answer was lost, stored twice, or is another than was given.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from instruments import make_form
from survey import create_app
from survey.answering import begin
from survey.database import Database
from survey.models import Area, Invitation, Response, Study, Superseded, Wave, WaveForm
from survey.schema import upgrade
from survey.sealed_answers import read
from survey.sealed_box import PublicKey, public_key, seal_box
from survey.secrets import make_code, make_key_file
from survey.settings import Settings

QUESTIONNAIRES = Path(__file__).parents[1] / "tests" / "given" / "questionnaires"
AGREE = ("1", "2", "3", "4", "5", "-3", "-4")
PAGES = {
    1: dict.fromkeys(("mini_home", "mini_stairs", "mini_outside", "mini_afraid"), AGREE),
    2: {
        "mini_moved_in": ("1999", "2014", "2020"),
        "mini_adults": ("1", "2", "5"),
        "mini_life": ("0", "5", "10", "-3"),
        "mini_member": ("1", "2"),
    },
    3: {"mini_club_glad": AGREE},
    4: {"mini_comment": ("Godt nok", "كل شيء جيد", "Ja\nog nej", "7")},
}
TODAY = dt.datetime.now(dt.UTC).date()
RESTARTED_EVERY = 400
BATCH = 20
# How often each goes wrong, as shares of requests, pages or people.
DROPPED, UNANSWERED, REPLAYED, BREAKS_OFF, SECOND_PHONE, CHANGES_MIND = (
    0.25,
    0.2,
    0.15,
    0.2,
    0.1,
    0.2,
)


@dataclass
class Phone:
    """One browser: its cookie, what waits on it, and how many pages it has written."""

    client: FlaskClient
    writer: str = field(default_factory=lambda: str(uuid.uuid4()))
    turn: int = 0
    revision: int = 0
    waiting: list[dict[str, object]] = field(default_factory=list)


@dataclass
class Person:
    """Somebody who answers; `given` is what they last said on each page they passed."""

    response: uuid.UUID
    wave: int
    given: dict[str, str | None] = field(default_factory=dict)
    finished: bool = False


class World:
    """The product, the bad line before it, and everybody who answers."""

    def __init__(self, folder: Path, seed: int, sessions: int) -> None:
        self.random = np.random.default_rng(seed)
        self.keys = make_key_file(folder / "keys")
        self.settings = Settings(
            database=f"sqlite:///{folder / 'answers.db'}",
            keys=self.keys,
            data=folder / "data",
            library=QUESTIONNAIRES,
            https=False,
        )
        self.database = Database(self.settings.database, self.keys.purposes["audit"])
        upgrade(self.database.engine)
        self.wave = self._open_wave(sessions)
        self.key: PublicKey = public_key(self.keys, self.wave)
        self.met: Counter[str] = Counter()
        self.outstanding: list[Phone] = []
        self.late: list[list[dict[str, object]]] = []
        self.app: Flask = self._started()

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def pick(self, among: tuple[str, ...]) -> str:
        return among[int(self.random.integers(len(among)))]

    def restart(self) -> None:
        """The server goes, and comes again; what phones hold, they hold."""
        self.app.extensions["beboerpuls"].database.engine.dispose()
        self.app = self._started()
        for phone in self.outstanding:
            phone.client = self.app.test_client()
        self.met["server restarts"] += 1

    def answer(self, number: int) -> Person:
        """One person's whole session, on one phone or two."""
        person = self._begun(number)
        phones = [self._phone(person)]
        if self.chance(SECOND_PHONE):
            phones.append(self._phone(person))
            self.met["people with two phones"] += 1
        breaks_off_after = int(self.random.integers(1, 4)) if self.chance(BREAKS_OFF) else None
        phone, page, passed = phones[0], 1, 0
        while True:
            if len(phones) > 1 and passed == 2:
                # They carry the phone into the cellar's light: what waited is sent before they go on.
                self._deliver_for_sure(phone)
                phone = phones[1]
                phone.revision = self._revision(person)
            self._fill(person, page)
            passed += 1
            last = page == 4
            stops = passed == breaks_off_after
            person.finished = last and not stops
            self._save(person, phone, page, "send" if person.finished else "next")
            if stops or last:
                break
            if page > 1 and self.chance(CHANGES_MIND):
                self._change_mind(person, phone)
            page = self._following(person, page)
        self.outstanding.extend(one for one in phones if one.waiting)
        return person

    def settle(self) -> None:
        """The line comes back for everybody; then old requests come once more, out of order."""
        for phone in self.outstanding:
            self._deliver_for_sure(phone)
        self.outstanding.clear()
        for at in self.random.permutation(len(self.late)):
            self._arrive(self.app.test_client(), self.late[at])
            self.met["batches that came again late"] += 1
        self.late.clear()

    def _following(self, person: Person, page: int) -> int:
        return 4 if page == 2 and person.given["mini_member"] != "1" else page + 1

    def _fill(self, person: Person, page: int) -> None:
        for column, among in PAGES[page].items():
            person.given[column] = None if self.chance(0.1) else self.pick(among)
        if page == 2 and person.given["mini_member"] is None:
            person.given["mini_member"] = "2"

    def _change_mind(self, person: Person, phone: Phone) -> None:
        column = self.pick(tuple(PAGES[1]))
        person.given[column] = None if self.chance(0.4) else self.pick(AGREE)
        self.met["answers changed or taken back"] += 1
        self._save(person, phone, 1, "next")

    def _save(self, person: Person, phone: Phone, page: int, move: str) -> None:
        """A page as the script saves it: put down, then sent as far as the line allows."""
        phone.turn += 1
        fields = {
            "write": str(uuid.uuid4()),
            "revision": str(phone.revision),
            "response": str(person.response),
            "writer": phone.writer,
            "turn": str(phone.turn),
            "move": move,
        }
        fields |= {name: said for name in PAGES[page] if (said := person.given[name]) is not None}
        pack = self._pack(page, fields, person, whole=move == "send")
        phone.waiting.append(pack)
        self.met["pages"] += 1
        if len(phone.waiting) > 1 or self.chance(0.5):
            self._deliver(phone)
            return
        if self.chance(DROPPED):
            self.met["requests dropped"] += 1
            return
        answer = phone.client.post(
            f"/page/{page}", data=fields, headers={"Accept": "application/json"}
        )
        self.met["pages posted by their form"] += 1
        if self.chance(UNANSWERED):
            self.met["answers lost on the way"] += 1
            return
        if answer.status_code == 200:
            phone.waiting.remove(pack)

    def _pack(
        self, page: int, fields: dict[str, str], person: Person, *, whole: bool
    ) -> dict[str, object]:
        content: dict[str, object] = {
            "format": 1,
            "page": page,
            "language": "da",
            "fields": list(fields.items()),
        }
        if whole:
            content["whole"] = expected(person)
        box = seal_box(self.key, json.dumps(content).encode())
        return {"id": str(uuid.uuid4()), "wave": self.wave, "key": self.key.id, "box": box}

    def _deliver(self, phone: Phone) -> bool:
        batch = phone.waiting[:BATCH]
        if self.chance(DROPPED):
            self.met["requests dropped"] += 1
            if self.chance(0.5):
                # Not dropped at all, only so late that the phone gave it up.
                self.late.append(list(batch))
            return False
        if self.chance(REPLAYED):
            self.late.append(list(batch))
        told = self._arrive(phone.client, batch)
        if self.chance(UNANSWERED):
            self.met["answers lost on the way"] += 1
            return False
        done = {one["id"] for one in told}
        phone.waiting = [pack for pack in phone.waiting if pack["id"] not in done]
        return True

    def _deliver_for_sure(self, phone: Phone) -> None:
        while phone.waiting:
            self._deliver(phone)

    def _arrive(self, client: FlaskClient, batch: list[dict[str, object]]) -> list[dict[str, str]]:
        answer = client.post("/deliver", json={"packs": batch})
        if answer.status_code != 200:
            raise SystemExit(f"/deliver answered {answer.status_code}: {answer.text[:200]}")
        told: list[dict[str, str]] = answer.get_json()["packs"]
        for one in told:
            self.met[f"packs {one['became']}"] += 1
        return told

    def _phone(self, person: Person) -> Phone:
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie.update(
                wave=self.wave,
                invitation=None,
                response=str(person.response),
                begun=True,
                started=int(time.time()),
                language="da",
            )
        return Phone(client, revision=self._revision(person))

    def _revision(self, person: Person) -> int:
        with self.database.reading() as session:
            return session.get_one(Response, person.response).revision

    def _begun(self, number: int) -> Person:
        with self.database.writing() as session:
            invitation = session.scalars(
                select(Invitation).where(Invitation.reference == str(number))
            ).one()
            wave = session.get_one(Wave, self.wave)
            found = begin(
                session,
                self.keys,
                uuid.uuid4(),
                wave,
                invitation=invitation,
                language="da",
                day=TODAY,
            )
            return Person(found.id, self.wave)

    def _open_wave(self, sessions: int) -> int:
        form = make_form(["mini"], ["da", "ar"], QUESTIONNAIRES)
        with self.database.writing() as session:
            study = Study(key="bench", title="Måling", sender="Ingen")
            session.add(study)
            session.flush()
            area = Area(study_id=study.id, key="0000-001", name="Prøvevænget")
            wave = Wave(study_id=study.id, number=1, status="open", opens=TODAY)
            session.add_all([area, wave])
            session.flush()
            session.add(WaveForm(wave_id=wave.id, pin=form.pin()))
            session.add_all(
                Invitation(
                    wave_id=wave.id,
                    area_id=area.id,
                    reference=str(number),
                    code_hash=self.keys.code_hash(make_code()),
                )
                for number in range(sessions)
            )
            return wave.id

    def _started(self) -> Flask:
        app = create_app(self.settings)
        # Whether a page was made by us is not what is acted here.
        app.config["WTF_CSRF_ENABLED"] = False
        return app


def expected(person: Person) -> dict[str, object]:
    """What was given, as it is stored; a blank is left out."""
    stored: dict[str, object] = {}
    for column, said in person.given.items():
        if said is not None:
            stored[column] = said if column == "mini_comment" else int(said)
    return stored


def judged(world: World, people: list[Person]) -> Counter[str]:
    """Every person's answers against what stands in the database."""
    found: Counter[str] = Counter()
    with world.database.reading() as session:
        found["responses"] = session.scalar(select(func.count()).select_from(Response)) or 0
        found["superseded"] = session.scalar(select(func.count()).select_from(Superseded)) or 0
        for person in people:
            response = session.get(Response, person.response)
            if response is None:
                found["lost"] += 1
                continue
            found[response.status] += 1
            found["wrong status"] += (response.status == "submitted") != person.finished
            answers = read(world.keys, response).answers
            given = expected(person)
            held = {name: one for name, one in answers.items() if one != -8}
            found["answers"] += len(given)
            found["answers lost"] += sum(name not in held for name in given)
            found["answers other than given"] += sum(
                held.get(name, one) != one for name, one in given.items()
            )
            found["answers nobody gave"] += sum(name not in given for name in held)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), wanted.seed, wanted.sessions)
        people = []
        for number in range(wanted.sessions):
            people.append(world.answer(number))
            if number % RESTARTED_EVERY == RESTARTED_EVERY - 1:
                world.restart()
            if number % RESTARTED_EVERY == RESTARTED_EVERY // 2:
                world.settle()
        world.settle()
        found = judged(world, people)
    finished = sum(person.finished for person in people)
    print(f"{wanted.sessions} interrupted sessions, seed {wanted.seed}")
    for name, count in sorted(world.met.items()):
        print(f"  {name:32} {count:7}")
    print(f"  {'finished, and submitted':32} {finished:7} {found['submitted']:7}")
    unfinished = len(people) - finished
    print(f"  {'broke off, and partial':32} {unfinished:7} {found['started']:7}")
    print(f"  {'answers given':32} {found['answers']:7}")
    faults = {
        "responses lost": found["lost"],
        "responses doubled": found["responses"] - len(people),
        "in the wrong state": found["wrong status"],
        "answers lost": found["answers lost"],
        "answers other than given": found["answers other than given"],
        "answers nobody gave": found["answers nobody gave"],
        "copies that differ": found["superseded"],
    }
    for name, count in faults.items():
        print(f"  {name:32} {count:7}")
    sys.exit(1 if any(faults.values()) else 0)


if __name__ == "__main__":
    main()
