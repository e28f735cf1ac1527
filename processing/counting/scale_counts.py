"""The counts of one scale: its items turned into one direction, and whatever stands in the way named."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from processing.errors import Problem, stop_if_any
from processing.options import unknown_word

from .answers import Weights
from .counts import Counts, Points, count, count_parts
from .parts import Table, parts_of
from .turning import outside_points, unturnable, without_points

Answers: TypeAlias = Table | Counts
"""Rows in one frame or in parts, or what was counted of them."""

Missing: TypeAlias = Literal["listwise", "pairwise"]


def scale_counts(
    answers: Answers,
    items: Sequence[str] | None,
    missing: Missing,
    reversed_items: Sequence[str],
    points: Points | None,
    weights: Weights,
) -> Counts:
    """Counts of one scale, oriented and fit for a covariance matrix."""
    stop_if_any(unknown_word("missing", missing, Missing))
    if isinstance(answers, Counts):
        counts = answers if items is None else answers.select(items)
    elif isinstance(answers, pd.DataFrame):
        counts = count(answers, items, weights=weights, complete=missing == "listwise")
    else:
        counts = count_parts(
            parts_of(answers), items, weights=weights, complete=missing == "listwise"
        )
    stop_if_any(
        [
            *unturnable(counts.items, reversed_items, points),
            *without_points(reversed_items, points),
        ]
    )
    stop_if_any(outside_points(counts.items, counts.codes, points))
    if len(reversed_items) and points is not None:
        counts = counts.turn(reversed_items, points)
    stop_if_any(_unfit_for_covariances(counts, missing))
    return counts


def name_of(items: Sequence[str]) -> str:
    return f"scale of {', '.join(map(str, items))}"


def _unfit_for_covariances(counts: Counts, missing: Missing) -> list[Problem]:
    k = len(counts.items)
    if k < 2:
        return [
            Problem(
                name_of(counts.items),
                f"a scale needs two items, got {k}",
                "Name at least two items",
            )
        ]
    absent = [
        i for i, codes in zip(counts.items, counts.codes, strict=True) if min(codes, default=0) < 0
    ]
    if missing == "listwise" and absent:
        return [
            Problem(
                name_of(absent),
                "these counts hold missing answers, so the complete rows cannot be told from them",
                "Count with complete=True, or ask for missing='pairwise'",
            )
        ]
    if counts.rows < k:
        return [
            Problem(
                name_of(counts.items),
                f"there must be at least as many rows as items, got {counts.rows} for {k} items"
                + (" after rows with a missing answer were left out" * (missing == "listwise")),
                "Gather more answers or use a shorter scale",
            )
        ]
    return [*_constant(counts), *_identical(counts), *_never_together(counts)]


def _constant(counts: Counts) -> list[Problem]:
    answered = [[c for c in codes if c >= 0] for codes in counts.codes]
    return [
        Problem(
            f"item {item!r}",
            f"an item must vary, all answers are {codes[0]}" if codes else "it has no answers",
            "Leave the item out",
        )
        for item, codes in zip(counts.items, answered, strict=True)
        if len(codes) < 2
    ]


def _identical(counts: Counts) -> list[Problem]:
    alike = np.triu(counts.moments().correlation > 1 - 1e-9, 1)
    copies: dict[int, list[int]] = {}  # the first of a group -> all of it
    of: dict[int, int] = {}
    for first, second in np.argwhere(alike).tolist():
        if second not in of and _same_answers(counts, first, second):
            of[second] = of.get(first, first)
            copies.setdefault(of[second], [of[second]]).append(second)
    return [
        Problem(
            f"items {', '.join(repr(counts.items[one]) for one in group[:-1])}"
            f" and {counts.items[group[-1]]!r}",
            f"{'two ' if len(group) == 2 else ''}items of a scale must differ, "
            "these have the same answer in every row",
            f"Leave {'one of them' if len(group) == 2 else 'all but one'} out, "
            "or correct the column",
        )
        # Named once together: of six that are alike, fifteen pairs would say no more.
        for group in copies.values()
    ]


def _same_answers(counts: Counts, first: int, second: int) -> bool:
    """Whether only equal codes meet; a shifted copy correlates as well but is no copy."""
    codes = ([code for code in counts.codes[item] if code >= 0] for item in (first, second))
    block = counts.answers(first, second)
    return next(codes) == next(codes) and bool(block.sum() == np.trace(block))


def _never_together(counts: Counts) -> list[Problem]:
    n = counts.moments().n
    return [
        Problem(
            f"items {counts.items[first]!r} and {counts.items[second]!r}",
            f"two items need two rows that answered both, got {n[first, second]:g}",
            "Leave one of them out, or take only the rows that were asked both",
        )
        for first, second in np.argwhere(np.triu(n < 2, 1)).tolist()
    ]
