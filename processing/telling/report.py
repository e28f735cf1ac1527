"""The report for researchers: one page that holds all it needs, from a study's evaluation."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation

from .document import (
    Block,
    Document,
    Figure,
    KeyFigure,
    Points,
    Section,
    Sentence,
    Table,
)
from .figures import Estimate, Line, forest, trend
from .measured_blocks import Measured, each
from .page_html import as_page
from .words import count


def report(
    study: Study,
    found: Evaluation,
    *,
    stylesheet: str,
    language: str = "da",
    validated: Collection[str] = (),
    command: str = "",
) -> str:
    """Return `report_document` as one HTML page; `stylesheet` is the product's CSS."""
    document = report_document(
        study, found, language=language, validated=validated, command=command
    )
    return as_page(document, stylesheet)


def report_document(
    study: Study,
    found: Evaluation,
    *,
    language: str = "da",
    validated: Collection[str] = (),
    command: str = "",
) -> Document:
    """Return what researchers are told: effects, development, places, response, limits, source.

    Units with fewer than ten answers are named and not shown. `validated` names the scales whose
    evidence in this dataset lets them be used, `command` is what makes the report again. Raises
    KeyError for a language there are no words in.
    """
    page = _Page(study, found.measures, language, found, frozenset(validated))
    leading = first(page.every)
    waves = ", ".join(str(wave) for wave in sorted(found.measures.days))
    t = page.t
    return Document(
        language=language,
        title=t("title", study=study.study),
        where=f"{study.study}. {t('where', waves=waves)}",
        heading=t("heading"),
        lead=page.lead(leading),
        key_figures=page.key_figures(leading),
        sections=[
            Section(t("effects"), page.effects()),
            Section(t("trends"), page.trends()),
            Section(t("places"), page.places(page.first_scale)),
            Section(t("response"), page.response()),
            Section(t("limits"), page.limits()),
            Section(t("source"), page.source(command, found.plan.hash)),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


@dataclass(frozen=True)
class _Page(Measured):
    found: Evaluation
    validated: frozenset[str]

    @property
    def every(self) -> pd.DataFrame:
        """Effects for all residents, planned ones first."""
        mine = self.found.effects[self.found.effects["cohort"] == "all"]
        return mine.sort_values("primary", ascending=False, kind="stable")

    @property
    def first_scale(self) -> str:
        """The one that is told of place by place."""
        means = self.found.measures.measures.means
        return str(first(self.every).scale if len(self.every) else means["scale"].iloc[0])

    @property
    def level(self) -> str:
        return self.n(100 * self.found.plan.level, 0)

    def lead(self, row: Any) -> str:
        if row is None:
            return self.t("lead_none")
        said = {
            "scale": self.name(row.scale),
            "change": self.n(abs(row.estimate)),
            "more": self.t("more" if row.estimate >= 0 else "less"),
            "treated": row.treated,
            "comparison": row.comparison,
        }
        if not math.isfinite(row.low):
            return self.t("lead_untested", **said)
        said |= {"low": self.n(row.low), "high": self.n(row.high)}
        if row.low <= 0 <= row.high:
            return self.t("lead_unsure", **said | {"change": self.n(row.estimate, signed=True)})
        return self.t("lead_moved", **said)

    def key_figures(self, row: Any) -> list[KeyFigure]:
        if row is None:
            return []
        return [
            KeyFigure(
                self.t("effect"),
                self.t("points", value=self.n(row.estimate, signed=True)),
                self._interval(row.low, row.high),
            ),
            KeyFigure(self.t("in_sd"), self.n(row.in_sd, 2, signed=True), self._kind(row.kind)),
            KeyFigure(
                self.t("p"), self._p(row.p_adjusted), self.t("p_note", method=self._method(row))
            ),
            KeyFigure(
                self.t("areas"),
                f"{row.treated} + {row.comparison}",
                self.t("areas_note", rows=count(row.rows, self.language)),
            ),
        ]

    def _p(self, p: float) -> str:
        if not math.isfinite(p):
            return self.t("untested")
        return f"< {self.n(0.001, 3)}" if p < 0.001 else self.n(p, 3)

    def _interval(self, low: float, high: float) -> str:
        if not (math.isfinite(low) and math.isfinite(high)):
            return self.t("untested")
        return self.t("interval", level=self.level, low=self.n(low), high=self.n(high))

    def _bounds(self, row: Any) -> str:
        if not math.isfinite(row.low):
            return self.t("untested")
        return f"[{self.n(row.low)}; {self.n(row.high)}]"

    def _kind(self, kind: str) -> str:
        return self.t("confirmatory" if kind == "confirmatory" else "exploratory")

    def _method(self, row: Any) -> str:
        key = {"CR2": "trust_cr2", "randomisation": "trust_randomisation"}.get(
            row.method, "trust_none"
        )
        return self.t(key, treated=row.treated, comparison=row.comparison)

    def effects(self) -> list[Block]:
        rows = [
            Estimate(
                label=self.name(row.scale),
                value=row.estimate,
                low=row.low,
                high=row.high,
                painted=bool(row.primary),
                strong=self.n(row.estimate, signed=True),
                said=self._bounds(row),
            )
            for row in each(self.every)
        ]
        if not rows:
            return [Sentence(self.t("lead_none"))]
        said = "; ".join(
            self.t(
                "effects_alt" if math.isfinite(row.low) else "effects_alt_untested",
                scale=row.label, value=row.strong, low=self.n(row.low), high=self.n(row.high),
            )
            for row in rows
        )  # fmt: skip
        drawing = forest(rows, said, self.tick)
        notes = [self._pre()]
        if not self.found.registered:
            notes.append(self.t("not_registered"))
        return [
            Figure(self.t("effects_caption"), self.t("effects_note", level=self.level), drawing),
            self._table(
                ("scale", "effect", "interval_head", "p", "areas", "in_sd", "kind_head"),
                [
                    (
                        self.name(row.scale),
                        self.n(row.estimate, signed=True),
                        self._bounds(row),
                        self._p(row.p_adjusted),
                        f"{row.treated} + {row.comparison}",
                        self.n(row.in_sd, 2, signed=True),
                        self.t("kind_yes" if row.kind == "confirmatory" else "kind_no"),
                    )
                    for row in each(self.every)
                ],
            ),
            *(Sentence(note, quiet=True) for note in notes),
        ]

    def _pre(self) -> str:
        leading = first(self.every)
        once = leading is None or "cannot be checked" in leading.pre_period
        return self.t("pre_none" if once else "pre_some")

    def trends(self) -> list[Block]:
        parts: list[Block] = []
        chosen = [row.scale for row in each(self.every) if row.primary] or list(
            self.every["scale"].head(1)
        )
        for scale in chosen:
            mine = self.found.trends[self.found.trends["scale"] == scale].sort_values("wave")
            lines = [
                Line(
                    self.t("with_plan" if treated else "without")
                    + f" {self.n(part['mean'].iloc[-1])}",
                    [(row.mean, row.low, row.high) for row in each(part)],
                    painted=bool(treated),
                )
                for treated, part in mine.groupby("treated", sort=False)
            ]
            if not lines:
                continue
            lines.sort(key=lambda line: not line.painted)
            said = self.t(
                "trends_alt",
                **{
                    key: ", ".join(self.n(m) for line in lines if line.painted is painted for m, _, _ in line.points)
                    for key, painted in (("treated", True), ("others", False))
                },
            )  # fmt: skip
            days = [self.found.measures.days[int(w)][:4] for w in sorted(set(mine["wave"]))]
            parts.append(
                Figure(
                    self.t("trends_caption", scale=self.name(scale)),
                    self.t("trends_note", level=self.level),
                    trend(lines, days, said, self.tick),
                )
            )
        return parts

    def limits(self) -> list[Block]:
        told = [self._pre(), self.t("limit_causes"), self.t("limit_answer")]
        unproven = [self.name(s) for s in self.every["scale"] if s not in self.validated]
        if unproven:
            told.append(self.t("limit_status", scales=", ".join(unproven)))
        told += self._shift()
        return [Points(told)]

    def _shift(self) -> list[str]:
        """What a shift to paper would have moved by itself, where it is known."""
        found = self.found.measures.measures
        leading = first(self.every)
        if leading is None:
            return []
        changes = found.changes
        mine = changes[
            (changes["level"] == "study")
            & (changes["cohort"] == "all")
            & (changes["scale"] == leading.scale)
        ]
        paper = found.composition[
            (found.composition["level"] == "study") & (found.composition["mode"] == "paper")
        ].sort_values("wave")
        if (
            not len(mine)
            or len(paper) < 2
            or not math.isfinite(mine["change_at_first_mix"].iloc[-1])
        ):
            return []
        row = next(each(mine.tail(1)))
        shift = 100 * (paper["share"].iloc[-1] - paper["share"].iloc[0])
        return [
            self.t(
                "limit_mode",
                shift=self.n(shift, 0, signed=True),
                fixed=self.n(row.change_at_first_mix, signed=True),
                change=self.n(row.change, signed=True),
            )
        ]

    def _table(self, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
        return Table([self.t(one) for one in head], rows)


def first(frame: pd.DataFrame) -> Any:
    return next(each(frame), None)
