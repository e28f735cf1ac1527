"""What the answers of one group say about one scale."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from processing.consistency.ends import floor_and_ceiling
from processing.consistency.items import item_analysis
from processing.consistency.omega_total import omega
from processing.counting.counts import Counts
from processing.counting.patterns import Patterns
from processing.datasets.codebook import ScaleEntry
from processing.errors import StatisticsError
from processing.modelling.confirmatory import Confirmatory, cfa
from processing.traits.graded_response import graded_response
from processing.traits.local_dependence import local_dependence

from .findings import Finding, judged
from .thresholds import Thresholds

FEW_DF = 5

FEWEST = 10
"""Of fewer respondents nothing but their number is told: figures would show single answers."""


@dataclass(frozen=True)
class Oriented:
    """A scale's answers, all turned into one direction."""

    patterns: Patterns
    """The different rows, those that miss some answers included where they were asked for."""

    @cached_property
    def complete(self) -> Patterns:
        """Of the rows that answered every item."""
        return self.patterns.complete()

    @cached_property
    def counts(self) -> Counts:
        """The same rows' Burt table."""
        return self.patterns.counts()

    @property
    def items(self) -> list[str]:
        return list(self.patterns.items)

    @property
    def n(self) -> int:
        """Rows that answered every item."""
        return self.counts.rows


def reflective_findings(
    answers: Oriented, scale: ScaleEntry, thresholds: Thresholds, *, graded: bool
) -> Iterator[Finding]:
    """Everything that a scale must show whose items stand for one trait."""
    few = [
        judged(thresholds, "respondents", answers.n),
        judged(thresholds, "respondents_per_item", answers.n / len(answers.items)),
    ]
    yield from few
    if answers.n < FEWEST:
        return
    yield from item_findings(answers, scale, thresholds)
    yield from _computed(_reliability(answers, thresholds), "omega")
    if all(finding.outcome == "good" for finding in few):
        yield from _computed(_structure(answers, scale, thresholds), "one-factor model")
    if graded:
        yield from _computed(_local_dependence(answers, thresholds), "graded response model")


def formative_findings(
    answers: Oriented, scale: ScaleEntry, thresholds: Thresholds
) -> Iterator[Finding]:
    """A formative scale adds up parts that need not agree: nothing that supposes a trait is asked."""
    if answers.n < FEWEST:
        yield Finding(
            "respondents",
            "blocks",
            f"respondents who answered every item: {answers.n} (at least {FEWEST} for anything to"
            " be told)",
            float(answers.n),
            float(FEWEST),
        )
        return
    yield from _rare(answers, scale, thresholds)
    yield from _ends(answers, scale, thresholds)
    yield Finding(
        "formative",
        "cautions",
        "its items are parts of a count and need not agree: reliability and factor structure do not"
        " apply, and no figure here can validate it; its worth rests on having the right parts",
    )


def item_findings(
    answers: Oriented, scale: ScaleEntry, thresholds: Thresholds
) -> Iterator[Finding]:
    yield from _computed(_item_rest(answers, thresholds), "item analysis")
    yield from _rare(answers, scale, thresholds)
    yield from _ends(answers, scale, thresholds)


def _computed(findings: Iterator[Finding], what: str) -> Iterator[Finding]:
    """The findings, or why there are none: a figure that cannot be had stands against a scale."""
    try:
        yield from list(findings)
    except StatisticsError as error:
        reasons = "; ".join(str(problem) for problem in error.problems)
        yield Finding("computation", "blocks", f"{what} could not be computed: {reasons}")


def _item_rest(answers: Oriented, thresholds: Thresholds) -> Iterator[Finding]:
    found = item_analysis(answers.counts, missing="listwise").to_frame()["item_rest"]
    weak = found[found < (thresholds["item_rest"].cautions or -1)]
    yield judged(thresholds, "item_rest", found.min(), weak.index, _listed(weak))


def _rare(answers: Oriented, scale: ScaleEntry, thresholds: Thresholds) -> Iterator[Finding]:
    """Answers that the scale offers and hardly anyone gives, those that nobody gives included."""
    counts = answers.counts
    shares: dict[str, float] = {}
    for place, item in enumerate(counts.items):
        margin = counts.margin(place)
        low, high = scale.bounds[item]
        for code in range(low, high + 1):
            shares[f"{item}={code}"] = margin.get(code, 0.0) / max(counts.rows, 1)
    limit = thresholds["rare_category"].cautions or 0
    rare = {name: share for name, share in shares.items() if share < limit}
    listed = ", ".join(f"{name} {100 * share:.1f} %" for name, share in rare.items())
    items = dict.fromkeys(name.rpartition("=")[0] for name in rare)
    detail = f"{len(rare)} rare: {listed}" if rare else ""
    yield judged(thresholds, "rare_category", min(shares.values()), items, detail)


def _ends(answers: Oriented, scale: ScaleEntry, thresholds: Thresholds) -> Iterator[Finding]:
    if not answers.n:
        return
    found = floor_and_ceiling(answers.complete, points=scale.bounds)
    yield judged(thresholds, "floor", found.floor)
    yield judged(thresholds, "ceiling", found.ceiling)


def _reliability(answers: Oriented, thresholds: Thresholds) -> Iterator[Finding]:
    found = omega(answers.counts)
    told = judged(thresholds, "omega", found.total, detail=f"95 % interval {found.interval}")
    yield replace(told, interval=(found.interval.low, found.interval.high))
    if judged(thresholds, "omega", found.total).outcome != "blocks":
        yield judged(thresholds, "omega_interval", found.interval.low)
    yield judged(thresholds, "redundancy", found.total)
    if found.heywood:
        text = f"omega's model gives {', '.join(found.heywood)} a residual variance below zero"
        yield Finding("structure", "cautions", f"{text}, so that omega is not to be trusted")


def _structure(answers: Oriented, scale: ScaleEntry, thresholds: Thresholds) -> Iterator[Finding]:
    model = f"trait =~ {' + '.join(answers.items)}"
    fitted = cfa(answers.complete, model, "WLSMV", std_lv=True, points=scale.bounds)
    if not fitted.converged:
        yield Finding("structure", "blocks", "the one-factor model does not converge")
        return
    yield from (Finding("structure", "cautions", doubt) for doubt in fitted.doubts)
    loadings = fitted.loadings().iloc[:, 0].abs()
    weak = loadings[loadings < (thresholds["loading"].cautions or 0)]
    least = judged(thresholds, "loading", loadings.min(), weak.index, _listed(weak))
    yield replace(least, by_item=tuple((str(item), float(one)) for item, one in loadings.items()))
    fit = fitted.fit
    if not fit.df:
        text = "one factor with three items fits always: whether it holds was not tested"
        yield Finding("structure", "cautions", text)
        return
    yield judged(thresholds, "cfi", fit.cfi_scaled, detail="one factor")
    few = fit.df <= FEW_DF
    interval = f"one factor, 90 % interval [{fit.rmsea_scaled_lower:.3f}; {fit.rmsea_scaled_upper:.3f}], df {fit.df}"
    yield judged(thresholds, "rmsea_few_df" if few else "rmsea", fit.rmsea_scaled, detail=interval)
    yield judged(thresholds, "srmr", fit.srmr)
    for name in ("residual_few_df", "residual") if few else ("residual",):
        yield _largest_residual(fitted, thresholds, name)


def _largest_residual(fitted: Confirmatory, thresholds: Thresholds, name: str) -> Finding:
    (table,) = fitted.residuals()
    values = np.abs(np.triu(table.to_numpy(), 1))
    pair = tuple(str(table.index[row]) for row in divmod(int(values.argmax()), len(values)))
    return judged(thresholds, name, float(values.max()), pair, " and ".join(pair))


def _local_dependence(answers: Oriented, thresholds: Thresholds) -> Iterator[Finding]:
    respondents = judged(thresholds, "respondents_graded_response", answers.n)
    if respondents.outcome == "blocks":
        yield Finding(
            respondents.name,
            "cautions",
            f"{respondents.text}: Q3 was not computed",
            respondents.value,
            respondents.limit,
            respondents.source,
        )
        return
    found = local_dependence(answers.patterns, graded_response(answers.patterns))
    first, second, q3 = max(found.pairs(0.0), key=lambda pair: pair[2])
    yield judged(thresholds, "q3", q3, (first, second), f"{first} and {second}")


def _listed(values: pd.Series) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())
