"""Letters are read back: as text, as pictures, and by a QR reader."""

import csv
import datetime as dt
import io
import re
import zipfile

import numpy as np
import pypdf
import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import update

from survey.contacts import Reached
from survey.jobs import file_key
from survey.languages import Languages
from survey.letters.printing import file_names
from survey.letters.rounds import Recipient
from survey.letters.typesetting import LetterSetter, UnprintableError
from survey.letters.wording import Asking, letter_content
from survey.models import Wave
from survey.sealed_files import open_pieces

ALL = ("ar", "bs", "da", "en", "fa", "pl", "so", "tr", "uk", "ur")
CODE = "AB12CD34EF56"
ASKING = Asking(
    "Boligfonden Bæk",
    "Ring 70 20 30 40, hverdage 9-15",
    "consent",
    dt.date(2026, 12, 18),
    12,
    ALL,
    "https://svar.example.dk",
    reminder=False,
)


@pytest.fixture(scope="module")
def texts():
    return Languages()


@pytest.fixture(scope="module")
def set_letter(texts):
    """A function that sets one letter; returns its PDF and its content."""
    setter = LetterSetter()

    def set_letter(*languages, person=False, reminder=False, asking=ASKING, **reached):
        where = {"address": "Birkevang 3, 2. tv.", "postcode": "9000", "city": "Aalborg"}
        contact = Reached(CODE, languages=languages, **where | reached)
        recipient = Recipient(1, "R0017", "0667-001", "Birkevang", person, contact, False)
        told = Asking(**vars(asking) | {"reminder": reminder})
        content = letter_content(recipient, told, texts)
        return setter.letter(content, told.link(CODE)), content

    return set_letter


def pages(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf)).pages


def text(pdf):
    read = "\n".join(page.extract_text() for page in pages(pdf))
    return " ".join(re.sub("[-\u00ad\u2010]\n", "", read).split())


def test_a_danish_letter_says_who_asks_why_how_and_how_to_say_no(set_letter, texts):
    pdf, _ = set_letter("da")
    said, words = text(pdf), texts.words("da").plain
    for sentence in (
        "Boligfonden Bæk",
        "Birkevang 3, 2. tv.",
        "9000 Aalborg",
        words("letter.to"),
        words("letter.who.dwelling"),
        words("about.why"),
        words("know.confidential"),
        words("letter.no"),
        "Svar senest fredag den 18. december 2026.",
        "svar.example.dk",
        "AB12 CD34 EF56",
        "Ring 70 20 30 40",
        "R0017",
    ):
        assert sentence in said
    assert "anonym" not in said
    assert len(pages(pdf)) == 1


@pytest.mark.parametrize("language", [code for code in ALL if code != "da"])
def test_a_letter_is_pdf_ua_on_one_sheet_in_the_dwellings_language(set_letter, texts, language):
    pdf, content = set_letter(language)
    document = pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in document["/Metadata"].get_data()
    assert document["/Lang"] == "da"
    assert [part["language"] for part in content["parts"]] == ["da", language]
    assert len(pages(pdf)) == 2
    assert content["parts"][1]["who"] == texts.words(language).plain("letter.who.dwelling")
    # Every word is set in a font that has it.
    assert ".notdef" not in pdf.decode("latin-1")


def test_any_three_languages_beside_danish_fit_on_one_sheet(set_letter, texts):
    # The three that need most room, by signs; Nastaliq needs the most for each.
    others = sorted(
        (code for code in ALL if code not in {"da", "ur"}),
        key=lambda code: -len(texts.words(code).plain("letter.who.dwelling")),
    )
    for trio in (("ur", *others[:2]), tuple(others[:3]), ("ar", "fa", "ur")):
        for how in ({"reminder": True}, {"person": True, "name": "A" * 60}):
            pdf, _ = set_letter(*trio, **how)
            assert len(pages(pdf)) == 2, (trio, how)


def test_both_sides_carry_the_code_as_qr(set_letter):
    pdf, _ = set_letter("so", "ar")
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        picture = np.ascontiguousarray(page.render(scale=150 / 72).to_numpy()[:, :, :3])
        read = [found.text for found in zxingcpp.read_barcodes(picture)]
        assert read == [f"https://svar.example.dk/c/{CODE}"]
    document.close()


def test_where_nobody_knows_the_language_every_language_has_a_line(set_letter, texts):
    pdf, content = set_letter()
    assert [line["language"] for line in content["lines"]] == [c for c in ALL if c != "da"]
    assert texts.words("tr").plain("letter.short") in text(pdf)


def test_a_letter_names_the_person_where_a_person_is_invited(set_letter):
    pdf, _ = set_letter("da", person=True, name="Aase Holm")
    assert "Brevet er til dig, Aase Holm." in text(pdf)
    assert "fødselsdag" not in text(pdf)


def test_a_named_dwelling_still_lets_the_next_birthday_decide(set_letter):
    assert "fødselsdag" in text(set_letter("da", name="Aase Holm")[0])


def test_a_reminder_tells_those_who_have_answered_to_do_nothing(set_letter):
    pdf, _ = set_letter("da", reminder=True)
    assert "Har du allerede svaret, skal du ikke gøre mere." in text(pdf)


@pytest.mark.parametrize(
    "name",
    [
        "محمد العلي",
        "Żółć Þorvaldur Ðæmon",
        "Олександра Коваль",
        'Ole "#sys.inputs" \\ #panic() $x$ *b* _i_ `c` <l> @ref // /* [',
        "\u200cمی‌خواهم",
        "=HYPERLINK(1)",
    ],
    ids=["arabic", "letters", "cyrillic", "typst", "joiner", "formula"],
)
def test_a_hostile_or_foreign_name_is_words_and_nothing_else(set_letter, name):
    for language in ("da", "ar", "ur"):
        pdf, content = set_letter(language, person=True, name=name)
        assert content["address"][0] == name
        assert len(pages(pdf)) == (1 if language == "da" else 2)


def test_names_of_another_direction_are_held_together(set_letter):
    _, content = set_letter("ar", person=True, name="Aase Holm")
    assert "\u2068Aase Holm\u2069" in content["parts"][1]["who"]
    _, content = set_letter("da", person=True, name="محمد")
    assert "\u2068محمد\u2069" in content["parts"][0]["who"]


@pytest.mark.parametrize("name", ["李 小龙", "ሰላም Mål", "Aase \N{SPARKLES}"])
def test_a_letter_with_signs_that_our_fonts_lack_is_not_printed_with_boxes(name, set_letter):
    with pytest.raises(UnprintableError) as refused:
        set_letter("da", person=True, name=name)
    assert set(refused.value.signs) <= set(name)


def test_one_name_that_cannot_be_printed_keeps_nobody_from_their_letter(
    correspondence, order, do_jobs, job, asked, shop, keys
):
    correspondence.invite(name="李 小龙")
    correspondence.invite()
    wanted = {"round": correspondence.draw(), "address": "https://svar.example.dk"}
    number = order(asked, "letters", wave=correspondence.wave, **wanted)
    do_jobs()
    done = job(number)
    assert done.counts == {"letters": 1, "without_address": 0, "unprintable": 1}
    content = b"".join(open_pieces(shop.folder / done.place, file_key(keys, done)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["00002-R002.pdf", "letters.csv"]
        text = archive.read("letters.csv").decode("utf-8-sig")
    first = next(iter(csv.DictReader(io.StringIO(text), delimiter=";")))
    assert (first["file"], first["reference"], first["unprintable"][0]) == ("", "R001", "李")


def test_files_are_named_so_that_every_system_takes_them():
    reached = Reached(CODE)
    names = ["../../etc/passwd", "R 17/æ", "R 17/æ", "", "-rf", "a" * 200]
    found = file_names([Recipient(1, one, "a", "A", False, reached, False) for one in names])
    assert all(re.fullmatch(r"\d{5}-[A-Za-z0-9-]{1,40}\.pdf", one) for one in found)
    assert len(set(found)) == len(names)


def test_the_job_makes_an_archive_of_letters_and_their_list(
    correspondence, order, do_jobs, job, shop, keys, asked
):
    correspondence.invite(languages=("en", "ar"), name="=Aase")
    correspondence.invite(address="", postcode="", city="", email="a@example.dk")
    round_id = correspondence.draw()
    wanted = {"round": round_id, "address": "https://svar.example.dk"}
    number = order(asked, "letters", wave=correspondence.wave, **wanted)
    do_jobs()
    done = job(number)
    assert (done.state, done.counts) == ("done", {"letters": 1, "without_address": 1})
    content = b"".join(open_pieces(shop.folder / done.place, file_key(keys, done)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["00001-R001.pdf", "letters.csv"]
        assert archive.read("00001-R001.pdf").startswith(b"%PDF")
        rows = list(
            csv.reader(io.StringIO(archive.read("letters.csv").decode("utf-8-sig")), delimiter=";")
        )
    assert rows[1:] == [["00001-R001.pdf", "R001", "0667-001", "da en", ""]]


def test_a_job_on_a_wave_that_closed_says_so(correspondence, order, do_jobs, job, database, asked):
    correspondence.invite()
    round_id = correspondence.draw()
    number = order(
        asked, "letters", wave=correspondence.wave, round=round_id, address="https://a.dk"
    )
    with database.writing() as session:
        session.execute(update(Wave).values(status="closed"))
    do_jobs()
    assert job(number).error == {"key": "rounds.error.not_open", "values": {}}
