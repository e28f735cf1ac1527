"""The coordinator's desk, and the page of a job."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from survey.models import AuditEntry, Job


@pytest.fixture
def study(make):
    return make.study(key="puls", title="Bopulsen")


@pytest.fixture
def wave(make, study, background):
    return make.open_wave(study, background, number=1)


@pytest.fixture
def karen(employ, study, signed_in):
    """A coordinator of the study, signed in."""
    employ("Karen", (study, "coordinator"))
    return signed_in("Karen")


def write(work):
    with work.file("letters.txt", "text/plain") as file:
        file.write(b"Aase Holm")
    work.tell(1, 1)


def test_a_coordinator_is_led_to_their_room(karen):
    assert karen.get("/staff/").location == "/coordination/"


def test_the_desk_lists_waves_with_their_response(karen, wave, make, study):
    assert "Færre end 5 har svaret." in karen.get("/coordination/").get_data(as_text=True)
    area = make.area(study)
    for _ in range(20):
        make.invitation(wave, area)
    page = karen.get("/coordination/").get_data(as_text=True)
    assert "Færre end 5 af 20 inviterede har svaret." in page
    page = karen.get(f"/coordination/waves/{wave.id}").get_data(as_text=True)
    assert area.name in page


def test_a_study_without_waves_says_so(karen):
    assert "ingen bølge endnu" in karen.get("/coordination/").get_data(as_text=True)


@pytest.mark.parametrize("role", ["researcher", "fieldworker"])
def test_other_roles_have_no_business_here(employ, study, wave, signed_in, order, role):
    employ("Bo", (study, role))
    client = signed_in("Bo")
    number = order(study, "letters", wave=wave)
    for path in ("/coordination/", f"/coordination/waves/{wave.id}", f"/staff/jobs/{number}"):
        assert client.get(path).status_code == 403


def test_a_coordinator_of_another_study_sees_nothing_of_this_one(
    employ, make, study, wave, signed_in, order
):
    employ("Bo", (make.study(), "coordinator"))
    client = signed_in("Bo")
    number = order(study, "letters", wave=wave)
    assert "Bopulsen, bølge" not in client.get("/coordination/").get_data(as_text=True)
    assert "/staff/jobs/" not in client.get("/coordination/").get_data(as_text=True)
    assert client.get(f"/coordination/waves/{wave.id}").status_code == 403
    assert client.get(f"/staff/jobs/{number}").status_code == 403
    assert client.get(f"/staff/jobs/{number}/state").status_code == 403


def test_what_is_not_there_is_not_found(karen):
    assert karen.get("/coordination/waves/99").status_code == 404
    assert karen.get("/staff/jobs/99").status_code == 404


def test_whoever_is_not_signed_in_is_asked_to(client):
    assert client.get("/coordination/").location.startswith("/staff/sign-in")
    assert client.get("/staff/jobs/1/state").location.startswith("/staff/sign-in")


def test_a_job_shows_how_far_it_is(karen, study, wave, order, database):
    order(study, "letters", wave=wave)
    number = order(study, "letters", wave=wave)
    page = karen.get(f"/staff/jobs/{number}").get_data(as_text=True)
    assert "Venter på et andet arbejde." in page
    with database.writing() as session:
        session.execute(
            update(Job)
            .where(Job.id == number)
            .values(state="running", worker="one", done=20, total=500)
        )
    page = karen.get(f"/staff/jobs/{number}").get_data(as_text=True)
    assert "20 af 500 er færdige." in page
    assert 'max="500" value="20"' in page
    assert karen.get(f"/staff/jobs/{number}/state").json == {
        "state": "running",
        "done": 20,
        "total": 500,
        "said": "20 af 500 er færdige.",
    }
    assert "20 af 500" in karen.get(f"/coordination/waves/{wave.id}").get_data(as_text=True)


def test_a_jobs_file_is_taken_and_noted(karen, study, wave, order, do_jobs, database, token):
    number = order(study, "letters", wave=wave)
    do_jobs({"letters": write})
    page = karen.get(f"/staff/jobs/{number}")
    answer = karen.post(f"/staff/jobs/{number}/file", data={"csrf_token": token(page)})
    assert answer.get_data() == b"Aase Holm"
    assert answer.headers["Cache-Control"] == "no-store"
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (entry.actor, entry.act, entry.subject) == (
        "Karen",
        "file of a job taken",
        "puls wave 1",
    )
    assert entry.detail["job"] == number


def test_a_file_whose_time_is_over_is_told_as_gone(karen, study, order, do_jobs, database, token):
    number = order(study, "letters")
    do_jobs({"letters": write})
    page = karen.get(f"/staff/jobs/{number}")
    with database.writing() as session:
        session.execute(update(Job).values(expires=dt.datetime.now(dt.UTC)))
    answer = karen.post(f"/staff/jobs/{number}/file", data={"csrf_token": token(page)})
    assert answer.status_code == 410
    assert "Filen er væk" in answer.get_data(as_text=True)


def test_a_job_can_be_stopped(karen, study, order, token, job):
    number = order(study, "letters")
    page = karen.get(f"/staff/jobs/{number}")
    answer = karen.post(f"/staff/jobs/{number}/stop", data={"csrf_token": token(page)})
    assert answer.location == f"/staff/jobs/{number}"
    assert job(number).state == "failed"
    assert "Stoppet af Karen" in karen.get(f"/staff/jobs/{number}").get_data(as_text=True)
