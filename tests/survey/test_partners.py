"""Partners' answers are a study of their own, and its pages speak to them."""

import datetime as dt

import pytest

from instruments import make_form
from survey.studies import StudyError, open_wave, plan_wave


@pytest.fixture(scope="module")
def samarbejde():
    return make_form(["samarbejde"], ["da", "en"])


def opened(database, study, form):
    with database.writing() as session:
        study = session.merge(study)
        wave = plan_wave(session, study, actor="Karen")
        open_wave(
            session, wave, form, today=dt.date(2026, 11, 1), accept_unreviewed=form.languages,
            actor="Karen",
        )  # fmt: skip


@pytest.mark.parametrize("first", ["residents", "partners"])
def test_residents_and_partners_are_never_asked_in_one_study(
    database, make, samarbejde, background, first
):
    study = make.study(key="bopuls")
    forms = [background, samarbejde] if first == "residents" else [samarbejde, background]
    opened(database, study, forms[0])
    with pytest.raises(StudyError, match=rf"Wave 1 of bopuls asks {first}.* study of its own"):
        opened(database, study, forms[1])


def test_before_the_questions_partners_are_told_what_it_is_about(client, make, samarbejde):
    study = make.study(sender="Fonden")
    wave = make.open_wave(study, samarbejde)
    _, code = make.invitation(wave, make.area(study, key="plan-1", level="plan"))
    client.get(f"/c/{code}", follow_redirects=True)
    with client.session_transaction() as cookie:
        cookie["language"] = "da"
    page = client.get("/about").get_data(as_text=True)
    assert "Fonden spørger, hvordan I arbejder sammen om planen" in page
    assert "blandes ikke med beboernes" in page
    assert "udlejer" not in page
