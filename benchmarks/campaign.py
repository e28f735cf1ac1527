"""A campaign on paper: keyers of known error rates, settled data held against the truth.

    python benchmarks/campaign.py [--sheets 2000] [--keyers 20] [--seed 1]

Every sheet goes the whole way through the desk on SQLite: received, keyed by two people, settled by a
third who reads what the paper says, and read back from the response. Field by field the settled data
must equal the truth except where both keyers erred alike. Each keyer's reported 95 % interval is held
against their known rate; since that is one campaign, the same is drawn again and again without the
database, to see how often such intervals cover the known rate. A last part accepts batches by a
sample, and tells what error rate accepted batches are left with.

It exits with 1 where a settled value is wrong that both did not err alike in, where batches whose known
rate is over the limit are accepted more often than the confidence allows, or where coverage lies below
95 %, or that of the intervals on 200 sheets above 99 % (they would be needlessly wide), by more than the
simulation's own chance (0.05 % on each side). Samples of 15, 50 and 100 sheets are drawn too, of which
many show none of the slips. The one-sided bound is held to no maximum: a sample without a slip looks the
same whether there are any.

Sheets and keyers are simulated. The library asks no month and no ranking: a second, smaller part is
keyed from the tests' questionnaire of those kinds. Errors fall on fields one by one, or in slips over ten fields.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.stats import binom
from sqlalchemy import select

from instruments import Form, Kind, Value, make_form
from processing import error_rate
from survey import sealed_answers
from survey.access import add_account
from survey.batches import Rules, batch_named, draw, passes_demanded, set_batch_rules
from survey.database import Database
from survey.forms import pin_of
from survey.keying_quality import Quality, quality_of
from survey.models import Area, Batch, Response, Sheet, Study, Wave, WaveForm
from survey.paper import Pass, save_keying
from survey.receiving import receive
from survey.schema import upgrade
from survey.secrets import Keys, make_key_file
from survey.settling import Decided, Decision, both_of, settle_differences
from survey.sheet_stock import add_sheets
from survey.verdicts import judge

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
INSTRUMENTS = ["tryghed", "trivsel", "beboerdemokrati", "background"]
A_BATCH = 50
SLIP = 10  # fields that a slipped line spoils
LEVEL, MOST = 0.95, 0.99
CHANCE = 0.0005  # of failing for nothing, on each side
KINDS = Path(__file__).parents[1] / "tests" / "given" / "questionnaires"
WORDS = ("mere", "lys", "ved", "legepladsen", "tak", "naboerne", "hilser", "altid")
# Keyers of whom campaigns are drawn again and again: rate, share of sheets with a slipped line.
DRAWN = ((0.001, 0), (0.005, 0), (0.03, 0), (0.002, 0.02), (0.002, 0.1))
# Sheets, rate, slips: of these 21, 36 and 13 % of samples show no slip at all.
FEW = ((15, 0.002, 0.1), (50, 0.002, 0.02), (100, 0.002, 0.02))

Answers = dict[str, Value]


@dataclass
class Keyer:
    """Somebody whose error rate is known. `slips` is the share of sheets with a slipped line."""

    name: str
    rate: float
    slips: float = 0.0
    id: int = 0


@dataclass
class Found:
    """What came of a campaign."""

    fields: int = 0
    wrong: int = 0  # settled values that are not the truth
    alike: int = 0  # fields in which both erred, and alike
    quality: Quality | None = None
    verdicts: list[tuple[str, float]] = field(default_factory=list)  # verdict, error rate left


def keyed(form: Form, truth: Answers, keyer: Keyer, rng: np.random.Generator) -> Answers:
    """What a keyer keys from a sheet."""
    found = dict(truth)
    columns = [column for column in truth if _others(form, column, truth[column])]
    wrong = rng.random(len(columns)) < keyer.rate
    if keyer.slips and rng.random() < keyer.slips:
        start = int(rng.integers(0, max(1, len(columns) - SLIP)))
        wrong[start : start + SLIP] = True
    for column, errs in zip(columns, wrong, strict=True):
        if errs:
            found[column] = _one(_others(form, column, truth[column]), rng)
    return found


def drawn(form: Form, rng: np.random.Generator) -> Answers:
    """A sheet as its resident filled it in."""
    found: Answers = {}
    for column in form.columns:
        responses = form.item_of(column).item.responses
        if responses.kind is Kind.SINGLE:
            found[column] = _one(list(responses.codes), rng)
        elif responses.kind is Kind.RATING:
            found[column] = int(rng.integers(0, 11))
        elif responses.kind is Kind.YEAR:
            found[column] = int(rng.integers(1970, 2026))
        elif responses.kind is Kind.NUMBER:
            found[column] = int(rng.integers(1, 6))
        elif responses.kind is Kind.MONTH:
            found[column] = int(rng.integers(1970, 2026)) * 100 + int(rng.integers(1, 13))
        elif responses.kind is Kind.MULTIPLE:
            ticked = [code for code in responses.codes if rng.random() < 0.4]
            found[column] = ticked or [responses.codes[0]]
        elif responses.kind is Kind.RANKING:
            found[column] = rng.permutation(responses.codes)[: responses.places].tolist()
        elif responses.kind is Kind.TEXT:
            found[column] = " ".join(rng.choice(WORDS, 3).tolist())
        if rng.random() < 0.03:
            found[column] = -8
    hidden = form.hidden(found)
    return {column: value for column, value in found.items() if column not in hidden}


def _others(form: Form, column: str, value: Value) -> list[Value]:
    """What one can key instead: the other codes, the neighbouring numbers, one sign less."""
    responses = form.item_of(column).item.responses
    if responses.kind is Kind.SINGLE:
        return [one for one in (*responses.codes, -8) if one != value]
    if isinstance(value, str):
        return [value[:place] + value[place + 1 :] for place in range(1, len(value) - 1)]
    if isinstance(value, list) and responses.kind is Kind.RANKING:
        return [
            [*value[:place], value[place + 1], value[place], *value[place + 2 :]]
            for place in range(len(value) - 1)
        ]
    if isinstance(value, list):
        changed = [sorted({*value} ^ {code}) for code in responses.codes]
        return [one or -8 for one in changed]
    if responses.kind is Kind.MONTH and isinstance(value, int) and value > 1:
        return [value - 1 if value % 100 > 1 else value + 1]
    if isinstance(value, int) and value > 1:
        return [value - 1] if value == 10 else [value - 1, value + 1] if value < 2025 else [2024]
    return []


def _one(values: list[Value] | list[int], rng: np.random.Generator) -> Value:
    return values[int(rng.integers(len(values)))]


class Desk:
    """A wave on paper, and the people at its desk."""

    def __init__(self, database: Database, keys: Keys, form: Form, keyers: list[Keyer]) -> None:
        self.database, self.keys, self.form = database, keys, form
        self.keyers = [replace(one) for one in keyers]  # each desk has accounts of its own
        with database.writing() as session:
            study = Study(key="campaign", title="Bopulsen", sender="Fonden")
            session.add(study)
            session.flush()
            wave = Wave(study_id=study.id, number=1, status="open", opens=NOW.date())
            area = Area(study_id=study.id, key="0667-012", name="Toften")
            session.add_all([wave, area])
            session.flush()
            session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
            self.study_id, self.wave_id = study.id, wave.id
            for one in (*self.keyers, settler := Keyer("settler", 0)):
                role = [(study, "fieldworker")]
                one.id = add_account(session, one.name, "fire ord uden mening", role, actor="x").id
            self.settler = settler.id

    def batch(self, name: str, size: int, rules: Rules) -> tuple[int, list[str]]:
        """A batch whose sheets have come back."""
        with self.database.writing() as session:
            wave = session.get_one(Wave, self.wave_id)
            pile = batch_named(session, wave, name)
            set_batch_rules(session, pile, rules, actor="x")
            serials = add_sheets(session, wave, area="0667-012", batch=name, number=size, actor="x")
            for serial in serials:
                receive(session, serial, {self.study_id}, pile, actor="x", at=NOW)
            if 0 < rules.second_keying_share < 1:
                draw(session, pile, actor="x", seed=len(serials) + pile.id)
            return pile.id, serials

    def demanded(self, serial: str) -> int:
        with self.database.reading() as session:
            sheet = session.scalars(select(Sheet).where(Sheet.serial == serial)).one()
            return passes_demanded(session, sheet)

    def key(self, serial: str, keyer: Keyer, values: Answers, seconds: float) -> None:
        begun = NOW - dt.timedelta(seconds=seconds)
        one = Pass(uuid.uuid4(), values, NOW, NOW.date(), begun)
        with self.database.writing() as session:
            given = (serial, keyer.id, {self.study_id}, one)
            save_keying(session, self.keys, self.form, *given)

    def settle(self, serial: str, truth: Answers) -> None:
        """Let the third person say what the paper says, where two keyings differ."""
        with self.database.writing() as session:
            sheet = session.scalars(select(Sheet).where(Sheet.serial == serial)).one()
            if sheet.state != "keyed_twice":
                return
            both = both_of(self.keys, self.form, sheet)
            said = {one: Decision(truth.get(one, -8), "slip") for one in both.differences}
            given = (serial, self.settler, {self.study_id}, Decided(uuid.uuid4(), said, NOW))
            settle_differences(session, self.keys, self.form, *given)

    def responses(self) -> dict[str, Answers]:
        """The settled answers, by the sheet's serial."""
        with self.database.reading() as session:
            rows = {one.id: one for one in session.scalars(select(Response))}
            return {
                sheet.serial: sealed_answers.read(self.keys, rows[sheet.keyings[0].id]).answers
                for sheet in session.scalars(select(Sheet).where(Sheet.state == "settled"))
            }

    def quality(self) -> Quality:
        with self.database.reading() as session:
            wave = session.get_one(Wave, self.wave_id)
            return quality_of(session, self.keys, self.form, wave)


def keyed_twice(desk: Desk, sheets: int, rng: np.random.Generator) -> Found:
    """Every sheet by two of the keyers in turn, and settled."""
    found, truths = Found(), {}
    passes: dict[str, tuple[Answers, Answers]] = {}
    people = len(desk.keyers)
    for start in range(0, sheets, A_BATCH):
        size = min(A_BATCH, sheets - start)
        _, serials = desk.batch(f"Bundt {start}", size, Rules(second_keying_share=1))
        for place, serial in enumerate(serials, start):
            truth = truths[serial] = drawn(desk.form, rng)
            # The second is another than the first, and over time everybody.
            apart = 1 + place // people % (people - 1)
            both = [desk.keyers[place % people], desk.keyers[(place + apart) % people]]
            first, second = (keyed(desk.form, truth, one, rng) for one in both)
            passes[serial] = first, second
            for keyer, values in zip(both, (first, second), strict=True):
                desk.key(serial, keyer, values, rng.uniform(50, 80))
            desk.settle(serial, truth)
    for serial, settled in desk.responses().items():
        truth, (first, second) = truths[serial], passes[serial]
        for column in truth:
            found.fields += 1
            same = first[column] == second[column] != truth[column]
            found.alike += same
            if settled[column] != truth[column]:
                found.wrong += 1
                if not same:
                    raise SystemExit(
                        f"Sheet {serial}, {column}: settled wrong, and not erred alike"
                    )
    found.quality = desk.quality()
    return found


def sampled(
    desk: Desk, batches: int, rules: Rules, rng: np.random.Generator, size: int = A_BATCH
) -> list[tuple[str, float]]:
    """Batches keyed by one each, a sample by another: the verdict, and the errors that are left."""
    told = []
    for number in range(batches):
        batch_id, serials = desk.batch(f"Stikprøve {number}", size, rules)
        keyer = desk.keyers[number % len(desk.keyers)]
        other = desk.keyers[(number + 1) % len(desk.keyers)]
        truths = {serial: drawn(desk.form, rng) for serial in serials}
        for serial, truth in truths.items():
            desk.key(serial, keyer, keyed(desk.form, truth, keyer, rng), 60)
            if desk.demanded(serial) == 2:
                desk.key(serial, other, keyed(desk.form, truth, other, rng), 60)
                desk.settle(serial, truth)
        with desk.database.writing() as session:
            batch = session.get_one(Batch, batch_id)
            verdict = judge(session, desk.keys, desk.form, batch, actor="x").verdict
        if verdict == "full":
            settled = desk.responses()
            for serial, truth in truths.items():
                if serial not in settled:
                    desk.key(serial, other, keyed(desk.form, truth, other, rng), 60)
                    desk.settle(serial, truth)
        settled = desk.responses()
        wrong = sum(settled[s][c] != v for s, truth in truths.items() for c, v in truth.items())
        told.append((verdict, wrong / sum(len(truth) for truth in truths.values())))
    return told


def covers(quality: Quality, keyers: list[Keyer]) -> dict[str, bool]:
    """Whether each keyer's interval holds their known rate."""
    known = {one.name: one.rate for one in keyers}
    return {
        one.name: one.rate.interval.low <= known[one.name] <= one.rate.interval.high
        for one in quality.keyers
        if one.rate is not None and one.name in known
    }


def coverage(
    keyer: Keyer, sheets: int, fields: int, rng: np.random.Generator, times: int = 2000
) -> tuple[float, float]:
    """How often the interval, and the one-sided bound, hold the truth in campaigns drawn anew."""
    truth = keyer.rate + keyer.slips * (1 - keyer.rate) * SLIP / fields
    held = bounded = 0
    for _ in range(times):
        slip = np.where(
            rng.random(sheets) < keyer.slips, SLIP, rng.binomial(SLIP, keyer.rate, sheets)
        )
        errors = slip + rng.binomial(fields - SLIP, keyer.rate, sheets)
        told = error_rate(np.full(sheets, fields), errors)
        held += told.interval.low <= truth <= told.interval.high
        bounded += truth <= told.upper
    return held / times, bounded / times


def too_low(held: float, times: int) -> bool:
    """Whether a share of so many campaigns says that coverage is below LEVEL."""
    return bool(round(held * times) < binom.ppf(CHANCE, times, LEVEL))


def too_high(held: float, times: int) -> bool:
    """Whether a share of so many campaigns says that coverage is above MOST."""
    return bool(round(held * times) > binom.ppf(1 - CHANCE, times, MOST))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=2000)
    parser.add_argument("--keyers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    keyers = [
        Keyer(f"keyer {number:02}", rate)
        for number, rate in enumerate(np.geomspace(0.001, 0.03, given.keyers).tolist(), 1)
    ]
    few = keyers[:: max(1, len(keyers) // 10)]
    problems = []
    with tempfile.TemporaryDirectory() as name:
        keys = make_key_file(Path(name) / "keys.json")
        form = make_form(INSTRUMENTS, ["da"])
        for what, desk, sheets in (
            ("the whole form", Desk(_database(name, "whole"), keys, form, keyers), given.sheets),
            (
                "months, rankings, ticks and texts",
                Desk(_database(name, "kinds"), keys, make_form(["kinds"], ["da"], KINDS), few),
                given.sheets // 10,
            ),
        ):
            problems += _told_twice(what, desk, sheets, rng)
        problems += _told_sampled(Desk(_database(name, "sampled"), keys, form, few), rng)
    problems += _told_coverage(rng)
    if problems:
        raise SystemExit("\n".join(problems))


def _told_twice(what: str, desk: Desk, sheets: int, rng: np.random.Generator) -> list[str]:
    begun = time.perf_counter()
    found = keyed_twice(desk, sheets, rng)
    took = time.perf_counter() - begun
    held = covers(found.quality, desk.keyers) if found.quality else {}
    print(f"{what}: {sheets} sheets keyed twice by {len(desk.keyers)} keyers, {took:.0f} s")
    print(f"fields {found.fields}, both erred alike in {found.alike}; settled wrong there alone")
    print(f"settled wrong elsewhere: {found.wrong - found.alike}")
    print(f"95 % intervals that hold the known rate: {sum(held.values())} of {len(held)}")
    if sum(held.values()) < binom.ppf(CHANCE, len(held), LEVEL):
        return [f"{what}: too few intervals hold the known rate: {held}"]
    return []


def _told_sampled(desk: Desk, rng: np.random.Generator) -> list[str]:
    rules = Rules(0.3, 0.01)
    print("verdicts of ten batches of 200, 30 % twice, limit 1 %:")
    told = sampled(desk, 10, rules, rng, size=4 * A_BATCH)
    bad = [verdict for keyer, (verdict, _) in zip(desk.keyers, told, strict=False)
           if keyer.rate > rules.error_limit]  # fmt: skip
    for keyer, (verdict, left) in zip(desk.keyers, told, strict=False):
        print(f"  known rate {keyer.rate:.4f}: {verdict:8s} left {left:.5f}")
    if bad.count("accepted") > binom.ppf(1 - CHANCE, len(bad), 1 - rules.confidence):
        return [f"{bad.count('accepted')} of {len(bad)} batches over the limit were accepted"]
    return []


def _told_coverage(rng: np.random.Generator, times: int = 2000) -> list[str]:
    print(f"coverage over {times} campaigns of 200 sheets of 73 fields a keyer (interval, bound):")
    problems = []
    for rate, slips in DRAWN:
        told = coverage(Keyer("drawn", rate, slips), 200, 73, rng, times)
        print(f"  rate {rate}, slipped sheets {slips}: {told[0]:.3f}, {told[1]:.3f}")
        if any(too_low(one, times) for one in told) or too_high(told[0], times):
            problems.append(f"rate {rate}, slipped sheets {slips}: coverage {told}")
    print("and of few sheets, many of whose samples show no slip:")
    for sheets, rate, slips in FEW:
        told = coverage(Keyer("drawn", rate, slips), sheets, 73, rng, times)
        print(f"  {sheets} sheets, rate {rate}, slipped {slips}: {told[0]:.3f}, {told[1]:.3f}")
        if any(too_low(one, times) for one in told):
            problems.append(f"{sheets} sheets, rate {rate}, slipped {slips}: coverage {told}")
    return problems


def _database(folder: str, name: str) -> Database:
    """A database of its own for each part."""
    database = Database(f"sqlite:///{folder}/{name}.db", b"x" * 32)
    upgrade(database.engine)
    return database


if __name__ == "__main__":
    main()
