"""`beboerpuls demo`."""

from __future__ import annotations

import io
import shlex
import socket
import sys
from pathlib import Path

import click
import segno
import waitress
from rich.console import Console
from sqlalchemy.exc import OperationalError

from instruments import DefinitionError, UnknownInstrumentError
from survey.commands.examples import Command
from survey.commands.installation import today
from survey.commands.printing import refusal, refuses
from survey.database import Database
from survey.demo import (
    SHEETS_FOLDER,
    Demo,
    DemoError,
    delete_demo,
    is_demo,
    open_demo,
    unkeyed_serial,
    unused_code,
)
from survey.demo_lock import hold_demo
from survey.secrets import KeyFileError, shown_code
from survey.serving import create_working_app
from survey.studies import StudyError

FOLDER = "demo-data"


@click.command(cls=Command, epilog="beboerpuls demo --port 8001 --dir my-demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="Where the demo keeps its data.",
)
@click.option("--fresh", is_flag=True, help="Delete the demo's answers and start over; asks first.")
@refuses(DemoError, KeyFileError, StudyError, DefinitionError, UnknownInstrumentError)
def demo(port: int, folder: Path, fresh: bool) -> None:
    """Try everything out with invented people, until Ctrl+C.

    Started again, it goes on with the answers it has. Phones on the same network can answer too.
    """
    folder = folder.resolve()
    _refuse_taken(port)
    if is_demo(folder) or not folder.exists():
        _hold(folder, port)
    if fresh and is_demo(folder):
        click.confirm(f"Delete the demo in {folder} with all its answers?", abort=True)
    console = Console(highlight=False)
    try:
        if fresh:
            delete_demo(folder)
        with console.status("Preparing") as status:

            def say(step: str) -> None:
                status.update(f"{step} …")
                if not console.is_terminal:
                    click.echo(f"{step} …")

            ready = open_demo(folder, say, today=today())
            say("Starting the server")
            app = create_working_app(ready.settings)
            server = waitress.create_server(app, host="0.0.0.0", port=port, threads=8, ident=None)  # noqa: S104 - phones shall reach it
    except OSError as error:
        raise refusal(f"{error.filename or folder}: {error.strerror}.") from None
    except OperationalError as error:
        raise refusal(f"{folder}: {error.orig}.") from None
    _welcome(console, ready, port)
    server.run()
    click.echo(f"\nStopped. The answers are kept in {folder}.")


def _hold(folder: Path, port: int) -> None:
    # Before anything is asked, made or deleted: two would write each other's demo away.
    try:
        hold_demo(folder, port)
    except OSError as error:
        raise refusal(f"{error.filename or folder}: {error.strerror}.") from None


def _refuse_taken(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # A server that stopped a moment ago holds nothing; one that runs still does.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - the address the server is to have
        except PermissionError:
            raise refusal(
                f"Ports below 1024 are not for everybody, {port} is one. "
                "Choose another: beboerpuls demo --port 8000"
            ) from None
        except OSError:
            raise refusal(
                f"Port {port} is taken by another program, perhaps a demo that runs already. "
                f"Choose another: beboerpuls demo --port {port + 1 if port < 65535 else 8000}"
            ) from None


def _welcome(console: Console, ready: Demo, port: int) -> None:
    database = Database(ready.settings.database)
    with database.reading() as session:
        code = unused_code(session, ready.settings.keys)
        serial = unkeyed_serial(session)
    database.engine.dispose()
    here = f"http://localhost:{port}"
    network = network_address()
    phone = f"http://{network}:{port}" if network else None
    lines = ["", "The demo is ready. All people and places in it are invented.", ""]
    if code is None:
        lines += [
            f"Residents   {here}/",
            "            Nobody is left to answer, or the wave was closed. Start over: --fresh",
        ]
    else:
        lines += [f"Residents   {here}/", f"            code  {shown_code(code)}"]
    if phone:
        link = f"{phone}/c/{code}" if code else f"{phone}/"
        lines.append(f"On a phone  {link}   (on the same network)")
        _print_lines(console, lines)
        _print_qr(console, link)
        lines = []
    lines.append(f"Results     {here}/results   (what residents of a place get back)")
    lines.append(f"Staff       {here}/staff/sign-in")
    role, name = (max(len(getattr(one, part)) for one in ready.staff) for part in ("role", "name"))
    lines += [
        f"            {one.role:{role}}  {one.name:{name}}  {one.password}" for one in ready.staff
    ]
    lines += [
        f"Sheet       {serial or 'none is left to key'}   (a serial for the fieldworker to key)"
    ]
    lines += [f"            {ready.folder / SHEETS_FOLDER}   (sheets to print, fill in and scan)"]
    lines += [f"Data        {ready.folder}"]
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in ready.environ.items())
    lines += [f"Commands    export {exports}", "", "Stop with Ctrl+C.", ""]
    _print_lines(console, lines)


def _print_lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        # An address broken over two lines cannot be copied.
        console.print(line, markup=False, soft_wrap=True)


def _print_qr(console: Console, link: str) -> None:
    drawn = io.StringIO()
    segno.make_qr(link, error="l").terminal(drawn, border=2, compact=True)
    try:
        drawn.getvalue().encode(console.encoding)
    except UnicodeEncodeError:
        return  # this terminal has no blocks to draw with; the link stands above
    # Light on dark whatever the terminal's colours: a phone reads no code turned inside out.
    for line in drawn.getvalue().splitlines():
        console.print(line, style="bright_white on black", markup=False, soft_wrap=True)


def network_address() -> str | None:
    """The address that a phone in the same network would reach this machine by."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: it only asks which way a packet to elsewhere would go.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address
