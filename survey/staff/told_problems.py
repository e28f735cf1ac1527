"""Why something cannot be computed, in the language of the page where it has words for that rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup, escape

from processing import Problem
from survey.models import Job
from survey.web import words


def told(problem: Problem) -> Markup:
    """One problem in words; a rule that nobody has put into this language is told in English."""
    key = f"problem.{problem.rule}"
    if problem.rule and key in words():
        ends = {
            end: words().number(float(problem.values[end]))
            for end in ("low", "high")
            if problem.rule == "plan.range"
        }
        return words()(key, **{**problem.values, **ends})
    return _in_english(str(problem))


def fault_told(fault: str) -> Markup:
    """One problem of a file in words, as far as its rule has some."""
    rule = getattr(fault, "rule", "")
    if rule and f"csv.{rule}" in words():
        return words()(f"csv.{rule}", **getattr(fault, "values", {}))
    return _in_english(fault)


def reasons_of(job: Job) -> list[Markup]:
    """Why a job failed, every reason by itself; none where what it says of itself is enough."""
    if job.error is None or job.error["key"] != "job.error.problems":
        return []
    said: Mapping[str, Any] = job.error["values"]
    problems: Iterable[Mapping[str, Any]] = said["problems"]
    return [*(told(Problem(**one)) for one in problems), *map(_in_english, said["plain"])]


def _in_english(text: str) -> Markup:
    if words().language.code == "en":
        return escape(text)
    return Markup('<span lang="en" dir="ltr">{}</span>').format(text)
