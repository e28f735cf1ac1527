"""Whether a batch keyed once is good enough: its sample looked over, a bound on its error rate.

The errors are of the first keying against what was settled, in the sheets that were drawn before
anything was keyed. The batch is accepted where, with the batch's confidence, the error rate lies
within the limit; else all of it is keyed again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from instruments import Form
from processing import ErrorRate, error_rate
from survey import answering, audit
from survey.batches import hold_alone, samples
from survey.keyed import Keyed, looked_at, opened, same, settle
from survey.models import Batch, BatchVerdict, Resolution, Sheet
from survey.secrets import Keys
from survey.sheet_states import UNKEYED


class NotReadyError(Exception):
    """A batch that cannot be judged yet; carries how it stands."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("the batch cannot be judged yet")
        self.standing = standing


class JudgedBeforeError(Exception):
    """A batch is judged once."""


@dataclass(frozen=True)
class Standing:
    """How a batch with a sample stands, and what would be said of it now."""

    returned: int  # back, and not keyed
    away: int  # not back
    once: int  # keyed once and waiting for the verdict
    drawn: int  # sheets in the sample that came back
    unsettled: int  # of them, not settled yet
    rate: ErrorRate | None  # None while any waits: those that agree are settled first
    limit: float

    @property
    def ready(self) -> bool:
        """Whether nothing that came back waits before the verdict."""
        return self.rate is not None and not self.returned

    @property
    def would(self) -> str | None:
        """The verdict by what is settled; None while something of the sample waits."""
        if self.rate is None:
            return None
        return "accepted" if self.rate.upper <= self.limit else "full"


def standing_of(session: Session, keys: Keys, form: Form, batch: Batch) -> Standing:
    """How a batch stands."""
    sheets = _sheets(session, batch)
    sample = [one for one in sheets if one.second_keying and one.state not in {*UNKEYED, "void"}]
    settled = [sheet for sheet in sample if sheet.state == "settled"]
    counts = [_errors(session, keys, form, sheet) for sheet in settled]
    rate = None
    if len(settled) == len(sample) and any(fields for fields, _ in counts):
        fields, errors = zip(*counts, strict=True)
        rate = error_rate(fields, errors, level=batch.confidence)
    in_state = [sheet.state for sheet in sheets]
    return Standing(
        returned=in_state.count("returned"),
        away=in_state.count("printed") + in_state.count("sent"),
        once=sum(_waits(one) for one in sheets),
        drawn=len(sample),
        unsettled=len(sample) - len(settled),
        rate=rate,
        limit=batch.error_limit,
    )


def verdict_of(session: Session, batch: Batch) -> BatchVerdict | None:
    """What was said of a batch, or None."""
    return session.get(BatchVerdict, batch.id)


def judge(session: Session, keys: Keys, form: Form, batch: Batch, *, actor: str) -> BatchVerdict:
    """Say by the sample whether a batch is accepted; what is keyed once then becomes responses.

    Sheets that come back after it are keyed twice, each settled by itself. Raises NotReadyError,
    JudgedBeforeError, answering.WaveClosedError.
    """
    answering.hold_wave(session, batch.wave_id)
    hold_alone(session, batch)
    if session.get(BatchVerdict, batch.id) is not None:
        raise JudgedBeforeError
    standing = standing_of(session, keys, form, batch)
    if not samples(batch) or not standing.ready or standing.rate is None:
        raise NotReadyError(standing)
    now = dt.datetime.now(dt.UTC)
    rate = standing.rate
    verdict = BatchVerdict(
        batch_id=batch.id,
        verdict=standing.would or "full",
        at=now,
        actor=actor,
        sheets=rate.sheets,
        fields=rate.fields,
        errors=rate.errors,
        upper=rate.upper,
    )
    session.add(verdict)
    audit.note(
        session,
        actor,
        "batch judged",
        f"{batch.wave.study.key} wave {batch.wave.number}, {batch.name}",
        verdict=verdict.verdict,
        sheets=rate.sheets,
        fields=rate.fields,
        errors=rate.errors,
        upper=round(rate.upper, 6),
        limit=batch.error_limit,
        confidence=batch.confidence,
    )
    for sheet in _sheets(session, batch):
        if sheet.state in UNKEYED:
            sheet.second_keying = None  # it comes after the verdict, which knew nothing of it
        elif verdict.verdict == "accepted" and _waits(sheet):
            first = opened(keys, sheet.keyings[0])
            settle(session, keys, form, sheet, first, actor=actor, at=now, note="batch accepted")
    session.flush()
    return verdict


def settled_values(session: Session, keys: Keys, sheet: Sheet) -> Keyed:
    """What holds of a settled sheet: what was decided, or what was keyed where nobody had to."""
    resolution = session.scalars(select(Resolution).where(Resolution.sheet_id == sheet.id)).first()
    return opened(keys, resolution or sheet.keyings[0])


def _waits(sheet: Sheet) -> bool:
    """Whether a sheet outside the sample is keyed, and waits for the verdict."""
    return sheet.state == "keyed_once" and sheet.second_keying is False


def _errors(session: Session, keys: Keys, form: Form, sheet: Sheet) -> tuple[int, int]:
    """Fields of the first keying that were looked over, and how many of them were wrong."""
    first, second = (opened(keys, keying) for keying in sheet.keyings)
    settled = settled_values(session, keys, sheet)
    fields = looked_at(form, first, second)
    return len(fields), sum(not same(first, settled, column) for column in fields)


def _sheets(session: Session, batch: Batch) -> list[Sheet]:
    return list(
        session.scalars(
            select(Sheet)
            .where(Sheet.batch_id == batch.id)
            .options(selectinload(Sheet.keyings))
            .order_by(Sheet.id)
        )
    )
