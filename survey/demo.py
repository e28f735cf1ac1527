"""A study to try everything out with: invented people and places, made anew in its own folder."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import LIBRARY, find, make_form
from survey import registers, studies
from survey.access import add_account
from survey.contacts import read_contact
from survey.database import Database
from survey.demo_earlier import EARLIER, add_earlier_wave
from survey.demo_evaluation import EVALUATION, add_evaluation
from survey.demo_paper import PAPER, create_paper_study, fill_paper_study
from survey.forms import Forms
from survey.invitations import invite
from survey.languages import SOURCE, Languages
from survey.models import Batch, Contact, Invitation, Response, Sheet, Wave
from survey.printing.orders import Order
from survey.printing.runs import print_sheets
from survey.result_counts import count_results
from survey.result_places import places_of
from survey.results import open_results
from survey.scanning.deletion import keep_until
from survey.schema import is_current, upgrade
from survey.secrets import Keys, make_key_file, read_key_file
from survey.settings import DATA_FOLDER, DATABASE, KEY_FILE, Settings

STUDY = "demo"
INSTRUMENTS = ("tryghed", "trivsel", "beboerdemokrati", "background")
SHEETS = 12
SHEETS_FOLDER = "sheets"
# Nobody has these names; an account a role, as each would have in a real study.
STAFF = {"fieldworker": "kirsten", "researcher": "amina", "coordinator": "jonas"}

_SIGN_INS = "sign-ins.json"
_KEYS = "keys.json"
_ACTOR = "demo"
_DAYS_OPEN = 90
_UNTIL_MEETING = 14
_PICTURES = 180  # days that pictures of its sheets are kept after it closes


class DemoError(Exception):
    """The demo cannot be kept where it was asked to be; says why and what to do."""


@dataclass(frozen=True)
class SignIn:
    """Somebody of the demo's staff, and how they sign in."""

    role: str
    name: str
    password: str


@dataclass(frozen=True)
class Demo:
    """A demo that stands ready in its folder."""

    folder: Path
    settings: Settings
    staff: tuple[SignIn, ...]

    @property
    def environ(self) -> dict[str, str]:
        """What other commands need to be told to work on this demo."""
        return {
            DATABASE: self.settings.database,
            KEY_FILE: str(self.folder / _KEYS),
            DATA_FOLDER: str(self.settings.data),
        }


def is_demo(folder: Path) -> bool:
    """Whether a demo was made here; nothing else is ever taken for one, or deleted as one."""
    return (folder / _SIGN_INS).is_file()


def open_demo(folder: Path, say: Callable[[str], None], *, today: dt.date) -> Demo:
    """The demo in a folder, which is made where there is none. Raises DemoError.

    It is made beside its folder and moved there when it is whole: a start that was cut off leaves
    no half of a demo behind.
    """
    if not is_demo(folder):
        _refuse_other(folder)
        beside = folder.with_name(f"{folder.name}.preparing")
        _remove(beside)
        try:
            _prepare(beside, say, today)
        except BaseException:
            _remove(beside)
            raise
        if folder.exists():
            folder.rmdir()  # empty, as was seen above
        beside.rename(folder)
    settings = _settings(folder)
    _update(settings, say)
    sign_ins = json.loads((folder / _SIGN_INS).read_text(encoding="utf-8"))
    return Demo(folder, settings, tuple(SignIn(**one) for one in sign_ins))


def delete_demo(folder: Path) -> None:
    """Delete a demo with all its answers. Raises DemoError for any other folder."""
    if not is_demo(folder):
        _refuse_other(folder)
        return
    _remove(folder)


def unused_code(session: Session, keys: Keys) -> str | None:
    """The code of the first invited person who has not answered; None when all have."""
    contact = session.scalars(
        select(Contact)
        .join(Invitation, Invitation.id == Contact.invitation_id)
        .join(Wave, Wave.id == Invitation.wave_id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .where(
            Wave.status == "open",
            Invitation.revoked.is_(False),
            (Response.id.is_(None)) | (Response.status == "started"),
        )
        .order_by(Invitation.reference)
        .limit(1)
    ).first()
    return read_contact(keys, contact).code if contact else None


def unkeyed_serial(session: Session) -> str | None:
    """The serial of the first sheet that nobody has keyed; None when all are."""
    return session.scalars(
        select(Sheet.serial)
        .join(Batch, Batch.id == Sheet.batch_id)
        .join(Wave, Wave.id == Batch.wave_id)
        .where(Sheet.state == "printed", Wave.status.in_(("open", "closed")))
        .order_by(Sheet.serial)
        .limit(1)
    ).first()


def _prepare(folder: Path, say: Callable[[str], None], today: dt.date) -> None:
    say("Making keys and tables")
    folder.mkdir(mode=0o700, parents=True)
    make_key_file(folder / _KEYS)
    settings = _settings(folder)
    database = Database(settings.database, settings.keys.purposes["audit"])
    try:
        upgrade(database.engine)
        with database.writing() as session:
            _fill(session, settings, say, today)
            say("Drawing answers for a study before and after")
            add_evaluation(
                session, settings.keys, _languages(), settings.data, today=today, actor=_ACTOR
            )
            say("Letting staff in")
            staff = _let_in(session)
        say("Printing sheets")
        _print(database, folder / SHEETS_FOLDER)
        fill_paper_study(
            database, settings.keys, folder / SHEETS_FOLDER, say, today=today, actor=_ACTOR
        )
        # A study's dataset is whole once its freeze is committed.
        say("Opening results for residents")
        count_results(STUDY, settings.data)
        with database.writing() as session:
            _open_first_results(session, settings.data, today)
    finally:
        database.engine.dispose()
    descriptor = os.open(folder / _SIGN_INS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([vars(one) for one in staff], file, indent=2)


def _fill(session: Session, settings: Settings, say: Callable[[str], None], today: dt.date) -> None:
    keys = settings.keys
    say("Loading areas, plans and register counts")
    study = studies.create_study(
        session,
        STUDY,
        "Bopulsen, prøveudgave",
        "Analyseinstituttet Prøven",
        "00 00 00 00",
        actor=_ACTOR,
    )
    with as_file(files("survey") / "demo_study") as there:
        loaders = (
            ("areas", registers.load_areas),
            ("successions", registers.load_successions),
            ("groups", registers.load_groups),
            ("statuses", registers.load_statuses),
            ("plans", registers.load_plans),
            ("area-plans", registers.load_area_plans),
        )
        for name, load in loaders:
            load(session, study, there / f"{name}.csv", actor=_ACTOR)
        say("Drawing answers for a wave of the year before")
        earlier = make_form(INSTRUMENTS, [SOURCE, "en"])
        add_earlier_wave(
            session, keys, study, earlier, settings.data, there / "margins.csv",
            today=today, actor=_ACTOR,
        )  # fmt: skip
        closes = today + dt.timedelta(days=_DAYS_OPEN)
        wave = studies.plan_wave(session, study, closes=closes, actor=_ACTOR)
        registers.load_margins(session, wave, there / "margins.csv", actor=_ACTOR)
        say("Inviting people")
        invite(session, keys, wave, there / "invitations.csv", actor=_ACTOR)
    say("Opening the wave")
    form = make_form(INSTRUMENTS, _languages())
    studies.open_wave(
        session, wave, form, today=today, accept_unreviewed=form.languages, actor=_ACTOR
    )
    keep_until(session, study, closes + dt.timedelta(days=_PICTURES), actor=_ACTOR)
    with as_file(files("survey") / "demo_study" / "areas.csv") as areas:
        create_paper_study(session, areas, today=today, closes=closes, actor=_ACTOR)


def _print(database: Database, sheets: Path) -> None:
    """Sheets of the wave that is open, to be printed and keyed."""
    with database.reading() as session:
        wave_id = studies.find_wave(session, STUDY, EARLIER + 1).id
        form = Forms(LIBRARY).of(session, wave_id)
    order = Order(stock=SHEETS, area="9901-002", batch="Bundt 1")
    words = Languages().words(SOURCE)
    print_sheets(database, wave_id, form, words, order, sheets / STUDY, actor=_ACTOR)


def _open_first_results(session: Session, data: Path, today: dt.date) -> None:
    """Open the page of the first place that may be shown, as a coordinator would after a freeze."""
    wave = studies.find_wave(session, STUDY, EARLIER)
    place = next(one for one in places_of(session, wave, data) if one.answered)
    open_results(
        session, wave, data, place.level, place.unit,
        meeting_day=today + dt.timedelta(days=_UNTIL_MEETING), meeting_place="Beboerhuset, kl. 19", actor=_ACTOR,
    )  # fmt: skip


def _languages() -> list[str]:
    """Every language that the interface and all questionnaires speak, the source first."""
    interface = Languages()
    spoken = [one.code for one in interface if not interface.missing(one.code)]
    texts = [find(name).texts for name in INSTRUMENTS]
    return [code for code in spoken if all(code in known for known in texts)]


def _let_in(session: Session) -> list[SignIn]:
    all_of_them = [studies.find_study(session, key) for key in (STUDY, PAPER, EVALUATION)]
    staff = [SignIn(role, name, secrets.token_urlsafe(9)) for role, name in STAFF.items()]
    for one in staff:
        roles = [(study, one.role) for study in all_of_them]
        add_account(session, one.name, one.password, roles, actor=_ACTOR)
    return staff


def _settings(folder: Path) -> Settings:
    return Settings(
        database=f"sqlite:///{folder / 'answers.db'}",
        keys=read_key_file(folder / _KEYS),
        data=folder / "datasets",
        https=False,
        demo=True,
    )


def _update(settings: Settings, say: Callable[[str], None]) -> None:
    """Bring a demo that an earlier version made to this version's tables."""
    database = Database(settings.database)
    try:
        if not is_current(database.engine):
            say("Bringing the tables up to date")
            upgrade(database.engine)
    finally:
        database.engine.dispose()


def _refuse_other(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DemoError(
            f"{folder} holds something else than a demo; it is left alone. "
            "Name another folder: beboerpuls demo --dir FOLDER"
        )


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
