import json
import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from instruments import NOT_SHOWN
from survey import sealed_answers
from survey.fieldwork.sheet_fields import sheet_fields
from survey.models import Batch, Keying, Response, Sheet
from survey.serials import make_serial

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"
TYPED = {
    "mini_home": "4",
    "mini_stairs": "/",
    "mini_outside": "*",
    "mini_afraid": ",8",
    "mini_moved_in": "1996",
    "mini_adults": "2",
    "mini_life": "10",
    "mini_member": "1",
    "mini_clubs": "1 3",
    "mini_club_glad": "-",
    "mini_comment": "Mere lys/tak",
}
MEANT = {
    "mini_home": 4,
    "mini_stairs": -6,
    "mini_outside": -7,
    "mini_afraid": -3,
    "mini_moved_in": 1996,
    "mini_adults": 2,
    "mini_life": 10,
    "mini_member": 1,
    "mini_clubs": [1, 3],
    "mini_club_glad": -8,
    "mini_comment": "Mere lys/tak",
}


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def sheet(make, wave, area):
    return make.sheet(wave, area)


@pytest.fixture
def karen(employ, study, signed_in):
    """Karen's browser."""
    employ("Karen", (study, "fieldworker"))
    return signed_in("Karen")


@pytest.fixture
def bo(employ, study, signed_in):
    """Bo's browser."""
    employ("Bo", (study, "fieldworker"))
    return signed_in("Bo")


@pytest.fixture
def send():
    """A function that sends a sheet's page as it stands, with these fields filled in."""

    def send(client, sheet, fields, path=None):
        page = client.get(f"/keying/{sheet.serial}").get_data(as_text=True)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        return client.post(path or f"/keying/{sheet.serial}", data=hidden | fields)

    return send


def rows(database, table):
    with database.reading() as session:
        return session.scalars(select(table)).all()


def test_a_serial_leads_to_its_sheet(karen, sheet):
    assert karen.get(f"/keying/?serial={sheet.serial}").location == f"/keying/{sheet.serial}"


@pytest.mark.parametrize(
    ("serial", "status", "words"),
    [
        ("0000014", 400, "Der er en slåfejl"),
        ("=1", 400, "Der er en slåfejl"),
        # The check digit agrees, and so does that of every tenth number that has lost a digit.
        ("130", 400, "nullerne foran mangler"),
        (make_serial(99), 404, "aldrig trykt"),
    ],
)
@pytest.mark.parametrize("path", ["/keying/?serial={}", "/keying/{}"])
def test_a_serial_that_leads_nowhere_is_told_with_what_was_received(
    karen, wave, path, serial, status, words
):
    answer = karen.get(path.format(serial))
    page = answer.get_data(as_text=True)
    assert (answer.status_code, words in page, f"Du tastede {serial}" in page) == (
        status,
        True,
        True,
    )


def test_the_start_page_tells_what_waits_in_ones_batches(karen, sheet, send):
    page = karen.get("/keying/").get_data(as_text=True)
    row = re.search(r"<th scope=\"row\"[^>]*>Bundt.*</tr>", page)[0]
    assert re.findall(r'class="number"[^>]*>(\d+)', row) == ["0", "0", "1"]
    send(karen, sheet, TYPED)
    assert "Der venter ingen ark på dig" in karen.get("/keying/").get_data(as_text=True)


def test_a_sheet_of_a_study_one_does_not_key_for_is_not_shown(karen, make, mini):
    other = make.study()
    sheet = make.sheet(make.open_wave(other, mini), make.area(other))
    answer = karen.get(f"/keying/{sheet.serial}")
    assert answer.status_code == 403
    assert "tryg hjemme" not in answer.get_data(as_text=True)


def test_without_the_script_the_page_is_one_form_that_can_be_saved(
    karen, sheet, send, database, keys
):
    answer = send(karen, sheet, TYPED)
    assert answer.location == "/keying/"
    (response,) = rows(database, Response)
    assert sealed_answers.read(keys, response).answers == MEANT
    assert f"Ark {sheet.serial} er gemt" in karen.get("/keying/").get_data(as_text=True)


def test_what_the_script_collected_is_saved_alike(karen, sheet, send, database, keys):
    keyed = {"values": MEANT, "languages": {"mini_comment": "ar", "mini_home": "da"}}
    send(karen, sheet, {"keyed": json.dumps(keyed)})
    (response,) = rows(database, Response)
    assert sealed_answers.read(keys, response).answers == MEANT
    (keying,) = rows(database, Keying)
    opened = keys.open(keying.key_id, keying.sealed, keying.id, table="keying")
    assert opened["text_languages"] == {"mini_comment": "ar"}


def test_a_sheet_sent_twice_is_stored_once(karen, sheet, send, database):
    fields = TYPED | {"id": str(uuid.uuid4())}
    first = send(karen, sheet, fields)
    token = re.search(r'csrf_token" value="([^"]+)', karen.get("/keying/").get_data(as_text=True))
    again = karen.post(f"/keying/{sheet.serial}", data=fields | {"csrf_token": token[1]})
    assert first.location == again.location == "/keying/"
    assert len(rows(database, Keying)) == len(rows(database, Response)) == 1


def test_wrong_fields_are_told_with_what_was_received_and_nothing_is_lost(
    karen, sheet, send, database
):
    answer = send(karen, sheet, TYPED | {"mini_home": "6", "mini_moved_in": "96"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Du tastede 6" in page
    assert "Du tastede 96" in page
    assert 'value="Mere lys/tak"' in page
    assert rows(database, Keying) == []


def test_fields_left_empty_without_the_script_are_told_and_nothing_is_stored(
    karen, sheet, send, database
):
    answer = send(karen, sheet, TYPED | {"mini_home": "", "mini_moved_in": "", "mini_stairs": "9"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert page.count("hvis der ikke er svaret") == 2
    assert "Du tastede 9" in page
    assert 'href="#plain-mini_moved_in"' in page
    assert 'name="left_blank" value="mini_home mini_moved_in"' in page
    assert rows(database, Keying) == []


def test_told_empty_fields_are_saved_as_not_answered_when_the_keyer_says_so(
    karen, sheet, send, database, keys
):
    left = {"mini_home": "", "mini_moved_in": ""}
    send(karen, sheet, TYPED | left | {"left_blank": "mini_home mini_moved_in"})
    (response,) = rows(database, Response)
    assert sealed_answers.read(keys, response).answers == MEANT | dict.fromkeys(left, -8)


def test_saying_that_some_fields_are_empty_does_not_cover_others(karen, sheet, send, database):
    fields = TYPED | {"mini_home": "", "mini_life": "", "left_blank": "mini_home"}
    answer = send(karen, sheet, fields)
    assert answer.status_code == 422
    assert 'name="left_blank" value="mini_life"' in answer.get_data(as_text=True)


def test_a_field_that_a_route_closes_may_be_empty_without_the_script(karen, sheet, send, database):
    closed = {"mini_member": "2", "mini_clubs": "", "mini_club_glad": ""}
    assert send(karen, sheet, TYPED | closed).status_code == 302
    assert len(rows(database, Response)) == 1


def test_without_the_script_every_field_says_what_it_takes(karen, sheet):
    page = karen.get(f"/keying/{sheet.serial}").get_data(as_text=True)
    assert "Fra 1930 til 2026." in page
    for column in TYPED:
        hint = re.search(rf'id="plain-codes-{column}">([^<]+)<', page)
        assert hint, column


@pytest.mark.parametrize(
    "fields",
    [
        {"keyed": "{"},
        {"keyed": "[]"},
        {"keyed": '{"values": 1, "languages": {}}'},
        {"keyed": '{"values": {}}'},
        {"keyed": '{"values": {}, "languages": {}}', "id": "1"},
        {"keyed": '{"values": {}, "languages": {}}', "id": str(uuid.uuid1())},
        {"keyed": "[" * 20_000},
    ],
)
def test_what_no_page_of_ours_sends_is_refused(karen, sheet, send, database, fields):
    assert send(karen, sheet, fields).status_code == 400
    assert rows(database, Keying) == []


@pytest.mark.parametrize(
    "values",
    [
        {"mini_home": {"a": 1}},
        {"mini_home": [[1]]},
        {"mini_clubs": [{}]},
        {"mini_comment": ["a"]},
        {"<script>": 1},
        {"mini_home": 1e400},
    ],
)
def test_values_of_a_hostile_shape_are_refused_and_nothing_is_stored(
    karen, sheet, send, database, values
):
    keyed = json.dumps({"values": values, "languages": {}})
    assert send(karen, sheet, {"keyed": keyed}).status_code == 422
    assert rows(database, Keying) == []


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "=1+1", "\u202eabc", "'\"><img src=x>", "مرحبا"]
)
def test_hostile_text_comes_back_as_text(karen, sheet, send, text):
    answer = send(karen, sheet, TYPED | {"mini_home": "9", "mini_comment": text})
    page = answer.get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img" not in page


def test_a_form_without_its_token_stores_nothing(karen, sheet, database):
    answer = karen.post(f"/keying/{sheet.serial}", data=TYPED | {"id": str(uuid.uuid4())})
    assert answer.status_code == 400
    assert rows(database, Keying) == []


def test_the_second_pass_needs_another_person(database, karen, bo, make, wave, area, send):
    with database.writing() as session:
        batch = Batch(wave_id=wave.id, name="Bundt 14", second_keying_share=1.0)
        session.add(batch)
    sheet = make.sheet(wave, area, batch)
    assert "Ark 1 af 1 i bundtet" in karen.get(f"/keying/{sheet.serial}").get_data(as_text=True)
    send(karen, sheet, TYPED)
    refused = karen.get(f"/keying/{sheet.serial}")
    assert refused.status_code == 409
    assert "skal en anden gøre det" in refused.get_data(as_text=True)
    page = bo.get(f"/keying/{sheet.serial}").get_data(as_text=True)
    assert "Anden indtastning" in page
    assert "i bundtet" not in page  # of which every sheet is keyed once
    assert "Mere lys" not in page
    send(bo, sheet, TYPED | {"mini_home": "3"})
    assert rows(database, Sheet)[0].state == "keyed_twice"


def test_who_saves_a_sheet_that_another_saved_meanwhile_is_told_so(karen, bo, sheet, send):
    form = TYPED | {"id": str(uuid.uuid4())}
    page = karen.get(f"/keying/{sheet.serial}").get_data(as_text=True)
    token = re.search(r'csrf_token" value="([^"]+)', page)[1]
    send(bo, sheet, TYPED)
    answer = karen.post(f"/keying/{sheet.serial}", data=form | {"csrf_token": token})
    assert answer.status_code == 409
    assert "tastet af andre" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("started", "kept"), [("", False), ("x", False), ("9" * 11, False), ("1", False), (None, True)]
)
def test_a_beginning_that_cannot_be_true_is_not_kept(karen, sheet, send, database, started, kept):
    send(karen, sheet, TYPED | ({} if started is None else {"started": started}))
    (keying,) = rows(database, Keying)
    assert (keying.started is not None) is kept


def test_ones_own_list_shows_sheets_and_nothing_that_was_keyed(karen, sheet, send):
    send(karen, sheet, TYPED)
    page = karen.get("/keying/").get_data(as_text=True)
    assert sheet.serial in page
    assert "Mere lys" not in page


def test_fields_are_numbered_through_and_their_routes_name_columns(mini):
    fields = sheet_fields(mini, "da")
    assert [field.number for field in fields] == list(range(1, 12))
    clubs = next(field for field in fields if field.column == "mini_clubs")
    assert clubs.routes == ({"item": "mini_member", "in": [1]},)
    assert fields[0].question == "Hvor enig er du i, at du er tryg hjemme?"


def test_what_a_keyer_may_type_for_a_reason_is_never_a_code_that_is_not_shown(mini):
    signs = {"/", "*", "-", ",7", ",8", ",9", ".7", ".8", ".9"}
    for field in sheet_fields(mini, "da"):
        meant = {field.read(sign) for sign in signs}
        assert meant == {-3, -4, -5, -6, -7, -8}
        assert NOT_SHOWN not in meant
