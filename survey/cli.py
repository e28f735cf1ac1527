"""The command `beboerpuls`. Each subcommand's module is imported when it is called, not before."""

from __future__ import annotations

from importlib import import_module

import click

# Name -> where the command stands, and what the list of commands says of it.
COMMANDS = {
    "demo": ("survey.commands.demo:demo", "Try everything out with invented people."),
    "init": ("survey.commands.init:init", "Make keys and tables for an installation."),
    "serve": ("survey.commands.serve:serve", "Answer residents and staff over the web."),
    "jobs": ("survey.commands.jobs:jobs", "Do the jobs that pages order; see how far they are."),
    "account": ("survey.commands.account:account", "Let staff in, and out again."),
    "instruments": ("survey.commands.instruments:instruments", "Look at and check questionnaires."),
    "study": ("survey.commands.study:study", "Make a study and load what it knows."),
    "invitations": (
        "survey.commands.invitations:invitations",
        "Report what became of invitations; take a code out of use.",
    ),
    "letters": ("survey.commands.letters:letters", "Write to people, and remind them."),
    "audit": ("survey.commands.audit:audit", "Check who did what."),
    "sheets": ("survey.commands.sheets:sheets", "Add paper sheets to be keyed."),
    "batches": ("survey.commands.batches:batches", "Say how batches are keyed; judge them."),
    "scans": ("survey.commands.scans:scans", "Read scanned sheets; delete their pictures."),
    "wave": ("survey.commands.wave:wave", "Plan, open, close and freeze a round of asking."),
    "response": ("survey.commands.response:response", "Take somebody's answers back."),
    "results": ("survey.commands.results:results", "Show residents what they answered."),
    "dataset": ("survey.commands.datasets:dataset", "Verify a dataset's folder; join waves."),
    "score": ("survey.commands.datasets:score", "Print scales with reliability; write scores."),
    "evidence": ("survey.commands.evidence:evidence", "Tell whether scales may be used, and why."),
    "weights": ("survey.commands.weights:weights", "Tell how well weights meet the registers."),
    "measures": ("survey.commands.measures:measures", "Tell how areas and plans stand."),
    "effects": ("survey.commands.effects:effects", "Tell whether plans moved the measures."),
    "report": ("survey.commands.report:report", "Write a study's findings on one page."),
    "feed": ("survey.commands.feed:feed", "Write the table that may leave the house."),
    "detect": ("survey.commands.detect:detect", "Tell what a study could find, beforehand."),
    "simulate": ("survey.commands.simulate:simulate", "Draw a study whose truth is known."),
    "export": ("survey.commands.datasets:export", "Write labelled files for other programs."),
    "import": ("survey.commands.importing:import_", "Make a dataset of answers from elsewhere."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="beboerpuls", message="%(package)s %(version)s")
def beboerpuls() -> None:
    """Ask residents, keep what they say, and turn it into measures an evaluation can stand on.

    To try everything out: beboerpuls demo
    """
