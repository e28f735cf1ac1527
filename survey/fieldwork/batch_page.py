"""One batch: its rule, who keys it, its sample, and the verdict."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from survey import batches, verdicts
from survey.answering import WaveClosedError
from survey.batches import (
    BatchFixedError,
    NoSuchBatchError,
    NothingBackError,
    Rules,
    RulesError,
    find_batch,
)
from survey.fieldwork.own_studies import coordinated, own_studies
from survey.models import Batch
from survey.models.batches import SETTLE_RULES
from survey.receiving import batch_lines
from survey.settling import how_many_wait
from survey.staff import me, needs_role
from survey.web import parts, reading, writing

_TOLD = "batch_told"


def register(blueprint: Blueprint) -> None:
    """Put the pages among those of the paper desk."""
    for rule, name, view, methods in (
        ("/batches/<int:batch_id>", "batch", page, ["GET"]),
        ("/batches/<int:batch_id>/rules", "batch_rules", rules, ["POST"]),
        ("/batches/<int:batch_id>/keyers", "batch_keyers", keyers, ["POST"]),
        ("/batches/<int:batch_id>/draw", "batch_draw", draw, ["POST"]),
        ("/batches/<int:batch_id>/judge", "batch_judge", judge, ["POST"]),
    ):
        blueprint.add_url_rule(rule, name, view, methods=methods)


@needs_role("fieldworker", "coordinator")
def page(batch_id: int) -> str:
    """How a batch stands, and what its rule says of it."""
    with reading() as database:
        return _page(database, _found(database, batch_id, own_studies()))


@needs_role("coordinator")
def rules(batch_id: int) -> ResponseReturnValue:
    """Change the rules of a batch of which nothing is keyed; or say which field is wrong."""
    given = request.form
    wanted = Rules(
        _percent(given.get("share", "")),
        _percent(given.get("limit", "")),
        _percent(given.get("confidence", "")),
        given.get("settle_rule", ""),
    )
    try:
        with writing() as database:
            batch = _found(database, batch_id, coordinated())
            batches.set_batch_rules(database, batch, wanted, actor=me().name)
            if given.get("for_study"):
                batches.set_rules(database, batch.wave.study, wanted, actor=me().name)
    except RulesError as failure:
        with reading() as database:
            batch = _found(database, batch_id, coordinated())
            return _page(database, batch, wrong=failure.problems), 422
    except BatchFixedError:
        session[_TOLD] = "fixed"
    else:
        session[_TOLD] = "rules"
    return _back(batch_id)


@needs_role("coordinator")
def keyers(batch_id: int) -> ResponseReturnValue:
    """Hand the passes of a batch out to keyers."""
    with writing() as database:
        batch = _found(database, batch_id, coordinated())
        for number in (1, 2):
            chosen = request.form.getlist(f"pass{number}", type=int)
            batches.hand_out(database, batch, number, chosen, actor=me().name)
    session[_TOLD] = "handed_out"
    return _back(batch_id)


@needs_role("coordinator")
def draw(batch_id: int) -> ResponseReturnValue:
    """Draw the sample, and let no more sheets in."""
    try:
        with writing() as database:
            batch = _found(database, batch_id, coordinated())
            # It cannot be drawn again, and what comes later is keyed twice: that is meant, or not done.
            meant = (
                "complete" in request.form
                or batch.drawn is not None
                or not verdicts.standing_of(database, batch).away
            )
            if meant:
                batches.draw(database, batch, actor=me().name)
    except NothingBackError:
        session[_TOLD] = "nothing_back"
    else:
        session[_TOLD] = "drawn" if meant else "not_complete"
    return _back(batch_id)


@needs_role("coordinator")
def judge(batch_id: int) -> ResponseReturnValue:
    """Let the sample say whether the batch is accepted."""
    try:
        with writing() as database:
            batch = _found(database, batch_id, coordinated())
            form = parts().forms.of(database, batch.wave_id)
            verdicts.judge(database, parts().keys, form, batch, actor=me().name)
    except verdicts.NotReadyError:
        session[_TOLD] = "not_ready"
    except verdicts.JudgedBeforeError:
        session[_TOLD] = "judged_before"
    except WaveClosedError:
        session[_TOLD] = "wave"
    return _back(batch_id)


def _back(batch_id: int) -> ResponseReturnValue:
    return redirect(url_for("paper.batch", batch_id=batch_id), 303)


def _found(database: Session, batch_id: int, studies: frozenset[int]) -> Batch:
    try:
        return find_batch(database, batch_id, studies)
    except NoSuchBatchError:
        abort(404)


def _page(database: Session, batch: Batch, wrong: list[str] | None = None) -> str:
    line = next(one for one in batch_lines(database, batch.wave) if one.id == batch.id)
    standing = verdicts.standing_of(database, batch) if batch.samples else None
    return render_template(
        "fieldwork/batch.html",
        batch=batch,
        line=line,
        told="" if wrong else session.pop(_TOLD, ""),
        wrong=wrong or [],
        given=request.form,
        standing=standing,
        needed=_needed(database, batch),
        size=batches.size_of_sample(batch, standing.in_hand) if standing else 0,
        verdict=verdicts.verdict_of(database, batch),
        differing=how_many_wait(database, batch.id),
        coordinates=batch.wave.study_id in coordinated(),
        fixed=batch.drawn is not None or line.keyed > 0,
        keyers=batches.keyers_of(database, batch.wave.study_id),
        handed={number: batches.handed_to(database, batch, number) for number in (1, 2)},
        settle_rules=SETTLE_RULES,
    )


def _needed(database: Session, batch: Batch) -> verdicts.Needed | None:
    """How large a sample can be accepted; None where none is drawn, or nothing is asked yet."""
    if not batch.samples or batch.wave.form is None:
        return None
    return verdicts.sheets_needed(batch, parts().forms.of(database, batch.wave_id))


def _percent(typed: str) -> float:
    """A share from what was typed as percent; not a number is one that no rule allows."""
    try:
        return round(float(typed.strip().replace("%", "").replace(",", ".")) / 100, 6)
    except ValueError:
        return -1.0
