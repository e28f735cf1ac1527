"""What was found of scales and what follows from it: for everyone, in each group, in frames and JSON."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from processing.datasets.codebook import write_json

from .comparisons import Comparison
from .findings import Finding, Reason, Verdict, deciding, reason_of, told, verdict_of
from .questionnaires import QuestionnaireEvidence

EVERYONE = ""
"""The column of a verdict that holds for all rows."""

WHOLE = "whole"
"""The group of a scale's verdict, all its groups considered."""


@dataclass(frozen=True)
class GroupEvidence:
    """One scale in one group of respondents."""

    scale: str
    version: int | None
    group: str
    """The column that divides the rows; empty for everyone."""
    value: str
    """Which group."""
    n: int
    """Rows that answered every item."""
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.findings) if self.n else "not tested"

    @property
    def reason(self) -> Reason:
        """Why it is not usable: "failed", or "not tested" where too few answered to tell."""
        return reason_of(self.findings)

    @property
    def told(self) -> str:
        """The verdict, and whether it failed or could not be tested."""
        return told(self.verdict, self.reason)

    def to_json(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "version": self.version,
            "group": self.group,
            "value": self.value,
            "n": self.n,
            "verdict": self.verdict,
            "reason": self.reason,
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True)
class ScaleEvidence:
    """One scale: for everyone, in each group, and whether groups may be compared."""

    scale: str
    version: int | None
    everyone: GroupEvidence
    groups: tuple[GroupEvidence, ...]
    comparisons: tuple[Comparison, ...]
    untested_languages: tuple[str, ...]
    """Languages that the questionnaire offers and in which the scale was never tested."""
    beside: tuple[str, ...] = ()
    """What the model of all the questionnaire's scales says against it, and languages untold."""
    other_versions: tuple[int, ...] = ()
    """Waves whose version of the scale asks other items or answers: their rows are not in this."""

    @property
    def verdict(self) -> Verdict:
        """That of everyone together, but never validated where some group asks for care."""
        verdict = self.everyone.verdict
        return "usable with care" if verdict == "validated" and self.care else verdict

    @property
    def reason(self) -> Reason:
        """Why it is not usable: "failed", or "not tested" where too few answered to tell."""
        return self.everyone.reason

    @property
    def told(self) -> str:
        """The verdict, and whether it failed or could not be tested."""
        return told(self.verdict, self.reason)

    @property
    def care(self) -> tuple[str, ...]:
        """What stands against the scale or asks for care, the gravest first."""
        reasons = [finding.text for finding in deciding(self.everyone.findings)]
        reasons += [
            f"do not compare means over {comparison.group}"
            for comparison in self.comparisons
            if not comparison.means_comparable
        ]
        reasons += [
            f"over {comparison.group}: {finding.text}"
            for comparison in self.comparisons
            for finding in comparison.findings
            if finding.outcome == "cautions"
        ]
        reasons += [
            f"{group.told} where {group.group} is {group.value} (n = {group.n})"
            for group in self.groups
            if group.verdict in {"not usable", "not tested"}
        ]
        reasons += self.beside
        reasons += [
            f"wave {wave} asked another version (other items or answers) and is not in this: judge"
            " its dataset by itself"
            for wave in self.other_versions
        ]
        reasons += [f"never tested in {language}" for language in self.untested_languages]
        return tuple(reasons)

    def to_json(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "version": self.version,
            "verdict": self.verdict,
            "reason": self.reason,
            "care": list(self.care),
            "everyone": self.everyone.to_json(),
            "groups": [group.to_json() for group in self.groups],
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
            "untested_languages": list(self.untested_languages),
            "other_versions": list(self.other_versions),
        }

    def __str__(self) -> str:
        lines = [f"{self.scale}: {self.told}, n = {self.everyone.n}"]
        lines += [f"  - {reason}" for reason in self.care]
        lines += [
            f"  {group.group} {group.value}: {group.told}, n = {group.n}" for group in self.groups
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Evidence:
    """All scales of a dataset."""

    scales: tuple[ScaleEvidence, ...]
    dataset: str
    """The hash of the dataset; empty for a plain frame."""
    questionnaires: tuple[QuestionnaireEvidence, ...] = ()
    """Of every questionnaire with two reflective scales or more."""
    rows: int = 0
    """All that were looked at."""
    left_out: int = 0
    """Rows that the caller asked to leave out, as those flagged as careless."""

    def __getitem__(self, scale: str) -> ScaleEvidence:
        return {entry.scale: entry for entry in self.scales}[scale]

    def to_frame(self) -> pd.DataFrame:
        """One row a scale, group and figure, with the verdict that they led to."""
        rows = [
            {**_names(part), **_told(finding)}
            for entry in self.scales
            for part in (entry.everyone, *entry.groups)
            for finding in part.findings
        ]
        return pd.DataFrame(rows, columns=[*_NAMES, *_TOLD])

    def comparisons_frame(self) -> pd.DataFrame:
        """One row a scale, grouping and figure: whether means may be compared, and why."""
        about = ("scale", "group", "compared", "left_out", "means_comparable")
        rows = [
            {
                "scale": entry.scale,
                "group": comparison.group,
                "compared": ", ".join(comparison.compared),
                "left_out": ", ".join(comparison.left_out),
                "means_comparable": comparison.means_comparable,
                **_told(finding),
            }
            for entry in self.scales
            for comparison in entry.comparisons
            for finding in comparison.findings
        ]
        return pd.DataFrame(rows, columns=[*about, *_TOLD])

    def questionnaires_frame(self) -> pd.DataFrame:
        """One row a questionnaire and figure of the model of all its scales."""
        about = ("instrument", "scales", "n", "verdict")
        rows = [
            {
                "instrument": whole.instrument,
                "scales": ", ".join(whole.scales),
                "n": whole.n,
                "verdict": whole.verdict,
                **_told(finding),
            }
            for whole in self.questionnaires
            for finding in whole.findings
        ]
        return pd.DataFrame(rows, columns=[*about, *_TOLD])

    def verdicts(self) -> pd.DataFrame:
        """One row a scale and group; the scale as a whole (`group` is "whole") comes first."""
        rows = []
        for entry in self.scales:
            whole = {"group": WHOLE, "value": "", "verdict": entry.verdict, "reason": entry.reason}
            rows.append(_names(entry.everyone) | whole)
            rows += [_names(part) for part in (entry.everyone, *entry.groups)]
        return pd.DataFrame(rows, columns=list(_NAMES))

    def to_json(self) -> str:
        """Text that depends on the content alone."""
        scales = [entry.to_json() for entry in self.scales]
        return write_json(
            {
                "dataset": self.dataset,
                "rows": self.rows,
                "left_out": self.left_out,
                "scales": scales,
                "questionnaires": [whole.to_json() for whole in self.questionnaires],
            }
        )

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self.scales)


_NAMES = ("scale", "group", "value", "n", "verdict", "reason")
_TOLD = ("finding", "figure", "limit", "outcome", "text", "source")


def _names(part: GroupEvidence) -> dict[str, object]:
    return {name: getattr(part, name) for name in _NAMES}


def _told(finding: Finding) -> dict[str, object]:
    values = (finding.name, finding.value, finding.limit)
    return dict(zip(_TOLD, (*values, finding.outcome, finding.text, finding.source), strict=True))
