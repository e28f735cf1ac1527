"""The demo's study on paper: sheets printed, sent, received, keyed, scanned, and some to be settled."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import LIBRARY, NOT_ANSWERED, Form, Kind, Value, make_form
from survey import registers, studies
from survey.access import add_account
from survey.batches import Rules, batch_named, draw, set_batch_rules
from survey.database import Database
from survey.demo_earlier import by_chance
from survey.forms import Forms
from survey.languages import SOURCE, Languages
from survey.models import Grant, Sheet, SheetLayout, Study, Wave
from survey.paper import Pass, save_keying
from survey.printing.orders import Order
from survey.printing.runs import Printed, print_sheets
from survey.receiving import receive, send_run
from survey.scanning.deletion import keep_until
from survey.scanning.file_kinds import gathered
from survey.scanning.files import Upload
from survey.scanning.files import receive as take_in
from survey.scanning.libraries import MissingLibrariesError, needs_libraries
from survey.scans_work import order_reading
from survey.secrets import Keys
from survey.settling import Decided, Decision, settle_differences

PAPER = "demo-paper"
INSTRUMENTS = ("tryghed", "background")
AREA = "9901-002"
SEED = 2015
# Nobody has these names. They key, and the demo's fieldworker settles what they differ in.
KEYERS = ("ole", "fatima")
WHOLE, SAMPLED = "Bundt 1", "Bundt 2"
# Large enough a sample to accept its batch, with an error or two.
RULES = {WHOLE: (6, Rules(second_keying_share=1)), SAMPLED: (24, Rules(0.8, 0.05))}
_KEPT_DAYS = 365  # pictures
_SECONDS = 75  # at a sheet
WORDS = "Mere lys ved bussen"


@dataclass
class _Desk:
    """The wave on paper, who works at its desk, and what time it is there."""

    database: Database
    keys: Keys
    form: Form
    study_id: int
    wave_id: int
    settler: int
    keyers: list[int]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def create_paper_study(
    session: Session, areas: Path, *, today: dt.date, closes: dt.date, actor: str
) -> Study:
    """A study of its own, so that closing and freezing the demo's wave waits for no sheet."""
    study = studies.create_study(
        session, PAPER, "Bopulsen på papir", "Analyseinstituttet Prøven", "00 00 00 00",
        actor=actor,
    )  # fmt: skip
    registers.load_areas(session, study, areas, actor=actor)
    wave = studies.plan_wave(session, study, closes=closes, actor=actor)
    form = make_form(INSTRUMENTS, [SOURCE, "en", "ar"])
    studies.open_wave(
        session, wave, form, today=today, accept_unreviewed=form.languages, actor=actor
    )
    return study


def fill_paper_study(
    database: Database,
    keys: Keys,
    sheets: Path,
    say: Callable[[str], None],
    *,
    today: dt.date,
    actor: str,
) -> None:
    """Take the sheets of the paper study as far as a desk has come after some days of work."""
    with database.writing() as session:
        study = studies.find_study(session, PAPER)
        wave = studies.find_wave(session, PAPER, 1)
        keep_until(session, study, today + dt.timedelta(days=_KEPT_DAYS), actor=actor)
        settler = session.scalars(
            select(Grant.account_id).where(Grant.study_id == study.id, Grant.role == "fieldworker")
        ).one()
        keyers = [
            add_account(session, name, secrets.token_urlsafe(24), [(study, "fieldworker")],
                        actor=actor)
            for name in KEYERS
        ]  # fmt: skip
        forms = Forms(LIBRARY)
        form = forms.of(session, wave.id)
        ids = [one.id for one in keyers]
        desk = _Desk(database, keys, form, study.id, wave.id, settler, ids)
    printed = {
        name: _printed(desk, name, number, rules, sheets, actor)
        for name, (number, rules) in RULES.items()
    }
    rng = np.random.default_rng(SEED)
    truths = {
        serial: dict(_answers(desk.form, rng)) for run in printed.values() for serial in run.serials
    }
    say("Keying sheets")
    _key_whole(desk, printed[WHOLE].serials, truths)
    _key_sample(desk, printed[SAMPLED].serials, truths, actor)
    try:
        needs_libraries()
    except MissingLibrariesError:
        return
    say("Scanning sheets")
    _scan(desk, printed[WHOLE], truths, rng, actor)


def _printed(
    desk: _Desk, name: str, number: int, rules: Rules, sheets: Path, actor: str
) -> Printed:
    """A run of sheets, sent and come back."""
    order = Order(stock=number, area=AREA, batch=name)
    words = Languages().words(SOURCE)
    folder = sheets / name.lower().replace(" ", "-")
    printed = print_sheets(
        desk.database, desk.wave_id, desk.form, words, order, folder, actor=actor
    )
    with desk.database.writing() as session:
        send_run(session, printed.run, {desk.study_id}, actor=actor, at=_now())
        batch = batch_named(session, session.get_one(Wave, desk.wave_id), name)
        set_batch_rules(session, batch, rules, actor=actor)
        for serial in printed.serials:
            receive(session, serial, {desk.study_id}, batch, actor=KEYERS[0], at=_now())
    return printed


def _answers(form: Form, rng: np.random.Generator) -> Iterator[tuple[str, Value]]:
    answers: dict[str, Value] = {}
    for column in form.columns:
        responses = form.item_of(column).item.responses
        if column in form.hidden(answers):
            continue
        if responses.kind is Kind.TEXT:
            value: Value = WORDS if rng.random() < 0.5 else NOT_ANSWERED
        else:
            value = NOT_ANSWERED if rng.random() < 0.02 else by_chance(responses, rng)
        answers[column] = value
        yield column, value


def _key_whole(
    desk: _Desk, serials: tuple[str, ...], truths: Mapping[str, dict[str, Value]]
) -> None:
    """All but the first by two people, who differ twice; one of these is settled."""
    one, other = desk.keyers
    for place, serial in enumerate(serials[1:]):
        _key(desk, serial, one, truths[serial])
        slips = _differences(desk.form, truths[serial]) if place < 2 else {}
        _key(desk, serial, other, truths[serial] | slips)
    settled = truths[serials[2]]
    said = {
        column: Decision(settled[column], "slip") for column in _differences(desk.form, settled)
    }
    decided = Decided(uuid.uuid4(), said, _now())
    given = (desk.keys, desk.form, serials[2], desk.settler, {desk.study_id}, decided)
    with desk.database.writing() as session:
        settle_differences(session, *given)


def _key_sample(
    desk: _Desk,
    serials: tuple[str, ...],
    truths: Mapping[str, dict[str, Value]],
    actor: str,
) -> None:
    """All but two by one, and of the sample drawn before some by the other."""
    with desk.database.writing() as session:
        batch = batch_named(session, session.get_one(Wave, desk.wave_id), SAMPLED)
        draw(session, batch, actor=actor, seed=SEED)
        drawn = set(
            session.scalars(
                select(Sheet.serial).where(
                    Sheet.batch_id == batch.id, Sheet.second_keying.is_(True)
                )
            )
        )
    one, other = desk.keyers
    twice = [serial for serial in serials if serial in drawn][:-6]
    for serial in serials[:-2]:
        slips = _slip(desk.form, truths[serial]) if serial == twice[1] else {}
        _key(desk, serial, one, truths[serial] | slips)
    for serial in twice:
        _key(desk, serial, other, truths[serial])


def _slip(form: Form, truth: Mapping[str, Value]) -> dict[str, Value]:
    """An answer that is keyed one off."""
    column = _single(form, truth)[7]
    return {column: _beside(form, column, truth)}


def _differences(form: Form, truth: Mapping[str, Value]) -> dict[str, Value]:
    """Two answers that the second keyer takes for others: one that was corrected, and a slip."""
    corrected, slipped = _single(form, truth)[2:4]
    return {one: _beside(form, one, truth) for one in (corrected, slipped)}


def _single(form: Form, truth: Mapping[str, Value]) -> list[str]:
    """Columns of one answer of several, that was given, and decides about no other question."""
    return [
        column
        for column, value in truth.items()
        if form.item_of(column).item.kind is Kind.SINGLE
        and value in form.item_of(column).item.responses.codes
        and column.startswith("tryghed")
    ]


def _beside(form: Form, column: str, truth: Mapping[str, Value]) -> int:
    """The code next to the answer."""
    codes = form.item_of(column).item.responses.codes
    place = codes.index(truth[column])
    return codes[place - 1 if place else 1]


def _key(desk: _Desk, serial: str, keyer: int, values: Mapping[str, Value]) -> None:
    finished = _now()
    started = finished - dt.timedelta(seconds=_SECONDS)
    languages = {column: SOURCE for column, value in values.items() if isinstance(value, str)}
    one = Pass(uuid.uuid4(), values, finished, finished.date(), started, text_languages=languages)
    with desk.database.writing() as session:
        save_keying(session, desk.keys, desk.form, serial, keyer, {desk.study_id}, one)


def _scan(
    desk: _Desk,
    printed: Printed,
    truths: Mapping[str, dict[str, Value]],
    rng: np.random.Generator,
    actor: str,
) -> None:
    """Scan a sheet that nobody has keyed, with marks that a person must read, and the one that differs.

    They are read by the demo's worker once it serves: nobody waits for it to start.
    """
    from survey.demo_pens import scanned  # noqa: PLC0415 - what it needs may be missing

    with desk.database.reading() as session:
        layout = session.get_one(SheetLayout, printed.layout).layout
    unkeyed, differing = printed.serials[:2]
    doubtful = {one: _beside(desk.form, one, truths[unkeyed])
                for one in _single(desk.form, truths[unkeyed])[4:6]}  # fmt: skip
    first, *_ = _differences(desk.form, truths[differing]).items()
    pages = []
    for serial, also, corrected in ((unkeyed, doubtful, {}), (differing, {}, dict([first]))):
        pdf = (printed.folder / f"{serial}.pdf").read_bytes()
        pages += scanned(pdf, layout, truths[serial], also, corrected, rng)
    with desk.database.writing() as session:
        study = session.get_one(Study, desk.study_id)
        upload = Upload("scan", gathered(pages))
        scan = take_in(session, desk.keys, study, upload, actor=actor, now=_now())
        order_reading(session, scan, actor=actor)
