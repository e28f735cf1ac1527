"""run.py, which nothing but Python carries: what it installs, what it skips, what it says."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "run.py"


@pytest.fixture
def run():
    """The file as a module, fresh for each test."""
    spec = importlib.util.spec_from_file_location("run", RUN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(tmp_path):
    """A checkout that has only what run.py reads, and a lock that names one package."""
    shutil.copy(RUN, tmp_path)
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text(
            f"beboerpuls-nowhere==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8"
        )
    return tmp_path


def started(folder, *words, **environ):
    return subprocess.run(
        [sys.executable, folder / "run.py", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
        timeout=120,
    )


@pytest.mark.parametrize("words", [[], ["dmeo"], ["--version"]])
def test_anything_but_its_two_commands_shows_both(run, capsys, words):
    assert run.main(words) == 2
    shown = capsys.readouterr().out
    assert "python3 run.py demo" in shown
    assert "python3 run.py test" in shown


def test_help_is_no_mistake(run):
    assert run.main(["--help"]) == 0


def test_an_older_python_is_told_which_is_needed(run, capsys):
    run.OLDEST = (4, 0)
    assert run.main(["demo"]) == 1
    assert "or newer is needed; this is 3." in capsys.readouterr().err


def test_a_python_without_ensurepip_is_told_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert "apt install python3-venv" in run.make_environment()


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left", "disk"),
        ("WARNING: Retrying ... NewConnectionError('<...>: Failed to establish')", "network"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "network"),
        ("The virtual environment was not created ... ensurepip is not available", "python3-venv"),
        ("ERROR: No matching distribution found for flask==99", "flask==99"),
    ],
)
def test_what_hinders_is_explained_and_what_is_unknown_is_quoted(run, output, advice):
    assert advice in run.explained(output, "Installing failed.")


def test_a_long_failure_is_quoted_by_its_end(run):
    output = "\n".join(f"line {number}" for number in range(100))
    quoted = run.explained(output, "Installing failed.").splitlines()
    assert quoted[0] == "Installing failed. The last it said:"
    assert (len(quoted), quoted[-1].strip()) == (16, "line 99")


def test_progress_counts_the_packages(run, capsys):
    run.progress = print
    said = ["Collecting flask==3.1\n", "  Using cached\n", "Processing /x/alembic.whl\n"]
    said.append("Installing collected packages: flask, alembic\n")
    assert list(run.shown(said, "requirements.lock", 2)) == said
    assert capsys.readouterr().out.splitlines() == [
        "Fetching requirements.lock: 1 of 2  flask",
        "Fetching requirements.lock: 2 of 2  /x/alembic.whl",
        "Installing requirements.lock …",
    ]


def test_without_a_way_to_the_packages_it_says_so_and_remembers_what_it_has(copied):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "1", "LANG": "C.UTF-8"}
    nowhere |= {"PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    first = started(copied, "demo", **nowhere)
    assert first.returncode == 1
    assert "The packages could not be fetched" in first.stderr
    assert "Traceback" not in first.stderr
    assert json.loads((copied / ".venv" / "installed.json").read_text()) == {"python": sys.version}
    again = started(copied, "demo", **nowhere)
    assert again.returncode == 1
    assert "Making an environment" in first.stdout
    assert "Making an environment" not in again.stdout


def test_what_was_installed_is_not_installed_again_until_its_lock_changes(run, tmp_path):
    run.VENV = tmp_path
    run.STAMP = tmp_path / "installed.json"
    run.PYTHON = Path(sys.executable)
    installed = []
    run.pip_install = lambda name, _packages, _number: installed.append(name) or ""
    run.remember({"python": sys.version})
    assert run.install(run.LOCK) == ""
    assert installed == ["requirements.lock", "project"]
    assert run.install(run.LOCK) == ""
    assert len(installed) == 2
    assert run.install(run.DEV_LOCK) == ""
    assert installed[2:] == ["requirements-dev.lock"]
    changed = tmp_path / "requirements.lock"
    changed.write_text("flask==4.0\n", encoding="utf-8")
    assert run.install(changed) == ""
    assert installed[3:] == ["requirements.lock"]


def test_a_damaged_memory_is_no_memory(run, tmp_path):
    run.STAMP = tmp_path / "installed.json"
    assert run.installed() == {}
    run.STAMP.write_text("[1, 2", encoding="utf-8")
    assert run.installed() == {}
    run.STAMP.write_text("[1, 2]", encoding="utf-8")
    assert run.installed() == {}
