"""The piece of a scanned sheet that shows one field, where there is one.

Whoever keeps the images says how they are found; the pages that show them know nothing of scans.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from survey.fieldwork.sheet_fields import SheetField
from survey.models import Sheet
from survey.web import words


@dataclass(frozen=True)
class Crop:
    """A strip that shows one question."""

    address: str
    row: bool  # of a grid, whose heads are out of sight, with answers apart at its far end


# The crops of these columns; a column without one is left out.
Finder = Callable[[Session, Sheet, Collection[str]], Mapping[str, Crop]]

_FINDERS: list[Finder] = []


def show_crops_by(finder: Finder) -> Finder:
    """Let a function say where crops are."""
    if finder not in _FINDERS:
        _FINDERS.append(finder)
    return finder


def crops_of(session: Session, sheet: Sheet, columns: Collection[str]) -> dict[str, Crop]:
    """Each column's crop, where the sheet was scanned."""
    found: dict[str, Crop] = {}
    for finder in _FINDERS:
        found |= finder(session, sheet, columns)
    return found


def apart_said(field: SheetField) -> str:
    """The answers apart of a question as a keyer reads them, in the order of their boxes."""
    return ", ".join(
        words().plain(f"keying.js.reason{code}") for code in field.item.responses.apart
    )
