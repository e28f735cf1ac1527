"""CSV and Parquet, which any program reads; written a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from processing.datasets.codebook import Variable
from processing.datasets.columns import TYPES
from processing.datasets.tables import parquet_writer

from .safe_text import safe_texts


def write_csv(batches: Iterable[pd.DataFrame], variables: Sequence[Variable], path: Path) -> None:
    """UTF-8, commas, decimal points, a header; a missing answer is its code, no score is empty."""
    schema = pa.schema({v.name: TYPES[v.type] for v in variables})
    texts = [v.name for v in variables if v.type == "string"]
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    with path.open("wb") as file:
        file.write((",".join(schema.names) + "\n").encode())
        with arrow_csv.CSVWriter(file, schema, write_options=options) as writer:
            for batch in batches:
                writer.write_table(_table(safe_texts(batch, texts), schema))


def write_parquet_file(
    batches: Iterable[pd.DataFrame], variables: Sequence[Variable], language: str, path: Path
) -> None:
    """Typed columns; labels stand in each column's metadata."""
    schema = pa.schema(
        [
            pa.field(
                v.name,
                TYPES[v.type],
                metadata={
                    "label": v.label(language),
                    "value_labels": json.dumps(v.value_labels(language), ensure_ascii=False),
                    "missing_codes": json.dumps(v.missing),
                },
            )
            for v in variables
        ]
    )
    with parquet_writer(path, schema) as writer:
        for batch in batches:
            writer.write_table(_table(batch, schema))


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(frame, schema, preserve_index=False)
