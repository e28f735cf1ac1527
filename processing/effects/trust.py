"""Which inference to trust with these clusters, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

# Below these, tests that lean on a variance reject too often: recovery in tests/processing
# (test_effects) and benchmarks/coverage.py shows it, as do MacKinnon & Webb (2018, DOI
# 10.1111/ectj.12107). Randomisation of t rejects nearer to what it says than that of coefficients,
# save with one treated cluster, at the cost of power (MacKinnon & Webb 2020, DOI
# 10.1016/j.jeconom.2020.04.024).
FEWEST_CLUSTERS = 6
FEWEST_DF = 8.0
FEWEST_ASSIGNMENTS = 100
ALL_ALIKE = (
    "No inference is trusted: all clusters of an arm moved exactly alike, so that nothing tells how "
    "far apart they might have."
)


@dataclass(frozen=True)
class Trust:
    """The method's name as in `Effect.inferences`, empty where none is to be trusted, and why."""

    method: str
    reason: str


def which_to_trust(
    treated: int, comparison: int, df: float, assignments: float, *, varies: bool = True
) -> Trust:
    """Choose by the clusters in each arm, CR2's degrees of freedom and the assignments there are.

    Clusters count that tell something of the effect: of one wave alone there is no change.
    `assignments` is 0 where nothing can be randomised, `varies` whether clusters differ in anything
    but the treatment.
    """
    if not varies:
        return Trust("", ALL_ALIKE)
    fewest = min(treated, comparison)
    if fewest >= FEWEST_CLUSTERS and df >= FEWEST_DF:
        return Trust(
            "CR2",
            f"CR2 is trusted: {treated} treated and {comparison} other clusters, "
            f"{df:.1f} degrees of freedom.",
        )
    arm = "treated" if treated <= comparison else "comparison"
    few = f"there are {fewest} {arm} clusters and {df:.1f} degrees of freedom"
    if assignments >= FEWEST_ASSIGNMENTS:
        err = f"{few}, so that tests which lean on a variance or on the wild bootstrap err"
        rests = (
            "It rests on which areas were treated having been as good as drawn; where they are few and "
            "far smaller or larger than the others, it rejects too often still."
        )
        if fewest > 1:
            return Trust(
                "randomisation",
                f"Randomisation over clusters is trusted: {err}. T statistics are compared, since "
                f"coefficients of unlike clusters are not alike. {rests}",
            )
        return Trust(
            "randomisation of coefficients",
            f"Randomisation over clusters is trusted: {err}. Coefficients are compared, since the "
            f"variance of one cluster cannot be told. {rests}",
        )
    possible = f"{assignments:.0f}" if assignments else "no"
    return Trust(
        "",
        f"No inference is trusted: {few}, and {possible} other assignments to hold it against. "
        f"Report the estimate without a test.",
    )


def trust_as_planned(trust: Trust, planned: str, there: Collection[str]) -> Trust:
    """The method that the plan names, where it does not err with these clusters.

    Tests that lean on a variance or the wild bootstrap are told only where CR2 is trusted;
    randomisation wherever anything is. `there` are the methods that were computed.
    """
    if planned in {"trusted", trust.method} or not trust.method:
        return trust
    if planned not in there:
        return Trust(
            trust.method, f"The plan names {planned}, which is not had here. {trust.reason}"
        )
    if trust.method == "CR2" or planned == "randomisation":
        return Trust(planned, f"{planned} is told, as the plan names it. {trust.reason}")
    return Trust(trust.method, f"The plan names {planned}, which errs here. {trust.reason}")
