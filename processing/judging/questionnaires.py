"""Whether the scales of one questionnaire are several things: their correlated factors, in one model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from processing.counting.answers import Codes
from processing.counting.counts import count_parts
from processing.counting.parts import Parts
from processing.datasets.codebook import ScaleEntry
from processing.errors import StatisticsError
from processing.modelling.confirmatory import Confirmatory, cfa

from .findings import Finding, Verdict, deciding, judged, verdict_of
from .labels import NONE
from .reading import Answers, Kept, pieces
from .tally import orient
from .thresholds import Thresholds


@dataclass(frozen=True)
class QuestionnaireEvidence:
    """All reflective scales of one questionnaire, each a factor, all factors free to correlate."""

    instrument: str
    scales: tuple[str, ...]
    items: int
    n: int
    """Rows that answered every item of every scale."""
    findings: tuple[Finding, ...]
    correlations: pd.DataFrame = field(repr=False, compare=False)
    """(scales, scales) between factors; empty where the model could not be fitted."""
    tested: bool

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.findings) if self.tested else "not tested"

    def care_for(self, scale: str) -> Iterator[str]:
        """What the model says against reading one of its scales beside the others."""
        if not self.tested:
            return
        against = [finding for finding in deciding(self.findings) if not finding.items]
        if against:
            figures = ", ".join(
                f"{finding.name.upper()} {finding.value:.3f}"
                if finding.value is not None
                else finding.text
                for finding in against
            )
            yield f"the questionnaire's scales do not quite fit as separate factors ({figures})"
        for finding in deciding(self.findings):
            if scale in finding.items:
                yield finding.text

    def to_json(self) -> dict[str, Any]:
        return {
            "instrument": self.instrument,
            "scales": list(self.scales),
            "items": self.items,
            "n": self.n,
            "verdict": self.verdict,
            "findings": [finding.to_json() for finding in self.findings],
            "correlations": {
                str(row): {str(name): round(float(r), 6) for name, r in values.items()}
                for row, values in self.correlations.iterrows()
            },
        }


@dataclass(frozen=True)
class _OrientedRows:
    """Rows of all scales' items in one direction, gone through anew as often as asked."""

    answers: Answers
    scales: tuple[ScaleEntry, ...]
    kept: Kept

    @property
    def items(self) -> list[str]:
        return [column for scale in self.scales for column in scale.columns]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for piece in pieces(self.answers, self.items, self.scales, self.kept):
            columns: dict[str, Codes] = {}
            for scale, own in zip(self.scales, piece.scales, strict=True):
                codes = np.full((len(scale.columns), len(piece.frame)), NONE, dtype=np.int8)
                if own is not None:
                    codes = orient(piece.frame, own)
                columns |= dict(zip(scale.columns, codes, strict=True))
            yield pd.DataFrame(columns, copy=False)


def judge_questionnaire(
    answers: Answers, scales: Sequence[ScaleEntry], thresholds: Thresholds, kept: Kept = None
) -> QuestionnaireEvidence:
    """Fit the correlated factors (WLSMV) to the rows that answered every item."""
    rows = _OrientedRows(answers, tuple(scales), kept)
    parts = Parts(rows)
    n = count_parts(parts, rows.items, complete=True).rows
    respondents = judged(thresholds, "respondents", n)
    findings, correlations, tested = [respondents], pd.DataFrame(), False
    if respondents.outcome == "good":
        try:
            offered = {item: ends for scale in scales for item, ends in scale.bounds.items()}
            fitted = cfa(parts, _model(scales), "WLSMV", std_lv=True, points=offered)
            tested = True
            if fitted.converged:
                correlations = _correlations(fitted, scales)
            findings += _findings(fitted, correlations, thresholds)
        except StatisticsError as error:
            reasons = "; ".join(str(problem) for problem in error.problems)
            text = f"the model of all scales could not be computed: {reasons}"
            findings.append(Finding("computation", "cautions", text))
    return QuestionnaireEvidence(
        instrument=scales[0].instrument,
        scales=tuple(scale.name for scale in scales),
        items=len(rows.items),
        n=n,
        findings=tuple(findings),
        correlations=correlations,
        tested=tested,
    )


def _model(scales: Sequence[ScaleEntry]) -> str:
    """Factors are numbered: a scale's name need not be a word of the model language."""
    return "\n".join(
        f"factor{place} =~ {' + '.join(scale.columns)}" for place, scale in enumerate(scales)
    )


def _findings(
    fitted: Confirmatory, correlations: pd.DataFrame, thresholds: Thresholds
) -> Iterator[Finding]:
    if not fitted.converged:
        yield Finding("structure", "cautions", "the model of all scales does not converge")
        return
    yield from (Finding("structure", "cautions", doubt) for doubt in fitted.doubts)
    fit = fitted.fit
    interval = f"90 % interval [{fit.rmsea_scaled_lower:.3f}; {fit.rmsea_scaled_upper:.3f}]"
    yield judged(thresholds, "cfi", fit.cfi_scaled, detail="correlated factors")
    yield judged(thresholds, "rmsea", fit.rmsea_scaled, detail=f"correlated factors, {interval}")
    yield judged(thresholds, "srmr", fit.srmr, detail="correlated factors")
    limit = thresholds["factor_correlation"].cautions or 1.0
    size = correlations.abs().to_numpy()
    names = [str(name) for name in correlations.index]
    pairs = {
        (first, second): float(size[a, b])
        for (a, first), (b, second) in combinations(enumerate(names), 2)
    }
    close = {pair: r for pair, r in pairs.items() if r > limit}
    yield judged(
        thresholds,
        "factor_correlation",
        max(pairs.values()),
        dict.fromkeys(name for pair in close for name in pair),
        ", ".join(f"{a} and {b} {r:.2f}" for (a, b), r in close.items()),
    )


def _correlations(fitted: Confirmatory, scales: Sequence[ScaleEntry]) -> pd.DataFrame:
    names = [scale.name for scale in scales]
    place = {f"factor{number}": number for number in range(len(names))}
    values = np.eye(len(names))
    for estimate in fitted.estimates:
        one, other = place.get(estimate.left), place.get(estimate.right)
        if estimate.operator == "~~" and one is not None and other is not None and one != other:
            values[one, other] = values[other, one] = estimate.standardised
    return pd.DataFrame(values, index=names, columns=names)
