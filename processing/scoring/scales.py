"""Scores: items turned to 0-1, averaged over what was answered, as percent of the maximum possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, choose_items, read_codes
from processing.datasets.codebook import Codebook, ScaleEntry
from processing.errors import Problem, stop_if_any

NOT_SHOWN = -2
NOT_RELEVANT = -4
"""The two reasons that make an item not apply; every other keeps it in k."""

Scales: TypeAlias = Codebook | ScaleEntry | Iterable[ScaleEntry]
Columns: TypeAlias = dict[str, NDArray[np.generic]]


def score(frame: pd.DataFrame, scales: Scales) -> pd.DataFrame:
    """Score every row of a frame on one scale or many.

    Item i with codes from l to h becomes p = (x − l)/(h − l), or 1 − p where it is reversed, and

        score = 100 · mean(p over the items answered)        (`percent`)
        score = sum(p)                                       (`count`)

    Missing rule: an answer below zero, or an empty cell, is none. Not shown (−2) and not relevant
    (−4) leave k, the number of items that apply; every other reason, "don't know" included, stays
    in it. A row is scored when answered ≥ max(3, ⌈2k/3⌉), or ≥ `least_answered` where the scale
    sets it. A formative scale needs all its items, for each is a part and none stands for another.

    Parameters
    ----------
    frame
        One row a respondent, with the scales' columns as whole numbers (negative or NaN =
        missing). It is not changed.
    scales
        A codebook (all its scales), one `ScaleEntry`, or several.

    Returns
    -------
    DataFrame
        On the same index with, per scale `s`, in this order: `s_score` (float, in the scale's
        native direction; NaN = too few answers, and nothing else), `s_headline` (the same, turned
        where high would be unfavourable), `s_answered` (int16), and for each variant `v`:
        `s_v_score`, over the items that the variant keeps, by the same rule.

    Raises
    ------
    StatisticsError
        A column is missing, holds no numbers, or holds a code outside the item's bounds; all such
        problems at once.

    References
    ----------
    Cohen, P., Cohen, J., Aiken, L. S., & West, S. G. (1999). The problem of units and the
    circumstance for POMP. *Multivariate Behavioral Research, 34*(3), 315-346.
    https://doi.org/10.1207/S15327906MBR3403_2

    Examples
    --------
    >>> import pandas as pd
    >>> from processing import ScaleEntry, score
    >>> calm = ScaleEntry("", "calm", ("a", "b", "c"), {c: (1, 5) for c in "abc"}, reversed=("c",))
    >>> score(pd.DataFrame({"a": [5, 4], "b": [3, -3], "c": [1, 2]}), calm)
       calm_score  calm_headline  calm_answered
    0   83.333333      83.333333              3
    1         NaN            NaN              2

    """
    entries = scale_entries(scales)
    items = list(dict.fromkeys(column for scale in entries for column in scale.columns))
    codes = read_codes(frame, choose_items(frame, items))
    place = {item: row for row, item in enumerate(items)}
    _refuse_misfits(codes, place, entries)
    columns: Columns = {}
    for scale in entries:
        columns |= _score_scale(codes, place, scale)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def scale_entries(scales: Scales) -> tuple[ScaleEntry, ...]:
    if isinstance(scales, Codebook):
        return scales.scales
    return (scales,) if isinstance(scales, ScaleEntry) else tuple(scales)


def _score_scale(codes: Codes, place: Mapping[str, int], scale: ScaleEntry) -> Columns:
    values, answered = _mean_of_items(codes, place, scale, scale.columns)
    columns: Columns = {
        f"{scale.name}_score": values,
        f"{scale.name}_headline": _highest(scale) - values if scale.headline_reversed else values,
        f"{scale.name}_answered": answered,
    }
    for variant, left_out in scale.variants.items():
        kept = tuple(column for column in scale.columns if column not in left_out)
        columns[f"{scale.name}_{variant}_score"], _ = _mean_of_items(codes, place, scale, kept)
    return columns


def _highest(scale: ScaleEntry) -> float:
    return float(len(scale.columns)) if scale.score == "count" else 100.0


def _mean_of_items(
    codes: Codes, place: Mapping[str, int], scale: ScaleEntry, columns: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """Scores and numbers answered."""
    spans = [scale.bounds[column][1] - scale.bounds[column][0] for column in columns]
    # Items of one length are added as whole numbers: quicker, and their order changes no digit.
    common = spans[0] if len(set(spans)) == 1 else None
    total: NDArray[Any] = np.zeros(codes.shape[1], np.int16 if common else np.float64)
    answered = np.zeros(codes.shape[1], np.int8)
    applying = np.full(codes.shape[1], len(columns), np.int8)
    for column, span in zip(columns, spans, strict=True):
        values = codes[place[column]]
        lowest, highest = scale.bounds[column]
        given = (values >= 0).view(np.int8)  # 0 or 1, without a conversion
        steps = highest - values if column in scale.reversed else values - lowest
        steps *= given
        total += steps if common else steps / span
        answered += given
        applying -= ((values == NOT_RELEVANT) | (values == NOT_SHOWN)).view(np.int8)
    enough = _enough(scale, answered, applying, len(columns))
    if common is None:
        divisor = np.where(enough, 1.0 if scale.score == "count" else answered / 100, np.nan)
        return total / divisor, answered.astype(np.int16)
    return _looked_up(total, answered, enough, scale, common), answered.astype(np.int16)


def _looked_up(
    total: NDArray[np.int16],
    answered: NDArray[np.int8],
    enough: NDArray[np.bool_],
    scale: ScaleEntry,
    span: int,
) -> NDArray[np.float64]:
    """Divide by table: a scale has few sums, and looking one up is thrice as quick as dividing."""
    items = len(scale.columns)
    counts = np.arange(items + 1)[:, None]
    sums = np.arange(items * span + 1)[None, :]
    if scale.score == "count":
        table = np.broadcast_to(sums / span, (items + 1, items * span + 1)).copy()
    else:
        table = 100.0 * sums / (np.maximum(counts, 1) * span)
    table[0] = np.nan  # where too few are answered: no row that is scored has none
    key = answered.astype(np.int32)
    key *= table.shape[1]
    key += total
    key *= enough.view(np.int8)
    return table.ravel().take(key)


def _enough(
    scale: ScaleEntry, answered: NDArray[np.int8], applying: NDArray[np.int8], items: int
) -> NDArray[np.bool_]:
    enough: NDArray[np.bool_]
    if scale.formative:
        enough = answered == items
    elif scale.least_answered is not None:
        enough = answered >= max(1, min(scale.least_answered, items))
    else:
        # answered ≥ ⌈2k/3⌉, without the division
        enough = (answered >= 3) & (answered.astype(np.int16) * 3 >= applying.astype(np.int16) * 2)
    return enough


def _refuse_misfits(
    codes: Codes, place: Mapping[str, int], entries: tuple[ScaleEntry, ...]
) -> None:
    stop_if_any(
        Problem(
            f"item {column!r} of scale {scale.name}",
            f"codes lie between {lowest} and {highest}, found {outside[0]} in {len(outside)} rows",
            "Correct the codes, or the bounds of the scale",
        )
        for scale in entries
        for column, (lowest, highest) in scale.bounds.items()
        if (outside := _outside(codes[place[column]], lowest, highest)).size
    )


def _outside(values: NDArray[np.int8], lowest: int, highest: int) -> NDArray[np.int8]:
    if values.max(initial=-1) <= highest and (
        lowest <= 0 or np.count_nonzero(values >= 0) == np.count_nonzero(values >= lowest)
    ):
        return values[:0]
    return values[(values >= 0) & ((values < lowest) | (values > highest))]
