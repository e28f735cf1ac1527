"""Results back to residents: the coordinator has them counted, and opens pages place by place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from processing import Problem
from survey.coordination.desk import blueprint
from survey.coordination.own_waves import own_wave
from survey.jobs import order_job
from survey.models import OpenedResult, Wave
from survey.result_counts import FIRST_FIGURES, ResultsError, is_planned, labels_of
from survey.result_places import Place, places_of
from survey.results import LONGEST_WORDS, MOST_FIGURES, close_results, open_results
from survey.staff import me, needs_role
from survey.staff.told_problems import told
from survey.web import language, parts, reading, words, writing

# What the job leaves behind is the table itself; it makes no file.
_KEEPS_HOURS = 1


@dataclass(frozen=True)
class Filled:
    """The form as it was sent, or as it is offered first."""

    places: tuple[str, ...] = ()
    figures: tuple[str, ...] = FIRST_FIGURES
    meeting_day: str = ""
    meeting_place: str = ""
    note: str = ""
    problems: tuple[tuple[str, Markup | str], ...] = field(default=())
    """Each with the id of the field that it is about"""


@blueprint.get("/waves/<int:wave_id>/results")
@needs_role("coordinator")
def results(wave_id: int) -> str:
    """Which places can be shown, which are, and a form to open more."""
    with reading() as database:
        return _page(database, own_wave(database, wave_id), Filled())


@blueprint.post("/waves/<int:wave_id>/results")
@needs_role("coordinator")
def open_pages(wave_id: int) -> ResponseReturnValue:
    filled, day = _sent()
    if not filled.problems:
        try:
            with writing() as database:
                wave = own_wave(database, wave_id)
                for place in filled.places:
                    level, _, unit = place.partition(":")
                    open_results(
                        database, wave, parts().settings.data, level, unit,
                        figures=filled.figures, meeting_day=day,
                        meeting_place=filled.meeting_place, note=filled.note, actor=me().name,
                    )  # fmt: skip
            return redirect(url_for("coordination.results", wave_id=wave_id), 303)
        except ResultsError as error:
            labels = _labels(wave_id)
            problems = tuple((_field(one), _reason(one, labels)) for one in error.problems)
            filled = Filled(**{**vars(filled), "problems": problems})
    with reading() as database:
        return _page(database, own_wave(database, wave_id), filled), 422


@blueprint.post("/waves/<int:wave_id>/results/count")
@needs_role("coordinator")
def count(wave_id: int) -> ResponseReturnValue:
    with writing() as database:
        wave = own_wave(database, wave_id)
        job = order_job(
            database, "results", study_id=wave.study_id, wave_id=wave.id, role="coordinator",
            actor=me().name, wanted={}, keeps_hours=_KEEPS_HOURS,
        )  # fmt: skip
        return redirect(url_for("staff.job", job_id=job.id), 303)


@blueprint.post("/waves/<int:wave_id>/results/<int:number>/close")
@needs_role("coordinator")
def close_page(wave_id: int, number: int) -> ResponseReturnValue:
    with writing() as database:
        wave = own_wave(database, wave_id)
        opened = database.get(OpenedResult, number)
        if opened is None or opened.wave_id != wave.id:
            abort(404)
        close_results(database, opened, actor=me().name)
    return redirect(url_for("coordination.results", wave_id=wave_id), 303)


def _page(database: Session, wave: Wave, filled: Filled) -> str:
    data = parts().settings.data
    places: list[Place] = []
    figures: dict[str, str] = {}
    missing = "" if wave.status == "frozen" else "not_frozen"
    if not missing:
        try:
            places = places_of(database, wave, data)
            figures = labels_of(wave, data, language())
        except ResultsError:
            missing = "not_counted"
    return render_template(
        "coordination/results.html",
        wave=wave,
        missing=missing,
        unplanned=missing != "not_frozen" and not is_planned(wave.study.key, data),
        can=[one for one in places if one.answered is not None and not _is_open(one)],
        cannot=[one for one in places if one.answered is None],
        shown=[one for one in places if one.answered is not None and _is_open(one)],
        figures=figures,
        filled=filled,
        most=MOST_FIGURES,
        longest=LONGEST_WORDS,
    )


def _labels(wave_id: int) -> dict[str, str]:
    """What figures are called on this page; none where nothing is counted."""
    with reading() as database:
        try:
            return labels_of(own_wave(database, wave_id), parts().settings.data, language())
        except ResultsError:
            return {}


def _field(problem: Problem) -> str:
    """The field of the form that a reason is about."""
    of_figures = {"results.figure", "results.many", "results.none"}
    return "figures" if problem.rule in of_figures else "places"


def _reason(problem: Problem, labels: Mapping[str, str]) -> Markup:
    """A reason against opening, with figures and the why of a place as this page calls them."""
    values = dict(problem.values)
    for name in {"figure", "figures", "known"} & set(values):
        values[name] = ", ".join(labels.get(one, one) for one in values[name].split(", "))
    if why := values.get("why"):
        another = words().plain("coordination.results.why.another")
        values["why"] = words().plain(
            f"coordination.results.why.{why}",
            least=values["least"], places=values["places"] or another,
        )  # fmt: skip
    return told(replace(problem, values=values))


def _is_open(place: Place) -> bool:
    return place.opened is not None and place.opened.open


def _sent() -> tuple[Filled, dt.date | None]:
    """What the form holds, every problem of it told, and the day of the meeting."""
    sent, day = request.form, None
    problems = []
    if not sent.getlist("place"):
        problems.append(("places", words().plain("coordination.results.no_place")))
    if not 1 <= len(sent.getlist("figure")) <= MOST_FIGURES:
        problems.append(
            ("figures", words().plain("coordination.results.figures_rule", most=MOST_FIGURES))
        )
    if written := sent.get("meeting_day", "").strip():
        try:
            day = dt.date.fromisoformat(written)
        except ValueError:
            received = written[:20]
            problems.append(
                ("meeting_day", words().plain("coordination.results.day_rule", received=received))
            )
    for name in ("meeting_place", "note"):
        length = len(sent.get(name, ""))
        if length > LONGEST_WORDS:
            rule = words().plain("coordination.results.long", received=length, most=LONGEST_WORDS)
            problems.append((name, rule))
    filled = Filled(
        places=tuple(sent.getlist("place")),
        figures=tuple(sent.getlist("figure")),
        meeting_day=written,
        meeting_place=sent.get("meeting_place", ""),
        note=sent.get("note", ""),
        problems=tuple(problems),
    )
    return filled, day
