"""Uploaded files: taken in sealed, read page by page, and given back as what was found in them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey import audit
from survey.database import Database
from survey.forms import Forms
from survey.models import Scan, ScanPage, ScanRules, Study
from survey.scanning.file_kinds import OF_ONE_PAGE, FileError, gathered, kind_of
from survey.scanning.layouts import layouts_of
from survey.scanning.matching import go_on, keep_page, sheets_read
from survey.scanning.reading_room import UnreadableFileError, read_file
from survey.secrets import Keys

LARGEST_FILE = 200 * 1024 * 1024
_MOST_TOGETHER = 200  # photographs in one file


class ScanError(Exception):
    """A file that is not taken in; a message's key under `scans.error`, and its values."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass(frozen=True)
class Upload:
    """A file as it came. Its name may hold a person's: it is told of in answers, and kept nowhere."""

    name: str
    content: bytes


def pile(uploads: Iterable[Upload]) -> tuple[list[Upload], list[ScanError]]:
    """Files that came together as they are taken in: photographs as one; and what none can be."""
    photographs: list[list[Upload]] = [[]]
    others: list[Upload] = []
    refused = []
    for upload in uploads:
        try:
            of_one_page = kind_of(upload.content) in OF_ONE_PAGE
        except FileError as failure:
            refused.append(ScanError("file", name=upload.name, problem=failure.problem))
            continue
        if not of_one_page:
            others.append(upload)
            continue
        size = sum(len(one.content) for one in photographs[-1]) + len(upload.content)
        if len(photographs[-1]) == _MOST_TOGETHER or size > LARGEST_FILE // 2:
            photographs.append([])
        photographs[-1].append(upload)
    return others + [_together(some) for some in photographs if some], refused


def _together(photographs: list[Upload]) -> Upload:
    names = [one.name for one in photographs]
    name = " … ".join([names[0], names[-1]] if len(names) > 1 else names)
    return Upload(name, gathered([one.content for one in photographs]))


def receive(
    session: Session, keys: Keys, study: Study, upload: Upload, *, actor: str, now: dt.datetime
) -> Scan:
    """Keep a file sealed until it is read; one that came before and still waits is that one.

    Raises ScanError.
    """
    rules = session.get(ScanRules, study.id)
    if rules is None:
        raise ScanError("no_day", study=study.key)
    if rules.delete_on <= now.date():
        raise ScanError("day_over", study=study.key, day=rules.delete_on)
    if len(upload.content) > LARGEST_FILE:
        raise ScanError("large", name=upload.name, most=LARGEST_FILE // 1024**2)
    digest = hashlib.sha256(upload.content).hexdigest()
    # Noted first, which lets one writer in at a time: the same file twice is seen.
    audit.note(session, actor, "scan received", study.key, size=len(upload.content))
    before = session.scalars(
        select(Scan).where(Scan.study_id == study.id, Scan.digest == digest, Scan.state != "failed")
    ).first()
    if before is not None and before.state == "waiting":
        return before
    if before is not None:
        raise ScanError("same_file", name=upload.name, before=before.id, at=before.at)
    key_id, sealed = keys.seal_bytes(upload.content, digest, table="scan")
    scan = Scan(
        study_id=study.id,
        actor=actor,
        at=now,
        size=len(upload.content),
        digest=digest,
        key_id=key_id,
        sealed=sealed,
    )
    session.add(scan)
    session.flush()
    return scan


def read_scan(
    database: Database,
    keys: Keys,
    forms: Forms,
    scan_id: int,
    *,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    tell: Callable[[int], None] = lambda _pages: None,
    look: Callable[[], None] = lambda: None,
) -> Scan:
    """Read a file that waits: each page is kept as soon as it is read, and the file let go in the end.

    Begun again after it broke off, or by two at once, it keeps nothing twice. `tell` hears how many pages are read;
    `look` may raise to stop. Raises MissingLibrariesError, in which case the file goes on waiting.
    """
    with database.reading() as session:
        scan = session.get_one(Scan, scan_id)
        if scan.sealed is None:
            return scan
        content = keys.open_bytes(scan.key_id, scan.sealed, scan.digest, table="scan")
        layouts = layouts_of(session, forms, scan.study_id)
        done = set(session.scalars(select(ScanPage.number).where(ScanPage.scan_id == scan_id)))
    problem = ""
    try:
        for told in read_file(content, layouts, look=look):
            if told["number"] in done:
                continue
            with database.writing() as session:
                _keep(session, keys, scan_id, told, now())
            done.add(told["number"])
            tell(len(done))
    except UnreadableFileError as failure:
        problem = failure.problem
    # A sheet's pages may lie anywhere in a file: it is keyed when all of them have been looked for.
    with database.reading() as session:
        serials = sheets_read(session, scan)
    for serial in serials:
        with database.writing() as session:
            go_on(session, keys, forms, serial, scan.study_id, now())
    return _let_go(database, scan_id, problem)


def _keep(
    session: Session, keys: Keys, scan_id: int, told: Mapping[str, Any], now: dt.datetime
) -> None:
    """Keep a page, unless another who reads the same file has, or has let it go."""
    scan = session.get_one(Scan, scan_id, with_for_update=True)
    kept = exists().where(ScanPage.scan_id == scan_id, ScanPage.number == told["number"])
    if scan.state == "waiting" and not session.scalar(select(kept)):
        keep_page(session, keys, scan, told, now)


def scans_of(session: Session, study_ids: frozenset[int], most: int = 50) -> list[Scan]:
    """The newest files of these studies."""
    return list(
        session.scalars(
            select(Scan).where(Scan.study_id.in_(study_ids)).order_by(Scan.id.desc()).limit(most)
        )
    )


def look_at(scan: Scan, *, actor: str, now: dt.datetime) -> None:
    """Note that somebody has seen what a file holds that is no sheet; who was first stays."""
    if scan.state != "waiting" and scan.looked_at is None:
        scan.looked_at, scan.looked_at_by = now, actor


def _let_go(database: Database, scan_id: int, problem: str) -> Scan:
    with database.writing() as session:
        scan = session.get_one(Scan, scan_id, with_for_update=True)
        if scan.state != "waiting":
            return scan
        pages = session.scalar(select(func.count()).where(ScanPage.scan_id == scan_id)) or 0
        if not pages and not problem:
            problem = "no_pages"
        # A file that gave up in the middle keeps the pages that it gave.
        scan.state, scan.problem = ("failed", problem) if problem else ("read", "")
        scan.sealed = None
        session.flush()
        return scan
