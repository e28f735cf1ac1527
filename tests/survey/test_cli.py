import csv
import json
import os
import re
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import click
import pytest
from sqlalchemy import func, select

from survey import answering
from survey.cli import COMMANDS, beboerpuls
from survey.invitations import REPORTED
from survey.models import AuditEntry, Invitation, Response, Sheet, Study, Wave
from survey.secrets import could_be_code
from survey.studies import find_wave

PROGRAM = Path(sys.executable).with_name("beboerpuls")


def every_command(command=beboerpuls, path=("beboerpuls",)):
    """Each command that does something, with the words that call it."""
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    return [
        found
        for name in command.list_commands(context)
        for found in every_command(command.get_command(context, name), (*path, name))
    ]


EVERY = every_command()
NAMES = [" ".join(path) for path, _ in EVERY]


def files(folder, **contents):
    """Write CSV files; returns their paths by name."""
    paths = {}
    for name, content in contents.items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_text(content, encoding="utf-8")
    return paths


@pytest.fixture
def study(commands, tmp_path):
    """A study with an area, a planned wave and two people invited; the codes lie in codes.csv."""
    given = files(
        tmp_path,
        areas="area,name\n0667-001,Rugvænget\n",
        people="reference,area\nR1,0667-001\nR2,0667-001\n",
    )
    commands.works("study", "create", "puls", "--title", "Bopulsen", "--sender", "Fonden")
    commands.works("study", "areas", "puls", given["areas"])
    commands.works("wave", "plan", "puls")
    codes = tmp_path / "codes.csv"
    commands.works("study", "invitations", "puls", 1, given["people"], "--codes", codes)
    return commands


@pytest.fixture
def asking(study):
    """The same study, its wave open with the background alone, in Danish."""
    study.works(
        *("wave", "open", "puls", 1, "--instrument", "background"),
        *("--language", "da", "--accept-unreviewed", "da"),
    )
    return study


@pytest.mark.parametrize(("path", "command"), EVERY, ids=NAMES)
def test_every_commands_help_says_what_it_does_and_ends_with_an_example(shell, path, command):
    shown = shell.works(*path[1:], "--help")
    assert command.help, "says nothing"
    example = shown.partition("Example:")[2]
    assert " ".join(path) in example, shown


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_names_each_as_its_own_help_does(shell, name):
    shown = shell.works("--help")
    assert f"  {name} " in shown
    assert shell.works(name, "--help").startswith(f"Usage: beboerpuls {name} ")


def test_the_list_of_commands_waits_for_no_heavy_package():
    heavy = {"pandas", "sqlalchemy", "flask", "pyarrow", "sklearn"}
    asked = (
        "import sys; from survey.cli import beboerpuls\n"
        "try: beboerpuls(['--help'])\n"
        f"except SystemExit: print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_study_is_made_from_files_and_each_step_says_the_next(study, database):
    with database.reading() as session:
        assert session.scalars(select(Study.sender)).one() == "Fonden"
        assert session.scalar(select(func.count(Invitation.id))) == 2
        actors = set(session.scalars(select(AuditEntry.actor)))
    assert all(actor.startswith("operator") for actor in actors)
    assert study.json("study", "list") == [
        {"study": "puls", "title": "Bopulsen", "waves": {"1": "planned"}}
    ]
    assert "puls" in study.works("study", "list")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("groups", "area_group,name,area,valid_from\nm,Markerne,0667-001,2015-01-01\n"),
        ("statuses", "area,status,valid_from\n0667-001,udsat,2020-12-01\n"),
        ("plans", "plan,name,kind\nhp,Plan,helhedsplan\n"),
        ("areas", "area,name\n0667-009,Ny\n"),
    ],
)
def test_files_that_a_study_brings_are_counted(study, tmp_path, kind, content):
    path = files(tmp_path, given=content)["given"]
    told = study.json("study", kind, "puls", path)
    assert told == {"rows": 1, "added": 1, "changed": 0, "removed": 0}
    assert study.works("study", kind, "puls", path) == ("1 row: 0 added, 0 changed, 1 as before.\n")


def test_files_that_need_others_are_counted(study, tmp_path):
    given = files(
        tmp_path,
        areas="area,name\n0667-002,Før\n",
        plans="plan,name,kind\nhp,Plan,helhedsplan\n",
        successions="from_area,to_area,date\n0667-002,0667-001,2020-01-01\n",
        area_plans="area,plan,valid_from\n0667-001,hp,2021-01-01\n",
        margins="area,variable,category,count\n0667-001,background_gender,1,70\n",
    )
    one = {"rows": 1, "added": 1, "changed": 0, "removed": 0}
    assert study.json("study", "areas", "puls", given["areas"]) == one
    assert study.json("study", "plans", "puls", given["plans"]) == one
    assert study.json("study", "successions", "puls", given["successions"]) == one
    assert study.json("study", "area-plans", "puls", given["area_plans"]) == one
    assert study.json("study", "margins", "puls", 1, given["margins"]) == one


def test_a_file_with_problems_changes_nothing_and_tells_them_all(study, database, tmp_path):
    content = "area,name,dwellings\n0667-002,Havren,mange\n0667-003,,4\n"
    said = study.refused("study", "areas", "puls", files(tmp_path, bad=content)["bad"])
    assert said.splitlines() == [
        "Error: 2 problems; nothing was changed.",
        (
            "  bad.csv, row 2, column dwellings: 'mange' must be a whole number, 0 or more, "
            "in digits alone."
        ),
        "  bad.csv, row 3, column name: '' is empty; each row must have it.",
    ]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Study)) == 1


def test_codes_are_written_once_where_only_the_owner_reads(study, tmp_path):
    path = tmp_path / "codes.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["reference"], row["area"]) for row in rows] == [
        ("R1", "0667-001"),
        ("R2", "0667-001"),
    ]
    assert all(could_be_code(row["code"]) for row in rows)


def test_nobody_is_invited_when_the_codes_cannot_be_written(study, database, tmp_path):
    people = files(tmp_path, more="reference,area\nR3,0667-001\n")["more"]
    there = tmp_path / "codes.csv"
    before = there.read_bytes()
    said = study.refused("study", "invitations", "puls", 1, people, "--codes", there)
    assert "File exists. Nobody was invited" in said
    assert there.read_bytes() == before
    with database.reading() as session:
        assert session.scalar(select(func.count(Invitation.id))) == 2


def test_links_are_written_where_an_address_is_given(study, tmp_path):
    people = files(tmp_path, more="reference,area\nR3,0667-001\n")["more"]
    codes = tmp_path / "more-codes.csv"
    address = ("--address", "https://svar.example/")
    study.works("study", "invitations", "puls", 1, people, "--codes", codes, *address)
    with codes.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["link"] == "https://svar.example/c/" + row["code"].replace(" ", "")


def test_a_language_nobody_has_reviewed_is_asked_about_and_noted(study, database):
    opening = ("wave", "open", "puls", 1, "--instrument", "background/1", "--language", "da")
    said = study.refused(*opening, answer="n\n")
    assert "Nobody has reviewed the texts in: da." in said
    assert "--accept-unreviewed da" in said
    assert "--accept-unreviewed da" in study.refused(*opening)
    study.works(*opening, answer="y\n")
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.act == "wave opened")).one()
        assert session.scalars(select(Wave.status)).one() == "open"
    assert noted.detail["unreviewed_accepted"] == ["da"]


def test_a_wave_closes_only_after_a_yes(asking, database):
    assert "Not closed" in asking.refused("wave", "close", "puls", 1, answer="n\n")
    with database.reading() as session:
        assert session.scalars(select(Wave.status)).one() == "open"
    asking.works("wave", "close", "puls", 1, "--yes")
    with database.reading() as session:
        assert session.scalars(select(Wave.status)).one() == "closed"


def answer(database, keys, commands, tmp_path):
    """Answer with the first code; returns the receipt."""
    with (tmp_path / "codes.csv").open(encoding="utf-8", newline="") as file:
        code = next(csv.DictReader(file))["code"]
    with database.writing() as session:
        wave = find_wave(session, "puls", 1)
        invited = session.scalars(
            select(Invitation).where(Invitation.code_hash == keys.code_hash(code))
        ).one()
        begun = answering.begin(
            session, keys, uuid.uuid4(), wave, invitation=invited, language="da", day=wave.opens
        )
        return answering.submit(session, keys, begun.id, day=wave.opens)


def test_a_closed_wave_is_frozen_and_an_answer_withdrawn_from_it(asking, database, keys, tmp_path):
    receipt = answer(database, keys, asking, tmp_path)
    assert "only a closed wave can be frozen" in asking.refused("wave", "freeze", "puls", 1)
    asking.works("wave", "close", "puls", 1, "--yes")
    frozen = asking.json("wave", "freeze", "puls", 1)
    assert (frozen["rows"], frozen["freeze"]) == (1, 1)
    assert asking.json("dataset", "check", frozen["folder"])["sound"] is True

    assert "Aborted" in asking.refused("response", "withdraw", receipt, answer="n\n")
    done = json.loads(asking.works("response", "withdraw", receipt, "--yes", "--json"))
    assert done["superseding_dataset"].endswith("wave-1-freeze-2")
    assert asking.run("dataset", "check", frozen["folder"]).exit_code == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Response)) == 0
    assert "erased before" in asking.refused("response", "withdraw", receipt, "--yes")


def test_the_key_of_a_frozen_wave_is_deleted_after_a_yes(asking, database, keys, tmp_path):
    receipt = answer(database, keys, asking, tmp_path)
    delete_key = ("wave", "delete-key", "puls", 1)
    assert "wave freeze puls 1" in asking.refused(*delete_key, "--yes")
    asking.works("wave", "close", "puls", 1, "--yes")
    asking.works("wave", "freeze", "puls", 1)
    assert "Nothing was deleted" in asking.refused(*delete_key, answer="n\n")
    done = asking.json(*delete_key, "--yes")
    assert done == {"study": "puls", "wave": 1, "invitations": 2, "contacts": 0, "receipts": 0}
    assert "was deleted on" in asking.refused(*delete_key, "--yes")
    # Under consent the receipt goes on leading to its answers.
    asking.works("response", "withdraw", receipt, "--yes")


def test_a_wave_that_asked_nobody_is_not_frozen(study):
    assert "planned" in study.refused("wave", "freeze", "puls", 1)


def test_sheets_are_added_and_their_serials_printed(asking, database):
    adding = ("sheets", "add", "puls", 1, "0667-001", "--batch", "Bundt 14")
    printed = asking.works(*adding, "--number", 2).split()
    assert asking.json(*adding, "-n", 1)["batch"] == "Bundt 14"
    with database.reading() as session:
        assert session.scalars(select(Sheet.serial).order_by(Sheet.serial)).all()[:2] == printed
    assert "must be 1 to 20000" in asking.refused(*adding, "-n", 0)


def test_what_became_of_invitations_is_reported_one_by_one_or_by_file(study, database, tmp_path):
    outcome = ("invitations", "outcome", "puls", 1)
    assert study.json(*outcome, "R1", "moved") == {"rows": 1, "changed": 1}
    many = files(tmp_path, many="reference,outcome\nR1,moved\nR2,refused\n")["many"]
    assert study.works(*outcome, "--file", many) == "2 outcomes told, 1 changed.\n"
    assert "Give a reference and an outcome" in study.refused(*outcome)
    assert "no invitation 'R9'" in study.refused(*outcome, "R9", "moved")
    assert "'asleep' is not one of" in study.refused(*outcome, "R1", "asleep")
    with database.reading() as session:
        found = dict(session.execute(select(Invitation.reference, Invitation.outcome)).all())
    assert found == {"R1": "moved", "R2": "refused"}


def test_an_open_link_is_told_with_its_address(study, database):
    opened = study.works(
        *("wave", "open", "puls", 1, "--instrument", "background", "--open-link"),
        *("--accept-unreviewed", "da"),
    )
    with database.reading() as session:
        wave = find_wave(session, "puls", 1)
    assert f"Without a code: /open/{wave.id} below your address" in opened


def test_the_help_of_outcomes_names_every_one(shell):
    shown = " ".join(shell.works("invitations", "outcome", "--help").split())
    assert [outcome for outcome in REPORTED if outcome not in shown] == []


def test_staff_are_let_in_and_out(study):
    typed = "fire ord uden mening\n" * 2
    adding = ("account", "add", "bodil", "--role", "fieldworker:puls")
    study.works(*adding, answer=typed)
    assert "There is an account 'bodil' already." in study.refused(*adding, answer=typed)
    made = study.works("account", "password", "bodil", "--make-password")
    assert re.search(r"^Password: \S{16}$", made, re.MULTILINE)
    assert "can no longer sign in" in study.works("account", "disable", "bodil")
    assert "Accounts are: bodil" in study.refused("account", "disable", "jens")


def test_a_password_is_made_also_for_a_name_that_it_could_hold_by_chance(study):
    """One letter of sixteen: refused by chance, it would be refused again and again."""
    study.works("account", "add", "e", "--make-password")
    for _ in range(8):
        made = study.works("account", "password", "e", "--make-password")
        assert "e" not in re.search(r"^Password: (\S{16})$", made, re.MULTILINE)[1].casefold()


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("fieldworker", "must be a role and a study, as fieldworker:bopuls"),
        ("king:puls", "'king' is not a role"),
        ("fieldworker:pls", "There is no study 'pls'. Studies are: puls."),
    ],
)
def test_a_role_that_is_none_is_told(study, role, said):
    assert said in study.refused("account", "add", "b", "--role", role, "--make-password")


def test_questionnaires_are_listed_shown_and_checked_without_settings(shell):
    listed = shell.json("instruments", "list")
    assert [(one["name"], one["version"]) for one in listed][-1] == ("tryghed", 1)
    assert "tryghed" in shell.works("instruments", "list")
    shown = shell.json("instruments", "show", "tryghed", "--language", "en")
    assert shown["pages"][0]["items"][0]["column"].startswith("tryghed_")
    assert "Tryghed (tryghed/1)" in shell.works("instruments", "show", "tryghed/1")
    assert shell.json("instruments", "check")["problems"] == []
    assert "tryghed" in shell.refused("instruments", "show", "tryghet")
    assert "Languages are: " in shell.refused("instruments", "show", "tryghed", "--language=xx")
    assert "as tryghed/1" in shell.refused("instruments", "check", "tryghed/one")


def test_a_questionnaire_of_ones_own_is_checked_and_published(shell, tmp_path):
    folder = tmp_path / "library" / "mine" / "1"
    folder.mkdir(parents=True)
    (folder / "definition.yaml").write_text("name: mine\nversion: one\n", encoding="utf-8")
    root = ("--library", folder.parent.parent)
    checked = shell.run("instruments", "check", *root)
    assert checked.exit_code == 1
    assert "mine/1/definition.yaml, line 2, version" in checked.output
    assert "as tryghed/2" in shell.refused("instruments", "publish", "mine", *root)
    assert "definition.yaml" in shell.refused("instruments", "publish", "mine/1", *root)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("study", "areas", "pls", "x.csv"), "There is no study 'pls'. Studies are: puls."),
        (
            ("study", "areas", "puls", "gone.csv"),
            "gone.csv cannot be read: No such file or directory. Name a file",
        ),
        (("study", "create", "Puls", "--title=x", "--sender=y"), "The key is 'Puls'"),
        (("wave", "close", "puls", 9, "--yes"), "has no wave 9. Waves are: 1."),
        (("wave", "close", "puls", "first"), "'first' is not a valid integer"),
        (("wave", "plan", "puls", "--closes", "1/2/2026"), "must be a day as 2026-12-01"),
        (("wave", "open", "puls", 1, "--instrument", "gone"), "gone"),
        (("wave", "open", "puls", 1, "--instrument", "tryghed", "--language", "xx"), "xx"),
        (("wave", "open", "puls", 1), "Missing option '--instrument'"),
        (("response", "withdraw", "nothing"), "No answers belong to 'nothing'"),
        (("nothing",), "No such command 'nothing'"),
    ],
)
def test_bad_input_is_refused_with_words_and_without_a_traceback(study, words, said):
    assert said in study.refused(*words)


def test_missing_settings_are_all_told_at_once(shell):
    said = shell.refused("study", "list")
    for name in ("BEBOERPULS_DATABASE", "BEBOERPULS_KEYS", "BEBOERPULS_DATA"):
        assert f"{name} is not set." in said


def test_a_database_without_tables_is_told_and_none_is_made_by_looking(commands, tmp_path):
    missing = tmp_path / "gone" / "answers.db"
    commands.environ["BEBOERPULS_DATABASE"] = f"sqlite:///{missing}"
    assert "Make or renew them with: beboerpuls init" in commands.refused("study", "list")
    assert not missing.exists()


def test_a_database_that_cannot_be_reached_is_told_without_its_password(commands):
    address = "postgresql+psycopg://puls:hemmelig@127.0.0.1:1/puls?connect_timeout=2"
    commands.environ["BEBOERPULS_DATABASE"] = address
    said = commands.refused("study", "list")
    assert "cannot be used" in said
    assert "hemmelig" not in said


def test_a_file_that_is_no_database_is_told(commands, shell, tmp_path):
    junk = tmp_path / "photo.jpg"
    junk.write_bytes(b"no database at all" * 100)
    commands.environ["BEBOERPULS_DATABASE"] = f"sqlite:///{junk}"
    assert "file is not a database" in commands.refused("study", "list")
    said = shell.refused("init", tmp_path / "made", "--database", f"sqlite:///{junk}")
    assert "file is not a database" in said


def test_a_changed_questionnaire_is_told_with_each_of_its_problems(study, tmp_path):
    folder = tmp_path / "library" / "mine" / "1"
    folder.mkdir(parents=True)
    (folder / "definition.yaml").write_text("name: mine\nversion: one\n", encoding="utf-8")
    study.environ["BEBOERPULS_LIBRARY"] = str(folder.parent.parent)
    said = study.refused("wave", "open", "puls", 1, "--instrument", "mine/1").splitlines()
    count = int(re.fullmatch(r"Error: (\d+) problems; nothing was changed\.", said[0])[1])
    assert count == len(said) - 1
    assert all(line.startswith("  mine/1/definition.yaml") for line in said[1:])


def test_an_installation_is_made_and_made_again_keeping_its_keys(shell, tmp_path):
    folder = tmp_path / "here with blanks"
    first = shell.works("init", folder)
    keys = (folder / "keys.json").read_bytes()
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert "Kept the key file" in shell.works("init", folder)
    assert (folder / "keys.json").read_bytes() == keys
    sourced = subprocess.run(
        ["sh", "-c", "\n".join(re.findall("^export .*$", first, re.MULTILINE)) + "\nenv"],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    told = dict(line.split("=", 1) for line in sourced.stdout.splitlines())
    shell.environ = {name: told[name] for name in told if name.startswith("BEBOERPULS_")}
    assert shell.json("study", "list") == []


def test_an_installation_that_cannot_be_made_is_told(shell, tmp_path):
    (tmp_path / "file").touch()
    assert "file" in shell.refused("init", tmp_path / "file" / "within")
    said = shell.refused("init", tmp_path / "x", "--database", "mysql://localhost/x")
    assert "names 'mysql'" in said


def test_the_program_says_its_version_and_ends_with_the_shells_codes(tmp_path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*words):
        return subprocess.run(
            [PROGRAM, *words], capture_output=True, text=True, check=False, env=environ
        )

    assert re.fullmatch(r"beboerpuls \d+\.\d+\.\d+\n", run("--version").stdout)
    refused = run("study", "list")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Traceback" not in refused.stderr
    assert run("study", "nothing").returncode == 2


def test_a_lost_letters_code_is_revoked_once_and_noted(asking, database):
    revoke = ("invitations", "revoke", "puls", 1)
    assert "There is no invitation 'R99'" in asking.refused(*revoke, "R1", "R99")
    assert asking.json(*revoke, "R1", "R1", "--reason", "letter lost") == {
        "references": 1,
        "revoked": 1,
    }
    assert asking.works(*revoke, "R1") == "0 codes revoked, 1 before.\n"
    with database.reading() as session:
        found = session.execute(select(Invitation.reference, Invitation.revoked)).all()
        noted = session.scalars(
            select(AuditEntry).where(AuditEntry.act == "codes revoked").order_by(AuditEntry.number)
        ).first()
    assert dict(found) == {"R1": True, "R2": False}
    assert noted.detail == {"references": ["R1"], "reason": "letter lost"}
    assert noted.actor.startswith("operator")


@pytest.mark.parametrize(
    "address", ["mysql://localhost/x", "nonsense", "postgresql+psycopg://nobody@127.0.0.1:1/none"]
)
def test_an_address_that_does_not_work_leaves_no_file_behind(shell, tmp_path, address):
    shell.refused("init", tmp_path / "within" / "made", "--database", address)
    assert not (tmp_path / "within").exists()
