"""The coordinator's pages for letters, reminders and what came back."""

import datetime as dt
import io

import pytest
from sqlalchemy import select, update

from survey.models import AuditEntry, Contact, Invitation, Job, Round, Study

TODAY = dt.datetime.now(dt.UTC).date()


@pytest.fixture
def karen(employ, asked, signed_in):
    employ("Karen", (asked, "coordinator"))
    return signed_in("Karen")


@pytest.fixture
def page(correspondence):
    return f"/coordination/waves/{correspondence.wave.id}/writing"


@pytest.fixture
def send(karen, page, token):
    """A function that sends one of the page's forms."""

    def send(path=page, **fields):
        return karen.post(path, data={"csrf_token": token(karen.get(page))} | fields)

    return send


def test_letters_are_ordered_and_taken(correspondence, send, karen, do_jobs, database, token):
    correspondence.invite()
    answer = send(who="invitation", made="letters")
    assert answer.status_code == 302
    do_jobs()
    job_page = karen.get(answer.location)
    assert "Færdigt." in job_page.get_data(as_text=True)
    file = karen.post(f"{answer.location}/file", data={"csrf_token": token(job_page)})
    assert file.get_data().startswith(b"PK")
    assert file.headers["Content-Disposition"].endswith("letters-puls-1-round-1.zip")
    with database.reading() as session:
        acts = session.scalars(select(AuditEntry.act).order_by(AuditEntry.number)).all()
    assert acts[-2:] == ["round drawn", "file of a job taken"]


def test_a_list_of_who_has_not_answered_is_kept_for_two_days_at_most(
    correspondence, send, database
):
    correspondence.invite(phone="4512345678")
    send(who="invitation", made="letters")
    with database.writing() as session:
        session.execute(update(Round).values(drawn=TODAY - dt.timedelta(days=10)))
    send(who="reminder", made="sms_file", form="xlsx")
    with database.reading() as session:
        first, second = session.scalars(select(Job).order_by(Job.id)).all()
    assert (first.keeps_hours, second.keeps_hours) == (14 * 24, 48)
    assert (second.role, second.wanted["form"]) == ("coordinator", "xlsx")


def test_the_page_does_not_tell_how_many_answer_from_one_moment_to_the_next(
    correspondence, send, karen, page
):
    first = correspondence.invite()
    for _ in range(9):
        correspondence.invite()
    send(who="invitation", made="letters")
    before = karen.get(page).get_data(as_text=True)
    correspondence.answer(first)
    assert karen.get(page).get_data(as_text=True).split("csrf")[0] == before.split("csrf")[0]


def test_reminding_at_once_is_refused_with_the_day(correspondence, send):
    correspondence.invite()
    send(who="invitation", made="letters")
    answer = send(who="reminder", made="letters")
    assert answer.status_code == 422
    assert "I kan minde om det igen fra" in answer.get_data(as_text=True)


def test_a_study_that_nobody_can_reach_is_warned_of(karen, page, database):
    assert "intet telefonnummer" not in karen.get(page).get_data(as_text=True)
    with database.writing() as session:
        session.execute(update(Study).values(contact=""))
    assert "intet telefonnummer" in karen.get(page).get_data(as_text=True)


def test_with_nobody_to_write_to_the_page_says_so(correspondence, send):
    del correspondence
    answer = send(who="invitation", made="letters")
    assert answer.status_code == 422
    assert "Ingen venter på et første brev" in answer.get_data(as_text=True)


def test_what_no_page_offers_is_refused(correspondence, send):
    correspondence.invite()
    assert send(who="everybody", made="letters").status_code == 422
    assert send(who="invitation", made="rm -rf").status_code == 422


def test_a_round_is_made_again_for_the_same_people(correspondence, send, page, database):
    correspondence.invite()
    send(who="invitation", made="letters")
    again = page.replace("/writing", "/rounds/1")
    assert send(again, made="letter_file").status_code == 302
    assert send(again, made="nothing").status_code == 400
    assert send(page.replace("/writing", "/rounds/9"), made="letters").status_code == 404
    with database.reading() as session:
        kinds = session.scalars(select(Job.kind).order_by(Job.id)).all()
    assert kinds == ["letters", "letter_file"]


def test_bounces_are_taken_in(correspondence, send, page, database):
    correspondence.invite(email="aase@example.dk")
    file = (io.BytesIO(b"email\naase@example.dk\nbo@example.dk\n"), "..\\..\\bounces.csv")
    answer = send(page.replace("/writing", "/bounces"), file=file)
    assert "1 er mærket nu, 0 var det i forvejen, 1 kender vi ikke." in answer.get_data(
        as_text=True
    )
    with database.reading() as session:
        assert session.scalars(select(Contact.mail_bounced)).all() == [True]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Vælg en fil først."),
        (b"email\nx\n", "row 2, column email"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"navn\nAase\n", "is not a column"),
    ],
)
def test_a_list_that_cannot_be_read_changes_nothing(correspondence, send, page, content, problem):
    correspondence.invite(email="aase@example.dk")
    file = (io.BytesIO(content), "bounces.csv" if content else "")
    answer = send(page.replace("/writing", "/bounces"), file=file)
    assert answer.status_code == 422
    assert problem in answer.get_data(as_text=True)


def test_whoever_asked_for_no_reminder_is_marked(correspondence, send, page, database):
    correspondence.invite()
    path = page.replace("/writing", "/no-reminder")
    assert "findes ikke" in send(path, references="R001 R9").get_data(as_text=True)
    assert "Skriv mindst" in send(path, references=" ").get_data(as_text=True)
    assert "Én får ikke flere" in send(path, references="R001").get_data(as_text=True)
    with database.reading() as session:
        assert session.scalars(select(Invitation.no_reminder)).all() == [True]


@pytest.mark.parametrize("role", ["researcher", "fieldworker"])
def test_only_coordinators_write_to_people(employ, asked, signed_in, page, token, role):
    employ("Bo", (asked, role))
    client = signed_in("Bo")
    assert client.get(page).status_code == 403
    room = {"researcher": "/research/", "fieldworker": "/keying/"}[role]
    sent = {"csrf_token": token(client.get(room)), "who": "invitation", "made": "letters"}
    assert client.post(page, data=sent).status_code == 403


def test_coordinators_of_another_study_cannot(employ, make, signed_in, correspondence, page, token):
    correspondence.invite()
    employ("Bo", (make.study(), "coordinator"))
    client = signed_in("Bo")
    assert client.get(page).status_code == 403
    sent = {
        "csrf_token": token(client.get("/coordination/")),
        "who": "invitation",
        "made": "letters",
    }
    assert client.post(page, data=sent).status_code == 403
    for part in ("rounds/1", "bounces", "no-reminder"):
        path = page.replace("writing", part)
        file = {"file": (io.BytesIO(b"reference\nR001\n"), "a.csv")} if part == "bounces" else {}
        answer = client.post(path, data=sent | file | {"references": "R001"})
        assert answer.status_code == 403, part
