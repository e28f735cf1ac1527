"""`beboerpuls jobs`."""

from __future__ import annotations

import signal
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, print_table
from survey.job_kinds import CHORES, KINDS
from survey.models import Job
from survey.worker import Worker, Workshop


@click.group(cls=Group)
def jobs() -> None:
    """Do the jobs that pages order, such as letters; see how far they are."""


@jobs.command(epilog="beboerpuls jobs work")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do.")
def work(until_idle: bool) -> None:
    """Do jobs one after another, until Ctrl+C or SIGTERM.

    Any number may run beside each other, on machines that share database and data folder. One that
    is ended gives its job back; the job of one that died is taken up again after a minute.
    """
    with installation() as here:
        worker = Worker(Workshop(here.settings, here.database), KINDS, CHORES)

        def stop(_signal: int, _frame: object) -> None:
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if not until_idle:
            click.echo("Waiting for jobs. Stop with Ctrl+C.")
        number = worker.work(until_idle=until_idle)
        click.echo(f"{counted(number, 'job')} done.")


@jobs.command("list", epilog="beboerpuls jobs list")
@click.option("--most", default=20, show_default=True, type=click.IntRange(1, 10_000))
@as_json
def list_(most: int, as_json: bool) -> None:
    """Show the newest jobs: what, for which study, how far, and why one failed."""
    with installation() as here, here.database.reading() as session:
        found = session.scalars(
            select(Job)
            .options(joinedload(Job.study), joinedload(Job.wave))
            .order_by(Job.id.desc())
            .limit(most)
        ).all()
    rows = [_row(job) for job in found]
    if as_json:
        print_json(rows)
    else:
        columns = ["Job", "Kind", "Study", "Wave", "State", "Done", "Of", "By", "Ordered", "Error"]
        print_table(columns, [list(row.values()) for row in rows])


def _row(job: Job) -> dict[str, Any]:
    return {
        "job": job.id,
        "kind": job.kind,
        "study": job.study.key,
        "wave": job.wave.number if job.wave else None,
        "state": job.state,
        "done": job.done,
        "of": job.total,
        "by": job.actor,
        "ordered": f"{job.ordered:%Y-%m-%d %H:%M}",
        "error": _why(job.error) if job.error else None,
    }


def _why(error: dict[str, Any]) -> str:
    """What a failed job says of itself; every reason, where there are several."""
    values = error["values"]
    told = [
        f"{one['where']}: {one['what']}. {one['remedy']}." for one in values.get("problems", ())
    ]
    reasons = " ".join([*told, *values.get("plain", ()), *filter(None, [values.get("said")])])
    key = str(error["key"]).removeprefix("job.error.")
    return f"{key}: {reasons}" if reasons else key
