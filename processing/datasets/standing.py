"""One truth of a study's places: what the last wave that speaks of an area says of it."""

from __future__ import annotations

import pandas as pd

from .dataset import Dataset
from .study import Study

_ABOUT = {
    "areas": "area",
    "area_succession": "from_area",
    "area_group": "area",
    "area_status": "area",
    "area_plan": "area",
    "plans": "plan",
}
"""Tables that describe places, by the column that says which."""


def standing_table(dataset: Dataset | Study, name: str) -> pd.DataFrame:
    """The rows of a table that stand: of each area those of the last wave that speaks of it.

    Each wave's folder has the periods as they were known when it was frozen: a plan that was put off
    or given up since, or an afdeling that was moved to its right group, would be there twice. A wave
    speaks of the areas that it lists; without a row, an area has no plan there, or group. An imported
    wave that came without the table says nothing, and the others' stands.
    """
    if isinstance(dataset, Dataset):
        return dataset.table(name)
    column = _ABOUT[name]
    by_wave = dataset.table(name)
    spoken = by_wave[["wave", column]]
    if name not in {"areas", "plans"}:
        listed = dataset.table("areas").rename(columns={"area": column})
        telling = [wave.wave for wave in dataset.waves if _tells(wave, name)]
        listed = listed.loc[listed["wave"].isin(telling), ["wave", column]]
        spoken = pd.concat([spoken, listed], ignore_index=True)
    last = spoken.groupby(column)["wave"].max()
    stands = by_wave[by_wave["wave"] == by_wave[column].map(last)]
    return stands.drop(columns="wave").drop_duplicates(ignore_index=True)


def periods_gone(study: Study, name: str) -> pd.DataFrame:
    """The periods of `area_plan` or `area_group` that an earlier wave's table had and that do not stand.

    With the last wave that had them. An open period that has got its end since is the same one.
    """
    key = "plan" if name == "area_plan" else "area_group"
    period = ["area", key, "valid_from", "valid_to"]
    told = study.table(name)[["wave", *period]].fillna("")
    stands = standing_table(study, name)[period].fillna("").assign(stands=True)
    begun = stands[period[:3]].drop_duplicates().assign(begun=True)
    both = told.merge(stands, on=period, how="left").merge(begun, on=period[:3], how="left")
    same = both["stands"].notna() | (both["begun"].notna() & (both["valid_to"] == ""))
    lost = both.loc[~same, ["wave", *period]]
    return lost.drop_duplicates(period, keep="last").sort_values(period, ignore_index=True)


def groups_corrected(study: Study) -> list[str]:
    """Areas that lie in another group than an earlier wave's table said, as `0667-012 (a → b)`.

    All waves are measured by where they lie now: a group's change would else be of two sets of areas.
    """
    gone = periods_gone(study, "area_group")
    now = standing_table(study, "area_group").groupby("area")["area_group"].agg(set).to_dict()
    told = []
    for area, was in gone.groupby("area")["area_group"].agg(set).items():
        before, since = ("+".join(sorted(map(str, one))) for one in (was, now.get(area, set())))
        told.append(f"{area} ({before}{'' if before == since else f' → {since or chr(8211)}'})")
    return told


def _tells(wave: Dataset, name: str) -> bool:
    """Whether a wave came with the table, be it empty; with plans, their periods are told too."""
    if not wave.manifest.get("source"):
        return True
    return any(len(wave.table(one)) for one in (name, *(["plans"] if name == "area_plan" else [])))
