"""What a page asks of its reader: four to six stacked items, all answered on one response scale."""

from __future__ import annotations

from collections.abc import Iterator

from instruments.definition import Instrument, Page
from instruments.document import Document
from instruments.errors import Problem, page_length, page_mixed

FEWEST, MOST = 4, 6


def page_notes(instrument: Instrument, document: Document) -> Iterator[Problem]:
    """Note every page that breaks the rule; a construct may need it, so nothing is refused.

    A page that measures nothing, as one of background questions, has no response scale to share:
    only its length is looked at.
    """
    measured = {name for scale in instrument.scales for name in (*scale.items, scale.anchor or "")}
    for index, page in enumerate(instrument.pages):
        place = document.place(("pages", index, "id"))
        if any(item.id in measured for item in page.items) and len(_used(page)) > 1:
            yield page_mixed(place, page.id, _used(page))
        if not FEWEST <= len(page.items) <= MOST:
            yield page_length(place, page.id, len(page.items), FEWEST, MOST)


def _used(page: Page) -> list[str]:
    return list(dict.fromkeys(item.responses.id for item in page.items))
