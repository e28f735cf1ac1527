"""Printing is noted: who, what, for whom; once, unless asked again; all of it or nothing."""

import csv
import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import func, inspect, select

from instruments import make_form
from survey import schema
from survey.audit import broken_at
from survey.languages import Languages
from survey.models import (
    AuditEntry,
    Batch,
    PrintedSheet,
    PrintRun,
    Sheet,
    SheetLayout,
    Wave,
)
from survey.printing.orders import Order
from survey.printing.runs import print_sheets
from survey.serials import could_be_serial
from survey.studies import StudyError


@pytest.fixture
def short():
    return make_form(["beboerdemokrati"], ["da", "ar"])


@pytest.fixture
def study(make):
    return make.study(key="puls")


@pytest.fixture
def area(make, study):
    return make.area(study, key="0667-001")


@pytest.fixture
def wave(make, study, area, short):
    return make.open_wave(study, short, number=1)


@pytest.fixture
def invited(make, wave, area):
    """Three people who wait for a sheet."""
    return [make.invitation(wave, area, reference=f"R{number}")[0] for number in (1, 2, 3)]


@pytest.fixture
def print_(database, wave, short, tmp_path):
    """A function that prints into a new folder each time."""
    folders = iter(range(100))

    def run(**order):
        wanted = Order(**order)
        return print_sheets(
            database,
            wave.id,
            short,
            Languages().words(wanted.language),
            wanted,
            tmp_path / f"prints{next(folders)}",
            actor="operator jens",
        )

    return run


def count(database, model):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def rows(folder):
    with (folder / "sheets.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_invitation_gets_a_sheet_of_its_own(database, print_, invited):
    printed = print_(invitations=True)
    assert all(could_be_serial(serial) for serial in printed.serials)
    files = {path.name for path in printed.folder.iterdir()}
    assert files == {
        "sheets.csv",
        f"layout-{printed.layout}.json",
        *(f"{serial}.pdf" for serial in printed.serials),
    }
    assert [row["reference"] for row in rows(printed.folder)] == ["R1", "R2", "R3"]
    assert stat.S_IMODE(printed.folder.stat().st_mode) == 0o700
    with database.reading() as session:
        sheets = session.scalars(select(Sheet).order_by(Sheet.serial)).all()
        assert [sheet.invitation_id for sheet in sheets] == [one.id for one in invited]
        run = session.get_one(PrintRun, printed.run)
        assert (run.actor, run.sheets, run.layout_id) == ("operator jens", 3, printed.layout)
        assert run.finished >= run.started
        kept = session.get_one(SheetLayout, printed.layout).layout
    beside = json.loads((printed.folder / f"layout-{printed.layout}.json").read_text())
    assert kept == beside
    pdf = pypdf.PdfReader(printed.folder / f"{printed.serials[0]}.pdf")
    assert len(pdf.pages) == printed.pages == beside["pages"]


def test_a_run_is_noted_in_the_audit(database, print_, invited):
    printed = print_(invitations=True, language="ar", large=True)
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "sheets printed")).one()
        assert (entry.actor, entry.detail["sheets"]) == ("operator jens", len(invited))
        assert (entry.detail["language"], entry.detail["large"]) == ("ar", True)
        assert entry.detail["first"] == printed.serials[0]
        assert broken_at(session) is None
        assert set(session.scalars(select(Sheet.language))) == {"ar"}


def test_neither_code_nor_reference_stands_on_a_sheet(make, print_, wave, area):
    _, code = make.invitation(wave, area, reference="HUS17-TV")
    printed = print_(invitations=True)
    pdf = pypdf.PdfReader(printed.folder / f"{printed.serials[0]}.pdf")
    text = "".join(page.extract_text() for page in pdf.pages)
    assert printed.serials[0] in text
    assert code not in text
    assert code[:4] not in text
    assert "HUS17" not in text


@pytest.mark.usefixtures("invited")
def test_nothing_is_printed_twice_unless_asked(database, print_):
    first = print_(invitations=True)
    with pytest.raises(StudyError, match=f"{first.serials[0]} to {first.serials[-1]}"):
        print_(invitations=True)
    assert print_(invitations=True, again=True).serials == first.serials
    assert (count(database, Sheet), count(database, PrintedSheet)) == (3, 6)


@pytest.mark.usefixtures("invited")
def test_who_was_invited_since_gets_the_only_new_sheet(make, wave, area, print_):
    print_(invitations=True)
    make.invitation(wave, area, reference="R9")
    assert [row["reference"] for row in rows(print_(invitations=True).folder)] == ["R9"]


def test_who_refused_or_has_a_code_revoked_gets_no_sheet(make, wave, area, print_):
    make.invitation(wave, area, reference="refused", outcome="refused")
    make.invitation(wave, area, reference="revoked", revoked=True)
    make.invitation(wave, area, reference="waits")
    assert [row["reference"] for row in rows(print_(invitations=True).folder)] == ["waits"]


def test_a_sheet_that_has_been_keyed_is_not_printed_again(make, wave, area, print_):
    sheet = make.sheet(wave, area, state="settled")
    with pytest.raises(StudyError, match=f"{sheet.serial} has been keyed"):
        print_(serials=(sheet.serial,), again=True)


def test_stock_is_for_nobody_and_belongs_to_an_area(database, print_, area):
    printed = print_(stock=2, area="0667-001")
    assert [row["reference"] for row in rows(printed.folder)] == ["", ""]
    with database.reading() as session:
        assert set(session.scalars(select(Sheet.area_id))) == {area.id}
        assert session.scalars(select(Batch.name)).all() == ["Løse skemaer"]


def test_sheets_that_were_added_before_are_printed_by_their_batch(
    make, database, wave, area, print_
):
    sheet = make.sheet(wave, area)
    with database.reading() as session:
        name = session.scalars(select(Batch.name)).one()
    assert print_(batch=name).serials == (sheet.serial,)
    with pytest.raises(StudyError, match="has no sheets"):
        print_(batch="Bundt 99")


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ({}, "in one way"),
        ({"invitations": True, "stock": 3, "area": "0667-001"}, "in one way"),
        ({"stock": 3}, "--area"),
        ({"stock": 0, "area": "0667-001"}, "must be 1 to 20000"),
        ({"stock": 1, "area": "0667-009"}, "no area '0667-009'"),
        ({"invitations": True}, "no invitations"),
        ({"serials": ("0000000",)}, "no sheet 0000000"),
        ({"invitations": True, "language": "so"}, "Its languages are: da, ar"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_nothing_kept(
    database, print_, tmp_path, order, problem
):
    with pytest.raises(StudyError, match=problem):
        print_(**order)
    kept = [count(database, model) for model in (Sheet, PrintRun, Batch, AuditEntry)]
    assert kept == [0, 0, 0, 0]
    assert list(tmp_path.glob("prints*")) == []
    assert list(tmp_path.glob(".prints*")) == []


@pytest.mark.usefixtures("invited")
def test_a_wave_that_is_closed_prints_no_more(database, print_, wave):
    with database.writing() as session:
        session.get_one(Wave, wave.id).status = "closed"
    with pytest.raises(StudyError, match="Wave 1 is closed"):
        print_(invitations=True)


@pytest.mark.usefixtures("invited")
def test_a_folder_with_something_in_it_is_left_alone(database, wave, short, tmp_path):
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(StudyError, match="not an empty folder"):
        _print_into(database, wave, short, folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert count(database, Sheet) == 0


@pytest.mark.usefixtures("invited")
def test_a_folder_inside_a_file_is_told(database, wave, short, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match="cannot be written"):
        _print_into(database, wave, short, tmp_path / "file" / "prints")
    assert count(database, Sheet) == 0


@pytest.mark.usefixtures("invited")
def test_a_disk_that_is_full_midway_leaves_neither_files_nor_rows(database, wave, short, tmp_path):
    def fill(_done, _all):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = tmp_path / "prints"
    with pytest.raises(StudyError, match="No space left on device"):
        _print_into(database, wave, short, folder, progress=fill)
    assert not folder.exists()
    assert list(tmp_path.glob(".prints*")) == []
    assert [count(database, model) for model in (Sheet, PrintRun, PrintedSheet)] == [0, 0, 0]


def _print_into(database, wave, form, folder, **options):
    words = Languages().words("da")
    order = Order(invitations=True)
    return print_sheets(database, wave.id, form, words, order, folder, actor="operator", **options)


def test_the_command_prints_and_lists_what_was_printed(commands, invited, tmp_path):
    folder = tmp_path / "prints" / "da"
    ordering = ("sheets", "print", "puls", 1, "--invitations", "--out")
    told = commands.works(*ordering, folder)
    assert told == f"Printed 3 sheets of 2 pages to {folder}. Run 1 is noted.\n"
    assert len(list(folder.glob("*.pdf"))) == len(invited)
    assert "--again" in commands.refused(*ordering, tmp_path / "more")
    more = tmp_path / "more"
    again = commands.json(*ordering, more, "--again", "--large", "--language", "ar", "--joined")
    assert [path.name for path in more.glob("*.pdf")] == ["joined-1.pdf"]
    pages = len(pypdf.PdfReader(more / "joined-1.pdf").pages)
    assert pages == 3 * (again["pages"] + again["pages"] % 2)
    assert (again["run"], len(again["serials"])) == (2, 3)
    runs = commands.json("sheets", "printed", "puls", 1)
    assert [(run["language"], run["large"], run["sheets"]) for run in runs] == [
        ("da", False, 3),
        ("ar", True, 3),
    ]
    assert all(run["finished"] and run["by"].startswith("operator") for run in runs)
    assert "Invitations" in commands.works("sheets", "printed", "puls", 1)


def test_the_command_says_what_to_do_before_a_wave_is_open(commands, make, study, tmp_path):
    make.wave(study, number=1)
    ordering = ("sheets", "print", "puls", 1, "--invitations", "--out", tmp_path / "prints")
    assert "beboerpuls wave open" in commands.refused(*ordering)
    unknown = ("sheets", "print", "puls", 7, "--invitations", "--out", tmp_path / "prints")
    assert "no wave 7" in commands.refused(*unknown)
    assert not (tmp_path / "prints").exists()


def test_what_a_killed_run_leaves_behind_is_printed_by_the_next(
    commands, database, invited, tmp_path
):
    """The process is killed while it sets the first sheets: nothing of it runs to an end."""
    ordering = ["sheets", "print", "puls", "1", "--invitations", "--large", "--out"]
    program = Path(sys.executable).with_name("beboerpuls")
    running = subprocess.Popen(
        [program, *ordering, tmp_path / "killed"], env=os.environ | commands.environ
    )
    while not list(tmp_path.glob(".killed.printing-*/*.pdf")) and running.poll() is None:
        time.sleep(0.005)
    running.kill()
    running.wait()
    assert not (tmp_path / "killed").exists()
    with database.reading() as session:
        assert session.scalars(select(PrintRun.finished)).one() is None
    printed = commands.json(*ordering, tmp_path / "next")
    assert len(printed["serials"]) == len(invited) == count(database, Sheet)


def test_print_runs_survive_a_way_down_and_up_as_empty_tables(database, print_, invited):
    print_(invitations=True)
    schema.downgrade(database.engine, "0003")
    assert "print_run" not in inspect(database.engine).get_table_names()
    assert count(database, Sheet) == len(invited)
    schema.upgrade(database.engine)
    assert schema.differences(database.engine) == []
    assert count(database, PrintRun) == 0


def test_two_runs_over_the_same_sheets_print_them_once(database, wave, short, invited, tmp_path):
    """The second run begins, ends and is kept while the first is at its last sheet."""

    def overtake(done, of):
        if done == of:
            _print_into(database, wave, short, tmp_path / "second")

    with pytest.raises(StudyError, match="Another run"):
        _print_into(database, wave, short, tmp_path / "first", progress=overtake)
    assert not (tmp_path / "first").exists()
    assert count(database, Sheet) == len(invited) == count(database, PrintedSheet)
