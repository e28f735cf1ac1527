import csv
import io

import openpyxl
import pytest

from survey.languages import Languages
from survey.letters.merge_files import merge_file, safe_cell, write_merge_file


@pytest.fixture
def rows(correspondence):
    """A function that writes a round to a file and reads it back, as a spreadsheet would."""

    def rows(kind, form="csv", round_id=None):
        written = correspondence.written(round_id or correspondence.draw())
        target = io.BytesIO()
        write_merge_file(merge_file(written, kind, Languages()), form, target)
        if form == "xlsx":
            sheet = openpyxl.load_workbook(io.BytesIO(target.getvalue())).active
            assert all(cell.data_type in {"s", "n"} for line in sheet.iter_rows() for cell in line)
            found = [[cell or "" for cell in line] for line in sheet.values]
        else:
            text = target.getvalue().decode("utf-8-sig")
            found = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
        return [dict(zip(found[0], line, strict=True)) for line in found[1:]]

    return rows


def test_a_print_house_gets_everything_that_a_letter_needs(correspondence, rows):
    correspondence.invite(name="Aase Holm", code="AB12CD34EF56", languages=("en",), pseudonym=b"p")
    assert rows("letter_file") == [
        {
            "reference": "R001",
            "area": "0667-001",
            "to": "Aase Holm",
            "address_1": "Birkevang 3, 2. tv.",
            "address_2": "",
            "address_3": "",
            "address_4": "",
            "postcode": "9000",
            "city": "Aalborg",
            "languages": "da en",
            "asked": "person",
            "code": "AB12 CD34 EF56",
            "link": "https://svar.example.dk/c/AB12CD34EF56",
        }
    ]


def test_a_text_message_is_in_the_dwellings_language_and_says_how_to_say_no(correspondence, rows):
    correspondence.invite(phone="4512345678", code="AB12CD34EF56", languages=("en",))
    correspondence.invite()
    assert rows("sms_file") == [
        {
            "phone": "4512345678",
            "text": "Boligfonden asks what it is like to live here. Your answer is confidential: "
            "https://svar.example.dk/c/AB12CD34EF56 Help or no thanks: Ring 70 20 30 40",
        }
    ]


def test_who_cannot_be_reached_so_is_counted(correspondence):
    correspondence.invite()
    file = merge_file(correspondence.written(correspondence.draw()), "mail_file", Languages())
    assert (file.rows, file.left_out) == ((), 1)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_no_cell_is_taken_for_a_formula(correspondence, rows, form):
    correspondence.invite(name="=cmd|' /C calc'!A0", city="+1", address="@SUM(1)\n-1")
    row = rows("letter_file", form)[0]
    for column in ("to", "city", "address_1", "address_2"):
        assert row[column].startswith("'" if form == "csv" else ("=", "+", "@", "-"))


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("Aase", "Aase"),
        ("=1", "'=1"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("", ""),
    ],
)
def test_what_begins_a_formula_gets_an_apostrophe(cell, safe):
    assert safe_cell(cell) == safe


def test_separators_and_quotes_in_names_stay_in_their_cell(correspondence, rows):
    correspondence.invite(name='A;B,"C"\u2028', city="محمد; العلي")
    assert rows("letter_file")[0]["to"] == 'A;B,"C"\u2028'
