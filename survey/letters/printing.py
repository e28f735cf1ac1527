"""All letters of a round: a PDF a dwelling, and the list of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from survey.languages import Languages
from survey.letters.merge_files import safe_cell
from survey.letters.orders import Tell, Written
from survey.letters.rounds import Recipient
from survey.letters.typesetting import LetterSetter, UnprintableError
from survey.letters.wording import languages_of, letter_content

_AT_ONCE = 2
# So many wait to be taken away; more would fill the memory where the disk is slow.
_AHEAD = 8


@dataclass(frozen=True)
class Letter:
    """One letter as PDF, and what the list says of it.

    Where `lacks` names signs that we have no font for, there is no PDF: a letter with boxes in
    somebody's name is none.
    """

    file: str
    recipient: Recipient
    languages: tuple[str, ...]
    pdf: bytes
    lacks: str = ""


def set_letters(written: Written, texts: Languages, tell: Tell) -> Iterator[Letter]:
    """Set a letter for each who has an address, in the order of their areas.

    The typesetter lets other threads run while it works: no second process is needed.
    """
    setter, asking = LetterSetter(), written.asking
    addressed = [one for one in written.recipients if one.reached.address_lines()]
    names = file_names(addressed)

    def one(place: int) -> Letter:
        recipient = addressed[place]
        content = letter_content(recipient, asking, texts)
        told = languages_of(recipient, asking)
        try:
            pdf = setter.letter(content, asking.link(recipient.reached.code))
        except UnprintableError as error:
            return Letter("", recipient, told, b"", error.signs)
        return Letter(names[place], recipient, told, pdf)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: list[Future[Letter]] = []
        try:
            for place in range(len(addressed)):
                waiting.append(pool.submit(one, place))
                if len(waiting) > _AHEAD:
                    yield waiting.pop(0).result()
                    tell(place + 1 - len(waiting), len(addressed))
            while waiting:
                yield waiting.pop(0).result()
                tell(len(addressed) - len(waiting), len(addressed))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def file_names(recipients: list[Recipient]) -> list[str]:
    """A name a letter that every system takes, in the order of printing."""
    return [
        f"{number:05}-{re.sub(r'[^A-Za-z0-9]+', '-', one.reference).strip('-')[:40] or 'x'}.pdf"
        for number, one in enumerate(recipients, 1)
    ]


def listed(letters: list[Letter]) -> bytes:
    """The list beside the letters, as CSV."""
    file = io.StringIO(newline="")
    lines = csv.writer(file, delimiter=";")
    lines.writerow(["file", "reference", "area", "languages", "unprintable"])
    for one in letters:
        who = one.recipient
        row = [one.file, who.reference, who.area_key, " ".join(one.languages), one.lacks]
        lines.writerow([safe_cell(cell) for cell in row])
    return file.getvalue().encode("utf-8-sig")
