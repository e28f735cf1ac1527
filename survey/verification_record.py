"""The verification record of a wave's keying as CSV, as ISO 20252 asks it to be kept."""

from __future__ import annotations

import csv
import io
import math

from survey.keying_quality import BatchQuality, KeyerQuality, Quality

KEYERS = (
    "keyer",
    "sheets",
    "fields",
    "fields_per_minute",
    "sheets_checked",
    "fields_checked",
    "errors",
    "error_rate",
    "low_95",
    "high_95",
    "most_confused",
)
BATCHES = (
    "batch",
    "sheets_keyed",
    "sheets_keyed_twice",
    "sheets_differing",
    "sheets_unsettled",
    "fields_compared",
    "agreement",
    "kappa",
    "second_keying_share",
    "error_limit",
    "confidence",
    "verdict",
    "sample_sheets",
    "sample_fields",
    "sample_errors",
    "upper_bound",
    "judged_at_utc",
    "judged_by",
)


def keyers_csv(quality: Quality) -> str:
    """One line a keyer and the scanner; what is not known is empty."""
    return _csv(KEYERS, [_keyer(one) for one in quality.keyers])


def batches_csv(quality: Quality) -> str:
    """One line a batch: agreement, kappa, and the verdict with its bound."""
    return _csv(BATCHES, [_batch(one) for one in quality.batches])


def _keyer(one: KeyerQuality) -> list[object]:
    checked: list[object] = [0, 0, 0, "", "", ""]
    if one.rate is not None:
        interval = one.rate.interval
        checked = [
            one.rate.sheets,
            one.rate.fields,
            one.rate.errors,
            *(_told(value) for value in (one.rate.rate, interval.low, interval.high)),
        ]
    confused = " ".join(f"{column}:{count}" for column, count in one.confused)
    speed = "" if one.per_minute is None else f"{one.per_minute:.1f}"
    return [one.name, one.sheets, one.fields, speed, *checked, confused]


def _batch(one: BatchQuality) -> list[object]:
    agreement: list[object] = [0, "", ""]
    if one.agreement is not None:
        agreement = [
            one.agreement.fields,
            _told(one.agreement.agreement),
            _told(one.agreement.kappa),
        ]
    verdict: list[object] = [""] * 7
    if one.verdict is not None:
        verdict = [
            one.verdict.verdict,
            one.verdict.sheets,
            one.verdict.fields,
            one.verdict.errors,
            _told(one.verdict.upper),
            f"{one.verdict.at:%Y-%m-%d %H:%M}",
            one.verdict.actor,
        ]
    keyed = [one.name, one.sheets, one.twice, one.differing, one.unsettled]
    return [*keyed, *agreement, one.share, one.limit, one.confidence, *verdict]


def _told(value: float) -> float | str:
    """A number, which may be below zero: only names are guarded from being run."""
    return "" if math.isnan(value) else round(value, 5)


def _csv(header: tuple[str, ...], rows: list[list[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    return file.getvalue()


def _safe(cell: object) -> object:
    """A name that a spreadsheet would run as a formula is shown as it was written."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell
