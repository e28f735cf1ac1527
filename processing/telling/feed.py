"""The feed: one tidy table of soft outcomes, safe to leave the house, each row with its provenance."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.errors import Problem, stop_if_any
from processing.measuring.disclosure import DisclosureLimits, disclose
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures, study_measures

COLUMNS = (
    "study", "measure", "scale", "scale_version", "status", "level", "unit", "cohort", "wave",
    "wave_before", "year", "plan", "estimate", "standard_error", "low", "high", "p", "n",
    "response_rate", "weight", "method", "kind", "hidden", "dataset", "analysis_plan",
)  # fmt: skip
"""`measure` is mean, change, effect or moderator; estimates are points of 0–100, high is favourable.
`unit` is the area's key where the level is afdeling, `plan` the keys of the plans that cover the
unit in the wave, with a semicolon between. `hidden` is 1 where n, estimate and all made from it are
blank, so that no small cell can be worked out."""

_FIGURES = ["estimate", "standard_error", "low", "high", "p", "n", "response_rate"]
_UNKNOWN = "unknown"


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
) -> pd.DataFrame:
    """Return a row a mean, change and effect, with small cells hidden and what would give them away.

    Means of every unit and wave pass `disclose` together, so that levels cannot be subtracted from
    one another; a change is hidden where either of its means is. Stayers and newcomers are told
    apart for the study alone: by afdeling nearly all of them would have to be hidden, and much
    beside to protect them. `cooperation` is the study of its own in which project staff and municipal
    partners answered `samarbejde`, its areas being this study's plans: its means are rows of their
    own, measure "moderator" and level "plan", with small cells hidden by the same limits, and
    nobody's answers are merged. `statuses` gives each scale's verdict, "candidate" where none was made,
    as of a variant. Raises StatisticsError.
    """
    means = _hidden(found, limits or DisclosureLimits())
    parts = [_means(means), _changes(found, means)]
    if evaluation is not None:
        parts.append(_effects(evaluation))
    plans = _plans(found.units)
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
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
        dataset=found.dataset,
        analysis_plan=evaluation.plan.hash if evaluation else "",
    )
    if cooperation is not None:
        whole = pd.concat([whole, _moderators(study, cooperation, limits)], ignore_index=True)
    order = ["measure", "scale", "level", "unit", "cohort", "wave"]
    return whole[list(COLUMNS)].sort_values(order, ignore_index=True)


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


def _hidden(found: StudyMeasures, limits: DisclosureLimits) -> pd.DataFrame:
    """The means with `hidden`, after everything that adds up was looked at together."""
    means = found.measures.means
    means = means[(means["cohort"] == "all") | (means["level"] == "study")]
    means = means.assign(place=places_of(means))
    keys = ["scale", "place", "wave", "cohort"]
    parents = adds_up(found.units)
    torn = _torn(means, parents)
    cells = means.loc[~means["place"].isin(torn), [*keys, "n", "w", "mean"]]
    cells = pd.concat([cells, _of_unknown_cohort(cells, keys)], ignore_index=True)
    cells = cells.assign(n=cells["n"].astype(int))
    cohorts: dict[Hashable, Hashable | Sequence[Hashable]] = dict.fromkeys(
        ("stayer", "newcomer", _UNKNOWN), "all"
    )
    every: Parents = {"place": parents, "cohort": cohorts}
    shown = disclose(cells, keys, every, mean="mean", weight="w", limits=limits).frame
    hidden = (shown["n"].isna() | shown["mean"].isna()).astype(int)
    told = means.merge(shown[keys].assign(hidden=hidden), on=keys, how="left")
    return told.assign(hidden=told["hidden"].fillna(1).astype(int))


def _torn(
    means: pd.DataFrame, parents: Mapping[Hashable, Hashable | Sequence[Hashable]]
) -> set[str]:
    """Plans and groups that hold a part of a merged afdeling alone.

    Less its whole afdelinger such a total is that part, which is told of nowhere: it is hidden.
    """
    whole = means[means["cohort"] == "all"]
    pairs = pd.DataFrame(
        [(child, total) for child, above in parents.items() for total in _each(above)],
        columns=["place", "total"],
    )
    keys = ["scale", "total", "wave"]
    parts = whole[["scale", "place", "wave", "n"]].merge(pairs, on="place")
    sums = pd.DataFrame(parts.groupby(keys, as_index=False)["n"].sum())
    sums = sums.rename(columns={"total": "place"})
    both = whole.merge(sums, on=["scale", "place", "wave"], suffixes=("", "_of_parts"))
    return set(both.loc[both["n"] != both["n_of_parts"], "place"])


def _each(above: Hashable | Sequence[Hashable]) -> tuple[Hashable, ...]:
    return tuple(above) if isinstance(above, tuple | list) else (above,)


def places_of(frame: pd.DataFrame) -> pd.Series:
    """A name for each row's place, by level, unit and wave: what a plan or group holds is dated."""
    place = frame["level"] + ":" + frame["unit"].astype(str)
    dated: pd.Series = place.where(
        frame["level"] == "afdeling", place + "@" + frame["wave"].astype(str)
    )
    return dated


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


def adds_up(units: pd.DataFrame) -> dict[Hashable, Hashable | Sequence[Hashable]]:
    """What each afdeling is added up to: its boligområder and plans, and the study, wave by wave."""
    named = units.assign(place=places_of(units))
    own = named[named["level"] == "afdeling"][["wave", "area", "place"]]
    others = named[named["level"] != "afdeling"][["wave", "area", "place"]]
    pairs = own.merge(others, on=["wave", "area"], suffixes=("", "_of"))[["place", "place_of"]]
    return {place: tuple(sorted(set(group))) for place, group in pairs.groupby("place")["place_of"]}


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
        response_rate=np.nan, hidden=0, p=effects["p_adjusted"],
        method="difference in differences, " + effects["estimator"] + ", "
        + effects["method"].replace("", "no test trusted"),
    )  # fmt: skip


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


def _moderators(study: Study, cooperation: Study, limits: DisclosureLimits | None) -> pd.DataFrame:
    """What partners answered, a row a plan, wave and scale."""
    found = study_measures(cooperation)
    table = feed(cooperation, found, limits=limits)
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
        received = next((one for one in years if not str(one).isdigit()), years.iloc[0])
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
