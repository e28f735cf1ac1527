"""The jobs that coordinators order for a round, as a worker does them."""

from __future__ import annotations

import zipfile
from dataclasses import replace

from survey.jobs import JobError
from survey.letters.mail import MailServerError
from survey.letters.mailing import Pace, as_told, send_mails
from survey.letters.merge_files import FORMATS, merge_file, write_merge_file
from survey.letters.orders import Written, written
from survey.letters.printing import listed, set_letters
from survey.letters.rounds import RoundError
from survey.worker import Work


def make_letters(work: Work) -> None:
    """A zip archive: a PDF a dwelling, and the list of them."""
    found = _written(work)
    made = []
    with (
        work.file(f"letters-{_named(found)}.zip", "application/zip") as file,
        # A PDF is compressed already.
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
    ):
        for letter in set_letters(found, work.shop.languages, work.tell):
            if letter.pdf:
                archive.writestr(_entry(letter.file), letter.pdf)
            made.append(replace(letter, pdf=b""))
        archive.writestr(_entry("letters.csv"), listed(made))
    lacking = sum(bool(letter.lacks) for letter in made)
    work.counts = {
        "letters": len(made) - lacking,
        "without_address": len(found.recipients) - len(made),
        **({"unprintable": lacking} if lacking else {}),
    }


def make_merge_file(work: Work) -> None:
    """A file of one row a recipient, for a print house, for text messages, or for e-mails."""
    found = _written(work)
    form = str(work.job.wanted.get("form", "csv"))
    file = merge_file(found, work.job.kind, work.shop.languages)
    with work.file(f"{work.job.kind}-{_named(found)}.{form}", FORMATS[form]) as target:
        write_merge_file(file, form, target)
    work.counts = {"rows": len(file.rows), "left_out": file.left_out}
    work.tell(len(file.rows), len(file.rows))


def send_round(work: Work) -> None:
    """E-mails, at the server's pace."""
    mail = work.shop.settings.mail
    if mail is None:
        raise JobError("job.error.no_mail")
    found = _written(work)
    pace = Pace(work.pause, work.tell)
    try:
        states = send_mails(
            work.shop.database, work.shop.keys, found, mail, work.shop.languages, pace
        )
    except MailServerError as failure:
        raise JobError("job.error.mail_server", said=str(failure)[:300]) from None
    work.counts = {
        **{f"mail_{state}": number for state, number in as_told(states).items()},
        "without_mail": len(found.recipients) - sum(states.values()),
    }


def _written(work: Work) -> Written:
    with work.shop.database.reading() as session:
        try:
            return written(
                session,
                work.shop.keys,
                work.shop.forms,
                int(work.job.wanted["round"]),
                address=str(work.job.wanted["address"]),
            )
        except RoundError as failure:
            raise JobError(f"rounds.error.{failure.reason}", **failure.values) from None


def _named(found: Written) -> str:
    return f"{found.wave}-round-{found.number}"


def _entry(name: str) -> zipfile.ZipInfo:
    """A file of an archive, without a time of day, for its owner alone."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o600 << 16
    return entry
