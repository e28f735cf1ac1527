"""`beboerpuls results`: what residents are shown of their wave, place by place."""

from __future__ import annotations

import datetime as dt

import click

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, print_table, refusal, refuses
from survey.result_counts import ResultsError, count_results, is_planned, note_counted, told_last
from survey.result_places import Place, places_of, why_not
from survey.results import NotOpenedError, close_results, find_opened, open_results
from survey.studies import StudyError, find_study, find_wave

_study = click.argument("study")
_number = click.argument("number", type=int)
_places = click.argument("places", nargs=-1)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} must be a day as 2027-02-09.") from None


UNPLANNED = (
    "no wave's manifest names the effects of a registered analysis plan. Places to hide were chosen for"
    " these pages alone, and stay so: effects that are planned later may have to be hidden beside them."
)


@click.group(cls=Group)
def results() -> None:
    """Show residents what they answered: count, open and close pages of results."""


@results.command(epilog="beboerpuls results count bopuls")
@_study
@refuses(ResultsError, StudyError)
def count(study: str) -> None:
    """Count what may be told of each place of a study's frozen waves.

    Small cells, and what would give them away, are hidden from here on. Count again after each
    freeze, and after answers were taken back: until then, pages made from the old data are down.
    """
    with installation() as here:
        with here.database.reading() as session:
            find_study(session, study)
            known = told_last(session, study)
        folder = count_results(study, here.settings.data, known)
        with here.database.writing() as session:
            note_counted(session, study, here.settings.data, actor=here.actor)
    click.echo(f"Counted: {folder}")
    if not is_planned(study, here.settings.data):
        click.echo(f"Note: {UNPLANNED}", err=True)
    click.echo(f"Next: beboerpuls results list {study} WAVE")


@results.command("list", epilog="beboerpuls results list bopuls 2")
@_study
@_number
@as_json
@refuses(ResultsError, StudyError)
def list_(study: str, number: int, as_json: bool) -> None:
    """List a wave's places: which can be opened, and which are open, at which address."""
    with installation() as here, here.database.reading() as session:
        found = places_of(session, find_wave(session, study, number), here.settings.data)
        rows = [
            (one.level, one.unit, one.name, one.answered, _state(one), _address(one))
            for one in found
        ]
    if as_json:
        names = ("level", "place", "name", "answered", "state", "address")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(("level", "place", "name", "answered", "state", "address"), rows)


@results.command(
    "open",
    epilog="""
beboerpuls results open bopuls 2 0667-012 --meeting 2027-02-09 \\
  --meeting-place "Fælleshuset, kl. 19"
""",
)
@_study
@_number
@_places
@click.option("--all", "every", is_flag=True, help="Every place that has enough answers.")
@click.option("--figure", "figures", multiple=True, help="What is shown, in order; else the usual.")
@click.option("--meeting", metavar="DAY", callback=_day, help="When the results are talked about.")
@click.option("--meeting-place", default="", help="Where and at what time.")
@click.option("--note", default="", help="What happens next, in the sender's words.")
@refuses(ResultsError, StudyError)
def open_(
    study: str,
    number: int,
    places: tuple[str, ...],
    every: bool,
    figures: tuple[str, ...],
    meeting: dt.date | None,
    meeting_place: str,
    note: str,
) -> None:
    """Open the pages of PLACES, by their keys, to everybody; or change what they say."""
    if bool(places) == every:
        raise refusal("Name places by their keys, or give --all.")
    with installation() as here, here.database.writing() as session:
        wave = find_wave(session, study, number)
        known = places_of(session, wave, here.settings.data)
        chosen = [one for one in known if one.answered is not None] if every else []
        for key in places:
            chosen += _named(known, key)
        opened = [
            open_results(
                session, wave, here.settings.data, one.level, one.unit,
                figures=figures, meeting_day=meeting, meeting_place=meeting_place, note=note,
                actor=here.actor,
            ).id
            for one in chosen
        ]  # fmt: skip
    addresses = "".join(f" /results/{one}" for one in opened)
    click.echo(f"Opened {counted(len(opened), 'page')}{':' * bool(opened)}{addresses}")
    for one in known if every else ():
        if one.answered is None:
            click.echo(f"Not opened, {one.level} {one.unit}: {why_not(one)}.")


@results.command(epilog="beboerpuls results close bopuls 2 0667-012")
@_study
@_number
@_places
@refuses(ResultsError, StudyError)
def close(study: str, number: int, places: tuple[str, ...]) -> None:
    """Show the pages of PLACES no more. Their addresses stay theirs."""
    if not places:
        raise refusal("Name places by their keys: beboerpuls results list tells them.")
    with installation() as here, here.database.writing() as session:
        wave = find_wave(session, study, number)
        for key in places:
            for one in _named(places_of(session, wave, here.settings.data), key):
                try:
                    row = find_opened(session, wave, one.level, one.unit)
                except NotOpenedError:
                    raise ResultsError(f"{key}: it was never opened.") from None
                close_results(session, row, actor=here.actor)
    click.echo(f"Closed {counted(len(places), 'page')}.")


def _named(known: list[Place], key: str) -> list[Place]:
    found = [one for one in known if one.unit == key]
    if not found:
        raise ResultsError(f"{key}: the wave has no such place. List them: beboerpuls results list")
    return found


def _state(place: Place) -> str:
    if place.opened and place.opened.open:
        return "open"
    return "closed" if place.answered is not None else why_not(place)


def _address(place: Place) -> str:
    return f"/results/{place.opened.id}" if place.opened and place.opened.open else ""
