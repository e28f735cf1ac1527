"""One scale's rows that an effect compares: areas by their means, or persons by their scores."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from processing.datasets.study import Study
from processing.measuring.study_measures import StudyMeasures, scored_rows

from .analysis_plan import AnalysisPlan
from .covariates import as_categories, shares_of_areas
from .headline import Headline, headline
from .treatment import Treatment


def people_of(
    study: Study, measured: StudyMeasures, covariates: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Every answered row of the study with its weight, scores and covariates, and its afdeling's unit."""
    first = int(min(measured.days.values())[:4])
    rows = pd.concat(
        scored_rows(
            study, measured.scales, first, measured.weights, extra=covariates, base=measured.base
        ),
        ignore_index=True,
    )
    units = measured.units[measured.units["level"] == "afdeling"]
    return rows.merge(units[["wave", "area", "unit"]], on=["wave", "area"])


@dataclass(frozen=True)
class ComparedRows:
    """One scale's rows: `units` of the plan, and areas' `means`, with the names of their covariates."""

    units: pd.DataFrame
    covariates: list[str]
    means: pd.DataFrame
    shares: list[str]
    always: int
    ended: int

    def headline(self, plan: AnalysisPlan, sd: float) -> Headline | None:
        return headline(
            self.units, self.means, plan, covariates=self.covariates, shares=self.shares, sd=sd
        )

    def told(self) -> dict[str, object]:
        return {"n": int(self.means["n"].sum()), "always_treated": self.always, "ended": self.ended}


def compared_rows(
    study: Study,
    measured: StudyMeasures,
    people: pd.DataFrame | None,
    compared: Treatment,
    scale: str,
    cohort: str,
    plan: AnalysisPlan,
) -> ComparedRows:
    """Outcome and treatment of areas, and of persons where the plan compares them, with covariates."""
    means = measured.measures.means
    mine = means[
        (means["scale"] == scale) & (means["cohort"] == cohort) & (means["level"] == "afdeling")
    ]
    own = mine[["unit", "wave", "mean", "effective_n", "n"]].dropna(subset=["mean"])
    own = own.rename(columns={"mean": "y", "effective_n": "weight"})
    units = set(own["unit"])
    areas = own.merge(compared.frame, on=["unit", "wave"])
    # An area that was not seen before its start has no before, whatever the plan's dates.
    first = areas.sort_values("wave").groupby("unit")["treated"].transform("first")
    late = set(areas.loc[first == 1, "unit"])
    areas = areas[~areas["unit"].isin(late)]
    always = len(units & set(compared.always)) + len(late)
    ended = len(set(areas["unit"]) & set(compared.ended))
    if people is None or not len(areas):
        return ComparedRows(areas, [], areas, [], always, ended)
    theirs = people if cohort == "all" else people[people["cohort"] == cohort]
    shares: list[str] = []
    if plan.covariates:
        by, shares = shares_of_areas(theirs, study.codebook, plan.covariates)
        areas = areas.merge(by, on=["unit", "wave"])
    if plan.units == "areas":
        return ComparedRows(areas, shares, areas, shares, always, ended)
    persons = theirs[["unit", "wave", "weight", scale, *plan.covariates]]
    persons = persons.rename(columns={scale: "y"}).dropna(subset=["weight", "y"])
    persons = persons.merge(areas[["unit", "wave", "treated"]], on=["unit", "wave"])
    persons, columns = as_categories(persons, study.codebook, plan.covariates)
    return ComparedRows(persons, columns, areas, shares, always, ended)
