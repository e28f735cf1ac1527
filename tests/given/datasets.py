"""A form with every kind of item, answers to it, and the dataset they are frozen into."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from instruments import make_form
from processing import WaveFacts, build_codebook, write_wave

LIBRARY = Path(__file__).parents[1] / "processing" / "fixtures" / "library"

HOSTILE = (
    "=HYPERLINK('http://evil')",
    "+45 12 34 56 78",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "<script>alert(1)</script>",
    'to "linjer"\nog, komma; semikolon',
    "æøå ÆØÅ é",
    "مرحبا بكم",
    "abc\u202etxt.exe",
)


@pytest.fixture
def fixture_library():
    """Small questionnaires, each for a purpose."""
    return LIBRARY


@pytest.fixture
def every_form():
    return make_form(["every"], ["da", "ar"], LIBRARY)


@pytest.fixture
def codebook(every_form):
    return build_codebook(every_form, wave_year=2026)


@pytest.fixture
def make_answers(codebook):
    """Answers that use every code and every missing reason; more rows bring more of them."""

    def make(rows=200, seed=1):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({v.name: _column(v, rows, rng) for v in codebook.variables})
        frame["row_id"] = [f"{number:032x}" for number in rng.permutation(rows)]
        frame["wave"] = np.int16(1)
        frame["every_comment"] = frame["every_comment"].where(
            frame["every_comment_missing"] == 0, ""
        )
        return frame

    return make


def _column(variable, rows, rng):
    if variable.type == "double":
        return rng.uniform(0.5, 3, rows)
    if variable.type == "string":
        return rng.choice(HOSTILE if variable.kind == "text" else ["", "0667-012", "ø"], rows)
    codes = variable.codes or (variable.lowest, variable.highest)
    drawn = rng.choice(np.array([*codes, *variable.missing], np.int16), rows)
    if variable.kind in {"single", "multiple"}:  # most people answer
        drawn = np.where(rng.random(rows) < 0.8, rng.choice(np.array(codes), rows), drawn)
    return drawn.astype(np.int16)


@pytest.fixture
def facts():
    return WaveFacts(
        study="prøve",
        wave=1,
        legal_basis="consent",
        languages=("da", "ar"),
        unreviewed_languages=("ar",),
        counts={"withdrawn": 1},
    )


@pytest.fixture
def freeze_wave(tmp_path, codebook, every_form, facts, make_answers):
    """Write a wave; what a test does not say is filled in."""

    def write(name="wave-1", **given):
        filled = {
            "responses": make_answers(),
            "tables": {},
            "codebook": codebook,
            "instrument_files": every_form.files(),
            "facts": facts,
        }
        return write_wave(tmp_path / name, **filled | given)

    return write


@pytest.fixture
def frozen(freeze_wave):
    return freeze_wave()
