"""How well a wave's paper was keyed: by keyer, by the scanner, by batch; for the verification record.

The figures are of the work and not of residents: what is counted are fields and errors. An error is
a field of a sheet keyed twice that differs from what was settled. What was found stays in the rates
when answers are taken back, and when a wave's key is deleted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from statistics import median

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from instruments import Form
from processing import ErrorRate, KeyingAgreement, error_rate, keying_agreement
from survey.keyed import Checked, Keyed, checked, compared, differing, looked_at, opened
from survey.models import Account, Batch, BatchVerdict, Keying, KeyingCheck, Resolution, Sheet, Wave
from survey.secrets import Keys
from survey.sheet_states import SCANNER

MOST_CONFUSED = 5


@dataclass(frozen=True)
class KeyerQuality:
    """One keyer's work, or the scanner's."""

    name: str  # an account's, or "scanner"
    sheets: int
    fields: int
    per_minute: float | None  # fields a minute, the median over sheets; None where no time is known
    rate: ErrorRate | None  # None where no sheet of theirs was keyed twice and settled
    confused: tuple[tuple[str, int], ...]  # columns with most errors, and how many


@dataclass(frozen=True)
class BatchQuality:
    """One batch: how far its two keyings agree, and what was said of it."""

    name: str
    sheets: int  # keyed
    twice: int
    differing: int  # sheets with a difference
    unsettled: int  # of them, not settled yet
    agreement: KeyingAgreement | None
    share: float
    verdict: BatchVerdict | None
    limit: float
    confidence: float


@dataclass(frozen=True)
class Quality:
    """A wave's verification record."""

    keyers: tuple[KeyerQuality, ...]
    batches: tuple[BatchQuality, ...]


@dataclass
class _Work:
    sheets: int = 0
    fields: int = 0
    speeds: list[float] = field(default_factory=list)
    checked: list[tuple[int, int]] = field(default_factory=list)  # fields, errors; a sheet
    wrong: Counter[str] = field(default_factory=Counter)


@dataclass
class _Pile:
    sheets: int = 0
    twice: int = 0
    differing: int = 0
    unsettled: int = 0
    pairs: dict[str, list[tuple[Hashable, Hashable]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def quality_of(session: Session, keys: Keys, form: Form, wave: Wave) -> Quality:
    """A wave's verification record as it stands."""
    names = {row.id: row.name for row in session.scalars(select(Account))}
    decided = {
        row.sheet_id: opened(keys, row)
        for row in session.scalars(
            select(Resolution).join(Sheet).join(Batch).where(Batch.wave_id == wave.id)
        )
    }
    work: dict[str, _Work] = defaultdict(_Work)
    piles: dict[int, _Pile] = defaultdict(_Pile)
    for sheet in _keyed(session, wave):
        passes = [(keying, opened(keys, keying)) for keying in sheet.keyings]
        for keying, keyed in passes:
            _count(work[_named(keying, names)], keying, keyed)
        _keep_found(work, names, sheet)
        if not passes:
            continue  # its answers were taken back, or the wave's key is gone
        pile = piles[sheet.batch_id]
        pile.sheets += 1
        if len(passes) < 2:
            continue
        first, second = passes[0][1], passes[1][1]
        _compare(pile, form, first, second)
        pile.unsettled += sheet.state != "settled"
        if sheet.state == "settled":
            found = checked(form, passes, decided.get(sheet.id, first))
            _confuse(work, names, found, counted=bool(sheet.checks))
    return Quality(
        tuple(_keyer(name, work[name]) for name in sorted(work)),
        tuple(_batches(session, wave, piles)),
    )


def _keyed(session: Session, wave: Wave) -> Iterator[Sheet]:
    return iter(
        session.scalars(
            select(Sheet)
            .join(Batch)
            .where(
                Batch.wave_id == wave.id,
                or_(Sheet.keyings.any() & (Sheet.state != "void"), Sheet.checks.any()),
            )
            .options(selectinload(Sheet.keyings), selectinload(Sheet.checks))
            .order_by(Sheet.id)
        )
    )


def _named(keying: Keying, names: dict[int, str]) -> str:
    if keying.keyed_by == SCANNER or keying.keyer_id is None:
        return SCANNER
    return names[keying.keyer_id]


def _count(work: _Work, keying: Keying, keyed: Keyed) -> None:
    work.sheets += 1
    work.fields += len(keyed.values)
    if keying.started is not None and keying.finished > keying.started:
        minutes = (keying.finished - keying.started).total_seconds() / 60
        work.speeds.append(len(keyed.values) / minutes)


def _compare(pile: _Pile, form: Form, first: Keyed, second: Keyed) -> None:
    pile.twice += 1
    pile.differing += bool(differing(form, first, second))
    for column in looked_at(form, first, second):
        pile.pairs[column].append((_hashable(first, column), _hashable(second, column)))


def _keep_found(work: dict[str, _Work], names: dict[int, str], sheet: Sheet) -> None:
    """Count what was found on a sheet's passes, whether these are still there or not."""
    passes: dict[int, list[KeyingCheck]] = defaultdict(list)
    for check in sheet.checks:
        work[names[check.keyer_id] if check.keyer_id else SCANNER].checked.append(
            (check.fields, check.errors)
        )
        passes[check.number].append(check)
    for checks in passes.values() if not sheet.keyings else ():
        # As while it was there: what a person decided for the scanner is a part of its pass.
        whose = min(checks, key=lambda one: one.by_person)
        one = work[names[whose.keyer_id] if whose.keyer_id else SCANNER]
        one.sheets += 1
        one.fields += sum(check.fields for check in checks)


def _confuse(
    work: dict[str, _Work], names: dict[int, str], found: list[Checked], *, counted: bool
) -> None:
    """Count which items were keyed wrong; and how many, where no version before has counted it."""
    for check in found:
        one = work[names[check.keyer_id] if check.keyer_id else SCANNER]
        one.wrong.update(check.wrong)
        if not counted:
            one.checked.append((len(check.fields), len(check.wrong)))


def _keyer(name: str, work: _Work) -> KeyerQuality:
    rate = None
    if work.checked:
        fields, errors = zip(*work.checked, strict=True)
        rate = error_rate(fields, errors)
    most = sorted(work.wrong.items(), key=lambda one: (-one[1], one[0]))[:MOST_CONFUSED]
    speed = median(work.speeds) if work.speeds else None
    return KeyerQuality(name, work.sheets, work.fields, speed, rate, tuple(most))


def _batches(session: Session, wave: Wave, piles: dict[int, _Pile]) -> Iterator[BatchQuality]:
    rows = session.execute(
        select(Batch, BatchVerdict)
        .outerjoin(BatchVerdict, BatchVerdict.batch_id == Batch.id)
        .where(Batch.wave_id == wave.id)
        .order_by(Batch.name)
    )
    for batch, verdict in rows:
        pile = piles.get(batch.id)
        if pile is None and verdict is None:
            continue
        pile = pile or _Pile()  # its keyings are gone; what was said of it is not
        yield BatchQuality(
            batch.name,
            pile.sheets,
            pile.twice,
            pile.differing,
            pile.unsettled,
            keying_agreement(pile.pairs, sheets=pile.twice) if pile.pairs else None,
            batch.second_keying_share,
            verdict,
            batch.error_limit,
            batch.confidence,
        )


def _hashable(keyed: Keyed, column: str) -> Hashable:
    value = compared(keyed.values, column)
    return tuple(value) if isinstance(value, list) else value
