"""The way of a resident, from a code to a receipt."""

import datetime as dt
import re
import time
from dataclasses import replace

import pytest

import survey
from processing import DURATION_MINUTES
from survey.resident.questions import duration_class

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}
LIFE = {"mini_moved_in": "2014", "mini_adults": "2", "mini_life": "7", "mini_member": "2"}


@pytest.fixture
def finished(resident, code):
    """Somebody who has answered everything and sent it."""
    resident.begin(code).send("next", **SAFE)
    resident.send("next", **LIFE)
    resident.send("send", mini_comment="Godt nok")
    return resident


def test_a_code_leads_to_the_choice_of_language_then_to_who_asks(resident, code):
    resident.enter(code)
    assert resident.path == "/language"
    resident.send(language="da")
    assert resident.path == "/about"
    assert "Fonden for Gode Naboer" in resident.text
    assert "fortrolige" in resident.text
    assert "anonym" not in resident.answer.text


def test_a_language_chosen_on_the_front_page_is_not_asked_for_again(resident, code):
    resident.get("/?language=ar")
    assert resident.send(code=code).path == "/about"


def test_a_wave_in_one_language_asks_for_no_language(make, study, area, resident, mini):
    wave = make.open_wave(study, type(mini)(mini.instruments, ("da",)))
    _, code = make.invitation(wave, area)
    assert resident.enter(code).path == "/about"


def test_nothing_is_stored_before_begin_is_pressed(resident, code, stored):
    resident.enter(code).send(language="da")
    assert stored() == []
    resident.send()
    assert resident.path == "/page/1"
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ("consent", "Du siger ja ved at trykke på Begynd"),
        ("research", "databeskyttelseslovens § 10"),
    ],
)
def test_the_legal_basis_of_the_wave_is_told(resident, code, change_wave, basis, words):
    change_wave(legal_basis=basis)
    assert words in resident.enter(code).send(language="da").text


def test_consent_is_given_by_begin_and_its_version_is_kept(resident, code, change_wave, stored):
    change_wave(consent_version=3)
    resident.begin(code)
    ((response, _),) = stored()
    assert response.consent_version == 3


def test_what_was_answered_is_stored_and_sent(finished, stored):
    assert finished.path == "/done"
    ((response, content),) = stored()
    assert response.status == "submitted"
    assert content.answers == {
        "mini_home": 4,
        "mini_stairs": 2,
        "mini_outside": -3,
        "mini_afraid": 1,
        "mini_moved_in": 2014,
        "mini_adults": 2,
        "mini_life": 7,
        "mini_member": 2,
        "mini_comment": "Godt nok",
    }


def test_the_thanks_carry_a_receipt_and_the_last_day(finished, stored, keys):
    ((response, _),) = stored()
    receipt = re.search(r'<bdi class="code" dir="ltr">(.+)</bdi>', finished.answer.text)[1]
    assert keys.receipt_hash(receipt) == response.receipt_hash
    assert "søndag den 13. december 2099" in finished.text


def test_the_thanks_come_again_to_a_button_pressed_twice(finished):
    before = finished.text
    assert finished.get("/done").text == before


def test_whoever_sits_here_next_sees_no_receipt_and_no_answer(finished, monkeypatch):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    receipt = re.search(r'<bdi class="code" dir="ltr">(.+)</bdi>', finished.answer.text)[1]
    finished.get("/done")
    assert (finished.status, finished.heading) == (200, "Her kan ingen se dine svar")
    assert receipt not in finished.answer.text
    assert finished.get("/page/1").path == "/"


def test_the_cookie_that_shows_the_receipt_once_more_is_told_of(resident):
    assert "forsvinder efter ti sekunder" in resident.get("/privacy").text


def test_the_thanks_leave_nothing_of_whoever_answered_in_the_cookie(finished):
    with finished.client.session_transaction() as session:
        assert set(session) == {"language", "csrf_token"}
    assert finished.client.get_cookie("beboerpuls-thanks").max_age == 10


def test_whoever_leaves_the_thanks_takes_the_receipt_along(finished):
    finished.post("/leave", finished.filled())
    assert finished.heading == "Her kan ingen se dine svar"
    assert finished.get("/done").path == "/left"


def test_leaving_a_page_of_questions_saves_it_and_forgets_its_person(resident, code, answers):
    resident.begin(code).send("leave", mini_home="4", mini_stairs="9")
    assert resident.path == "/left"
    assert answers()["mini_home"] == 4
    assert resident.get("/page/1").path == "/"
    assert resident.enter(code).path == "/page/2"


def test_leaving_before_begin_or_with_an_old_token_forgets_too(resident, code):
    resident.enter(code)
    assert resident.post("/leave", {"csrf_token": "old"}).path == "/left"
    assert resident.get("/about").path == "/"


def test_where_nobody_is_known_there_is_nothing_to_leave(resident, code):
    assert "Luk mine svar her" not in resident.get("/").answer.text
    for path in ("/language", "/about", "/help"):
        assert "Luk mine svar her" in resident.enter(code).get(path).answer.text


def test_a_page_that_routing_hides_is_skipped_and_not_counted(resident, code):
    resident.begin(code).send("next", **SAFE)
    assert "Side 2 af 4" in resident.text
    resident.send("next", **LIFE)
    assert resident.path == "/page/4"
    assert "Side 3 af 3" in resident.text


def test_a_page_that_routing_opens_is_shown(resident, code):
    resident.begin(code).send("next", **SAFE)
    resident.send("next", **LIFE | {"mini_member": "1", "mini_clubs": ["1", "3"]})
    assert resident.path == "/page/3"


def test_a_blank_item_is_stored_as_not_answered_and_holds_nobody_up(resident, code, answers):
    resident.begin(code).send("next", mini_home="4")
    assert resident.path == "/page/2"
    assert answers()["mini_stairs"] == -8


def test_an_answer_that_a_route_hides_later_is_kept_as_given(resident, code, answers):
    resident.begin(code).send("next", **SAFE)
    resident.send("next", **LIFE | {"mini_member": "1", "mini_clubs": ["1", "3"]})
    resident.get("/page/2").send("next", mini_member="2")
    assert answers()["mini_clubs"] == [1, 3]
    fields = resident.get("/page/2").filled()
    assert "mini_clubs" not in fields
    resident.send("next")
    assert answers()["mini_clubs"] == [1, 3]


def test_back_saves_too(resident, code, answers):
    resident.begin(code).send("next", **SAFE)
    resident.send("back", mini_adults="3")
    assert resident.path == "/page/1"
    assert answers()["mini_adults"] == 3


def test_what_was_answered_stands_filled_in_when_one_comes_back(resident, code):
    resident.begin(code).send("next", **SAFE)
    resident.get("/page/1")
    assert {name: resident.filled()[name] for name in SAFE} == {n: [v] for n, v in SAFE.items()}


def test_the_code_continues_on_another_device_at_the_first_page_not_seen(resident, device, code):
    resident.begin(code).send("next", **SAFE)
    other = device().enter(code)
    assert other.path == "/page/2"
    assert other.get("/page/1").filled()["mini_home"] == ["4"]


def test_the_other_device_goes_on_in_the_same_language(resident, device, code):
    resident.begin(code, "ar").send("next", **SAFE)
    assert device().enter(code).page.all("html")[0].attributes["lang"] == "ar"


def test_two_devices_that_begin_at_once_share_one_response(device, code, stored):
    first, second = device(), device()
    for one in (first, second):
        one.enter(code).send(language="da")
    first.send()
    second.send()
    assert first.path == second.path == "/page/1"
    assert len(stored()) == 1


def test_pressing_begin_twice_on_an_open_link_begins_one_response(
    resident, wave, change_wave, stored
):
    change_wave(open_link=True)
    resident.get(f"/open/{wave.id}").send(language="da")
    form = resident.filled()
    resident.post("/about", form)
    resident.post("/about", form)
    ((response, _),) = stored()
    assert (response.open_link, response.invitation_id) == (True, None)


def test_the_front_page_offers_to_go_on_without_a_code_only_where_a_wave_allows_it(
    resident, wave, change_wave
):
    way = f"/open/{wave.id}"
    assert way not in resident.get("/").links()
    change_wave(open_link=True)
    assert way in resident.get("/").links()


def test_an_open_link_that_was_never_opened_leads_nowhere(resident, wave):
    assert resident.get(f"/open/{wave.id}").status == 404


def test_a_link_from_a_letter_redirects_at_once_and_leaves_no_code_behind(client, code):
    answer = client.get(f"/c/{code}")
    assert answer.status_code == 303
    assert code not in answer.headers["Location"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_preview_of_the_link_stores_nothing(client, code, stored):
    client.head(f"/c/{code}")
    client.get(f"/c/{code}", follow_redirects=True)
    assert stored() == []


def test_a_link_lets_in_as_the_code_does(resident, code):
    resident.get(f"/c/{code.lower()}")
    assert resident.path == "/language"


def test_the_language_can_be_changed_on_any_page_without_losing_an_answer(resident, code, answers):
    resident.begin(code).send("next", **SAFE)
    resident.send("language", mini_adults="2")
    assert resident.path == "/language"
    resident.send(language="ar")
    assert resident.path == "/page/2"
    assert resident.page.all("html")[0].attributes["dir"] == "rtl"
    assert resident.filled()["mini_adults"] == ["2"]
    assert answers()["mini_adults"] == 2


def test_enter_means_forward_although_the_language_stands_above(resident, code):
    resident.begin(code)
    buttons = [one for one in resident.page.all("button") if one.attributes.get("name") == "move"]
    assert [one.attributes["value"] for one in buttons] == ["next", "language", "next", "leave"]
    resident.send("next")
    buttons = [one for one in resident.page.all("button") if one.attributes.get("name") == "move"]
    assert [one.attributes["value"] for one in buttons] == [
        *("next", "language", "next", "back", "leave")
    ]


def test_whoever_has_seen_all_pages_and_sent_nothing_is_asked_to_send(resident, device, code):
    resident.begin(code).send("next", **SAFE)
    resident.send("next", **LIFE)
    resident.send("back")
    resident.get("/page/4").send("back")
    other = device().enter(code)
    assert other.path == "/send"
    assert other.send().path == "/done"


def test_how_long_it_took_is_kept_as_a_class_and_nothing_finer(finished, stored):
    ((response, _),) = stored()
    assert response.duration_class == 1
    kept = {column.name: getattr(response, column.name) for column in response.__table__.columns}
    assert not any(isinstance(value, dt.datetime) for value in kept.values())


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(None, 0), (0.5, 1), (DURATION_MINUTES[0], 1), (5.1, 2), (20, 3), (39, 4), (600, 5)],
)
def test_duration_classes_are_those_of_the_dataset(minutes, expected):
    assert duration_class(minutes) == expected


def test_whoever_continues_elsewhere_has_no_known_duration(resident, device, code, stored):
    resident.begin(code).send("next", **SAFE)
    other = device().enter(code)
    other.send("next", **LIFE)
    other.send("send")
    ((response, _),) = stored()
    assert response.duration_class == 0


@pytest.mark.parametrize("path", ["/privacy", "/help", "/accessibility"])
def test_pages_to_read_name_the_sender_once_the_code_is_known(resident, code, path):
    assert "Fonden" not in resident.get(path).text
    resident.begin(code)
    assert "Fonden for Gode Naboer" in resident.get(path).text


@pytest.mark.parametrize("path", ["/page", "/page/1", "/send", "/about", "/language"])
def test_without_a_code_every_page_leads_to_the_front(resident, path):
    assert resident.get(path).path == "/"


def test_numbers_from_nought_to_ten_are_named_at_both_ends(resident, code):
    resident.begin(code).send("next", **SAFE)
    labels = {one.attributes["for"]: one.words() for one in resident.page.all("label")}
    assert labels["mini_life_0"] == "0, Slet ikke tilfreds"
    assert labels["mini_life_10"] == "10, Helt tilfreds"


@pytest.fixture
def trial(settings):
    """A function that opens the front page of a trial, as reached under some address."""
    app = survey.create_app(replace(settings, demo=True))
    yield lambda address: app.test_client().get("/", base_url=address).text
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://192.168.1.20:8000", True),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("https://demo.example", False),
    ],
)
def test_a_trial_reached_from_a_phone_says_what_needs_https(trial, address, warned):
    assert ("uden https" in trial(address)) == warned


def test_a_real_installation_says_nothing_of_trials(client):
    assert "uden https" not in client.get("/", base_url="http://192.168.1.20:8000").text


@pytest.fixture
def neighbour(make, wave, area):
    """The code of somebody else."""
    return make.invitation(wave, area)[1]


def test_a_link_asks_before_it_closes_out_somebody_who_has_begun(resident, code, neighbour):
    resident.begin(code).send("next", **SAFE)
    resident.get(f"/c/{neighbour}")
    assert (resident.path, resident.heading) == ("/another", "Her er nogen allerede i gang")
    assert "/page" in resident.links()
    assert resident.get("/page").path == "/page/2"
    assert resident.get("/another").send().path == "/about"


def test_an_open_link_asks_too(resident, code, wave, change_wave):
    change_wave(open_link=True)
    resident.begin(code)
    assert resident.get(f"/open/{wave.id}").path == "/another"
    assert resident.send().path == "/about"
    assert resident.send().path == "/page/1"


def test_ones_own_link_leads_on_unasked(resident, code):
    resident.begin(code).send("next", **SAFE)
    assert resident.get(f"/c/{code}").path == "/page/2"


def test_a_link_closes_out_unasked_who_has_not_begun(resident, code, neighbour):
    assert resident.enter(code).get(f"/c/{neighbour}").path == "/language"


def test_nobody_waits_where_no_link_was_opened(resident):
    assert resident.get("/another").path == "/"


@pytest.mark.parametrize("way", ["/c/{code}", "/open/{wave}"])
def test_a_link_signs_no_keyer_out_and_costs_no_sheet(
    employ, study, signed_in, token, change_wave, wave, code, way
):
    change_wave(open_link=True)
    employ("Karen", (study, "fieldworker"))
    client = signed_in("Karen")
    open_page = {"csrf_token": token(client.get("/keying/"))}
    client.get(way.format(code=code, wave=wave.id))
    assert client.get("/keying/").status_code == 200
    # The token of the page that stood open still holds.
    assert client.post("/staff/sign-out", data=open_page).location == "/staff/signed-out"
