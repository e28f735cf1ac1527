"""The planning page: what a study can detect with these areas and this response."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from babel.numbers import format_decimal
from flask import render_template, request

from processing import PlannedStudy, plan_study
from survey.research.desk import blueprint
from survey.staff import needs_role
from survey.web import words

# Each with its default, as it is written on the page; shares are in percent there.
WHOLE = {"treated": 12, "comparison": 12, "invited": 150}
PERCENT = {"response": 40.0, "icc": 3.0, "stability": 70.0, "again": 0.0, "power": 80.0}
PLAIN = {"sd": 20.0, "design_effect": 1.0}
FIELDS = (*WHOLE, *PERCENT, *PLAIN)
# What a study chooses; all else is assumed, from earlier ones.
FIRST = ("treated", "comparison", "invited", "response")
# The largest that is computed while somebody waits.
_MOST = {"treated": 5_000, "comparison": 5_000, "invited": 100_000}


@dataclass(frozen=True)
class Row:
    """What another response would detect, with the length of its slat in the drawing's units."""

    response: int
    answers: int
    points: str
    in_sd: str
    slat: float


@blueprint.get("/planning")
@needs_role("researcher", "coordinator")
def planning() -> str:
    """A form that is filled with usual figures, and what a study of these would find."""
    typed = {name: request.args.get(name, _shown(name)).strip()[:20] for name in FIELDS}
    given, problems = _read(typed)
    found, rows = None, []
    # What is no number is told beside what is one and cannot be: a usual figure stands in for it.
    usual, _ = _read({name: _shown(name) for name in FIELDS})
    planned = PlannedStudy(**usual | given)  # type: ignore[arg-type]  # each has its kind
    for one in planned.problems():
        received = typed.get(one.where, one.values["received"])
        problems.setdefault(one.where, words().plain(f"problem.{one.rule}", received=received))
    if not problems:
        found = plan_study(planned)
        rows = _rows(found.table)
    return render_template(
        "research/planning.html",
        typed=typed,
        problems=problems,
        found=found,
        rows=rows,
        finite=found is not None and math.isfinite(found.points),
        whole=(*WHOLE,),
        percent=(*PERCENT,),
        fields=FIELDS,
        first=FIRST,
        fixed=_fixed,
    )


def _fixed(value: float, form: str) -> str:
    """A figure with all its decimals, as a column of figures needs them."""
    if not math.isfinite(value):
        return ""
    return format_decimal(value, form, words().language.locale)


def _shown(name: str) -> str:
    default = {**WHOLE, **PERCENT, **PLAIN}[name]
    return f"{default:g}"


def _read(typed: dict[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """The form as numbers, and what is wrong with which field."""
    given: dict[str, float] = {}
    problems = {}
    for name, text in typed.items():
        try:
            value: float = int(text) if name in WHOLE else float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        most = _MOST.get(name, 1_000)
        if not text:
            problems[name] = words().plain("planning.empty")
        elif not math.isfinite(value):
            rule = "planning.whole" if name in WHOLE else "planning.number"
            problems[name] = words().plain(rule, received=text)
        elif value > most:
            problems[name] = words().plain("planning.most", received=text, most=most)
        elif name in PERCENT:
            given[name] = value / 100
        else:
            given[name] = value
    known = {one.name for one in fields(PlannedStudy)}
    return {name: value for name, value in given.items() if name in known}, problems


def _rows(table: object) -> list[Row]:
    told = table.to_dict("records")  # type: ignore[attr-defined]  # a frame; the desk knows no pandas
    most = max((one["points"] for one in told if math.isfinite(one["points"])), default=1.0)
    return [
        Row(
            response=round(100 * one["response"]),
            answers=round(one["answers"]),
            points=_fixed(one["points"], "0.0"),
            in_sd=_fixed(one["effect_sd"], "0.00"),
            slat=round(318 * one["points"] / most, 1) if math.isfinite(one["points"]) else 0,
        )
        for one in told
    ]
