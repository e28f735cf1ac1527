"""Register outcomes laid beside the feed, by area and year, with what does not fit told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from processing.datasets.area_keys import written_otherwise
from processing.errors import Problem, stop_if_any


@dataclass(frozen=True)
class Joined:
    """The feed beside register outcomes: `frame`, and area-years that only one of them knows.

    `only_feed` are those of the levels, as afdeling, of which the outcomes have any.
    `merged` are areas of the outcomes that the feed has as a part of what they merged into: they
    are told of, and joined only where the outcomes give the whole.
    """

    frame: pd.DataFrame
    only_feed: tuple[str, ...]
    only_outcomes: tuple[str, ...]
    merged: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{len(self.frame)} rows joined"
        for names, where in (
            (self.only_feed, "only in the feed"),
            (self.only_outcomes, "only in the outcomes"),
            (self.merged, "in the feed as a part of what they merged into"),
        ):
            if names:
                told += f"; {where}: {_listed(names)}"
        return told


def join_outcomes(
    table: pd.DataFrame, outcomes: pd.DataFrame, *, area: str = "area", year: str = "year"
) -> Joined:
    """Lay register outcomes beside the feed's means, by area and year.

    `outcomes` has one row an area and year, with columns of its own; its area keys are those of the
    feed's `unit`, at whatever level. Raises StatisticsError for a missing column or none to lay beside,
    a column or an area-year that comes twice, keys that are numbers, blank, or are the feed's but for
    blanks and leading zeros, years that are not whole, and no row in common.
    """
    means = table[(table["measure"] == "mean") & (table["cohort"] == "all")]
    problems = [*_columns(outcomes, area, year, means.columns)]
    if all((outcomes.columns == name).sum() == 1 for name in (area, year)):
        known = sorted(set(means["unit"].astype(str)))
        problems += _unfit(outcomes[[area, year]], area, year, known)
    stop_if_any(problems)
    right = outcomes.rename(columns={area: "unit", year: "year"})
    joined = means.merge(right, on=["unit", "year"], how="outer", indicator=True)
    # Levels of which the outcomes have nothing are not missed.
    levels = joined.loc[joined["_merge"] == "both", "level"].unique()
    missed = (joined["_merge"] == "left_only") & joined["level"].isin(levels)
    told = joined["unit"].astype(str) + " " + joined["year"].astype(str)
    both = joined["_merge"] == "both"
    if not both.any():
        stop_if_any(
            [
                Problem(
                    "outcomes",
                    f"no area and year is in both: the feed has {', '.join(map(str, means['unit'].unique()[:3]))}"
                    f", the outcomes {', '.join(map(str, right['unit'].unique()[:3]))}",
                    "Give areas by the keys of the dataset, years as whole numbers",
                )
            ]
        )
    return Joined(
        joined[both].drop(columns="_merge").reset_index(drop=True),
        tuple(dict.fromkeys(told[missed])),
        tuple(dict.fromkeys(told[joined["_merge"] == "right_only"])),
        tuple(sorted(_parts_of_merged(means["unit"]) & set(right["unit"].astype(str)))),
    )


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _parts_of_merged(units: pd.Series) -> set[str]:
    return {part for unit in units.astype(str) if "+" in unit for part in unit.split("+")}


def _columns(
    outcomes: pd.DataFrame, area: str, year: str, taken: Iterable[str]
) -> Iterator[Problem]:
    """What is wrong with the columns themselves: `taken` are the feed's names."""
    names, there = [str(name) for name in outcomes.columns], set(taken)
    for name in (area, year):
        if name not in names:
            yield Problem(f"outcomes, {name}", "there is no such column", "Name it, or give it")
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            where, what = f"outcomes, {name}", f"{names.count(name)} columns have that name"
            yield Problem(where, what, "Give each a name of its own")
    own = dict.fromkeys(name for name in names if name not in (area, year))
    if not own:
        what = f"there is no column but {area} and {year}, so nothing to lay beside"
        yield Problem("outcomes", what, "Give a column an outcome")
    for name in own:
        if name in there:
            yield Problem(
                f"outcomes, {name}", "the feed has a column of that name", "Give it another"
            )


def _unfit(outcomes: pd.DataFrame, area: str, year: str, known: Sequence[str]) -> list[Problem]:
    if not len(outcomes):
        return [Problem("outcomes", "there are no rows", "Give a row an area and year")]
    found = []
    if pd.api.types.is_numeric_dtype(outcomes[area]):
        found.append(
            Problem(
                f"outcomes, {area}",
                "areas are numbers, and 0667-012 has lost its zero",
                "Read the column as text",
            )
        )
    else:
        found += _unlike(outcomes[area], area, known)
    years = outcomes[year]
    if not pd.api.types.is_numeric_dtype(years) or years.isna().any() or (years % 1 != 0).any():
        wrong = dict.fromkeys(repr(one) for one in years if not _whole(one))
        received = _listed([*wrong]) or repr(years.iloc[0])
        found.append(
            Problem(
                f"outcomes, {year}",
                f"years are whole numbers, got {received}",
                "Give each row its year, as 2026",
            )
        )
    twice = outcomes[outcomes.duplicated([area, year])]
    if len(twice):
        names = dict.fromkeys(
            f"{one} {when}" for one, when in zip(twice[area], twice[year], strict=True)
        )
        found.append(
            Problem(
                f"outcomes, {_listed([*names])}",
                "it comes more than once",
                "Give one row an area and year",
            )
        )
    return found


def _whole(year: object) -> bool:
    """A column with one 2026.5 holds 2024 as 2024.0."""
    try:
        return float(str(year)).is_integer()
    except ValueError:
        return False


def _unlike(keys: pd.Series, area: str, known: Sequence[str]) -> list[Problem]:
    """Keys that are blank, and those that mean one of the feed's and are written otherwise."""
    found = []
    texts = keys.fillna("").astype(str)
    if (texts.str.strip() == "").any():
        rows = int((texts.str.strip() == "").sum())
        found.append(
            Problem(f"outcomes, {area}", f"{rows} rows have no key", "Give each row its area")
        )
    found += [
        Problem(
            f"outcomes, {key!r}",
            f"the feed writes that area {meant!r}",
            "Write keys as the dataset does, with every zero and no blanks",
        )
        for key, meant in written_otherwise(texts, known).items()
    ]
    return found[:20]
