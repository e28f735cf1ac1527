"""Where sums stand when all areas and waves are known beforehand: numbers in place of names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.errors import Problem, StatisticsError

from .calibration import Ids

COHORTS = pd.Index(["", "newcomer", "stayer"])
MODES = pd.Index(["", "interview", "paper", "web"])


@dataclass(frozen=True)
class SpotKeys:
    """A spot is an area in a wave, `area number · waves + wave number`."""

    areas: pd.Index
    waves: pd.Index
    languages: pd.Index

    @property
    def cohorts(self) -> pd.Index:
        return COHORTS

    @property
    def modes(self) -> pd.Index:
        return MODES

    @property
    def spots(self) -> int:
        return len(self.areas) * len(self.waves)

    def spot_of(self, rows: pd.DataFrame) -> Ids:
        """Each row's spot. Raises StatisticsError for an area that is not known."""
        area = self.areas.get_indexer(pd.Index(rows["area"]))
        if (area < 0).any():
            unknown = sorted(set(rows["area"][area < 0]))
            raise StatisticsError(
                Problem(
                    f"area {', '.join(map(str, unknown[:5]))}",
                    f"{len(unknown)} areas have answers but are not among the dataset's areas",
                    "Add them to the table `areas`",
                )
            )
        wave = self.waves.get_indexer(pd.Index(rows["wave"]))
        return np.asarray(area * len(self.waves) + wave, np.intp)

    def names(self) -> pd.DataFrame:
        """A row a spot, in their order: area, wave."""
        return pd.DataFrame(
            {
                "area": np.repeat(self.areas.to_numpy(), len(self.waves)),
                "wave": np.tile(self.waves.to_numpy(), len(self.areas)),
            }
        )
