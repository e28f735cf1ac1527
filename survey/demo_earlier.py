"""The demo's earlier wave: answers drawn by chance, so that a researcher finds something to study."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import MONTHS, NOT_ANSWERED, Form, Kind, Responses, Value
from processing import KnownModel, simulate
from survey import studies
from survey.answering import WholeForm, submit_whole
from survey.freezing import freeze
from survey.models import Area, Invitation, Study
from survey.registers import load_margins
from survey.secrets import Keys, make_code

EARLIER = 1
INVITED, ANSWERED = 480, 240
SEED = 2006
# Strong enough to hold together, weak enough to be four scales of one questionnaire.
LOADING, CORRELATION, AREA_SHARE = 0.72, 0.45, 0.04
ON_PAPER, BLANK = 0.3, 0.02


def add_earlier_wave(
    session: Session,
    keys: Keys,
    study: Study,
    form: Form,
    data: Path,
    margins: Path,
    *,
    today: dt.date,
    actor: str,
) -> None:
    """A wave of the year before: half of the invited answered, and it was closed and frozen.

    Register counts are those of the wave now open: nobody of this study moves in or out.
    """
    day = today - dt.timedelta(days=365)
    wave = studies.plan_wave(session, study, closes=day + dt.timedelta(days=30), actor=actor)
    load_margins(session, wave, margins, form=form, actor=actor)
    studies.open_wave(session, wave, form, today=day, accept_unreviewed=form.languages, actor=actor)
    # Areas that were merged away have no dwellings to invite.
    areas = session.scalars(
        select(Area).where(Area.study_id == study.id, Area.valid_to.is_(None)).order_by(Area.key)
    ).all()
    invitations = [
        Invitation(
            wave_id=wave.id,
            area_id=areas[number % len(areas)].id,
            reference=f"E{number:04}",
            code_hash=keys.code_hash(make_code()),
        )
        for number in range(INVITED)
    ]
    session.add_all(invitations)
    session.flush()
    rng = np.random.default_rng(SEED)
    for invitation, answers in zip(invitations, _answers(form, rng, len(areas)), strict=False):
        mode = "paper" if rng.random() < ON_PAPER else "web"
        submit_whole(
            session,
            keys,
            form,
            wave,
            WholeForm(uuid.uuid4(), answers, mode, form.languages[0], day),
            invitation=invitation,
            area_id=invitation.area_id,
        )
    studies.close_wave(session, wave, today=day, actor=actor)
    freeze(session, keys, form, wave, data, actor=actor)


def _answers(form: Form, rng: np.random.Generator, areas: int) -> Iterator[dict[str, Value]]:
    """Scale items from a factor model with areas, in the order invited; all else by chance."""
    drawn = simulate(_model(form), ANSWERED, seed=SEED, areas=areas).frame
    # Respondents come sorted by area, invitations go round the areas.
    turn = drawn.groupby("area").cumcount()
    drawn = drawn.assign(turn=turn).sort_values(["turn", "area"])
    turned = _reversed_columns(form)
    for _, row in drawn.iterrows():
        items = {column: int(row[column]) for column in form.columns if column in row.index}
        for column in turned & items.keys():
            codes = form.item_of(column).item.responses.codes
            items[column] = min(codes) + max(codes) - items[column]
        yield whole_answers(form, rng, items)


def whole_answers(
    form: Form, rng: np.random.Generator, known: Mapping[str, int]
) -> dict[str, Value]:
    """What somebody answers to a whole form: what is known, else by chance, some of it left blank.

    Behind a route that hides it nothing is answered.
    """
    answers: dict[str, Value] = {}
    for column in form.columns:
        responses = form.item_of(column).item.responses
        if rng.random() < BLANK or responses.kind is Kind.TEXT:
            answers[column] = NOT_ANSWERED
        elif column in known:
            answers[column] = known[column]
        else:
            answers[column] = by_chance(responses, rng)
    hidden = form.hidden(answers)
    return {column: value for column, value in answers.items() if column not in hidden}


def by_chance(responses: Responses, rng: np.random.Generator) -> Value:
    """An answer that a question can have, drawn."""
    if responses.kind is Kind.MULTIPLE:
        return [int(rng.choice(responses.codes))]
    if responses.kind is Kind.RANKING:
        ranked = rng.choice(responses.codes, size=responses.places or 1, replace=False)
        return [int(code) for code in ranked]
    if responses.codes:
        return int(rng.choice(responses.codes))
    lowest, highest = responses.lowest or 0, responses.highest
    if responses.kind is Kind.YEAR:
        return int(rng.integers(1995, 2025))
    if responses.kind is Kind.MONTH:
        return int(rng.integers(1995, 2025)) * 100 + int(rng.integers(1, MONTHS + 1))
    if responses.kind is Kind.NUMBER:
        return min(lowest + int(rng.poisson(1.0)), highest or 20)
    return int(np.clip(rng.normal(7, 2), lowest, highest or 10))


def _model(form: Form) -> KnownModel:
    scales = {
        f"{instrument.name}_{scale.id}": [
            instrument.column(instrument.item(item)) for item in scale.items
        ]
        for instrument in form.instruments
        for scale in instrument.scales
        if scale.model == "reflective"
    }
    return KnownModel.simple(
        scales, loading=LOADING, correlation=CORRELATION, area_share=AREA_SHARE
    )


def _reversed_columns(form: Form) -> frozenset[str]:
    return frozenset(
        instrument.column(instrument.item(item))
        for instrument in form.instruments
        for scale in instrument.scales
        for item in scale.reversed
    )
