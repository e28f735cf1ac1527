"""What may be told in public of each place: shares, means, changes and response, small cells hidden."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.measuring.area_sums import AreaSums, Points, area_sums
from processing.measuring.disclosure import DisclosureLimits, disclose
from processing.measuring.measures import measures
from processing.measuring.published_tables import Parents
from processing.measuring.study_measures import StudyMeasures

from .feed import adds_up, feed, places_of

RESULT_COLUMNS = (
    "measure", "name", "level", "unit", "wave", "wave_before", "year", "estimate", "low", "high",
    "n", "invited", "hidden",
)  # fmt: skip
"""`measure` is answered, share, mean or change. Shares are 0–100, means points of 0–100."""

_FIGURES = ["estimate", "low", "high", "n"]
_LEVELS = 5


def area_results(
    study: Study,
    found: StudyMeasures,
    items: Sequence[str] = (),
    *,
    limits: DisclosureLimits | None = None,
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row a place, wave and figure, made so that nothing small can be worked out from it.

    Means and changes are those of `feed`. The share of an item is of those who gave one of its two
    favourable answers (`favourable`), weighted as the means are, its interval on the logit; it is
    hidden where it would be as a mean, and where either side has fewer answers than a count may
    have: "none of ten" tells of all ten. `answered` counts the invited who finished; it is hidden
    where they are few, and where those who did not finish are, for then all know of nearly
    everyone that they answered. Where it is hidden, or nobody was invited, nothing else of the
    place and wave is shown.

    All places of all levels are looked at together, whether they are published or not. `items` are
    single-choice items of five. `earlier` is the table as it was told before, of fewer waves: what
    it did not show of its waves stays hidden, for areas that merged since would else give away the
    small one of them. Raises StatisticsError.
    """
    limits = limits or DisclosureLimits()
    means = feed(study, found, limits=limits)
    means = means[(means["cohort"] == "all") & means["measure"].isin(["mean", "change"])]
    parts = [means.rename(columns={"scale": "name"}), _answered(study, found, limits)]
    if items:
        parts.append(_shares(study, found, items, limits))
    whole = pd.concat([part.reindex(columns=RESULT_COLUMNS) for part in parts], ignore_index=True)
    whole["year"] = whole["wave"].map(lambda wave: int(found.days[int(wave)][:4]))
    whole["hidden"] = np.maximum(whole["hidden"].astype(int), _unanswered(whole))
    if earlier is not None:
        whole["hidden"] = np.maximum(whole["hidden"], _hidden_before(whole, earlier))
    whole.loc[whole["hidden"] == 1, _FIGURES] = np.nan
    return whole.sort_values(["level", "unit", "measure", "name", "wave"], ignore_index=True)


def favourable(codebook: Codebook, item: str) -> tuple[int, int]:
    """The two codes of a five-point item that say something good of the place.

    A scale's direction says which end; an item of no scale is good at its upper end, as the anchors
    are. Raises StatisticsError where there is no such item or it has not five codes.
    """
    known = item in codebook.names and codebook.variable(item).kind == "single"
    codes = codebook.variable(item).codes if known else ()
    if len(codes) != _LEVELS:
        raise StatisticsError(
            Problem(f"item {item}", "the dataset has no such item of five answers", "Name another")
        )
    turned = False
    for scale in codebook.scales:
        if item in scale.columns:
            turned = (item in scale.reversed) != scale.headline_reversed
            break
    ordered = sorted(codes)
    return (ordered[0], ordered[1]) if turned else (ordered[-2], ordered[-1])


def _answered(study: Study, found: StudyMeasures, limits: DisclosureLimits) -> pd.DataFrame:
    """How many of the invited finished, by place and wave."""
    counts = study.table("dispositions")
    if not len(counts):
        return pd.DataFrame(columns=RESULT_COLUMNS)
    sums = counts.groupby(["area", "wave"], as_index=False)[["invited", "finished"]].sum()
    by = sums.merge(found.units, on=["area", "wave"])
    by = by.groupby(["level", "unit", "wave"], as_index=False)[["invited", "finished"]].sum()
    # Somebody answered over the open link too: then the invited are no bound.
    by = by[by["invited"] >= by["finished"]].assign(rest=by["invited"] - by["finished"])
    cells = by.assign(place=places_of(by)).melt(
        ["place", "wave"], ["invited", "finished", "rest"], var_name="what", value_name="n"
    )
    cells["n"] = cells["n"].astype(int)
    hidden = _hidden_counts(cells, {"finished": "invited", "rest": "invited"}, found, limits)
    hidden = hidden[hidden["what"] == "finished"][["place", "wave", "hidden"]]
    told = by.assign(place=places_of(by)).merge(hidden, on=["place", "wave"])
    return told.assign(
        measure="answered", name="", n=told["finished"].astype(float),
        estimate=100 * told["finished"] / told["invited"].replace(0, np.nan),
    )  # fmt: skip


def _hidden_counts(
    cells: pd.DataFrame,
    sides: dict[Hashable, Hashable | Sequence[Hashable]],
    found: StudyMeasures,
    limits: DisclosureLimits,
) -> pd.DataFrame:
    """Cells of place, wave and `what` (and name), with `hidden`; `sides` add up within a place."""
    keys = [key for key in ("name", "place", "wave", "what") if key in cells]
    parents: Parents = {"place": adds_up(found.units), "what": sides}
    shown = disclose(cells, keys, parents, limits=limits).frame
    return cells.assign(hidden=shown["n"].isna().astype(int))


def _shares(
    study: Study, found: StudyMeasures, items: Sequence[str], limits: DisclosureLimits
) -> pd.DataFrame:
    sums: AreaSums | None = None
    counts = []
    for rows in _said(study, found, items):
        part = area_sums(
            rows, items, weight="weight", points=dict.fromkeys(items, Points(low=50, high=50))
        )
        sums = part if sums is None else sums + part
        told = rows.melt(["area", "wave"], list(items), var_name="name", value_name="said").dropna()
        counts.append(told.groupby(["name", "area", "wave", "said"], as_index=False).size())
    if sums is None or not len(sums.frame):
        return pd.DataFrame(columns=RESULT_COLUMNS)
    whole = measures(sums, found.units).means
    whole = whole[whole["cohort"] == "all"].rename(columns={"scale": "name"})
    whole = whole.assign(place=places_of(whole), n=whole["n"].astype(int))
    keys = ["name", "place", "wave"]
    parents: Parents = {"place": adds_up(found.units)}
    cells = whole[[*keys, "n", "w", "mean"]]
    shown = disclose(cells, keys, parents, mean="mean", weight="w", limits=limits).frame
    few = (shown["n"].isna() | shown["mean"].isna()).astype(int)
    sides = _sides(pd.concat(counts, ignore_index=True), found)
    both = _hidden_counts(sides, {"yes": "all", "no": "all"}, found, limits)
    both = both.groupby(keys)["hidden"].max().rename("side").reset_index()
    whole = whole.assign(few=few).merge(both, on=keys, how="left")
    return whole.assign(
        measure="share", estimate=100 * whole["share_above"], low=100 * whole["share_above_low"],
        high=100 * whole["share_above_high"], n=whole["n"].astype(float),
        hidden=whole[["few", "side"]].fillna(1).max(axis=1).astype(int),
    )  # fmt: skip


def _sides(counts: pd.DataFrame, found: StudyMeasures) -> pd.DataFrame:
    """Unweighted numbers on either side of an item, and of both, by place and wave; zeros too."""
    by = counts.merge(found.units, on=["area", "wave"])
    by = by.assign(place=places_of(by), yes=by["size"].where(by["said"] > 50, 0))
    by = by.groupby(["name", "place", "wave"], as_index=False)[["size", "yes"]].sum()
    wide = by.assign(no=by["size"] - by["yes"]).rename(columns={"size": "all"})
    told = wide.melt(["name", "place", "wave"], ["all", "yes", "no"], "what", "n")
    return told.assign(n=told["n"].astype(int))


def _said(study: Study, found: StudyMeasures, items: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Rows with area, wave, mode, cohort, weight and, an item, 100 or 0; blank without an answer."""
    good = {item: favourable(study.codebook, item) for item in items}
    about = dict.fromkeys(["row_id", "wave", "area", *found.weighting_columns, *items])
    for batch in study.batches([*about]):
        weight = found.weight_of(batch)
        said = {
            item: pd.Series(np.where(batch[item].isin(codes), 100.0, 0.0), batch.index).where(
                batch[item] >= 0
            )
            for item, codes in good.items()
        }
        rows = pd.DataFrame(
            {
                "wave": batch["wave"].astype(int),
                "area": batch["area"].fillna("").astype(str),
                "mode": "",
                "cohort": "",
                "weight": weight.astype(float),
                **said,
            }
        )
        yield rows[rows["weight"].notna()]


def _unanswered(whole: pd.DataFrame) -> pd.Series:
    """1 in rows of a place and wave whose response is hidden or not known."""
    told = whole[(whole["measure"] == "answered") & (whole["hidden"] == 0)]
    places = pd.MultiIndex.from_frame(told[["level", "unit", "wave"]])
    known = pd.MultiIndex.from_frame(whole[["level", "unit", "wave"]]).isin(places)
    before = whole["wave_before"].fillna(whole["wave"]).astype(int)
    also = pd.MultiIndex.from_arrays([whole["level"], whole["unit"], before]).isin(places)
    return pd.Series(np.where(known & also, 0, 1), whole.index)


def _hidden_before(whole: pd.DataFrame, earlier: pd.DataFrame) -> pd.Series:
    """1 in rows of waves that were told before, where they were not shown then."""
    keys = ["measure", "name", "level", "unit", "wave"]
    known = set(earlier["wave"]) if len(earlier) else set()
    # Of a figure that is told for the first time nothing was hidden.
    told = pd.MultiIndex.from_frame(earlier[["measure", "name"]])
    shown = pd.MultiIndex.from_frame(earlier.loc[earlier["hidden"] == 0, keys])
    again = whole["wave"].isin(known) & pd.MultiIndex.from_frame(whole[["measure", "name"]]).isin(
        told
    )
    return pd.Series(
        np.where(again & ~pd.MultiIndex.from_frame(whole[keys]).isin(shown), 1, 0), whole.index
    )
