import re
import time

import pytest

from survey import access
from survey.staff.desk import local_path
from survey.staff.signed_in import LONGEST_SECONDS

PASSWORD = "fire ord uden mening"


@pytest.fixture
def karen(employ, study):
    return employ("Karen", (study, "fieldworker"))


@pytest.fixture
def sign_in(client, token):
    """A function that posts a name and a password, and returns the answer."""

    def sign_in(name="Karen", password=PASSWORD, path="/staff/sign-in"):
        sent = {"csrf_token": token(client.get(path)), "name": name, "password": password}
        return client.post(path, data=sent)

    return sign_in


@pytest.mark.parametrize(
    ("role", "room"), [("fieldworker", "/keying/"), ("researcher", "/research/")]
)
def test_who_has_one_role_is_led_to_its_room(employ, study, signed_in, role, room):
    employ("Bo", (study, role))
    assert signed_in("Bo").get("/staff/").location == room


def test_who_has_several_roles_chooses_a_room(employ, study, signed_in):
    employ("Bo", (study, "fieldworker"), (study, "researcher"), (study, "coordinator"))
    page = signed_in("Bo").get("/staff/").get_data(as_text=True)
    assert "Gå til indtastning" in page
    assert "Gå til svar og data" in page


def test_who_has_no_role_is_told_whom_to_ask(employ, signed_in):
    employ("Bo")
    assert "ingen rolle endnu" in signed_in("Bo").get("/staff/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("name", "password"), [("Karen", "forkert"), ("Ingen", PASSWORD), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_told_alike(karen, sign_in, name, password):
    answer = sign_in(name, password)
    assert answer.status_code == 422
    assert "passer ikke sammen" in answer.get_data(as_text=True)


def test_a_password_that_did_not_fit_is_not_sent_back(karen, sign_in):
    assert "en hemmelighed" not in sign_in(password="en hemmelighed").get_data(as_text=True)


def test_guessing_ends_in_a_pause(karen, sign_in, database):
    for _ in range(access.WRONG_TRIES_AT_A_NAME):
        assert sign_in(password="forkert").status_code == 422
    answer = sign_in()
    assert answer.status_code == 429
    assert "Vent en time" in answer.get_data(as_text=True)


def test_a_disabled_account_is_out_from_the_next_click(karen, signed_in, database):
    client = signed_in("Karen")
    with database.writing() as session:
        access.disable_account(session, "Karen", actor="operator")
    assert client.get("/keying/").location == "/staff/sign-in?next=/keying/"


def test_a_new_password_ends_every_session(karen, signed_in, database):
    client = signed_in("Karen")
    with database.writing() as session:
        access.set_password(session, "Karen", "helt andre fire ord", actor="operator")
    assert client.get("/keying/").status_code == 302


def test_a_session_ends_with_the_working_day(karen, signed_in):
    client = signed_in("Karen")
    with client.session_transaction() as session:
        session["signed_in"] = int(time.time()) - LONGEST_SECONDS - 1
    assert client.get("/keying/").status_code == 302


def test_signing_in_keeps_nothing_of_the_session_before_but_the_language(karen, client, sign_in):
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["language"] = "en"
    sign_in()
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["language"] == "en"


def test_a_session_does_not_name_the_password(karen, client, sign_in):
    sign_in()
    with client.session_transaction() as session:
        assert re.fullmatch(r"\d+:[0-9a-f]{24}", session["_user_id"])


def test_a_form_without_its_token_signs_nobody_in(karen, client):
    answer = client.post("/staff/sign-in", data={"name": "Karen", "password": PASSWORD})
    assert answer.status_code == 400
    assert client.get("/keying/").status_code == 302


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/keying/0000013", "/keying/0000013"),
        ("/staff/sign-in", "/staff/sign-in"),
        ("/research/datasets/1", "/staff/"),
    ],
)
def test_a_page_that_is_older_than_the_session_leads_back_to_where_one_works(
    karen, signed_in, path, back
):
    answer = signed_in("Karen").post(path, data={"csrf_token": "of the session before"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "Det er ikke gemt endnu" in page
    assert f'class="button" href="{back}"' in page
    assert "Skriv din kode igen" not in page


@pytest.mark.parametrize("path", ["/keying/nothing/there", "/staff/nothing", "/research/nothing"])
def test_a_page_that_there_is_not_leads_staff_to_their_own_front_page(karen, signed_in, path):
    answer = signed_in("Karen").get(path)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert 'class="button" href="/staff/"' in page
    assert "Log ud (Karen)" in page


def test_who_was_signed_out_is_led_back_only_to_what_can_be_looked_at(karen, client, token):
    sent = {"csrf_token": token(client.get("/staff/sign-in"))}
    assert client.post("/keying/0000013", data=sent).location.endswith("next=/keying/0000013")
    assert client.post("/research/datasets/1", data=sent).location == "/staff/sign-in"


def test_after_signing_in_one_is_where_one_wanted_to_go(karen, sign_in):
    assert sign_in(path="/staff/sign-in?next=/keying/0000013").location == "/keying/0000013"


def test_an_address_that_cannot_be_read_leads_to_ones_own_room(karen, sign_in):
    assert sign_in(path="/staff/sign-in?next=//[").location == "/staff/"


@pytest.mark.parametrize("number", ["2147483648", "99999999999999999999"])
def test_a_dataset_with_a_number_that_no_row_can_have_is_not_found(
    employ, study, signed_in, token, number
):
    employ("Bo", (study, "researcher"))
    client = signed_in("Bo")
    sent = {"csrf_token": token(client.get("/research/")), "file": "scores", "language": "da"}
    assert client.post(f"/research/datasets/{number}", data=sent).status_code == 404


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "//[",
        "///[evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(elsewhere):
    assert local_path(elsewhere) == ""


def test_signing_out_ends_the_session_and_clears_what_was_begun(karen, signed_in, token):
    client = signed_in("Karen")
    sent = {"csrf_token": token(client.get("/keying/"))}
    answer = client.post("/staff/sign-out", data=sent, follow_redirects=True)
    assert "data-signed-out" in answer.get_data(as_text=True)
    assert client.get("/keying/").status_code == 302


def test_a_cookie_that_was_copied_ends_when_its_owner_signs_out(karen, signed_in, token, app):
    client = signed_in("Karen")
    copy = app.test_client()
    copy.set_cookie("beboerpuls", client.get_cookie("beboerpuls").value)
    assert copy.get("/keying/").status_code == 200
    client.post("/staff/sign-out", data={"csrf_token": token(client.get("/keying/"))})
    assert copy.get("/keying/").location == "/staff/sign-in?next=/keying/"
    assert signed_in("Karen").get("/keying/").status_code == 200


def test_a_link_cannot_sign_anybody_out(karen, signed_in):
    client = signed_in("Karen")
    assert client.get("/staff/sign-out").status_code == 405
    assert client.get("/staff/signed-out").location == "/staff/"


@pytest.mark.parametrize(
    ("role", "closed"), [("fieldworker", "/research/"), ("researcher", "/keying/")]
)
def test_a_page_of_another_role_says_so_kindly(employ, study, signed_in, role, closed):
    employ("Bo", (study, role))
    answer = signed_in("Bo").get(closed)
    assert answer.status_code == 403
    assert "hører til en anden rolle" in answer.get_data(as_text=True)
