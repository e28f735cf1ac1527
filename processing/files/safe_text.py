"""Text that other programs can take: no formula, no control character, no longer than they allow."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

# A spreadsheet runs a cell that begins with one of these, also where the file calls it text.
_FORMULA = r"^[=+\-@\t\r\n]"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def without_formula(texts: pd.Series) -> pd.Series:
    """An apostrophe before what a spreadsheet would run; it shows the rest as it was written."""
    risky = texts.str.contains(_FORMULA, regex=True)
    return texts.where(~risky, "'" + texts) if risky.any() else texts


def safe_texts(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The frame with these columns printable and free of formulas."""
    return frame.assign(**{name: without_formula(printable(frame[name])) for name in names})


def safe_cell(text: str) -> str:
    """`without_formula` of one text."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def printable(texts: pd.Series) -> pd.Series:
    """Without the control characters that no file format but Parquet can hold."""
    spoilt = texts.str.contains(_CONTROL)
    return (
        texts.where(~spoilt, texts.str.replace(_CONTROL, "", regex=True)) if spoilt.any() else texts
    )


def cut(text: str, longest: int, *, in_bytes: bool = False) -> str:
    """The text, or as much of it as fits with "…" at its end; whole characters only."""
    size = len(text.encode()) if in_bytes else len(text)
    if size <= longest:
        return text
    if not in_bytes:
        return text[: longest - 1] + "…"
    return text.encode()[: longest - len("…".encode())].decode(errors="ignore") + "…"


def file_stem(*parts: str) -> str:
    """A file name that every archive takes: no blanks, nothing but ASCII letters, digits, _ and -."""
    plain = "_".join(part for part in parts if part)
    for letter, spelt in (
        ("æ", "ae"),
        ("ø", "oe"),
        ("å", "aa"),
        ("Æ", "Ae"),
        ("Ø", "Oe"),
        ("Å", "Aa"),
    ):
        plain = plain.replace(letter, spelt)
    return re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_") or "dataset"
