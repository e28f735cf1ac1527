"""Sheets are read back: as text, as pictures, by a QR reader, and against their own layout."""

import datetime as dt
import io
import re
from dataclasses import replace

import numpy as np
import pypdf
import pypdfium2
import pytest
import zxingcpp

from instruments import Kind, make_form
from survey.fieldwork.sheet_fields import sheet_fields
from survey.languages import Languages
from survey.printing.content import Asking, sheet_content
from survey.printing.joining import JoinedSheets, NotJoinedError
from survey.printing.skips import Fact, Skip, skips
from survey.printing.typesetting import Typesetter, page_code
from survey.serials import make_serial

ALL = ["ar", "bs", "da", "en", "fa", "pl", "so", "tr", "uk", "ur"]
WHOLE = ("tryghed", "trivsel", "beboerdemokrati", "background")
SERIAL = make_serial(1)
ASKING = Asking("Boligforeningen Bæk", "70 20 30 40", "consent", dt.date(2026, 12, 18), 2026)
DOTS = 150 / 25.4  # a millimetre, at 150 dots an inch

# From OpenCV 5.0's DICT_4X4_50, printed by generateImageMarker; a scan is straightened by them.
ARUCO = [
    ["1011", "0101", "0011", "0010"],
    ["0000", "1111", "1001", "1010"],
    ["0011", "0011", "0010", "1101"],
    ["1001", "1001", "0100", "0110"],
]


def content(language="da", names=WHOLE, asking=ASKING, **how):
    form = make_form(names, [language])
    return sheet_content(form, Languages().words(language), asking, **how)


def pictures(pdf):
    document = pypdfium2.PdfDocument(pdf)
    shown = [page.render(scale=150 / 72).to_numpy()[:, :, :3] for page in document]
    document.close()
    return shown


def text(pdf):
    """All that a sheet says, its words whole again where a line parted them."""
    read = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(re.sub("[-\u00ad\u2010]\n", "", read).split())


@pytest.fixture(scope="module", params=ALL)
def printed(request):
    """The whole form in a language: its typesetter, and one sheet."""
    typesetter = Typesetter(content(request.param))
    return typesetter, typesetter.sheet(SERIAL)


@pytest.fixture(scope="module")
def shown(printed):
    """Its pages as a scanner would see them, were it perfect."""
    return pictures(printed[1])


def test_a_sheet_says_that_it_is_pdf_ua_and_in_which_language(printed):
    typesetter, pdf = printed
    document = pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert document["/Lang"] == typesetter.content["language"]
    assert document["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in document
    assert b"<pdfuaid:part>1</pdfuaid:part>" in document["/Metadata"].get_data()


def test_joined_sheets_begin_on_a_front_page_and_keep_their_tags():
    typesetter = Typesetter(content("so", ["background"]))
    serials = [SERIAL, make_serial(2)]
    alone = [typesetter.sheet(serial) for serial in serials]
    file = io.BytesIO()
    joined = JoinedSheets(file)
    for serial, pdf in zip(serials, alone, strict=True):
        joined.add(serial, pdf)
    with pytest.raises(NotJoinedError):
        joined.add(SERIAL, b"%PDF-1.7 of somebody else's")
    joined.close()
    whole = pypdf.PdfReader(file, strict=True)
    assert (typesetter.layout["pages"], len(whole.pages)) == (3, 8)
    assert [one.title for one in whole.outline] == serials
    assert [whole.get_destination_page_number(one) for one in whole.outline] == [0, 4]
    seen = pictures(file.getvalue())
    assert seen[3].min() == 255
    for at, pdf in enumerate(alone):
        assert np.array_equal(seen[4 * at : 4 * at + 3], pictures(pdf))
    assert tags(whole) == sum(tags(pypdf.PdfReader(io.BytesIO(pdf))) for pdf in alone)


def tags(reader):
    """How many tags a PDF has but the topmost; each is found from its page and by its name."""
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    (document,) = root["/K"]
    waiting, count, names, headers = list(document.get_object()["/K"]), 0, set(), set()
    while waiting:
        one = waiting.pop().get_object()
        if isinstance(one, int):  # what a page shows
            continue
        count += one["/S"] != "/Part"
        assert one["/P"]
        if "/ID" in one:
            assert one["/ID"] not in names
            names.add(one["/ID"])
        for kind in one.get("/A", ()):
            headers |= set(kind.get("/Headers", ()))
        waiting += one.get("/K", ())
    assert headers <= names
    named = root["/IDTree"]["/Names"] if names else []
    assert named[::2] == sorted(names)
    assert [one.get_object()["/ID"] for one in named[1::2]] == named[::2]
    listed = root["/ParentTree"]["/Nums"]
    by_key = dict(zip(listed[::2], listed[1::2], strict=True))
    for page in reader.pages:
        if "/StructParents" in page:
            tagged = by_key[page["/StructParents"]].get_object()
            assert {one["/Pg"].indirect_reference for one in tagged} == {page.indirect_reference}
    return count


def test_every_page_names_sheet_page_and_layout_in_its_code(printed, shown):
    typesetter, _ = printed
    assert len(shown) == typesetter.layout["pages"]
    for number, picture in enumerate(shown, 1):
        read = [found.text for found in zxingcpp.read_barcodes(np.ascontiguousarray(picture))]
        assert read == [page_code(SERIAL, number, len(shown), typesetter.layout_id)]


def test_every_answer_has_one_box_and_a_question_stands_on_one_page(printed):
    typesetter, _ = printed
    language = typesetter.content["language"]
    boxes = typesetter.layout["boxes"]
    for field in sheet_fields(make_form(WHOLE, [language]), language):
        own = [box for box in boxes if box["column"] == field.column]
        responses = field.item.responses
        if field.kind in {Kind.SINGLE, Kind.MULTIPLE}:
            wanted = [*responses.codes, *responses.apart]
        elif field.kind is Kind.RATING:
            wanted = [*range(responses.lowest, responses.highest + 1), *responses.apart]
        else:
            wanted = list(responses.apart)
        assert sorted(box["code"] for box in own if box["kind"] == "tick") == sorted(wanted)
        assert len({box["page"] for box in own}) == 1
        assert [box["kind"] for box in own].count("text") == (field.kind is Kind.TEXT)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("language", ["da", "ar"])
def test_a_ranking_has_a_box_an_option_and_a_month_six_digits(kinds, language, large):
    content = sheet_content(kinds, Languages().words(language), ASKING, large=large)
    boxes = Typesetter(content).layout["boxes"]
    wishes = [box for box in boxes if box["column"] == "kinds_wishes"]
    assert sorted((box["kind"], box["code"]) for box in wishes) == [
        *(("place", code) for code in (1, 2, 3, 4)),
        ("tick", -3),
    ]
    moved = [box for box in boxes if box["column"] == "kinds_moved" and box["kind"] == "digit"]
    assert [box["code"] for box in sorted(moved, key=lambda box: box["x"])] == [0, 1, 2, 3, 4, 5]


def test_paper_tells_how_a_ranking_is_written_and_which_month_opens_what_follows(kinds):
    typesetter = Typesetter(sheet_content(kinds, Languages().words("da"), ASKING))
    said = text(typesetter.sheet(SERIAL))
    assert "Skriv 1 ved det, du sætter først, 2 ved det næste og så videre til 3." in said
    assert "tallet i 5 er under 1/2020" in said
    assert "du svarede andet end »Legeplads« i 6" in said


def test_boxes_keep_apart_and_inside_the_marks(printed):
    for page in range(1, printed[0].layout["pages"] + 1):
        boxes = [box for box in printed[0].layout["boxes"] if box["page"] == page]
        for place, box in enumerate(boxes):
            assert 14 <= box["x"] <= 196 - box["width"]
            assert 24 <= box["y"] <= 279 - box["height"]
            for other in boxes[place + 1 :]:
                across = box["x"] + box["width"] <= other["x"] + 0.02 or (
                    other["x"] + other["width"] <= box["x"] + 0.02
                )
                down = box["y"] + box["height"] <= other["y"] or (
                    other["y"] + other["height"] <= box["y"]
                )
                assert across or down, (box, other)


def test_a_box_is_drawn_where_the_layout_says(printed, shown):
    typesetter, _ = printed
    grey_pages = [page.mean(axis=2) for page in shown]
    for box in typesetter.layout["boxes"]:
        grey = grey_pages[box["page"] - 1]
        left, top = box["x"] * DOTS, box["y"] * DOTS
        right, bottom = left + box["width"] * DOTS, top + box["height"] * DOTS
        inside = grey[round(top + 4) : round(bottom - 4), round(left + 4) : round(right - 4)]
        assert inside.min() > 250, box
        for x in (left, right):
            edge = grey[round(top + 8) : round(bottom - 8), round(x) - 2 : round(x) + 3]
            assert (edge.min(axis=1) < 140).all(), box


def test_four_marks_stand_in_the_corners_of_every_page(printed, shown):
    typesetter, _ = printed
    for picture in shown:
        for mark, bits in zip(typesetter.layout["marks"], ARUCO, strict=True):
            module = mark["size"] / 6
            for row in range(6):
                for column in range(6):
                    inner = 0 < row < 5 and 0 < column < 5
                    white = inner and bits[row - 1][column - 1] == "1"
                    x = round((mark["x"] + module * (column + 0.5)) * DOTS)
                    y = round((mark["y"] + module * (row + 0.5)) * DOTS)
                    assert bool(picture[y, x].mean() > 128) == white, (mark["id"], row, column)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("language", ALL)
def test_one_questionnaire_fits_on_two_sides(language, name):
    # Somali says the longest answers; its background runs on to a third.
    most = 3 if (language, name) == ("so", "background") else 2
    assert Typesetter(content(language, [name])).layout["pages"] <= most


@pytest.mark.parametrize("language", ["da", "ar"])
def test_large_print_asks_one_whole_question_after_another(language):
    large = Typesetter(content(language, ["tryghed"], large=True))
    blocks = [block for section in large.content["sections"] for block in section["blocks"]]
    assert not any(block["table"] for block in blocks)
    # What each question says of itself does not stand above them too.
    assert not any("…" in str(block["heading"]) for block in blocks)
    assert not any("…" in item["question"] for block in blocks for item in block["items"])
    assert {box["height"] for box in large.layout["boxes"]} == {6.5}
    assert len(pypdf.PdfReader(io.BytesIO(large.sheet(SERIAL))).pages) == large.layout["pages"]


def test_short_danish_answers_are_not_broken_inside_a_word():
    typesetter = Typesetter(content(names=("tryghed", "trivsel")))
    pages = pypdf.PdfReader(io.BytesIO(typesetter.sheet(SERIAL))).pages
    read = "\n".join(page.extract_text() for page in pages)
    assert re.findall("\\w+[-­‐]\n\\w+", read) == []


@pytest.mark.parametrize("language", ["ar", "pl", "uk"])
def test_a_large_sheet_begins_to_ask_on_its_first_page(language):
    large = Typesetter(content(language, large=True))
    assert large.layout["boxes"][0]["page"] == 1
    assert ".." not in large.content["opening"]["back"]


def test_questions_have_the_numbers_that_keyers_see():
    items = [
        item
        for section in content()["sections"]
        for block in section["blocks"]
        for item in block["items"]
    ]
    fields = sheet_fields(make_form(WHOLE, ["da"]), "da")
    assert [(one["number"], one["column"]) for one in items] == [
        (field.number, field.column) for field in fields
    ]


def test_routing_is_said_in_words(printed):
    told = {
        "da": [
            "Hvis »Nej« eller »Vil ikke svare«: gå til 73.",
            "Hvis du svarede »Nej« eller »Vil ikke svare« i 75: gå til 78.",
        ],
        "en": ["If “No” or “Prefer not to say”: go to 73."],
    }
    language = printed[0].content["language"]
    items = [
        item
        for section in printed[0].content["sections"]
        for block in section["blocks"]
        for item in block["items"]
    ]
    said = [sentence for item in items for sentence in (*item["above"], *item["below"])]
    assert len(said) == 3  # children, crimes, activities
    for sentence in told.get(language, []):
        assert sentence in said
        assert sentence in text(printed[1])


def test_nested_conditions_become_one_sentence_a_way_out(background):
    instrument = background.instruments[0]
    item = {"children": "victim", "education": "took_part"}
    both = Told({"all": [_in(item["children"], 1), {"not": _in(item["education"], 0)}]})
    either = Told({"any": [_in("victim", 1), {"item": "adults", "at_most": 2}]})
    victim, part, adults = (f"background_{one}" for one in ("victim", "took_part", "adults"))
    ways = _skips(instrument, both)
    assert ways == [
        (Fact(victim, "among", (0,)),),
        (Fact(part, "among", (0,)),),
    ]
    assert _skips(instrument, either) == [
        (Fact(victim, "among", (0,)), Fact(adults, "from", (3,))),
    ]


def test_a_sheet_tells_everything_a_resident_must_know_before_answering(printed):
    if printed[0].content["language"] != "da":
        return
    said = text(printed[1])
    for sentence in (
        "Boligforeningen Bæk spørger",
        "Dine svar er fortrolige",
        "Du siger ja ved at aflevere skemaet",
        "fredag den 18. december 2026",
        "70 20 30 40",
        "Side 1 af",
        SERIAL,
    ):
        assert sentence in said, sentence


def test_a_sheet_for_research_does_not_speak_of_consent():
    lines = content(asking=replace(ASKING, legal_basis="research"))["opening"]["lines"]
    assert any("§ 10" in line for line in lines)
    assert not any("siger ja" in line for line in lines)


def test_another_text_or_language_is_another_layout():
    names = ["beboerdemokrati"]
    ids = {
        Typesetter(content(language, names, large=large)).layout_id
        for language in ("da", "en")
        for large in (False, True)
    }
    assert len(ids) == 4
    assert Typesetter(content("da", names)).layout_id in ids


def _in(item, *codes):
    return {"item": item, "in": list(codes)}


class Told:
    """A condition as routing gives it, as far as paper asks."""

    def __init__(self, data):
        self._data = data

    def to_data(self):
        return self._data


def _skips(instrument, condition):
    """The facts of the skips before a form's last question, where that has this condition."""
    last = instrument.pages[-1]
    items = (*last.items[:-1], replace(last.items[-1], show_if=condition))
    pages = (*instrument.pages[:-1], replace(last, items=items))
    form = replace(
        make_form(["background"], ["da"]), instruments=(replace(instrument, pages=pages),)
    )
    found: tuple[Skip, ...] = skips(form)
    return [skip.facts for skip in found if skip.target is None]
