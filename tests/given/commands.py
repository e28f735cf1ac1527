"""The command `beboerpuls`, run in this process on a test's own installation."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from survey.cli import beboerpuls
from survey.settings import DATA_FOLDER, DATABASE, KEY_FILE, KNOWN


class Commands:
    """Runs commands as a shell would, with the settings of one installation."""

    def __init__(self, environ):
        self.environ = environ

    def run(self, *words, answer=None):
        """What a command did: `exit_code`, and all it printed as `output`."""
        words = [str(word) for word in words]
        result = CliRunner().invoke(beboerpuls, words, input=answer, env=self.environ)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception  # a user would have seen its traceback
        return result

    def works(self, *words, answer=None):
        """What a command printed; fails the test unless it succeeded."""
        result = self.run(*words, answer=answer)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words):
        return json.loads(self.works(*words, "--json"))

    def refused(self, *words, answer=None):
        """What a command complained of; fails the test unless it was refused."""
        result = self.run(*words, answer=answer)
        assert result.exit_code in {1, 2}, result.output
        return result.output


@pytest.fixture
def commands(database_url, key_file, tmp_path):
    """Commands on an installation with tables and nothing in them."""
    return Commands(
        {DATABASE: database_url, KEY_FILE: str(key_file), DATA_FOLDER: str(tmp_path / "datasets")}
    )


@pytest.fixture
def shell(monkeypatch):
    """Commands where no setting is made."""
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    return Commands({})
