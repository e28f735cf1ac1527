"""Files that came: what became of their pages, of the sheets, and of the pictures on their day."""

import datetime as dt
import uuid

import cv2
import numpy as np
import pytest
from scans import DAY, NOW, as_pdf, decisions
from sqlalchemy import func, select

from instruments import NOT_ANSWERED
from survey import answering
from survey.batches import draw
from survey.job_kinds import CHORES
from survey.keyed import opened
from survey.languages import Languages
from survey.models import (
    AuditEntry,
    Batch,
    Response,
    Scan,
    ScanPage,
    Sheet,
    SheetEvent,
)
from survey.paper import KeyedByYouError, Pass, save_keying
from survey.printing.orders import Order
from survey.printing.runs import print_sheets
from survey.scanning.crops import field_crop
from survey.scanning.deciding import NothingToDecideError, StillOpenError, to_decide
from survey.scanning.deletion import delete_due, keep_until
from survey.scanning.file_kinds import FileError, gathered, scattered
from survey.scanning.files import ScanError, Upload, pile, read_scan
from survey.scanning.kept_pictures import strip
from survey.secrets import NotOpenedError
from survey.serials import make_serial
from survey.worker import Worker

# Where a database has no say in it, one will do: reading costs what it costs.
on_one_database = pytest.mark.sqlite_file


def test_a_sheet_scanned_upside_down_and_backwards_becomes_the_scanners_keying(scanning):
    sheet = scanning.sheet()
    pages, truth = scanning.pages(sheet)
    assert scanning.read(as_pdf(pages[::-1])) == ["read", "read"]
    (waiting,) = scanning.waiting()
    assert (waiting.serial, waiting.pages, waiting.of) == (sheet.serial, 2, 2)
    assert waiting.unsure > 0
    assert scanning.keyings() == []
    decided = decisions(scanning, sheet, truth)
    scanning.decide(sheet, decided)
    (keying,) = scanning.keyings()
    assert (keying.keyed_by, keying.number, keying.keyer_id) == ("scanner", 1, scanning.keyer.id)
    kept = opened(scanning.keys, keying)
    assert set(kept.by_person) == set(decided)
    for column, value in kept.values.items():
        wanted = decided.get(column, truth[column].value)
        assert value == (list(wanted) if isinstance(wanted, tuple) else wanted), column
    assert scanning.waiting() == []
    with scanning.database.reading() as session:
        response = session.scalars(select(Response)).one()
        assert (response.mode, response.status) == ("paper", "submitted")
        states = session.scalars(select(SheetEvent.state).order_by(SheetEvent.id)).all()
        assert states == ["returned", "keyed_once", "settled"]


def test_sheets_that_are_wholly_sure_need_nobody_and_are_sampled_together(
    scanning, background_stock
):
    first = scanning.sheet()
    second = scanning.sheet(batch=half_twice(scanning, first))
    blank = [
        background_stock.numbered(one.serial, page) for one in (first, second) for page in (1, 2)
    ]
    jpegs = [cv2.imencode(".jpg", page)[1].tobytes() for page in blank]
    assert scanning.read(as_pdf(jpegs)) == ["read"] * 4
    keyings = scanning.keyings()
    assert [(one.keyed_by, one.keyer_id) for one in keyings] == [("scanner", None)] * 2
    for keying in keyings:
        assert set(opened(scanning.keys, keying).values.values()) == {NOT_ANSWERED}
    with scanning.database.writing() as session:
        assert draw(session, session.scalars(select(Batch)).one(), actor="Bodil") == 1
        drawn = session.scalars(select(Sheet.second_keying).order_by(Sheet.second_keying)).all()
    assert drawn == [False, True]


def half_twice(scanning, sheet):
    """The sheet's batch, of which half is keyed twice."""
    with scanning.database.writing() as session:
        batch = session.get(Sheet, sheet.id).batch
        batch.second_keying_share = 0.5
    return batch


@on_one_database
def test_whoever_decided_for_the_scanner_cannot_key_the_same_sheet(scanning):
    sheet = scanning.sheet()
    with scanning.database.writing() as session:
        session.get(Sheet, sheet.id).batch.second_keying_share = 1.0
    pages, truth = scanning.pages(sheet)
    scanning.read(as_pdf(pages))
    scanning.decide(sheet, decisions(scanning, sheet, truth))
    keyed = Pass(id=uuid.uuid4(), values={}, finished=NOW, day=NOW.date())
    with pytest.raises(KeyedByYouError), scanning.database.writing() as session:
        save_keying(
            session,
            scanning.keys,
            scanning.form,
            sheet.serial,
            scanning.keyer.id,
            scanning.studies,
            keyed,
        )


def test_missing_doubled_foreign_void_unknown_and_blank_pages_are_listed(scanning, make):
    whole, torn, void = scanning.sheet(), scanning.sheet(), scanning.sheet(state="void")
    other_study = make.study()
    other = scanning.sheet(make.open_wave(other_study, scanning.form), make.area(other_study))
    paper = np.full((1700, 1200), 245, np.uint8)
    empty = cv2.imencode(".jpg", paper)[1].tobytes()
    (first, second), _ = scanning.pages(whole)
    (alone, _), _ = scanning.pages(torn)
    (foreign, _), _ = scanning.pages(other)
    (gone, _), _ = scanning.pages(void)
    (unknown, _), _ = scanning.pages(Sheet(serial=make_serial(777777)))
    content = as_pdf([second, empty, first, first, alone, foreign, gone, unknown])
    assert sorted(scanning.read(content)) == sorted(
        ["read", "blank", "read", "twice", "read", "foreign", "void", "unknown_sheet"]
    )
    lacking = [one for one in scanning.waiting() if not one.whole]
    assert [(one.serial, one.pages, one.of) for one in lacking] == [(torn.serial, 1, 2)]
    with scanning.database.reading() as session:
        rows = {row.outcome: row for row in session.scalars(select(ScanPage))}
        assert rows["foreign"].sealed_picture is None
        assert rows["foreign"].sheet_id is None
        assert rows["unknown_sheet"].sealed_picture is None
        assert rows["twice"].sealed_picture is not None


@on_one_database
def test_a_sheet_printed_by_another_layout_is_an_old_version(scanning, make):
    printed = scanning.sheet()
    never = make.sheet(scanning.wave, scanning.area)
    assert printed.serial != never.serial
    (first, _), _ = scanning.pages(never)
    assert scanning.read(first) == ["old_version"]


def test_the_same_file_twice_is_told_and_the_same_sheet_again_is_twice(scanning):
    sheet = scanning.sheet()
    pages, _ = scanning.pages(sheet)
    content = as_pdf(pages)
    assert scanning.read(content) == ["read", "read"]
    with pytest.raises(ScanError) as told:
        scanning.receive(content, "igen.pdf")
    assert told.value.key == "same_file"
    again, _ = scanning.pages(sheet, seed=2)
    assert scanning.read(again[0], "igen.jpg") == ["twice"]


@on_one_database
def test_a_sheet_that_was_keyed_keeps_its_picture_for_settling(scanning):
    sheet = scanning.sheet()
    with scanning.database.writing() as session:
        save_keying(
            session,
            scanning.keys,
            scanning.form,
            sheet.serial,
            scanning.keyer.id,
            scanning.studies,
            Pass(id=uuid.uuid4(), values={}, finished=NOW, day=NOW.date()),
        )
    pages, _ = scanning.pages(sheet)
    assert scanning.read(as_pdf(pages)) == ["kept", "kept"]
    assert scanning.waiting() == []
    with scanning.database.reading() as session:
        row = session.get(Sheet, sheet.id)
        whole, answers = (
            cv2.imdecode(np.frombuffer(found, np.uint8), cv2.IMREAD_GRAYSCALE)
            for found in (
                field_crop(session, scanning.keys, row, "background_gender",
                           today=NOW.date(), answers_alone=alone)
                for alone in (False, True)
            )
        )  # fmt: skip
    # Without the question what is left is the same strip from its first box on.
    assert answers.shape[0] == whole.shape[0]
    assert answers.shape[1] < 0.8 * whole.shape[1]
    apart = np.abs(whole[:, -answers.shape[1] :].astype(int) - answers)
    assert apart.mean() < 1


@pytest.mark.parametrize(("from_right", "codes"), [(False, range(1, 6)), (True, range(5, 0, -1))])
def test_a_grids_row_has_its_codes_above_its_boxes_from_whichever_side_they_run(from_right, codes):
    page = cv2.imencode(".jpg", np.full((1782, 1260), 255, np.uint8))[1].tobytes()
    size = {"y": 100.0, "width": 4.2, "height": 4.2, "kind": "tick"}
    boxes = [{"x": 80.0 + 20 * at, "code": code, **size} for at, code in enumerate(codes)]
    shown = cv2.imdecode(
        np.frombuffer(strip(page, boxes, answers_alone=True, from_right=from_right), np.uint8),
        cv2.IMREAD_GRAYSCALE,
    )
    inked = [int((shown[:30, 120 * at : 120 * at + 72] < 128).sum()) for at in range(5)]
    # A 1 is the slimmest of the five, and stands at the side where the sheet begins.
    assert min(inked) > 20
    assert inked.index(min(inked)) == (4 if from_right else 0)


@on_one_database
def test_nothing_is_taken_in_before_the_study_has_a_day_nor_after_it(make, scanning):
    with pytest.raises(ScanError) as told:
        scanning.receive(b"%PDF-", study=make.study())
    assert told.value.key == "no_day"
    with scanning.database.writing() as session:
        keep_until(session, scanning.study, NOW.date(), actor="operator")
    with pytest.raises(ScanError) as told:
        scanning.receive(b"%PDF-")
    assert told.value.key == "day_over"


def test_a_worker_deletes_on_the_day_unordered_and_answers_stay(scanning, shop):
    sheet, waiting = scanning.sheet(), scanning.sheet()
    pages, truth = scanning.pages(sheet)
    others, _ = scanning.pages(waiting)
    scanning.read(as_pdf(pages + others))
    scanning.decide(sheet, decisions(scanning, sheet, truth))
    left = scanning.receive(b"%PDF-1.7 waits")
    with scanning.database.writing() as session:
        assert delete_due(session, DAY - dt.timedelta(days=1)) == []
    with scanning.database.reading() as session:
        # From the day on nothing is shown, whether or not anybody deleted it.
        row = session.get(Sheet, sheet.id)
        shown = [
            field_crop(session, scanning.keys, row, "background_gender", today=day)
            for day in (DAY - dt.timedelta(days=1), DAY)
        ]
        assert (shown[0] is None, shown[1]) == (False, None)
        with pytest.raises(NothingToDecideError):
            to_decide(session, scanning.keys, waiting.serial, scanning.studies, today=DAY)
    worker = Worker(shop, {}, CHORES)
    worker.work(until_idle=True)
    with scanning.database.writing() as session:
        assert session.get(Scan, left.id).state == "waiting"
        keep_until(session, scanning.study, dt.date(2026, 1, 1), actor="operator")
    worker.work(until_idle=True)  # it has looked within the hour
    with scanning.database.reading() as session:
        assert session.get(Scan, left.id).state == "waiting"
    Worker(shop, {}, CHORES).work(until_idle=True)
    with scanning.database.reading() as session:
        kept = session.scalar(
            select(func.count())
            .select_from(ScanPage)
            .where(ScanPage.sealed_picture.is_not(None) | ScanPage.sealed_readings.is_not(None))
        )
        assert kept == 0
        assert session.get(Scan, left.id).sealed is None
        assert session.scalar(select(func.count()).select_from(Response)) == 1
        assert session.scalar(select(func.count()).select_from(ScanPage)) == 4
    with scanning.database.writing() as session:
        assert delete_due(session, DAY) == []
    with pytest.raises(NothingToDecideError):
        decisions(scanning, waiting, truth)


def test_files_pictures_and_readings_are_sealed(scanning):
    sheet = scanning.sheet()
    pages, _ = scanning.pages(sheet)
    content = as_pdf(pages)
    scan = scanning.receive(content)
    with scanning.database.reading() as session:
        sealed = session.get(Scan, scan.id).sealed
    assert content[:100] not in sealed
    assert b"%PDF" not in sealed
    read_scan(scanning.database, scanning.keys, scanning.forms, scan.id, now=lambda: NOW)
    with scanning.database.reading() as session:
        assert session.get(Scan, scan.id).sealed is None
        row = session.scalars(select(ScanPage)).first()
        assert b"\xff\xd8\xff" not in row.sealed_picture[:40]
        assert b"background" not in row.sealed_readings
        other = session.scalars(select(ScanPage).where(ScanPage.id != row.id)).first()
        with pytest.raises(NotOpenedError):  # moved to another page's row
            scanning.keys.open_bytes(
                row.key_id, row.sealed_picture, other.id, table="scan_page.picture"
            )


def test_reading_that_broke_off_goes_on_and_keeps_nothing_twice(scanning):
    sheet = scanning.sheet()
    pages, _ = scanning.pages(sheet)
    content = as_pdf(pages)
    scan = scanning.receive(content)

    class StopError(Exception):
        pass

    def stop(_pages):
        raise StopError

    def read(tell):
        read_scan(
            scanning.database, scanning.keys, scanning.forms, scan.id, now=lambda: NOW, tell=tell
        )

    with pytest.raises(StopError):
        read(stop)
    assert len(scanning.outcomes(scan.id)) == 1
    # It came again since nobody read it, and another who thought so reads it at the same time.
    assert scanning.receive(content, "igen.pdf").id == scan.id
    read(lambda _pages: read(lambda _pages: None))
    assert scanning.outcomes(scan.id) == ["read", "read"]


@on_one_database
def test_an_answer_that_the_form_does_not_know_is_refused(scanning):
    sheet = scanning.sheet()
    pages, truth = scanning.pages(sheet)
    scanning.read(as_pdf(pages))
    decided = decisions(scanning, sheet, truth) | {"background_moved_in": 1066}
    with pytest.raises(answering.InvalidAnswersError):
        scanning.decide(sheet, decided)
    assert scanning.keyings() == []
    del decided["background_moved_in"]
    with pytest.raises(StillOpenError) as told:
        scanning.decide(sheet, decided)
    assert told.value.columns == {"background_moved_in"}
    assert scanning.keyings() == []


@on_one_database
def test_what_is_printed_can_be_scanned(make, database, keys, tmp_path, scanning):
    """The whole way: print, and scan the paper as it came out of the printer."""
    printed = print_sheets(
        database,
        scanning.wave.id,
        scanning.form,
        Languages().words("da"),
        Order(stock=1, area=scanning.area.key),
        tmp_path / "prints",
        actor="operator",
    )
    pdf = (tmp_path / "prints" / f"{printed.serials[0]}.pdf").read_bytes()
    assert scanning.read(pdf) == ["read", "read"]
    (keying,) = scanning.keyings()
    assert set(opened(keys, keying).values.values()) == {NOT_ANSWERED}


def test_photographs_that_come_together_are_one_file():
    uploads, refused = pile(
        [Upload(f"{place}.jpg", b"\xff\xd8\xff") for place in range(3)]
        + [Upload("Karen Holm.docx", b"PK\x03\x04"), Upload("bundt.pdf", b"%PDF-")]
    )
    assert [one.name for one in uploads] == ["bundt.pdf", "0.jpg … 2.jpg"]
    assert scattered(uploads[1].content) == [b"\xff\xd8\xff"] * 3
    assert [failure.values["problem"] for failure in refused] == ["packed"]
    for broken in (uploads[1].content[:-1], gathered([b"", b""])[:12], gathered([b""] * 3000)):
        with pytest.raises(FileError):
            scattered(broken)


@on_one_database
def test_of_a_file_nothing_is_kept_but_what_is_needed(scanning):
    scan = scanning.receive(b"%PDF-1.7", "Karen Holms hofte.pdf")
    with scanning.database.reading() as session:
        row = session.execute(select(*Scan.__table__.columns).where(Scan.id == scan.id)).one()
        noted = session.scalars(select(AuditEntry)).all()
    assert "Karen Holm" not in repr(row) + repr([vars(one) for one in noted])
