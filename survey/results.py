"""Results back to residents: opened place by place, shown while their data stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from processing import (
    Codebook,
    PlaceFigure,
    PlaceResults,
    Problem,
    place_results,
)
from survey import audit
from survey.freezing import standing
from survey.models import OpenedResult, Wave
from survey.result_counts import FIRST_FIGURES, ResultsError, counted_for, figures_of, refused
from survey.result_places import Place, places_of, refuse_unfrozen, why_not

MOST_FIGURES = 6
LONGEST_WORDS = 500


class NotOpenedError(LookupError):
    """No page of results is there, or it was closed: nobody is told which."""


class TakenDownError(Exception):
    """The data that a page was made from do not stand any more, or are being counted again."""


@dataclass(frozen=True)
class Told:
    """What a page of results is made of; `sender` and `contact` are the study's."""

    id: int
    name: str
    level: str
    results: PlaceResults
    codebook: Codebook
    languages: tuple[str, ...]
    calibrated: bool
    places: int
    sender: str
    contact: str
    meeting_day: dt.date | None
    meeting_place: str
    note: str
    dataset: str
    least: int
    """From how many answers on anything is told"""


def open_results(
    session: Session,
    wave: Wave,
    data: Path,
    level: str,
    unit: str,
    *,
    actor: str,
    figures: Sequence[str] = (),
    meeting_day: dt.date | None = None,
    meeting_place: str = "",
    note: str = "",
) -> OpenedResult:
    """Show a place's results to everybody, or change what is said with them.

    Without `figures` the usual ones are shown. Raises ResultsError with every reason against it.
    """
    refuse_unfrozen(session, wave)
    known = figures_of(wave, data)
    chosen = [*figures] or [name for name in FIRST_FIGURES if name in known] or [*known[:4]]
    places = places_of(session, wave, data)
    place = next((one for one in places if (one.level, one.unit) == (level, unit)), None)
    problems = [*_of_what_is_said(chosen, known, (meeting_place, note))]
    problems += _of_the_place(place, f"{level} {unit}", wave)
    if problems or place is None:
        raise refused(*problems)
    row = place.opened or OpenedResult(wave_id=wave.id, level=level, unit=unit, told={})
    told = place_results(counted_for(wave, data).table, level, unit, wave.number, chosen)
    shown = _what_can_be_shown(told, row, place, chosen)
    shares = {one.name: one.now.n for one in told.figures if one.kind == "share"}
    row.told = shares | row.told | {name: shares[name] for name in shares if name in shown}
    row.name, row.dataset, row.figures = place.name, _standing_hash(session, wave), shown
    row.meeting_day, row.meeting_place = meeting_day, meeting_place.strip()
    row.note, row.open = note.strip(), True
    session.add(row)
    session.flush()
    audit.note(
        session,
        actor,
        "results opened",
        f"{wave.study.key} wave {wave.number}",
        level=level,
        unit=unit,
        figures=shown,
        dataset=row.dataset,
    )
    return row


def _of_what_is_said(
    chosen: Sequence[str], known: Sequence[str], written: Sequence[str]
) -> Iterator[Problem]:
    for name in chosen:
        if name not in known:
            yield Problem(
                name,
                "no figure of this wave is called so",
                f"Choose among {', '.join(known)}",
                "results.figure",
                {"figure": name, "known": ", ".join(known)},
            )
    if len(chosen) > MOST_FIGURES:
        yield Problem(
            f"{len(chosen)} figures",
            f"a page has room for {MOST_FIGURES}",
            "Take some away",
            "results.many",
            {"received": str(len(chosen)), "most": str(MOST_FIGURES)},
        )
    for words in written:
        if len(words) > LONGEST_WORDS:
            yield Problem(
                f"{len(words)} signs",
                f"they are more than the {LONGEST_WORDS} there is room for",
                "Shorten it",
                "results.long",
                {"received": str(len(words)), "most": str(LONGEST_WORDS)},
            )


def _of_the_place(place: Place | None, named: str, wave: Wave) -> Iterator[Problem]:
    if place is None:
        yield Problem(
            named,
            f"wave {wave.number} has no such place",
            "Choose one of those that are listed",
            "results.place",
            {"place": named, "wave": str(wave.number)},
        )
    elif place.answered is None:
        yield Problem(
            place.name,
            why_not(place),
            "Nothing of it can be shown",
            "results.hidden",
            {
                "place": place.name,
                "why": place.why or "protects",
                "least": str(place.least),
                "places": ", ".join(place.protects),
            },
        )


def _what_can_be_shown(
    told: PlaceResults, row: OpenedResult, place: Place, chosen: Sequence[str]
) -> list[str]:
    """The figures that tell nothing beside what the page said before. Raises ResultsError."""
    shown = [one.name for one in told.figures if not _gives_away(one, row.told, place.few)]
    if not shown:
        raise refused(
            Problem(
                place.name,
                f"none of {', '.join(chosen)} can be shown there",
                "Choose others",
                "results.none",
                {"place": place.name, "figures": ", ".join(chosen)},
            )
        )
    return shown


def close_results(session: Session, opened: OpenedResult, *, actor: str) -> None:
    """Show a place's results no more."""
    if opened.open:
        opened.open = False
        audit.note(
            session,
            actor,
            "results closed",
            f"{opened.wave.study.key} wave {opened.wave.number}",
            level=opened.level,
            unit=opened.unit,
        )


def opened_results(session: Session) -> list[OpenedResult]:
    """All pages that are open, the newest wave first, by name within it."""
    found = session.scalars(
        select(OpenedResult)
        .join(Wave)
        .where(OpenedResult.open)
        .options(joinedload(OpenedResult.wave).joinedload(Wave.study))
        .order_by(Wave.study_id, Wave.number.desc(), OpenedResult.name, OpenedResult.id)
    )
    return [*found]


def results_are_open(session: Session) -> bool:
    """Whether there is any page of results to lead to."""
    return bool(session.scalar(select(exists().where(OpenedResult.open))))


def told_results(session: Session, number: int, data: Path) -> Told:
    """What a page of results tells. Raises NotOpenedError, TakenDownError."""
    row = session.get(
        OpenedResult, number, options=[joinedload(OpenedResult.wave).joinedload(Wave.study)]
    )
    if row is None or not row.open:
        raise NotOpenedError
    wave, study = row.wave, row.wave.study
    if _standing_hash(session, wave) != row.dataset:
        raise TakenDownError
    try:
        counted = counted_for(wave, data)
    except ResultsError as error:
        raise TakenDownError from error
    results = place_results(counted.table, row.level, row.unit, wave.number, row.figures)
    if row.dataset not in counted.waves or results.answered is None:
        raise TakenDownError
    same = counted.table[
        (counted.table["wave"] == wave.number) & (counted.table["level"] == row.level)
    ]
    return Told(
        id=row.id,
        name=row.name,
        level=row.level,
        results=results,
        codebook=counted.codebook,
        languages=counted.languages.get(wave.number, ("da",)),
        calibrated=counted.calibrated and wave.number not in counted.plain,
        places=int(same["unit"].nunique()),
        sender=study.sender,
        contact=study.contact,
        meeting_day=row.meeting_day,
        meeting_place=row.meeting_place,
        note=row.note,
        dataset=row.dataset,
        least=counted.limits.mean_n,
    )


def find_opened(session: Session, wave: Wave, level: str, unit: str) -> OpenedResult:
    """The page of a place, open or closed. Raises NotOpenedError."""
    row = session.scalars(
        select(OpenedResult).where(
            OpenedResult.wave_id == wave.id,
            OpenedResult.level == level,
            OpenedResult.unit == unit,
        )
    ).first()
    if row is None:
        raise NotOpenedError
    return row


def _gives_away(figure: PlaceFigure, told: Mapping[str, int], few: int) -> bool:
    """Whether a share, beside what the page said before, tells what the `few` answered who left it.

    Of a share its interval tells the very count. A mean is told to a whole point, and that is too
    little to find one person's score by.
    """
    before = told.get(figure.name)
    return figure.kind == "share" and before is not None and 0 < abs(before - figure.now.n) < few


def _standing_hash(session: Session, wave: Wave) -> str:
    found = standing(session, wave)
    return found.content_hash if found else ""
