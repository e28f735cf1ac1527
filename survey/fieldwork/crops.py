"""The piece of a scanned sheet that shows one field, where there is one.

Whoever keeps the images says how they are found; the pages that show them know nothing of scans.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

from survey.models import Sheet

# The addresses of the crops of these columns; a column without one is left out.
Finder = Callable[[Session, Sheet, Collection[str]], Mapping[str, str]]

_FINDERS: list[Finder] = []


def show_crops_by(finder: Finder) -> Finder:
    """Let a function say where crops are."""
    if finder not in _FINDERS:
        _FINDERS.append(finder)
    return finder


def crops_of(session: Session, sheet: Sheet, columns: Collection[str]) -> dict[str, str]:
    """The address of each column's crop, where the sheet was scanned."""
    found: dict[str, str] = {}
    for finder in _FINDERS:
        found |= finder(session, sheet, columns)
    return found
