"""Data and numbers made outside this project, for the tests of every statistic."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

REFERENCE = Path(__file__).parent / "reference"
BFI_REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
BFI_SCALES = {
    "agree": ["A1", "A2", "A3", "A4", "A5"],
    "conscientious": ["C1", "C2", "C3", "C4", "C5"],
    "extraversion": ["E1", "E2", "E3", "E4", "E5"],
    "neuroticism": ["N1", "N2", "N3", "N4", "N5"],
    "openness": ["O1", "O2", "O3", "O4", "O5"],
}


@cache
def _read_data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv")


@cache
def _read_numbers(name: str) -> str:
    return (REFERENCE / "numbers" / f"{name}.json").read_text(encoding="utf-8")


@pytest.fixture
def reference() -> Callable[[str], dict[str, Any]]:
    """Numbers by file name without .json, parsed afresh so that no test can spoil another's."""
    return lambda name: json.loads(_read_numbers(name))


@pytest.fixture
def reference_data() -> Callable[[str], pd.DataFrame]:
    """Data by file name without .csv; blank is NaN."""
    return lambda name: _read_data(name).copy()


@pytest.fixture
def matrix() -> Callable[[dict[str, Any]], pd.DataFrame]:
    """A stored matrix as a frame with its row and column names."""
    return lambda stored: pd.DataFrame(
        stored["values"], index=stored["rows"], columns=stored["cols"], dtype=float
    )


@pytest.fixture
def bfi() -> pd.DataFrame:
    """The personality items as they were asked, with gender, education and age."""
    return _read_data("bfi").copy()


@pytest.fixture
def bfi_oriented(bfi: pd.DataFrame) -> pd.DataFrame:
    """The personality items with those of the opposite direction turned (7 − x)."""
    return bfi.assign(**{item: 7 - bfi[item] for item in BFI_REVERSED})


@pytest.fixture
def bfi_items() -> list[str]:
    return [item for items in BFI_SCALES.values() for item in items]


@pytest.fixture
def bfi_scales() -> dict[str, list[str]]:
    return {scale: list(items) for scale, items in BFI_SCALES.items()}


@pytest.fixture
def bfi_numbers(reference: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return reference("bfi")
