"""What can be detected with these areas and this response."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
import pandas as pd
from scipy import stats

from processing.errors import Problem, stop_if_any

from .detectable import Detectable, df_of_arms, minimum_detectable_effect, variance_of_change
from .drawn_power import DrawnStudies
from .trust import Trust, which_to_trust

RESPONSES = (0.2, 0.3, 0.4, 0.5)


@dataclass(frozen=True)
class PlannedStudy:
    """Two waves in areas with a plan and without; numbers are per area and wave.

    The shares are what earlier studies found (domain papers; Bliese 2000): replace them by your
    own where there are any. `sd` is that of persons' scores, on 0–100.
    """

    treated: int
    comparison: int
    invited: float
    response: float = 0.4
    icc: float = 0.03
    """Share of persons' variance that lies between areas,"""
    stability: float = 0.7
    """of which so much lasts from wave to wave."""
    again: float = 0.0
    """Share of a wave's answers by people who answered the wave before,"""
    person_stability: float = 0.6
    """whose own scores correlate so."""
    design_effect: float = 1.0
    """Of the weights (Kish)."""
    sd: float = 20.0
    power: float = 0.8
    level: float = 0.95

    @property
    def answers(self) -> float:
        return self.invited * self.response

    def problems(self) -> list[Problem]:
        """All figures that cannot be, also those that the closed form would stop at one by one."""
        return [one for name in _RULES for one in _broken(name, getattr(self, name))]


@dataclass(frozen=True)
class StudyPlan:
    """What a planned study can detect.

    `effect_sd` and `points` are the smallest effect found with the power asked for; infinite where
    no test would be trusted. `trust` is the inference that the report would choose. `reliability`
    is λ of one area's mean, `half_width` half of its interval in points. `table` has a row a
    response: response, answers, effect_sd, points.
    """

    study: PlannedStudy
    effect_sd: float
    points: float
    standard_error: float
    df: float
    trust: Trust
    reliability: float
    half_width: float
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The table over responses."""
        return self.table.copy()

    def __str__(self) -> str:
        asked = self.study
        if np.isfinite(self.effect_sd):
            found = (
                f"An effect of {self.points:.1f} points ({self.effect_sd:.2f} SD) is found with "
                f"{asked.power:.0%} power, two-sided at {1 - asked.level:.0%}."
            )
        else:
            found = "No effect would be found with the power asked for."
        return (
            f"{asked.treated} + {asked.comparison} areas, {asked.answers:.0f} answers each a wave: "
            f"{found}\n{self.trust.reason}\nOne area's mean is told within ±{self.half_width:.1f} "
            f"points, with a reliability of {self.reliability:.2f}."
        )


def plan_study(
    study: PlannedStudy, *, responses: Sequence[float] = RESPONSES, seed: int = 1
) -> StudyPlan:
    """The smallest effect that a study would find, and what it would be with other responses.

    Definition: as `minimum_detectable_effect` where CR2 is trusted. Where randomisation over areas
    is, its power has no closed form: 1 000 studies are drawn, normal and of one variance, and the
    effect is sought that the test finds in as many as asked for. A panel takes again ×
    person_stability of the persons' variance out of a change. Equal arguments give equal numbers.
    `no outside reference`: closed form, and recovery by simulation. Raises StatisticsError.

    >>> plan = plan_study(PlannedStudy(30, 30, invited=150))
    >>> round(plan.effect_sd, 2), round(plan.points, 1), plan.trust.method
    (0.17, 3.3, 'CR2')
    """
    stop_if_any([*study.problems(), *(p for r in responses for p in _broken("response", r))])
    trust = _trust(study)
    # Studies drawn for one response serve all, since only the variance differs.
    drawn = (
        DrawnStudies(study.treated, study.comparison, level=study.level, seed=seed)
        if trust.method == "randomisation"
        else None
    )
    factor = drawn.smallest_effect(study.power) if drawn else float("nan")
    rows = [(r, _effect(replace(study, response=r), trust, factor)) for r in responses]
    effect = _effect(study, trust, factor)
    closed = _closed(study)
    within = (1 - study.icc) * study.design_effect / study.answers
    return StudyPlan(
        study=study,
        effect_sd=effect,
        points=effect * study.sd,
        standard_error=closed.standard_error,
        df=closed.df,
        trust=trust,
        reliability=study.icc / (study.icc + within),
        half_width=float(stats.norm.ppf((1 + study.level) / 2) * np.sqrt(within) * study.sd),
        table=pd.DataFrame(
            {
                "response": [r for r, _ in rows],
                "answers": [study.invited * r for r, _ in rows],
                "effect_sd": [one for _, one in rows],
                "points": [one * study.sd for _, one in rows],
            }
        ),
    )


_MANY = 10**15
"""More assignments than anybody draws, and fewer than no float holds."""


def _trust(study: PlannedStudy) -> Trust:
    areas = study.treated + study.comparison
    df = df_of_arms(study.treated, study.comparison)
    assignments = float(min(comb(areas, study.treated), _MANY))
    return which_to_trust(study.treated, study.comparison, df, assignments)


def _effect(study: PlannedStudy, trust: Trust, factor: float) -> float:
    if trust.method == "CR2":
        return _closed(study).effect
    if trust.method == "randomisation":
        change = variance_of_change(
            study.icc, study.stability, study.answers, _overlap(study), study.design_effect
        )
        return factor * float(np.sqrt(change))
    return float("inf")


def _closed(study: PlannedStudy) -> Detectable:
    return minimum_detectable_effect(
        study.treated, study.comparison, study.answers,
        icc=study.icc, stability=study.stability, overlap=_overlap(study),
        power=study.power, level=study.level, design_effect=study.design_effect,
    )  # fmt: skip


def _overlap(study: PlannedStudy) -> float:
    return study.again * study.person_stability


def _broken(name: str, value: float) -> Iterator[Problem]:
    """The rule that a figure breaks."""
    rule, what, remedy, holds = _RULES[name]
    if not holds(value):
        received = f"{value:g}"
        yield Problem(
            name, f"{what}, got {received}", remedy, f"planning.{rule}", {"received": received}
        )


_Rule = tuple[str, str, str, Callable[[float], bool]]
_AREAS: _Rule = ("areas", "each arm needs two areas at least", "Give more", lambda v: v >= 2)
_ABOVE: _Rule = ("above_zero", "it is above zero", "Correct it", lambda v: 0 < v < np.inf)
_SHARE: _Rule = ("share", "a share, from 0 to 1", "Give 0.4 for 40 %", lambda v: 0 <= v <= 1)
_RULES: dict[str, _Rule] = {
    "treated": _AREAS,
    "comparison": _AREAS,
    "invited": _ABOVE,
    "response": (
        "some",
        "a share above 0 and up to 1",
        "Give 0.4 for 40 %",
        lambda v: 0 < v <= 1,
    ),
    "icc": ("below_one", "a share, from 0 to below 1", "Give 0.03 for 3 %", lambda v: 0 <= v < 1),
    "stability": _SHARE,
    "again": _SHARE,
    "person_stability": _SHARE,
    "design_effect": ("one", "it is 1 or more", "Give 1 for none", lambda v: 1 <= v < np.inf),
    "sd": _ABOVE,
    "power": ("power", "from 0.5 to below 1", "Give 0.8 for 80 %", lambda v: 0.5 <= v < 1),
    "level": ("level", "between 0 and 1", "Give 0.95 for 95 %", lambda v: 0 < v < 1),
}
