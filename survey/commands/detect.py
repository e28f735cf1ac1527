"""`beboerpuls detect`: what a study could find, before it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

import processing
from survey.commands.datasets import (
    BadUse,
    bad_use,
)
from survey.commands.examples import Command
from survey.commands.printing import as_json, print_json, print_table
from survey.commands.told_figures import (
    each,
    finite,
    records,
    share,
)

if TYPE_CHECKING:
    from processing import PlannedStudy


_WHOLE = {"treated", "comparison"}
_Detect = TypeVar("_Detect", bound=Callable[..., Any])


def _figure(name: str, about: str, **settings: Any) -> Callable[[_Detect], _Detect]:
    """An option of `detect`: text here, so that all that is no number can be told at once."""
    return click.option(name, metavar="NUMBER", help=about, show_default=True, **settings)


@click.command(cls=Command, epilog="beboerpuls detect --treated 12 --comparison 12 --invited 150")
@_figure("--treated", "Areas with a plan.", required=True)
@_figure("--comparison", "Areas without.", required=True)
@_figure("--invited", "People invited per area and wave.")
@_figure("--response", "Share of them who answer.", default="0.4")
@_figure("--answers", "Answers per area and wave, in place of the two.")
@_figure("--icc", "Share of variance between areas.", default="0.03")
@_figure("--stability", "Of areas' means over waves.", default="0.7")
@_figure("--again", "Share who answered last wave too.", default="0")
@_figure("--design-effect", "Of the weights.", default="1")
@_figure("--sd", "Of persons' scores, in points.", default="20")
@_figure("--power", "Share of such studies that find it.", default="0.8")
@as_json
def detect(as_json: bool, **asked: str | None) -> None:
    """Tell the smallest effect that a study with these areas and this response would find.

    All figures that cannot be are told at once.
    """
    planned = _planned(asked)
    with bad_use():
        found = (
            processing.plan_study(planned)
            if asked["answers"] is None
            else processing.plan_study(planned, responses=())
        )
    if as_json:
        print_json(
            {
                "effect_sd": finite(found.effect_sd),
                "points": finite(found.points),
                "standard_error": found.standard_error,
                "df": found.df,
                "trusted": found.trust.method,
                "reliability": found.reliability,
                "half_width": found.half_width,
                "by_response": records(found.table),
            }
        )
        return
    click.echo(str(found))
    if len(found.table):
        print_table(
            ("response", "answers", "effect, points", "SD"),
            [
                (
                    share(row.response),
                    f"{row.answers:.0f}",
                    f"{row.points:.1f}",
                    f"{row.effect_sd:.2f}",
                )
                for row in each(found.table)
            ],
        )


def _planned(asked: Mapping[str, str | None]) -> PlannedStudy:
    """The study that is asked about. Raises BadUse with every figure that cannot be."""
    given: dict[str, float] = {}
    wrong = []
    for name, text in asked.items():
        try:
            if text is not None:
                given[name] = (int if name in _WHOLE else float)(text.replace(",", "."))
        except ValueError:
            kind = "a whole number" if name in _WHOLE else "a number"
            wrong.append(f"--{name.replace('_', '-')}: it is {kind}, got {text!r}. Correct it.")
    if (asked["invited"] is None) == (asked["answers"] is None):
        got = "neither was" if asked["invited"] is None else "both were"
        wrong.append(
            f"--invited, --answers: one of the two, and {got} given. Give --invited with --response,"
            " or --answers."
        )
    if "answers" in given:
        given |= {"invited": given.pop("answers"), "response": 1.0}
    # What could not be read is told above; a usual figure stands in for it.
    usual = {"treated": 12, "comparison": 12, "invited": 100.0}
    planned = processing.PlannedStudy(**usual | given)  # type: ignore[arg-type]  # each has its kind
    invited = "answers" if asked["answers"] is not None else "invited"
    for one in planned.problems():
        name = invited if one.where == "invited" else one.where.replace("_", "-")
        wrong.append(f"--{name}: {one.what}. {one.remedy}.")
    if wrong:
        raise BadUse("\n".join(wrong))
    return planned
