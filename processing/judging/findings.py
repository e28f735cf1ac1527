"""One figure of a scale, held against its limit, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from .thresholds import Outcome, Threshold, Thresholds

Verdict = Literal["validated", "usable with care", "not usable", "not tested"]

Reason = Literal["", "failed", "not tested"]
"""Why something is not usable: a figure failed it, or too few answered to tell."""

_FEW = {"respondents", "respondents_per_item"}
_SHARES = {"floor", "ceiling", "rare_category"}
_COUNTS = {"respondents", "respondents_per_item", "respondents_dif", "respondents_graded_response"}


@dataclass(frozen=True)
class Finding:
    """What was found, and what follows."""

    name: str
    """Of the threshold; or "computation", "structure", "formative" where no figure decides."""
    outcome: Outcome
    text: str
    value: float | None = None
    limit: float | None = None
    source: str = ""
    items: tuple[str, ...] = ()
    """Those that do not reach the limit."""
    interval: tuple[float, float] | None = None
    """Of the value, at 95 %, where there is one."""
    by_item: tuple[tuple[str, float], ...] = ()
    """The figure of every item, where the value is the least of them."""
    step: str = ""
    """Which model of invariance a change belongs to: configural, metric or scalar."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "outcome": self.outcome,
            "text": self.text,
            "value": self.value if self.value is not None and isfinite(self.value) else None,
            "limit": self.limit,
            "source": self.source,
            "items": list(self.items),
        }


def judged(
    thresholds: Thresholds, name: str, value: float, items: Iterable[str] = (), detail: str = ""
) -> Finding:
    """A figure held against the threshold of that name."""
    threshold = thresholds[name]
    outcome = threshold.judge(value)
    limit = threshold.limit(outcome)
    text = f"{threshold.what}: {_shown(name, value)} ({_rule(threshold, name, limit)})"
    if detail:
        text += f"; {detail}"
    if threshold.note and outcome in {"cautions", "blocks"}:
        text += f"; {threshold.note}"
    return Finding(name, outcome, text, float(value), limit, threshold.source, tuple(items))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    outcomes = {finding.outcome for finding in findings}
    if "blocks" in outcomes:
        return "not usable"
    return "usable with care" if "cautions" in outcomes else "validated"


def reason_of(findings: Iterable[Finding]) -> Reason:
    """Why the findings make it not usable; empty where they do not.

    Of too few answers nothing is concluded, so that no other figure of theirs can have failed it.
    """
    blocking = {finding.name for finding in findings if finding.outcome == "blocks"}
    if not blocking:
        return ""
    return "not tested" if blocking & _FEW else "failed"


def told(verdict: Verdict, reason: Reason) -> str:
    """A verdict in words that tell a scale that failed from one of which nothing is known."""
    untold = verdict == "not usable" and reason == "not tested"
    return "not usable: too few answers to tell" if untold else verdict


def deciding(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Those that stand against the scale, the blocking ones first."""
    found = tuple(findings)
    for outcome in ("blocks", "cautions"):
        yield from (finding for finding in found if finding.outcome == outcome)


def _rule(threshold: Threshold, name: str, limit: float) -> str:
    side = {"least": "at least", "most": "at most", "below": "below"}[threshold.side]
    return f"{side} {_shown(name, limit)}"


def _shown(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:g}" if name in _COUNTS else f"{value:.3f}"
