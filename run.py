"""Starts the demo or runs the tests on a machine that has only Python: `python3 run.py demo`.

Makes `.venv` beside this file, installs the pinned dependencies and the project into it, and hands
over. What was installed is remembered by the hash of its lock, so that a later start skips it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "installed.json"
OLDEST = (3, 11)
WINDOWS = os.name == "nt"
PROGRAMS = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = PROGRAMS / ("python.exe" if WINDOWS else "python")

LOCK = HERE / "requirements.lock"
DEV_LOCK = HERE / "requirements-dev.lock"
# What decides how the project itself is installed.
PROJECT = (HERE / "setup.cfg", HERE / "pyproject.toml")

USAGE = """\
python3 run.py demo [--port N] [--dir FOLDER] [--fresh]   try everything out
python3 run.py test [what pytest takes]                    run all checks and tests

Both install what they need into .venv first. Everything else: .venv/bin/beboerpuls --help"""

CHECKS = (
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("import contracts", ["lint-imports"]),
)
# Half a minute of one core: it runs beside the tests.
TYPES = "mypy"

NO_PIP = """\
This Python cannot make environments: its module ensurepip is missing.
Debian and Ubuntu keep it apart. Install it, then run this again:
    apt install python3-venv"""
OFFLINE = """\
The packages could not be fetched: there is no way to the package index.
They are needed once. Connect to the network, or name your own index with PIP_INDEX_URL."""
FULL = """\
The disk is full. The environment needs about 900 MB for the demo, 1.5 GB for the tests.
Make room, then run this again."""
FAULTS = (
    (("No space left on device", "Errno 28"), FULL),
    (
        (
            "NewConnectionError",
            "NameResolutionError",
            "Temporary failure in name resolution",
            "Network is unreachable",
            "Max retries exceeded",
            "ConnectTimeoutError",
        ),
        OFFLINE,
    ),
)


def main(arguments: list[str]) -> int:
    """Run one of the two commands; returns the exit code."""
    if sys.version_info < OLDEST:
        return fail(
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]} at {sys.executable}."
        )
    if not arguments or arguments[0] not in {"demo", "test"}:
        print(USAGE)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    # Modules are compiled when they are first used, and in our own environment that is kept: without
    # it every start would compile them anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command, rest = arguments[0], arguments[1:]
    problem = install(LOCK if command == "demo" else DEV_LOCK)
    if problem:
        return fail(problem)
    return demo(rest) if command == "demo" else test(rest)


def demo(arguments: list[str]) -> int:
    """Hand over to the demo."""
    program = [str(PROGRAMS / "beboerpuls"), "demo", *arguments]
    if WINDOWS:
        return subprocess.call(program)
    # In this process's place, so that Ctrl+C reaches the demo alone.
    return os.execv(program[0], program)  # noqa: S606 - no shell is wanted


def test(arguments: list[str]) -> int:
    """Run every check, then the tests, whose closing line comes last."""
    failed = []
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            [str(PROGRAMS / TYPES)], cwd=HERE, stdout=said, stderr=subprocess.STDOUT
        ) as types,
    ):
        for name, program in (*CHECKS, ("pytest", ["pytest", "-n", "2", *arguments])):
            print(f"\n== {name}", flush=True)
            if subprocess.call([str(PROGRAMS / program[0]), *program[1:]], cwd=HERE) != 0:
                failed.append(name)
        if types.wait() != 0:
            said.seek(0)
            print(f"\n== {TYPES}\n{said.read()}", flush=True)
            failed.append(TYPES)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def install(lock: Path) -> str:
    """Bring the environment to a lock; returns what hinders it, empty when all is well."""
    done = installed()
    if done.get("python") != sys.version or not PYTHON.exists():
        problem = make_environment()
        if problem:
            return problem
        done = {"python": sys.version}
        remember(done)
    wanted = (
        (
            lock.name,
            digest(lock),
            ["--no-deps", "--require-hashes", "-r", str(lock)],
            count_pins(lock),
        ),
        ("project", digest(*PROJECT), ["--no-deps", "-e", str(HERE)], 1),
    )
    for name, stamp, packages, number in wanted:
        if done.get(name) == stamp:
            continue
        problem = pip_install(name, packages, number)
        if problem:
            return problem
        done[name] = stamp
        remember(done)
    return ""


def make_environment() -> str:
    """Make `.venv` anew, whatever was there."""
    if importlib.util.find_spec("ensurepip") is None:
        return NO_PIP
    print(f"Making an environment in {VENV} …", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        return explained(made.stdout + made.stderr, "The environment could not be made.")
    return ""


def pip_install(name: str, packages: list[str], number: int) -> str:
    """Install with pip, showing how far it is; returns what hinders it."""
    program = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    # Compiling every module of every package takes a third of the time; few of them are ever used.
    program += ["--no-compile"]
    begun = time.monotonic()
    with subprocess.Popen(
        [*program, *packages],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        said = list(shown(pip.stdout or (), name, number))
    if pip.returncode != 0:
        return explained("".join(said), f"Installing {name} failed.")
    progress(f"Installed {name} in {time.monotonic() - begun:.0f} s")
    if sys.stdout.isatty():
        print(flush=True)
    return ""


def shown(lines: Iterable[str], name: str, number: int) -> Iterator[str]:
    """Pass pip's lines on, and print in their place how many packages have been fetched."""
    fetched = 0
    for line in lines:
        yield line
        if re.match(r"Collecting |Processing |Requirement already satisfied|Obtaining ", line):
            fetched += 1
            package = re.sub(r"==.*|:.*", "", line.split(maxsplit=1)[1]).strip()[:30]
            progress(f"Fetching {name}: {min(fetched, number)} of {number}  {package}")
        elif line.startswith("Installing collected packages"):
            progress(f"Installing {name} …")


def progress(words: str) -> None:
    """Show one line, over the last one where this is a terminal."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{words[:width]:{width}}", end="", flush=True)
    elif not words.startswith("Fetching"):
        print(words, flush=True)


def explained(output: str, head: str) -> str:
    """What to do about a failure, from what a program said of it."""
    for signs, advice in FAULTS:
        if any(sign in output for sign in signs):
            return advice
    if "ensurepip" in output:
        return NO_PIP
    last = "\n".join(f"    {line}" for line in output.strip().splitlines()[-15:])
    return f"{head} The last it said:\n{last}"


def installed() -> dict[str, str]:
    """What this file has installed before, by name."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(done: dict[str, str]) -> None:
    STAMP.write_text(json.dumps(done, indent=2), encoding="utf-8")


def digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def count_pins(lock: Path) -> int:
    return sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())


def fail(words: str) -> int:
    print(f"\n{words}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        full = FULL if error.errno == 28 else f"{error.filename}: {error.strerror}."
        sys.exit(fail(full))
