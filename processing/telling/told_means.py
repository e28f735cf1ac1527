"""Which means and effects may be told: small cells hidden, and what would give them away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from processing.datasets.codebook import PERCENT
from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.errors import Problem, StatisticsError
from processing.measuring.disclosure import Disclosure, disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.earlier_cells import State, ToldThen
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures

from .effects_told import effect_sums
from .means_that_tell import tells_of_all, tells_of_who_left
from .places_told import PAGES, adds_up, places_of, silent_in, torn
from .told_before import KEYS, ToldBefore, masks, moved
from .told_then import cohorts_then, told_then

_UNKNOWN = "unknown"
_PRIMARY, _OTHER = 200.0, 20.0
_NO_SPREAD = 1e-9


@dataclass(frozen=True)
class ToldMeans:
    """Means with `hidden`, and the scales whose effect on all residents may stand beside them."""

    means: pd.DataFrame
    effects: frozenset[str]
    system: System
    """The means, and the effects that are told and were"""

    def beside(self, more: Mapping[Hashable, pd.Series]) -> set[Hashable]:
        """Which further sums of means may be told too, where nothing more is hidden for them."""
        return self.system.may_stand_beside(more)


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
    before = before | tells_of_all(means, study.codebook, limits)
    # Of who left a place an exact sum of others says no more than the place's own mean and totals do.
    silent = silent_in(means, response) | tells_of_who_left(means, earlier, study.codebook, limits)
    # A count of few things is as secret within its own range as points are within theirs.
    scaled = means["mean"] * PERCENT / means["scale"].map(study.codebook.highest_scores)
    cells = means.assign(
        before=before, known=known, silent=silent, mean=scaled, moved=moved(means, earlier, "mean")
    )
    marks = ["before", "known", "silent", "moved"]
    cells = cells[~means["place"].isin(split)]
    then = told_then(cells, earlier, "mean", parents)
    names = cells[[*KEYS[1:]]]
    cells = cells[[*keys, "n", "w", "mean", *marks]]
    rest = _as_told(_of_unknown_cohort(cells, keys), cells)
    # The afdelinger keep their index, by which effects name them.
    rest.index = pd.RangeIndex(len(rest)) + means.index.max() + 1
    cells = pd.concat([cells, rest])
    cells = cells.assign(n=cells["n"].astype(int), silent=cells["silent"].astype(bool))
    # Those of whom nobody knows when they moved in have no name: nothing is told of them.
    named = cells.join(names.drop(columns=["cohort", "wave"]))
    of_cohorts = cohorts_then(named, _cohorts(cells, keys), earlier)
    cohorts: dict[Hashable, Hashable | Sequence[Hashable]] = dict.fromkeys(
        ("stayer", "newcomer", _UNKNOWN), "all"
    )
    every: Parents = {"place": parents, "cohort": cohorts}
    sums = effect_sums(means, evaluation, earlier, "all")
    then = then.beside(of_cohorts).beside(ToldThen(combinations=sums.told))
    system = System(cells, keys, every, limits, then)
    worth = [_worth(evaluation, scale) for scale in sums.now]
    try:
        made = system.disclosed(sums.now, worth)
    except StatisticsError as error:
        if not sums.told:
            raise
        raise _given_away(error) from error
    shown = made.frame
    hidden = (shown["n"].isna() | shown["mean"].isna()).astype(int)
    told = means.merge(shown[keys].assign(hidden=hidden), on=keys, how="left")
    told = told.assign(hidden=told["hidden"].fillna(1).astype(int))
    may = {name for name, shown in zip(sums.now, made.combined, strict=True) if shown}
    may -= sums.lost
    out = [_as_it_is(made, cells) for name, made in sums.now.items() if name in may]
    then = then.beside(ToldThen(combinations=out))
    kept = replace(system, cells=cells.assign(hidden=hidden == 1), then=then)
    return ToldMeans(told, frozenset(may), kept)


@dataclass(frozen=True)
class System:
    """Cells as an attacker has them, with what adds up to what, to be looked at once more."""

    cells: pd.DataFrame
    keys: Sequence[str]
    parents: Parents
    limits: DisclosureLimits
    then: ToldThen

    def disclosed(
        self, combinations: Mapping[str, pd.Series], worth: Sequence[float]
    ) -> Disclosure:
        """Hide what has to be, with these sums beside the means."""
        cells = self.cells
        return disclose(
            cells, self.keys, self.parents, mean="mean", weight="w", limits=self.limits,
            before=cells["before"], known=cells["known"], silent=cells["silent"],
            then=self.then, pages=PAGES, combinations=[*combinations.values()], worth=worth,
        )  # fmt: skip

    def may_stand_beside(self, more: Mapping[Hashable, pd.Series]) -> set[Hashable]:
        """Which further sums of means give nothing away beside all that is shown, which stays so."""
        if not more:
            return set()
        cells = self.cells
        hidden = cells["hidden"].to_numpy(bool)
        found = disclose(
            cells, self.keys, self.parents, mean="mean", weight="w", limits=self.limits,
            before=hidden & ~cells["silent"], known=~hidden, silent=hidden & cells["silent"],
            then=self.then, combinations=[*more.values()],
        )  # fmt: skip
        same = (found.frame["mean"].isna() | found.frame["n"].isna()).to_numpy() == hidden
        kept = zip(more, found.combined, strict=True)
        return {name for name, may in kept if may} if same.all() else set()


def _given_away(error: StatisticsError) -> StatisticsError:
    """Nothing that is hidden now undoes what was told."""
    return StatisticsError(
        Problem(
            "effects told before",
            "beside effects that were told in public before, places of few answers cannot be kept as"
            f" uncertain as they must be ({error.problems[0].what})",
            "Tell nothing more of these waves; whoever laid down the thresholds has to decide",
        )
    )


def _worth(evaluation: Evaluation | None, scale: str) -> float:
    """How many means an effect is worth: what a study was made for is worth a great many."""
    return _PRIMARY if evaluation and scale in evaluation.plan.primary else _OTHER


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


def _as_told(rest: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Those of unknown cohort as told before: where all were shown that they are left of, they were."""
    keys = ["scale", "wave"]
    study = cells[cells["place"].str.startswith("study:")]
    told = study["known"] | (study["moved"] != 0)
    left = study["moved"].where(study["cohort"] == "all", -study["moved"])
    by = study[keys].assign(before=study["before"], shown=told, moved=left)
    by = by.groupby(keys).agg({"before": "any", "shown": "all", "moved": "sum"}).reset_index()
    marks = rest[keys].merge(by, on=keys, how="left").set_axis(rest.index)
    shown = marks["shown"].astype(bool)
    return rest.assign(
        before=marks["before"].astype(bool), known=shown & (marks["moved"] == 0),
        moved=marks["moved"].where(shown, 0.0).astype(float), silent=False,
    )  # fmt: skip


def _cohorts(cells: pd.DataFrame, keys: Sequence[str]) -> dict[Hashable, list[Hashable]]:
    """Of the whole study in a wave, by its index, the cohorts; those of whom nobody knows last."""
    rest = [key for key in keys if key != "cohort"]
    study = cells[cells["place"].str.startswith("study:")].reset_index(names="at")
    found: dict[Hashable, list[Hashable]] = {}
    for _, one in study.groupby(rest, sort=False):
        at = one.set_index("cohort")["at"]
        if "all" in at and _UNKNOWN in at:
            found[at["all"]] = [*at.drop(["all", _UNKNOWN]), at[_UNKNOWN]]
    return found


def _as_it_is(made: pd.Series, cells: pd.DataFrame) -> dict[State, float]:
    """A sum of means as one of sums, of who answers now."""
    of = cells.loc[made.index]
    states = zip(made.index, of["n"].astype(float), strict=True)
    return dict(zip(states, made.to_numpy() / of["w"].to_numpy(), strict=True))


def mean_rows(means: pd.DataFrame) -> pd.DataFrame:
    """Means as rows of a table that is told."""
    return means.assign(
        measure="mean", estimate=means["mean"], method="direct, areas as strata",
        wave_before=np.nan, p=np.nan, kind="exploratory",
    )  # fmt: skip


def change_rows(found: StudyMeasures, means: pd.DataFrame) -> pd.DataFrame:
    """Changes between waves as rows of a table; hidden where either of their means is, or without spread."""
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
        # Where all changed by the same, it is what each did.
        hidden=np.maximum(
            joined[["hidden_1", "hidden_2"]].max(axis=1), joined["standard_error"] < _NO_SPREAD
        ),
        method="direct, with the covariance of people in both waves", kind="exploratory",
    )  # fmt: skip
