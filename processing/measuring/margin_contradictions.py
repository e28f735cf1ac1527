"""Register counts held against each other, before anybody has answered."""

from __future__ import annotations

import pandas as pd

from processing.errors import Problem

from .register_margins import categories, contradictions
from .weighting_units import unit_counts

_KEYS = ("wave", "unit")


def margin_contradictions(
    margins: pd.DataFrame,
    members: pd.DataFrame,
    answers: pd.DataFrame | None = None,
) -> list[Problem]:
    """Find where a wave's register counts cannot all be met, as weights would once it is frozen.

    Parameters
    ----------
    margins
        A row a place and category: wave, area or area_group (the other None), variable, category
        and count (people).
    members
        Which areas lie in which group while the wave asks: area_group, area.
    answers
        Coded answers, a column a variable, where they are known already: (rows, variables).

    Returns
    -------
    list[Problem]
        Places whose variables count different numbers of people, with the categories that they lack,
        and groups whose counts are not those of their areas. Nothing where all fits.

    Raises
    ------
    KeyError
        For a missing column.

    Examples
    --------
    >>> counts = pd.DataFrame({"wave": 1, "area": "a", "area_group": None, "category": ["1", "1"],
    ...     "variable": ["gender", "age"], "count": [411, 999]})
    >>> none = pd.DataFrame({"area_group": [], "area": []})
    >>> print(margin_contradictions(counts, none)[0].what)
    they contradict each other in how many people there are: age 999, gender 411

    """
    asked = [
        name for name in margins["variable"].unique() if answers is not None and name in answers
    ]
    answered = (
        {name: set(categories(answers[name])) for name in asked} if answers is not None else {}
    )
    alone = margins[margins["area"].notna()].rename(columns={"area": "unit"})
    found = [*contradictions(alone, _KEYS, 0.0, answered)]
    units = members.rename(columns={"area_group": "unit"})
    units = units.assign(answered=True).merge(margins[["wave"]].drop_duplicates(), how="cross")
    groups = set(margins["area_group"].dropna()) - set(units["unit"])
    lone = margins[margins["area_group"].isin(groups)].rename(columns={"area_group": "unit"})
    if len(units):
        counts, differing = unit_counts(margins, units)
        found += [*differing, *contradictions(counts, _KEYS, 0.0, answered)]
    return [*found, *contradictions(lone, _KEYS, 0.0, answered)]
