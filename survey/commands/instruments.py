"""`beboerpuls instruments`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from instruments import (
    LIBRARY,
    DefinitionError,
    Instrument,
    InstrumentTexts,
    Item,
    UnknownInstrumentError,
    find,
    library,
    publish,
    reading_ease,
    unrecorded,
)
from survey.commands.examples import Group
from survey.commands.printing import as_json, counted, print_json, print_table, refuses
from survey.settings import LIBRARY_FOLDER

_root = click.option(
    "--library",
    "root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=lambda: Path(os.environ.get(LIBRARY_FOLDER) or LIBRARY),
    help="A folder of questionnaires (default: those that come along).",
)


@click.group(cls=Group)
def instruments() -> None:
    """Look at and check questionnaires. Needs no database and no settings."""


@instruments.command("list", epilog="beboerpuls instruments list")
@_root
@as_json
@refuses(DefinitionError)
def list_(root: Path, as_json: bool) -> None:
    """List every version of every questionnaire."""
    listed = library(root)
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "version": one.version,
                    "status": one.status,
                    "languages": list(one.languages),
                }
                for one in listed
            ]
        )
    else:
        columns = ("name", "version", "status", "languages")
        rows = [(one.name, one.version, one.status, ", ".join(one.languages)) for one in listed]
        print_table(columns, rows)


@instruments.command(epilog="beboerpuls instruments show tryghed --language en")
@click.argument("name")
@click.option("--language", help="The language to show (default: the one it was written in).")
@_root
@as_json
@refuses(DefinitionError, UnknownInstrumentError)
def show(name: str, language: str | None, root: Path, as_json: bool) -> None:
    """Show what NAME or NAME/VERSION asks: pages, items, answers and scales."""
    instrument = find(*named(name), root)
    language = language or instrument.written_in
    if language not in instrument.texts:
        offered = ", ".join(instrument.texts)
        raise click.BadParameter(f"{language!r} is not there. Languages are: {offered}.")
    texts = InstrumentTexts(instrument, language)
    if as_json:
        print_json(_content(instrument, texts))
    else:
        _print_pages(instrument, texts)


@instruments.command(epilog="beboerpuls instruments check tryghed/1 --library my-questionnaires")
@click.argument("names", nargs=-1, metavar="[NAME[/VERSION]]...")
@_root
@as_json
@refuses(UnknownInstrumentError)
def check(names: tuple[str, ...], root: Path, as_json: bool) -> None:
    """Check questionnaires, all of the library unless some are named.

    Each problem says file, line, key, what is wrong and what to do. Warnings are told and harm
    nothing; notes tell where a page is not four to six items of one response scale, for which there
    may be a reason, and what nobody has recorded. Exit code 1 where there are problems.

    Of Danish questions it tells the LIX: of each, where questionnaires are named, else the highest.
    """
    asked = [named(name) for name in names] or [(one.name, one.version) for one in library(root)]
    problems, warnings, notes = [], [], []
    figures: dict[str, dict[str, float]] = {}
    for name, version in asked:
        try:
            found = find(name, version, root)
            warnings += [str(warning) for warning in found.warnings]
            notes += [str(note) for note in (*found.notes, *unrecorded(found))]
            figures[found.key] = reading_ease(found)
        except DefinitionError as error:
            problems += [str(problem) for problem in error.problems]
    if as_json:
        told = {"problems": problems, "warnings": warnings, "notes": notes, "lix": figures}
        print_json({"checked": len(asked), **told})
    else:
        for line in problems:
            click.echo(line, err=True)
        for line in warnings:
            click.echo(f"Warning: {line}")
        for line in notes:
            click.echo(f"Note: {line}")
        _print_reading_ease(figures, of_each=bool(names))
        told_all = (
            counted(len(problems), "problem"),
            counted(len(warnings), "warning"),
            counted(len(notes), "note"),
        )
        click.echo(f"{len(asked)} checked: {', '.join(told_all)}.")
    if problems:
        raise SystemExit(1)


def _print_reading_ease(figures: Mapping[str, Mapping[str, float]], *, of_each: bool) -> None:
    for key, by_item in figures.items():
        if of_each and by_item:
            print_table(
                (f"{key}, question", "LIX"), [(one, round(by_item[one])) for one in by_item]
            )
        elif by_item:
            hardest = max(by_item, key=lambda one: by_item[one])
            click.echo(f"LIX of {key}: at most {by_item[hardest]:.0f}, in {hardest}.")


@instruments.command(
    "publish", epilog="beboerpuls instruments publish tryghed/2 --library my-questionnaires"
)
@click.argument("name", metavar="NAME/VERSION")
@_root
@refuses(DefinitionError, UnknownInstrumentError)
def publish_(name: str, root: Path) -> None:
    """Publish NAME/VERSION, or the languages added to it; from then on its files never change."""
    known, version = named(name)
    if version is None:
        raise click.BadParameter(f"{name!r} must be a name and a version, as tryghed/2.")
    added = publish(known, version, root)
    click.echo("\n".join(f"Published {known}/{version}/{file}" for file in added) or "As before.")


def named(name: str) -> tuple[str, int | None]:
    """A name and perhaps a version, as somebody wrote them: tryghed, or tryghed/1."""
    known, slash, version = name.partition("/")
    if not slash:
        return name, None
    if not (version.isascii() and version.isdecimal()):
        raise click.BadParameter(f"{name!r} must be a name, or name and version, as tryghed/1.")
    return known, int(version)


def _content(instrument: Instrument, texts: InstrumentTexts) -> dict[str, Any]:
    return {
        "name": instrument.name,
        "version": instrument.version,
        "published": instrument.published,
        "language": texts.language,
        "title": texts.title.text,
        "about": texts.about.text,
        "pages": [
            {
                "page": page.id,
                "heading": texts.heading(page).text,
                "items": [
                    {
                        "column": instrument.column(item),
                        "kind": str(item.kind),
                        "question": texts.full_question(item).text,
                        "answers": _answers(item, texts),
                    }
                    for item in page.items
                ],
            }
            for page in instrument.pages
        ],
        "scales": [
            {
                "scale": scale.id,
                "title": texts.scale(scale).text,
                "items": list(scale.items),
                "reversed": list(scale.reversed),
                "model": scale.model,
                "status": scale.status,
            }
            for scale in instrument.scales
        ],
    }


def _answers(item: Item, texts: InstrumentTexts) -> dict[str, str]:
    codes = (*item.responses.codes, *item.responses.apart)
    return {str(code): texts.answer(item.responses, code).text for code in codes}


def _print_pages(instrument: Instrument, texts: InstrumentTexts) -> None:
    content = _content(instrument, texts)
    click.echo(f"{content['title']} ({instrument.key})\n{content['about']}")
    for page in content["pages"]:
        click.echo(f"\n{page['heading']}")
        for item in page["items"]:
            click.echo(f"  {item['column']}: {item['question']}")
            answers = [f"{code} {label}" for code, label in item["answers"].items()]
            click.echo(f"    {item['kind']}{': ' if answers else ''}{' · '.join(answers)}")
    click.echo("")
    print_table(
        ("scale", "title", "items", "model", "status"),
        [
            (one["scale"], one["title"], len(one["items"]), one["model"], one["status"])
            for one in content["scales"]
        ],
    )
