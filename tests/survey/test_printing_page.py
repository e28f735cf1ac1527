"""The coordinator prints sheets from the desk: an order, a job, a sealed file."""

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from survey.models import Job, PrintRun, Sheet, SheetEvent
from survey.worker import files_of

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def bodil(employ, paper_wave, signed_in):
    """The coordinator's browser."""
    employ("Bodil", (paper_wave.study, "coordinator"))
    return signed_in("Bodil")


@pytest.fixture
def page(paper_wave):
    return f"/coordination/waves/{paper_wave.wave.id}/sheets"


@pytest.fixture
def print_(bodil, page, token, do_jobs):
    """A function that orders sheets and waits for the job; returns the answer and the job."""

    def run(**wanted):
        given = {"csrf_token": token(bodil.get(page)), "language": "da"}
        answer = bodil.post(page, data=given | wanted)
        do_jobs()
        return answer

    return run


def test_sheets_for_the_invited_come_as_one_sealed_file_with_a_list(
    bodil, print_, paper_wave, make, token, settings
):
    for _ in range(2):
        make.invitation(paper_wave.wave, paper_wave.area)
    answer = print_(way="invitations", large="1")
    with paper_wave.database.reading() as session:
        job = session.scalars(select(Job)).one()
        serials = session.scalars(select(Sheet.serial).order_by(Sheet.serial)).all()
        events = session.scalars(select(SheetEvent)).all()
    assert answer.location == f"/staff/jobs/{job.id}"
    assert (job.state, job.counts["sheets"]) == ("done", 2)
    assert [(one.state, one.actor) for one in events] == [("printed", "Bodil")] * 2
    taken = bodil.post(
        f"/staff/jobs/{job.id}/file", data={"csrf_token": token(bodil.get(answer.location))}
    )
    names = zipfile.ZipFile(io.BytesIO(taken.get_data())).namelist()
    assert {f"{serial}.pdf" for serial in serials} | {"sheets.csv"} <= set(names)
    # Nothing lies beside the sealed file.
    assert [path.suffix for path in files_of(settings).iterdir()] == [".sealed"]


def test_stock_is_printed_for_an_area_and_noted_as_sent_run_by_run(
    bodil, print_, paper_wave, token
):
    print_(way="stock", stock="3", area=paper_wave.area.key, joined="1")
    path = f"/paper/waves/{paper_wave.wave.id}/printed"
    shown = bodil.get(path)
    with paper_wave.database.reading() as session:
        run = session.scalars(select(PrintRun)).one()
    sent = {"csrf_token": token(shown), "wave": str(paper_wave.wave.id)}
    assert bodil.post(f"/paper/runs/{run.id}/sent", data=sent).location == path
    assert "3 ark er noteret som sendt" in bodil.get(path).get_data(as_text=True)
    with paper_wave.database.reading() as session:
        assert set(session.scalars(select(Sheet.state))) == {"sent"}
    told = bodil.get(path).get_data(as_text=True)
    assert re.search(r"Sendt \d+\. \w+\.? \d{4} af Bodil", told)
    assert "Notér" not in told
    assert bodil.post("/paper/runs/99/sent", data=sent).status_code == 404


def test_what_cannot_be_printed_is_told_field_by_field_and_orders_nothing(
    bodil, print_, paper_wave
):
    answer = print_(way="stock", stock="0", area="", language="xx")
    assert answer.status_code == 422
    said = answer.get_data(as_text=True)
    assert "Skriv et tal fra 1 til" in said
    assert "Vælg et område" in said
    assert "Vælg et sprog" in said
    with paper_wave.database.reading() as session:
        assert session.scalars(select(Job)).all() == []


def test_a_job_that_finds_nothing_to_print_says_so(bodil, print_, paper_wave):
    answer = print_(way="invitations")
    page = bodil.get(answer.location).get_data(as_text=True)
    assert "Ingen inviterede i bølgen venter på at svare" in page
    with paper_wave.database.reading() as session:
        assert session.scalars(select(PrintRun)).all() == []


def test_only_coordinators_of_the_study_print(paper_wave, employ, signed_in, make, page):
    employ("Karen", (paper_wave.study, "fieldworker"))
    employ("Else", (make.study(), "coordinator"))
    for name in ("Karen", "Else"):
        assert signed_in(name).get(page).status_code == 403
