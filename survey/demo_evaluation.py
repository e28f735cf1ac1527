"""The demo's study before and after: two frozen waves, plans begun in half of the areas between them.

Places, people and answers are drawn from a truth that is known, `EFFECT`. They come in the way that
everybody's do: places and register counts from files, answers through the only writer of answers, and
the datasets by freezing. The analysis plan was registered before the first wave was frozen.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import Form, make_form
from processing import (
    MODES,
    AreasDrawn,
    DrawnStudy,
    KnownModel,
    PeopleDrawn,
    ResidentsDrawn,
    build_codebook,
    draw_study,
)
from survey import registers, studies
from survey.analysis_plans import register_plan
from survey.answering import WholeForm, submit_whole
from survey.demo_earlier import CORRELATION, LOADING, whole_answers
from survey.freezing import freeze
from survey.models import Area, Invitation, Wave
from survey.secrets import Keys, make_code

EVALUATION = "demo-before-after"
INSTRUMENTS = ("tryghed", "trivsel", "background")
PLAN = b"""\
primary: [tryghed_t1, trivsel_v3]
secondary: [tryghed_t3]
treatment: [helhedsplan]
margin: 3
"""
EFFECT = 0.6
"""What a plan adds to every trait, in SD: more than plans do, so that this few people show it."""
SEED = 2044
"""With this one no afdeling is too small to be shown, so that every page has all of its figures."""
NAMES = (
    "Agerhøj", "Birkehegn", "Digesvalen", "Elletoften", "Fasanhegnet", "Gulspurven", "Hejrebakken",
    "Humlehaven", "Kaprifolgården", "Lærkereden", "Mirabellen", "Musvitten", "Regnspoven",
    "Rønnebærtoften", "Slåenhegnet", "Stærekassen", "Syrenparken", "Tjørnehaven", "Vibereden",
    "Ærenprisen",
)  # fmt: skip
GROUPS = ("Skovbyen", "Engbyen", "Søbyen", "Åbyen")
PLAN_NAME = "Helhedsplan Skov og Eng"
TREATED, INVITED, ANSWERING, DWELLINGS = 10, 42, 0.45, 85
# Days before today on which the waves were asked, and on which the plans began.
_ASKED, _BEGAN, _OPEN = (760, 30), 640, 21


def add_evaluation(
    session: Session,
    keys: Keys,
    languages: list[str],
    data: Path,
    *,
    today: dt.date,
    actor: str,
) -> None:
    """A study whose effects can be estimated, and whose residents can be told of a change."""
    study = studies.create_study(
        session, EVALUATION, "Før og efter, prøveudgave", "Analyseinstituttet Prøven", "00 00 00 00",
        actor=actor,
    )  # fmt: skip
    days = [today - dt.timedelta(days=ago) for ago in _ASKED]
    form = make_form(INSTRUMENTS, languages)
    drawn = _draw(form, days)
    with tempfile.TemporaryDirectory() as there:
        files = _files(drawn, Path(there), began=today - dt.timedelta(days=_BEGAN))
        for name, load in (
            ("areas", registers.load_areas),
            ("groups", registers.load_groups),
            ("plans", registers.load_plans),
            ("area-plans", registers.load_area_plans),
        ):
            load(session, study, files / f"{name}.csv", actor=actor)
        register_plan(session, study, PLAN, forms=[form], actor=actor)
        for day in days:
            wave = studies.plan_wave(
                session, study, closes=day + dt.timedelta(days=_OPEN), actor=actor
            )
            registers.load_margins(session, wave, files / "margins.csv", form=form, actor=actor)
            studies.open_wave(
                session, wave, form, today=day, accept_unreviewed=form.languages, actor=actor
            )
            _answer(session, keys, form, wave, drawn, day)
            studies.close_wave(session, wave, today=day, actor=actor)
            freeze(session, keys, form, wave, data, actor=actor)


def _draw(form: Form, days: list[dt.date]) -> DrawnStudy:
    scales = build_codebook(form, wave_year=days[-1].year).scales
    areas = AreasDrawn(
        len(NAMES), [2] * TREATED, [f"{day}" for day in days], [EFFECT],
        invited=INVITED, residents=2 * DWELLINGS,
    )  # fmt: skip
    return draw_study(
        KnownModel.of_scales(scales, LOADING, correlation=CORRELATION),
        areas,
        PeopleDrawn(response=ANSWERING),
        seed=SEED,
        residents=ResidentsDrawn(per_group=len(NAMES) // len(GROUPS)),
    )


def _files(drawn: DrawnStudy, folder: Path, *, began: dt.date) -> Path:
    """What was drawn of places, as the files that a study brings."""
    tables = drawn.tables[1]
    groups = tables["area_group"]
    named = dict(zip(groups["area_group"].unique(), GROUPS, strict=True))
    periods = tables["area_plan"].assign(valid_from=f"{began}")
    files = {
        "areas": tables["areas"].assign(name=list(NAMES)),
        "groups": groups.assign(name=groups["area_group"].map(named), valid_from="2015-01-01"),
        "plans": tables["plans"].assign(name=PLAN_NAME),
        "area-plans": periods,
        "margins": tables["margins"].assign(
            ordered=[
                "yes" if one.endswith("age_band") else "no" for one in tables["margins"]["variable"]
            ]
        ),
    }
    for name, table in files.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _answer(
    session: Session, keys: Keys, form: Form, wave: Wave, drawn: DrawnStudy, day: dt.date
) -> None:
    """Invite as many as were drawn, and let those answer who do."""
    places = session.scalars(select(Area).where(Area.study_id == wave.study_id))
    areas = {area.key: area.id for area in places}
    rows = drawn.waves[wave.number].to_dict("records")
    answering = [
        _invitation(keys, wave, areas[row["area"]], f"S{number:04}", row["panel"])
        for number, row in enumerate(rows, start=1)
    ]
    counted = drawn.tables[wave.number]["dispositions"].to_dict("records")
    silent = [
        _invitation(keys, wave, areas[one["area"]], f"T{one['area']}-{number:03}", "")
        for one in counted
        for number in range(one["invited"] - one["finished"])
    ]
    session.add_all([*answering, *silent])
    session.flush()
    rng = np.random.default_rng([SEED, wave.number])
    modes = {code: mode for mode, code in MODES.items()}
    for invitation, row in zip(answering, rows, strict=True):
        known = {column: int(row[column]) for column in form.columns if column in row}
        whole = WholeForm(
            uuid.uuid4(), whole_answers(form, rng, known), modes[row["mode"]], row["language"], day
        )
        submit_whole(
            session, keys, form, wave, whole, invitation=invitation, area_id=invitation.area_id
        )


def _invitation(keys: Keys, wave: Wave, area: int, reference: str, person: str) -> Invitation:
    return Invitation(
        wave_id=wave.id,
        area_id=area,
        reference=reference,
        code_hash=keys.code_hash(make_code()),
        pseudonym=keys.pseudonym(EVALUATION, person) if person else None,
    )
