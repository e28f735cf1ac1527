"""Files for those who print, post or text in the sender's name: a row a recipient.

Names and addresses come from elsewhere, and a spreadsheet takes a cell that begins with = for a
formula. In CSV such cells get an apostrophe before them; in Excel all cells are written as text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import xlsxwriter

from survey.contacts import MOST_LINES
from survey.languages import SOURCE, Languages
from survey.letters.orders import Written
from survey.letters.rounds import Recipient
from survey.letters.wording import (
    MailPart,
    languages_of,
    mail_parts,
    subject,
    text_message,
)
from survey.secrets import shown_code

FORMATS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Target(Protocol):
    """What a file is written to."""

    def write(self, content: bytes, /) -> int: ...


@dataclass(frozen=True)
class MergeFile:
    """Rows under their columns, and who could not be in it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int  # without an address of that kind, or with one that bounces


def merge_file(written: Written, kind: str, texts: Languages) -> MergeFile:
    """The rows for `sms_file`, `mail_file` or `letter_file`."""
    make, has, columns = _KINDS[kind]
    reached = [one for one in written.recipients if has(one)]
    rows = tuple(make(one, written, texts) for one in reached)
    return MergeFile(columns, rows, len(written.recipients) - len(rows))


def can_be_mailed(recipient: Recipient) -> bool:
    return bool(recipient.reached.email) and not recipient.mail_bounced


def write_merge_file(file: MergeFile, form: str, target: Target) -> None:
    """Write as `csv`, the way Danish spreadsheets open it by a double click, or as `xlsx`."""
    if form == "csv":
        text = io.StringIO(newline="")
        lines = csv.writer(text, delimiter=";")
        lines.writerow(file.columns)
        lines.writerows([safe_cell(cell) for cell in row] for row in file.rows)
        target.write(text.getvalue().encode("utf-8-sig"))
        return
    whole = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(whole, {"in_memory": True} | options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((file.columns, *file.rows)):
            for place, cell in enumerate(row):
                sheet.write_string(number, place, cell)
    target.write(whole.getvalue())


def safe_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_DANGEROUS) else cell


def _sms(recipient: Recipient, written: Written, texts: Languages) -> tuple[str, ...]:
    return recipient.reached.phone, text_message(recipient, written.asking, texts)


def _mail(recipient: Recipient, written: Written, texts: Languages) -> tuple[str, ...]:
    asking, reached = written.asking, recipient.reached
    return (
        reached.email,
        reached.name,
        subject(asking, texts),
        plain_text(mail_parts(recipient, asking, texts), asking.link(reached.code)),
        asking.link(reached.code),
    )


_LETTER = (
    "reference",
    "area",
    "to",
    *(f"address_{number}" for number in range(1, MOST_LINES + 1)),
    "postcode",
    "city",
    "languages",
    "asked",
    "code",
    "link",
)


def _letter(recipient: Recipient, written: Written, texts: Languages) -> tuple[str, ...]:
    reached = recipient.reached
    lines = reached.address.splitlines()
    return (
        recipient.reference,
        recipient.area_key,
        reached.name or texts.words(SOURCE).plain("letter.to"),
        *(lines + [""] * (MOST_LINES - len(lines))),
        reached.postcode,
        reached.city,
        " ".join(languages_of(recipient, written.asking)),
        "person" if recipient.person else "next birthday",
        shown_code(reached.code),
        written.asking.link(reached.code),
    )


def plain_text(parts: Sequence[MailPart], link: str) -> str:
    """An e-mail as plain text: each language after the other, the link on a line of its own."""
    told = [
        "\n\n".join((part.title, *part.before, f"{part.way}\n{link}", *part.after))
        for part in parts
    ]
    return "\n\n* * *\n\n".join(told)


def _has_phone(recipient: Recipient) -> bool:
    return bool(recipient.reached.phone)


def _has_address(recipient: Recipient) -> bool:
    return bool(recipient.reached.address_lines())


_Row = Callable[[Recipient, Written, Languages], tuple[str, ...]]
_KINDS: Mapping[str, tuple[_Row, Callable[[Recipient], bool], tuple[str, ...]]] = {
    "sms_file": (_sms, _has_phone, ("phone", "text")),
    "mail_file": (_mail, can_be_mailed, ("email", "name", "subject", "text", "link")),
    "letter_file": (_letter, _has_address, _LETTER),
}
