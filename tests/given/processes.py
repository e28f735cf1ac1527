"""The command `beboerpuls` in processes of its own, without the seconds that loading it takes.

They are forked from one process that holds what the command imports, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from survey.cli import beboerpuls

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["survey.serving", "survey.commands.serve", "survey.commands.demo"])


def _run(words, environ, folder, files):
    for number, (path, mode) in enumerate(files):
        os.dup2(os.open(path, mode), number)
    # As in a terminal, even where the tests run in the background of a shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", buffering=1)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    beboerpuls(list(map(str, words)), prog_name="beboerpuls")


def run(words, environ, folder, typed=""):
    """Run `beboerpuls WORDS` to its end and return all it printed; it must succeed."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        here = Path(name)
        (here / "typed").write_text(typed, encoding="utf-8")
        command = Command(words, environ, typed=here / "typed", output=here / "output").start()
        with command.stdout as output:
            printed = output.read()
        assert command.wait(120) == 0, f"{words}: {printed}"
    return printed


@dataclass
class Command:
    """`beboerpuls WORDS`, running; its output is read line by line where it was asked for."""

    words: tuple
    environ: dict[str, str] = field(default_factory=dict)
    folder: Path = Path(__file__).parents[2]
    typed: Path | None = None
    output: Path | None = None
    stdout: IO[str] | None = None

    def start(self):
        files = [(self.typed or os.devnull, os.O_RDONLY)]
        files += [(self.output, os.O_WRONLY)] * 2 if self.output else [(os.devnull, os.O_WRONLY)]
        if self.output:
            os.mkfifo(self.output)
        self.process = _FORKS.Process(
            target=_run, args=(self.words, os.environ | self.environ, self.folder, files)
        )
        self.process.start()
        if self.output:
            self.stdout = self.output.open(encoding="utf-8")
        return self

    @property
    def pid(self):
        return self.process.pid

    def poll(self):
        return self.process.exitcode

    def wait(self, timeout):
        self.process.join(timeout)
        assert self.process.exitcode is not None, "the command did not end"
        return self.process.exitcode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)
