import datetime as dt

import pytest
from sqlalchemy import select

from survey.contacts import ask_no_reminder, delete_contacts
from survey.letters.rounds import REST, RoundError
from survey.models import Addressee, AuditEntry, Contact, Wave
from survey.studies import StudyError, close_wave

DAY = dt.date(2026, 11, 10)
LATER = DAY + REST


def test_everybody_is_invited_once(correspondence):
    correspondence.invite()
    assert correspondence.references(correspondence.draw()) == ["R001"]
    correspondence.invite()
    assert correspondence.references(correspondence.draw()) == ["R002"]
    with pytest.raises(RoundError) as refused:
        correspondence.draw()
    assert refused.value.reason == "nobody_new"


def test_only_those_are_reminded_whose_answer_is_missing(correspondence, make):
    letter = correspondence.invite
    answered, begun, _silent = letter(), letter(), letter()
    refused, moved, undeliverable = letter(), letter(), letter()
    revoked, unwilling, keyed, returned = letter(), letter(), letter(), letter()
    correspondence.draw()
    letter()  # never written to: an invitation, not a reminder
    correspondence.answer(answered)
    correspondence.answer(begun, status="started")
    for one, outcome in ((refused, "refused"), (moved, "moved"), (undeliverable, "undeliverable")):
        correspondence.change(one, outcome=outcome)
    correspondence.change(revoked, revoked=True)
    correspondence.change(unwilling, no_reminder=True)
    for one, state in ((keyed, "keyed_once"), (returned, "returned")):
        make.sheet(correspondence.wave, correspondence.area, invitation_id=one.id, state=state)
    assert correspondence.references(correspondence.draw("reminder", LATER)) == ["R002", "R003"]


def test_a_round_made_again_does_not_tell_who_has_answered_since(correspondence):
    first, second = correspondence.invite(), correspondence.invite()
    correspondence.draw()
    reminders = correspondence.draw("reminder", LATER)
    correspondence.answer(first)
    assert correspondence.references(reminders) == ["R001", "R002"]
    # Whoever said no since is not written to, though: that is no secret of theirs.
    correspondence.change(second, outcome="refused")
    assert correspondence.references(reminders) == ["R001"]


def test_two_lists_are_days_apart(correspondence):
    correspondence.invite()
    correspondence.draw()
    with pytest.raises(RoundError) as refused:
        correspondence.draw("reminder", LATER - dt.timedelta(days=1))
    assert (refused.value.reason, refused.value.values) == ("too_soon", {"day": LATER})
    correspondence.draw("reminder", LATER)
    with pytest.raises(RoundError, match="earliest"):
        correspondence.draw("reminder", LATER)


def test_who_is_written_to_late_does_not_keep_others_waiting(correspondence):
    correspondence.invite()
    correspondence.draw()
    correspondence.invite()
    correspondence.draw(today=LATER - dt.timedelta(days=1))
    assert correspondence.references(correspondence.draw("reminder", LATER)) == ["R001"]
    later = LATER + dt.timedelta(days=2)
    assert correspondence.references(correspondence.draw("reminder", later)) == ["R002"]


def test_a_round_may_be_of_one_area(correspondence, make, asked):
    correspondence.invite()
    other = make.area(asked, key="0667-002")
    correspondence.invite(area_id=other.id)
    assert correspondence.references(correspondence.draw(area="0667-002")) == ["R002"]
    with pytest.raises(RoundError, match="0667-009"):
        correspondence.draw(area="0667-009")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "closed"}, "not_open"),
        ({"status": "planned"}, "not_open"),
        ({"closes": dt.date(2026, 11, 9)}, "over"),
    ],
)
def test_nobody_is_written_to_who_cannot_answer(correspondence, database, values, reason):
    correspondence.invite()
    with database.writing() as session:
        wave = session.get_one(Wave, correspondence.wave.id)
        for name, value in values.items():
            setattr(wave, name, value)
    with pytest.raises(RoundError) as refused:
        correspondence.draw()
    assert refused.value.reason == reason


def test_drawing_is_noted_without_naming_anybody(correspondence, database):
    correspondence.invite(name="Aase Holm")
    correspondence.draw()
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.subject) == ("round drawn", "puls wave 1")
    assert entry.detail == {"round": 1, "kind": "invitation", "area": "", "invitations": 1}


def test_whoever_wants_no_reminder_must_be_known(correspondence, database):
    correspondence.invite()
    with database.writing() as session:
        wave = session.get_one(Wave, correspondence.wave.id)
        with pytest.raises(StudyError, match="'R999'"):
            ask_no_reminder(session, wave, ["R001", "R999"], actor="Karen")


def test_contact_data_go_when_the_wave_is_over_and_with_them_who_was_reminded(
    correspondence, database
):
    correspondence.invite()
    correspondence.draw()
    with database.writing() as session:
        wave = session.get_one(Wave, correspondence.wave.id)
        with pytest.raises(StudyError, match="Close it first"):
            delete_contacts(session, wave, actor="Karen")
        close_wave(session, wave, today=DAY, actor="Karen")
        assert delete_contacts(session, wave, actor="Karen") == 1
    with database.reading() as session:
        assert session.scalars(select(Contact)).all() == []
        assert session.scalars(select(Addressee)).all() == []
