"""`beboerpuls feed`: the table of soft outcomes that leaves the house.

It needs neither a database nor settings.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import pandas as pd

import processing
from survey.commands.datasets import (
    REWEIGHTED,
    BadUse,
    adults_option,
    bad_use,
    base_weights_option,
    folder_argument,
    unchanged,
)
from survey.commands.examples import Command
from survey.commands.printing import as_json, print_json

if TYPE_CHECKING:
    from processing import (
        AnalysisPlan,
        DisclosureLimits,
        Evaluation,
        Joined,
        Study,
        StudyMeasures,
        ToldBefore,
    )

PARTNERS = "samarbejde"
FIRST_TIME = (
    "Note: by what lies beside {folder}, nothing was told of it in public before. If it was, on another"
    " machine, take {name}-told.json from there and make the feed again before you publish it."
)
AS_THE_PUBLIC = (
    "In public every page, report and feed of a study is weighted alike: by the plan that was registered"
    " before its waves were frozen, and where a wave was told before, as then. The plan at hand weights"
    " otherwise, so every effect here is exploratory; what it confirms stands in `effects`, `report"
    " --plan` and with --for-evaluator."
)


@click.command(cls=Command, epilog="beboerpuls feed data/bopuls --plan plan.yaml")
@folder_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The analysis plan: with it the effects stand in the table too.",
)
@click.option(
    "--cooperation",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The study in which partners answered `samarbejde`: its means are moderators by plan.",
)
@click.option(
    "--outcomes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of register outcomes with the columns area and year, to be laid beside.",
)
@click.option(
    "--for-evaluator",
    is_flag=True,
    help="Unrounded, with every effect: for an evaluation that has signed for it, never to publish.",
)
@adults_option
@base_weights_option
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-feed, beside it.")
@as_json
def feed(
    folder: Path,
    *,
    for_evaluator: bool,
    adults: str | None,
    base_weights: bool,
    plan_file: Path | None,
    cooperation: Path | None,
    outcomes: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write one table of soft outcomes that may be published: small cells are hidden.

    A row a mean, change and effect, with its interval, n, method, weights, verdict and the dataset
    it was made from; as Parquet, CSV, .sav and .dta. No mean of fewer than ten answers and no count
    under five is shown, nor what would give one away by adding and subtracting, here or with what
    was told before. Points are whole. With --for-evaluator they are not, and every effect is told.
    """
    with bad_use():
        read = _study(folder)
        plan = processing.read_plan_for(plan_file, read) if plan_file else None
        if plan and adults:
            raise BadUse("With --plan the plan says how to weight. Name the column there: adults.")
        asked = _Asked(plan, adults, base_weights=base_weights, public=not for_evaluator)
        found, measured = asked.estimated(read)
        partners = _partners(cooperation) if cooperation else None
        earlier = processing.told_before(read)
        theirs = processing.told_before(partners) if partners else None
        table = asked.table(read, found, measured, earlier, partners, theirs)
        joined = _beside(table, outcomes) if outcomes else None
        written = processing.write_feed(
            read, table, found or measured, out,
            cooperation=partners, earlier=earlier, partners_earlier=theirs,
        )  # fmt: skip
        if joined is not None:
            beside = out.with_name(f"{out.name}-outcomes") if out else None
            joined_in = _write_joined(read, joined, beside, asked.audience)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    _note_weights(read, found, measured, explicit=base_weights)
    hidden = int(table["hidden"].sum())
    if as_json:
        about = {"dataset": read.hash, "audience": asked.audience, "rows": len(table)}
        kept = sorted(measured.weighed.kept)
        print_json({**about, "hidden": hidden, "kept_weights": kept, "written": str(written)})
        return
    if earlier is None and not for_evaluator:
        click.echo(FIRST_TIME.format(folder=folder, name=folder.name), err=True)
    whose = "for the evaluator alone" if for_evaluator else "for everybody"
    click.echo(f"{len(table)} rows, {hidden} of them hidden, {whose}. Feed: {written}")
    if joined is not None:
        click.echo(f"With outcomes: {joined}.\nIt lies in {joined_in}")


@dataclass(frozen=True)
class _Asked:
    """By what to estimate: weights that were asked for, else in public those of all that is told."""

    plan: AnalysisPlan | None
    adults: str | None
    base_weights: bool
    public: bool

    @property
    def audience(self) -> Literal["public", "evaluator"]:
        return "public" if self.public else "evaluator"

    def table(
        self,
        read: Study,
        found: Evaluation | None,
        measured: StudyMeasures,
        earlier: ToldBefore | None,
        partners: Study | None,
        theirs: ToldBefore | None,
    ) -> pd.DataFrame:
        """The feed, with what was told before of residents and of partners."""
        return processing.feed(
            read,
            measured,
            found,
            planned=None if found else self._planned(read, measured),
            statuses=processing.kept_verdicts(read),
            limits=_limits(read, self.plan, public=self.public),
            cooperation=partners,
            audience=self.audience,
            earlier=earlier,
            partners_earlier=theirs,
        )

    def _planned(self, read: Study, measured: StudyMeasures) -> Evaluation | None:
        return processing.planned_effects(read, measured) if self.public else None

    def estimated(self, read: Study) -> tuple[Evaluation | None, StudyMeasures]:
        """The evaluation, where there is a plan, and the measures."""
        weighting = False if self.base_weights else None
        as_told = self.public and not self.base_weights and self.adults is None
        measured = processing.public_measures(read, self.plan) if as_told else None
        if self.plan is not None:
            found = processing.evaluate(read, self.plan, calibrated=weighting, measured=measured)
            return found, found.measures
        if measured is None:
            measured = processing.study_measures(read, adults=self.adults, calibrated=weighting)
        return None, measured


def _note_weights(
    read: Study, found: Evaluation | None, measured: StudyMeasures, *, explicit: bool
) -> None:
    """What was weighted otherwise than was asked for, or than the plan at hand lays down."""
    if kept := processing.kept_told(measured, read.codebook, "en"):
        click.echo(f"Note: {kept}", err=True)
    if found and found.reweighted:
        click.echo(f"Note: {REWEIGHTED if explicit else AS_THE_PUBLIC}", err=True)


def _study(folder: Path) -> Study:
    read = unchanged(folder)
    if isinstance(read, processing.Dataset):
        raise BadUse(f"{folder} is one wave. Give the study's folder.")
    return read


def _limits(read: Study, plan: AnalysisPlan | None, *, public: bool) -> DisclosureLimits:
    """The study's own thresholds; a plan of today can make them only stricter.

    In public only a registered one: what is hidden there once stays so for good.
    """
    laid_down = processing.study_terms(read).limits
    if plan is None:
        return laid_down
    stricter = plan.limits.stricter(laid_down)
    named = {one for wave in read.waves for one in wave.manifest.get("analysis_plans", ())}
    if not public or plan.hash in named or stricter == laid_down:
        return stricter
    click.echo(
        "Note: the plan's stricter thresholds (mean_n, count) are not taken, since no wave's manifest "
        "names it as registered, and what a public feed hides stays hidden for good.",
        err=True,
    )
    return laid_down


def _partners(folder: Path) -> Study:
    """Partners' own study. Refuses one that holds residents' answers."""
    read = _study(folder)
    asked = {scale.instrument for scale in read.codebook.scales}
    if asked != {PARTNERS}:
        raise BadUse(
            f"{folder} asked {', '.join(sorted(asked)) or 'nothing'}; partners are asked {PARTNERS} "
            "alone, in a study of their own."
        )
    return read


def _beside(table: Any, outcomes: Path) -> Joined:
    """Register outcomes from CSV laid beside the feed; keys are read as text, so no zero is lost.

    A Danish spreadsheet parts columns by semicolons and writes 0,41 for 0.41.
    """
    try:
        text = outcomes.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadUse(f"{outcomes} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise BadUse(
            f"{outcomes} is not in UTF-8. Save it from the spreadsheet as CSV UTF-8, then try again."
        ) from None
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        frame = pd.read_csv(
            StringIO(text), sep=separator, dtype={"area": str},
            decimal="," if separator != "," else ".",
        )  # fmt: skip
    except ValueError as error:
        raise BadUse(f"{outcomes} cannot be read as CSV: {error}") from None
    # The reader calls a second emp emp.1: that there are two is for whoever joins them to say.
    names = next(csv.reader([header.rstrip("\r")], delimiter=separator))
    if len(names) == len(frame.columns):
        frame.columns = pd.Index([name.strip() for name in names])
    return processing.join_outcomes(table, frame)


def _write_joined(read: Study, joined: Joined, out: Path | None, audience: str) -> Path:
    missing = pd.DataFrame(
        [
            *(("feed", one) for one in joined.only_feed),
            *(("outcomes", one) for one in joined.only_outcomes),
        ],
        columns=["only_in", "area_year"],
    )
    text = joined.frame.to_csv(index=False, lineterminator="\n")
    frames = {"joined": joined.frame, "missing": missing}
    name = "feed-outcomes" if audience == "public" else f"feed-{audience}-outcomes"
    texts = {"joined.csv": text}
    return processing.write_derived(read, name, frames, out, texts, about={"audience": audience})
