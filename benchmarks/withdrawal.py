"""What it costs to take one's answers back: before the wave was frozen, and after.

    python benchmarks/withdrawal.py [--rows 1000]

On SQLite, on the library's whole form. After freezing the dataset is written anew while the person
waits; wall times depend on the machine, the ratio to the first freeze of the same rows does not.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from instruments import Form, Kind, make_form
from survey.database import Database
from survey.forms import pin_of
from survey.freezing import freeze
from survey.models import Response, Study, Wave, WaveForm
from survey.schema import upgrade
from survey.sealed_answers import Content
from survey.secrets import Keys, make_key_file
from survey.withdrawal import withdraw

DAY = dt.date(2026, 11, 2)
INSTRUMENTS = ["tryghed", "trivsel", "beboerdemokrati", "background"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = make_key_file(folder / "keys.json")
        form = make_form(INSTRUMENTS, ["da"])
        database = Database(f"sqlite:///{folder / 'answers.db'}", keys.purposes["audit"])
        upgrade(database.engine)
        wave_id = fill(database, keys, form, rows)
        before = timed(lambda: take_back(database, keys, form, wave_id, folder / "data"))
        frozen = timed(lambda: close_and_freeze(database, keys, form, wave_id, folder / "data"))
        after = timed(lambda: take_back(database, keys, form, wave_id, folder / "data"))
        database.engine.dispose()
    print(f"{rows} rows of {len(form.columns)} items, SQLite")
    print(f"withdrawal before freezing  {before:8.3f} s")
    print(f"first freeze                {frozen:8.3f} s")
    print(f"withdrawal after freezing   {after:8.3f} s, {1000 * after / rows:.2f} ms a row")
    print(f"ratio to the first freeze   {after / frozen:8.2f}")


def timed(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def fill(database: Database, keys: Keys, form: Form, rows: int) -> int:
    """A wave in which so many have answered every single choice."""
    rng = np.random.default_rng(7)
    codes = {
        column: form.item_of(column).item.responses.codes
        for column in form.columns
        if form.item_of(column).item.kind is Kind.SINGLE
    }
    with database.writing() as session:
        study = Study(key="puls", title="Bopulsen", sender="Fonden")
        wave = Wave(
            study=study, number=1, status="open", opens=DAY, open_link=True, legal_basis="consent"
        )
        session.add(wave)
        session.flush()
        session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
        answered = []
        for _ in range(rows):
            answers = {column: int(rng.choice(offered)) for column, offered in codes.items()}
            answered.append(_row(keys, wave.id, answers))
        session.execute(insert(Response), answered)
        return wave.id


def _row(keys: Keys, wave_id: int, answers: dict[str, int]) -> dict[str, object]:
    response_id = uuid.uuid4()
    content = Content(answers=dict(answers), changed=dict.fromkeys(answers, 1))
    key_id, sealed = keys.seal(content.to_data(), response_id, table="response", revision=1)
    return {
        "id": response_id,
        "wave_id": wave_id,
        "open_link": True,
        "language": "da",
        "day": DAY,
        "status": "submitted",
        "revision": 1,
        "receipt_hash": keys.receipt_hash(keys.receipt(response_id)),
        "key_id": key_id,
        "sealed": sealed,
    }


def take_back(database: Database, keys: Keys, form: Form, wave_id: int, data: Path) -> None:
    with database.writing() as session:
        one = session.scalars(select(Response).where(Response.wave_id == wave_id).limit(1)).one()
        withdraw(session, keys, form, one, data, actor="benchmark")


def close_and_freeze(database: Database, keys: Keys, form: Form, wave_id: int, data: Path) -> None:
    with database.writing() as session:
        session.get_one(Wave, wave_id).status = "closed"
    with database.writing() as session:
        freeze(session, keys, form, session.get_one(Wave, wave_id), data, actor="benchmark")


if __name__ == "__main__":
    main()
