"""What all parts of the researchers' report share: an effect in figures and words, with its plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from scipy import stats

from processing.datasets.codebook import PERCENT
from processing.effects.evaluation import Evaluation
from processing.effects.told_effect import margin_of

from .document import Table
from .measured_blocks import Measured, each

_TRUSTED = {
    "CR2": "trust_cr2",
    "CR3": "trust_cr3",
    "randomisation": "trust_randomisation",
    "randomisation of coefficients": "trust_randomisation",
}

_METHODS = {
    "trusted": "method_trusted",
    "CR1": "method_cr1",
    "CR2": "method_cr2",
    "CR3": "method_cr3",
    "wild bootstrap": "method_wild",
    "randomisation": "method_randomisation",
    "randomisation of coefficients": "method_randomisation_coefficients",
}


@dataclass(frozen=True)
class EffectPage(Measured):
    """An evaluation with the words to tell it in, and the scales that are validated here."""

    found: Evaluation
    validated: frozenset[str]
    incomparable: frozenset[str] = frozenset()

    @property
    def registered_on(self) -> str:
        """The day on which the plan was registered, as 2026-03-04; empty where no dataset says."""
        named = (one.manifest.get("analysis_plan_days", {}) for one in self.study.waves)
        return next(
            (days[self.found.plan.hash] for days in named if self.found.plan.hash in days), ""
        )

    @cached_property
    def every(self) -> pd.DataFrame:
        """Effects for all residents that may be told, primary ones first, then what else was planned."""
        mine = self.found.effects[self.found.effects["cohort"] == "all"]
        mine = mine[[self.cells.may_tell(scale) for scale in mine["scale"]]]
        planned = mine["scale"].isin(self.found.plan.scales)
        order = ["primary", "planned"]
        sort = mine.assign(planned=planned).sort_values(order, ascending=False, kind="stable")
        return sort.drop(columns="planned")

    @cached_property
    def leading(self) -> pd.DataFrame:
        """The primary measures; the first of all where none of them has an effect."""
        primary = self.every[self.every["primary"].astype(bool)]
        return primary if len(primary) else self.every.head(1)

    @cached_property
    def untold(self) -> list[str]:
        """A sentence for each primary measure whose effect gives a place away, or was not seen."""
        seen = set(self.found.effects.loc[self.found.effects["cohort"] == "all", "scale"])
        keys = {
            name: "lead_withheld" if name in seen else "lead_unmeasured"
            for name in self.found.plan.primary
            if name not in seen or not self.cells.may_tell(name)
        }
        return [self.t(key, scale=self.name(name)) for name, key in keys.items()]

    @property
    def nothing(self) -> str:
        """Why there is no effect to tell."""
        return " ".join(self.untold) or self.t("lead_none")

    @property
    def leading_scales(self) -> list[str]:
        """Those that are told of place by place: primary measures, or the first there is."""
        means = self.measured.measures.means
        return [*self.leading["scale"]] if len(self.every) else [str(means["scale"].iloc[0])]

    @property
    def level(self) -> str:
        return self.n(100 * self.found.plan.level, 0)

    @property
    def alpha(self) -> float:
        return 1 - self.found.plan.level

    def seen_before(self, scale: str) -> bool:
        """Whether there were two waves before a start, so that trends could be looked at."""
        found = self.found.staggered
        if not len(found):
            return False
        mine = (found["scale"] == scale) & (found["cohort"] == "all")
        return bool((mine & (found["what"] == "exposure") & (found["exposure"] < 0)).any())

    def adjusted(self, row: Any) -> tuple[float, float]:
        """The interval that says what the adjusted p says: it holds zero where p is not below alpha.

        Its level is 1 − alpha·p/p_adjusted. Of methods without a standard error the interval by
        itself is all there is.
        """
        known = all(map(math.isfinite, (row.p, row.p_adjusted, row.standard_error, row.df)))
        if not known or row.p_adjusted <= row.p:
            return row.low, row.high
        share = self.alpha * row.p / row.p_adjusted
        reach = float(stats.t(row.df).ppf(1 - share / 2)) * row.standard_error
        return row.estimate - reach, row.estimate + reach

    def adjusts(self, row: Any) -> bool:
        """Whether `adjusted` allows for all that was tested, or has nothing to allow for."""
        widened = math.isfinite(row.standard_error) and math.isfinite(row.df)
        return widened or not row.p_adjusted > row.p

    def p(self, p: float) -> str:
        if not math.isfinite(p):
            return self.t("untested")
        return f"< {self.n(0.001, 3)}" if p < 0.001 else self.n(p, 3)

    def margin(self, scale: object) -> float:
        """What the plan counts as none: so much of 0–100, and as large a part of a count's range."""
        return margin_of(self.found.plan, self.most.get(str(scale), PERCENT))

    def method(self, row: Any) -> str:
        if not row.method:
            return self.t("trust_none")
        key = _TRUSTED.get(row.method)
        if key is None:
            return str(row.method)
        return self.t(key, treated=row.treated, comparison=row.comparison)

    def test_of(self, method: str) -> str:
        """What a method, or the plan's wish for one, is called."""
        return self.t(_METHODS.get(method, "method_other"), method=method)

    def planned(self, kind: str) -> str:
        return self.t("kind_yes" if kind == "confirmatory" else "kind_no")

    @property
    def plan_note(self) -> str:
        """Which plan a table's column of what was planned means, and when it was registered."""
        said = {"plan": self.found.plan.hash[:12], "wave": self.found.registration.follow_up}
        if not self.found.registered:
            return self.t("plan_note_none", **said)
        if self.found.reweighted:
            return self.t("plan_note_reweighted", **said)
        if not self.registered_on:
            note = self.t("plan_note_undated", **said)
        else:
            note = self.t("plan_note", day=self.day(self.registered_on), **said)
        plans = self.found.registration.plans
        return f"{note} {self.t('plan_note_others', plans=plans)}" if plans > 1 else note

    def day(self, iso: str) -> str:
        """A day as the language writes it."""
        if self.language != "da":
            return iso
        year, month, day = iso.split("-")
        return f"{int(day)}.{int(month)}.{year}"

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], *, folded: bool = False
    ) -> Table:
        """A table whose last column tells of each row whether it was planned, with the plan below."""
        names = [self.t(one) for one in (*head, "kind_head")]
        return Table(names, rows, self.plan_note, self.t("as_table") if folded else "")


def first(frame: pd.DataFrame) -> Any:
    return next(each(frame), None)
