"""Sheets to scan: printed once a session, read as the product reads them."""

from __future__ import annotations

import datetime as dt
import io

import cv2
import numpy as np
import pypdfium2
import pytest
from scanned_sheets import Stock
from sqlalchemy import select

from instruments import LIBRARY, make_form
from survey.forms import Forms
from survey.languages import Languages
from survey.models import (
    BlankSheet,
    Keying,
    PrintedSheet,
    PrintRun,
    ScanPage,
    SheetLayout,
)
from survey.printing.content import Asking, sheet_content
from survey.printing.typesetting import Typesetter
from survey.scanning.deciding import decide, open_sheets, to_decide
from survey.scanning.deletion import keep_until
from survey.scanning.files import Upload, read_scan, receive
from survey.scanning.layouts import taking_several
from survey.scanning.opening import Opened
from survey.scanning.pages import PrintedLayout, read_picture
from survey.scanning.reading_room import Layout

ASKING = Asking("Boligforeningen Bæk", "70 20 30 40", "consent", dt.date(2026, 12, 18), 2026)


def stock_of(names, language="da", *, large=False):
    """Sheets of these questionnaires, in one language and size."""
    form = make_form(names, [language])
    content = sheet_content(form, Languages().words(language), ASKING, large=large)
    return Stock(Typesetter(content), form)


def layout_of(stock):
    """What a reader is told of a stock's layout."""
    typesetter = stock.typesetter
    several = taking_several(stock.form)
    return Layout(typesetter.layout_id, typesetter.layout, typesetter.blank(), several)


def grey(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)


def as_pdf(jpegs):
    """A PDF with a picture a page, as scanners make them."""
    document = pypdfium2.PdfDocument.new()
    for jpeg in jpegs:
        picture = pypdfium2.PdfImage.new(document)
        picture.load_jpeg(io.BytesIO(jpeg), inline=True)
        width, height = picture.get_px_size()
        scale = 842 / max(width, height)
        picture.set_matrix(pypdfium2.PdfMatrix().scale(width * scale, height * scale))
        page = document.new_page(width * scale, height * scale)
        page.insert_obj(picture)
        page.gen_content()
    written = io.BytesIO()
    document.save(written)
    document.close()
    return written.getvalue()


@pytest.fixture(scope="session")
def background_stock():
    """The background's sheets: every kind of question, two pages."""
    return stock_of(["background"])


@pytest.fixture(scope="session")
def reads(background_stock):
    """A function that reads a picture, in this process."""
    known = {}

    def reads(picture, stock=background_stock):
        if id(stock) not in known:
            one = layout_of(stock)
            known[id(stock)] = {one.id: PrintedLayout(one.layout, one.blank, one.multiple)}
        if isinstance(picture, bytes):
            picture = grey(picture)
        return read_picture(Opened(1, picture), known[id(stock)])

    return reads


NOW = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
DAY = dt.date(2027, 6, 30)


@pytest.fixture
def scanning(make, database, keys, background_stock):
    """A study whose sheets are of the background's stock, and a day on which pictures go."""
    return Scanning(make, database, keys, background_stock)


class Scanning:
    """A study with sheets printed, filled in and scanned."""

    def __init__(self, make, database, keys, stock):
        self.make, self.database, self.keys, self.stock = make, database, keys, stock
        self.forms = Forms(LIBRARY)
        self.study = make.study(key="puls")
        self.area = make.area(self.study)
        self.form = make_form(["background"], ["da"])
        self.wave = make.open_wave(self.study, self.form)
        self.keyer = make.account(self.study, "fieldworker")
        self.studies = {self.study.id}
        with database.writing() as session:
            keep_until(session, self.study, DAY, actor="operator")

    def sheet(self, wave=None, area=None, **values):
        """A sheet printed by the stock's layout."""
        wave, area = wave or self.wave, area or self.area
        sheet = self.make.sheet(wave, area, **values)
        typesetter = self.stock.typesetter
        with self.database.writing() as session:
            if session.get(SheetLayout, typesetter.layout_id) is None:
                session.add(
                    SheetLayout(
                        id=typesetter.layout_id,
                        wave_id=wave.id,
                        language="da",
                        large=False,
                        layout=typesetter.layout,
                    )
                )
                session.flush()
                session.add(BlankSheet(layout_id=typesetter.layout_id, pdf=typesetter.blank()))
            run = PrintRun(
                wave_id=wave.id,
                layout_id=typesetter.layout_id,
                actor="operator",
                started=NOW,
                finished=NOW,
                sheets=1,
            )
            session.add(run)
            session.flush()
            session.add(PrintedSheet(print_run_id=run.id, sheet_id=sheet.id))
        return sheet

    def pages(self, sheet, seed=1):
        """Its pages as somebody filled them in, scanned well."""
        filled = self.stock.filled(sheet.serial, seed)
        return [taken.jpeg for taken in filled.scanned(photo=False)], filled.truth

    def receive(self, content, name="scan.pdf", study=None):
        """Take a file in, as its upload does."""
        with self.database.writing() as session:
            upload = Upload(name, content)
            return receive(session, self.keys, study or self.study, upload, actor="Karen", now=NOW)

    def read(self, content, name="scan.pdf"):
        """Take a file in and read it; its pages' outcomes."""
        scan = self.receive(content, name)
        read_scan(self.database, self.keys, self.forms, scan.id, now=lambda: NOW)
        return self.outcomes(scan.id)

    def outcomes(self, scan_id):
        with self.database.reading() as session:
            rows = session.scalars(
                select(ScanPage).where(ScanPage.scan_id == scan_id).order_by(ScanPage.number)
            )
            return [row.outcome for row in rows]

    def waiting(self):
        with self.database.reading() as session:
            return open_sheets(session, self.studies)

    def keyings(self):
        with self.database.reading() as session:
            return session.scalars(select(Keying)).all()

    def decide(self, sheet, decided, keyer=None):
        with self.database.writing() as session:
            return decide(
                session,
                self.keys,
                self.forms,
                sheet.serial,
                self.studies,
                decided,
                decided_by=(keyer or self.keyer).id,
                text_languages={"background_words": "da"},
                now=NOW,
            )


def decisions(scanning, sheet, truth):
    """What a person would key of the fields that are not sure."""
    with scanning.database.reading() as session:
        _, unsure = to_decide(
            session, scanning.keys, sheet.serial, scanning.studies, today=NOW.date()
        )
    values = {one["column"]: truth[one["column"]].value for one in unsure}
    return {
        column: 2 if column in {"background_adults", "background_children_number"} else value
        for column, value in values.items()
    } | ({"background_moved_in": 2014} if "background_moved_in" in values else {})
