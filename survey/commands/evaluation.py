"""`beboerpuls measures`, `effects` and `detect`: the evaluation's soft outcomes from a dataset.

They need neither a database nor settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import processing
from survey.commands.datasets import (
    BadUse,
    adults_option,
    bad_use,
    base_weights_option,
    folder_argument,
    unchanged,
)
from survey.commands.examples import Command
from survey.commands.printing import as_json, counted, print_json, print_table

if TYPE_CHECKING:
    from processing import (
        Dataset,
        Evaluation,
        Study,
        StudyMeasures,
    )


@click.command(cls=Command, epilog="beboerpuls measures data/bopuls --level study")
@folder_argument
@click.option("--scale", "scales", multiple=True, help="Only this scale; may be repeated.")
@click.option("--level", "level", help="Print units of this level only, as afdeling or plan.")
@click.option(
    "--without-careless", is_flag=True, help="Leave out rows that show two signs of not reading."
)
@adults_option
@base_weights_option
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-measures, beside it.")
@as_json
def measures(
    folder: Path,
    scales: tuple[str, ...],
    level: str | None,
    without_careless: bool,
    adults: str | None,
    base_weights: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print each scale's mean in every unit and wave with its interval; write all measures.

    Scores are headlines, 0 to 100, high is favourable. Direct and shrunk means, their reliability,
    changes between waves and the composition by mode go to a folder that names the dataset.
    """
    with bad_use():
        read = unchanged(folder)
        left_out = (
            processing.careless_answers(read).suspected().to_numpy() if without_careless else None
        )
        found = processing.study_measures(
            read,
            scales,
            leave_out=left_out,
            adults=adults,
            calibrated=False if base_weights else None,
        )
        written = _write_measures(read, found, out, without_careless=without_careless)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        left = {"left_out": int(left_out.sum()) if left_out is not None else 0}
        print_json({**_source(found), **left, "written": str(written), **_measures_content(found)})
        return
    if left_out is not None:
        click.echo(
            f"Left out: {counted(int(left_out.sum()), 'row')} with two signs of not reading."
        )
    _print_measures(found, level)
    click.echo(f"Measures: {written}")


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
        plan = processing.read_plan(plan_file)
        if isinstance(read, processing.Dataset):
            raise BadUse(
                f"{folder} is one wave, and an effect is a change. Give the study's folder."
            )
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
            {"plan.yaml": plan_file.read_text(encoding="utf-8")},
            about={"weight": found.measures.weight},
        )
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        print_json(
            {
                **_source(found.measures),
                "plan": plan.hash,
                "registered": found.registered,
                "plans": found.registration.plans,
                "written": str(written),
                "effects": _records(found.effects),
                "inferences": _records(found.inferences),
                "staggered": _records(found.staggered),
            }
        )
        return
    _print_effects(found)
    click.echo(f"Effects: {written}")


@click.command(cls=Command, epilog="beboerpuls detect --treated 12 --comparison 12 --invited 150")
@click.option("--treated", required=True, type=click.IntRange(2), help="Areas with a plan.")
@click.option("--comparison", required=True, type=click.IntRange(2), help="Areas without.")
@click.option("--invited", type=float, help="People invited per area and wave.")
@click.option("--response", default=0.4, show_default=True, help="Share of them who answer.")
@click.option("--answers", type=float, help="Answers per area and wave, in place of the two.")
@click.option("--icc", default=0.03, show_default=True, help="Share of variance between areas.")
@click.option("--stability", default=0.7, show_default=True, help="Of areas' means over waves.")
@click.option("--again", default=0.0, show_default=True, help="Share who answered last wave too.")
@click.option("--design-effect", default=1.0, show_default=True, help="Of the weights.")
@click.option("--sd", default=20.0, show_default=True, help="Of persons' scores, in points.")
@click.option("--power", default=0.8, show_default=True)
@as_json
def detect(as_json: bool, invited: float | None, answers: float | None, **asked: Any) -> None:
    """Tell the smallest effect that a study with these areas and this response would find."""
    with bad_use():
        if (invited is None) == (answers is None):
            raise BadUse("Give --invited with --response, or --answers.")
        if answers is not None:
            invited, asked["response"] = answers, 1.0
        planned = processing.PlannedStudy(invited=invited or 0.0, **asked)
        found = (
            processing.plan_study(planned, responses=())
            if answers is not None
            else processing.plan_study(planned)
        )
    if as_json:
        print_json(
            {
                "effect_sd": _finite(found.effect_sd),
                "points": _finite(found.points),
                "standard_error": found.standard_error,
                "df": found.df,
                "trusted": found.trust.method,
                "reliability": found.reliability,
                "half_width": found.half_width,
                "by_response": _records(found.table),
            }
        )
        return
    click.echo(str(found))
    if len(found.table):
        print_table(
            ("response", "answers", "effect, points", "SD"),
            [
                (
                    _share(row.response),
                    f"{row.answers:.0f}",
                    f"{row.points:.1f}",
                    f"{row.effect_sd:.2f}",
                )
                for row in _each(found.table)
            ],
        )


def _write_measures(
    read: Dataset | Study, found: StudyMeasures, out: Path | None, *, without_careless: bool
) -> Path:
    frames = {
        "means": found.measures.means,
        "changes": found.measures.changes,
        "composition": found.measures.composition,
        "languages": found.measures.languages,
    }
    name = "measures-without-careless" if without_careless else "measures"
    return processing.write_derived(read, name, frames, out, about={"weight": found.weight})


def _source(found: StudyMeasures) -> dict[str, Any]:
    return {"dataset": found.dataset, "weight": found.weight, "days": dict(found.days)}


def _measures_content(found: StudyMeasures) -> dict[str, Any]:
    kept = found.measures
    return {
        "response_rate": kept.response_rate,
        "means": _records(kept.means),
        "changes": _records(kept.changes),
        "composition": _records(kept.composition),
        "languages": _records(kept.languages),
    }


def _records(frame: Any) -> list[dict[str, Any]]:
    return [
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def _print_measures(found: StudyMeasures, level: str | None) -> None:
    means = found.measures.means
    least = found.terms.mean_n
    shown = means[(means["cohort"] == "all") & (means["n"] >= least)]
    if level:
        shown = shown[shown["level"] == level]
    click.echo(
        f"Means 0–100, high is favourable, weighted by {found.weight}, 95 % intervals; units with "
        f"{least} answers or more. Dataset {found.dataset[:12]}"
    )
    print_table(
        ("scale", "level", "unit", "wave", "n", "response", "mean", "95 %", "λ", "shrunk", "95 %"),
        [
            (
                row.scale, row.level, row.unit, row.wave, int(row.n), _share(row.response_rate),
                _points(row.mean), _between(row.low, row.high), _digits(row.reliability),
                _points(row.shrunk), _between(row.shrunk_low, row.shrunk_high),
            )
            for row in _each(shown)
        ],
    )  # fmt: skip
    changes = found.measures.changes
    if not len(changes):
        return
    enough = changes[["n_1", "n_2"]].min(axis=1) >= least
    shown = changes[(changes["cohort"] == "all") & enough]
    shown = shown[shown["level"] == (level or "study")]
    click.echo("Changes in points, with people who answered both waves counted as such:")
    print_table(
        ("scale", "level", "unit", "waves", "change", "95 %", "p", "in both", "modes as at first"),
        [
            (
                row.scale, row.level, row.unit, f"{row.wave_1}–{row.wave_2}", _signed(row.change),
                _between(row.low, row.high), _digits(row.p, 3), int(row.pairs),
                _signed(row.change_at_first_mix),
            )
            for row in _each(shown)
        ],
    )  # fmt: skip


def _print_effects(found: Evaluation) -> None:
    click.echo(
        f"Effects in points of 0–100, high is favourable. Dataset {found.measures.dataset[:12]}, "
        f"plan {found.plan.hash[:12]}"
    )
    click.echo(str(found.registration))
    print_table(
        (
            "scale", "residents", "effect", "95 %", "SD", "p", "adjusted", "by", "areas",
            "90 %", "none", "detectable", "kind",
        ),
        [
            (
                row.scale, row.cohort, _signed(row.estimate), _between(row.low, row.high),
                _digits(row.in_sd), _digits(row.p, 3), _digits(row.p_adjusted, 3),
                row.method or "none trusted", f"{row.treated} + {row.comparison}",
                _between(row.equivalence_low, row.equivalence_high),
                "yes" if row.equivalent else "", _points(row.detectable),
                f"{row.kind}{', primary' if row.primary else ''}",
            )
            for row in _each(found.effects)
        ],
    )  # fmt: skip
    for words in dict.fromkeys([*found.effects["trust"], *found.effects["pre_period"]]):
        click.echo(words)
    for row in _each(found.effects):
        if row.cohort == "all" and not math.isnan(row.pretest):
            click.echo(f"{row.scale}: trends before the start, p {row.pretest:.3f}")
    _print_left_out(found)
    _print_exposure(found.staggered)
    if len(found.parted):
        _print_parted(found.parted)


def _print_left_out(found: Evaluation) -> None:
    compared = found.treatment
    if compared.always:
        areas = counted(len(compared.always), "area")
        click.echo(f"Left out: {areas} treated from the first wave on, which have no before.")
    if compared.ended:
        areas = counted(len(compared.ended), "area")
        click.echo(f"Left out: waves after the plan ended, of {areas}.")


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
                f"{row.exposure:+.0f} waves" if row.what == "exposure" else f"{row.years:.0f} years",
                _signed(row.estimate), _between(row.low, row.high) or "too few areas",
                _digits(row.p, 3), f"{row.treated} + {row.comparison}",
            )
            for row in _each(mine)
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
                row.scale, row.restriction, _digits(row.m), _between(row.low, row.high),
                "beyond what was tried" if math.isinf(row.breakdown) else _digits(row.breakdown),
            )
            for row in _each(parted)
        ],
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _each(frame: Any) -> Iterator[Any]:
    # pandas' stubs cannot know what a row holds.
    rows: Iterator[Any] = frame.itertuples()
    return rows


def _points(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _signed(value: float) -> str:
    return "" if math.isnan(value) else f"{value:+.1f}"


def _digits(value: float | None, digits: int = 2) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def _between(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"{low:.1f} to {high:.1f}"
