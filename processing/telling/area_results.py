"""What may be told in public of each place: shares, means, changes and response, small cells hidden."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.errors import Problem, StatisticsError
from processing.measuring.area_sums import AreaSums, Points, area_sums
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.earlier_cells import ToldThen
from processing.measuring.measures import measures
from processing.measuring.study_measures import StudyMeasures
from processing.measuring.study_terms import study_terms

from .answered import answered, hidden_counts, unanswered
from .places_told import PAGES, adds_up, places_of, silent_in, torn
from .told_before import ToldBefore, masks
from .told_means import change_rows, mean_rows, told_means
from .told_then import told_of_others, told_then
from .weighting_told import refuse_reweighted

RESULT_COLUMNS = (
    "measure", "name", "level", "unit", "wave", "wave_before", "year", "estimate", "low", "high",
    "n", "invited", "hidden", "here_low", "here_high", "p",
)  # fmt: skip
"""`measure` is answered, share, mean or change; `kind` is exploratory of all of them. Shares are 0–100, means points of 0–100. Of means
`here_low` and `here_high` are the interval of who lives there now, with the finite-population
correction, where the dwellings are known. Of changes `p` is that of `measures`: by t with the answers
of both waves less the areas in each, and less the people who answered both."""

_FIGURES = ["estimate", "low", "high", "n", "here_low", "here_high", "p"]
_LEVELS = 5
_SHARE = ["name", "place", "wave"]


def area_results(
    study: Study,
    found: StudyMeasures,
    items: Sequence[str] = (),
    *,
    limits: DisclosureLimits | None = None,
    earlier: ToldBefore | None = None,
    planned: Evaluation | None = None,
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
    single-choice items of five. `limits` are those that the study laid down unless given. `earlier`
    is what was told before (`told_before`): what was not shown then stays hidden, and what was shown
    protects nothing any more. Areas that merged since would else give away the small one of them,
    and a withdrawal what stood beside the answer that was taken back. Places are
    chosen beside the effects that the study is for (`planned`, see `planned_effects`), though none is
    told here: the telling of these is then free. Plans and groups that hold a
    part of a merged afdeling alone are not told. Raises StatisticsError, also where a wave was told by
    other weights.
    """
    limits = limits or study_terms(study).limits
    refuse_reweighted(found, earlier)
    response = answered(study, found, limits, earlier)
    told = told_means(
        study, found, limits, response=response, earlier=earlier, evaluation=planned
    ).means
    means = pd.concat([mean_rows(told), change_rows(found, told)], ignore_index=True)
    means = means[means["cohort"] == "all"].drop(columns=["name", "here_low", "here_high"])
    means = means.merge(
        _here(study, found), on=["measure", "scale", "level", "unit", "wave"], how="left"
    )
    parts = [means.rename(columns={"scale": "name"}), response]
    if items:
        parts.append(_shares(study, found, items, limits, earlier, response, told))
    whole = pd.concat([part.reindex(columns=RESULT_COLUMNS) for part in parts], ignore_index=True)
    whole["kind"] = "exploratory"
    whole["year"] = whole["wave"].map(lambda wave: int(found.days[int(wave)][:4]))
    whole["hidden"] = np.maximum(whole["hidden"].astype(int), unanswered(whole, response))
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


def _here(study: Study, found: StudyMeasures) -> pd.DataFrame:
    """Intervals of who lives there now; blank where more were invited than there are dwellings.

    The correction is by dwellings, of which one adult each was asked. Where several were, the share
    of a dwelling's adults who answered is not known, and the interval would be too short.
    """
    means = found.measures.means
    mine = means[means["cohort"] == "all"].assign(measure="mean")
    keys = ["level", "unit", "wave"]
    homes = study.table("areas").drop_duplicates("area", keep="last")[["area", "dwellings"]]
    asked = study.table("dispositions").groupby(["area", "wave"], as_index=False)[["invited"]].sum()
    by = found.units.merge(homes, on="area").merge(asked, on=["area", "wave"])
    by = by.groupby(keys, as_index=False)[["dwellings", "invited"]].sum()
    by = by[by["invited"] <= by["dwellings"]]
    one_each = pd.MultiIndex.from_frame(mine[keys]).isin(pd.MultiIndex.from_frame(by[keys]))
    ends = ["here_low", "here_high"]
    mine.loc[~one_each, ends] = np.nan
    return mine[["measure", "scale", *keys, *ends]]


def _shares(
    study: Study,
    found: StudyMeasures,
    items: Sequence[str],
    limits: DisclosureLimits,
    earlier: ToldBefore | None,
    response: pd.DataFrame,
    means: pd.DataFrame,
) -> pd.DataFrame:
    """Rows of shares, hidden where they would be as means, and where few stand on one side."""
    whole, counts = _counted(study, found, items)
    if not len(whole):
        return pd.DataFrame(columns=RESULT_COLUMNS)
    places = adds_up(found.units)
    whole = whole[~whole["place"].isin(torn(whole.rename(columns={"name": "scale"}), places))]
    before, known = masks(whole, earlier, "share")
    whole = whole.assign(
        before=before | told_of_others(whole, earlier, places),
        known=known, silent=silent_in(whole, response), spare=_bare_in(whole, means),
    )  # fmt: skip
    then = told_then(whole, earlier, "share", places)
    few = _few_on_a_side(whole, _sides(counts, found), places, then, limits)
    shown = disclose(
        whole[[*_SHARE, "n", "w", "mean"]], _SHARE, {"place": places}, mean="mean", weight="w",
        limits=limits, before=whole["before"], known=whole["known"], silent=whole["silent"] | few,
        spare=whole["spare"], then=then, pages=PAGES,
    ).frame  # fmt: skip
    hidden = shown["n"].isna() | shown["mean"].isna()
    return whole.assign(
        measure="share", estimate=100 * whole["share_above"], low=100 * whole["share_above_low"],
        high=100 * whole["share_above_high"], n=whole["n"].astype(float),
        hidden=hidden.to_numpy(int),
    )  # fmt: skip


def _counted(
    study: Study, found: StudyMeasures, items: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of every place, and how many in each area said yes (100) or no (0) to each item."""
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
        return pd.DataFrame(), pd.DataFrame()
    whole = measures(sums, found.units).means
    whole = whole[whole["cohort"] == "all"].rename(columns={"scale": "name"})
    whole = whole.assign(place=places_of(whole), n=whole["n"].astype(int))
    return whole, pd.concat(counts, ignore_index=True)


def _few_on_a_side(
    whole: pd.DataFrame,
    sides: pd.DataFrame,
    places: dict[Hashable, Hashable | Sequence[Hashable]],
    then: ToldThen,
    limits: DisclosureLimits,
) -> pd.Series:
    """Shares of which one side is few, or would give away one that is, by the index of `whole`."""
    marks = whole[[*_SHARE, "before", "known", "silent", "spare"]].assign(at=whole.index)
    sides = sides.merge(marks, on=_SHARE)
    halves = sides["what"] != "all"
    both = hidden_counts(
        sides.assign(silent=sides["silent"] & halves), {"yes": "all", "no": "all"}, places, limits,
        before=sides["before"] & halves, known=sides["known"], then=_sides_then(sides, then),
    )  # fmt: skip
    hidden = both.groupby("at")["hidden"].max().reindex(whole.index, fill_value=1)
    return hidden == 1


def _sides_then(sides: pd.DataFrame, then: ToldThen) -> ToldThen:
    """Sums of sides that were told: how many on a side left a part that was hidden is taken to be known."""
    now = {
        (at, what): (one, float(n)) for one, at, what, n in sides[["at", "what", "n"]].itertuples()
    }
    hidden = [
        [part for part, n in total if n not in then.shown.get(part, ())] for total in then.totals
    ]
    sums = [[now[part, what] for part in one] for one in hidden for what in ("yes", "no")]
    return ToldThen([one for one in sums if one])


def _bare_in(rows: pd.DataFrame, means: pd.DataFrame) -> pd.Series:
    """Places and waves of which no mean is told: there is little to lose on their page."""
    shown = means[(means["hidden"] == 0) & (means["cohort"] == "all")]
    keys = ["place", "wave"]
    told = pd.MultiIndex.from_frame(rows[keys]).isin(pd.MultiIndex.from_frame(shown[keys]))
    return pd.Series(~told, rows.index)


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


def _hidden_before(whole: pd.DataFrame, earlier: ToldBefore | None) -> pd.Series:
    """1 in rows of waves and figures that were told before, where they were not shown then."""
    found = np.zeros(len(whole), bool)
    for measure in set(whole["measure"]):
        mine = (whole["measure"] == measure).to_numpy()
        before, _ = masks(whole[mine].assign(cohort="all"), earlier, str(measure))
        found[mine] = before
    return pd.Series(found.astype(int), whole.index)
