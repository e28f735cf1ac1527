import datetime as dt
import threading
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from survey import answering, paper, sealed_answers, sheet_states
from survey.models import Batch, Keying, Response, Sheet, Superseded, Wave
from survey.paper import Pass, save_keying, sheet_to_key
from survey.secrets import NotOpenedError
from survey.serials import could_be_serial, make_serial

NOW = dt.datetime(2026, 11, 20, 13, 45, tzinfo=dt.UTC)
ANSWERS = {
    "mini_home": 4,
    "mini_stairs": -6,
    "mini_outside": -7,
    "mini_afraid": -3,
    "mini_moved_in": 1996,
    "mini_adults": 2,
    "mini_life": 10,
    "mini_member": 1,
    "mini_clubs": [1, 3],
    "mini_club_glad": 5,
    "mini_comment": "Mere lys, tak",
}


def a_pass(values=ANSWERS, **given):
    return Pass(
        **{"id": uuid.uuid4(), "values": values, "finished": NOW, "day": NOW.date()} | given
    )


@pytest.fixture
def karen(make, study):
    return make.account(study, "fieldworker")


@pytest.fixture
def bo(make, study):
    return make.account(study, "fieldworker")


@pytest.fixture
def twice(database, wave):
    """A batch in which every sheet is keyed by two."""
    with database.writing() as session:
        batch = Batch(wave_id=wave.id, name="Bundt 14", second_keying_share=1.0)
        session.add(batch)
    return batch


@pytest.fixture
def save(database, keys, mini, study):
    """A function that stores a pass: `save(sheet, keyer, pass)`."""

    def save(sheet, keyer, keyed):
        with database.writing() as session:
            return save_keying(session, keys, mini, sheet.serial, keyer.id, {study.id}, keyed)

    return save


def rows(database, table):
    with database.reading() as session:
        return session.scalars(select(table)).all()


def test_the_check_digit_is_damms():
    # The example of the published algorithm.
    assert make_serial(572, digits=3) == "5724"


@pytest.mark.parametrize("serial", [make_serial(number) for number in (1, 417, 90909, 123456)])
def test_every_single_slip_in_a_serial_is_told(serial):
    slips = {
        serial[:place] + digit + serial[place + 1 :]
        for place in range(len(serial))
        for digit in "0123456789"
    } - {serial}
    assert could_be_serial(serial)
    assert not any(could_be_serial(slip) for slip in slips)


@pytest.mark.parametrize("serial", [make_serial(number) for number in (1, 417, 90909, 123456)])
def test_every_swap_of_neighbours_in_a_serial_is_told(serial):
    swaps = {
        serial[:place] + serial[place + 1] + serial[place] + serial[place + 2 :]
        for place in range(len(serial) - 1)
    } - {serial}
    assert not any(could_be_serial(swap) for swap in swaps)


@pytest.mark.parametrize("typed", ["", "7", "abc", "12a4", "0" * 19, "٠٠٠٠٠١٣", "<script>"])
def test_what_is_no_serial_is_told_as_mistyped(database, typed):
    with database.reading() as session, pytest.raises(sheet_states.MistypedSerialError):
        sheet_to_key(session, typed, 1, {1})


def test_blanks_and_dashes_between_groups_of_a_serial_do_not_matter(
    database, make, wave, area, study, karen
):
    sheet = make.sheet(wave, area)
    typed = f" {sheet.serial[:3]} {sheet.serial[3:5]}-{sheet.serial[5:]} "
    with database.reading() as session:
        assert sheet_to_key(session, typed, karen.id, {study.id}).id == sheet.id


def test_a_sheet_that_was_never_printed_is_unknown(database, wave, study, karen):
    with database.reading() as session, pytest.raises(sheet_states.UnknownSheetError):
        sheet_to_key(session, make_serial(99), karen.id, {study.id})


def test_a_sheet_of_another_study_is_told_so(database, make, wave, area, karen):
    sheet = make.sheet(wave, area)
    other = make.study()
    with database.reading() as session, pytest.raises(sheet_states.OtherStudyError):
        sheet_to_key(session, sheet.serial, karen.id, {other.id})


def test_a_void_sheet_is_not_keyed(database, make, wave, area, study, karen):
    sheet = make.sheet(wave, area, state="void")
    with database.reading() as session, pytest.raises(sheet_states.VoidSheetError):
        sheet_to_key(session, sheet.serial, karen.id, {study.id})


@pytest.mark.parametrize(("status", "due"), [("open", True), ("closed", True), ("frozen", False)])
def test_paper_is_keyed_until_its_wave_is_frozen(
    database, make, wave, area, study, karen, save, status, due
):
    sheet = make.sheet(wave, area)
    with database.writing() as session:
        session.get_one(Wave, wave.id).status = status
    if due:
        save(sheet, karen, a_pass())
    else:
        with pytest.raises(sheet_states.WaveNotKeyedError):
            save(sheet, karen, a_pass())


def test_a_sheet_without_second_keying_becomes_a_response_at_once(
    database, keys, make, wave, area, karen, save
):
    sheet = make.sheet(wave, area)
    save(sheet, karen, a_pass())
    (response,) = rows(database, Response)
    assert (response.mode, response.status, response.area_id) == ("paper", "submitted", area.id)
    assert response.day == NOW.date()
    assert sealed_answers.read(keys, response).answers == ANSWERS
    (kept,) = rows(database, Sheet)
    assert kept.state == "settled"


def test_what_nobody_keyed_counts_as_not_answered_but_stays_apart_in_the_keying(
    database, keys, make, wave, area, karen, save
):
    sheet = make.sheet(wave, area)
    save(sheet, karen, a_pass({"mini_home": 4, "mini_stairs": -8}))
    (response,) = rows(database, Response)
    assert sealed_answers.read(keys, response).answers["mini_outside"] == -8
    (keying,) = rows(database, Keying)
    opened = keys.open(keying.key_id, keying.sealed, keying.id, table="keying")
    assert opened["values"] == {"mini_home": 4, "mini_stairs": -8}


def test_what_the_paper_says_against_the_routing_is_kept(
    database, keys, make, wave, area, karen, save
):
    sheet = make.sheet(wave, area)
    save(sheet, karen, a_pass(ANSWERS | {"mini_member": 2, "mini_clubs": [2]}))
    (response,) = rows(database, Response)
    assert sealed_answers.read(keys, response).answers["mini_clubs"] == [2]


def test_a_sheet_in_a_batch_keyed_twice_waits_for_another_person(
    database, make, wave, area, study, karen, bo, twice, save
):
    sheet = make.sheet(wave, area, twice)
    save(sheet, karen, a_pass())
    assert rows(database, Response) == []
    assert rows(database, Sheet)[0].state == "keyed_once"
    with database.reading() as session, pytest.raises(paper.KeyedByYouError):
        sheet_to_key(session, sheet.serial, karen.id, {study.id})
    with pytest.raises(paper.KeyedByYouError):
        save(sheet, karen, a_pass())
    save(sheet, bo, a_pass(ANSWERS | {"mini_home": 5}))
    assert rows(database, Sheet)[0].state == "keyed_twice"
    assert rows(database, Response) == []
    assert sorted(keying.number for keying in rows(database, Keying)) == [1, 2]


def test_the_database_itself_refuses_two_passes_by_one_person(
    database, make, wave, area, karen, twice, save
):
    sheet = make.sheet(wave, area, twice)
    first = save(sheet, karen, a_pass())
    second = Keying(
        id=uuid.uuid4(),
        sheet_id=sheet.id,
        number=2,
        keyer_id=karen.id,
        finished=NOW,
        key_id=first.key_id,
        sealed=first.sealed,
    )
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(second)


def test_a_sheet_that_others_have_keyed_is_told_so(make, wave, area, karen, bo, save):
    sheet = make.sheet(wave, area)
    save(sheet, karen, a_pass())
    with pytest.raises(paper.KeyedByOthersError):
        save(sheet, bo, a_pass())


def test_a_pass_sent_again_is_stored_once(database, make, wave, area, karen, save):
    sheet = make.sheet(wave, area)
    keyed = a_pass()
    first = save(sheet, karen, keyed)
    again = save(sheet, karen, replace(keyed, finished=NOW + dt.timedelta(minutes=5)))
    assert (again.id, again.finished) == (first.id, NOW)
    assert len(rows(database, Keying)) == len(rows(database, Response)) == 1


def test_two_people_saving_one_sheet_at_once_store_one_response(
    database, make, wave, area, karen, bo, save
):
    sheet = make.sheet(wave, area)
    together = threading.Barrier(2)
    told = []

    def key(person):
        together.wait()
        try:
            save(sheet, person, a_pass())
            told.append("stored")
        except paper.KeyedByOthersError:
            told.append("by others")

    threads = [threading.Thread(target=key, args=[person]) for person in (karen, bo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["by others", "stored"]
    assert len(rows(database, Keying)) == len(rows(database, Response)) == 1


def test_an_id_that_names_another_keying_is_refused(make, wave, area, karen, bo, save):
    keyed = a_pass()
    save(make.sheet(wave, area), karen, keyed)
    with pytest.raises(ValueError, match="another keying"):
        save(make.sheet(wave, area), karen, keyed)


def test_an_id_that_carries_a_clock_is_refused(make, wave, area, karen, save):
    with pytest.raises(ValueError, match="version 4"):
        save(make.sheet(wave, area), karen, a_pass(id=uuid.uuid1()))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("mini_home", 6),
        ("mini_home", -1),  # not reached is no keyer's to say
        ("mini_home", 4.0),
        ("mini_home", True),
        ("mini_moved_in", 2050),
        ("mini_clubs", [1, 9]),
        ("mini_comment", "x" * 501),
        ("mini_nothing", 1),
    ],
)
def test_a_value_that_its_item_does_not_allow_stores_nothing(
    database, make, wave, area, karen, save, column, value
):
    with pytest.raises(answering.InvalidAnswersError) as refused:
        save(make.sheet(wave, area), karen, a_pass(ANSWERS | {column: value}))
    assert [problem.column for problem in refused.value.problems] == [column]
    assert rows(database, Keying) == rows(database, Response) == []


def test_keyed_values_open_only_in_their_own_row(
    database, keys, make, wave, area, karen, bo, twice, save
):
    sheet = make.sheet(wave, area, twice)
    first = save(sheet, karen, a_pass(text_languages={"mini_comment": "da"}))
    second = save(sheet, bo, a_pass())
    assert keys.open(first.key_id, first.sealed, first.id, table="keying") == {
        "values": ANSWERS,
        "text_languages": {"mini_comment": "da"},
    }
    assert b"Mere lys" not in first.sealed
    with pytest.raises(NotOpenedError):
        keys.open(first.key_id, first.sealed, second.id, table="keying")


def test_paper_after_an_answer_on_the_phone_is_kept_as_superseded(
    database, keys, mini, make, wave, area, karen, save
):
    invitation, _ = make.invitation(wave, area)
    sheet = make.sheet(wave, area, invitation_id=invitation.id)
    response_id = uuid.uuid4()
    with database.writing() as session:
        answering.begin(
            session,
            keys,
            response_id,
            wave,
            invitation=invitation,
            language="da",
            day=NOW.date(),
        )
        answering.submit(session, keys, response_id, day=NOW.date())
    save(sheet, karen, a_pass())
    (response,) = rows(database, Response)
    assert (response.id, response.mode) == (response_id, "web")
    (kept,) = rows(database, Superseded)
    assert (kept.mode, kept.reason) == ("paper", "already_submitted")


def test_a_persons_list_holds_their_own_sheets_the_latest_first(
    database, make, wave, area, karen, bo, twice, save
):
    first, second, third = (
        make.sheet(wave, area),
        make.sheet(wave, area, twice),
        make.sheet(wave, area),
    )
    save(first, karen, a_pass())
    save(second, karen, a_pass(finished=NOW + dt.timedelta(minutes=2)))
    save(third, bo, a_pass())
    with database.reading() as session:
        own = paper.own_sheets(session, karen.id)
    assert [one.serial for one in own] == [second.serial, first.serial]
    assert [one.waits for one in own] == [True, False]


def test_a_batch_counts_what_was_keyed_and_leaves_void_sheets_out(
    database, make, wave, area, karen, twice, save
):
    keyed, _, _ = (make.sheet(wave, area, twice, state=s) for s in ("printed", "printed", "void"))
    save(keyed, karen, a_pass())
    with database.reading() as session:
        progress = paper.batch_progress(session, twice.id)
    assert (progress.keyed, progress.sheets) == (1, 2)
