"""The tables beside the responses: places, plans, register counts and what became of invitations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .folders import DatasetError

_DATED = {"valid_from": pa.string(), "valid_to": pa.string()}

TABLES: Mapping[str, pa.Schema] = MappingProxyType(
    {
        name: pa.schema(columns)
        for name, columns in {
            "areas": {
                "area": pa.string(),
                "name": pa.string(),
                "level": pa.string(),
                "dwellings": pa.int64(),
                "residents": pa.int64(),
                **_DATED,
            },
            "area_succession": {
                "from_area": pa.string(),
                "to_area": pa.string(),
                "date": pa.string(),
            },
            "area_group": {
                "area_group": pa.string(),
                "name": pa.string(),
                "level": pa.string(),
                "area": pa.string(),
                **_DATED,
            },
            "area_status": {"area": pa.string(), "status": pa.string(), **_DATED},
            "plans": {"plan": pa.string(), "name": pa.string(), "kind": pa.string()},
            "area_plan": {"area": pa.string(), "plan": pa.string(), **_DATED},
            "margins": {
                "area": pa.string(),
                "area_group": pa.string(),
                "variable": pa.string(),
                "category": pa.string(),
                "count": pa.int64(),
            },
            "dispositions": {
                "area": pa.string(),
                "stratum": pa.string(),
                "mode": pa.string(),
                "invited": pa.int64(),
                "started": pa.int64(),
                "finished": pa.int64(),
                "refused": pa.int64(),
                "unreachable": pa.int64(),
            },
        }.items()
    }
)
"""Each table's columns. Days are ISO text. More columns may follow; an unknown count and an open
end of a period are null."""


def arrange(name: str, frame: pd.DataFrame | None) -> pa.Table:
    """Arrange a table as datasets keep it: columns in order, rows sorted, so that bytes are equal.

    Raises DatasetError naming every column that is missing or of the wrong type.
    """
    required = TABLES[name]
    if frame is None:
        return required.empty_table()
    missing = [column for column in required.names if column not in frame.columns]
    if missing:
        raise DatasetError(
            f"{name}: the columns {', '.join(missing)} are missing, found"
            f" {', '.join(map(str, frame.columns)) or 'none'}. Give all that the table needs."
        )
    others = sorted(str(column) for column in frame.columns if column not in required.names)
    arrays = [_typed(name, frame[field.name], field.type) for field in required]
    arrays += [pa.array(frame[column], from_pandas=True) for column in others]
    table = pa.table(dict(zip([*required.names, *others], arrays, strict=True)))
    return table.sort_by([(column, "ascending") for column in table.column_names])


def _typed(name: str, column: pd.Series, kind: pa.DataType) -> pa.Array:
    try:
        if kind == pa.int64():
            numbers = pd.to_numeric(column).astype("Int64")
            return pa.array(numbers, type=kind, from_pandas=True)
        return pa.array(column.astype(object), type=kind, from_pandas=True)
    except (ValueError, TypeError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DatasetError(
            f"{name}: the column {column.name} must hold {'counts' if kind == pa.int64() else 'text'}"
            f" ({error}). Correct the values."
        ) from error


def write_parquet(table: pa.Table, path: Path) -> None:
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table, row_group_size=2**16)


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer with every setting named, for the bytes must not change with a library's default."""
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6")
