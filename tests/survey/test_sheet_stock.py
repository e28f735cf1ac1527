import datetime as dt

import pytest
from sqlalchemy import func, select, update

from survey.models import Batch, Sheet, Wave
from survey.serials import could_be_serial
from survey.sheet_stock import add_sheets
from survey.studies import StudyError, find_wave


@pytest.fixture
def add(database, make):
    """A function that adds sheets to a planned wave."""
    study = make.study(key="puls")
    make.area(study, key="0667-001")
    make.wave(study, number=1)

    def add_some(number=3, *, area="0667-001", batch="Bundt 1", **options):
        with database.writing() as session:
            wave = find_wave(session, "puls", 1)
            return add_sheets(
                session, wave, area=area, batch=batch, number=number, actor="operator", **options
            )

    return add_some


def test_serials_have_a_check_digit_and_go_on_over_batches(add):
    serials = [*add(3), *add(2, batch="Bundt 2")]
    assert [serial[:-1] for serial in serials] == [f"{number:06}" for number in range(1, 6)]
    assert all(could_be_serial(serial) for serial in serials)


def test_more_sheets_join_a_batch_of_the_same_name(database, add):
    add(1)
    add(1)
    with database.reading() as session:
        assert session.scalars(select(Batch.second_keying_share)).all() == [0]
        assert session.scalar(select(func.count(Sheet.id))) == 2


def test_all_that_is_wrong_is_told_at_once(database, add):
    with pytest.raises(StudyError) as caught:
        add(0, area="0667-009", batch=" ")
    assert str(caught.value).splitlines() == [
        "The number of sheets is 0; it must be 1 to 20000.",
        "The batch is called ' '; it needs a name that can be read.",
        "The study has no area '0667-009'. Load it with: beboerpuls study areas",
    ]
    with database.reading() as session:
        assert session.scalar(select(func.count(Sheet.id))) == 0


def test_a_closed_wave_gets_no_more_sheets(database, add):
    with database.writing() as session:
        session.execute(update(Wave).values(status="closed", opens=dt.date(2026, 11, 1)))
    with pytest.raises(StudyError, match="Wave 1 is closed"):
        add()


def test_sheets_are_in_a_language_of_the_form(add, database, make, background):
    with database.reading() as session:
        study = find_wave(session, "puls", 1).study
    wave = make.open_wave(study, background)
    with database.writing() as session, pytest.raises(StudyError, match="not asked in 'so'"):
        add_sheets(
            session,
            session.get_one(Wave, wave.id),
            area="0667-001",
            batch="Bundt 1",
            number=1,
            language="so",
            actor="operator",
        )
