"""The report for one area: what was asked, who answered, how it stands, and what that does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError

from .document import (
    Block,
    Command,
    Document,
    Figure,
    KeyFigure,
    Points,
    Section,
    Sentence,
    Table,
)
from .figures import Beside, Estimate, beside, forest
from .place_results import PlaceFigure, PlaceResults, place_results
from .words import count, number, words

_LANGUAGE_NAMES = "area_language_"


def area_report_document(
    study: Study,
    table: pd.DataFrame,
    level: str,
    unit: str,
    *,
    wave: int | None = None,
    language: str = "da",
    calibrated: bool = False,
    command: str = "",
) -> Document:
    """Return a report on one place in plain words, made of what may be told in public of it.

    `table` is `area_results`, `level` and `unit` name the place, `wave` is the last one by default.
    Figures are in the order of the questionnaires. Raises StatisticsError where nothing of the
    place may be told: too few answered, or it would give away one where too few did.
    """
    wave = wave or max(one.wave for one in study.waves)
    told = place_results(table, level, unit, wave)
    if told.answered is None or not told.figures:
        raise StatisticsError(
            Problem(
                f"{level} {unit}, wave {wave}",
                "nothing of it may be told: too few answered, or it would give away a place where"
                " too few did, or there is no such place",
                "Name another place or level",
            )
        )
    page = _AreaPage(study, table, told, language, calibrated)
    t = page.t
    return Document(
        language=language,
        title=t("area_title", place=page.place),
        where=t("area_where", study=study.study, wave=wave, year=told.year),
        heading=t("area_title", place=page.place),
        lead=t("area_lead", **page.response()),
        key_figures=page.key_figures(),
        sections=[
            Section(t("area_asked"), page.asked()),
            Section(t("area_stands"), page.stands()),
            *([Section(t("area_changed"), page.changed())] if page.moved else []),
            Section(t("area_sure"), page.sure()),
            Section(t("limits"), page.limits()),
            Section(t("source"), page.source(command)),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


@dataclass(frozen=True)
class _AreaPage:
    study: Study
    table: pd.DataFrame
    told: PlaceResults
    language: str
    calibrated: bool

    def t(self, key: str, **values: object) -> str:
        return words(self.language)[key].format(**values)

    def n(self, value: float, *, signed: bool = False) -> str:
        return number(value, self.language, 0, signed=signed)

    @property
    def codebook(self) -> Codebook:
        return self.study.codebook

    @property
    def place(self) -> str:
        if self.told.level == "afdeling":
            frame, key = self.study.table("areas"), "area"
        else:
            frame, key = self.study.table("area_group"), "area_group"
        named = frame.drop_duplicates(key, keep="last").set_index(key)["name"]
        return str(named.get(self.told.unit, self.told.unit))

    @property
    def means(self) -> list[PlaceFigure]:
        """Scales in the order of the codebook; a variant says little by itself."""
        found = {one.name: one for one in self.told.figures if one.kind == "mean"}
        return [found[scale.name] for scale in self.codebook.scales if scale.name in found]

    @property
    def moved(self) -> list[PlaceFigure]:
        return [one for one in self.means if one.moved and one.before]

    def label(self, name: str) -> str:
        scale = self.codebook.scale(name)
        label = scale.label(self.language)
        return self.t("area_turned", scale=label) if scale.headline_reversed else label

    def response(self) -> Mapping[str, str]:
        answered, invited = self.told.answered or 0, self.told.invited or 0
        return {
            "answered": count(answered, self.language),
            "invited": count(invited, self.language),
            "share": self.n(100 * answered / invited),
        }

    def key_figures(self) -> list[KeyFigure]:
        told = self.response()
        whole = self.table[
            (self.table["measure"] == "answered")
            & (self.table["level"] == "study")
            & (self.table["wave"] == self.told.wave)
            & (self.table["hidden"] == 0)
        ]
        everywhere = (
            self.t("area_everywhere_rate", share=self.n(whole["estimate"].iloc[0]))
            if len(whole)
            else ""
        )
        return [
            KeyFigure(self.t("answers"), told["answered"], self.t("area_of", **told)),
            KeyFigure(self.t("rate"), f"{told['share']} %", everywhere),
        ]

    def asked(self) -> list[Block]:
        last = next(one for one in self.study.waves if one.wave == self.told.wave)
        instruments = dict.fromkeys(scale.instrument for scale in self.codebook.scales)
        asked = sum(1 for one in self.codebook.items if one.kind != "reason")
        scales: list[str] = [self.label(one.name) for one in self.means]
        languages = ", ".join(self.t(_LANGUAGE_NAMES + code) for code in last.manifest["languages"])
        return [
            Sentence(
                self.t(
                    "area_questions",
                    about=", ".join(instruments),
                    count=asked,
                    languages=languages,
                )
            ),
            Sentence(self.t("area_whom", **self.response())),
            Sentence(self.t("area_scales", scales=", ".join(scales))),
        ]

    def stands(self) -> list[Block]:
        rows = [
            Beside(
                label=self.label(one.name),
                ours=(one.now.value, one.now.low, one.now.high),
                theirs=one.everywhere.value if one.everywhere else None,
                said=f"{self.n(one.now.value)}",
                n=count(one.now.n, self.language),
            )
            for one in self.means
        ]
        said = "; ".join(
            self.t(
                "area_stands_alt", scale=row.label, value=row.said,
                low=self.n(row.ours[1]), high=self.n(row.ours[2]),
            )
            for row in rows
        )  # fmt: skip
        cells = [
            (
                self.label(one.name),
                self.n(one.now.value),
                self._between(one.now.low, one.now.high),
                self.n(one.everywhere.value) if one.everywhere else "",
                count(one.now.n, self.language),
            )
            for one in self.means
        ]
        head = ("scale", "area_points", "interval_head", "area_everywhere", "answers")
        return [
            Figure(
                self.t("area_stands_caption", place=self.place),
                self.t("area_stands_note"),
                beside(rows, said, self.n),
            ),
            self._table(head, cells),
            Sentence(self.t("area_no_ranking"), quiet=True),
        ]

    def changed(self) -> list[Block]:
        rows, cells = [], []
        for one in self.moved:
            if one.moved is None or one.before is None:
                continue
            moved = one.moved
            rows.append(
                Estimate(
                    label=self.label(one.name), value=moved.value, low=moved.low, high=moved.high,
                    painted=moved.surely != 0, strong=self.n(moved.value, signed=True),
                    said=self._between(moved.low, moved.high),
                )
            )  # fmt: skip
            cells.append(
                (
                    self.label(one.name), self.n(one.before.value), self.n(one.now.value),
                    self.n(moved.value, signed=True), self._between(moved.low, moved.high),
                    count(one.before.n, self.language), count(one.now.n, self.language),
                )
            )  # fmt: skip
        before = self.moved[0].before
        year = before.year if before else ""
        said = "; ".join(
            self.t("effects_alt", scale=row.label, value=row.strong, low=self.n(row.low), high=self.n(row.high))
            for row in rows
        )  # fmt: skip
        surely = [row.label for row in rows if row.painted]
        summary = (
            self.t("area_changed_some", scales=", ".join(surely), year=year)
            if surely
            else self.t("area_changed_none", year=year)
        )
        head = (
            "scale", "area_before", "area_now", "area_change", "interval_head", "area_n_before",
            "area_n_now",
        )  # fmt: skip
        return [
            Sentence(summary),
            Figure(
                self.t("area_changed_caption", year=year),
                self.t("area_changed_note"),
                forest(rows, said, self.n),
            ),
            self._table(head, cells),
        ]

    def sure(self) -> list[Block]:
        lines = [self.t("area_sure_interval"), self.t("area_sure_small")]
        if self.calibrated:
            lines.append(self.t("area_sure_weights"))
        return [Points(lines)]

    def limits(self) -> list[Block]:
        return [
            Points(
                [
                    self.t(key)
                    for key in (
                        "area_limit_causes",
                        "limit_answer",
                        "area_limit_new",
                        "area_limit_persons",
                    )
                ]
            )
        ]

    def source(self, command: str) -> list[Block]:
        told = Sentence(self.t("area_source", dataset=self.study.hash[:12]))
        return [told, *([Command(command)] if command else [])]

    def _between(self, low: float, high: float) -> str:
        return f"[{self.n(low)}; {self.n(high)}]"

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
        return Table([self.t(one) for one in head], rows)
