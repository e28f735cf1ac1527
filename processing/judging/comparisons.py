"""Whether a scale's means may be compared over groups: invariance and DIF, held against the limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from processing.counting.patterns import GroupedPatterns
from processing.counting.rows_used import group_name
from processing.errors import StatisticsError
from processing.modelling.invariance import invariance
from processing.traits.dif import DifLimits, dif

from .findings import Finding, judged
from .scale_evidence import Oriented
from .thresholds import Thresholds

SMALL = 300
"""Respondents of the smallest group up to which stricter limits hold. Chen (2007) counts all groups
together; as each has 200 at least, that rule would never be met."""


@dataclass(frozen=True)
class Comparison:
    """One scale over one grouping."""

    group: str
    """The column that divides the rows."""
    compared: tuple[str, ...]
    """Groups with respondents enough."""
    left_out: tuple[str, ...]
    """Groups with too few; about their means nothing is known."""
    findings: tuple[Finding, ...]

    @property
    def means_comparable(self) -> bool:
        """Whether means may be compared over the groups compared."""
        return len(self.compared) > 1 and all(f.outcome != "blocks" for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "compared": list(self.compared),
            "left_out": list(self.left_out),
            "means_comparable": self.means_comparable,
            "findings": [finding.to_json() for finding in self.findings],
        }


def compare_groups(
    groups: Mapping[Any, Oriented], group: str, thresholds: Thresholds
) -> Comparison:
    """Compare the groups that have respondents enough."""
    least = thresholds["respondents_dif"].blocks or 0
    names = sorted(groups, key=str)
    large = [name for name in _ascending(groups) if groups[name].n >= least]
    left_out = tuple(group_name(name) for name in names if name not in large)
    compared = tuple(map(group_name, large))
    if len(large) < 2:
        sizes = sorted((part.n for part in groups.values() if part.n), reverse=True)
        found = sizes[1] if len(sizes) > 1 else 0
        finding = judged(thresholds, "respondents_dif", found, detail="fewer than two groups")
        return Comparison(group, compared, left_out, (finding,))
    rows = GroupedPatterns(group, {name: groups[name].complete for name in large})
    findings = (
        *_computed(_invariance(rows, thresholds), "invariance"),
        *_computed(_dif(rows, thresholds), "DIF"),
    )
    return Comparison(group, compared, left_out, findings)


def _ascending(groups: Mapping[Any, Oriented]) -> list[Any]:
    return sorted(groups, key=lambda name: (str(type(name)), name))


def _computed(findings: Iterator[Finding], what: str) -> Iterator[Finding]:
    try:
        yield from list(findings)
    except StatisticsError as error:
        reasons = "; ".join(str(problem) for problem in error.problems)
        yield Finding("computation", "blocks", f"{what} could not be computed: {reasons}")


def _invariance(rows: GroupedPatterns, thresholds: Thresholds) -> Iterator[Finding]:
    """Equal loadings against the configural model, equal intercepts against equal loadings.

    Equal thresholds are a step of their own for ordered answers; what they cost is counted with the
    loadings, so that the limits, made for the two steps of maximum likelihood, keep their sense.
    """
    found = invariance(rows, f"trait =~ {' + '.join(rows.items)}", rows.group, "WLSMV")
    small = min(found.n) <= SMALL
    steps = {step.name: step for step in found.steps}
    same_form = steps["configural"]
    if not same_form.converged:
        yield Finding("computation", "blocks", "the configural model does not converge")
        return
    if same_form.fit.df:
        for name, value in (("cfi", same_form.fit.cfi_scaled), ("srmr", same_form.fit.srmr)):
            told = judged(thresholds, f"configural_{name}", value, detail="same form")
            yield replace(told, step="configural")
    for kind, names in (("metric", ("thresholds", "metric")), ("scalar", ("scalar",))):
        taken = [steps[name] for name in names]
        if not all(step.converged for step in taken):
            yield Finding("computation", "blocks", f"the {kind} model does not converge")
            continue
        figures = {
            "cfi": sum(step.delta_cfi for step in taken),
            "rmsea": sum(step.delta_rmsea for step in taken),
            "srmr": sum(step.delta_srmr for step in taken),
        }
        for index, value in figures.items():
            few = small and f"small_sample_{index}" in thresholds
            name = f"small_sample_{index}" if few else f"{kind}_{index}"
            told = judged(thresholds, name, value, detail=f"{kind} invariance")
            yield replace(told, step=kind)


def _dif(rows: GroupedPatterns, thresholds: Thresholds) -> Iterator[Finding]:
    usual = DifLimits()
    limits = DifLimits(
        mcfadden=thresholds["dif_mcfadden"].cautions or usual.mcfadden,
        nagelkerke=thresholds["dif_nagelkerke"].cautions or usual.nagelkerke,
    )
    found = dif(rows, rows.items, rows.group, limits=limits)
    astray = [item.item for item in found.items if not item.converged]
    if astray:
        text = f"DIF of {', '.join(astray)} was not found: the regression did not converge"
        yield Finding("computation", "cautions", text, items=tuple(astray))
    for name in ("mcfadden", "nagelkerke"):
        gains = {item.item: getattr(item, name) for item in found.items if item.p < limits.p}
        over = [item for item in gains if item in found.flagged]
        listed = ", ".join(f"{item} {gains[item]:.3f}" for item in over)
        yield judged(thresholds, f"dif_{name}", max(gains.values(), default=0.0), over, listed)
