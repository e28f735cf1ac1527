"""`beboerpuls serve`."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import waitress
from sqlalchemy import make_url

from survey.application import create_app
from survey.commands.examples import Command
from survey.commands.installation import installation
from survey.commands.printing import refusal
from survey.demo import is_demo
from survey.demo_lock import DemoRunningError, hold_demo
from survey.serving import create_working_app

SERVERS = ("gunicorn", "waitress")


@click.command(epilog="beboerpuls serve --host 127.0.0.1 --port 8000", cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; with waitress always one.",
)
@click.option(
    "--server",
    type=click.Choice(SERVERS),
    help="Which to run (default: gunicorn where it is installed, waitress elsewhere).",
)
@click.option(
    "--jobs/--no-jobs",
    default=True,
    show_default=True,
    help="Whether each process also does jobs (letters, files); else run: beboerpuls jobs work",
)
def serve(host: str, port: int, workers: int, server: str | None, *, jobs: bool) -> None:
    """Answer residents and staff over the web, behind a proxy that speaks https.

    Requests are not logged: what residents fetch is nobody's business.
    """
    # Settings and tables are checked here, before any worker is started.
    with installation() as here:
        for doubt in here.settings.doubts():
            click.echo(doubt, err=True)
    _hold_demo(here.settings.database, port)
    _refuse_taken(host, port)
    server = server or ("gunicorn" if find_spec("gunicorn") else "waitress")
    if server == "gunicorn":
        if find_spec("gunicorn") is None:
            raise refusal("gunicorn is not installed here. Use: beboerpuls serve --server waitress")
        _become_gunicorn(host, port, workers, jobs=jobs)
    click.echo(f"Listening at http://{host}:{port}")
    app = create_working_app() if jobs else create_app()
    try:
        waitress.serve(app, host=host, port=port, threads=8, ident=None, _quiet=True)
    except OSError as error:
        raise refusal(f"Cannot listen at {host}:{port}: {error.strerror}.") from None


def _hold_demo(database: str, port: int) -> None:
    """Where a demo is served, hold its folder, lest `demo --fresh` delete it meanwhile."""
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    folder = Path(url.database).resolve().parent
    try:
        if is_demo(folder):
            hold_demo(folder, port)
    except DemoRunningError as error:
        raise refusal(str(error)) from None


def _refuse_taken(host: str, port: int) -> None:
    """Say in a sentence what the server would say in a page of its log."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise refusal(
                f"Cannot listen at {host}:{port}: {error.strerror}. Stop what listens there, or "
                "choose another: beboerpuls serve --port 8001"
            ) from None


def _become_gunicorn(host: str, port: int, workers: int, *, jobs: bool) -> None:
    """Run gunicorn in this process's place, so that signals reach it."""
    sys.stdout.flush()
    os.execv(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            sys.executable,
            "-m",
            "gunicorn",
            f"--bind={host}:{port}",
            f"--workers={workers}",
            "--worker-class=gthread",
            "--threads=4",
            # It would lie in the operator's home, and two servers would share it.
            "--no-control-socket",
            "survey.serving:create_working_app()" if jobs else "survey:create_app()",
        ],
    )
