"""`beboerpuls effects`: whether plans moved the measures. Needs neither a database nor settings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import processing
from survey.commands.datasets import (
    REWEIGHTED,
    BadUse,
    bad_use,
    base_weights_option,
    folder_argument,
    unchanged,
)
from survey.commands.examples import Command
from survey.commands.printing import as_json, counted, print_json, print_table
from survey.commands.told_figures import (
    between,
    digits,
    each,
    p_value,
    points,
    print_corrected,
    records,
    signed,
    source_of,
)

if TYPE_CHECKING:
    from processing import Evaluation


@click.command(cls=Command, epilog="beboerpuls effects data/bopuls --plan plan.yaml")
@folder_argument
@click.option(
    "--plan",
    "plan_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The analysis plan: primary scales, what counts as treatment, and how.",
)
@base_weights_option
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-effects, beside it.")
@as_json
def effects(
    folder: Path, plan_file: Path, base_weights: bool, out: Path | None, as_json: bool
) -> None:
    """Tell whether areas with plans changed more than others, as the analysis plan said.

    FOLDER is a study's dataset of two waves or more. What the plan names is confirmatory where the
    plan was registered before data of treated areas were frozen, as the manifests tell; all else is
    exploratory.
    """
    with bad_use():
        read = unchanged(folder)
        if isinstance(read, processing.Dataset):
            raise BadUse(
                f"{folder} is one wave, and an effect is a change. Give the study's folder."
            )
        plan = processing.read_plan_for(plan_file, read)
        found = processing.evaluate(read, plan, calibrated=False if base_weights else None)
        written = processing.write_derived(
            read,
            "effects",
            {
                "effects": found.effects,
                "inferences": found.inferences,
                **({"staggered": found.staggered} if len(found.staggered) else {}),
                **({"parted": found.parted} if len(found.parted) else {}),
            },
            out,
            {"plan.yaml": plan_file.read_bytes()},
            about={"weight": found.measures.weight},
        )
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        print_json(
            {
                **source_of(found.measures),
                "plan": plan.hash,
                "registered": found.registered,
                "reweighted": found.reweighted,
                "plans": found.registration.plans,
                "written": str(written),
                "effects": records(found.effects),
                "inferences": records(found.inferences),
                "staggered": records(found.staggered),
            }
        )
        return
    _print_effects(found)
    print_corrected(read)
    click.echo(f"Effects: {written}")


def _print_effects(found: Evaluation) -> None:
    click.echo(
        f"Effects in points of 0–100, high is favourable. Dataset {found.measures.dataset[:12]}, "
        f"plan {found.plan.hash[:12]}"
    )
    click.echo(str(found.registration))
    if found.reweighted:
        click.echo(REWEIGHTED)
    print_table(
        (
            "scale", "residents", "effect", "95 %", "SD", "p", "adjusted", "by", "areas",
            "90 %", "as good as none", "detectable", "kind",
        ),
        [
            (
                row.scale, row.cohort, signed(row.estimate), between(row.low, row.high),
                digits(row.in_sd), p_value(row.p), p_value(row.p_adjusted),
                row.method or "none trusted", f"{row.treated} + {row.comparison}",
                between(row.equivalence_low, row.equivalence_high),
                "yes" if row.equivalent else "", points(row.detectable),
                f"{row.kind}{', primary' if row.primary else ''}",
            )
            for row in each(found.effects)
        ],
    )  # fmt: skip
    _print_reasons(found.effects)
    for row in each(found.effects):
        if row.cohort == "all" and not math.isnan(row.pretest):
            click.echo(f"{row.scale}: trends before the start, p {row.pretest:.3f}")
    _print_left_out(found)
    _print_exposure(found.staggered)
    if len(found.parted):
        _print_parted(found.parted)


def _print_reasons(effects: Any) -> None:
    """Why this inference and what can be checked: of all residents, and of others where it differs."""
    told: set[str] = set()
    for cohort, rows in effects.groupby("cohort", sort=False):
        for words in dict.fromkeys([*rows["trust"], *rows["pre_period"]]):
            if words not in told:
                click.echo(words if cohort == "all" else f"Of {cohort}s: {words}")
            told.add(words)


def _print_left_out(found: Evaluation) -> None:
    compared = found.treatment
    if compared.always:
        areas = counted(len(compared.always), "area")
        click.echo(f"Left out: {areas} treated from the first wave on, which have no before.")
    if compared.ended:
        areas = counted(len(compared.ended), "area")
        click.echo(f"Left out: waves after the plan ended, of {areas}.")
    if compared.corrected:
        click.echo(
            "Periods of plans that were corrected since an earlier wave was frozen; the last wave's "
            f"stand: {', '.join(compared.corrected)}."
        )
    if len(found.left_out):
        mine = found.effects[found.effects["cohort"] == "all"]
        for words in dict.fromkeys(mine["left_out"]):
            if words:
                scales = ", ".join(mine.loc[mine["left_out"] == words, "scale"])
                click.echo(f"{words} ({scales})")
    if compared.named:
        click.echo(
            f"Named to compare with, and not compared with, having plans themselves: "
            f"{', '.join(compared.named)}."
        )


def _print_exposure(staggered: Any) -> None:
    """By waves since the start, and by whole years that plans have run, of all residents."""
    if not len(staggered):
        return
    mine = staggered[(staggered["cohort"] == "all") & staggered["what"].isin(["exposure", "years"])]
    click.echo("By waves since the start (below 0: before it), and by years that plans have run:")
    print_table(
        ("scale", "since the start", "effect", "95 %", "p", "areas"),
        [
            (
                row.scale,
                f"{row.exposure:+.0f} {'wave' if abs(row.exposure) == 1 else 'waves'}"
                if row.what == "exposure" else counted(int(row.years), "year"),
                signed(row.estimate), between(row.low, row.high) or "too few areas",
                p_value(row.p), f"{row.treated} + {row.comparison}",
            )
            for row in each(mine)
        ],
    )  # fmt: skip


def _print_parted(parted: Any) -> None:
    click.echo(
        "The first effect where trends may have parted: magnitudes, as a multiple of the largest "
        "change before; smoothness, by a bend of so many points a wave:"
    )
    print_table(
        ("scale", "bound", "m", "95 %", "holds zero from"),
        [
            (
                row.scale, row.restriction, digits(row.m), between(row.low, row.high),
                "beyond what was tried" if math.isinf(row.breakdown) else digits(row.breakdown),
            )
            for row in each(parted)
        ],
    )  # fmt: skip
