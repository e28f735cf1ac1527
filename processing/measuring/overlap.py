"""How two waves' means move together because some of the same people answered both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

OVERLAP = ("pairs", "s11", "s10", "s01", "s00")
"""How many people, and with w₁w₂ = v: Σv·y₁y₂, Σv·y₁, Σv·y₂, Σv."""


def overlap(
    rows: pd.DataFrame, scores: Sequence[str], *, person: str, weight: str | None = None
) -> pd.DataFrame:
    """Sums over people who answered two waves: scale, wave_1, area_1, wave_2, area_2, `OVERLAP`.

    `person` names the column with the person's pseudonym over waves, empty where there is none.
    Whoever answered one wave twice, which a pseudonym of a dwelling can make happen, is left out.
    """
    keep = [person, "wave", "area", *scores, *([weight] if weight else [])]
    known = rows.loc[rows[person].notna() & (rows[person] != ""), keep]
    known = known[~known.duplicated([person, "wave"], keep=False)]
    waves = sorted(known["wave"].unique())
    found = [
        _between(known, one, other, scores, person, weight)
        for place, one in enumerate(waves)
        for other in waves[place + 1 :]
    ]
    columns = ["scale", "wave_1", "area_1", "wave_2", "area_2", *OVERLAP]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)


def _between(
    known: pd.DataFrame,
    one: int,
    other: int,
    scores: Sequence[str],
    person: str,
    weight: str | None,
) -> pd.DataFrame:
    pairs = known[known["wave"] == one].merge(
        known[known["wave"] == other], on=person, suffixes=("_1", "_2")
    )
    v = (
        pairs[f"{weight}_1"] * pairs[f"{weight}_2"]
        if weight
        else pd.Series(np.ones(len(pairs)), pairs.index)
    )
    parts = []
    for name in scores:
        y1, y2 = pairs[f"{name}_1"], pairs[f"{name}_2"]
        sums = pd.DataFrame(
            {
                "area_1": pairs["area_1"],
                "area_2": pairs["area_2"],
                "pairs": 1,
                "s11": v * y1 * y2,
                "s10": v * y1,
                "s01": v * y2,
                "s00": v,
            }
        )[y1.notna() & y2.notna() & v.notna()]
        total = sums.groupby(["area_1", "area_2"], as_index=False).sum()
        parts.append(total.assign(scale=name, wave_1=one, wave_2=other))
    return pd.concat(parts, ignore_index=True)
