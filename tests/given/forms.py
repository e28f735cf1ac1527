"""The questionnaire that tests answer: small, with every kind of item."""

from __future__ import annotations

from pathlib import Path

import pytest

from instruments import make_form

QUESTIONNAIRES = Path(__file__).parent / "questionnaires"


@pytest.fixture(scope="session")
def mini():
    """Four pages, every kind of item, one route; in Danish and Arabic."""
    return make_form(["mini"], ["da", "ar"], QUESTIONNAIRES)


@pytest.fixture(scope="session")
def kinds():
    """Three pages: which other, ranking, month and long text; in Danish and Arabic."""
    return make_form(["kinds"], ["da", "ar"], QUESTIONNAIRES)
