"""The places of a frozen wave: which can be shown to residents, which are, and why others cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from processing import Problem, place_results
from survey.freezing import standing
from survey.models import OpenedResult, Wave
from survey.result_counts import counted_for, refused

_WHY = {
    "uncounted": "nobody counted how many were invited in the wave",
    "nobody_invited": "nobody was invited there",
    "few": "too few answered: under {least}",
    "nearly_all": "nearly everyone answered, and all would know that of each of them",
    "told_before": "it was hidden when this wave was told first, and stays so",
    "part": "it holds a part of a merged afdeling alone, and would tell that part",
    "few_scores": "each of its questions was answered by too few: under {least}",
    "left": "some took their answers back since it was shown, and its figures would tell what they had said",
    "protects": "it would give away {places}, where too few answered or nearly everyone did",
}


@dataclass(frozen=True)
class Place:
    """A place of a wave, as whoever opens results sees it.

    Without `answered` nothing can be told, and `why` is the reason (see `why_hidden`), with the names
    of the places it protects and from how many answers on anything is told.
    """

    level: str
    unit: str
    name: str
    answered: int | None
    invited: int | None
    opened: OpenedResult | None
    why: str = ""
    protects: tuple[str, ...] = ()
    least: int = 0
    few: int = 0
    """Under how many nothing is counted"""


def places_of(session: Session, wave: Wave, data: Path) -> list[Place]:
    """Every place whose results can be opened, or not, in the order of their names.

    Raises ResultsError where the wave is not frozen, or its results are not counted yet.
    """
    refuse_unfrozen(session, wave)
    counted = counted_for(wave, data)
    opened = {
        (one.level, one.unit): one
        for one in session.scalars(select(OpenedResult).where(OpenedResult.wave_id == wave.id))
    }
    mine = counted.table[counted.table["wave"] == wave.number]
    mine = mine[~mine["level"].isin(["study", "plan"])][["level", "unit"]].drop_duplicates()
    found = []
    for level, unit in mine.itertuples(index=False):
        told = place_results(counted.table, level, unit, wave.number)
        why, of = counted.why.get((level, unit, wave.number), ("", ()))
        found.append(
            Place(
                level, unit, counted.names.get((level, unit), unit),
                told.answered if told.figures else None, told.invited, opened.get((level, unit)),
                why=why, least=counted.limits.mean_n, few=counted.limits.count,
                protects=tuple(counted.names.get(("afdeling", one), one) for one in of),
            )
        )  # fmt: skip
    return sorted(found, key=lambda place: (place.level, place.name))


def why_not(place: Place) -> str:
    """Why nothing of a place can be told, in words."""
    named = ", ".join(place.protects) or "another place"
    said = _WHY.get(place.why, _WHY["protects"])
    return said.format(least=place.least, places=named)


def refuse_unfrozen(session: Session, wave: Wave) -> None:
    """Raise ResultsError where a wave is not frozen: results are of its dataset."""
    if wave.status != "frozen" or standing(session, wave) is None:
        raise refused(
            Problem(
                f"Wave {wave.number}",
                f"it is {wave.status}, and results are of a frozen wave",
                f"Close and freeze it first: beboerpuls wave freeze {wave.study.key} {wave.number}",
                "results.not_frozen",
                {"wave": str(wave.number)},
            )
        )
