"""Scores: items turned to 0-1, averaged over what was answered, as percent of the maximum possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import (
    LARGEST_CODE,
    ROWS_AT_A_TIME,
    Codes,
    choose_items,
    read_codes,
)
from processing.datasets.codebook import Codebook, ScaleEntry
from processing.errors import Problem, stop_if_any

LARGEST_BYTE = 127
NOT_SHOWN = -2
NOT_RELEVANT = -4
"""The two reasons that make an item not apply; every other keeps it in k."""

Scales: TypeAlias = Codebook | ScaleEntry | Iterable[ScaleEntry]
Scores: TypeAlias = NDArray[np.float64]
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
        A column is missing, holds no numbers, or holds a code outside the item's bounds; a scale
        turns or leaves out a column that it has not, or has one without bounds. All such problems
        at once.

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
    # One large piece of memory is had in a few large pages, many small ones in thousands of small.
    room = iter(np.empty((sum(1 + len(scale.variants) for scale in entries), len(frame))))
    for scale in entries:
        columns |= _score_scale(codes, place, scale, room)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def scale_entries(scales: Scales) -> tuple[ScaleEntry, ...]:
    """The scales as a tuple; one that contradicts itself is refused, whoever goes on to use it."""
    if isinstance(scales, Codebook):
        entries = scales.scales
    else:
        entries = (scales,) if isinstance(scales, ScaleEntry) else tuple(scales)
    stop_if_any(problem for scale in entries for problem in _contradictions(scale))
    return entries


def _contradictions(scale: ScaleEntry) -> Iterator[Problem]:
    known = f"its columns are {', '.join(scale.columns)}"
    named = {"reversed": scale.reversed}
    named |= {f"variant {name!r}": left_out for name, left_out in scale.variants.items()}
    for where, columns in named.items():
        for column in columns:
            if column not in scale.columns:
                yield Problem(
                    f"{where} of scale {scale.name}",
                    f"{column!r} is no column of it; {known}",
                    "Correct the name of the column",
                )
    for column in scale.columns:
        if column not in scale.bounds:
            yield Problem(
                f"item {column!r} of scale {scale.name}",
                "it has no bounds, its lowest and highest code",
                f"Add them, for instance bounds={{{column!r}: (1, 5)}}",
            )
        elif not 0 <= scale.bounds[column][0] < scale.bounds[column][1] <= LARGEST_CODE:
            yield Problem(
                f"item {column!r} of scale {scale.name}",
                f"its bounds are two codes that ascend between 0 and {LARGEST_CODE}, got"
                f" {tuple(scale.bounds[column])}",
                "Correct the bounds",
            )


def _score_scale(
    codes: Codes, place: Mapping[str, int], scale: ScaleEntry, room: Iterator[Scores]
) -> Columns:
    values, answered = _mean_of_items(codes, place, scale, scale.columns, next(room))
    columns: Columns = {
        f"{scale.name}_score": values,
        f"{scale.name}_headline": scale.highest_score - values
        if scale.headline_reversed
        else values,
        f"{scale.name}_answered": answered,
    }
    for variant, left_out in scale.variants.items():
        kept = tuple(column for column in scale.columns if column not in left_out)
        columns[f"{scale.name}_{variant}_score"], _ = _mean_of_items(
            codes, place, scale, kept, next(room)
        )
    return columns


def _mean_of_items(
    codes: Codes,
    place: Mapping[str, int],
    scale: ScaleEntry,
    columns: tuple[str, ...],
    out: Scores,
) -> tuple[Scores, NDArray[np.int16]]:
    """Scores, written to `out`, and numbers answered."""
    spans = [scale.bounds[column][1] - scale.bounds[column][0] for column in columns]
    # Items of one length are added as whole numbers: quicker, and their order changes no digit.
    common = spans[0] if len(set(spans)) == 1 else None
    # Sums that fit into a byte are made of bytes: a wider total would widen every item anew.
    whole = np.int8 if common and common * len(columns) <= LARGEST_BYTE else np.int16
    total: NDArray[Any] = np.zeros(codes.shape[1], whole if common else np.float64)
    answered = np.zeros(codes.shape[1], np.int8)
    applying = np.full(codes.shape[1], len(columns), np.int8)
    by_all = 0
    for column, span in zip(columns, spans, strict=True):
        values = codes[place[column]]
        lowest, highest = scale.bounds[column]
        steps = highest - values if column in scale.reversed else values - lowest
        if values.min(initial=0) >= 0:
            total += steps if common else steps / span
            by_all += 1
            continue
        given = (values >= 0).view(np.int8)  # 0 or 1, without a conversion
        steps *= given
        total += steps if common else steps / span
        answered += given
        applying -= ((values == NOT_RELEVANT) | (values == NOT_SHOWN)).view(np.int8)
    answered += np.int8(by_all)
    enough = _enough(scale, answered, applying, len(columns))
    if common is None:
        divisor = np.where(enough, 1.0 if scale.score == "count" else answered / 100, np.nan)
        return np.divide(total, divisor, out=out), answered.astype(np.int16)
    return _looked_up(total, answered, enough, scale, common, out), answered.astype(np.int16)


def _looked_up(
    total: NDArray[Any],
    answered: NDArray[np.int8],
    enough: NDArray[np.bool_],
    scale: ScaleEntry,
    span: int,
    out: Scores,
) -> Scores:
    """Divide by table: a scale has few sums, and looking one up is thrice as quick as dividing."""
    items = len(scale.columns)
    counts = np.arange(items + 1)[:, None]
    sums = np.arange(items * span + 1)[None, :]
    if scale.score == "count":
        table = np.broadcast_to(sums / span, (items + 1, items * span + 1)).copy()
    else:
        table = 100.0 * sums / (np.maximum(counts, 1) * span)
    table[0] = np.nan  # where too few are answered: no row that is scored has none
    key: NDArray[Any] = answered.astype(np.uint8 if table.size <= 256 else np.int32)
    key *= table.shape[1]
    key += total.astype(key.dtype)
    key *= enough.view(np.uint8)
    flat = table.ravel()
    for start in range(0, key.size, ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        # Places of another type are turned into this one inside `take`, five times as slowly.
        flat.take(key[rows].astype(np.intp), out=out[rows], mode="clip")
    return out


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
        whole = np.int8 if 3 * items <= LARGEST_BYTE else np.int16
        three: NDArray[Any] = 3 * answered.astype(whole)
        enough = (answered >= 3) & (three >= 2 * applying.astype(whole))
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
        for column in scale.columns
        for lowest, highest in [scale.bounds[column]]
        if (outside := _outside(codes[place[column]], lowest, highest)).size
    )


def _outside(values: NDArray[np.int8], lowest: int, highest: int) -> NDArray[np.int8]:
    if values.max(initial=-1) <= highest and (
        lowest <= 0 or np.count_nonzero(values >= 0) == np.count_nonzero(values >= lowest)
    ):
        return values[:0]
    return values[(values >= 0) & ((values < lowest) | (values > highest))]
