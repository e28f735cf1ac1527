"""Public effects as sums of areas' means, attacked beside the means and beside those told before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.effects.effect_means import effect_coefficients
from processing.effects.evaluation import Evaluation
from processing.errors import StatisticsError
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.earlier_cells import State, ToldThen

from .told_before import ToldBefore, ToldEffect

_POINT = 1.0
_RANGE = 100.0


@dataclass(frozen=True)
class Sums:
    """Effects as coefficients of means, by the index of these.

    `now` are those that may be told, by scale; `told` are out, with the coefficients of sums of the means
    as they were. `lost` are scales of which something was told that cannot be laid on these means: areas
    of it have merged since.
    """

    now: dict[str, pd.Series]
    told: tuple[Mapping[State, float], ...]
    lost: frozenset[str]


def told_effects(evaluation: Evaluation, shown: pd.DataFrame) -> tuple[ToldEffect, ...]:
    """What `remember` keeps of effects that a table shows: rows with name, cohort and wave."""
    means = evaluation.measures.measures.means
    found = []
    rows = shown[["name", "cohort", "wave"]].astype(str).sort_values(["name", "cohort"])
    for scale, cohort, wave in rows.itertuples(index=False, name=None):
        made = effect_coefficients(evaluation, scale, cohort)
        at = {} if made is None else _named(made, means)
        sizes = {} if made is None else _sizes(made, means)
        found.append(ToldEffect(scale, cohort, evaluation.plan.hash, int(wave), at, sizes))
    return tuple(found)


def effect_sums(
    means: pd.DataFrame, evaluation: Evaluation | None, earlier: ToldBefore | None, cohort: str
) -> Sums:
    """Effects on a cohort, of an evaluation and of earlier tellings, as sums of the same means.

    An effect told before whose coefficients are these within what rounding to whole points hides is
    the same effect: weights differ by little, and the two tell no more than one. Where some left an area
    since they are two, of which the first is of who answered then: of a cohort, of whom no area's mean
    is told, it is taken to be of the same answers with the weights of then.
    """
    now = _now(evaluation, cohort) if evaluation is not None else {}
    own = means[(means["cohort"] == cohort) & (means["level"] == "afdeling") & (means["n"] > 0)]
    index = pd.Series(
        own.index, pd.MultiIndex.from_frame(own[["scale", "unit", "wave"]].astype(str))
    )
    told, lost = [], set()
    for one in earlier.effects if earlier else ():
        if one.cohort != cohort or (not one.coefficients and _again(one, evaluation)):
            continue
        keys = [(one.scale, unit, str(wave)) for unit, wave in one.coefficients]
        if not keys or not set(keys) <= set(index.index):
            lost.add(one.scale)
            continue
        made = pd.Series([*one.coefficients.values()], index.loc[keys].to_numpy())
        was = _was(one, own.loc[made.index])
        same = one.scale in now and _same(now[one.scale], made)
        if not same or (was["n"].to_numpy() != own.loc[made.index, "n"].to_numpy()).any():
            n = was["n"] if cohort == "all" else own.loc[made.index, "n"]
            states = zip(made.index, n.astype(float), strict=True)
            told.append(dict(zip(states, made.to_numpy() / was["w"].to_numpy(), strict=True)))
    return Sums(now, tuple(told), frozenset(lost))


def cohort_effects_that_tell(
    means: pd.DataFrame,
    evaluation: Evaluation,
    earlier: ToldBefore | None,
    limits: DisclosureLimits,
) -> set[tuple[str, str]]:
    """Scales and cohorts whose effect would give an area's cohort away.

    Areas' means of stayers and newcomers are told nowhere. Their effect is attacked with the study's own
    means of the cohort, and with those told before, after fewer waves or by another plan. One that is no
    sum of means, for persons' covariates, nobody can attack: it is told no more than that on all is.
    """
    found = set()
    for cohort in ("stayer", "newcomer"):
        sums = effect_sums(means, evaluation, earlier, cohort)
        effects = evaluation.effects
        for scale in sorted(effects.loc[effects["cohort"] == cohort, "scale"].astype(str)):
            if scale in sums.lost or not _keeps(means, sums, scale, cohort, limits):
                found.add((scale, cohort))
    return found


def cohort_effects_of_few(evaluation: Evaluation, least: int) -> set[tuple[str, str]]:
    """Scales and cohorts whose effect is of fewer than `least` answers in an arm and wave."""
    means = evaluation.measures.measures.means
    few = set()
    for cohort in ("stayer", "newcomer"):
        own = means[(means["cohort"] == cohort) & (means["level"] == "afdeling")]
        arms = evaluation.treatment.arms(own[own["n"] > 0])
        n = arms.groupby(["scale", "treated", "wave"])["n"].sum()
        few |= {(str(scale), cohort) for scale in n[n < least].index.get_level_values("scale")}
    return few


def _keeps(
    means: pd.DataFrame, sums: Sums, scale: str, cohort: str, limits: DisclosureLimits
) -> bool:
    """Whether areas' means of a cohort stay uncertain when its effect is told too."""
    if scale not in sums.now:
        return False
    mine = means[(means["scale"] == scale) & (means["cohort"] == cohort) & (means["n"] > 0)]
    own = mine[mine["level"] == "afdeling"]
    whole = own.assign(sum=own["w"] * own["mean"]).groupby("wave")[["n", "w", "sum"]].sum()
    whole = whole.assign(mean=whole["sum"] / whole["w"]).reset_index()
    whole.index = pd.RangeIndex(len(whole)) + means.index.max() + 1
    cells = pd.concat([own, whole.assign(unit="all")])[["unit", "wave", "n", "w", "mean"]]
    cells = cells.assign(n=cells["n"].astype(int))
    inside = cells["unit"] != "all"
    then = ToldThen(
        combinations=[one for one in sums.told if {at for at, _ in one} <= {*own.index}]
    )
    parents = {"unit": dict.fromkeys(own["unit"], "all")}
    try:
        found = disclose(
            cells, ["unit", "wave"], parents, mean="mean", weight="w", limits=limits,
            before=inside & (cells["n"] < limits.mean_n), silent=inside, known=~inside,
            combinations=[sums.now[scale]], then=then,
        )  # fmt: skip
    except StatisticsError:
        return False
    return found.combined == (True,) and bool(found.frame.loc[~inside, "mean"].notna().all())


def _now(evaluation: Evaluation, cohort: str) -> dict[str, pd.Series]:
    effects = evaluation.effects
    scales = effects.loc[effects["cohort"] == cohort, "scale"].astype(str)
    made = {scale: effect_coefficients(evaluation, scale, cohort) for scale in scales}
    return {scale: found for scale, found in made.items() if found is not None}


def _again(told: ToldEffect, evaluation: Evaluation | None) -> bool:
    """Whether it is the very effect that is told again, of which nobody knows what it is a sum of."""
    if evaluation is None:
        return False
    last = max(evaluation.measures.days)
    return told.plan == evaluation.plan.hash and told.wave == last


def _was(told: ToldEffect, means: pd.DataFrame) -> pd.DataFrame:
    """How many had answered in each of these when an effect was told, and what they weighed."""
    now = means[["unit", "wave", "n", "w"]].itertuples(index=False, name=None)
    was = [told.sizes.get((str(unit), int(wave)), (n, w)) for unit, wave, n, w in now]
    return pd.DataFrame(was, columns=["n", "w"], dtype=float)


def _same(one: pd.Series, other: pd.Series) -> bool:
    apart = one.subtract(other, fill_value=0.0).abs().sum()
    return bool(_RANGE * apart <= _POINT)


def _named(made: pd.Series, means: pd.DataFrame) -> Mapping[tuple[str, int], float]:
    own = means.loc[made.index, ["unit", "wave"]]
    keys: Sequence[tuple[str, int]] = [
        (str(unit), int(wave)) for unit, wave in own.itertuples(index=False, name=None)
    ]
    return dict(zip(keys, np.round(made.to_numpy(float), 12).tolist(), strict=True))


def _sizes(made: pd.Series, means: pd.DataFrame) -> Mapping[tuple[str, int], tuple[float, float]]:
    of = means.loc[made.index, ["unit", "wave", "n", "w"]].itertuples(index=False, name=None)
    return {(str(unit), int(wave)): (float(n), round(float(w), 9)) for unit, wave, n, w in of}
