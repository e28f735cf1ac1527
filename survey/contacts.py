"""How invited people are reached: read from a file, sealed apart with the code, deleted first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from survey import audit
from survey.answering import hold_wave
from survey.csv_files import Column, CsvFile, read_csv, text
from survey.languages import TRANSLATIONS
from survey.models import Addressee, Contact, Invitation, Round, Wave
from survey.secrets import Keys
from survey.studies import StudyError, told

# A letter has room for its address in an envelope's window, and no more.
MOST_LINES = 4
LONGEST_LINE = 60
# Danish first, and three more: what one sheet holds.
MOST_LANGUAGES = 4

# Persian and Urdu names hold signs without width that belong to their spelling.
_JOINERS = "\u200c\u200d"
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^@\s]{1,190}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


def line(cell: str) -> str:
    """A name or one line of an address, in any script."""
    if len(cell) > LONGEST_LINE:
        raise ValueError(
            f"has {len(cell)} signs; a line of an address has room for {LONGEST_LINE}."
        )
    text("".join(sign for sign in cell if sign not in _JOINERS))
    return unicodedata.normalize("NFC", cell)


def lines(cell: str) -> str:
    """An address of one to four lines, broken by line breaks or by ` / `."""
    found = [part.strip() for part in re.split(r"\r\n|\n|\r| / ", cell)]
    found = [part for part in found if part]
    if len(found) > MOST_LINES:
        raise ValueError(f"has {len(found)} lines; an address window has room for {MOST_LINES}.")
    return "\n".join(line(part) for part in found)


def mail_address(cell: str) -> str:
    """An e-mail address. Letters outside English may stand after the @ only."""
    rule = "is no e-mail address; it must look like name@example.dk."
    if not _MAIL.fullmatch(cell) or ".." in cell or cell.startswith(".") or ".@" in cell:
        raise ValueError(rule)
    name, _, domain = cell.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        raise ValueError(rule) from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(rule)
    return f"{name}@{ascii_domain}"


def phone(cell: str) -> str:
    """A telephone number with its country, digits alone; eight digits are Danish."""
    digits = re.sub(r"[ ().-]", "", cell)
    if digits.startswith("+"):
        digits = digits[1:]
    elif digits.startswith("00"):
        digits = digits[2:]
    elif len(digits) == 8:
        digits = f"45{digits}"
    else:
        digits = ""
    if not (digits.isascii() and digits.isdecimal() and 8 <= len(digits) <= 15):
        raise ValueError(
            "is no telephone number; it must have eight digits, or begin with + and the country."
        )
    return digits


def languages(cell: str) -> tuple[str, ...]:
    """The languages that a dwelling reads, by code, as `ar so`."""
    known = sorted(path.stem for path in TRANSLATIONS.glob("??.yaml"))
    asked = tuple(dict.fromkeys(re.split(r"[\s,;+/]+", cell.lower().strip(" ,;+/"))))
    unknown = [code for code in asked if code not in known]
    if unknown:
        raise ValueError(
            f"holds {', '.join(unknown)}, which letters are not written in. Codes are: "
            f"{', '.join(known)}; several with a blank between them."
        )
    if len({"da", *asked}) > MOST_LANGUAGES:
        raise ValueError(
            f"names {len(asked)} languages; one sheet has room for Danish and "
            f"{MOST_LANGUAGES - 1} more."
        )
    return asked


COLUMNS = (
    Column("name", line, needed=False, otherwise=""),
    Column("address", lines, needed=False, otherwise=""),
    Column("postcode", line, needed=False, otherwise=""),
    Column("city", line, needed=False, otherwise=""),
    Column("email", mail_address, needed=False, otherwise=""),
    Column("phone", phone, needed=False, otherwise=""),
    Column("languages", languages, needed=False, otherwise=()),
)

BOUNCE_COLUMNS = (
    Column("email", mail_address, needed=False),
    Column("reference", text, needed=False),
)


@dataclass(frozen=True)
class Reached:
    """How a dwelling or a person is reached, and the code that the message carries."""

    code: str
    name: str = ""
    address: str = ""  # lines
    postcode: str = ""
    city: str = ""
    email: str = ""
    phone: str = ""
    languages: tuple[str, ...] = ()

    def address_lines(self) -> list[str]:
        place = f"{self.postcode} {self.city}".strip()
        return [*self.address.splitlines(), *([place] if place else [])]


def seal_contact(
    keys: Keys, invitation_id: int, row: Mapping[str, Any], code: str
) -> Contact | None:
    """The sealed row of somebody's contact data and code; None where there is nothing to reach them by."""
    reached = {column.name: row[column.name] for column in COLUMNS if row[column.name]}
    if not set(reached) - {"languages"}:
        return None
    content = reached | {"code": code}
    key_id, sealed = keys.seal(content, invitation_id, table="contact")
    return Contact(invitation_id=invitation_id, key_id=key_id, sealed=sealed)


def read_contact(keys: Keys, contact: Contact) -> Reached:
    """How somebody is reached, and their code. Raises NotOpenedError."""
    content = keys.open(contact.key_id, contact.sealed, contact.invitation_id, table="contact")
    return Reached(**content | {"languages": tuple(content.get("languages", ()))})


def refuse_two_dwellings(file: CsvFile) -> None:
    """A dwelling is invited once: its letter lets the next birthday decide who answers."""
    first: dict[tuple[str, ...], int] = {}
    for row in file.rows:
        place = tuple(str(row[part]).casefold() for part in ("address", "postcode", "city"))
        if not place[0] or row["person"]:
            continue
        if place in first:
            rule = (
                f"stands in row {first[place]} already; a dwelling is invited once a wave, and its "
                "letter says which adult answers. Where persons are invited, fill in person."
            )
            file.problem(row, "address", str(row["address"]).replace("\n", " / "), rule)
        first.setdefault(place, row.number)


def read_bounces(path: Path) -> tuple[set[str], set[str]]:
    """What a file says came back: e-mail addresses and references. Raises CsvFileError."""
    file = read_csv(path, BOUNCE_COLUMNS)
    for row in file.rows:
        if row["email"] is None and row["reference"] is None:
            file.problem(row, "email", "", "is empty, and so is reference; fill in one of them.")
    rows = file.finish()
    return (
        {row["email"].casefold() for row in rows if row["email"]},
        {row["reference"] for row in rows if row["reference"]},
    )


@dataclass(frozen=True)
class Bounced:
    """What came of a list of e-mails that came back."""

    marked: int  # invitations that e-mail does not reach any more
    before: int  # that were marked already
    unknown: int  # lines of the list that nobody of the wave has


def mark_bounces(
    session: Session,
    keys: Keys,
    wave: Wave,
    addresses: Collection[str],
    references: Collection[str],
    *,
    actor: str,
) -> Bounced:
    """Send no more e-mail to these addresses. Letters still reach those who live there."""
    marked = before = 0
    seen: set[str] = set()
    for invitation, contact in _contacts(session, wave):
        mail = read_contact(keys, contact).email.casefold()
        hits = {mail} & set(addresses) | {invitation.reference} & set(references)
        if not hits:
            continue
        seen |= hits
        marked += not contact.mail_bounced
        before += contact.mail_bounced
        contact.mail_bounced = True
    unknown = len((set(addresses) | set(references)) - seen)
    session.flush()
    audit.note(session, actor, "e-mails came back", told(wave), marked=marked, unknown=unknown)
    return Bounced(marked, before, unknown)


def ask_no_reminder(
    session: Session, wave: Wave, references: Collection[str], *, actor: str
) -> int:
    """Remind these no more, as they asked; returns how many were not marked before.

    Raises StudyError.
    """
    wanted = set(references)
    found = session.scalars(
        select(Invitation).where(
            Invitation.wave_id == wave.id, Invitation.reference.in_(sorted(wanted))
        )
    ).all()
    unknown = sorted(wanted - {one.reference for one in found})
    if unknown:
        raise StudyError(
            "\n".join(
                f"There is no invitation {reference!r} in wave {wave.number} of {wave.study.key}. "
                "Give the reference that stood in the file of invitations."
                for reference in unknown
            )
        )
    new = [one for one in found if not one.no_reminder]
    for one in new:
        one.no_reminder = True
    session.flush()
    audit.note(session, actor, "reminders ended", told(wave), invitations=len(new))
    return len(new)


def delete_contacts(session: Session, wave: Wave, *, actor: str) -> int:
    """Delete names, addresses and codes of a wave that is over; returns how many there were.

    With them goes who was written to in which round: it says who had not answered. Raises
    StudyError while the wave is open, since reminders could not be sent any more.
    """
    wave = hold_wave(session, wave.id)
    if wave.status in {"planned", "open"}:
        raise StudyError(
            f"Wave {wave.number} is {wave.status}; without contact data nobody could be reminded. "
            f"Close it first with: beboerpuls wave close {wave.study.key} {wave.number}"
        )
    number = erase_contacts(session, wave)
    audit.note(session, actor, "contact data deleted", told(wave), contacts=number)
    return number


def erase_contacts(session: Session, wave: Wave) -> int:
    """Contact data go, and who was written to in which round; returns how many had contact data."""
    mine = select(Invitation.id).where(Invitation.wave_id == wave.id)
    number = session.scalar(select(func.count()).where(Contact.invitation_id.in_(mine))) or 0
    session.execute(delete(Contact).where(Contact.invitation_id.in_(mine)))
    rounds = select(Round.id).where(Round.wave_id == wave.id)
    session.execute(delete(Addressee).where(Addressee.round_id.in_(rounds)))
    return number


def _contacts(session: Session, wave: Wave) -> Sequence[tuple[Invitation, Contact]]:
    rows = session.execute(
        select(Invitation, Contact)
        .join(Contact, Contact.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave.id)
        .order_by(Invitation.id)
    )
    return [(invitation, contact) for invitation, contact in rows]
