"""Which areas are treated in which wave, and since when: what an effect compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from processing.datasets.standing import periods_gone, standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.measuring.places import plans_in_force
from processing.measuring.study_measures import StudyMeasures

from .analysis_plan import AnalysisPlan


@dataclass(frozen=True)
class Treatment:
    """Who is compared, and how they are treated.

    `frame` has a row an afdeling (with what it is tied to) and wave: unit, wave, treated (0 or 1),
    start (the wave in which it is treated first, 0 for never) and years (whole ones since its plan
    began, in treated waves). Left out are areas treated in the first wave that the dataset has of them, which have no before
    (`always`), and the waves after an area's plan ended (`ended`): what lingers of it would make the
    area a false comparison. Areas that a plan names to compare with, though they are treated, are
    treated ones all the same (`named`). Areas of which earlier waves' tables had periods that no longer
    stand are `corrected`.
    """

    frame: pd.DataFrame
    always: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()

    @property
    def starts(self) -> int:
        """In how many different waves areas start."""
        return int(self.frame.loc[self.frame["start"] > 0, "start"].nunique())

    def arms(self, means: pd.DataFrame) -> pd.DataFrame:
        """The rows of areas' means that are compared, with `treated` (ever, 0 or 1).

        Left out are waves after a plan's end, and of each scale areas that were not seen before their
        start: the effect is not of them.
        """
        kept = means.merge(self.frame[["unit", "wave", "treated"]], on=["unit", "wave"])
        kept = kept.sort_values(["scale", "wave"])
        by = kept.groupby(["scale", "unit"])["treated"]
        late = by.transform("first") == 1
        ever = self.frame.groupby("unit")["treated"].max()
        return kept.assign(treated=kept["unit"].map(ever))[~late]


def treatment(study: Study, measured: StudyMeasures, plan: AnalysisPlan) -> Treatment:
    """Read from a study's plans who is treated when. Raises StatisticsError.

    An afdeling is treated in a wave where a plan of one of `plan`'s kinds covers it on the wave's
    day; areas tied by merging or splitting are one, treated where any of them is. Periods are those that
    stand (`standing_table`): what was put off or given up since an earlier wave treats nobody.
    """
    kinds = standing_table(study, "plans")
    wanted = set(kinds.loc[kinds["kind"].isin(plan.treatment), "plan"])
    periods = standing_table(study, "area_plan")
    covered = plans_in_force(periods, measured.days)
    began = _began(periods, covered[covered["plan"].isin(wanted)], measured.days)
    areas = measured.units[measured.units["level"] == "afdeling"]
    joined = areas.merge(began, on=["wave", "area"], how="left")
    joined = joined.assign(treated=joined["years"].notna().astype(int))
    by = joined.groupby(["unit", "wave"], as_index=False)[["treated", "years"]].max()
    gone = periods_gone(study, "area_plan")
    corrected = tuple(sorted(set(gone.loc[gone["plan"].isin(wanted), "area"])))
    if not plan.comparison:
        return replace(of_frame(pd.DataFrame(by)), corrected=corrected)
    kept = _compared(by, areas, plan.comparison)
    asked = areas.loc[areas["area"].isin(plan.comparison), "unit"]
    treated = by.loc[(by["treated"] == 1) & by["unit"].isin(asked), "unit"]
    named = tuple(sorted(treated.astype(str).unique()))
    return replace(of_frame(kept), named=named, corrected=corrected)


def of_frame(by: pd.DataFrame) -> Treatment:
    """What can be compared, of a frame of unit, wave, treated and years."""
    by = by.sort_values(["unit", "wave"], ignore_index=True)
    first = by.groupby("unit")["treated"].transform("first")
    always = tuple(sorted(by.loc[first == 1, "unit"].astype(str).unique()))
    by = by[first == 0]
    begun = by.groupby("unit")["treated"].cummax()
    off = (begun == 1) & (by["treated"] == 0)
    over = off.groupby(by["unit"]).cummax()
    ended = tuple(sorted(by.loc[over, "unit"].astype(str).unique()))
    kept = by[~over]
    start = kept["wave"].where(kept["treated"] == 1).groupby(kept["unit"]).transform("min")
    return Treatment(kept.assign(start=start.fillna(0)).reset_index(drop=True), always, ended)


def _began(periods: pd.DataFrame, covered: pd.DataFrame, days: Mapping[int, str]) -> pd.DataFrame:
    """Wave and area with whole years since the first of its plans began; 0 where no day is known.

    A period that ended before the wave tells nothing: an area may have had the plan before.
    """
    dated = periods[["area", "plan", "valid_from", "valid_to"]].drop_duplicates()
    joined = covered.merge(dated, on=["area", "plan"], how="left")
    day = pd.to_datetime(joined["wave"].map(dict(days)))
    since = pd.to_datetime(joined["valid_from"])
    until = pd.to_datetime(joined["valid_to"])
    running = (since <= day) & (until.isna() | (until >= day))
    joined = joined.assign(years=_whole_years(since, day).where(running).fillna(0.0))
    return pd.DataFrame(joined.groupby(["wave", "area"], as_index=False)[["years"]].max())


def _whole_years(since: pd.Series[Any], day: pd.Series[Any]) -> pd.Series[float]:
    """Anniversaries that have come, the day itself among them."""
    birthday = since.dt.month * 100 + since.dt.day
    yet_to_come = day.dt.month * 100 + day.dt.day < birthday
    whole: pd.Series[float] = (day.dt.year - since.dt.year - yet_to_come).astype(np.float64)
    return whole


def _compared(by: pd.DataFrame, areas: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    missing = sorted(set(keys) - set(areas["area"]))
    if missing:
        raise StatisticsError(
            Problem(
                f"plan, comparison {missing[0]}",
                "the dataset has no such area",
                "Give areas by their keys",
                "plan.area",
                {"area": missing[0]},
            )
        )
    ever = by.groupby("unit")["treated"].transform("max") == 1
    compared = areas.loc[areas["area"].isin(keys), "unit"]
    return by[ever | by["unit"].isin(compared)]
