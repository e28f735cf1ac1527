"""One's own answers by the receipt: seen, taken along, erased."""

import contextlib
import datetime as dt
import json
import re
import resource
import uuid

import pytest
from phones import Pocket, deliver
from sqlalchemy import select

from instruments import NOT_ANSWERED
from processing import check, read_wave
from survey.answering import WholeForm, keep_later
from survey.freezing import freeze, standing
from survey.models import AuditEntry, Response, Superseded, Tombstone, Wave
from survey.sealed_box import public_key
from survey.secrets import make_code, shown_code

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}
LIFE = {"mini_moved_in": "2014", "mini_adults": "2", "mini_life": "10", "mini_member": "2"}


@pytest.fixture
def receipt(device, code):
    """The receipt of somebody who has answered everything and sent it."""
    return sent(device(), code)


def sent(somebody, code, **last):
    somebody.begin(code).send("next", **SAFE)
    somebody.send("next", **LIFE)
    somebody.send("send", mini_comment="Godt nok", **last)
    assert somebody.path == "/done"
    return re.search(r'<bdi class="code" dir="ltr">([^<]+)<', somebody.answer.text)[1]


def look(somebody, receipt):
    return somebody.get("/mine").send(receipt=receipt)


def erase(somebody):
    return somebody.get("/mine/erase").send()


@pytest.fixture
def freeze_wave(change_wave, database, keys, mini, wave, settings):
    """A function that closes the wave and freezes it."""

    def freeze_wave():
        change_wave(status="closed")
        with database.writing() as session:
            found = session.get_one(Wave, wave.id)
            return freeze(session, keys, mini, found, settings.data, actor="x").dataset

    return freeze_wave


def test_a_receipt_shows_the_questions_and_answers_in_words(resident, receipt):
    look(resident, receipt)
    assert (resident.path, resident.heading) == ("/mine/answers", "Det har du svaret")
    assert "Godt nok" in resident.text
    assert "2014" in resident.text
    assert "-3" not in resident.text
    assert "10 (" in resident.text  # a rating's end, with its word


def test_what_no_route_led_to_is_not_shown_and_a_blank_is_said_to_be_one(resident, device, code):
    somebody = device()
    somebody.begin(code).send("next", mini_home="4")
    somebody.send("next", **LIFE)
    receipt = sent_last(somebody)
    look(resident, receipt)
    assert "Ikke besvaret" in resident.text
    assert "forening" not in [one.words() for one in resident.page.all("h2")]


def sent_last(somebody):
    somebody.send("send", mini_comment="")
    return re.search(r'<bdi class="code" dir="ltr">([^<]+)<', somebody.answer.text)[1]


def test_the_answers_are_shown_in_the_language_one_reads(resident, receipt):
    resident.get("/?language=ar")
    look(resident, receipt)
    root = resident.page.all("html")[0].attributes
    assert (root["lang"], root["dir"]) == ("ar", "rtl")
    assert "Hvor tryg" not in resident.text


def test_no_address_holds_the_receipt_and_nothing_is_kept_in_a_cache(resident, receipt):
    look(resident, receipt)
    [step] = resident.answer.history
    assert step.headers["Location"] == "/mine/answers"
    assert resident.answer.headers["Cache-Control"] == "no-store"
    assert resident.answer.request.query_string == b""


def test_the_file_says_the_same_as_the_page_and_no_codes(resident, receipt, stored):
    look(resident, receipt)
    answer = resident.client.get("/mine/answers.json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    content = json.loads(answer.text)
    given = [one for page in content["answers"] for one in page["questions"]]
    assert ["Godt nok"] in [one["answer"] for one in given]
    assert ["2014"] in [one["answer"] for one in given]
    ((_, kept),) = stored()
    assert len(given) == sum(1 for one in kept.answers.values() if one is not None)
    assert all(one["answer"] or one["why"] for one in given)
    assert content["answered"]["helper"] == "not_answered"


def test_closing_forgets_the_person_and_the_address_then_shows_nothing(resident, receipt):
    look(resident, receipt)
    resident.post("/leave", resident.filled())
    assert resident.path == "/left"
    for address in ("/mine/answers", "/mine/answers.json", "/mine/erase"):
        assert resident.get(address).path == "/mine"
    assert "Godt nok" not in resident.answer.text


def test_answers_that_nobody_has_touched_are_closed(resident, receipt):
    look(resident, receipt)
    with resident.client.session_transaction() as session:
        session["mine"] = [*session["mine"][:2], session["mine"][2] - 21 * 60]
    assert resident.get("/mine/answers").path == "/mine"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Skriv din kvittering."),
        ("ABCD", "slåfejl"),
        ("  ABCD EFGH JKMN  ", "slåfejl"),
        ("<script>", "slåfejl"),
    ],
)
def test_a_slip_is_told_where_it_was_made_and_is_no_guess(resident, receipt, typed, words):
    for _ in range(25):
        look(resident, typed)
        assert resident.status == 422
    [error] = resident.errors()
    assert words in error
    assert look(resident, receipt).path == "/mine/answers"


def test_an_unknown_receipt_says_all_that_it_can_be(resident, receipt):
    look(resident, shown_code(make_code()))
    assert resident.status == 422
    [error] = resident.errors()
    assert "slettet" in error
    assert "uden net" in error
    assert "forbindelsen" in error


def test_the_code_of_the_letter_opens_nothing(resident, receipt, code):
    look(resident, code)
    assert resident.status == 422
    assert "koden fra dit brev" in resident.errors()[0]
    assert resident.get("/mine/answers").path == "/mine"


def test_the_receipt_of_an_unfinished_response_finds_nothing(resident, device, code, stored, keys):
    device().begin(code).send("next", **SAFE)
    ((response, _),) = stored()
    look(resident, keys.receipt(response.id))
    assert resident.status == 422
    assert "venter" in resident.errors()[0]


def test_too_many_guesses_are_slowed_also_with_the_right_receipt_and_for_codes(
    resident, device, receipt, code
):
    for _ in range(20):
        look(resident, make_code())
    assert look(resident, receipt).status == 429
    assert resident.heading == "Vent lidt, før du prøver igen"
    assert device().enter(make_code()).status == 429


def test_erasing_takes_the_answers_and_gives_a_receipt_that_the_audit_knows(
    resident, receipt, stored, database
):
    look(resident, receipt)
    erase(resident)
    assert (resident.path, resident.heading) == ("/mine/erased", "Dine svar er slettet")
    assert stored() == []
    number = re.search(r'<bdi class="code" dir="ltr">([^<]+)<', resident.answer.text)[1]
    with database.reading() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.act == "answers withdrawn"))
        [entry] = noted.all()
    assert entry.detail == {"number": number}
    assert entry.actor == "a resident, by receipt"
    assert look(resident, receipt).status == 422
    # The number opens nothing.
    assert look(resident, number).status == 422


def test_erasing_is_asked_about_once_more_and_can_be_left(resident, receipt, stored):
    look(resident, receipt)
    resident.get("/mine/erase")
    assert "/mine/answers" in resident.links()
    assert len(stored()) == 1


def test_erasing_takes_the_later_copies_too_which_are_counted_and_not_shown(
    resident, receipt, stored, database, keys, mini
):
    ((response, _),) = stored()
    later = WholeForm(
        id=uuid.uuid4(),
        answers={"mini_comment": "Fra en anden"},
        mode="web",
        language="da",
        day=dt.date(2026, 11, 22),
    )
    with database.writing() as session:
        assert keep_later(session, keys, mini, response.id, later)
    look(resident, receipt)
    assert "tæller med: 1" in resident.text
    assert "Fra en anden" not in resident.text
    erase(resident)
    with database.reading() as session:
        assert session.scalars(select(Superseded)).all() == []


def test_after_freezing_a_dataset_without_them_stands_and_the_old_one_has_no_rows(
    resident, device, receipt, make, wave, area, freeze_wave, database, settings
):
    sent(device(), make.invitation(wave, area)[1])
    before = freeze_wave()
    look(resident, receipt)
    assert "samlet til forskerne" in resident.get("/mine/erase").text
    resident.send()
    assert resident.path == "/mine/erased"
    assert "trukket tilbage" in resident.text
    assert read_wave(before.folder).revoked
    assert not (before.folder / "responses").exists()
    with database.reading() as session:
        found = standing(session, session.get_one(Wave, wave.id))
        assert (found.rows, found.number) == (1, 2)
        assert len(session.scalars(select(Tombstone)).all()) == 1
        assert check(settings.data / found.folder) == []


def test_the_second_press_of_a_double_click_is_told_the_same(resident, receipt, freeze_wave):
    freeze_wave()
    look(resident, receipt)
    page = resident.get("/mine/erase").filled()
    token = resident.client.get_cookie("beboerpuls").value
    resident.post("/mine/erase", page)
    first = resident.text
    # What the browser knew when it sent the second.
    resident.client.set_cookie("beboerpuls", token)
    resident.post("/mine/erase", page)
    assert (resident.path, resident.text) == ("/mine/erased", first)


def test_a_page_whose_receipt_another_tab_has_replaced_erases_nothing(
    resident, device, receipt, make, wave, area, stored
):
    other = sent(device(), make.invitation(wave, area)[1])
    look(resident, receipt)
    first_tab = resident.get("/mine/erase").filled()
    look(resident, other)
    second = resident.get("/mine/erase").filled()
    resident.post("/mine/erase", first_tab)
    assert resident.status == 400
    # Nor with the token of the other.
    resident.post("/mine/erase", first_tab | {"csrf_token": second["csrf_token"]})
    assert resident.status == 400
    assert len(stored()) == 2


def test_answers_erased_in_another_tab_are_gone_here(resident, device, receipt):
    look(resident, receipt)
    other = look(device(), receipt)
    erase(other)
    assert resident.get("/mine/answers").path == "/mine"
    assert resident.status == 200


def test_a_disk_that_refuses_leaves_the_answers_and_says_so_and_the_next_press_erases(
    resident, receipt, freeze_wave, stored
):
    before = freeze_wave()
    # The folder of the study becomes a file: nothing can be written below it.
    study = before.folder.parent
    aside = study.rename(study.with_name("aside"))
    study.write_text("no room")
    look(resident, receipt)
    erase(resident)
    assert (resident.status, resident.heading) == (503, "Sletningen er ikke færdig")
    assert len(stored()) == 1
    study.unlink()
    aside.rename(study)
    resident.send()
    assert resident.path == "/mine/erased"
    assert stored() == []
    assert read_wave(before.folder).revoked


@contextlib.contextmanager
def full_disk():
    """No file may grow beyond a few bytes: the system itself refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_is_lost_and_the_next_press_erases(
    resident, receipt, freeze_wave, stored
):
    before = freeze_wave()
    look(resident, receipt)
    page = resident.get("/mine/erase").filled()
    with full_disk():
        resident.post("/mine/erase", page)
    assert (resident.status, resident.heading) == (503, "Sletningen er ikke færdig")
    assert len(stored()) == 1
    assert check(before.folder) == []
    resident.send()
    assert resident.path == "/mine/erased"
    assert stored() == []
    assert read_wave(before.folder).revoked


@pytest.mark.parametrize("frozen", [False, True])
def test_what_still_waits_on_a_phone_is_told_that_the_answers_are_gone(
    resident, device, receipt, stored, keys, wave, freeze_wave, frozen
):
    ((response, _),) = stored()
    pocket = Pocket(public_key(keys, wave.id), str(response.id))
    late = [pocket.pack(1, SAFE), pocket.pack(4, {"mini_comment": "x"}, move="send", whole={})]
    if frozen:
        freeze_wave()
    look(resident, receipt)
    erase(resident)
    assert deliver(device().client, *late) == ["gone", "gone"]
    assert stored() == []


def test_who_helped_comes_with_the_last_page_of_a_phone_without_a_line(
    device, code, stored, keys, wave
):
    form = device().begin(code).filled()
    pocket = Pocket(public_key(keys, wave.id), form["response"][0])
    last = {"mini_comment": "x", "helper": "present"}
    packs = [
        pocket.pack(1, SAFE),
        pocket.pack(2, LIFE),
        pocket.pack(4, last, move="send", whole={}),
    ]
    assert deliver(device().client, *packs) == ["stored"] * 3
    ((response, content),) = stored()
    assert (response.helper, "helper" in content.answers) == ("present", False)


def test_marks_that_could_not_be_made_are_made_by_the_next_press(
    resident, receipt, freeze_wave, stored
):
    before = freeze_wave()
    # A folder where the file of the revocation should be: refused after the database's word.
    (before.folder / "revoked.json").mkdir()
    look(resident, receipt)
    erase(resident)
    assert (resident.status, resident.heading) == (503, "Sletningen er ikke færdig")
    (before.folder / "revoked.json").rmdir()
    resident.send()
    assert resident.path == "/mine/erased"
    assert stored() == []
    assert read_wave(before.folder).revoked


def test_under_research_the_page_says_what_the_law_gives_and_erases_all_the_same(
    resident, receipt, change_wave, stored
):
    change_wave(legal_basis="research")
    look(resident, receipt)
    assert "§ 22" in resident.text
    assert "artikel 17" in resident.text
    erase(resident)
    assert stored() == []


def test_where_the_key_is_gone_the_page_says_so(resident, receipt, database, stored):
    with database.writing() as session:
        response = session.scalars(select(Response)).one()
        response.key_id = "k-retired"
    look(resident, receipt)
    assert "Nøglen til dem er slettet" in resident.text
    assert "anonym" not in resident.answer.text
    assert resident.client.get("/mine/answers.json").json["answers"] is None
    erase(resident)
    assert resident.path == "/mine/erased"


def test_a_browser_without_cookies_is_asked_again_with_what_was_typed(app, receipt):
    client = app.test_client(use_cookies=False)
    answer = client.post("/mine", data={"receipt": receipt})
    assert answer.status_code == 400
    assert receipt in answer.text
    assert "cookies" in answer.text


def test_a_receipt_closes_what_another_had_begun_here_and_the_thanks(
    resident, device, receipt, make, wave, area
):
    resident.begin(make.invitation(wave, area)[1])
    look(resident, receipt)
    assert resident.get("/page/1").path == "/"


def test_the_thanks_the_front_and_the_promise_lead_here(resident, receipt, device, code):
    for address in ("/", "/privacy"):
        assert "/mine" in resident.get(address).links()


@pytest.mark.parametrize(
    ("said", "kept"),
    [("helped", "helped"), ("present", "present"), ("none", "none"), ("mother", "not_answered")],
)
def test_who_helped_is_kept_beside_the_answers(resident, code, stored, said, kept):
    sent(resident, code, helper=said)
    ((response, content),) = stored()
    assert response.helper == kept
    assert "helper" not in content.answers


def test_who_passes_over_the_question_of_help_has_not_said_that_nobody_did(
    resident, code, stored, freeze_wave
):
    sent(resident, code)
    ((response, _),) = stored()
    assert response.helper == "not_answered"
    assert list(freeze_wave().responses()["helper"]) == [NOT_ANSWERED]


def test_help_is_asked_for_on_the_last_page_alone_and_stays_when_the_page_comes_back(
    resident, code
):
    resident.begin(code)
    assert 'name="helper"' not in resident.answer.text
    resident.send("next", **SAFE)
    assert 'name="helper"' not in resident.answer.text
    resident.send("next", **LIFE)
    assert 'name="helper"' in resident.answer.text
    resident.send("send", mini_comment="x" * 600, helper="helped")
    assert resident.filled()["helper"] == ["helped"]


def test_what_was_ranked_is_told_with_its_places(device, make, study, area, kinds):
    _, code = make.invitation(make.open_wave(study, kinds), area)
    somebody = device().begin(code).send("next", kinds_moved="5/2014")
    somebody.send("next", kinds_wishes=["3", "1", ""])
    somebody.send("send")
    receipt = re.search(r'<bdi class="code" dir="ltr">([^<]+)<', somebody.answer.text)[1]
    told = [one.words() for one in look(somebody, receipt).page.all("dd")]
    assert "Nr. 1: Renere trapperNr. 2: Lys" in told  # each on a line of its own
    own = somebody.client.get("/mine/answers.json").get_json()
    (ranked,) = [
        one["answer"]
        for part in own["answers"]
        for one in part["questions"]
        if len(one["answer"]) > 1
    ]
    assert ranked == ["Renere trapper", "Lys"]
