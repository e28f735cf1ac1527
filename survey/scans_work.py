"""The job that reads an uploaded file."""

from __future__ import annotations

import datetime as dt

from survey.jobs import JobError
from survey.models import Scan
from survey.scanning.deletion import delete_due
from survey.scanning.files import read_scan
from survey.scanning.libraries import MissingLibrariesError
from survey.worker import Work


def read_upload(work: Work) -> None:
    """Read the file that `wanted` names, page by page. A worker that is asked to end stops between two."""
    shop = work.shop
    with shop.database.writing() as session:
        delete_due(session, dt.datetime.now(dt.UTC).date())
        if session.get(Scan, work.job.wanted["scan"]) is None:
            return

    def tell(pages: int) -> None:
        # How many there are is known at the end; a count that grows says enough until then.
        work.tell(pages, pages + 1)

    try:
        scan = read_scan(
            shop.database, shop.keys, shop.forms, work.job.wanted["scan"], tell=tell, look=work.look
        )
    except MissingLibrariesError as missing:
        raise JobError("job.error.scanning", command=missing.command) from None
    if scan.state == "failed":
        raise JobError(f"scans.file.{scan.problem}", name=scan.name)
