"""Covariates that a plan names: who people are, as a share of an area's answers or a person's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from processing.datasets.codebook import Codebook
from processing.errors import Problem

NO_ANSWER = "none"


def problems_of_covariates(codebook: Codebook, names: Sequence[str]) -> Iterator[Problem]:
    """Variables that are not there, or whose answers are no categories."""
    for name in names:
        if name not in codebook.names:
            yield Problem(
                f"plan, covariate {name}",
                "the dataset has no such variable",
                "Name one it has",
                "plan.variable",
                {"part": "covariates", "variable": name},
            )
        elif not codebook.variable(name).codes:
            yield Problem(
                f"plan, covariate {name}",
                "its answers are no categories",
                "Name a variable of categories, as background_gender",
                "plan.no_categories",
                {"variable": name},
            )


def nobody_answered(people: pd.DataFrame, names: Sequence[str]) -> Iterator[Problem]:
    """Covariates that would take nothing out, since no weighted row answered them."""
    rows = people[people["weight"] > 0]
    for name in names:
        if not (rows[name] >= 0).any():
            yield Problem(
                f"plan, covariate {name}",
                "nobody answered it",
                "Name one that was asked and answered, in a new plan, which then explores",
                "plan.nobody",
                {"variable": name},
            )


def as_categories(
    rows: pd.DataFrame, codebook: Codebook, names: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The rows with a column of 0 and 1 for every category but the first, no answer being one.

    Returns the rows without the variables themselves, and the new columns' names.
    """
    made: dict[str, np.ndarray] = {}
    for name in names:
        values = rows[name].to_numpy(float)
        for code in codebook.variable(name).codes[1:]:
            made[f"{name}={code}"] = (values == code).astype(float)
        known = values >= 0
        made[f"{name}={NO_ANSWER}"] = (~known).astype(float)
    told = rows.drop(columns=[*names]).assign(**made)
    return told, [*made]


def shares_of_areas(
    people: pd.DataFrame, codebook: Codebook, names: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Weighted shares of each category by unit and wave, of rows with unit, wave, weight."""
    rows, columns = as_categories(
        people[people["weight"] > 0][["unit", "wave", "weight", *names]], codebook, names
    )
    weighted = rows[columns].mul(rows["weight"], axis=0).assign(weight=rows["weight"])
    by = weighted.groupby([rows["unit"], rows["wave"]]).sum()
    return by[columns].div(by["weight"], axis=0).reset_index(), columns
