"""All measures of a study's dataset, read a stretch of rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.paradata import MODES as MODE_NAMES
from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.scoring.by_wave import scores_of, with_scales

from .area_sums import Points
from .base_design import BaseDesign
from .dataset_parts import ROWS_AT_A_TIME, Workers, pieces, with_wave
from .dataset_weights import DatasetWeights
from .margin_regression import MarginRegression
from .measures import Measures, measures
from .overlap import pseudonyms
from .places import places
from .running_sums import Coded, RunningSums
from .spot_keys import COHORTS, MODES, SpotKeys
from .study_terms import StudyTerms, study_terms
from .study_weights import StudyWeights, study_weights
from .weighting import Weighting

MOVED_IN = "background_moved_in"


@dataclass(frozen=True)
class StudyMeasures:
    """The measures with what they were read from: `units` and `days` of the waves."""

    measures: Measures
    units: pd.DataFrame
    days: Mapping[int, str]
    scales: tuple[str, ...]
    dataset: str
    weight: str
    """base_weight, or within what the weights were calibrated"""
    weighed: StudyWeights = field(repr=False)
    """How rows are weighted: calibrated weights, or base weights, wave by wave"""
    terms: StudyTerms = field(default_factory=StudyTerms)
    """What the study laid down, or was asked for: from how many answers on anything is told, and more"""

    @property
    def weights(self) -> DatasetWeights | None:
        """Calibrated weights; None where base weights were taken."""
        return self.weighed.weights

    @property
    def base(self) -> BaseDesign:
        """How base weights are made of rows."""
        return self.weighed.base

    @property
    def weighting_columns(self) -> tuple[str, ...]:
        """The columns that `weight_of` needs."""
        return self.weighed.needed

    def weight_of(self, rows: pd.DataFrame) -> pd.Series:
        """The weights of a piece of the dataset's rows, NaN where they have none."""
        return self.weighed.of(rows)


def study_measures(
    dataset: Dataset | Study,
    scales: Sequence[str] = (),
    *,
    points: Points | None = None,
    level: float = 0.95,
    calibrated: bool | None = None,
    adults: str | None = None,
    terms: StudyTerms | None = None,
    kept: Mapping[int, Weighting] | None = None,
    leave_out: NDArray[np.bool_] | None = None,
    executor: Executor | None = None,
    tasks: int = 2,
) -> StudyMeasures:
    """Estimate every scale in every unit and wave of a dataset.

    Scores are the headline ones: high is favourable; each wave is scored by its own versions. Where
    the dataset has register counts, weights are calibrated to them within boligområder (afdelinger
    where there are none), unless the study laid down base weights or `calibrated` is false, and standard errors of means know what that
    gains (those of shares do not); else they are the base weights, as in a wave that nothing counts.
    `terms` are those of the study (`study_terms`) unless given; waves in `kept` are weighted as it says,
    since they were told so in public.
    Answers that no register counts, as a third gender, are as none there. Rows of an open link have none
    and are left out. Whoever moved in before the year of the first wave is a stayer, later a
    newcomer. A wave's day is the middle one of its answers. People are followed by the panel's
    pseudonym. `scales` are all by default. `leave_out` has a truth a row, as
    `careless_answers(dataset).suspected()` tells it, for a second run beside the first; weights are
    those of all rows.

    Rows are read in pieces and summed: memory grows with areas, not with rows, but for who is
    followed (9 bytes and a number a scale each). With an `executor`, a pool of processes or a Dask
    cluster's `client.get_executor()`, the files are gone through in `tasks` tasks. Raises
    StatisticsError.
    """
    chosen = _chosen(dataset, scales)
    workers = Workers(executor, tasks)
    stop_if_any(_problems(dataset, leave_out, executor))
    terms = _asked(terms or study_terms(dataset), calibrated, adults)
    weighed = study_weights(dataset, terms, strict=calibrated is True, kept=kept, workers=workers)
    days = wave_days(dataset, workers)
    tables = _tables(dataset)
    stop_if_any(_nowhere(dataset, days, tables["areas"], workers))
    units = places(tables, days)
    task = partial(
        _summed,
        keys=_keys(dataset, units, days),
        scales=chosen,
        points=points or Points(),
        first_year=int(min(days.values())[:4]) if days else 0,
        weights=weighed.weights,
        base=weighed.base,
        leave_out=leave_out,
    )
    sums = workers.add_up(dataset, task)
    if not sums.sums[:, 0].any():
        raise _nobody()
    found = measures(
        sums.area_sums(),
        units,
        overlap=sums.overlap(),
        dispositions=tables["dispositions"],
        margins=sums.margins,
        population=_population(tables["areas"]),
        level=level,
    )
    return StudyMeasures(
        found, units, days, tuple(chosen), dataset.hash, weighed.told, weighed, terms
    )


def _nobody() -> StatisticsError:
    return StatisticsError(
        Problem(
            "dataset",
            "nobody has a score and a weight",
            "Measure a dataset with answers",
            "measures.nobody",
        )
    )


def _asked(terms: StudyTerms, calibrated: bool | None, adults: str | None) -> StudyTerms:
    """The terms with what was asked for in their place."""
    if calibrated is not None:
        terms = replace(terms, weights="calibrated" if calibrated else "base")
    return terms if adults is None else replace(terms, adults=adults)


def _summed(
    dataset: Dataset | Study,
    parts: Collection[Path],
    *,
    keys: SpotKeys,
    scales: Sequence[str],
    points: Points,
    first_year: int,
    weights: DatasetWeights | None,
    base: BaseDesign,
    leave_out: NDArray[np.bool_] | None,
) -> RunningSums:
    regression = MarginRegression.of(weights.weights) if weights else None
    most = dataset.codebook.highest_scores
    sums = RunningSums(keys, scales, [points.up_to(most[name]) for name in scales], regression)
    seen = 0
    extra = ("language",)
    pieces_of = scored_rows(
        dataset, scales, first_year, weights, parts=parts, extra=extra, base=base
    )
    for rows in pieces_of:
        seen += len(rows)
        known = (rows["weight"] > 0).to_numpy()
        if leave_out is not None:
            known = known & ~leave_out[seen - len(rows) : seen]
        kept = rows[known]
        sums.add(
            Coded(
                spot=keys.spot_of(kept),
                cohort=COHORTS.get_indexer(pd.Index(kept["cohort"])),
                mode=MODES.get_indexer(pd.Index(kept["mode"])),
                language=np.maximum(keys.languages.get_indexer(pd.Index(kept["language"])), 0),
                cell=kept["cell"].to_numpy(np.intp) if weights else None,
                w=kept["weight"].to_numpy(float),
                person=pseudonyms(kept["panel"]),
                scores=kept[[*scales]].to_numpy(float).T,
            )
        )
    return sums


def scored_rows(
    dataset: Dataset | Study,
    scales: Sequence[str],
    first_year: int,
    weights: DatasetWeights | None = None,
    *,
    parts: Collection[Path] | None = None,
    extra: Sequence[str] = (),
    base: BaseDesign | None = None,
) -> Iterator[pd.DataFrame]:
    """Rows with area, wave, cohort, mode, panel, weight, cell, `extra` and a column a scale, in pieces."""
    entries = [scale for scale in dataset.codebook.scales if _named(scale) & set(scales)]
    base = base or BaseDesign()
    about = ["wave", "area", "mode", "panel", *base.needed, *extra]
    about += list(weights.needed) if weights is not None else []
    about += [MOVED_IN] if MOVED_IN in dataset.codebook.names else []
    wanted = list(dict.fromkeys(about))
    named = _columns(entries, scales)
    modes = {code: name for name, code in MODE_NAMES.items()}
    for batch, own in with_scales(dataset, wanted, ROWS_AT_A_TIME, entries, parts):
        scores = scores_of(dataset, batch, own)
        moved = batch[MOVED_IN] if MOVED_IN in batch else pd.Series(-9, batch.index)
        batch = with_wave(dataset, batch)  # noqa: PLW2901  # as weights know it
        cell = weights.cell_of(batch) if weights is not None else np.full(len(batch), -1)
        yield pd.DataFrame(
            {
                "wave": batch["wave"],
                "area": batch["area"].fillna("").astype(str),
                "mode": batch["mode"].map(modes).fillna(""),
                "panel": batch["panel"].fillna("").astype(str),
                "cell": cell,
                "weight": base.of(batch)["base"] if weights is None else weights.of(batch, cell),
                "cohort": np.select(
                    [moved >= first_year, moved >= 0], ["newcomer", "stayer"], default=""
                ),
                **{name: batch[name] for name in extra},
                **{name: scores[column] for name, column in named.items()},
            }
        )


def _nowhere(
    dataset: Dataset | Study, days: Mapping[int, str], areas: pd.DataFrame, workers: Workers
) -> Iterator[Problem]:
    """What answers do not say of place and time, without which they are in no unit and no wave."""
    if not dataset.rows:
        yield Problem(
            "dataset", "nobody answered", "Measure a dataset with answers", "measures.nobody"
        )
        return
    waves = dataset.waves if isinstance(dataset, Study) else (dataset,)
    undated = [str(one.wave) for one in waves if one.rows and one.wave not in days]
    if undated:
        yield Problem(
            f"day of wave {', '.join(undated)}",
            "no answer says on which day it was given",
            "Import it again with the day in the map, as about: {day: column} or about: {day: {value:"
            " 2019-05-01}}",
        )
    answered = workers.add_up(dataset, _answered).areas
    if answered <= {""}:
        yield Problem(
            "area",
            "no answer says which area it is from",
            "Import it again with the area in the map, as about: {area: column}",
        )
    unknown = sorted(answered - set(areas["area"].astype(str)) - {""})
    if unknown:
        yield Problem(
            f"area {', '.join(unknown[:5])}",
            f"{len(unknown)} areas have answers but are not among the dataset's areas",
            "Load them with beboerpuls study areas and freeze the wave anew",
        )


@dataclass(frozen=True)
class _Answered:
    areas: frozenset[str] = frozenset()

    def __add__(self, other: _Answered) -> _Answered:
        return _Answered(self.areas | other.areas)


def _answered(dataset: Dataset | Study, parts: Collection[Path]) -> _Answered:
    whole = _Answered()
    for rows in pieces(dataset, ["wave", "area"], parts):
        whole += _Answered(frozenset(str(area) for area in rows["area"].fillna("").unique()))
    return whole


def wave_days(dataset: Dataset | Study, workers: Workers | None = None) -> dict[int, str]:
    """Each wave's middle day, as ISO text."""
    counts = (workers or Workers()).add_up(dataset, _days)
    found = {}
    for wave, days in counts.frame.groupby("wave"):
        days = days.sort_values("day")  # noqa: PLW2901  # the same, in order
        upto = days["rows"].cumsum()
        middle = int(days["rows"].sum()) // 2
        found[int(str(wave))] = str(days.loc[upto > middle, "day"].iloc[0])
    return found


@dataclass(frozen=True)
class _Days:
    frame: pd.DataFrame

    def __add__(self, other: _Days) -> _Days:
        both = pd.concat([self.frame, other.frame])
        return _Days(pd.DataFrame(both.groupby(["wave", "day"], as_index=False).sum()))


def _days(dataset: Dataset | Study, parts: Collection[Path]) -> _Days:
    whole = _Days(
        pd.DataFrame({"wave": [], "day": [], "rows": []}).astype({"wave": "int64", "day": object})
    )
    for rows in pieces(dataset, ["wave", "day"], parts):
        dated = rows[rows["day"].fillna("") != ""]
        counted = pd.DataFrame(dated.groupby(["wave", "day"], as_index=False).size())
        whole += _Days(counted.rename(columns={"size": "rows"}))
    return whole


def _keys(dataset: Dataset | Study, units: pd.DataFrame, days: Mapping[int, str]) -> SpotKeys:
    languages = sorted({"", *dataset.codebook.languages})
    return SpotKeys(
        pd.Index(sorted({"", *units["area"]}), dtype=object),
        pd.Index(sorted(days)),
        pd.Index(languages, dtype=object),
    )


def _population(areas: pd.DataFrame) -> pd.DataFrame:
    """The dwellings of each area, out of which one adult each was drawn; else its residents."""
    known = areas.drop_duplicates("area", keep="last")
    return known.assign(population=known["dwellings"].fillna(known["residents"]).astype(float))


def _problems(
    dataset: Dataset | Study, leave_out: NDArray[np.bool_] | None, executor: Executor | None
) -> list[Problem]:
    if leave_out is None:
        return []
    if executor is not None:
        return [
            Problem("leave_out", "it goes by the rows' order", "Leave out rows without an executor")
        ]
    if len(leave_out) != dataset.rows:
        return [
            Problem(
                "leave_out", f"{len(leave_out)} truths for {dataset.rows} rows", "Give one a row"
            )
        ]
    return []


def _named(scale: ScaleEntry) -> set[str]:
    """A scale and its variants, as measures name them."""
    return {scale.name, *(f"{scale.name}_{variant}" for variant in scale.variants)}


def _columns(entries: Sequence[ScaleEntry], scales: Sequence[str]) -> dict[str, str]:
    """Measure -> column of its scores; a variant is kept in its scale's own direction."""
    every = {scale.name: f"{scale.name}_headline" for scale in entries} | {
        f"{scale.name}_{variant}": f"{scale.name}_{variant}_score"
        for scale in entries
        for variant in scale.variants
    }
    return {name: column for name, column in every.items() if name in scales}


def _chosen(dataset: Dataset | Study, scales: Sequence[str]) -> list[str]:
    known = [name for scale in dataset.codebook.scales for name in sorted(_named(scale))]
    unknown = [name for name in scales if name not in known]
    if unknown or not known:
        raise StatisticsError(
            Problem(
                f"scale {unknown[0]}" if unknown else "dataset",
                "the dataset has no such scale" if unknown else "it has no scales",
                f"Choose among {', '.join(known) or 'none'}",
            )
        )
    return list(scales) or known


def _tables(dataset: Dataset | Study) -> dict[str, pd.DataFrame]:
    """Tables that describe places, as they stand, and what became of every wave's invitations."""
    names = ("areas", "area_succession", "area_group", "area_plan")
    counts = dataset.table("dispositions")
    if isinstance(dataset, Dataset):
        counts = counts.assign(wave=dataset.wave)
    return {name: standing_table(dataset, name) for name in names} | {"dispositions": counts}
