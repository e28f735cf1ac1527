"""What may be told of each place, counted once beside a study's datasets, and read from there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from processing import (
    Codebook,
    DatasetError,
    DisclosureLimits,
    Problem,
    StatisticsError,
    area_results,
    favourable,
    memory_of,
    plan_laid_down,
    planned_effects,
    public_measures,
    read_manifest,
    read_study,
    remember,
    study_terms,
    told_before,
    told_in,
    why_hidden,
    write_derived,
)
from survey import audit
from survey.models import AuditEntry, Wave
from survey.standing_dataset import standing_dataset, unreadable

NAME = "results"
_COUNTED = "results counted"
_TABLE, _ABOUT = "results.parquet", "about.json"
# One figure a questionnaire that says something of the place and of nobody's health, and one that
# needs no scale to be understood.
FIRST_FIGURES = ("tryghed_t1_out_dark", "tryghed_t1", "trivsel_v3", "beboerdemokrati_b2")


class ResultsError(Exception):
    """Results cannot be counted or opened; carries every reason, a line each.

    `problems` are the reasons one by one, by which a page tells them in its own language.
    """

    def __init__(self, said: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(said)
        self.problems = tuple(problems)


def refused(*problems: Problem) -> ResultsError:
    """The failure that carries these reasons, in English as text."""
    return ResultsError("\n".join(map(str, problems)), problems)


@dataclass(frozen=True)
class Counted:
    """The table that was counted, with what its words need."""

    table: pd.DataFrame
    codebook: Codebook
    names: dict[tuple[str, str], str]
    figures: tuple[str, ...]
    calibrated: bool
    plain: frozenset[int]
    """Waves that no register counts: base weights hold there."""
    why: dict[tuple[str, str, int], tuple[str, tuple[str, ...]]]
    """Of places and waves without a figure why (see `why_hidden`), and which places they protect."""
    waves: frozenset[str]
    languages: dict[int, tuple[str, ...]]
    limits: DisclosureLimits


def count_results(study: str, data: Path, known: str = "") -> Path:
    """Count what may be told of every place of a study's frozen waves, and keep it beside them.

    `known` is the hash of what was told last, as the log has it (`told_last`): a memory of what was
    told in which it is missing is refused, and so is one that is not there. Takes seconds for a few
    areas, minutes for thousands. Raises ResultsError.
    """
    try:
        read = standing_dataset(study, data)
        earlier = told_before(read)
        if known and known not in (earlier.chain if earlier else ()):
            raise refused(
                Problem(
                    str(memory_of(read)),
                    f"it does not hold what the log says was told last ({known[:12]})",
                    "Put it back from a copy, or from the machine where results were counted: without"
                    " it, places that were hidden could be given away",
                    "results.memory",
                    {"file": memory_of(read).name, "told": known[:12]},
                )
            )
        found = public_measures(read)
        items = shared_items(read.codebook)
        # What was told outlives the table, which a withdrawal erases with the rows it was made from.
        planned = planned_effects(read, found)
        table = area_results(read, found, items, earlier=earlier, planned=planned)
        figures = [*items, *(scale.name for scale in read.codebook.scales if not scale.formative)]
        # Coordinators see how many answered where; the public table does not tell why.
        why = why_hidden(read, found, table, earlier=earlier).to_numpy().tolist()
        plain = [*found.weights.plain] if found.weights else []
        about = {
            "weight": found.weight, "plain": plain, "figures": figures, "why": why,
        }  # fmt: skip
        return write_derived(
            read, NAME, {NAME: table}, texts={_ABOUT: json.dumps(about, sort_keys=True) + "\n"},
            about={"told": told_in(table, found)},
            before_it_stands=lambda: remember(read, table, found, earlier=earlier),
        )  # fmt: skip
    except StatisticsError as error:
        raise ResultsError(str(error), error.problems) from error
    except DatasetError as error:
        raise ResultsError(str(error), [unreadable(study, error)]) from error


def is_planned(study: str, data: Path) -> bool:
    """Whether places are chosen beside a plan's effects; also where there is no dataset to ask."""
    try:
        return plan_laid_down(read_study(data.resolve() / study)) is not None
    except DatasetError:
        return True


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
    counted = counted_for(wave, data)
    asked = set(counted.table.loc[counted.table["wave"] == wave.number, "name"])
    figures = [name for name in counted.figures if name in asked]
    usual = [name for name in FIRST_FIGURES if name in figures]
    return (*usual, *(name for name in figures if name not in usual))


def labels_of(wave: Wave, data: Path, language: str) -> dict[str, str]:
    """What each figure is called. Raises ResultsError."""
    codebook = counted_for(wave, data).codebook
    scales = {scale.name: scale.label(language) for scale in codebook.scales}
    return {
        name: scales.get(name) or codebook.variable(name).label(language)
        for name in figures_of(wave, data)
    }


def counted_for(wave: Wave, data: Path) -> Counted:
    """What was counted of a wave's study, as its datasets stand. Raises ResultsError."""
    study = wave.study
    folder = _folder(study.key, data)
    try:
        manifest = read_manifest(folder)
        return _read(folder, str(data.resolve() / study.key), str(manifest["hash"]))
    except (DatasetError, OSError) as error:
        raise refused(
            Problem(
                f"The results of {study.key}",
                "they are not counted yet, or their data were replaced",
                f"Count them: beboerpuls results count {study.key}",
                "results.not_counted",
            )
        ) from error


def _folder(study: str, data: Path) -> Path:
    return data.resolve() / f"{study}-{NAME}"


@lru_cache(maxsize=8)
def _read(folder: Path, study: str, sealed: str) -> Counted:
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
    return Counted(
        table=pd.read_parquet(folder / _TABLE),
        codebook=read.codebook,
        names=names,
        figures=tuple(about["figures"]),
        calibrated=str(about["weight"]).startswith("calibrated"),
        plain=frozenset(about.get("plain", ())),
        why={
            (str(level), str(unit), int(wave)): (str(why), tuple(filter(None, str(of).split(";"))))
            for level, unit, wave, why, of in about.get("why", ())
        },
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
