"""Batches: how carefully a pile is keyed, by whom, and which of its sheets are keyed twice.

A batch takes the study's rules when it is made, and they are fixed with its first keyed sheet. A
coordinator says when its pile is complete: then the part that is keyed twice is drawn from all that
has come back, keyed or not. The seed stands from the batch's beginning and is kept, so that anybody
can draw the same sheets again. A sheet that comes later than the draw is no part of the sample, and
is keyed twice.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import asdict, dataclass

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey import audit
from survey.holding import hold_batch
from survey.models import (
    Account,
    Batch,
    BatchKeyer,
    BatchVerdict,
    Grant,
    Keying,
    PaperRules,
    Sheet,
    Study,
    Wave,
)
from survey.models.batches import SETTLE_RULES, new_seed

# What a sample is drawn from. Before it is drawn nothing is keyed twice.
IN_HAND = ("returned", "keyed_once")


class BatchError(Exception):
    """A batch that this cannot be done with; says why and what to do."""


class NoSuchBatchError(BatchError):
    """There is no such batch in one's studies."""


class BatchNameError(BatchError):
    """A batch needs a name that can be read."""


class BatchFixedError(BatchError):
    """The batch's sample is drawn or its keying begun: its rules stand."""


class NothingBackError(BatchError):
    """No sheet of the batch has come back: there is nothing to draw a sample from."""


class RulesError(BatchError):
    """Rules that make no sense; carries each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Rules:
    """How carefully sheets are keyed."""

    second_keying_share: float = 0.0
    error_limit: float = 0.01
    confidence: float = 0.95
    settle_rule: str = "third_person"

    def problems(self) -> list[str]:
        """What makes no sense, by field."""
        found = []
        if not 0 <= self.second_keying_share <= 1:
            found.append("second_keying_share")
        if not 0 < self.error_limit < 1:
            found.append("error_limit")
        if not 0.5 < self.confidence < 1:
            found.append("confidence")
        if self.settle_rule not in SETTLE_RULES:
            found.append("settle_rule")
        return found


def rules_of(session: Session, study_id: int) -> Rules:
    """What a study's new batches begin with."""
    kept = session.get(PaperRules, study_id)
    return Rules() if kept is None else _rules_in(kept)


def set_rules(session: Session, study: Study, rules: Rules, *, actor: str) -> None:
    """Change what new batches begin with; those that are there keep theirs. Raises RulesError."""
    if problems := rules.problems():
        raise RulesError(problems)
    kept = session.get(PaperRules, study.id) or PaperRules(study_id=study.id)
    _put(rules, kept)
    session.add(kept)
    audit.note(session, actor, "paper rules set", study.key, **asdict(rules))


def batch_rules(batch: Batch) -> Rules:
    """The rules that a batch is keyed under."""
    return _rules_in(batch)


def set_batch_rules(session: Session, batch: Batch, rules: Rules, *, actor: str) -> None:
    """Change a batch's rules, as long as nothing of it is keyed. Raises RulesError, BatchFixedError."""
    if problems := rules.problems():
        raise RulesError(problems)
    hold_batch(session, batch)
    if batch.drawn is not None or _begun(session, batch):
        raise BatchFixedError
    _put(rules, batch)
    audit.note(session, actor, "batch rules set", _told(batch), **asdict(rules))


def find_batch(session: Session, batch_id: int, studies: Collection[int]) -> Batch:
    """A batch of one's studies. Raises NoSuchBatchError."""
    batch = session.get(Batch, batch_id)
    if batch is None or batch.wave.study_id not in studies:
        raise NoSuchBatchError
    return batch


def batch_named(session: Session, wave: Wave, name: str) -> Batch:
    """A wave's batch of that name, made under the study's rules where it is new.

    Raises BatchNameError.
    """
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise BatchNameError
    found = session.scalars(
        select(Batch).where(Batch.wave_id == wave.id, Batch.name == name)
    ).first()
    if found is None:
        found = Batch(wave_id=wave.id, name=name)
        _put(rules_of(session, wave.study_id), found)
        session.add(found)
        session.flush()
    return found


def takes_sheets(session: Session, batch: Batch) -> bool:
    """Whether sheets can still be laid into a batch: its sample is not drawn, nothing is judged."""
    return batch.drawn is None and session.get(BatchVerdict, batch.id) is None


def draw(session: Session, batch: Batch, *, actor: str, seed: int | None = None) -> int:
    """Fix a batch, and draw which of its sheets are keyed twice; returns how many.

    The sheets are those that have come back, keyed or not. Each has a number from numpy's default
    generator by the batch's seed and its own serial; the ⌈share · n⌉ lowest are drawn. So one sheet
    more or less moves no more than its own place, and whoever chooses the moment chooses no sheets.
    Drawn before, nothing changes. Raises NothingBackError.
    """
    hold_batch(session, batch)
    mine = select(Sheet).where(Sheet.batch_id == batch.id)
    if batch.drawn is not None:
        return len(session.scalars(mine.where(Sheet.second_keying.is_(True))).all())
    # One that is still out may never come: a sample with it in would never be whole.
    sheets = session.scalars(mine.where(Sheet.state.in_(IN_HAND))).all()
    if not sheets:
        raise NothingBackError
    if seed is not None or batch.seed is None:
        batch.seed = new_seed() if seed is None else seed
    batch.drawn = dt.datetime.now(dt.UTC)
    size = size_of_sample(batch, len(sheets))
    ordered = sorted(sheets, key=lambda one: (_lot(batch.seed, one.serial), one.serial))
    for place, sheet in enumerate(ordered):
        sheet.second_keying = place < size
    audit.note(
        session,
        actor,
        "sample drawn",
        _told(batch),
        sheets=len(sheets),
        twice=size,
        seed=batch.seed,
    )
    return size


def _lot(seed: int | None, serial: str) -> float:
    return float(np.random.default_rng([seed or 0, int(serial)]).random())


def size_of_sample(batch: Batch, sheets: int) -> int:
    """How many of so many sheets a batch's share is; a share that is a hair above whole is whole."""
    return math.ceil(batch.second_keying_share * sheets - 1e-9)


def passes_demanded(session: Session, sheet: Sheet) -> int:
    """How many people key a sheet, as far as is known: one, as long as its batch is to be drawn."""
    if not sheet.batch.samples:
        return 1 if sheet.batch.second_keying_share == 0 else 2
    if sheet.batch.to_draw:
        return 1
    if sheet.second_keying is not False:
        return 2
    verdict = session.get(BatchVerdict, sheet.batch_id)
    return 2 if verdict is not None and verdict.verdict == "full" else 1


def hand_out(
    session: Session, batch: Batch, number: int, account_ids: Collection[int], *, actor: str
) -> None:
    """Name who keys a batch's first or second pass; nobody named: whoever comes.

    Accounts that are no fieldworkers of the study are left out.
    """
    hold_batch(session, batch)
    keyers = {one.id: one.name for one in keyers_of(session, batch.wave.study_id)}
    chosen = [one for one in account_ids if one in keyers]
    session.execute(
        delete(BatchKeyer).where(BatchKeyer.batch_id == batch.id, BatchKeyer.number == number)
    )
    session.add_all(BatchKeyer(batch_id=batch.id, number=number, account_id=one) for one in chosen)
    audit.note(
        session,
        actor,
        "batch handed out",
        _told(batch),
        number=number,
        to=sorted(keyers[one] for one in chosen),
    )


def handed_to(session: Session, batch: Batch, number: int) -> frozenset[int]:
    """The accounts that a pass was handed to; empty where anybody may make it."""
    return frozenset(
        session.scalars(
            select(BatchKeyer.account_id).where(
                BatchKeyer.batch_id == batch.id, BatchKeyer.number == number
            )
        )
    )


def keyers_of(session: Session, study_id: int) -> list[Account]:
    """Everybody who may key for a study, by name."""
    rows = select(Account).join(Grant).where(Grant.study_id == study_id)
    active = rows.where(Grant.role == "fieldworker", Account.disabled.is_(False))
    return list(session.scalars(active.order_by(Account.name)))


def _begun(session: Session, batch: Batch) -> bool:
    keyed = select(Keying.id).join(Sheet).where(Sheet.batch_id == batch.id)
    return session.scalar(keyed.limit(1)) is not None


def _rules_in(row: PaperRules | Batch) -> Rules:
    return Rules(row.second_keying_share, row.error_limit, row.confidence, row.settle_rule)


def _put(rules: Rules, row: PaperRules | Batch) -> None:
    for name, value in asdict(rules).items():
        setattr(row, name, value)


def _told(batch: Batch) -> str:
    return f"{batch.wave.study.key} wave {batch.wave.number}, {batch.name}"
