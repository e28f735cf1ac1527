"""Results back to residents: a page a place, open to everybody, in every language of its wave."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from processing import Codebook, Estimated, PlaceFigure
from survey.errors import not_found
from survey.resident.views import blueprint
from survey.result_counts import favourable_answers
from survey.results import (
    NotOpenedError,
    TakenDownError,
    Told,
    opened_results,
    results_are_open,
    told_results,
)
from survey.web import language, looking, parts, reading, speak

# The drawing of a slat is this wide, with a rim of one.
_SLAT = 318


@dataclass(frozen=True)
class Slat:
    """A figure as a painted slat: as far as it is sure, and as far as it may be. In the drawing's units."""

    value: int
    low: int
    high: int
    year: int
    n: int

    @property
    def sure(self) -> float:
        return round(self.low * _SLAT / 100, 1)

    @property
    def unsure(self) -> float:
        return round((self.high - self.low) * _SLAT / 100, 1)


@dataclass(frozen=True)
class Shown:
    """One figure of the page, in whole numbers: finer ones would say more than is known."""

    kind: str
    label: str
    now: Slat
    before: Slat | None
    moved: tuple[int, int, int] | None
    """-1, 0 or 1 for a fall, nothing sure or a rise, and how little and how much it may be"""
    everywhere: int | None
    of_ten: int
    answers: tuple[str, ...]
    questions: tuple[str, ...]
    turned: bool

    @property
    def everywhere_at(self) -> float:
        return round(1 + (self.everywhere or 0) * _SLAT / 100, 1)


@blueprint.get("/results")
def results() -> str:
    """Every place whose results are open, by name."""
    with reading() as database:
        return render_template("resident/results.html", opened=opened_results(database))


@blueprint.get("/results/<int:number>")
def result(number: int) -> ResponseReturnValue:
    """To the page in the reader's language, where the wave asked in it."""
    offered = _told(number).languages
    best = language() if language() in offered else offered[0]
    return redirect(url_for("resident.result_in", number=number, code=best))


@blueprint.get("/results/<int:number>/<code>")
def result_in(number: int, code: str) -> ResponseReturnValue:
    told = _told(number)
    if code not in told.languages:
        abort(404)
    speak(code)
    return render_template(
        "resident/result.html",
        told=told,
        figures=[_shown(one, told.codebook, code) for one in told.results.figures],
    )


@blueprint.errorhandler(NotOpenedError)
def not_opened(_failure: NotOpenedError) -> ResponseReturnValue:
    """As where there is nothing: whether a place has results is nobody's to find out."""
    return not_found(NotFound())


@blueprint.errorhandler(TakenDownError)
def taken_down(_failure: TakenDownError) -> ResponseReturnValue:
    return render_template("resident/result_gone.html"), 410


@blueprint.app_context_processor
def _link() -> dict[str, object]:
    """Whether the front page has results to lead to."""
    return {"any_results": any_results}


def any_results() -> bool:
    with looking() as database:
        return results_are_open(database)


def _told(number: int) -> Told:
    with reading() as database:
        return told_results(database, number, parts().settings.data)


def _shown(figure: PlaceFigure, codebook: Codebook, code: str) -> Shown:
    share = figure.kind == "share"
    scale = next((one for one in codebook.scales if one.name == figure.name), None)
    columns = scale.columns if scale else (figure.name,)
    moved = figure.moved
    ends = sorted(abs(end) for end in (moved.low, moved.high)) if moved else []
    return Shown(
        kind=figure.kind,
        label=scale.label(code) if scale else codebook.variable(figure.name).label(code),
        now=_slat(figure.now),
        before=_slat(figure.before) if figure.before and not share else None,
        moved=(moved.surely, math.floor(ends[0]), math.ceil(ends[1])) if moved else None,
        everywhere=round(figure.everywhere.value) if figure.everywhere and not share else None,
        of_ten=round(figure.now.value / 10),
        answers=favourable_answers(codebook, figure.name, code) if share else (),
        questions=tuple(
            codebook.variable(one).questions.get(code) or codebook.variable(one).label(code)
            for one in columns
        ),
        turned=bool(scale and scale.headline_reversed),
    )


def _slat(found: Estimated) -> Slat:
    return Slat(round(found.value), round(found.low), round(found.high), found.year, found.n)
