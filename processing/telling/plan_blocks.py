"""The analysis plan in a report: what was said beforehand, when, and what follows for each figure."""

from __future__ import annotations

from .document import Block, Points, Sentence
from .effect_page import EffectPage


def plan(page: EffectPage) -> list[Block]:
    """The plan's choices in words, after whether it was registered in time."""
    said = page.found.plan
    lines = [page.t("plan_primary", scales=_scales(page, said.primary))]
    if said.secondary:
        lines.append(page.t("plan_secondary", scales=_scales(page, said.secondary)))
    lines.append(page.t("plan_treatment", kinds=page.listed(said.treatment)))
    lines.append(
        page.t("plan_comparison", areas=page.listed(said.comparison))
        if said.comparison
        else page.t("plan_comparison_all")
    )
    lines.append(
        page.t(
            "plan_how", units=page.t(f"plan_units_{said.units}"),
            weighting=page.t(f"plan_weighting_{said.weighting}"), inference=page.test_of(said.inference),
            margin=page.n(said.margin), level=page.level,
        )
    )  # fmt: skip
    if said.covariates:
        names = page.study.codebook
        told = [
            str(names.variable(one).label(page.language)) if one in names.names else one
            for one in said.covariates
        ]
        lines.append(page.t("plan_covariates", covariates=page.listed(told)))
    lines.append(page.t("plan_limits", mean=said.mean_n, count=said.count))
    return [
        Sentence(page.plan_note),
        Points(lines),
        Sentence(page.t("plan_hash", hash=said.hash), quiet=True),
    ]


def _scales(page: EffectPage, names: tuple[str, ...]) -> str:
    return page.listed([page.name(name) for name in names])
