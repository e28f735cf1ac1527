import datetime as dt
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import pytest
from processes import Command
from sqlalchemy import func, select

from instruments import LIBRARY, load_form
from processing import check, read_study, read_wave, summarise
from survey import access, answering, demo, studies
from survey.commands.demo import network_address
from survey.database import Database
from survey.demo import DemoError, open_demo
from survey.demo_evaluation import EVALUATION, INVITED, NAMES, PLAN
from survey.demo_paper import PAPER
from survey.forms import Forms
from survey.models import (
    Account,
    Area,
    Batch,
    Freeze,
    Invitation,
    Job,
    Margin,
    Response,
    Scan,
    ScanPage,
    Sheet,
    Wave,
    WaveForm,
)
from survey.receiving import batch_lines
from survey.scanning.crops import with_pictures
from survey.scanning.deciding import open_sheets
from survey.scanning.files import read_scan
from survey.schema import downgrade
from survey.serials import could_be_serial
from survey.settling import both_of, waiting
from survey.sheet_states import find_sheet
from survey.verdicts import sheets_needed, standing_of

PROGRAM = Path(sys.executable).with_name("beboerpuls")
TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "demo-data"


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A demo's folder, to be copied, and what was said while it was made."""
    made, steps = tmp_path_factory.mktemp("demo") / "demo-data", []
    open_demo(made, steps.append, today=TODAY)
    return made, steps


@pytest.fixture
def there(made_once, folder):
    """A demo in the folder, made before."""
    shutil.copytree(made_once[0], folder)


@pytest.fixture
def ready(there, folder):
    """A demo that was made, and its database."""
    made = open_demo(folder, pytest.fail, today=TODAY)
    database = Database(made.settings.database)
    yield made, database
    database.engine.dispose()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def started(folder, tmp_path):
    """A function that starts `beboerpuls demo` and returns what it printed until it was ready."""
    running = []

    def start(port, *words, typed=""):
        here = tmp_path / f"run-{len(running)}"
        here.mkdir()
        (here / "typed").write_text(typed, encoding="utf-8")
        words = ("demo", "--port", port, "--dir", folder, *words)
        process = Command(words, typed=here / "typed", output=here / "output").start()
        running.append(process)
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Stop with"):
                break
        return process, "".join(printed)

    yield start
    for process in running:
        process.kill()
        process.wait(timeout=20)
        process.stdout.close()


def test_a_demo_holds_a_study_that_asks_with_people_sheets_and_staff(ready, made_once):
    made, database = ready
    assert len(made_once[1]) >= 4
    with database.reading() as session:
        wave = studies.find_wave(session, demo.STUDY, 2)
        names = [one["name"] for one in wave.form.pin["instruments"]]
        counts = [session.scalar(select(func.count()).select_from(m)) for m in (Area, Margin)]
        code = demo.unused_code(session, made.settings.keys)
        serial = demo.unkeyed_serial(session)
        hashes = session.scalars(select(Invitation.code_hash)).all()
    assert (wave.status, names) == ("open", list(demo.INSTRUMENTS))
    assert all(counts)
    assert made.settings.keys.code_hash(code) in hashes
    assert could_be_serial(serial)
    for one in made.staff:
        account = access.sign_in(database, one.name, one.password, address="::1", now=NOON)
        assert access.roles_of(account) == {one.role}


def test_its_wave_speaks_ten_languages_wholly_danish_first(ready):
    _, database = ready
    with database.reading() as session:
        wave = studies.find_wave(session, demo.STUDY, 2)
        form = load_form(session.get_one(WaveForm, wave.id).pin)
    assert form.languages[0] == "da"
    assert set(form.languages) == {"da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur"}
    assert [warning for one in form.instruments for warning in one.warnings] == []


def test_a_demo_holds_a_frozen_wave_of_the_year_before_that_can_be_scored(ready):
    made, database = ready
    with database.reading() as session:
        wave = studies.find_wave(session, demo.STUDY, 1)
        frozen = session.scalars(select(Freeze).where(Freeze.wave_id == wave.id)).one()
        assert session.get_one(Wave, frozen.wave_id).status == "frozen"
    dataset = read_wave(made.settings.data / frozen.folder)
    assert check(dataset.folder) == []
    figures = {one.scale: one for one in summarise(dataset).scales}
    assert figures["tryghed_t1"].n > 200
    assert 0.6 < figures["tryghed_t1"].alpha.raw < 0.95
    # Items behind a route were left out where the route said so.
    assert (dataset.responses(["background_children_number"]) == -2).any().all()


def test_a_study_before_and_after_can_be_evaluated_by_the_plan_that_came_first(ready):
    """Its answers, counts of invited, register counts and plan came as everybody's do."""
    made, database = ready
    waves = read_study(made.settings.data / EVALUATION).waves
    named = [hashlib.sha256(PLAN).hexdigest()]
    assert [wave.manifest["analysis_plans"] for wave in waves] == [named, named]
    treated, levels = set(waves[1].table("area_plan")["area"]), []
    for wave in waves:
        assert set(wave.table("margins")["variable"]) == {
            "background_gender",
            "background_age_band",
        }
        counts = wave.table("dispositions")
        rows = wave.responses(["area", "panel", "tryghed_t1_out_dark"])
        assert counts["invited"].sum() == len(NAMES) * INVITED
        assert counts["finished"].sum() == len(rows)
        asked = rows[rows["tryghed_t1_out_dark"] > 0]
        means = asked.groupby(asked["area"].isin(treated))["tryghed_t1_out_dark"].mean()
        levels.append(means[True] - means[False])
    assert levels[1] - levels[0] > 0.2
    panels = [set(wave.responses(["panel"])["panel"]) for wave in waves]
    assert len(panels[0] & panels[1]) > 40
    [begun] = {*waves[1].table("area_plan")["valid_from"]}
    with database.reading() as session:
        first, second = (studies.find_wave(session, EVALUATION, number) for number in (1, 2))
        assert first.closes.isoformat() < str(begun)[:10] < second.opens.isoformat()


def test_its_paper_stands_at_every_step_from_printed_to_settled(ready):
    made, database = ready
    keys = made.settings.keys
    # A file waits for the worker, who has it read soon after the start.
    with database.reading() as session:
        [scan] = session.scalars(select(Scan.id))
        assert session.scalars(select(Job.kind).where(Job.state == "queued")).all() == ["scan"]
    read_scan(database, keys, Forms(LIBRARY), scan)
    with database.reading() as session:
        study = studies.find_study(session, PAPER)
        whole, sampled = session.scalars(
            select(Batch).where(Batch.wave.has(study_id=study.id)).order_by(Batch.name)
        )
        states = {one.name: one.states for one in batch_lines(session, whole.wave)}
        assert [states["Bundt 1"][one] for one in ("returned", "keyed_twice", "settled")] == [
            1,
            1,
            4,
        ]
        assert all(states["Bundt 2"][one] for one in ("returned", "keyed_once", "keyed_twice"))
        # Large enough to be accepted by its rule, once the rest is keyed.
        form = load_form(session.get_one(WaveForm, whole.wave_id).pin)
        assert standing_of(session, sampled).drawn >= sheets_needed(sampled, form).enough + 2
        # One sheet waits for a person, with strips to read; one differs, with strips to settle by.
        pages = session.scalars(select(ScanPage).order_by(ScanPage.number)).all()
        assert [one.outcome for one in pages] == ["read"] * 3 + ["kept"] * 3
        [waits] = open_sheets(session, {study.id})
        assert waits.whole
        assert waits.unsure >= 3
        kirsten = session.scalars(select(Account).where(Account.name == "kirsten")).one()
        first, *_ = waiting(session, kirsten.id, {study.id})
        sheet = find_sheet(session, first.serial, {study.id})
        columns = both_of(keys, form, sheet).differences
        assert len(columns) == 2
        assert set(columns) <= with_pictures(session, sheet, today=TODAY)
        printed = {one.stem for one in (made.folder / "sheets").rglob("*.pdf")}
        assert demo.unkeyed_serial(session) in printed


def test_register_counts_of_a_place_agree_with_one_another(ready):
    _, database = ready
    with database.reading() as session:
        totals = session.execute(
            select(Margin.area_id, Margin.variable, func.sum(Margin.count)).group_by(
                Margin.area_id, Margin.variable
            )
        ).all()
    by_area = {}
    for area, _, total in totals:
        by_area.setdefault(area, set()).add(total)
    assert all(len(found) == 1 for found in by_area.values())


def test_nobody_else_on_the_machine_can_look_into_a_demo(ready, folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("keys.json", "sign-ins.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_started_again_it_keeps_what_was_answered_and_offers_the_next_code(ready, folder):
    made, database = ready
    keys = made.settings.keys
    with database.writing() as session:
        first = demo.unused_code(session, keys)
        wave = studies.find_wave(session, demo.STUDY, 2)
        invited = session.scalars(
            select(Invitation).where(Invitation.code_hash == keys.code_hash(first))
        ).one()
        begun = answering.begin(
            session,
            keys,
            uuid.uuid4(),
            wave,
            invitation=invited,
            language="da",
            day=TODAY,
        )
        assert demo.unused_code(session, keys) == first
        answering.submit(session, keys, begun.id, day=TODAY)
    again = open_demo(folder, pytest.fail, today=TODAY)
    assert again.staff == made.staff
    with database.reading() as session:
        assert session.get_one(Response, begun.id).status == "submitted"
        assert demo.unused_code(session, keys) not in {first, None}


def test_when_all_have_answered_and_all_is_keyed_there_is_nothing_to_offer(ready):
    made, database = ready
    with database.writing() as session:
        session.execute(Invitation.__table__.update().values(revoked=True))
        session.execute(Sheet.__table__.update().values(state="void"))
    with database.reading() as session:
        assert demo.unused_code(session, made.settings.keys) is None
        assert demo.unkeyed_serial(session) is None


def test_a_start_that_was_cut_off_leaves_nothing_and_the_next_makes_it_whole(folder):
    def cut(step):
        if step == "Opening the wave":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_demo(folder, cut, today=TODAY)
    assert list(folder.parent.iterdir()) == []
    # As a killed process leaves it, which can clear nothing away.
    (folder.parent / "demo-data.preparing").mkdir()
    # An empty folder of that name is no hindrance.
    folder.mkdir()
    demo.delete_demo(folder)
    assert open_demo(folder, lambda _: None, today=TODAY).staff
    assert [path.name for path in folder.parent.iterdir()] == ["demo-data"]


def test_another_folder_is_neither_used_nor_deleted(folder):
    folder.mkdir()
    (folder / "thesis.odt").touch()
    for act in (lambda: open_demo(folder, print, today=TODAY), lambda: demo.delete_demo(folder)):
        with pytest.raises(DemoError, match="holds something else than a demo"):
            act()
    assert (folder / "thesis.odt").exists()


def test_a_demo_of_an_earlier_version_is_brought_up_to_date(ready, folder):
    _, database = ready
    steps = []
    downgrade(database.engine, "base")
    open_demo(folder, steps.append, today=TODAY)
    assert steps == ["Bringing the tables up to date"]


@pytest.mark.usefixtures("there")
def test_the_demo_prints_what_is_needed_and_answers_over_the_network(started, folder):
    port = free_port()
    process, printed = started(port)
    assert re.search(r"code  \w{4} \w{4} \w{4}$", printed, re.MULTILINE)
    for role, name in demo.STAFF.items():
        assert re.search(rf"{role} +{name} +\S{{12}}$", printed, re.MULTILINE)
    assert re.search(r"^Sheet +\d{7} ", printed, re.MULTILINE)
    assert re.search(r"^Results +http://localhost:\d+/results ", printed, re.MULTILINE)
    assert f"Data        {folder}\n" in printed
    assert f"export BEBOERPULS_DATABASE=sqlite:///{folder}/answers.db" in printed
    host = network_address() or "127.0.0.1"
    assert network_address() is None or f"http://{host}:{port}/c/" in printed
    with urllib.request.urlopen(f"http://{host}:{port}/results/1/da", timeout=10) as page:
        assert "inviterede har svaret" in page.read().decode()
    process.send_signal(signal.SIGINT)
    assert f"The answers are kept in {folder}." in process.stdout.read()
    assert process.wait(timeout=20) == 0


@pytest.mark.usefixtures("there")
def test_started_again_it_prepares_nothing_and_says_the_same(started):
    first, before = started(free_port())
    first.send_signal(signal.SIGINT)
    first.wait(timeout=20)
    _, after = started(free_port())
    code = re.compile(r"code  (\w{4} \w{4} \w{4})$", re.MULTILINE)
    assert code.search(after)[1] == code.search(before)[1]
    assert "Making keys" not in after


def test_a_taken_port_is_told_before_anything_is_made(started, folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process, printed = started(port)
        assert process.wait(timeout=20) == 1
    assert f"Port {port} is taken by another program" in printed
    assert f"beboerpuls demo --port {port + 1}" in printed
    assert not folder.exists()


@pytest.mark.usefixtures("there")
def test_fresh_asks_first_and_then_starts_over(started):
    port = free_port()
    first, before = started(port)
    first.send_signal(signal.SIGINT)
    first.wait(timeout=20)
    refused, said = started(port, "--fresh", typed="n\n")
    assert refused.wait(timeout=20) == 1
    assert "with all its answers?" in said
    _, after = started(port, "--fresh", typed="y\n")
    code = re.compile(r"code  (\w{4} \w{4} \w{4})$", re.MULTILINE)
    assert code.search(after)[1] != code.search(before)[1]


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_a_folder_that_another_server_uses_is_left_alone_and_said_so(started, folder, words):
    port = free_port()
    first, _ = started(port)
    second, said = started(free_port(), *words, typed="y\n")
    assert second.wait(timeout=20) == 1
    assert "is in use by a server that runs already" in said
    assert f"(process {first.pid}, port {port})" in said
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
        assert page.status == 200
    assert (folder / "answers.db").exists()


@pytest.mark.usefixtures("there")
def test_a_server_that_was_killed_outright_holds_its_folder_no_longer(started):
    first, _ = started(free_port())
    first.kill()
    first.wait(timeout=20)
    _, said = started(free_port())
    assert "The demo is ready." in said


def test_two_first_starts_at_once_make_one_demo(folder):
    command = [PROGRAM, "demo", "--dir", folder, "--port"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    both = [subprocess.Popen([*command, str(free_port())], **pipes) for _ in range(2)]
    try:
        while all(one.poll() is None for one in both):
            time.sleep(0.1)
        [loser] = [one for one in both if one.poll() is not None]
        assert loser.returncode == 1
        assert "is in use by a server that runs already" in loser.stdout.read()
        [winner] = [one for one in both if one is not loser]
        assert any(line.startswith("The demo is ready.") for line in winner.stdout)
    finally:
        for one in both:
            one.kill()
            one.wait(timeout=20)
            one.stdout.close()


def test_advice_names_the_program_as_it_can_be_called(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        elsewhere = {name: value for name, value in os.environ.items() if name != "PATH"}
        said = subprocess.run(
            [PROGRAM, "demo", "--port", str(port), "--dir", folder],
            capture_output=True,
            text=True,
            check=False,
            env=elsewhere | {"PATH": "/usr/bin:/bin"},
            cwd=PROGRAM.parent.parent,
        )
    assert f"bin/beboerpuls demo --port {port + 1}" in said.stderr
