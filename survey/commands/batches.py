"""`beboerpuls batches`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import batches as piles
from survey import verdicts
from survey.answering import WaveClosedError
from survey.batches import BatchFixedError, NothingBackError, Rules, RulesError
from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, print_table, refusal, refuses
from survey.models import Batch
from survey.models.batches import SETTLE_RULES
from survey.receiving import batch_lines
from survey.studies import StudyError, find_study, find_wave

_FIXED = (
    "The batch {name!r} is fixed: its sample is drawn, or some of it is keyed. Rules are set before "
    "that; lay sheets that are to be keyed otherwise into a new batch."
)
_WRONG = {
    "second_keying_share": "--twice is 0 to 100 per cent.",
    "error_limit": "--limit lies between 0 and 100 per cent.",
    "confidence": "--confidence lies between 50 and 100 per cent.",
    "settle_rule": f"--settle is one of {', '.join(SETTLE_RULES)}.",
}

_study = click.argument("study")
_wave = click.argument("wave", type=int)
_batch = click.argument("batch")


def _rules(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--settle", type=click.Choice(SETTLE_RULES), help="Who settles differences."),
        click.option("--confidence", type=float, help="How sure the limit must be kept, per cent."),
        click.option("--limit", type=float, help="The highest error rate, per cent of fields."),
        click.option("--twice", type=float, help="Part keyed twice, per cent: 0 none, 100 all."),
    ):
        command = option(command)
    return command


@click.group(cls=Group)
def batches() -> None:
    """Say how batches of paper are keyed, and judge them."""


@batches.command("list", epilog="beboerpuls batches list bopuls 1")
@_study
@_wave
@as_json
@refuses(StudyError)
def list_(study: str, wave: int, as_json: bool) -> None:
    """Show a wave's batches: how far their sheets are, their rules, their verdicts."""
    with installation() as here, here.database.reading() as session:
        found = find_wave(session, study, wave)
        rows = [
            {
                "batch": line.name,
                **line.states,
                **asdict(piles.batch_rules(session.get_one(Batch, line.id))),
                "drawn": line.drawn,
                "verdict": line.verdict,
            }
            for line in batch_lines(session, found)
        ]
    if as_json:
        print_json(rows)
        return
    names = ("Batch", "Sheets", "Back", "Settled", "Twice %", "Limit %", "Drawn", "Verdict")
    print_table(names, [_line(row) for row in rows])


def _line(row: dict[str, Any]) -> list[object]:
    out = row["printed"] + row["sent"]
    back = sum(row[one] for one in ("returned", "keyed_once", "keyed_twice", "settled"))
    shares = (round(100 * row[one], 4) for one in ("second_keying_share", "error_limit"))
    drawn = "yes" if row["drawn"] else "no"
    return [row["batch"], out + back, back, row["settled"], *shares, drawn, row["verdict"]]


@batches.command(epilog='beboerpuls batches rules bopuls 1 "Bundt 14" --twice 30 --limit 1')
@_study
@_wave
@_batch
@_rules
@as_json
@refuses(StudyError)
def rules(study: str, wave: int, batch: str, as_json: bool, **given: Any) -> None:
    """Set the rules of a BATCH of which nothing is keyed yet, or show them.

    What is not given stays as it is.
    """
    with installation() as here, here.database.writing() as session:
        found = _found(session, study, wave, batch)
        wanted = _with(piles.batch_rules(found), given)
        if wanted != piles.batch_rules(found):
            _try(piles.set_batch_rules, session, found, wanted, actor=here.actor)
    _tell(wanted, as_json)


@batches.command("study-rules", epilog="beboerpuls batches study-rules bopuls --twice 100")
@_study
@_rules
@as_json
@refuses(StudyError)
def study_rules(study: str, as_json: bool, **given: Any) -> None:
    """Set the rules that new batches of a STUDY begin with, or show them."""
    with installation() as here, here.database.writing() as session:
        found = find_study(session, study)
        before = piles.rules_of(session, found.id)
        wanted = _with(before, given)
        if wanted != before:
            _try(piles.set_rules, session, found, wanted, actor=here.actor)
    _tell(wanted, as_json)


@batches.command(
    "hand-out", epilog='beboerpuls batches hand-out bopuls 1 "Bundt 14" --pass 1 --to karen --to bo'
)
@_study
@_wave
@_batch
@click.option("--pass", "number", type=click.IntRange(1, 2), required=True, help="First or second.")
@click.option("--to", multiple=True, help="A fieldworker; may be given several times.")
@refuses(StudyError)
def hand_out(study: str, wave: int, batch: str, number: int, to: tuple[str, ...]) -> None:
    """Name who keys a pass of a BATCH; without --to every keyer of the study may."""
    with installation() as here, here.database.writing() as session:
        found = _found(session, study, wave, batch)
        keyers = {one.name: one.id for one in piles.keyers_of(session, found.wave.study_id)}
        if unknown := [one for one in to if one not in keyers]:
            known = ", ".join(keyers) or "none"
            raise refusal(*(f"No keyer of {study} is called {one!r}: {known}." for one in unknown))
        piles.hand_out(session, found, number, [keyers[one] for one in to], actor=here.actor)
    click.echo(f"Pass {number} of {batch} is for {', '.join(to) or 'every keyer of the study'}.")


@batches.command(epilog='beboerpuls batches draw bopuls 1 "Bundt 14"')
@_study
@_wave
@_batch
@refuses(StudyError)
def draw(study: str, wave: int, batch: str) -> None:
    """Draw which sheets of a BATCH are keyed twice, of all that have come back; it is fixed then."""
    with installation() as here, here.database.writing() as session:
        found = _found(session, study, wave, batch)
        if not found.samples:
            times = "twice" if found.second_keying_share else "once"
            raise refusal(
                f"The batch {batch!r} is keyed {times} as a whole: there is nothing to draw."
            )
        drawn = _try(piles.draw, session, found, actor=here.actor)
        standing = verdicts.standing_of(session, found)
    back = counted(standing.in_hand, "sheet")
    click.echo(
        f"Of {back} of {batch} that came back, {drawn} {'is' if drawn == 1 else 'are'} keyed twice."
    )
    if standing.away:
        click.echo(
            f"{counted(standing.away, 'sheet')} did not come back: what comes now is keyed twice as "
            "well, and is no part of the sample."
        )


def _what_it_waits_for(standing: verdicts.Standing) -> str:
    """In words, with what to do next."""
    if standing.drawn is None:
        if not standing.in_hand:
            return "nothing of it has come back. Receive its sheets, key them, then draw the sample"
        return "no sample is drawn. Draw it with: beboerpuls batches draw STUDY WAVE BATCH"
    waits = (
        (standing.unsettled, "of its sample to be keyed twice and settled"),
        (standing.back, "that came back to be keyed"),
    )
    return " and ".join(f"{counted(n, 'sheet')} {what}" for n, what in waits if n)


@batches.command(epilog='beboerpuls batches judge bopuls 1 "Bundt 14"')
@_study
@_wave
@_batch
@as_json
@refuses(StudyError)
def judge(study: str, wave: int, batch: str, as_json: bool) -> None:
    """Let the sample of a BATCH say whether it is accepted. It is said once."""
    with installation() as here, here.database.writing() as session:
        found = _found(session, study, wave, batch)
        form = here.form_of(session, found.wave)
        try:
            said = verdicts.judge(session, here.settings.keys, form, found, actor=here.actor)
        except verdicts.NotReadyError as failure:
            waits = _what_it_waits_for(failure.standing)
            raise refusal(f"The batch {batch!r} cannot be judged yet: {waits}.") from None
        except verdicts.JudgedBeforeError:
            raise refusal(f"The batch {batch!r} was judged before; that is done once.") from None
        except WaveClosedError:
            raise refusal(
                f"Wave {wave} of {study} is frozen: what is keyed once in {batch!r} can become no "
                "response any more. The batch stays without a verdict."
            ) from None
        names = ("verdict", "sheets", "fields", "errors", "upper")
        told = {name: getattr(said, name) for name in names} | {"limit": found.error_limit}
    if as_json:
        print_json(told)
        return
    click.echo(
        f"{told['verdict']}: {told['errors']} errors in {told['fields']} fields of "
        f"{counted(told['sheets'], 'sheet')}, at most {told['upper']:.2%}; "
        f"the limit is {told['limit']:.2%}."
    )


def _found(session: Session, study: str, wave: int, name: str) -> Batch:
    found = find_wave(session, study, wave)
    mine = select(Batch).where(Batch.wave_id == found.id)
    batch = session.scalars(mine.where(Batch.name == " ".join(name.split()))).first()
    if batch is None:
        known = ", ".join(session.scalars(select(Batch.name).where(Batch.wave_id == found.id)))
        raise StudyError(
            f"Wave {wave} of {study} has no batch {name!r}. It has: {known or 'none'}. Sheets are "
            "laid into batches as they are received, or added with: beboerpuls sheets add"
        )
    return batch


def _with(rules: Rules, given: dict[str, Any]) -> Rules:
    """Rules with what was given in per cent."""
    changed: dict[str, Any] = {
        name: round(given[option] / 100, 6)
        for option, name in (
            ("twice", "second_keying_share"),
            ("limit", "error_limit"),
            ("confidence", "confidence"),
        )
        if given[option] is not None
    }
    if given["settle"] is not None:
        changed["settle_rule"] = given["settle"]
    return replace(rules, **changed)


def _try(act: Callable[..., Any], session: Session, *given: Any, actor: str) -> Any:
    """Do it, or say why it cannot be done."""
    try:
        return act(session, *given, actor=actor)
    except RulesError as failure:
        raise refusal(*(_WRONG[one] for one in failure.problems)) from None
    except BatchFixedError:
        raise refusal(_FIXED.format(name=given[0].name)) from None
    except NothingBackError:
        raise refusal(
            f"No sheet of the batch {given[0].name!r} has come back: there is nothing to draw from. "
            "Receive its sheets first."
        ) from None


def _tell(rules: Rules, as_json: bool) -> None:
    if as_json:
        print_json(asdict(rules))
        return
    click.echo(
        f"Keyed twice: {100 * rules.second_keying_share:.4g} % of the sheets. Highest error rate: "
        f"{rules.error_limit:.2%}, with {100 * rules.confidence:.4g} % confidence. Settled by: "
        f"{rules.settle_rule}."
    )
