"""`beboerpuls simulate`: a study whose truth is known, to try a plan and its report on beforehand."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

import processing
from survey.commands.datasets import BadUse, bad_use
from survey.commands.examples import Command
from survey.commands.printing import as_json, counted, print_json

if TYPE_CHECKING:
    from processing import AreasDrawn, DrawnStudy, PeopleDrawn, Study

QUESTIONNAIRES = ("tryghed", "trivsel", "beboerdemokrati", "background")
LANGUAGES = ("da", "ar")
TRUTH = "truth.csv"
# As the scales of the demo: strong enough to hold together, weak enough to be apart.
LOADING, CORRELATION = 0.72, 0.45


def _starts(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    """Waves, and how many areas begin in each; all that is wrong at once."""
    read = [one.partition(":") for one in given]
    wrong = [one for one, (wave, _, areas) in zip(given, read, strict=True)
             if not (wave.isdecimal() and areas.isdecimal())]  # fmt: skip
    if wrong:
        raise click.BadParameter(
            f"{', '.join(wrong)}: no wave and number of areas. Write it as 2:8.", context, option
        )
    return tuple((int(wave), int(areas)) for wave, _, areas in read)


@click.command(
    cls=Command, epilog="beboerpuls simulate data/drawn --areas 24 --start 2:8 --start 3:4"
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--areas", default=24, show_default=True, type=click.IntRange(1), help="In all.")
@click.option(
    "--start",
    "starts",
    metavar="WAVE:AREAS",
    multiple=True,
    default=("2:12",),
    callback=_starts,
    help="In which wave plans begin, in how many areas; may be repeated. Default: 2:12.",
)
@click.option(
    "--day",
    "days",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    help="A wave's day; repeated, one a wave. Default: two years apart, as many as starts need.",
)
@click.option(
    "--effect",
    "effects",
    type=float,
    multiple=True,
    default=(0.2,),
    help="On everything measured, in SD, in the first wave with a plan, the second …; the last holds "
    "on. Default: 0.2.",
)
@click.option("--invited", default=60, show_default=True, type=click.IntRange(1), help="An area.")
@click.option("--response", default=0.4, show_default=True, help="Share of them who answer.")
@click.option(
    "--response-slope",
    default=0.0,
    show_default=True,
    help="How the log odds of answering rise with how content people are.",
)
@click.option("--panel", default=0.5, show_default=True, help="Share invited the wave before too.")
@click.option(
    "--panel-loss", default=0.0, show_default=True, help="Of who answered, tired of it next time."
)
@click.option("--paper", default=0.3, show_default=True, help="Share answering on paper.")
@click.option("--paper-effect", default=0.0, show_default=True, help="What paper adds, in SD.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An analysis plan that counts as registered before the first wave.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@as_json
def simulate(
    folder: Path,
    *,
    areas: int,
    starts: tuple[tuple[int, int], ...],
    days: tuple[object, ...],
    effects: tuple[float, ...],
    invited: int,
    response: float,
    response_slope: float,
    panel: float,
    panel_loss: float,
    paper: float,
    paper_effect: float,
    plan_file: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Draw a study from a known truth into FOLDER, as freezing would have written it.

    Areas in boligområder, people of a sex and age that registers count and that bear on who answers,
    plans that begin in one wave or several: everything that is done with a real dataset can be tried.
    The truth lies in truth.csv. Equal options and seed give the same study.
    """
    with bad_use():
        form_days = [str(day)[:10] for day in days] or _days(max(wave for wave, _ in starts))
        drawn_areas = processing.AreasDrawn(
            areas,
            [wave for wave, count in starts for _ in range(count)],
            days=form_days,
            effects=effects,
            invited=invited,
            residents=max(170, 2 * invited),
        )
        people = processing.PeopleDrawn(
            response=response,
            response_slope=response_slope,
            panel=panel,
            panel_loss=panel_loss,
            paper=(paper,),
            paper_effect=paper_effect,
        )
        study = _Drawn(drawn_areas, people, plan_file, seed).into(folder)
    rows = sum(wave.rows for wave in study.waves)
    if as_json:
        print_json({"dataset": study.hash, "folder": str(folder), "rows": rows})
        return
    click.echo(
        f"{counted(rows, 'answer')} of invented people in {counted(len(study.waves), 'wave')}, "
        f"dataset {study.hash[:12]}: {folder}"
    )
    click.echo(f"What is true in every area: {folder / TRUTH}")


def _days(waves: int) -> list[str]:
    return [f"{2024 + 2 * number}-05-01" for number in range(max(waves, 2))]


@dataclass(frozen=True)
class _Drawn:
    """A study to be drawn, and the plan that counts as registered before its first wave."""

    areas: AreasDrawn
    people: PeopleDrawn
    plan_file: Path | None
    seed: int

    def into(self, folder: Path) -> Study:
        """Draw it and write it into a new or empty folder; where that fails, nothing is left."""
        from instruments import make_form  # noqa: PLC0415 - help must not wait for it

        form = make_form(QUESTIONNAIRES, LANGUAGES)
        codebook = processing.build_codebook(form, wave_year=int(self.areas.days[-1][:4]))
        drawn = processing.draw_study(
            processing.KnownModel.of_scales(codebook.scales, LOADING, correlation=CORRELATION),
            self.areas, self.people, seed=self.seed,
            residents=processing.ResidentsDrawn(),
        )  # fmt: skip
        plan = processing.read_plan(self.plan_file) if self.plan_file else None
        if folder.exists() and not folder.is_dir():
            raise BadUse(f"{folder} is a file. Name a new folder.")
        if folder.exists() and any(folder.iterdir()):
            raise BadUse(f"{folder} holds something already. Name a new folder.")
        was_there = folder.exists()
        try:
            study = processing.write_drawn_study(
                drawn, codebook, folder, folder.name, form=form,
                analysis_plans={wave: [plan.hash] for wave in drawn.waves} if plan else None,
                terms=plan.laid_down() if plan else None,
            )  # fmt: skip
            drawn.truth.to_csv(folder / TRUTH, index=False, lineterminator="\n")
        except BaseException:
            _take_away(folder, drawn, was_there=was_there)
            raise
        return study


def _take_away(folder: Path, drawn: DrawnStudy, *, was_there: bool) -> None:
    """What was written of a study, by name: a folder that was there is somebody else's and stays."""
    for wave in drawn.waves:
        shutil.rmtree(folder / f"wave-{wave}-freeze-1", ignore_errors=True)
    for name in ("manifest.json", TRUTH):
        (folder / name).unlink(missing_ok=True)
    if not was_there:
        with suppress(OSError):
            folder.rmdir()
