"""Why nothing can be told of a place: for those who see the answers, never for the public."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from processing.datasets.study import Study
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.study_measures import StudyMeasures
from processing.measuring.study_terms import study_terms

from .places_told import adds_up, places_of
from .told_before import ToldBefore, masks, moved

Why: TypeAlias = Literal[
    "nobody_invited",
    "uncounted",
    "few",
    "nearly_all",
    "told_before",
    "part",
    "few_scores",
    "left",
    "protects",
]
"""Nobody counted the invited of the wave (`uncounted`); `few` answered; `nearly_all` of the invited did; it was hidden when it was `told_before`; it holds a
`part` of a merged afdeling alone; every question was answered by few (`few_scores`); some `left` it since it was shown, of whom its figures
would tell; it `protects` others."""
_KEYS = ["level", "unit", "wave"]


def why_hidden(
    study: Study,
    found: StudyMeasures,
    table: pd.DataFrame,
    *,
    limits: DisclosureLimits | None = None,
    earlier: ToldBefore | None = None,
) -> pd.DataFrame:
    """Return the reason of every place and wave of which `area_results` shows no figure.

    Parameters: `table` is that of `area_results`, made with the same `limits` and `earlier`. Returns a
    row a place: level, unit, wave, why (see `Why`), and `of`: the keys of the places it protects,
    those of few answers or nearly all among the ones it adds up with, separated by semicolons. Where several reasons
    hold the place's own stands first. Raises nothing beyond what reading the study does.
    """
    limits = limits or study_terms(study).limits
    shown = table[(table["hidden"] == 0) & table["measure"].isin(["share", "mean"])]
    answered = table[(table["measure"] == "answered") & (table["hidden"] == 0)]
    can = _index(shown).intersection(_index(answered))
    places = found.units[_KEYS].drop_duplicates(ignore_index=True)
    places = places[~_index(places).isin(can)]
    if not len(places):
        return places.assign(why="", of="")
    about = _asked(study, found, limits)
    told = places.merge(about, on=_KEYS, how="left")
    before, _ = masks(told.assign(name="", cohort="all"), earlier, "answered")
    means = found.measures.means
    most = means[means["cohort"] == "all"].groupby(_KEYS)["n"].max().rename("most").reset_index()
    told = told.merge(most, on=_KEYS, how="left")
    of_all = means[means["cohort"] == "all"].assign(name=means["scale"])
    left = of_all[moved(of_all, earlier, "mean") != 0]
    torn = ~_index(told).isin(_index(table[table["measure"] == "answered"]))
    own = told["why"].to_numpy(object)
    why = np.select(
        [own == "uncounted", own == "nobody_invited", own == "few", own == "nearly_all", torn, before, told["most"].fillna(0) < limits.mean_n, _index(told).isin(_index(left))],
        ["uncounted", "nobody_invited", "few", "nearly_all", "part", "told_before", "few_scores", "left"],
        default="protects",
    )  # fmt: skip
    told = told.assign(why=why)
    return told.assign(of=_of(told, about, found))[[*_KEYS, "why", "of"]]


def _asked(study: Study, found: StudyMeasures, limits: DisclosureLimits) -> pd.DataFrame:
    """Every place and wave with what is by itself a reason, or none."""
    counts = study.table("dispositions")
    sums = counts.groupby(["area", "wave"], as_index=False)[["invited", "finished"]].sum()
    by = found.units.merge(sums.astype({"wave": int}), on=["area", "wave"], how="left")
    by = by.groupby(_KEYS, as_index=False)[["invited", "finished"]].sum()
    why = np.select(
        [
            ~by["wave"].isin(sums["wave"].astype(int)),
            by["invited"] == 0,
            by["finished"] < limits.mean_n,
            by["invited"] - by["finished"] < limits.count,
        ],
        ["uncounted", "nobody_invited", "few", "nearly_all"],
        default="",
    )
    return by[_KEYS].assign(why=why)


def _of(told: pd.DataFrame, about: pd.DataFrame, found: StudyMeasures) -> list[str]:
    """Of places that protect others, which: with a reason of their own, nearest first."""
    reason = about[about["why"].isin(["few", "nearly_all"]) & (about["level"] == "afdeling")]
    above = adds_up(found.units)
    named = reason.assign(place=places_of(reason))
    mine = places_of(told)
    result = []
    for place, wave, why in zip(mine, told["wave"], told["why"], strict=True):
        if why != "protects":
            result.append("")
            continue
        others = named[named["wave"] == wave]
        ties = [_ties(above, str(place), str(other)) for other in others["place"]]
        near = [unit for unit, tie in zip(others["unit"], ties, strict=True) if tie == max(ties)]
        result.append(";".join(sorted(map(str, near))))
    return result


def _ties(above: dict, place: str, other: str) -> int:  # type: ignore[type-arg]
    """In how many totals two places lie together."""
    return len(set(above.get(place, ())) & set(above.get(other, ())))


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[_KEYS].astype({"wave": int}))
