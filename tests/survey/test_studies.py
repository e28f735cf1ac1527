import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select

from survey import studies
from survey.forms import pin_of
from survey.languages import unreviewed
from survey.models import AuditEntry, Study, Wave, WaveForm
from survey.studies import StudyError, UnreviewedLanguagesError

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def published(background):
    """A form whose files are all published, and whose languages nobody has reviewed."""
    return with_texts(background, published=True, review=None)


@pytest.fixture
def planned(database):
    """A study with one planned wave."""
    with database.writing() as session:
        study = studies.create_study(session, "puls", "Bopulsen", "Fonden", actor="operator")
        studies.plan_wave(session, study, actor="operator")
    return database


def with_texts(form, **values):
    instruments = tuple(
        replace(
            one,
            published=True,
            texts={language: replace(text, **values) for language, text in one.texts.items()},
        )
        for one in form.instruments
    )
    return replace(form, instruments=instruments)


def change(database, what, *args, **options):
    """Do something with wave 1 of the study; hand back what was said when it was refused."""
    with database.writing() as session:
        wave = studies.find_wave(session, "puls", 1)
        return what(session, wave, *args, today=TODAY, actor="operator", **options)


def refused(database, what, *args, **options):
    with pytest.raises(StudyError) as caught:
        change(database, what, *args, **options)
    return str(caught.value)


def test_a_wave_is_planned_opened_and_closed_and_each_is_noted(planned, published):
    accepted = ["da", "en"]
    change(planned, studies.open_wave, published, accept_unreviewed=accepted, open_link=True)
    change(planned, studies.close_wave)
    with planned.reading() as session:
        wave = session.scalars(select(Wave)).one()
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        assert session.scalars(select(WaveForm)).one().pin == pin_of(published)
    assert (wave.number, wave.status, wave.open_link) == (1, "closed", True)
    assert (wave.opens, wave.closes) == (TODAY, TODAY)
    assert [(entry.act, entry.subject) for entry in noted] == [
        ("study created", "puls"),
        ("wave planned", "puls wave 1"),
        ("wave opened", "puls wave 1"),
        ("wave closed", "puls wave 1"),
    ]
    assert noted[2].detail["unreviewed_accepted"] == accepted


def test_a_wave_opens_today_and_keeps_the_last_day_that_residents_were_told(planned, published):
    with planned.writing() as session:
        wave = studies.find_wave(session, "puls", 1)
        wave.opens, wave.closes = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
    wave = change(planned, studies.open_wave, published, accept_unreviewed=["da", "en"])
    assert (wave.opens, wave.closes) == (TODAY, dt.date(2026, 11, 30))


def test_a_wave_whose_last_day_has_gone_by_does_not_open(planned, published):
    with planned.writing() as session:
        studies.find_wave(session, "puls", 1).closes = dt.date(2026, 11, 21)
    said = refused(planned, studies.open_wave, published, accept_unreviewed=["da", "en"])
    assert "was planned to close on 2026-11-21, which has gone by" in said


def test_waves_are_numbered_in_the_order_they_are_planned(planned):
    with planned.writing() as session:
        study = studies.find_study(session, "puls")
        assert studies.plan_wave(session, study, actor="operator").number == 2
        # Room for a wave that another system asked, and only ahead.
        assert studies.plan_wave(session, study, number=4, actor="operator").number == 4
        with pytest.raises(StudyError, match="number is 4; the next one is 5"):
            studies.plan_wave(session, study, number=4, actor="operator")


def test_languages_nobody_has_reviewed_must_be_accepted_by_name(planned, published):
    with pytest.raises(UnreviewedLanguagesError) as caught:
        change(planned, studies.open_wave, published, accept_unreviewed=["da"])
    assert caught.value.languages == ("en",)
    with planned.reading() as session:
        assert session.scalars(select(Wave.status)).one() == "planned"


def test_reviewed_questions_among_words_that_nobody_has_reviewed_must_be_accepted_too(
    planned, background
):
    reviewed = with_texts(background, published=True, review=object())
    assert reviewed.unreviewed_languages() == ()
    with pytest.raises(UnreviewedLanguagesError) as caught:
        change(planned, studies.open_wave, reviewed)
    assert set(caught.value.languages) == set(reviewed.languages) & unreviewed()
    change(planned, studies.open_wave, reviewed, accept_unreviewed=reviewed.languages)
    with planned.reading() as session:
        noted = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        pin = session.scalars(select(WaveForm)).one().pin
    assert noted.detail["unreviewed_accepted"] == sorted(caught.value.languages)
    assert pin["unreviewed_languages"] == list(reviewed.languages)


def test_a_draft_is_not_asked(planned, background):
    draft = with_texts(background, published=False)
    assert "Not published yet" in refused(planned, studies.open_wave, draft)


def test_a_wave_opens_once(planned, published):
    change(planned, studies.open_wave, published, accept_unreviewed=["da", "en"])
    said = refused(planned, studies.open_wave, published, accept_unreviewed=["da", "en"])
    assert said.startswith("Wave 1 is open; only a planned wave can be opened.")


def test_only_an_open_wave_is_closed(planned):
    said = refused(planned, studies.close_wave)
    assert said == "Wave 1 is planned; only an open wave can be closed."


@pytest.mark.parametrize("key", ["", "P", "puls 2", "../puls", "2026", "p" * 31, "pæls", "puls\n"])
def test_a_key_that_does_not_fit_a_folder_is_refused(database, key):
    with database.writing() as session, pytest.raises(StudyError, match="The key is"):
        studies.create_study(session, key, "Bopulsen", "Fonden", actor="operator")


def test_all_reasons_against_a_study_are_told_at_once(planned):
    with planned.writing() as session, pytest.raises(StudyError) as caught:
        studies.create_study(session, "puls", " ", "", actor="operator")
    assert str(caught.value).splitlines() == [
        "The title is empty.",
        "The sender is empty.",
        "There is a study 'puls' already. Choose another key.",
    ]
    with planned.reading() as session:
        assert session.scalars(select(Study.title)).all() == ["Bopulsen"]


def test_all_reasons_against_a_wave_are_told_at_once(planned):
    with planned.writing() as session:
        study = studies.find_study(session, "puls")
        with pytest.raises(StudyError) as caught:
            studies.plan_wave(
                session,
                study,
                legal_basis="habit",
                opens=TODAY,
                closes=dt.date(2026, 1, 1),
                actor="operator",
            )
    assert str(caught.value).splitlines() == [
        "The legal basis is 'habit'; it must be consent or research.",
        "The wave closes on 2026-01-01, before it opens on 2026-11-22.",
    ]
    with planned.writing() as session:
        study = studies.find_study(session, "puls")
        with pytest.raises(StudyError, match="closes on 2026-11-21, which has gone by"):
            studies.plan_wave(
                session, study, closes=dt.date(2026, 11, 21), today=TODAY, actor="operator"
            )


def test_a_study_or_wave_that_is_not_there_is_told_with_those_that_are(planned):
    with planned.reading() as session:
        with pytest.raises(StudyError, match=r"no study 'pls'. Studies are: puls"):
            studies.find_study(session, "pls")
        with pytest.raises(StudyError, match=r"no wave 7. Waves are: 1"):
            studies.find_wave(session, "puls", 7)
