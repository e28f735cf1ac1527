"""A derived table as CSV, for whoever opens it in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def read_csv_of(path: Path) -> bytes:
    """Return a Parquet table as CSV in UTF-8, a row a line."""
    return pd.read_parquet(path).to_csv(index=False, lineterminator="\n").encode()
