"""Commands whose help ends with an example that can be copied as it stands."""

from __future__ import annotations

import click


class Command(click.Command):
    """A command; its epilog is its example, shown line by line and never wrapped."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        if self.epilog:
            with formatter.section("Example"):
                for line in self.epilog.strip().splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
