from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from forms import QUESTIONNAIRES

from instruments import DefinitionError, Instrument, Problem, find, load

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def fixtures():
    """The library of small questionnaires, one a feature."""
    return FIXTURES


@pytest.fixture
def fixture_questionnaire() -> Callable[[str], Instrument]:
    return lambda name: find(name, root=FIXTURES)


@pytest.fixture
def copied(tmp_path) -> Callable[[str], Path]:
    """Copies a small questionnaire, to be changed; returns its version's folder."""

    def copy(name: str) -> Path:
        library = FIXTURES if (FIXTURES / name).is_dir() else QUESTIONNAIRES
        return Path(shutil.copytree(library / name / "1", tmp_path / name / "1"))

    return copy


@pytest.fixture
def problems_of() -> Callable[[Path], list[Problem]]:
    """Loads a folder that cannot be loaded, and returns why."""

    def problems(folder: Path) -> list[Problem]:
        with pytest.raises(DefinitionError) as refused:
            load(folder)
        return list(refused.value.problems)

    return problems


@pytest.fixture
def changed(copied, problems_of) -> Callable[..., list[Problem]]:
    """Changes one spot of a small questionnaire's file, and returns the problems that makes."""

    def problems(name: str, before: str, after: str, file: str = "definition.yaml"):
        folder = copied(name)
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, "a change must hit one spot"
        (folder / file).write_text(text.replace(before, after), encoding="utf-8")
        return problems_of(folder)

    return problems
