"""What places are called: afdelinger, boligområder and plans by their latest names."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.study import Study


class PlaceNames:
    """A name for each unit of each level; the key itself where a dataset gives none."""

    def __init__(self, dataset: Dataset | Study) -> None:
        self._dataset = dataset

    def of(self, level: str, unit: str) -> str:
        """Units that are told as one have all their names, joined by +."""
        known = {"afdeling": self._areas, "plan": self._plans}.get(level, self._groups)
        if unit in known:
            return known[unit]
        return " + ".join(known.get(one, one) for one in unit.split("+"))

    @cached_property
    def _areas(self) -> dict[str, str]:
        return _named(self._dataset.table("areas"), "area")

    @cached_property
    def _groups(self) -> dict[str, str]:
        # An area that lies in no group is weighted as one.
        return self._areas | _named(self._dataset.table("area_group"), "area_group")

    @cached_property
    def _plans(self) -> dict[str, str]:
        return _named(self._dataset.table("plans"), "plan")


def _named(table: pd.DataFrame, key: str) -> dict[str, str]:
    named = table.dropna(subset=["name"]).drop_duplicates(key, keep="last")
    return dict(zip(named[key].astype(str), named["name"].astype(str), strict=True))
