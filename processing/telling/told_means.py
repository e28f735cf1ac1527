"""Which means and effects may be told: small cells hidden, and what would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.datasets.codebook import PERCENT
from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures

from .effects_told import effect_sums
from .places_told import PAGES, adds_up, places_of, silent_in, torn
from .told_before import ToldBefore, masks

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class ToldMeans:
    """Means with `hidden`, and the scales whose effect on all residents may stand beside them."""

    means: pd.DataFrame
    effects: frozenset[str]


def told_means(
    study: Study,
    found: StudyMeasures,
    limits: DisclosureLimits,
    *,
    response: pd.DataFrame | None = None,
    earlier: ToldBefore | None = None,
    evaluation: Evaluation | None = None,
) -> ToldMeans:
    """Look at the means of all levels, waves and scales together, and at the effects made of them.

    Parameters: `response` is what `answered` tells of places, where a place that does not tell how
    many answered tells nothing else either; it then hides others, so that one small area does not
    need another partner in every table. `earlier` is what was told before: its cells, and its effects, which are
    attacked beside those of `evaluation`. Stayers and newcomers are told
    apart for the study alone. Raises StatisticsError.
    """
    means = found.measures.means
    means = means[(means["cohort"] == "all") | (means["level"] == "study")]
    means = means.assign(place=places_of(means), name=means["scale"])
    keys = ["scale", "place", "wave", "cohort"]
    parents = adds_up(found.units)
    split = torn(means[means["cohort"] == "all"], parents)
    before, known = masks(means, earlier, "mean")
    silent = silent_in(means, response)
    # A count of few things is as secret within its own range as points are within theirs.
    scaled = means["mean"] * PERCENT / means["scale"].map(study.codebook.highest_scores)
    cells = means.assign(before=before, known=known, silent=silent, mean=scaled)
    marks = ["before", "known", "silent"]
    cells = cells.loc[~means["place"].isin(split), [*keys, "n", "w", "mean", *marks]]
    rest = _of_unknown_cohort(cells, keys).assign(**dict.fromkeys(marks, False))
    # The afdelinger keep their index, by which effects name them.
    rest.index = pd.RangeIndex(len(rest)) + means.index.max() + 1
    cells = pd.concat([cells, rest])
    cells = cells.assign(n=cells["n"].astype(int))
    cohorts: dict[Hashable, Hashable | Sequence[Hashable]] = dict.fromkeys(
        ("stayer", "newcomer", _UNKNOWN), "all"
    )
    every: Parents = {"place": parents, "cohort": cohorts}
    sums = effect_sums(means, evaluation, earlier, "all")
    made = disclose(
        cells, keys, every, mean="mean", weight="w", limits=limits,
        before=cells["before"], known=cells["known"], silent=cells["silent"], pages=PAGES,
        combinations=[*sums.now.values()], told_combinations=sums.told,
    )  # fmt: skip
    shown = made.frame
    hidden = (shown["n"].isna() | shown["mean"].isna()).astype(int)
    told = means.merge(shown[keys].assign(hidden=hidden), on=keys, how="left")
    told = told.assign(hidden=told["hidden"].fillna(1).astype(int))
    may = {name for name, shown in zip(sums.now, made.combined, strict=True) if shown}
    return ToldMeans(told, frozenset(may) - sums.lost)


def _of_unknown_cohort(cells: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Those of whom nobody knows when they moved in: all less stayers and newcomers."""
    rest = [key for key in keys if key != "cohort"]
    whole = cells[(cells["cohort"] == "all") & cells["place"].str.startswith("study:")]
    whole = whole.set_index(rest)
    known = cells[cells["cohort"] != "all"]
    known = known.assign(sum=known["w"] * known["mean"]).groupby(rest)[["n", "w", "sum"]].sum()
    known = known.reindex(whole.index).fillna(0)
    left = pd.DataFrame({"n": whole["n"] - known["n"], "w": whole["w"] - known["w"]})
    left["mean"] = (whole["w"] * whole["mean"] - known["sum"]) / left["w"].where(left["n"] > 0)
    left = left[left["n"] > 0]
    left["mean"] = left["mean"].clip(0, 100)
    return left.reset_index().assign(cohort=_UNKNOWN)


def mean_rows(means: pd.DataFrame) -> pd.DataFrame:
    """Means as rows of a table that is told."""
    return means.assign(
        measure="mean", estimate=means["mean"], method="direct, areas as strata",
        wave_before=np.nan, p=np.nan, kind="exploratory",
    )  # fmt: skip


def change_rows(found: StudyMeasures, means: pd.DataFrame) -> pd.DataFrame:
    """Changes between waves as rows of a table; hidden where either of their means is."""
    changes = found.measures.changes
    if not len(changes):
        return changes
    keys = ["scale", "level", "unit", "cohort", "wave"]
    of = means[[*keys, "hidden"]]
    joined = changes
    for side in (1, 2):
        joined = joined.merge(
            of.rename(columns={"wave": f"wave_{side}", "hidden": f"hidden_{side}"}),
            on=[*keys[:-1], f"wave_{side}"],
        )
    return joined.assign(
        measure="change", estimate=joined["change"], wave=joined["wave_2"],
        wave_before=joined["wave_1"], n=joined["n_2"], response_rate=np.nan,
        hidden=joined[["hidden_1", "hidden_2"]].max(axis=1),
        method="direct, with the covariance of people in both waves", kind="exploratory",
    )  # fmt: skip
