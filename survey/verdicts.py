"""Whether a batch keyed once is good enough: its sample looked over, a bound on its error rate.

The errors are of the first keying against what was settled, in the sheets that were drawn before
anything was keyed. They are counted when the whole sample is settled, and not before: a bound that
can be looked at while sheets are still coming is one that somebody waits for until it suits. The
batch is accepted where, with the batch's confidence, the error rate lies within the limit; else all
of it is keyed again.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from instruments import Form
from processing import LARGEST_HEAP, ErrorRate, error_rate, errorless_fields
from survey import audit
from survey.answering import WaveClosedError
from survey.batches import IN_HAND
from survey.holding import hold_batch
from survey.keyed import count_errors, opened, settle
from survey.models import Batch, BatchVerdict, Sheet
from survey.secrets import Keys


class NotReadyError(Exception):
    """A batch that cannot be judged yet; carries how it stands."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("the batch cannot be judged yet")
        self.standing = standing


class JudgedBeforeError(Exception):
    """A batch is judged once."""


@dataclass(frozen=True)
class Standing:
    """How a batch with a sample stands, and what is said of it once its sample is whole."""

    in_hand: int  # come back, keyed once or not at all: what a sample would be drawn from
    back: int  # of them, not keyed: what waits before the sample is judged
    away: int  # not come back
    once: int  # keyed once and waiting for the verdict
    drawn: int | None  # sheets in the sample; None before it is drawn
    left_out: int  # of them, taken out of use or back before both passes: they tell nothing
    uncounted: int  # of them, settled by a version that did not count; counted when it is judged
    unsettled: int  # of them, still to be keyed twice and settled
    rate: ErrorRate | None  # None while any is, and where all are left out
    limit: float

    @property
    def ready(self) -> bool:
        """Whether the sample is whole, and all of which it was drawn is keyed."""
        return self.drawn is not None and not self.unsettled and not self.back

    @property
    def verdict(self) -> str | None:
        """What the sample says; nothing before it is ready. A sample that tells nothing accepts none."""
        if not self.ready or self.uncounted:
            return None
        return "accepted" if self.rate and self.rate.upper <= self.limit else "full"


@dataclass(frozen=True)
class Needed:
    """How many sheets a sample needs to be accepted, if none is keyed wrong."""

    least: int  # with fewer it never is: each sheet would have to hold all fields
    enough: int  # with so many it is: each sheet holds at least what no routing passes over


def sheets_needed(batch: Batch, form: Form) -> Needed:
    """How large a batch's sample must be to show that its limit is kept, however well it was keyed."""
    every = len(form.columns)
    surely = max(1, len(form.columns) - len(form.routed()))
    return Needed(
        *(
            math.ceil(
                errorless_fields(
                    batch.error_limit, level=batch.confidence, heap=min(LARGEST_HEAP, holds)
                )
                / holds
            )
            for holds in (every, surely)
        )
    )


def standing_of(session: Session, batch: Batch) -> Standing:
    """How a batch stands."""
    sheets = _sheets(session, batch)
    sample = [one for one in sheets if one.second_keying]
    told = [one for one in sample if one.checked_fields is not None]
    uncounted = [one for one in sample if one not in told and _uncounted(one)]
    gone = {"settled", "void"}
    ended = [one for one in sample if one not in [*told, *uncounted] and one.state in gone]
    unsettled = len(sample) - len(told) - len(ended) - len(uncounted)
    rate = None
    if not unsettled and not uncounted and any(one.checked_fields for one in told):
        rate = error_rate(
            [one.checked_fields or 0 for one in told],
            [one.checked_errors or 0 for one in told],
            level=batch.confidence,
        )
    # What came after the draw is keyed twice, whatever is said of the others.
    here = [one for one in sheets if batch.drawn is None or one.second_keying is not None]
    return Standing(
        in_hand=sum(one.state in IN_HAND for one in here),
        back=sum(one.state == "returned" for one in here),
        away=sum(one.state in {"printed", "sent"} for one in sheets),
        once=sum(_waits(one) for one in sheets),
        drawn=None if batch.drawn is None else len(sample),
        left_out=len(ended),
        uncounted=len(uncounted),
        unsettled=unsettled,
        rate=rate,
        limit=batch.error_limit,
    )


def verdict_of(session: Session, batch: Batch) -> BatchVerdict | None:
    """What was said of a batch, or None."""
    return session.get(BatchVerdict, batch.id)


def judge(session: Session, keys: Keys, form: Form, batch: Batch, *, actor: str) -> BatchVerdict:
    """Say by the whole sample whether a batch is accepted; what is keyed once then becomes responses.

    It is said once. Sheets that come back after the draw are keyed twice, each settled by itself.
    Raises NotReadyError, JudgedBeforeError, WaveClosedError.
    """
    hold_batch(session, batch)
    if session.get(BatchVerdict, batch.id) is not None:
        raise JudgedBeforeError
    if batch.wave.status not in {"open", "closed"}:
        raise WaveClosedError
    for sheet in _sheets(session, batch):
        if _uncounted(sheet):
            count_errors(session, keys, form, sheet)
    standing = standing_of(session, batch)
    if not batch.samples or standing.verdict is None:
        raise NotReadyError(standing)
    now = dt.datetime.now(dt.UTC)
    rate = standing.rate
    verdict = BatchVerdict(
        batch_id=batch.id,
        verdict=standing.verdict,
        at=now,
        actor=actor,
        sheets=rate.sheets if rate else 0,
        fields=rate.fields if rate else 0,
        errors=rate.errors if rate else 0,
        upper=rate.upper if rate else 1.0,
    )
    session.add(verdict)
    audit.note(
        session,
        actor,
        "batch judged",
        f"{batch.wave.study.key} wave {batch.wave.number}, {batch.name}",
        verdict=verdict.verdict,
        sheets=verdict.sheets,
        left_out=standing.left_out,
        fields=verdict.fields,
        errors=verdict.errors,
        upper=round(verdict.upper, 6),
        limit=batch.error_limit,
        confidence=batch.confidence,
    )
    for sheet in _sheets(session, batch):
        if verdict.verdict == "accepted" and _waits(sheet):
            first = opened(keys, sheet.keyings[0])
            settle(session, keys, form, sheet, first, actor=actor, at=now, note="batch accepted")
    session.flush()
    return verdict


def _uncounted(sheet: Sheet) -> bool:
    """Whether a sheet of the sample was settled, nobody counted its errors, and they can be."""
    settled = sheet.second_keying is True and sheet.state == "settled"
    return settled and sheet.checked_fields is None and len(sheet.keyings) == 2


def _waits(sheet: Sheet) -> bool:
    """Whether a sheet outside the sample is keyed, and waits for the verdict."""
    return sheet.state == "keyed_once" and sheet.second_keying is False


def _sheets(session: Session, batch: Batch) -> list[Sheet]:
    return list(
        session.scalars(
            select(Sheet)
            .where(Sheet.batch_id == batch.id)
            .options(selectinload(Sheet.keyings))
            .order_by(Sheet.id)
        )
    )
