"""Pages that come wrong, late, twice or from strangers: nothing is lost and nothing doubled."""

import uuid
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text

from instruments import NOT_ANSWERED
from survey.models import Response

# What is told and refused here is the same on any database.
pytestmark = pytest.mark.sqlite_file

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}


@pytest.fixture
def at_life(resident, code):
    """Somebody on the page with numbers to write."""
    return resident.begin(code).send("next", **SAFE)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"mini_moved_in": "2206"},
            "Du skrev »2206«. Året skal ligge mellem 1930 og 2026.",
        ),
        ({"mini_adults": "0"}, "Du skrev »0«. Tallet skal ligge mellem 1 og 20."),
        ({"mini_adults": "to"}, "Du skrev »to«. Skriv et tal med cifre."),
        (
            {"mini_moved_in": "i fjor"},
            "Du skrev »i fjor«. Skriv et årstal med fire cifre, for eksempel 2014.",
        ),
        ({"mini_life": "11"}, "Du skrev »11«. Tallet skal ligge mellem 0 og 10."),
        ({"mini_member": "9"}, "Det svar kan ikke vælges her. Vælg et af svarene."),
        ({"mini_member": "-3"}, "Det svar kan ikke vælges her. Vælg et af svarene."),
        ({"mini_clubs": ["1", "7"]}, "Det svar kan ikke vælges her. Vælg et af svarene."),
        ({"mini_clubs": "x"}, "Det svar kan ikke vælges her. Vælg et af svarene."),
    ],
)
def test_what_is_not_allowed_is_told_and_the_rest_is_saved(at_life, answers, fields, error):
    (column,) = fields
    others = {"mini_adults": "2", "mini_member": "1"}
    others.pop(column, None)
    at_life.send("next", **fields | others)
    assert (at_life.status, at_life.path) == (200, "/page/2")
    assert at_life.errors() == [error]
    assert answers().get(column, NOT_ANSWERED) == NOT_ANSWERED
    assert {name: answers()[name] for name in others} == {n: int(v) for n, v in others.items()}


def test_the_summary_stands_first_and_leads_to_the_field(at_life):
    at_life.send("next", mini_adults="0", mini_moved_in="2206")
    (summary,) = (one for one in at_life.page.elements if one.attributes.get("role") == "alert")
    assert summary.words().startswith("Kig på 2 af dine svar")
    links = [one.attributes["href"] for one in at_life.page.all("a") if one.inside("section")]
    assert links == ["#mini_moved_in", "#mini_adults"]
    assert at_life.page.all("title")[0].words().startswith("Fejl: ")


def test_one_may_go_on_without_correcting(at_life, answers):
    at_life.send("next", mini_adults="0", mini_member="2").send("skip")
    assert at_life.path == "/page/4"
    assert answers().get("mini_adults", NOT_ANSWERED) == NOT_ANSWERED


def test_on_the_last_page_too_one_may_send_without_correcting(at_life, answers, stored):
    at_life.send("next").send("next").send("send", mini_comment="x" * 501)
    assert at_life.errors() == ["Du skrev 501 tegn. Der er plads til 500."]
    assert at_life.filled()["mini_comment"] == ["x" * 501]
    at_life.send("skip")
    assert at_life.path == "/done"
    assert stored()[0][0].status == "submitted"


def test_going_back_is_not_held_up_by_an_error(at_life):
    assert at_life.send("back", mini_adults="0").path == "/page/1"


def test_a_number_beside_a_reason_for_none_is_the_answer(at_life, answers):
    at_life.send("next", mini_adults=["3", "-5"], mini_clubs=["2", "-5"], mini_member="1")
    assert (answers()["mini_adults"], answers()["mini_clubs"]) == (3, [2])


def test_digits_of_other_scripts_are_numbers(at_life, answers):
    at_life.send("next", mini_moved_in="٢٠١٤", mini_adults=" ۲ ")
    assert (answers()["mini_moved_in"], answers()["mini_adults"]) == (2014, 2)


def test_an_item_of_another_page_is_not_stored_and_is_told(at_life, answers):
    at_life.send("next", mini_adults="2", mini_home="5", mini_comment="herfra")
    assert at_life.status == 200
    assert "hører til på siden" in at_life.text
    assert answers()["mini_adults"] == 2
    assert answers()["mini_home"] == 4
    assert "mini_comment" not in answers()


def test_a_page_posted_out_of_order_is_stored_and_leads_back_to_the_first_unseen(
    resident, code, answers
):
    resident.begin(code)
    ahead = {**resident.filled(), "mini_comment": "for tidligt", "move": "send"}
    resident.post("/page/4", ahead)
    assert resident.path == "/page/1"
    assert answers()["mini_comment"] == "for tidligt"


def test_a_page_cannot_be_asked_for_before_its_time(resident, code):
    assert resident.begin(code).get("/page/4").path == "/page/1"


@pytest.mark.parametrize("number", ["0", "5", "99999999999999999999"])
def test_a_page_that_the_form_has_not_is_not_found(resident, code, number):
    resident.begin(code)
    form = resident.filled()
    assert resident.get(f"/page/{number}").status == 404
    assert resident.post(f"/page/{number}", form).status == 404


def test_a_page_sent_twice_is_stored_once(resident, code, stored):
    resident.begin(code)
    form = {**resident.filled(), **SAFE, "move": "next"}
    first = resident.post("/page/1", form).path
    second = resident.post("/page/1", form).path
    assert first == second == "/page/2"
    ((response, _),) = stored()
    assert response.revision == 1


def test_the_last_page_sent_twice_gives_the_same_receipt(at_life, stored):
    at_life.send("next").send("next")
    form = {**at_life.filled(), "move": "send"}
    receipts = {at_life.post("/page/4", form).text for _ in range(2)}
    assert at_life.path == "/done"
    assert len(receipts) == len(stored()) == 1


def test_a_page_with_an_error_sent_again_is_told_of_it_again(at_life):
    form = {**at_life.filled(), "mini_adults": "0", "move": "next"}
    told = [at_life.post("/page/2", form).errors() for _ in range(2)]
    assert told[0] == told[1] != []


def test_a_reload_after_back_does_no_harm(at_life, answers):
    at_life.get("/page/1").get("/page/1").send("next")
    assert at_life.path == "/page/2"
    assert answers()["mini_home"] == 4


def test_another_tab_is_told_of_both_answers_and_the_last_is_stored(
    resident, device, code, answers
):
    resident.begin(code)
    other = device().enter(code).send("next", **SAFE)
    resident.send("next", mini_home="1")
    assert (resident.status, resident.path) == (200, "/page/1")
    assert "Før svarede du: Enig. Nu er gemt: Meget uenig." in resident.text
    assert answers()["mini_home"] == 1
    assert answers()["mini_stairs"] == 2
    resident.send("next")
    assert resident.path == "/page/2"
    assert other.path == "/page/2"


@pytest.mark.parametrize("token", ["", "forged", None])
def test_a_forged_or_expired_token_brings_the_page_again_with_the_words_on_it(
    at_life, answers, token
):
    form = {**at_life.filled(), "mini_adults": "3", "csrf_token": token}
    at_life.post("/page/2", {name: value for name, value in form.items() if value is not None})
    assert at_life.status == 400
    assert at_life.filled()["mini_adults"] == ["3"]
    assert answers().get("mini_adults", NOT_ANSWERED) == NOT_ANSWERED
    assert at_life.send("next").path == "/page/3"
    assert answers()["mini_adults"] == 3


def test_a_forged_token_on_the_code_brings_the_code_again(resident, code):
    resident.get("/").post("/", {"code": code, "csrf_token": "forged"})
    assert resident.status == 400
    assert resident.filled()["code"] == [code]


def test_a_browser_that_forgot_its_person_is_asked_for_the_code(at_life, app):
    form = {**at_life.filled(), "mini_adults": "3"}
    at_life.client.delete_cookie("beboerpuls")
    at_life.post("/page/2", form)
    assert (at_life.status, at_life.heading) == (400, "Skriv din kode igen")


def test_two_people_in_one_browser_never_write_into_each_others_answers(
    make, wave, area, resident, code, stored
):
    resident.begin(code)
    form = {**resident.filled(), **SAFE}
    _, neighbour = make.invitation(wave, area)
    resident.begin(neighbour)
    fresh = resident.filled()["csrf_token"]
    resident.post("/page/1", {**form, "csrf_token": fresh})
    assert (resident.status, resident.heading) == (409, "Der er skrevet en anden kode")
    assert [content.answers for _, content in stored()] == [{}, {}]


@pytest.mark.parametrize(
    "change",
    [{"write": "x"}, {"write": ""}, {"revision": "x"}, {"revision": ""}],
    ids=str,
)
def test_a_damaged_page_is_refused(resident, code, answers, change):
    resident.begin(code)
    assert resident.send("next", mini_home="4", **change).status == 400
    assert answers() == {}


def test_a_page_after_the_wave_closed_shows_what_was_saved_and_what_not(
    resident, code, change_wave, answers
):
    resident.begin(code).send("next", **SAFE)
    resident.get("/page/1")
    change_wave(status="closed")
    resident.send("next", mini_home="1")
    assert resident.status == 409
    told = [one.words() for one in resident.page.all("dd")]
    assert told == ["Meget uenig Ikke gemt", "Uenig Gemt", "Ved ikke Gemt", "Meget uenig Gemt"]
    assert answers()["mini_home"] == 4
    assert (resident.get("/page/2").status, resident.heading) == (
        410,
        "Vi samler ikke svar ind mere",
    )


def test_a_page_that_comes_after_sending_from_another_phone_is_told_apart(
    at_life, device, code, answers
):
    other = device().enter(code)
    other.send("next").send("next").send("send")
    at_life.send("next", mini_adults="3", mini_member="2")
    assert (at_life.status, at_life.heading) == (409, "Dine svar var allerede sendt")
    assert "3 Ikke gemt" in [one.words() for one in at_life.page.all("dd")]
    assert answers()["mini_adults"] == -8
    assert "/done" in at_life.links()


@pytest.mark.parametrize(
    ("column", "typed", "said"),
    [
        # A line ends in two signs on its way, and in one where it is kept.
        (
            "mini_comment",
            "Her er rart.\r\nMest om sommeren.",
            "Her er rart. Mest om sommeren. Gemt",
        ),
        ("mini_comment", "2014", "2014 Gemt"),
        ("mini_adults", "\u0662", "2 Gemt"),
        ("mini_adults", " 2 ", "2 Gemt"),
        # What can be no answer is neither saved nor a fault of ours.
        ("mini_adults", "--5", "--5 Ikke gemt"),
        ("mini_adults", "9" * 5000, "9" * 5000 + " Ikke gemt"),
        ("mini_clubs", ["1", "x"], "1, x Ikke gemt"),
    ],
)
def test_a_late_page_tells_what_was_saved_however_it_was_written(
    at_life, change_wave, capsys, column, typed, said
):
    page = "/page/4" if column == "mini_comment" else "/page/2"
    first = {"mini_adults": "2", "mini_member": "1"}
    at_life.send("next", **first).send("next")
    if page == "/page/4":
        at_life.send("back", mini_comment=typed)
    at_life.get(page)
    form = {**at_life.filled(), column: typed, "move": "next"}
    change_wave(status="closed")
    at_life.post(page, form)
    assert at_life.status == 409
    assert said in [one.words() for one in at_life.page.all("dd")]
    assert "--5" not in capsys.readouterr().out


def test_answers_that_were_withdrawn_are_told_to_be_gone(at_life, database):
    with database.writing() as session:
        session.execute(Response.__table__.delete())
    at_life.send("next", mini_adults="3")
    assert (at_life.status, at_life.heading) == (410, "Dine svar er her ikke længere")


@pytest.mark.parametrize("letter", ["x", "ن"])
def test_a_megabyte_of_text_comes_back_and_the_other_answers_are_kept(at_life, answers, letter):
    at_life.send("next", mini_adults="2", mini_member="1").send("next")
    at_life.get("/page/4").send("back", mini_comment="")
    words = "\n".join([letter * 79] * 12_500)
    at_life.get("/page/4").send("next", mini_comment=words)
    assert at_life.status == 422
    assert at_life.errors() == ["Du skrev 999.999 tegn. Der er plads til 500."]
    assert at_life.filled()["mini_comment"] == [words]
    assert answers()["mini_adults"] == 2


def test_more_than_anybody_writes_gets_a_kind_page(at_life):
    at_life.send("next", mini_adults="x" * 9_000_000)
    assert (at_life.status, at_life.heading) == (413, "Teksten er for lang")


@pytest.mark.parametrize(
    "typed",
    [
        '<script>alert("1")</script>',
        '=HYPERLINK("http://example.org")',
        "\u202eabc\u202c",
        "a\x00b",
        "</textarea><h1>",
        "{{ 7 * 7 }}",
    ],
    ids=["script", "formula", "direction", "NUL", "closing", "template"],
)
def test_hostile_text_is_words_and_nothing_else(at_life, typed):
    at_life.send("next").send("next").send("back", mini_comment=typed)
    at_life.get("/page/4")
    assert at_life.status == 200
    assert len(at_life.page.all("h1")) == 1
    assert not any(one.words() for one in at_life.page.all("script"))
    assert "<script>alert" not in at_life.answer.text
    assert ("{{ 7 * 7 }}" in at_life.answer.text) == ("7 * 7" in typed)


@pytest.fixture
def stuck(app, database, database_kind):
    """A context in which the database can be read, and takes nothing."""
    engine = app.extensions["beboerpuls"].database.engine
    sqlite = database_kind == "sqlite"

    @contextmanager
    def until():
        def refuse(connection, *_):
            refusal = "PRAGMA query_only = ON" if sqlite else "SET lock_timeout = '50ms'"
            connection.cursor().execute(refusal)

        event.listen(engine, "checkout", refuse)
        with database.engine.connect() as other:
            if not sqlite:
                other.execute(text("LOCK TABLE response IN EXCLUSIVE MODE"))
            yield
        event.remove(engine, "checkout", refuse)
        engine.dispose()

    return until


def test_a_database_that_takes_nothing_loses_no_words(at_life, stuck, answers):
    with stuck():
        at_life.send("next", mini_adults="3")
        assert (at_life.status, at_life.path) == (503, "/page/2")
        assert "Dine svar er ikke gemt endnu" in at_life.text
        assert at_life.filled()["mini_adults"] == ["3"]
    at_life.send("next")
    assert at_life.path == "/page/3"
    assert answers()["mini_adults"] == 3


def test_a_page_that_back_took_from_memory_and_was_changed_is_no_repetition(at_life, answers):
    kept = at_life.filled()
    at_life.send("next", mini_adults="3")
    at_life.post("/page/2", {**kept, "mini_adults": "4", "move": "next"})
    assert "Før svarede du: 3. Nu er gemt: 4." in at_life.text
    assert answers()["mini_adults"] == 4


def test_a_fault_of_ours_gets_a_kind_page_that_says_nothing_of_how_we_are_built(
    at_life, database, app
):
    with database.writing() as session:
        session.execute(text("UPDATE response SET key_id = 'retired'"))
    at_life.get("/page/2")
    assert (at_life.status, at_life.heading) == (500, "Det gik galt hos os")
    assert "NotOpenedError" not in at_life.answer.text


def test_the_log_says_where_a_fault_was_and_nothing_that_was_answered(at_life, database, capsys):
    with database.writing() as session:
        session.execute(text("UPDATE response SET key_id = 'retired'"))
    at_life.send("next", mini_adults="hemmeligt")
    assert at_life.status == 500
    logged = capsys.readouterr().out
    assert "NotOpenedError" in logged
    assert "hemmeligt" not in logged


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/static/nothing.css",
        "/page/x",
        "/sorry/nonsense",
        # More than either database counts rows to.
        "/open/2147483648",
        "/open/99999999999999999999",
    ],
)
def test_an_address_that_leads_nowhere_gets_a_kind_page(resident, path):
    assert (resident.get(path).status, resident.heading) == (404, "Siden findes ikke")


def test_a_wrong_method_gets_a_kind_page(resident):
    assert resident.post("/done", {}).status in {400, 405}


def test_a_language_that_the_wave_does_not_offer_is_refused(resident, code):
    resident.enter(code).send(language="en")
    assert resident.status == 400


def test_a_language_chosen_in_another_tab_that_the_wave_has_not_loses_no_answer(at_life, answers):
    form = {**at_life.filled(), "mini_adults": "3", "move": "next"}
    at_life.get("/?language=en").post("/page/2", form)
    assert at_life.path == "/language"
    assert answers()["mini_adults"] == 3
    assert at_life.send(language="da").path == "/page/3"


def test_a_new_write_id_is_made_for_every_page_shown(resident, code):
    resident.begin(code)
    first = resident.filled()["write"]
    assert resident.get("/page/1").filled()["write"] != first
    assert uuid.UUID(first[0]).version == 4
