"""How many of the invited answered in each place, as far as that may be told."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from processing.datasets.study import Study
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.earlier_cells import ToldThen
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures

from .places_told import PAGES, adds_up, places_of, torn
from .told_before import ToldBefore, masks, moved
from .told_then import told_then

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
    by = asked(study, found)
    if not len(by):
        return by.assign(measure="", name="", n=np.nan, estimate=np.nan, hidden=0)
    by = by.assign(place=places_of(by), rest=by["invited"] - by["finished"], name="", cohort="all")
    parents = adds_up(found.units)
    by = by[~by["place"].isin(torn(by.rename(columns={"invited": "n"}).assign(scale=""), parents))]
    of = by.assign(n=by["finished"]).reset_index(drop=True)
    before, known = masks(of, earlier, "answered")
    of = of.assign(before=before, known=known & (_left_since(of, found, earlier) == 0))
    cells = of.drop(columns="n").melt(
        ["place", "wave", "before", "known"], ["finished", "invited", "rest"],
        var_name="what", value_name="n",
    )  # fmt: skip
    cells["n"] = cells["n"].astype(int)
    # How many were invited is told of every place; who took their answers back are among the rest.
    invited = cells["what"] == "invited"
    few = by.loc[by["finished"] < limits.mean_n, ["place", "wave"]]
    spare = pd.MultiIndex.from_frame(cells[["place", "wave"]]).isin(pd.MultiIndex.from_frame(few))
    # Those who finished are the first of the cells, in the order of the places.
    hidden = hidden_counts(
        cells.assign(spare=spare & ~invited), _SIDES, parents, limits,
        before=cells["before"] & ~invited, known=cells["known"] | invited,
        then=told_then(of, earlier, "answered", parents),
    )  # fmt: skip
    hidden = hidden[hidden["what"] == "finished"][["place", "wave", "hidden"]]
    told = by.merge(hidden, on=["place", "wave"])
    return told.assign(
        measure="answered", n=told["finished"].astype(float),
        estimate=100 * told["finished"] / told["invited"].replace(0, np.nan),
    )  # fmt: skip


def asked(study: Study, found: StudyMeasures) -> pd.DataFrame:
    """How many were invited and finished: a row a level, unit and wave of which anybody counted them.

    Where more finished than were invited, as datasets of before count the open link, it is as if all had
    answered: nothing of the place is told then, and what it adds up to stays whole.
    """
    keys = ["level", "unit", "wave"]
    counts = study.table("dispositions")
    if not len(counts):
        return pd.DataFrame(columns=[*keys, "invited", "finished"])
    sums = counts.groupby(["area", "wave"], as_index=False)[["invited", "finished"]].sum()
    sums["invited"] = sums[["invited", "finished"]].max(axis=1)
    by = sums.merge(found.units, on=["area", "wave"])
    return by.groupby(keys, as_index=False)[["invited", "finished"]].sum()


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
    then: ToldThen | None = None,
) -> pd.DataFrame:
    """Cells of place, wave and `what` (and name), with `hidden`; `sides` add up within a place.

    Columns `silent` and `spare`, where there are any, are as in `disclose`.
    """
    keys = [key for key in ("name", "place", "wave", "what") if key in cells]
    parents: Parents = {"place": places, "what": sides}
    shown = disclose(
        cells, keys, parents, limits=limits, before=before, known=known,
        silent=cells.get("silent"), spare=cells.get("spare"), then=then, pages=PAGES,
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
