"""The feed: one tidy table of soft outcomes, for everybody or under an agreement, row by row with its provenance."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from processing.datasets.study import Study
from processing.effects.effect_means import effect_coefficients
from processing.effects.evaluation import Evaluation
from processing.errors import Problem, stop_if_any
from processing.measuring.disclosure import DisclosureLimits, disclose
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures, study_measures
from processing.measuring.study_terms import study_terms

from .answered import answered
from .places_told import adds_up, places_of, torn
from .told_before import masks, of_another_plan

COLUMNS = (
    "study", "measure", "scale", "scale_version", "status", "level", "unit", "cohort", "wave",
    "wave_before", "year", "plan", "estimate", "standard_error", "low", "high", "p", "n",
    "response_rate", "weight", "method", "kind", "hidden", "audience", "dataset", "analysis_plan",
    "analysis_plans",
)  # fmt: skip
"""`measure` is mean, change, effect or moderator; estimates are points of 0–100, high is favourable.
`unit` is the area's key where the level is afdeling, `plan` the keys of the plans that cover the
unit in the wave, with a semicolon between. `hidden` is 1 where n, estimate and all made from it are
blank, so that no small cell can be worked out. `audience` is public or evaluator. `analysis_plans`
counts, of effects, the plans that were registered in time, of which this one may be the one that found
something."""

Audience: TypeAlias = Literal["public", "evaluator"]
"""Who may have the table: everybody, or an evaluation that has signed for it."""
_FIGURES = ["estimate", "standard_error", "low", "high", "p", "n", "response_rate"]
_UNKNOWN = "unknown"
_PERCENT = 100.0


@dataclass(frozen=True)
class Joined:
    """The feed beside register outcomes: `frame`, and area-years that only one of them knows.

    `merged` are areas of the outcomes that the feed has as a part of what they merged into: they
    are told of, and joined only where the outcomes give the whole.
    """

    frame: pd.DataFrame
    only_feed: tuple[str, ...]
    only_outcomes: tuple[str, ...]
    merged: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = (
            f"{len(self.frame)} rows joined; {len(self.only_feed)} area-years only in the feed, "
            f"{len(self.only_outcomes)} only in the outcomes"
        )
        if self.merged:
            told += f"; part of a merged area in the feed: {', '.join(self.merged)}"
        return told


def feed(
    study: Study,
    found: StudyMeasures,
    evaluation: Evaluation | None = None,
    *,
    statuses: Mapping[str, str] | None = None,
    limits: DisclosureLimits | None = None,
    cooperation: Study | None = None,
    audience: Audience = "public",
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row a mean, change and effect, with small cells hidden and what would give them away.

    Means of every unit and wave pass `disclose` together, so that levels cannot be subtracted from
    one another; a change is hidden where either of its means is. Stayers and newcomers are told
    apart for the study alone: by afdeling nearly all of them would have to be hidden, and much
    beside to protect them.

    For the public all points are whole and an interval is rounded outwards, so that two tables, one
    before and one after somebody took their answers back, do not tell what that one said. An effect
    is a sum of areas' means: it passes `disclose` with them, and one that is not made of means alone
    (persons' covariates) is hidden, as is one that another plan told before. Where the response of a place is not told, for few answered or
    nearly everyone did, nothing of it is. `earlier` is what was told before (`told_before`). For the
    evaluator nothing is rounded, every effect is told, and small cells are hidden all the same: such
    a table is not to be published.

    `limits` are those that the study laid down (`study_terms`) unless given. `cooperation` is the
    study of its own in which project staff and municipal partners answered `samarbejde`, its areas
    being this study's plans: its means are rows of their own, measure "moderator" and level "plan",
    with small cells hidden by the same limits, and nobody's answers are merged. `statuses` gives each
    scale's verdict, "candidate" where none was made, as of a variant. Raises StatisticsError.
    """
    limits = limits or study_terms(study).limits
    public = audience == "public"
    combined = _combined(evaluation) if evaluation is not None and public else {}
    spans = _spans(study)
    means, told = _hidden(found, limits, earlier, combined, spans)
    response = answered(study, found, limits, earlier)
    means = _with_response(means, response, public=public)
    parts = [_means(means), _changes(found, means)]
    if evaluation is not None:
        effects = _effects(evaluation)
        if public:
            effects = _as_may_be_told(effects, told, means)
            again = of_another_plan(effects, earlier, evaluation.plan.hash)
            effects = effects.assign(hidden=np.maximum(effects["hidden"], again))
        parts.append(effects)
    plans = _plans(found.units)
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    if evaluation is None:
        whole["analysis_plans"] = np.nan
    whole.loc[whole["hidden"] == 1, _FIGURES] = np.nan
    scales = {scale.name: scale for scale in study.codebook.scales}
    owner = {
        f"{scale.name}_{variant}": scale.name
        for scale in scales.values()
        for variant in scale.variants
    }
    known = statuses or {}
    versions = _versions(study)
    stem = whole["scale"].map(lambda name: owner.get(name, name))
    whole = whole.assign(
        study=study.study,
        scale_version=[
            _versions_of(versions, scales[name].instrument, before, wave)
            for name, before, wave in zip(stem, whole["wave_before"], whole["wave"], strict=True)
        ],
        # What was found of a whole scale was not found of the scale without one of its items.
        status=whole["scale"].map(lambda name: known.get(name, "candidate")),
        year=whole["wave"].map(lambda wave: int(found.days[int(wave)][:4])),
        plan=[
            plans.get((level, unit, wave), "")
            for level, unit, wave in zip(whole["level"], whole["unit"], whole["wave"], strict=True)
        ],
        weight=found.weight,
        audience=audience,
        dataset=found.dataset,
        analysis_plan=evaluation.plan.hash if evaluation else "",
    )
    if public:
        whole = rounded(whole, [name for name, span in spans.items() if span < _PERCENT])
    if cooperation is not None:
        beside = _moderators(study, cooperation, limits, audience, earlier)
        whole = pd.concat([whole, beside], ignore_index=True)
    order = ["measure", "scale", "level", "unit", "cohort", "wave"]
    return whole[list(COLUMNS)].sort_values(order, ignore_index=True)


def rounded(table: pd.DataFrame, counts: Collection[str] = ()) -> pd.DataFrame:
    """The same rows as the public may have them: whole points, intervals rounded outwards.

    Scales that are `counts` of a few things have one decimal.

    An interval lies about the rounded estimate and holds the whole of the unrounded one, so that its
    ends say no more of the estimate than the estimate does. Standard errors have one decimal,
    response rates and p values two.
    """
    parts = np.where(table["scale"].isin(counts), 10.0, 1.0)
    estimate: pd.Series = (table["estimate"] * parts).round() / parts
    below = np.ceil((estimate - table["low"]).clip(lower=0) * parts) / parts
    above = np.ceil((table["high"] - estimate).clip(lower=0) * parts) / parts
    reach = np.maximum(below, above)
    means = table["measure"].isin(["mean", "moderator"])
    low, high = estimate - reach, estimate + reach
    return table.assign(
        estimate=estimate,
        low=low.where(~means, low.clip(lower=0)).round(1),
        high=high.where(~means, high.clip(upper=_PERCENT)).round(1),
        standard_error=table["standard_error"].round(1),
        p=table["p"].astype(float).round(2),
        response_rate=table["response_rate"].astype(float).round(2),
    )


def join_outcomes(
    table: pd.DataFrame, outcomes: pd.DataFrame, *, area: str = "area", year: str = "year"
) -> Joined:
    """Lay register outcomes beside the feed's means, by area and year.

    `outcomes` has one row an area and year, with columns of its own; its area keys are those of the
    feed's `unit`, at whatever level. Raises StatisticsError for a missing column, an area-year that
    comes twice, keys that are numbers, blank, or are the feed's but for blanks and leading zeros, years
    that are not whole, and no row in common.
    """
    means = table[(table["measure"] == "mean") & (table["cohort"] == "all")]
    stop_if_any(_unfit(outcomes, area, year, sorted(set(means["unit"].astype(str)))))
    right = outcomes.rename(columns={area: "unit", year: "year"})
    taken = sorted(set(right.columns) & set(means.columns) - {"unit", "year"})
    stop_if_any(
        Problem(f"outcomes, {name}", "the feed has a column of that name", "Give it another")
        for name in taken
    )
    joined = means.merge(right, on=["unit", "year"], how="outer", indicator=True)
    told = joined["unit"].astype(str) + " " + joined["year"].astype(str)
    both = joined["_merge"] == "both"
    if not both.any():
        stop_if_any(
            [
                Problem(
                    "outcomes",
                    f"no area and year is in both: the feed has {', '.join(map(str, means['unit'].unique()[:3]))}"
                    f", the outcomes {', '.join(map(str, right['unit'].unique()[:3]))}",
                    "Give areas by the keys of the dataset, years as whole numbers",
                )
            ]
        )
    return Joined(
        joined[both].drop(columns="_merge").reset_index(drop=True),
        tuple(dict.fromkeys(told[joined["_merge"] == "left_only"])),
        tuple(dict.fromkeys(told[joined["_merge"] == "right_only"])),
        tuple(sorted(_parts_of_merged(means["unit"]) & set(right["unit"].astype(str)))),
    )


def _hidden(
    found: StudyMeasures,
    limits: DisclosureLimits,
    earlier: pd.DataFrame | None,
    combined: Mapping[str, pd.Series],
    spans: Mapping[str, float],
) -> tuple[pd.DataFrame, set[str]]:
    """The means with `hidden`, after all that adds up was looked at; scales whose effect is told."""
    means = found.measures.means
    means = means[(means["cohort"] == "all") | (means["level"] == "study")]
    means = means.assign(place=places_of(means), name=means["scale"])
    keys = ["scale", "place", "wave", "cohort"]
    parents = adds_up(found.units)
    split = torn(means[means["cohort"] == "all"], parents)
    before, known = masks(means, earlier, "mean")
    # A count of few things is as secret within its own range as points are within theirs.
    scaled = means["mean"] * _PERCENT / means["scale"].map(spans)
    cells = means.assign(before=before, known=known, mean=scaled)
    cells = cells.loc[~means["place"].isin(split), [*keys, "n", "w", "mean", "before", "known"]]
    rest = _of_unknown_cohort(cells, keys).assign(before=False, known=False)
    # The afdelinger keep their index, by which effects name them.
    rest.index = pd.RangeIndex(len(rest)) + means.index.max() + 1
    cells = pd.concat([cells, rest])
    cells = cells.assign(n=cells["n"].astype(int))
    cohorts: dict[Hashable, Hashable | Sequence[Hashable]] = dict.fromkeys(
        ("stayer", "newcomer", _UNKNOWN), "all"
    )
    every: Parents = {"place": parents, "cohort": cohorts}
    made = disclose(
        cells, keys, every, mean="mean", weight="w", limits=limits,
        before=cells["before"], known=cells["known"], combinations=[*combined.values()],
    )  # fmt: skip
    shown = made.frame
    hidden = (shown["n"].isna() | shown["mean"].isna()).astype(int)
    told = means.merge(shown[keys].assign(hidden=hidden), on=keys, how="left")
    told = told.assign(hidden=told["hidden"].fillna(1).astype(int))
    return told, {name for name, may in zip(combined, made.combined, strict=True) if may}


def _spans(study: Study) -> dict[str, float]:
    """Scale or variant -> its highest score."""
    found = {}
    for scale in study.codebook.scales:
        left_out = {"": (), **{f"_{name}": out for name, out in scale.variants.items()}}
        for ending, out in left_out.items():
            size = float(len(scale.columns) - len(out))
            found[f"{scale.name}{ending}"] = size if scale.score == "count" else _PERCENT
    return found


def _combined(evaluation: Evaluation) -> dict[str, pd.Series]:
    """Effects on all residents as coefficients of areas' means, by scale."""
    effects = evaluation.effects
    scales = effects.loc[effects["cohort"] == "all", "scale"].astype(str)
    made = {scale: effect_coefficients(evaluation, scale) for scale in scales}
    return {scale: found for scale, found in made.items() if found is not None}


def _with_response(means: pd.DataFrame, response: pd.DataFrame, *, public: bool) -> pd.DataFrame:
    """The means with response rates that may be told; for the public none of a place that tells none."""
    keys = ["level", "unit", "wave"]
    told = response.loc[response["hidden"] == 0, keys].assign(told=True)
    joined = means.merge(told.astype({"wave": means["wave"].dtype}), on=keys, how="left")
    known = joined["told"].notna() if len(response) else pd.Series(data=True, index=joined.index)
    silent = (~known).astype(int) if public else 0
    return joined.drop(columns="told").assign(
        hidden=np.maximum(joined["hidden"], silent),
        response_rate=joined["response_rate"].where(known),
    )


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


def _means(means: pd.DataFrame) -> pd.DataFrame:
    return means.assign(
        measure="mean", estimate=means["mean"], method="direct, areas as strata",
        wave_before=np.nan, p=np.nan, kind="exploratory",
    )  # fmt: skip


def _changes(found: StudyMeasures, means: pd.DataFrame) -> pd.DataFrame:
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


def _effects(evaluation: Evaluation) -> pd.DataFrame:
    effects = evaluation.effects
    waves = sorted(evaluation.measures.days)
    return effects.assign(
        measure="effect", level="study", unit="study", wave=waves[-1], wave_before=waves[0],
        response_rate=np.nan, hidden=0, p=effects["p_adjusted"], analysis_plans=effects["plans"],
        method="difference in differences, " + effects["estimator"] + ", "
        + effects["method"].replace("", "no test trusted"),
    )  # fmt: skip


def _as_may_be_told(effects: pd.DataFrame, told: set[str], means: pd.DataFrame) -> pd.DataFrame:
    """Effects without those on all residents that would give a mean away: of `told` they do not.

    Effects on stayers and newcomers are of means that are told of no area: one sum of many unknowns.
    Of n those are kept that the study's own tell already: where areas are left out, the difference
    is how many answered there.
    """
    shown = means[(means["level"] == "study") & (means["hidden"] == 0)]
    known = shown.groupby(["scale", "cohort"])["n"].sum()
    index = pd.MultiIndex.from_frame(effects[["scale", "cohort"]])
    same = known.reindex(index).to_numpy() == effects["n"].to_numpy()
    hidden = (effects["cohort"] == "all") & ~effects["scale"].isin(told)
    return effects.assign(n=effects["n"].where(same), hidden=hidden.astype(int))


def _versions(study: Study) -> dict[int, dict[str, str]]:
    """Wave -> instrument -> its version there."""
    return {
        wave.wave: {
            str(one.get("name")): str(one.get("version", ""))
            for one in wave.manifest.get("form", ())
        }
        for wave in study.waves
    }


def _versions_of(
    versions: Mapping[int, Mapping[str, str]], instrument: str, before: float, wave: int
) -> str:
    """The version in a wave, or the versions in the waves that a change or effect spans."""
    first = wave if np.isnan(before) else int(before)
    told = [of.get(instrument, "") for at, of in sorted(versions.items()) if first <= at <= wave]
    return ";".join(dict.fromkeys(one for one in told if one))


def _plans(units: pd.DataFrame) -> dict[tuple[str, str, int], str]:
    """Level, unit and wave -> the keys of the plans that cover any area of it; not of the study."""
    covered = units[units["level"] == "plan"][["wave", "area", "unit"]]
    others = units[~units["level"].isin(["study"])]
    pairs = others.merge(covered.rename(columns={"unit": "plan"}), on=["wave", "area"])
    by = pairs.groupby(["level", "unit", "wave"])["plan"]
    joined = by.agg(lambda plans: ";".join(sorted(set(plans)))).reset_index()
    keys = zip(joined["level"], joined["unit"], joined["wave"], strict=True)
    return dict(zip(keys, joined["plan"], strict=True))


def _moderators(
    study: Study,
    cooperation: Study,
    limits: DisclosureLimits,
    audience: Audience,
    earlier: pd.DataFrame | None,
) -> pd.DataFrame:
    """What partners answered, a row a plan, wave and scale."""
    found = study_measures(cooperation)
    if earlier is not None:
        earlier = earlier[earlier["measure"] == "moderator"]
        earlier = earlier.assign(measure="mean", level="afdeling")
    table = feed(cooperation, found, limits=limits, audience=audience, earlier=earlier)
    mine = table[(table["measure"] == "mean") & (table["cohort"] == "all")]
    mine = mine[mine["level"] == "afdeling"]
    known = set(study.table("plans")["plan"].astype(str))
    unknown = sorted(set(mine["unit"].astype(str)) - known)
    stop_if_any(
        Problem(
            f"cooperation, {key}",
            "its areas are to be this study's plans, and it has no plan of that key",
            f"Give areas the keys of plans: {', '.join(sorted(known)[:5]) or 'there are none'}",
        )
        for key in unknown[:10]
    )
    return mine.assign(measure="moderator", level="plan", plan=mine["unit"])


def _parts_of_merged(units: pd.Series) -> set[str]:
    return {part for unit in units.astype(str) if "+" in unit for part in unit.split("+")}


def _bare(key: str) -> str:
    """A key without what spreadsheets add and take away."""
    return "-".join(part.strip().lstrip("0") for part in key.strip().casefold().split("-"))


def _unfit(outcomes: pd.DataFrame, area: str, year: str, known: Sequence[str]) -> list[Problem]:
    lacking = [
        Problem(f"outcomes, {name}", "there is no such column", "Name it, or give it")
        for name in (area, year)
        if name not in outcomes
    ]
    if lacking:
        return lacking
    found = []
    if pd.api.types.is_numeric_dtype(outcomes[area]):
        found.append(
            Problem(
                f"outcomes, {area}",
                "areas are numbers, and 0667-012 has lost its zero",
                "Read the column as text",
            )
        )
    else:
        found += _unlike(outcomes[area], area, known)
    years = outcomes[year]
    if not pd.api.types.is_numeric_dtype(years) or years.isna().any() or (years % 1 != 0).any():
        received = next((one for one in years if not _whole(one)), years.iloc[0])
        found.append(
            Problem(
                f"outcomes, {year}",
                f"years are whole numbers, got {received!r}",
                "Give each row its year, as 2026",
            )
        )
    twice = outcomes[outcomes.duplicated([area, year])]
    if len(twice):
        first = twice.iloc[0]
        found.append(
            Problem(
                f"outcomes, {first[area]} {first[year]}",
                "it comes more than once",
                "Give one row an area and year",
            )
        )
    return found


def _whole(year: object) -> bool:
    """A column with one 2026.5 holds 2024 as 2024.0."""
    try:
        return float(str(year)).is_integer()
    except ValueError:
        return False


def _unlike(keys: pd.Series, area: str, known: Sequence[str]) -> list[Problem]:
    """Keys that are blank, and those that mean one of the feed's and are written otherwise."""
    found = []
    texts = keys.fillna("").astype(str)
    if (texts.str.strip() == "").any():
        rows = int((texts.str.strip() == "").sum())
        found.append(
            Problem(f"outcomes, {area}", f"{rows} rows have no key", "Give each row its area")
        )
    bare = {_bare(key): key for key in known}
    exact = set(known)
    for key in sorted(set(texts) - exact):
        meant = bare.get(_bare(key))
        if key.strip() and meant:
            found.append(
                Problem(
                    f"outcomes, {key!r}",
                    f"the feed writes that area {meant!r}",
                    "Write keys as the dataset does, with every zero and no blanks",
                )
            )
    return found[:20]
