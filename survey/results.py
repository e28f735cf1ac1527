"""Results back to residents: counted once, opened place by place, shown while their data stand."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from processing import (
    Codebook,
    DatasetError,
    DisclosureLimits,
    PlaceFigure,
    PlaceResults,
    Problem,
    StatisticsError,
    Study,
    StudyMeasures,
    area_results,
    favourable,
    memory_of,
    place_results,
    public_measures,
    read_manifest,
    read_study,
    remember,
    study_terms,
    told_before,
    told_in,
    write_derived,
)
from survey import audit
from survey.freezing import standing
from survey.models import AuditEntry, OpenedResult, Wave

NAME = "results"
_COUNTED = "results counted"
_TABLE, _ABOUT = "results.parquet", "about.json"
# One figure a questionnaire that says something of the place and of nobody's health, and one that
# needs no scale to be understood.
FIRST_FIGURES = ("tryghed_t1_out_dark", "tryghed_t1", "trivsel_v3", "beboerdemokrati_b2")
MOST_FIGURES = 6
LONGEST_WORDS = 500


class ResultsError(Exception):
    """Results cannot be counted or opened; carries every reason, a line each.

    `problems` are the reasons one by one, where a statistic could not be computed.
    """

    def __init__(self, said: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(said)
        self.problems = tuple(problems)


class NotOpenedError(LookupError):
    """No page of results is there, or it was closed: nobody is told which."""


class TakenDownError(Exception):
    """The data that a page was made from do not stand any more, or are being counted again."""


@dataclass(frozen=True)
class Place:
    """A place of a wave, as whoever opens results sees it.

    Without `answered` nothing can be told, and `few` says whether that is for its own few answers;
    else it would give away a place that has few.
    """

    level: str
    unit: str
    name: str
    answered: int | None
    invited: int | None
    opened: OpenedResult | None
    few: bool = False


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


@dataclass(frozen=True)
class _Counted:
    """The table that was counted, with what its words need."""

    table: pd.DataFrame
    codebook: Codebook
    names: dict[tuple[str, str], str]
    figures: tuple[str, ...]
    calibrated: bool
    plain: frozenset[int]
    """Waves that no register counts: base weights hold there."""
    few: frozenset[tuple[str, str, int]]
    waves: frozenset[str]
    languages: dict[int, tuple[str, ...]]
    limits: DisclosureLimits


def count_results(study: str, data: Path, known: str = "") -> Path:
    """Count what may be told of every place of a study's frozen waves, and keep it beside them.

    `known` is the hash of what was told last, as the log has it (`told_last`): a memory of what was
    told in which it is missing is refused, and so is one that is not there. Takes seconds for a few
    areas, minutes for thousands. Raises ResultsError.
    """
    folder = data.resolve() / study
    try:
        read = read_study(folder)
        if read.revoked:
            raise ResultsError(f"{folder}: a wave of it is being replaced. Try again in a moment.")
        earlier = told_before(read)
        if known and known not in (earlier.chain if earlier else ()):
            raise ResultsError(
                f"{memory_of(read)}: it does not hold what the log says was told last ({known[:12]})."
                " Put it back from a copy, or from the machine where results were counted: without"
                " it, places that were hidden could be given away."
            )
        found = public_measures(read)
        items = shared_items(read.codebook)
        # What was told outlives the table, which a withdrawal erases with the rows it was made from.
        table = area_results(read, found, items, earlier=earlier)
        figures = [*items, *(scale.name for scale in read.codebook.scales if not scale.formative)]
        plain = [*found.weights.plain] if found.weights else []
        about = {
            "weight": found.weight, "plain": plain, "figures": figures, "few": _few(read, found),
        }  # fmt: skip
        return write_derived(
            read, NAME, {NAME: table}, texts={_ABOUT: json.dumps(about, sort_keys=True) + "\n"},
            about={"told": told_in(table, found)},
            before_it_stands=lambda: remember(read, table, found),
        )  # fmt: skip
    except StatisticsError as error:
        raise ResultsError(str(error), error.problems) from error
    except DatasetError as error:
        raise ResultsError(str(error)) from error


def told_last(session: Session, study: str) -> str:
    """The hash of what was told last when results were counted, by the log; blank where none were."""
    entry = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.act == _COUNTED, AuditEntry.subject == study)
        .order_by(AuditEntry.number.desc())
    ).first()
    return str(entry.detail.get("told", "")) if entry else ""


def note_counted(session: Session, study: str, data: Path, *, actor: str) -> None:
    """Put into the log up to where the memory of what was told goes, so that a shorter one is missed."""
    earlier = told_before(read_study(data.resolve() / study))
    if earlier is not None and earlier.chain[-1] != told_last(session, study):
        audit.note(session, actor, _COUNTED, study, told=earlier.chain[-1])


def _few(read: Study, found: StudyMeasures) -> list[list[object]]:
    """Level, unit and wave of places where fewer finished than a mean is told of."""
    counts = read.table("dispositions").groupby(["area", "wave"], as_index=False)["finished"].sum()
    by = found.units.merge(counts, on=["area", "wave"])
    sums = by.groupby(["level", "unit", "wave"])["finished"].sum().reset_index()
    few = sums[sums["finished"] < found.terms.mean_n]
    return [
        [str(level), str(unit), int(wave)]
        for level, unit, wave in few[["level", "unit", "wave"]].itertuples(index=False, name=None)
    ]


def shared_items(codebook: Codebook) -> tuple[str, ...]:
    """The single questions whose shares can be told: the first figure's, and the scales' anchors."""
    wanted = [name for name in FIRST_FIGURES if name in codebook.names]
    wanted += [scale.anchor for scale in codebook.scales if scale.anchor]
    wanted = wanted or [scale.columns[0] for scale in codebook.scales[:1]]
    return tuple(item for item in dict.fromkeys(wanted) if _can_be_shared(codebook, item))


def favourable_answers(codebook: Codebook, item: str, language: str) -> tuple[str, ...]:
    """The two answers that a share is of, as they were worded."""
    labels = codebook.variable(item).value_labels(language)
    return tuple(labels[code] for code in favourable(codebook, item))


def figures_of(wave: Wave, data: Path) -> tuple[str, ...]:
    """The items and scales that a wave's pages can show, the usual first. Raises ResultsError."""
    counted = _counted_for(wave, data)
    asked = set(counted.table.loc[counted.table["wave"] == wave.number, "name"])
    figures = [name for name in counted.figures if name in asked]
    usual = [name for name in FIRST_FIGURES if name in figures]
    return (*usual, *(name for name in figures if name not in usual))


def labels_of(wave: Wave, data: Path, language: str) -> dict[str, str]:
    """What each figure is called. Raises ResultsError."""
    codebook = _counted_for(wave, data).codebook
    scales = {scale.name: scale.label(language) for scale in codebook.scales}
    return {
        name: scales.get(name) or codebook.variable(name).label(language)
        for name in figures_of(wave, data)
    }


def places_of(session: Session, wave: Wave, data: Path) -> list[Place]:
    """Every place whose results can be opened, or not, in the order of their names.

    Raises ResultsError where the wave is not frozen, or its results are not counted yet.
    """
    _refuse_unfrozen(session, wave)
    counted = _counted_for(wave, data)
    opened = {
        (one.level, one.unit): one
        for one in session.scalars(select(OpenedResult).where(OpenedResult.wave_id == wave.id))
    }
    mine = counted.table[counted.table["wave"] == wave.number]
    mine = mine[~mine["level"].isin(["study", "plan"])][["level", "unit"]].drop_duplicates()
    found = []
    for level, unit in mine.itertuples(index=False):
        told = place_results(counted.table, level, unit, wave.number)
        found.append(
            Place(
                level, unit, counted.names.get((level, unit), unit),
                told.answered if told.figures else None, told.invited, opened.get((level, unit)),
                few=(level, unit, wave.number) in counted.few,
            )
        )  # fmt: skip
    return sorted(found, key=lambda place: (place.level, place.name))


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
    _refuse_unfrozen(session, wave)
    known = figures_of(wave, data)
    chosen = [*figures] or [name for name in FIRST_FIGURES if name in known] or [*known[:4]]
    problems = [
        f"{name}: no figure of this wave is called so. Choose among {', '.join(known)}."
        for name in chosen
        if name not in known
    ]
    if len(chosen) > MOST_FIGURES:
        problems.append(
            f"{len(chosen)} figures are chosen; a page has room for {MOST_FIGURES}. Take some away."
        )
    problems += [
        f"{len(words)} signs are more than the {LONGEST_WORDS} there is room for. Shorten it."
        for words in (meeting_place, note)
        if len(words) > LONGEST_WORDS
    ]
    place = next(
        (one for one in places_of(session, wave, data) if (one.level, one.unit) == (level, unit)),
        None,
    )
    if place is None:
        problems.append(f"{level} {unit}: wave {wave.number} has no such place.")
    elif place.answered is None:
        problems.append(f"{place.name}: {why_not(place)}. Nothing of it can be shown.")
    if problems or place is None:
        raise ResultsError("\n".join(problems))
    row = place.opened or OpenedResult(wave_id=wave.id, level=level, unit=unit, told={})
    counted = _counted_for(wave, data)
    told = place_results(counted.table, level, unit, wave.number, chosen)
    few = counted.limits.count
    shown = [one.name for one in told.figures if not _gives_away(one, row.told, few)]
    if not shown:
        raise ResultsError(
            f"{place.name}: none of {', '.join(chosen)} can be shown there. Choose others."
        )
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


def why_not(place: Place) -> str:
    """Why nothing of a place can be told, in words."""
    if place.few:
        return "too few answered"
    return "it would give away a place where too few answered, or that nearly everyone did"


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
        counted = _counted_for(wave, data)
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


def _refuse_unfrozen(session: Session, wave: Wave) -> None:
    if wave.status != "frozen" or standing(session, wave) is None:
        raise ResultsError(
            f"Wave {wave.number} is {wave.status}; results are of a frozen wave. Close and freeze "
            f"it first: beboerpuls wave freeze {wave.study.key} {wave.number}"
        )


def _standing_hash(session: Session, wave: Wave) -> str:
    found = standing(session, wave)
    return found.content_hash if found else ""


def _folder(study: str, data: Path) -> Path:
    return data.resolve() / f"{study}-{NAME}"


def _counted_for(wave: Wave, data: Path) -> _Counted:
    study = wave.study
    folder = _folder(study.key, data)
    try:
        manifest = read_manifest(folder)
        return _read(folder, str(data.resolve() / study.key), str(manifest["hash"]))
    except (DatasetError, OSError) as error:
        raise ResultsError(
            f"The results of {study.key} are not counted yet, or their data were replaced. "
            f"Count them: beboerpuls results count {study.key}"
        ) from error


@lru_cache(maxsize=8)
def _read(folder: Path, study: str, sealed: str) -> _Counted:
    """Read once for each sealing; a public page must not cost what a study does."""
    del sealed  # only what tells one reading from another
    read = read_study(study)
    about = json.loads((folder / _ABOUT).read_text("utf-8"))
    areas = read.table("areas")[["area", "name"]]
    names = {("afdeling", str(key)): str(name) for key, name in areas.itertuples(index=False)}
    groups = read.table("area_group")
    names |= {
        (str(level), str(key)): str(name)
        for level, key, name in groups[["level", "area_group", "name"]].itertuples(index=False)
    }
    return _Counted(
        table=pd.read_parquet(folder / _TABLE),
        codebook=read.codebook,
        names=names,
        figures=tuple(about["figures"]),
        calibrated=str(about["weight"]).startswith("calibrated"),
        plain=frozenset(about.get("plain", ())),
        few=frozenset((str(level), str(unit), int(n)) for level, unit, n in about.get("few", ())),
        waves=frozenset(read_manifest(folder)["waves_made_from"]),
        languages={one.wave: tuple(one.manifest["languages"]) for one in read.waves},
        limits=study_terms(read).limits,
    )


def _can_be_shared(codebook: Codebook, item: str) -> bool:
    try:
        favourable(codebook, item)
    except StatisticsError:
        return False
    return True
