"""The product as a process of its own, which can be killed, started again, and updated."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from processes import Command

ROOT = Path(__file__).parents[2]
QUESTIONNAIRES = Path(__file__).parent / "questionnaires"
SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A server at one address; `code` is the folder that it runs from."""

    environ: dict[str, str]
    port: int = field(default_factory=free_port)
    code: Path = ROOT
    process: subprocess.Popen | Command | None = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        words = ("serve", "--server", "waitress", "--port", str(self.port))
        self.process = self.run(words)
        for _ in range(SECONDS * 20):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the server stopped by itself"
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def run(self, words):
        if self.code == ROOT:
            return Command(words, self.environ).start()
        main = "from survey.cli import beboerpuls; beboerpuls()"
        environ = os.environ | self.environ | {"PYTHONPATH": str(self.code)}
        return subprocess.Popen(
            [sys.executable, "-c", main, *words],
            cwd=self.code,
            env=environ,
            stdout=subprocess.DEVNULL,
        )

    def kill(self):
        """As when the machine is switched off."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def update(self, folder):
        """Run from a copy from now on; returns where its scripts lie, to be changed."""
        for name in ("survey", "instruments", "processing", "migrations"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        self.code = folder
        return folder / "survey" / "static"


@pytest.fixture
def server(database_url, key_file, tmp_path):
    """A running server, with the small questionnaire in its library."""
    server = Server(
        {
            "BEBOERPULS_DATABASE": database_url,
            "BEBOERPULS_KEYS": str(key_file),
            "BEBOERPULS_DATA": str(tmp_path / "data"),
            "BEBOERPULS_LIBRARY": str(QUESTIONNAIRES),
            "BEBOERPULS_HTTPS": "no",
        }
    )
    try:
        server.start()
        yield server
    finally:
        server.kill()
