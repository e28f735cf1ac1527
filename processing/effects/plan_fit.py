"""Whether an analysis plan names what there is: scales, covariates, kinds of plans and areas."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from processing.datasets.codebook import Codebook
from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any
from processing.measuring.base_design import counts_people

from .analysis_plan import AnalysisPlan, content_of, sound_parts_of_plan
from .covariates import problems_of_covariates


def misfits_of_plan(
    plan: AnalysisPlan,
    codebooks: Sequence[Codebook] = (),
    *,
    kinds: Collection[str] = (),
    areas: Collection[str] = (),
) -> list[Problem]:
    """Find everything that a plan names and a study does not have, at once.

    Before a wave is frozen a plan can be corrected; afterwards a corrected one explores.

    Parameters
    ----------
    plan
        The plan.
    codebooks
        Those of the study's waves, of which one at least must have each scale and variable; none
        where no wave has a form yet.
    kinds
        The kinds of its plans; none where they are not known yet.
    areas
        The keys of its areas; none where they are not known yet.

    Returns
    -------
    list[Problem]
        Nothing where all fits.

    Raises
    ------
    Nothing.

    Examples
    --------
    >>> plan = AnalysisPlan(primary=("tryghed_t1",), treatment=("helhedplan",))
    >>> print(misfits_of_plan(plan, kinds=["helhedsplan"])[0].what)
    the study has no plan of that kind

    """
    found = [*_of_forms(plan, codebooks)] if codebooks else []
    if kinds:
        found += [
            Problem(
                f"plan, treatment {kind}",
                "the study has no plan of that kind",
                f"Choose among {', '.join(sorted(kinds))}",
                "plan.kind",
                {"kind": kind, "kinds": ", ".join(sorted(kinds))},
            )
            for kind in plan.treatment
            if kind not in kinds
        ]
    if areas:
        found += [
            Problem(
                f"plan, comparison {area}",
                "the dataset has no such area",
                "Give areas by their keys",
                "plan.area",
                {"area": area},
            )
            for area in plan.comparison
            if area not in areas
        ]
    return found


def read_plan_for(path: Path | str, study: Study) -> AnalysisPlan:
    """Read a plan and hold what it names against the study whose effects it is to tell.

    Parameters
    ----------
    path
        The plan's file.
    study
        The study.

    Returns
    -------
    AnalysisPlan
        The plan.

    Raises
    ------
    StatisticsError
        With every problem of the file, and all that it names and the study does not have.

    Examples
    --------
    >>> read_plan_for("plan.yaml", study).primary  # doctest: +SKIP
    ('tryghed_t1',)

    """
    plan, problems = sound_parts_of_plan(content_of(Path(path)), Path(path).name)
    areas = set(study.table("areas")["area"].astype(str))
    # A margin that is not there joins nothing: no reason to stop what was registered.
    asked = replace(plan, ordered=())
    stop_if_any([*problems, *misfits_of_plan(asked, [study.codebook], areas=areas)])
    return plan


def _of_forms(plan: AnalysisPlan, codebooks: Sequence[Codebook]) -> Iterator[Problem]:
    instrument = {
        name: scale.instrument
        for codebook in codebooks
        for scale in codebook.scales
        for name in (scale.name, *(f"{scale.name}_{variant}" for variant in scale.variants))
    }
    for name in plan.scales:
        if name not in instrument:
            yield Problem(
                f"plan, scale {name}",
                "the dataset has no such scale",
                f"Choose among {', '.join(instrument) or 'none'}",
                "plan.scale",
                {"scale": name, "known": ", ".join(instrument)},
            )
    yield from _two_primaries(plan, instrument)
    named = {name for codebook in codebooks for name in codebook.names}
    for part, names in (
        ("adults", [plan.adults] if plan.adults else []),
        ("ordered", plan.ordered),
    ):
        for name in names:
            if name not in named:
                yield Problem(
                    f"plan, {part} {name}",
                    "the dataset has no such variable",
                    "Name one it has",
                    "plan.variable",
                    {"part": part, "variable": name},
                )
            elif not any(_fits(part, one, name) for one in codebooks):
                what, rule = {
                    "adults": ("it is no question of how many", "plan.no_number"),
                    "ordered": ("it has no categories", "plan.no_categories"),
                }[part]
                yield Problem(
                    f"plan, {part} {name}", what, "Name another", rule, {"variable": name}
                )
    for name in plan.covariates:
        having = [codebook for codebook in codebooks if name in codebook.names]
        yield from problems_of_covariates((having or [*codebooks])[0], [name])


def _fits(part: str, codebook: Codebook, name: str) -> bool:
    if part == "adults":
        return counts_people(codebook, name)
    return name in codebook.names and codebook.variable(name).kind not in {"paradata", "text"}


def _two_primaries(plan: AnalysisPlan, instrument: dict[str, str]) -> Iterator[Problem]:
    """Primary scales of one questionnaire: more than one would be more than one question."""
    of: dict[str, list[str]] = {}
    for name in plan.primary:
        of.setdefault(instrument.get(name, name), []).append(name)
    for one, names in of.items():
        if len(names) > 1:
            yield Problem(
                "plan, primary",
                f"{' and '.join(names)} are both of the questionnaire {one}",
                "Name one a questionnaire, and the others as secondary",
                "plan.two_primaries",
                {"scales": ", ".join(names), "questionnaire": one},
            )
