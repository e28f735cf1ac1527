"""Figures as commands tell them: in a table's cell, or as a program reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

import processing

if TYPE_CHECKING:
    from processing import Dataset, Study, StudyMeasures


def source_of(found: StudyMeasures) -> dict[str, Any]:
    return {"dataset": found.dataset, "weight": found.weight, "days": dict(found.days)}


def records(frame: Any) -> list[dict[str, Any]]:
    return [
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def each(frame: Any) -> Iterator[Any]:
    # pandas' stubs cannot know what a row holds.
    rows: Iterator[Any] = frame.itertuples()
    return rows


def points(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def signed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.1f}"


def digits(value: float | None, digits: int = 2) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def p_value(value: float | None) -> str:
    """With three decimals; no p is nothing."""
    return "<0.001" if value is not None and value < 0.001 else digits(value, 3)


def share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def between(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.1f} to {high:.1f}"


def print_corrected(read: Dataset | Study) -> None:
    """Say which areas earlier waves' tables had in other groups: that moves figures of these waves too."""
    areas = [] if isinstance(read, processing.Dataset) else processing.groups_corrected(read)
    if areas:
        click.echo(
            "Groups that were corrected since an earlier wave was frozen, and count so in all waves: "
            + ", ".join(areas)
        )
