"""How many of the invited answered in each place, as far as that may be told."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from processing.datasets.study import Study
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures

from .places_told import PAGES, adds_up, places_of, torn
from .told_before import ToldBefore, masks, moved

_SIDES: dict[Hashable, Hashable | Sequence[Hashable]] = {"finished": "invited", "rest": "invited"}


def answered(
    study: Study,
    found: StudyMeasures,
    limits: DisclosureLimits,
    earlier: ToldBefore | None = None,
) -> pd.DataFrame:
    """A row a place and wave: level, unit, wave, invited, finished, estimate (percent), n, hidden.

    It is hidden where few finished, and where few did not, for then all know of nearly everyone that
    they answered. Who has to be hidden beside is rather a place that has too few for a mean. A plan or group that holds a part of a merged afdeling alone is not there.
    """
    counts = study.table("dispositions")
    columns = ["level", "unit", "wave", "invited", "finished"]
    if not len(counts):
        return pd.DataFrame(columns=[*columns, "measure", "name", "n", "estimate", "hidden"])
    sums = counts.groupby(["area", "wave"], as_index=False)[["invited", "finished"]].sum()
    # Where more finished than were invited, as datasets of before count the open link, as if all had
    # answered: nothing of the place is told then, and what it adds up to stays whole.
    sums["invited"] = sums[["invited", "finished"]].max(axis=1)
    by = sums.merge(found.units, on=["area", "wave"])
    by = by.groupby(["level", "unit", "wave"], as_index=False)[["invited", "finished"]].sum()
    by = by.assign(place=places_of(by))
    parents = adds_up(found.units)
    by = by[~by["place"].isin(torn(by.rename(columns={"invited": "n"}).assign(scale=""), parents))]
    by = by.assign(rest=by["invited"] - by["finished"], name="", cohort="all")
    of = by.assign(n=by["finished"])
    before, known = masks(of, earlier, "answered")
    left = _left_since(of, found, earlier)
    by = by.assign(before=before, known=known & (left == 0), moved=left)
    cells = by.melt(
        ["place", "wave", "before", "known", "moved"], ["invited", "finished", "rest"],
        var_name="what", value_name="n",
    )  # fmt: skip
    cells["n"] = cells["n"].astype(int)
    # How many were invited is told of every place; who took their answers back are among the rest.
    sign = cells["what"].map({"invited": 0.0, "finished": 1.0, "rest": -1.0})
    cells = cells.assign(moved=cells["moved"] * sign, known=cells["known"] | (sign == 0))
    stay = cells["before"] & (cells["what"] != "invited")
    few = by.loc[by["finished"] < limits.mean_n, ["place", "wave"]]
    spare = pd.MultiIndex.from_frame(cells[["place", "wave"]]).isin(pd.MultiIndex.from_frame(few))
    hidden = hidden_counts(
        cells.assign(spare=spare & (cells["what"] != "invited")), _SIDES, parents, limits,
        before=stay, known=cells["known"],
    )  # fmt: skip
    hidden = hidden[hidden["what"] == "finished"][["place", "wave", "hidden"]]
    told = by.merge(hidden, on=["place", "wave"])
    return told.assign(
        measure="answered", n=told["finished"].astype(float),
        estimate=100 * told["finished"] / told["invited"].replace(0, np.nan),
    )  # fmt: skip


def _left_since(
    by: pd.DataFrame, found: StudyMeasures, earlier: ToldBefore | None
) -> NDArray[np.float64]:
    """How many of a place and wave took their answers back since it was told, at least.

    A feed tells a response of which no n is kept: whoever left it is missing in its means too.
    """
    means = found.measures.means
    means = means[means["cohort"] == "all"].assign(name=means["scale"])
    keys = ["level", "unit", "wave"]
    most = means[keys].assign(left=moved(means, earlier, "mean")).groupby(keys)["left"].max()
    of_means = most.reindex(pd.MultiIndex.from_frame(by[keys])).fillna(0.0).to_numpy(float)
    return np.asarray(np.maximum(moved(by, earlier, "answered"), of_means))


def hidden_counts(
    cells: pd.DataFrame,
    sides: dict[Hashable, Hashable | Sequence[Hashable]],
    places: dict[Hashable, Hashable | Sequence[Hashable]],
    limits: DisclosureLimits,
    *,
    before: ArrayLike,
    known: ArrayLike,
) -> pd.DataFrame:
    """Cells of place, wave and `what` (and name), with `hidden`; `sides` add up within a place.

    Columns `silent`, `spare` and `moved`, where there are any, are as in `disclose`.
    """
    keys = [key for key in ("name", "place", "wave", "what") if key in cells]
    parents: Parents = {"place": places, "what": sides}
    shown = disclose(
        cells, keys, parents, limits=limits, before=before, known=known,
        silent=cells.get("silent"), spare=cells.get("spare"), moved=cells.get("moved"), pages=PAGES,
    ).frame  # fmt: skip
    return cells.assign(hidden=shown["n"].isna().astype(int))


def unanswered(rows: pd.DataFrame, response: pd.DataFrame) -> pd.Series:
    """1 in rows of a place and wave (or of the wave before) whose response is hidden or not known.

    In a wave of which nobody counted the invited no response is known of anybody, and none is missed.
    """
    shown = response[response["hidden"] == 0]
    keys = ["level", "unit", "wave"]
    places = pd.MultiIndex.from_frame(shown[keys].astype({"wave": int}))
    counted = set(response["wave"].astype(int))
    wave = rows["wave"].astype(int)
    now = pd.MultiIndex.from_frame(rows[keys].astype({"wave": int})).isin(places)
    now |= ~wave.isin(counted).to_numpy()
    before = rows["wave_before"].fillna(wave).astype(int)
    also = pd.MultiIndex.from_arrays([rows["level"], rows["unit"], before]).isin(places)
    also |= ~before.isin(counted).to_numpy()
    return pd.Series(np.where(now & also, 0, 1), rows.index)
