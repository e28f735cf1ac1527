"""Sheets to scan: printed once a session, read as the product reads them."""

from __future__ import annotations

import datetime as dt
import io

import cv2
import numpy as np
import pypdfium2
import pytest
from scanned_sheets import Stock

from instruments import make_form
from survey.languages import Languages
from survey.printing.content import Asking, sheet_content
from survey.printing.typesetting import Typesetter
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
