"""Where somebody stands in a form: which pages there are for them, and which comes next."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from instruments import Form
from survey.answering import NoSuchResponseError, asks
from survey.forms import Forms
from survey.models import Response, Study, Wave, table_of
from survey.sealed_answers import Content, opened
from survey.secrets import Keys


@dataclass(frozen=True)
class Walk:
    """One response on its way through its form. Pages are numbered from 1, as the form has them."""

    form: Form
    content: Content
    response_id: uuid.UUID
    revision: int
    submitted: bool = False
    asked: bool = True  # whether the wave still asks

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Columns of items that are surely not shown."""
        return self.form.hidden(self.content.answers)

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """The pages that have anything to ask."""
        pages = enumerate(self.form.pages(), start=1)
        return tuple(n for n, page in pages if not self.hidden.issuperset(page.columns))

    def has(self, number: int) -> bool:
        return 1 <= number <= len(self.form.pages())

    def place(self, number: int) -> int:
        """Which of the shown pages this is, from 1."""
        return sum(1 for n in self.shown if n <= number)

    def key(self, number: int) -> str:
        """The key of a page. Raises IndexError."""
        return self.form.pages()[number - 1].key

    def first_unseen(self) -> int | None:
        """Where to go on: the first page that was never saved."""
        return next((n for n in self.shown if self.key(n) not in self.content.seen), None)

    def may_see(self, number: int) -> bool:
        """Pages are seen in order; those that were saved may be seen again."""
        unseen = self.first_unseen()
        return number in self.shown and (unseen is None or number <= unseen)

    def after(self, number: int) -> int | None:
        """The page that follows; None when all have been seen and this is the last."""
        following = next((n for n in self.shown if n > number), None)
        unseen = self.first_unseen()
        if following is None or (unseen is not None and unseen < following):
            return unseen
        return following

    def before(self, number: int) -> int | None:
        return next((n for n in reversed(self.shown) if n < number), None)

    def is_last(self, number: int) -> bool:
        """Whether saving this page leaves none to be seen."""
        return number == self.shown[-1] and self.first_unseen() in {None, number}


# Columns of tables, not of models, and put together once: this is asked for with every page.
_response, _wave, _study = table_of(Response).c, table_of(Wave).c, table_of(Study).c
_WALK = (
    select(
        _response.wave_id,
        _response.status,
        _response.revision,
        _response.key_id,
        _response.sealed,
        _wave.status.label("wave_status"),
        _wave.closes,
    )
    .join_from(table_of(Response), table_of(Wave), _wave.id == _response.wave_id)
    .where(_response.id == bindparam("response_id"))
)
_ASKED = (
    select(_study.title, _study.sender, _study.contact, _wave.legal_basis, _wave.closes)
    .join_from(table_of(Study), table_of(Wave), _wave.study_id == _study.id)
    .where(_wave.id == bindparam("wave_id"))
)


def walk(
    session: Session, keys: Keys, forms: Forms, response_id: uuid.UUID, *, day: dt.date
) -> Walk:
    """Find where a response stands on a day. Raises NoSuchResponseError."""
    found = session.execute(_WALK, {"response_id": response_id}).first()
    if found is None:
        raise NoSuchResponseError
    return Walk(
        form=forms.of(session, found.wave_id),
        content=opened(keys, response_id, found.revision, found.key_id, found.sealed),
        response_id=response_id,
        revision=found.revision,
        submitted=found.status == "submitted",
        asked=asks(found.wave_status, found.closes, day),
    )


@dataclass(frozen=True)
class Asked:
    """Who asks and on what terms, as residents are told."""

    study: str
    sender: str
    contact: str
    legal_basis: str
    closes: dt.date | None


def asked_by(session: Session, wave_id: int) -> Asked | None:
    """The facts of a wave that residents are told."""
    found = session.execute(_ASKED, {"wave_id": wave_id}).first()
    return None if found is None else Asked(*found)
