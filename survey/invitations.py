"""Who is asked: invitations with codes that are written down once, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import audit, contacts
from survey.answering import hold_wave
from survey.csv_files import Column, CsvFile, key_text, one_of, read_csv, text, weight
from survey.models import Area, Invitation, Wave
from survey.models.responses import OUTCOMES
from survey.secrets import Keys, make_code
from survey.studies import StudyError, told

_CPR = re.compile(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d\d-?\d{4}")

# Withdrawing is the respondent's own act: see survey/withdrawal.py.
REPORTED = tuple(outcome for outcome in OUTCOMES if outcome != "withdrawn")

COLUMNS = (
    Column("reference", key_text),
    Column("area", text),
    Column("stratum", text, needed=False, otherwise=""),
    Column("base_weight", weight, needed=False, otherwise=1.0),
    Column("person", text, needed=False),
    *contacts.COLUMNS,
)

OUTCOME_COLUMNS = (Column("reference", text), Column("outcome", one_of(*REPORTED)))


@dataclass(frozen=True)
class Invited:
    """One invitation as the sender needs it; the code is known here and nowhere else."""

    reference: str
    area: str
    code: str


def invite(session: Session, keys: Keys, wave: Wave, path: Path, *, actor: str) -> list[Invited]:
    """Add invitations and make their codes. Raises CsvFileError, StudyError.

    Where a row brings contact data, they are sealed apart, together with the code, so that a
    reminder can carry it. `person` is the study's own key of a person, and becomes a pseudonym.
    """
    wave = hold_wave(session, wave.id)
    if wave.status not in {"planned", "open"}:
        raise StudyError(
            f"Wave {wave.number} is {wave.status}; people can be invited until it closes."
        )
    areas = {
        area.key: area.id
        for area in session.scalars(select(Area).where(Area.study_id == wave.study_id))
    }
    file = read_csv(path, COLUMNS)
    file.refuse_repeated("reference")
    file.refuse_unknown("area", areas, "Load it first with: beboerpuls study areas")
    _refuse_second_person(file)
    contacts.refuse_two_dwellings(file)
    _refuse_cpr_numbers(file)
    known = set(session.scalars(select(Invitation.reference).where(Invitation.wave_id == wave.id)))
    for row in file.rows:
        if row["reference"] in known:
            file.problem(row, "reference", row["reference"], "was invited to this wave before.")
    made = [(row, make_code()) for row in file.finish()]
    invitations = [
        Invitation(
            wave_id=wave.id,
            area_id=areas[row["area"]],
            reference=row["reference"],
            code_hash=keys.code_hash(code),
            stratum=row["stratum"],
            base_weight=row["base_weight"],
            pseudonym=keys.pseudonym(wave.study.key, row["person"]) if row["person"] else None,
        )
        for row, code in made
    ]
    session.add_all(invitations)
    session.flush()
    for invitation, (row, code) in zip(invitations, made, strict=True):
        contact = contacts.seal_contact(keys, invitation.id, row.values, code)
        if contact is not None:
            session.add(contact)
    session.flush()
    audit.note(session, actor, "people invited", told(wave), invitations=len(made))
    return [Invited(row["reference"], row["area"], code) for row, code in made]


def read_outcomes(path: Path) -> dict[str, str]:
    """What a file says became of invitations, by reference. Raises CsvFileError."""
    file = read_csv(path, OUTCOME_COLUMNS)
    file.refuse_repeated("reference")
    return {row["reference"]: row["outcome"] for row in file.finish()}


def report_outcomes(
    session: Session, wave: Wave, outcomes: Mapping[str, str], *, actor: str
) -> int:
    """Keep what became of invitations; returns how many changed. Raises StudyError.

    A frozen wave has counted them already. Whoever withdrew their answers stays withdrawn.
    """
    wave = hold_wave(session, wave.id)
    if wave.status == "frozen":
        raise StudyError(f"Wave {wave.number} is frozen; what became of invitations is counted.")
    invitations = {
        found.reference: found
        for found in session.scalars(select(Invitation).where(Invitation.wave_id == wave.id))
    }
    problems = [_unknown(reference, wave) for reference in outcomes if reference not in invitations]
    problems += [
        f"{outcome!r} is not an outcome. Outcomes are: {', '.join(REPORTED)}."
        for outcome in dict.fromkeys(outcomes.values())
        if outcome not in REPORTED
    ]
    problems += [
        f"The answers of {reference!r} were withdrawn; that stands."
        for reference in outcomes
        if reference in invitations and invitations[reference].outcome == "withdrawn"
    ]
    if problems:
        raise StudyError("\n".join(problems))
    changed = 0
    for reference, outcome in outcomes.items():
        changed += invitations[reference].outcome != outcome
        invitations[reference].outcome = outcome
    session.flush()
    audit.note(session, actor, "outcomes reported", told(wave), changed=changed)
    return changed


def revoke_codes(
    session: Session, wave: Wave, references: Collection[str], *, reason: str, actor: str
) -> int:
    """Let these invitations' codes open nothing more; returns how many did. Raises StudyError.

    What was answered with a code stays: taking answers back is the respondent's own act. The
    reference is what the study knows a letter by, never the code, and it is noted with the reason.
    """
    found = {
        one.reference: one
        for one in session.scalars(
            select(Invitation).where(
                Invitation.wave_id == wave.id, Invitation.reference.in_(references)
            )
        )
    }
    problems = [_unknown(reference, wave) for reference in references if reference not in found]
    if problems:
        raise StudyError("\n".join(problems))
    changed = sorted(reference for reference, one in found.items() if not one.revoked)
    for reference in changed:
        found[reference].revoked = True
    session.flush()
    audit.note(session, actor, "codes revoked", told(wave), references=changed, reason=reason)
    return len(changed)


def _refuse_cpr_numbers(file: CsvFile) -> None:
    for row in file.rows:
        for name in ("reference", "person", "stratum", "name", "address"):
            value = row[name]
            if isinstance(value, str) and _CPR.fullmatch(value.strip()):
                rule = "looks like a CPR number, which has no place here. Use a key of your own."
                file.problem(row, name, "DDMMYY-XXXX", rule)


def _refuse_second_person(file: CsvFile) -> None:
    first: dict[str, int] = {}
    for row in file.rows:
        person = row["person"]
        if person is None:
            continue
        if person in first:
            rule = f"stands in row {first[person]} already; a person is invited once a wave."
            file.problem(row, "person", person, rule)
        first.setdefault(person, row.number)


def _unknown(reference: str, wave: Wave) -> str:
    return (
        f"There is no invitation {reference!r} in wave {wave.number} of {wave.study.key}. "
        "Give the reference that stood in the file of invitations."
    )
