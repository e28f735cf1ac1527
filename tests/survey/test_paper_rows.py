"""What the database itself holds of sheets, whatever the code above it does."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import null, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from survey import schema
from survey.models import Batch, Keying, Resolution, SheetEvent

NOW = dt.datetime(2026, 11, 20, 13, 45, tzinfo=dt.UTC)


@pytest.fixture
def sheet(make, study):
    wave = make.wave(study)
    return make.sheet(wave, make.area(study))


@pytest.fixture
def karen(make, study):
    return make.account(study, "fieldworker")


@pytest.fixture
def add(database):
    """A function that stores a row."""

    def add(row):
        with database.writing() as session:
            session.add(row)
        return row

    return add


@pytest.fixture
def keying(sheet):
    """A function that makes a pass over the sheet."""

    def keying(number, **given):
        values = {"finished": NOW, "key_id": "k", "sealed": b"s"} | given
        return Keying(id=uuid.uuid4(), sheet_id=sheet.id, number=number, **values)

    return keying


def test_a_scanner_keys_first_without_anybody(add, keying, karen):
    add(keying(1, keyed_by="scanner"))
    add(keying(2, keyer_id=karen.id))


def test_who_decided_for_the_scanner_does_not_key_second(add, keying, karen):
    add(keying(1, keyed_by="scanner", keyer_id=karen.id))
    with pytest.raises(IntegrityError):
        add(keying(2, keyer_id=karen.id))


@pytest.mark.parametrize(
    ("number", "given"),
    [
        (1, {}),  # a person has a name
        (2, {"keyed_by": "scanner"}),  # a scanner is never the second
        (1, {"keyed_by": "robot"}),
        (3, {"keyed_by": "scanner"}),
    ],
)
def test_what_can_be_no_pass_is_refused(add, keying, number, given):
    with pytest.raises(IntegrityError):
        add(keying(number, **given))


def test_a_sheet_is_settled_once(add, sheet, karen):
    def resolution():
        return Resolution(
            id=uuid.uuid4(),
            sheet_id=sheet.id,
            decided_by=karen.id,
            at=NOW,
            differences=1,
            key_id="k",
            sealed=b"s",
        )

    add(resolution())
    with pytest.raises(IntegrityError):
        add(resolution())


@pytest.mark.parametrize(
    "change",
    [
        update(SheetEvent).values(actor="somebody else"),
        update(Keying).values(number=2),
        update(Resolution).values(at=NOW + dt.timedelta(days=1)),
    ],
    ids=["event", "keying", "resolution"],
)
def test_what_was_written_is_never_overwritten(database, add, keying, sheet, karen, change):
    add(SheetEvent(sheet_id=sheet.id, state="returned", at=NOW, actor="Karen"))
    add(keying(1, keyer_id=karen.id))
    add(
        Resolution(
            id=uuid.uuid4(),
            sheet_id=sheet.id,
            decided_by=karen.id,
            at=NOW,
            differences=2,
            key_id="k",
            sealed=b"s",
        )
    )
    with pytest.raises(DBAPIError, match="never overwritten"), database.writing() as session:
        session.execute(change)


def test_what_is_sealed_can_be_sealed_with_a_newer_key(database, add, keying, karen):
    add(keying(1, keyer_id=karen.id))
    with database.writing() as session:
        session.execute(update(Keying).values(key_id="k2", sealed=b"t"))
        assert session.scalars(select(Keying.key_id)).one() == "k2"


@pytest.mark.parametrize(
    "rules",
    [
        {"second_keying_share": 1.2},
        {"error_limit": 0},
        {"confidence": 1},
        {"settle_rule": "the loudest"},
        {"seed": null(), "drawn": dt.datetime(2026, 11, 20, tzinfo=dt.UTC)},  # by what?
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make, add, study, rules):
    wave = make.wave(study)
    with pytest.raises(IntegrityError):
        add(Batch(wave_id=wave.id, name="Bundt 14", **rules))


EARLIER = """
INSERT INTO study (id, key, title, sender, contact) VALUES (1, 'puls', 'Bopulsen', 'Fonden', '');
INSERT INTO area (id, study_id, key, name, level) VALUES (1, 1, '0667-012', 'Kornblomsten', 'afdeling');
INSERT INTO wave (id, study_id, number, status, legal_basis, consent_version, open_link)
VALUES (1, 1, 1, 'planned', 'consent', 1, {false});
INSERT INTO account (id, name, folded, password, disabled, generation)
VALUES (1, 'Karen', 'karen', 'x', {false}, 0);
INSERT INTO batch (id, wave_id, name, second_keying_share) VALUES (1, 1, 'Bundt 14', 0);
INSERT INTO sheet (id, serial, batch_id, area_id, language, state)
VALUES (1, '0000013', 1, 1, 'da', 'settled'), (2, '0000024', 1, 1, 'da', 'printed');
INSERT INTO keying (id, sheet_id, number, keyer_id, finished, key_id, sealed)
VALUES ('00000000000040008000000000000001', 1, 1, 1, '2026-11-20 13:45:00', 'k', 'x');
INSERT INTO sheet_layout (id, wave_id, language, large, layout) VALUES ('L', 1, 'da', {false}, '{{}}');
INSERT INTO print_run (id, wave_id, layout_id, actor, started, finished, sheets)
VALUES (1, 1, 'L', 'operator', '2026-11-02 09:00:00', '2026-11-02 09:01:00', 2);
INSERT INTO printed_sheet (print_run_id, sheet_id) VALUES (1, 1), (1, 2);
"""


def test_sheets_of_an_earlier_version_keep_their_story_up_and_down(empty_database):
    schema.upgrade(empty_database.engine, "0004")
    with empty_database.writing() as session:
        sqlite = empty_database.engine.dialect.name == "sqlite"
        for line in EARLIER.format(false="0" if sqlite else "false").split(";\n"):
            if line.strip():
                session.execute(text(line.replace(":0", r"\:0").replace(":4", r"\:4")))
    schema.upgrade(empty_database.engine)
    with empty_database.writing() as session:
        told = session.execute(
            select(SheetEvent.sheet_id, SheetEvent.state, SheetEvent.actor).order_by(SheetEvent.id)
        ).all()
        assert told == [
            (1, "printed", "operator"),
            (2, "printed", "operator"),
            (1, "settled", "Karen"),
        ]
        batch = session.get_one(Batch, 1)
        assert (batch.error_limit, batch.settle_rule, batch.drawn) == (0.01, "third_person", None)
        # What the earlier version has no room for.
        session.execute(text("UPDATE sheet SET state = 'returned' WHERE id = 2"))
        session.add(
            Keying(
                id=uuid.uuid4(),
                sheet_id=2,
                number=1,
                keyed_by="scanner",
                finished=NOW,
                key_id="k",
                sealed=b"x",
            )
        )
    schema.downgrade(empty_database.engine, "0004")
    with empty_database.reading() as session:
        states = session.execute(text("SELECT state FROM sheet ORDER BY id")).scalars().all()
        assert states == ["settled", "printed"]
        assert session.execute(text("SELECT count(*) FROM keying")).scalar_one() == 1
    schema.upgrade(empty_database.engine)
