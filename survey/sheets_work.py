"""Printing sheets as a job: set one by one, and packed as one sealed file before they count as printed."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from survey.forms import NoFormError
from survey.jobs import JobError
from survey.models import Wave
from survey.printing.orders import Order, PrintError
from survey.printing.runs import print_sheets
from survey.printing.skips import TooManyPathsError
from survey.studies import StudyError
from survey.worker import Work


def print_ordered(work: Work) -> None:
    """Print what was ordered. Raises JobError where it cannot be printed."""
    shop, job = work.shop, work.job
    if job.wave_id is None:
        raise JobError("job.error.fault")
    order = Order(**{**job.wanted, "serials": tuple(job.wanted.get("serials", ()))})
    folder = shop.folder / f"{job.id}-{job.worker}-sheets"
    try:
        with shop.database.reading() as session:
            wave = session.get_one(Wave, job.wave_id)
            form = shop.forms.of(session, wave.id)
            name = f"{wave.study.key}-wave{wave.number}-sheets-{job.id}.zip"
        with work.file(name, "application/zip") as sealed:
            printed = print_sheets(
                shop.database,
                job.wave_id,
                form,
                shop.languages.words(order.language),
                order,
                folder,
                actor=job.actor,
                progress=work.tell,
                pack=lambda made: _pack(made, sealed),
            )
    except PrintError as failure:
        raise JobError(failure.key, **failure.values) from failure
    except TooManyPathsError as failure:
        raise JobError("job.error.print.routing", question=failure.column) from failure
    except (StudyError, NoFormError) as failure:
        # What the page has not ruled out, as an area that went away since.
        raise JobError("job.error.print.wave") from failure
    finally:
        # It says whose sheet is whose; what is taken away lies sealed.
        shutil.rmtree(folder, ignore_errors=True)
    work.counts = {"sheets": len(printed.serials), "pages": printed.pages}


def _pack(folder: Path, into: object) -> None:
    # PDFs are packed already: to deflate them again costs seconds, and gains nothing.
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as pack:  # type: ignore[call-overload]  # it needs to be written to, and no more
        for path in sorted(folder.iterdir()):
            pack.write(path, path.name)
