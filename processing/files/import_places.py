"""Answers of another system held against what is known of places: areas, and who was invited there."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category

import pandas as pd

from processing.datasets.paradata import MODES, STATUSES
from processing.datasets.tables import TABLES

from .import_problems import Refusals

_KEYS = ["area", "stratum", "mode"]
_COUNTED = [name for name in TABLES["dispositions"].names if name not in _KEYS]
_SAMPLED = ("started", "finished")
_UNINVITED = ("uninvited_started", "uninvited_finished")


def areas_named(names: Sequence[str]) -> pd.DataFrame:
    """The table of areas where a file names them and says no more."""
    table = pd.DataFrame({"area": [*names], "name": [*names], "level": ""}, dtype=object)
    return table.reindex(columns=TABLES["areas"].names)


def refuse_control_signs(keys: pd.Series, column: str, refusals: Refusals) -> None:
    """Tell of keys with signs that nobody sees, as a NUL; `keys` are indexed by the file's rows."""
    for key, rows in keys.groupby(keys, sort=False).groups.items():
        if any(category(sign) == "Cc" for sign in str(key)):
            rule = "a key has no control signs; take them out, or recode it in the map"
            refusals.add([int(row) for row in rows], column, rule, str(key))


def refuse_unknown_areas(answers: pd.DataFrame, areas: pd.DataFrame, refusals: Refusals) -> None:
    """Tell of answers from areas that are not listed; `answers` are indexed by the file's rows."""
    strange = answers[~answers["area"].isin({"", *areas["area"].astype(str)})]
    for area, rows in strange.groupby("area", sort=False).groups.items():
        rule = "the areas do not list it; add it to their file, or recode it in the map"
        refusals.add([int(row) for row in rows], "area", rule, str(area))


def dispositions_of(
    answers: pd.DataFrame, invited: pd.DataFrame, refusals: Refusals
) -> pd.DataFrame:
    """Who was invited, with who started and finished counted from the answers.

    `invited` has area and invited, and where they are known stratum, refused and unreachable. Rows of
    an open link, or without a base weight, were not invited and are counted apart.
    """
    given = invited.assign(mode="", stratum=invited.get("stratum", ""))
    modes = {code: name for name, code in MODES.items()}
    asked = (answers["open_link"] != 1) & (answers["base_weight"] > 0)
    done = answers["status"] == STATUSES["complete"]
    rows = pd.DataFrame(
        {
            "area": answers["area"],
            "stratum": answers["stratum"],
            "mode": answers["mode"].map(modes).fillna(""),
            **dict(zip(_SAMPLED, (asked, asked & done), strict=True)),
            **dict(zip(_UNINVITED, (~asked, ~asked & done), strict=True)),
        }
    )
    whole = pd.concat([given, rows.astype(dict.fromkeys((*_SAMPLED, *_UNINVITED), int))])
    numbers = [*_COUNTED, *_UNINVITED]
    whole[numbers] = whole.reindex(columns=numbers).fillna(0).astype("int64")
    counted = whole.groupby(_KEYS, as_index=False)[numbers].sum()
    by = counted.groupby("area")[["invited", "finished"]].sum()
    for area, row in by[by["finished"] > by["invited"]].iterrows():
        if str(area):
            rule = "no more can finish than were invited; correct the count, or map open_link"
            value = f"{row['invited']} invited, {row['finished']} finished"
            first = answers.index[answers["area"] == area].tolist()
            refusals.add(first, f"invited in {area}", rule, value)
    return counted
