"""Scanned sheets at the desk: files added, what became of them, and what a person decides."""

import datetime as dt
import io
import re
import uuid

import pytest
from scans import as_pdf, decisions
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from survey.models import Job, Keying, ScanPage
from survey.scanning.deletion import keep_until

pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def desk(employ, signed_in, scanning):
    """A fieldworker of the scanning's study, signed in."""
    employ("Karen", (scanning.study, "fieldworker"))
    return signed_in("Karen")


@pytest.fixture
def add(desk, token):
    """A function that adds files at the desk."""

    def add(*files, client=desk, **chosen):
        sent = {"csrf_token": token(client.get("/scans/"))} | chosen
        parts = [FileStorage(io.BytesIO(content), name) for name, content in files]
        # Encoded here: the client would leave a large one's file open.
        boundary, body = encode_multipart(
            MultiDict([*sent.items(), *(("files", one) for one in parts)])
        )
        return client.post(
            "/scans/", data=body, content_type=f"multipart/form-data; boundary={boundary}"
        )

    return add


def typed(decided):
    """What a keyer would type for such answers."""
    return {
        column: " ".join(map(str, value)) if isinstance(value, tuple) else "-"
        if value == -8
        else str(value)
        for column, value in decided.items()
    }  # fmt: skip


def test_files_are_read_as_a_job_and_decided_at_the_desk(
    scanning, desk, add, token, do_jobs, database
):
    sheet = scanning.sheet()
    pages, truth = scanning.pages(sheet)
    assert add(("bundt.pdf", as_pdf(pages)), ("låst.pdf", b"%PDF-1.7 Hej")).status_code == 302
    assert "Lagt ind som fil 1 og 2" in desk.get("/scans/").get_data(as_text=True)
    assert do_jobs() == 2
    start = desk.get("/scans/").get_data(as_text=True)
    assert f"Ark {sheet.serial}" in start
    assert '<strong class="behind">Kunne ikke læses</strong>' in start
    with database.reading() as session:
        failed = session.scalars(select(Job).where(Job.state == "failed")).one()
        assert failed.error["key"] == "scans.file.damaged"
    of_file = desk.get("/scans/1").get_data(as_text=True)
    assert sheet.serial in of_file
    assert "Det er set på" not in of_file  # nothing is the matter with it
    assert f"/scans/sheet/{sheet.serial}" in of_file
    with database.writing() as session:
        # Read in another study's pile: nothing of this file waits, and the paper is to be moved.
        other = ScanPage(id=uuid.uuid4(), scan_id=2, number=1, serial=sheet.serial, key_id="")
        other.outcome = "foreign"
        session.add(other)
    broken = desk.get("/scans/2")
    assert f"/scans/sheet/{sheet.serial}" not in broken.get_data(as_text=True)
    assert "Indtil da beder listen om" in broken.get_data(as_text=True)
    assert "Det er set på" in broken.get_data(as_text=True)
    seen = desk.post("/scans/2/looked-at", data={"csrf_token": token(broken)})
    listed = desk.get(seen.location).get_data(as_text=True)
    assert ("Set på af Karen" in listed, 'class="behind"' in listed) == (True, False)
    assert "Det er set på</button>" not in desk.get("/scans/2").get_data(as_text=True)
    address = f"/scans/sheet/{sheet.serial}"
    page = desk.get(address)
    decided = decisions(scanning, sheet, truth)
    assert all(f'name="{column}"' in page.get_data(as_text=True) for column in decided)
    crop = desk.get(f"{address}/{next(iter(decided))}.jpg")
    assert crop.mimetype == "image/jpeg"
    assert crop.headers["Cache-Control"] == "no-store"
    sent = {"csrf_token": token(page)}
    empty = desk.post(address, data=sent | typed(decided) | {"background_moved_in": ""})
    blank = desk.post(address, data=sent | typed(decided) | {"background_moved_in": "  "})
    for nothing in (empty, blank):
        assert nothing.status_code == 422
        assert "Der står intet" in nothing.get_data(as_text=True)
    wrong = desk.post(address, data=sent | typed(decided) | {"background_moved_in": "1066"})
    assert wrong.status_code == 422
    assert desk.post(address, data=sent | typed(decided)).status_code == 302
    with database.reading() as session:
        assert session.scalars(select(Keying.keyed_by)).all() == ["scanner"]
    assert desk.get(address).status_code == 409


def test_the_same_file_again_no_file_and_no_day_are_told(scanning, add, desk, token):
    content = as_pdf(scanning.pages(scanning.sheet())[0])
    assert add(("a.pdf", content)).status_code == 302
    again = add(("b.pdf", content))
    assert again.status_code == 422
    assert "b.pdf er den samme fil som fil 1" in again.get_data(as_text=True)
    text = add(("noter.txt", b"Hej"), ("side.jpg", b"\xff\xd8\xff"))
    assert text.status_code == 422
    assert "noter.txt: Filen er hverken PDF" in text.get_data(as_text=True)
    assert "Lagt ind som fil 2" in text.get_data(as_text=True)
    sent = {"csrf_token": token(desk.get("/scans/"))}
    nothing = desk.post("/scans/", data=sent, content_type="multipart/form-data")
    assert "Vælg mindst én fil" in nothing.get_data(as_text=True)


def test_the_next_pile_goes_to_the_study_of_the_last(scanning, employ, make, signed_in, add):
    both = [(one, "fieldworker") for one in (make.study(title="Aaben"), scanning.study)]
    employ("Ida", *both)
    ida = signed_in("Ida")
    chosen = f'<option value="{scanning.study.id}" selected>'
    assert chosen not in ida.get("/scans/").get_data(as_text=True)
    sent = add(("a.pdf", b"%PDF-1.7"), client=ida, study=str(scanning.study.id))
    assert sent.status_code == 302
    assert chosen in ida.get("/scans/").get_data(as_text=True)


def test_an_upload_without_the_pages_token_is_refused(desk):
    answer = desk.post(
        "/scans/", data={"files": [(io.BytesIO(b"%PDF-"), "a.pdf")]},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 400


def test_too_much_at_once_is_told(add, monkeypatch):
    monkeypatch.setattr("survey.fieldwork.scans.LARGEST_UPLOAD", 1024)
    answer = add(("a.pdf", b"%PDF-" + b"0" * 4096))
    assert answer.status_code == 413
    assert "større end" in answer.get_data(as_text=True)


def test_other_studies_see_neither_pages_nor_pictures_and_past_the_day_nobody_does(
    scanning, desk, make, employ, signed_in, database
):
    sheet = scanning.sheet()
    scanning.read(as_pdf(scanning.pages(sheet)[0]))
    employ("Ole", (make.study(), "fieldworker"))
    other = signed_in("Ole")
    with database.reading() as session:
        page = session.scalars(select(ScanPage.id)).first()
    assert other.get("/scans/1").status_code == 404
    assert other.get(f"/scans/page/{page}.jpg").status_code == 404
    assert other.get(f"/scans/sheet/{sheet.serial}").status_code == 403
    assert other.get(f"/scans/sheet/{sheet.serial}/background_gender.jpg").status_code == 404
    employ("Eva", (scanning.study, "researcher"))
    assert signed_in("Eva").get("/scans/").status_code == 403
    address = f"/scans/page/{page}.jpg"
    assert address in desk.get("/scans/1").get_data(as_text=True)
    assert desk.get(address).status_code == 200
    with database.writing() as session:
        keep_until(session, scanning.study, dt.date(2026, 1, 1), actor="operator")
    # Nothing has deleted it yet.
    assert address not in desk.get("/scans/1").get_data(as_text=True)
    assert desk.get(address).status_code == 404
    assert desk.get(f"/scans/sheet/{sheet.serial}").status_code == 409


def test_the_commands_keep_read_list_and_delete(commands, scanning, tmp_path):
    sheet = scanning.sheet()
    file = tmp_path / "scan.pdf"
    file.write_bytes(as_pdf(scanning.pages(sheet)[0]))
    (tmp_path / "cat.txt").write_text("kat")
    told = commands.json("scans", "read", "puls", file, tmp_path / "cat.txt")
    assert [page["became"] for page in told["files"][1]["pages"]] == ["read", "read"]
    assert "cat.txt: The file is neither PDF" in told["files"][0]["problem"]
    assert told["waiting"][0]["serial"] == sheet.serial
    same = commands.works("scans", "read", "puls", file)
    assert re.search(r"same file as file 1, which came on \d{4}-\d\d-\d\d\. It was not read", same)
    listed = commands.json("scans", "list", "puls")
    assert [(one["file"], one["state"]) for one in listed] == [(1, "read")]
    assert "No study's day" in commands.works("scans", "delete")
    gone_by = ("scans", "keep", "puls", "--until", "2026-01-01")
    assert "are deleted at once" in commands.refused(*gone_by, answer="n\n")
    gone = commands.works(*gone_by, "--yes")
    assert "has come: they are shown to nobody" in gone
    assert "are gone that day" not in gone
    (deleted,) = commands.json("scans", "delete")
    assert (deleted["study"], deleted["pages"]) == ("puls", 2)


def test_a_file_whose_job_failed_is_told_and_read_again(add, desk, token, do_jobs):
    content = b"%PDF-1.7"
    assert add(("a.pdf", content)).status_code == 302
    assert "samme fil" in add(("a.pdf", content)).get_data(as_text=True)  # a worker will read it

    def broken(_work):
        raise RuntimeError

    do_jobs({"scan": broken})
    assert "Læsningen gik i stå" in desk.get("/scans/").get_data(as_text=True)
    page = desk.get("/scans/1")
    assert "Læs filen igen" in page.get_data(as_text=True)
    assert desk.post("/scans/1", data={"csrf_token": token(page)}).status_code == 302
    assert "Læs filen igen" not in desk.get("/scans/1").get_data(as_text=True)
    do_jobs({"scan": broken})
    assert add(("a.pdf", content)).status_code == 302
    assert "Læsningen gik i stå" not in desk.get("/scans/").get_data(as_text=True)
