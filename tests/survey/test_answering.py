import dataclasses
import datetime as dt
import threading
import time
import uuid

import pytest
from sqlalchemy import func, select, update

from instruments import NOT_ANSWERED
from survey.answering import (
    AlreadySubmittedError,
    InvalidAnswersError,
    NoSuchResponseError,
    WaveClosedError,
    WholeForm,
    begin,
    record,
    submit,
    submit_whole,
)
from survey.models import Invitation, Response, Superseded, Wave
from survey.sealed_answers import PageWrite, read, read_superseded
from survey.secrets import NotOpenedError
from survey.studies import close_wave

SAFE = {"mini_home": 4, "mini_stairs": 2, "mini_outside": 5, "mini_afraid": -3}


@dataclasses.dataclass
class Situation:
    """One open wave, one invited person, and short ways to write as that person."""

    database: object
    keys: object
    form: object
    wave: object
    invitation: object
    today: dt.date
    response_id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)

    def begin(self, response_id=None, **values):
        given = {"invitation": self.invitation, "language": "da", "day": self.today} | values
        with self.database.writing() as session:
            return begin(session, self.keys, response_id or self.response_id, self.wave, **given)

    def write(self, page, answers, based_on=0, write_id=None):
        write = PageWrite(write_id or uuid.uuid4(), page, answers, based_on)
        with self.database.writing() as session:
            return record(
                session,
                self.keys,
                self.form,
                self.response_id,
                write,
                day=self.today,
                language="da",
            )

    def submit(self, **values):
        with self.database.writing() as session:
            return submit(session, self.keys, self.response_id, day=self.today, **values)

    def key_in(self, answers, keying_id=None, invitation="its own"):
        whole = WholeForm(keying_id or uuid.uuid4(), answers, "paper", "da", self.today)
        with self.database.writing() as session:
            return submit_whole(
                session,
                self.keys,
                self.form,
                session.get(Wave, self.wave.id),
                whole,
                invitation=self.invitation if invitation == "its own" else invitation,
                area_id=self.invitation.area_id,
            )

    def stored(self):
        with self.database.reading() as session:
            response = session.scalars(select(Response)).one()
            return response, read(self.keys, response)

    def set_wave(self, status):
        with self.database.writing() as session:
            session.execute(update(Wave).values(status=status, opens=self.today))

    def count(self, table):
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table))


@pytest.fixture
def invited(database, keys, mini, make, today):
    study = make.study()
    wave = make.open_wave(study, mini)
    invitation, _ = make.invitation(wave, make.area(study))
    return Situation(database, keys, mini, wave, invitation, today)


@pytest.fixture
def begun(invited):
    invited.begin()
    return invited


@pytest.fixture
def submitted(begun):
    begun.write("mini-safe", SAFE)
    begun.submit()
    return begun


def test_what_was_answered_is_stored_and_what_was_left_blank_is_stored_as_blank(begun):
    recorded = begun.write("mini-safe", {"mini_home": "4", "mini_stairs": 2})
    response, content = begun.stored()
    assert recorded.revision == response.revision == 1
    assert content.seen == ["mini-safe"]
    assert content.answers == {
        "mini_home": 4,
        "mini_stairs": 2,
        "mini_outside": NOT_ANSWERED,
        "mini_afraid": NOT_ANSWERED,
    }


def test_answers_cannot_be_read_in_the_database(begun):
    begun.write("mini-last", {"mini_comment": "naboen ryger hash"})
    response, _ = begun.stored()
    assert b"hash" not in response.sealed
    assert b"mini_comment" not in response.sealed


def test_no_time_of_day_and_no_address_has_a_column_beside_an_answer():
    columns = Response.__table__.columns
    assert not [one for one in columns if one.type.python_type in {dt.datetime, dt.time}]
    assert not {"ip", "address", "created", "updated"} & {one.name for one in columns}


def test_beginning_twice_with_one_id_is_one_response(invited):
    assert invited.begin().id == invited.begin().id
    assert invited.count(Response) == 1


def test_two_devices_with_one_code_share_one_response(invited):
    first = invited.begin()
    assert invited.begin(response_id=uuid.uuid4()).id == first.id


def test_two_devices_that_begin_at_the_same_moment_share_one_response(invited):
    found = []
    ready = threading.Barrier(6)

    def start():
        ready.wait()
        found.append(invited.begin(response_id=uuid.uuid4()).id)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


@pytest.mark.parametrize("made", [uuid.uuid1, lambda: uuid.UUID(int=0)])
def test_an_id_that_could_carry_the_time_is_refused(invited, made):
    with pytest.raises(ValueError, match="version 4"):
        invited.begin(response_id=made())


def test_the_same_write_sent_again_changes_nothing_even_after_a_later_one(begun):
    first = uuid.uuid4()
    begun.write("mini-safe", SAFE, write_id=first)
    begun.write("mini-safe", SAFE | {"mini_home": 1}, based_on=1)
    again = begun.write("mini-safe", SAFE, write_id=first)
    _, content = begun.stored()
    assert content.answers["mini_home"] == 1
    assert again.revision == 2


def test_a_write_told_of_a_conflict_is_told_again_when_it_is_sent_again(begun):
    begun.write("mini-safe", SAFE)
    late = uuid.uuid4()
    told = begun.write("mini-safe", SAFE | {"mini_home": 1}, write_id=late)
    again = begun.write("mini-safe", SAFE | {"mini_home": 1}, write_id=late)
    assert again.conflicts == told.conflicts
    assert [one.column for one in again.conflicts] == ["mini_home"]


def test_an_earlier_write_that_comes_again_is_not_acknowledged_as_what_is_stored(begun):
    first = uuid.uuid4()
    begun.write("mini-safe", SAFE, write_id=first)
    begun.write("mini-safe", SAFE | {"mini_home": 1}, based_on=1)
    [conflict] = begun.write("mini-safe", SAFE, write_id=first).conflicts
    assert (conflict.column, conflict.kept, conflict.replaced) == ("mini_home", 1, 4)
    assert begun.stored()[1].answers["mini_home"] == 1


def test_an_invalid_value_takes_nothing_away_that_stood_there_before(begun):
    begun.write("mini-safe", SAFE)
    begun.write("mini-safe", SAFE | {"mini_home": "9"}, based_on=1)
    assert begun.stored()[1].answers["mini_home"] == 4


def test_a_year_is_judged_by_the_day_of_answering(begun):
    begun.today = dt.date(2027, 1, 3)
    assert not begun.write("mini-life", {"mini_moved_in": "2027"}).problems
    assert begun.stored()[0].day == begun.today
    assert begun.write("mini-life", {"mini_moved_in": "2028"}, based_on=1).problems


def test_a_code_taken_back_while_begin_stood_open_begins_nothing(invited):
    with invited.database.writing() as session:
        session.execute(update(Invitation).values(revoked=True))
    with pytest.raises(NoSuchResponseError):
        invited.begin()


def test_begin_pressed_twice_on_an_open_link_is_one_response(invited):
    ready = threading.Barrier(6)
    found = []

    def start():
        ready.wait()
        found.append(invited.begin(invitation=None).id)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [invited.response_id] * 6
    assert invited.count(Response) == 1


def test_nothing_is_acknowledged_once_a_wave_closes(begun):
    """Many save while somebody closes: what was acknowledged stands, and nothing comes after."""
    closed = threading.Event()
    acknowledged = []

    def save():
        for number in range(200):
            after = closed.is_set()
            try:
                begun.write("mini-last", {"mini_comment": str(number)}, based_on=10**6)
            except WaveClosedError:
                return
            assert not after, "a write was taken after the wave had closed"
            acknowledged.append(number)

    def close():
        time.sleep(0.3)
        with begun.database.writing() as session:
            close_wave(
                session, session.get_one(Wave, begun.wave.id), today=begun.today, actor="bodil"
            )
        closed.set()

    threads = [threading.Thread(target=save), threading.Thread(target=close)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert closed.is_set()
    assert begun.stored()[0].revision == len(acknowledged)


def test_writes_from_many_threads_are_each_stored_once(begun):
    pages = [("mini-safe", SAFE), ("mini-last", {"mini_comment": "tak"})] * 4
    threads = [
        threading.Thread(target=begun.write, args=(page, answers)) for page, answers in pages
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    response, content = begun.stored()
    assert response.revision == len(pages)
    assert content.answers == SAFE | {"mini_comment": "tak"}


def test_a_second_tab_is_told_of_the_answer_it_replaced(begun):
    begun.write("mini-safe", SAFE)
    recorded = begun.write("mini-safe", SAFE | {"mini_home": 1}, based_on=0)
    [conflict] = recorded.conflicts
    assert (conflict.column, conflict.kept, conflict.replaced) == ("mini_home", 1, 4)
    assert begun.stored()[1].answers["mini_home"] == 1


def test_a_tab_that_had_seen_the_answer_may_change_it_without_a_word(begun):
    begun.write("mini-safe", SAFE)
    assert not begun.write("mini-safe", SAFE | {"mini_home": 1}, based_on=1).conflicts


def test_a_page_left_blank_in_ignorance_takes_no_answer_away(begun):
    begun.write("mini-safe", SAFE)
    assert not begun.write("mini-safe", {}, based_on=0).conflicts
    assert begun.stored()[1].answers == SAFE
    begun.write("mini-safe", {}, based_on=1)
    assert set(begun.stored()[1].answers.values()) == {NOT_ANSWERED}


@pytest.mark.parametrize(
    ("column", "received"),
    [
        ("mini_home", "6"),  # not an option
        ("mini_home", -5),  # a reason this item does not offer
        ("mini_moved_in", "2027"),  # after the wave's year
        ("mini_moved_in", "1066"),
        ("mini_adults", "0"),
        ("mini_adults", "3.5"),
        ("mini_life", "11"),
        ("mini_member", "DROP TABLE response"),
        ("mini_clubs", ["1", "4"]),
        ("mini_comment", "x" * 501),
        ("mini_home", ["1", "2"]),
        ("mini_nothing", "1"),  # no such item
    ],
)
def test_what_an_item_does_not_allow_is_told_and_the_rest_of_the_page_is_stored(
    begun, column, received
):
    page = next(
        (one for one in begun.form.pages() if column in one.columns), begun.form.page("mini-safe")
    )
    other = next((one for one in page.columns if one != column), None)
    allowed = {"mini_home": 3, "mini_stairs": 3, "mini_moved_in": 2014, "mini_adults": 2}
    given = {column: received} | ({other: allowed[other]} if other else {})
    recorded = begun.write(page.key, given)
    [problem] = recorded.problems
    assert problem.column == column
    assert str(problem.received) in str(received)
    stored = begun.stored()[1].answers
    # Nothing stood there before: it was shown, and is blank.
    assert stored.get(column, NOT_ANSWERED) == NOT_ANSWERED
    if other:
        assert stored[other] == allowed[other]


def test_an_item_of_another_page_is_not_smuggled_in(begun):
    recorded = begun.write("mini-last", {"mini_comment": "tak", "mini_home": "1"})
    assert [problem.column for problem in recorded.problems] == ["mini_home"]
    assert begun.stored()[1].answers == {"mini_comment": "tak"}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # escaped where it is shown
        ("=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0"),  # defused where it is exported
        ("navn\u202egnatvorsorp\u202c", "navngnatvorsorp"),
        ("nul\x00tegn\x07", "nultegn"),
        ("سلام\u200cعلیکم", "سلام\u200cعلیکم"),  # Persian needs its joiner
        ("  \n ", NOT_ANSWERED),
    ],
)
def test_hostile_text_is_kept_as_words_and_nothing_else(begun, typed, stored):
    begun.write("mini-last", {"mini_comment": typed})
    assert begun.stored()[1].answers["mini_comment"] == stored


def test_an_unknown_page_is_an_error(begun):
    with pytest.raises(KeyError):
        begun.write("mini-nowhere", {})


def test_submitting_twice_gives_the_same_receipt(begun):
    begun.write("mini-safe", SAFE)
    receipt = begun.submit(duration_class=2, helper="present")
    assert begun.submit(duration_class=5) == receipt
    response, _ = begun.stored()
    assert response.receipt_hash == begun.keys.receipt_hash(receipt)
    assert (response.status, response.duration_class, response.helper) == (
        "submitted",
        2,
        "present",
    )


def test_nothing_is_added_after_submission(submitted):
    with pytest.raises(AlreadySubmittedError):
        submitted.write("mini-safe", SAFE | {"mini_home": 1}, based_on=1)
    assert submitted.stored()[1].answers == SAFE


@pytest.mark.parametrize("status", ["planned", "closed", "frozen"])
def test_a_wave_that_is_not_open_takes_nothing_from_a_phone(begun, status):
    begun.write("mini-safe", SAFE)
    begun.set_wave(status)
    with pytest.raises(WaveClosedError):
        begun.write("mini-last", {"mini_comment": "for sent"})
    with pytest.raises(WaveClosedError):
        begun.submit()
    assert begun.stored()[1].answers == SAFE


def test_nobody_can_begin_in_a_wave_that_is_closed(invited):
    invited.set_wave("closed")
    invited.wave.status = "closed"
    with pytest.raises(WaveClosedError):
        invited.begin()


def test_writing_to_a_response_that_was_withdrawn_stores_nothing(invited):
    with pytest.raises(NoSuchResponseError):
        invited.write("mini-safe", SAFE)
    assert invited.count(Response) == 0


def test_a_keyed_sheet_is_one_response_however_often_it_is_sent(invited):
    keying = uuid.uuid4()
    first = invited.key_in(SAFE, keying_id=keying)
    assert invited.key_in(SAFE, keying_id=keying).id == first.id
    response, content = invited.stored()
    assert (response.mode, response.status, response.duration_class) == ("paper", "submitted", 0)
    assert content.answers["mini_home"] == 4
    assert content.answers["mini_comment"] == NOT_ANSWERED
    assert invited.count(Superseded) == 0


def test_paper_may_say_illegible_and_double_mark_where_a_phone_may_not(invited):
    invited.key_in({"mini_home": -6, "mini_stairs": -7})
    assert invited.stored()[1].answers["mini_stairs"] == -7
    other = dataclasses.replace(invited, response_id=invited.stored()[0].id)
    with pytest.raises(AlreadySubmittedError):
        other.write("mini-safe", {"mini_home": -6})


def test_a_keyed_sheet_with_an_impossible_value_is_refused_whole(invited):
    with pytest.raises(InvalidAnswersError, match="mini_life"):
        invited.key_in({"mini_home": 4, "mini_life": 11})
    assert invited.count(Response) == 0


def test_paper_after_submission_is_kept_apart_and_never_merged(submitted):
    keying = uuid.uuid4()
    submitted.key_in({"mini_home": 1}, keying_id=keying)
    submitted.key_in({"mini_home": 1}, keying_id=keying)
    response, content = submitted.stored()
    assert (response.mode, content.answers) == ("web", SAFE)
    with submitted.database.reading() as session:
        [copy] = session.scalars(select(Superseded))
        assert (copy.reason, copy.mode) == ("already_submitted", "paper")
        assert read_superseded(submitted.keys, copy).answers["mini_home"] == 1


def test_paper_replaces_what_was_begun_on_a_phone_and_keeps_it_apart(begun):
    begun.write("mini-safe", SAFE)
    begun.key_in({"mini_home": 1})
    response, content = begun.stored()
    assert (response.mode, response.status) == ("paper", "submitted")
    assert content.answers["mini_stairs"] == NOT_ANSWERED
    with begun.database.reading() as session:
        [copy] = session.scalars(select(Superseded))
        assert (copy.reason, copy.mode) == ("replaced_by_paper", "web")
        assert read_superseded(begun.keys, copy).answers == SAFE


@pytest.mark.parametrize("moved", ["to another person", "to a later revision"])
def test_sealed_answers_open_in_no_other_row_and_no_later_revision(begun, moved):
    begun.write("mini-safe", SAFE)
    early, _ = begun.stored()
    begun.write("mini-safe", {"mini_home": 1}, based_on=1)
    late, content = begun.stored()
    assert content.answers["mini_home"] == 1
    with begun.database.writing() as session:
        changed = {"sealed": early.sealed}
        if moved == "to another person":
            changed = {"id": uuid.uuid4()}
        session.execute(update(Response).values(changed))
    with pytest.raises(NotOpenedError):
        begun.stored()
    assert late.revision > early.revision


def test_a_later_copy_opens_as_no_response(submitted):
    submitted.key_in({"mini_home": 1})
    with submitted.database.writing() as session:
        [copy] = session.scalars(select(Superseded))
        stolen = {"sealed": copy.sealed, "key_id": copy.key_id, "id": copy.id}
        session.delete(copy)
        session.flush()
        session.execute(update(Response).values(stolen))
    with pytest.raises(NotOpenedError):
        submitted.stored()


def test_paper_that_was_sent_in_time_is_taken_after_closing_but_not_after_freezing(invited):
    invited.set_wave("closed")
    invited.key_in(SAFE)
    invited.set_wave("frozen")
    with pytest.raises(WaveClosedError):
        invited.key_in(SAFE, invitation=None)


def test_a_sheet_from_unassigned_stock_is_a_response_of_its_area(invited):
    invited.key_in(SAFE, invitation=None)
    response, _ = invited.stored()
    assert (response.invitation_id, response.open_link) == (None, False)
    assert response.area_id == invited.invitation.area_id


def test_an_open_link_makes_a_flagged_response_for_each_browser(invited):
    for _ in range(2):
        assert invited.begin(response_id=uuid.uuid4(), invitation=None).open_link
    assert invited.count(Response) == 2


@pytest.mark.parametrize("column", ["mini_moved_in", "mini_adults"])
def test_a_minus_that_somebody_wrote_is_no_reason_for_a_missing_answer(begun, column):
    [problem] = begun.write("mini-life", {column: "-5"}).problems
    assert problem.column == column
    assert begun.stored()[1].answers[column] == NOT_ANSWERED
    begun.write("mini-life", {column: -5}, based_on=1)
    assert begun.stored()[1].answers[column] == -5
