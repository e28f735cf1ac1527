"""How a study's answers are weighted: as it laid down, or wave by wave as was told in public before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError

from .base_design import BaseDesign, base_design
from .dataset_parts import Workers
from .dataset_weights import DatasetWeights, UncountedError, dataset_weights
from .study_terms import StudyTerms
from .weighting import Weighting
from .weighting_units import SharedAreasError


@dataclass(frozen=True)
class StudyWeights:
    """What weighs a study's rows; `told` says how, for tables.

    `weights` are calibrated ones, None where base weights were taken in all waves; `unmet` says why
    though there are register counts: shared, uncounted, or nothing. `kept` are waves that keep how they
    were told in public, which is not how they would be weighted now.
    """

    told: str
    base: BaseDesign
    weights: DatasetWeights | None = None
    unmet: str = ""
    weightings: Mapping[int, Weighting] = field(default_factory=dict)
    kept: Mapping[int, Weighting] = field(default_factory=dict)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that `of` needs."""
        return self.weights.needed if self.weights else self.base.needed

    def of(self, rows: pd.DataFrame) -> pd.Series:
        """The weights of a piece of the dataset's rows, NaN where they have none."""
        return self.base.of(rows)["base"] if self.weights is None else self.weights.of(rows)


def study_weights(
    dataset: Dataset | Study,
    terms: StudyTerms,
    *,
    strict: bool = False,
    kept: Mapping[int, Weighting] | None = None,
    workers: Workers | None = None,
) -> StudyWeights:
    """Weigh a dataset's rows as `terms` say, and waves in `kept` as they were told.

    With `strict` counts must be met; else base weights are taken where they cannot be, since a frozen
    dataset can be counted no more. Raises StatisticsError.
    """
    workers = workers or Workers()
    waves = _waves(dataset)
    kept = {wave: one for wave, one in (kept or {}).items() if wave in waves}
    try:
        now = _as_laid_down(dataset, terms, strict, workers)
    except StatisticsError:
        # What stops another weighting is no reason against the one that is kept.
        if not kept:
            raise
        differ = kept
    else:
        differ = {
            wave: one for wave, one in kept.items() if _is_other(one, now.weightings.get(wave))
        }
        if not differ:
            return now
    made = _with_kept(dataset, terms, kept, workers)
    again = {
        wave: one for wave, one in differ.items() if not _is_other(one, made.weightings.get(wave))
    }
    told = made.weights.told(again) if made.weights else made.told
    return replace(made, told=told + _told_of(again), kept=again)


def _told_of(kept: Mapping[int, Weighting]) -> str:
    """Which waves keep how they were told, those alike together."""
    alike: dict[str, list[str]] = {}
    for wave, one in sorted(kept.items()):
        alike.setdefault(str(one), []).append(str(wave))
    return "".join(
        f"; wave {', '.join(waves)} as told in public before: {how}" for how, waves in alike.items()
    )


def _is_other(one: Weighting, now: Weighting | None) -> bool:
    return now is not None and not one.like(now)


def _as_laid_down(
    dataset: Dataset | Study, terms: StudyTerms, strict: bool, workers: Workers
) -> StudyWeights:
    counts = len(dataset.table("margins"))
    if strict and not counts:
        raise StatisticsError(
            Problem(
                "margins",
                "the dataset has no register counts",
                "Load them before freezing, or import them",
            )
        )
    if terms.weights == "base" or not counts:
        return _by_base(dataset, terms, {}, workers)
    try:
        return _calibrated(dataset, terms, {}, workers, lenient=not strict)
    # The dataset is frozen: nobody can count anything of it any more.
    except SharedAreasError:
        if strict:
            raise
        said = "register counts of groups that share an area cannot be met"
        return _by_base(dataset, terms, {}, workers, unmet="shared", said=said)
    except UncountedError:
        if strict:
            raise
        said = f"register counts are of no {_level(dataset)} in which people answered"
        return _by_base(dataset, terms, {}, workers, unmet="uncounted", said=said)


def _with_kept(
    dataset: Dataset | Study, terms: StudyTerms, kept: Mapping[int, Weighting], workers: Workers
) -> StudyWeights:
    """Other waves as laid down; by base weights, where their counts cannot be met."""
    others = dict.fromkeys(_waves(dataset) - set(kept), Weighting("", terms.adults))
    tries = [{**others, **kept}]
    if others and terms.weights != "base":
        tries = [dict(kept), *tries]
    for said in tries:
        if said.keys() >= _waves(dataset) and not any(one.within for one in said.values()):
            break
        try:
            return _calibrated(dataset, terms, said, workers, lenient=True)
        except (SharedAreasError, UncountedError):
            continue
    return _by_base(dataset, terms, kept, workers)


def _calibrated(
    dataset: Dataset | Study,
    terms: StudyTerms,
    kept: Mapping[int, Weighting],
    workers: Workers,
    *,
    lenient: bool,
) -> StudyWeights:
    counted = set(dataset.table("margins")["variable"])
    # Where all waves keep theirs, none is weighted within another level.
    levels = {one.within for one in kept.values() if one.within}
    every = kept.keys() >= _waves(dataset) and len(levels) == 1
    made = dataset_weights(
        dataset,
        min(levels) if every else _level(dataset),
        adults=terms.adults or None,
        ordered=[name for name in terms.ordered if name in counted],
        workers=workers,
        lenient=lenient,
        kept=kept,
    )
    return StudyWeights(made.told(), made.design, made, weightings=made.weightings)


def _by_base(
    dataset: Dataset | Study,
    terms: StudyTerms,
    kept: Mapping[int, Weighting],
    workers: Workers,
    *,
    unmet: str = "",
    said: str = "",
) -> StudyWeights:
    adults = {wave: one.adults for wave, one in kept.items()}
    design = base_design(dataset, terms.adults or None, workers, kept=adults)
    weightings = {wave: Weighting("", design.adults_in(wave) or "") for wave in _waves(dataset)}
    counted = {one.adults for one in weightings.values()}
    column = min(counted) if len(counted) == 1 else terms.adults
    told = f"base_weight × {column}" if column else "base_weight"
    told = f"{told}: {said}" if said else told
    return StudyWeights(told, design, unmet=unmet, weightings=weightings)


def _level(dataset: Dataset | Study) -> str:
    """Boligområder where there are any: an afdeling of 81 dwellings is too thin."""
    groups = set(standing_table(dataset, "area_group")["level"].dropna())
    return "boligområde" if "boligområde" in groups else "afdeling"


def _waves(dataset: Dataset | Study) -> set[int]:
    return {one.wave for one in (dataset.waves if isinstance(dataset, Study) else (dataset,))}
