"""What waited on a phone arrives: once, in any order, and from nobody who does not know whose it is."""

import base64
import itertools
import json
import uuid

import pytest
from phones import Pocket, deliver
from sqlalchemy import select

from survey.models import Superseded
from survey.resident import deliver as delivering
from survey.sealed_box import public_key

SAFE = {"mini_home": "4", "mini_stairs": "2", "mini_outside": "-3", "mini_afraid": "1"}
LIFE = {"mini_moved_in": "2014", "mini_adults": "2", "mini_life": "7", "mini_member": "2"}
LAST = {"mini_comment": "Godt nok"}
WHOLE = {
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


@pytest.fixture
def pocket(resident, code, keys, wave):
    """The phone of somebody who has begun."""
    form = resident.begin(code).filled()
    return Pocket(public_key(keys, wave.id), form["response"][0])


@pytest.fixture
def stranger(device):
    """A client without the cookie: a phone whose browser was closed."""
    return device().client


@pytest.fixture
def three(pocket):
    """All pages of somebody who is a member of nothing."""
    return [
        pocket.pack(1, SAFE),
        pocket.pack(2, LIFE),
        pocket.pack(4, LAST, move="send", minutes=6.5, whole=WHOLE),
    ]


def test_packs_are_stored_and_the_last_submits_without_any_cookie(stranger, three, stored):
    assert deliver(stranger, *three) == ["stored"] * 3
    ((response, content),) = stored()
    assert response.status == "submitted"
    assert {name: content.answers[name] for name in WHOLE} == WHOLE
    assert response.duration_class == 2


def test_packs_that_come_again_are_known_and_change_nothing(stranger, three, stored):
    deliver(stranger, *three)
    before = stored()[0][1]
    assert deliver(stranger, *three) == ["known"] * 3
    assert deliver(stranger, *reversed(three)) == ["known"] * 3
    assert stored()[0][1] == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_pages_of_one_phone_end_alike_in_whatever_order_they_come(stranger, pocket, answers, order):
    packs = [
        pocket.pack(1, SAFE),
        pocket.pack(1, SAFE | {"mini_home": "5"}),
        pocket.pack(1, {name: text for name, text in SAFE.items() if name != "mini_stairs"}),
    ]
    for at in order:
        deliver(stranger, packs[at])
    assert (answers()["mini_home"], answers()["mini_stairs"]) == (4, -8)


def test_the_page_itself_and_its_pack_are_one_write(resident, pocket, stranger, stored):
    form = resident.filled()
    fields = [[name, value[0]] for name, value in form.items()] + [["mini_home", "4"]]
    resident.send("next", mini_home="4")
    content = {"format": 1, "page": 1, "language": "da", "fields": [*fields, ["move", "next"]]}
    assert deliver(stranger, pocket.sealed(content)) == ["known"]
    assert stored()[0][0].revision == 1


def test_answers_of_another_phone_are_not_taken_away_by_a_blank_page(
    device, code, pocket, stranger, answers
):
    device().enter(code).send("next", **SAFE)
    assert deliver(stranger, pocket.pack(1)) == ["stored"]
    assert answers()["mini_home"] == 4


def test_what_cannot_be_an_answer_is_blank_and_the_rest_is_stored(stranger, pocket, answers):
    deliver(stranger, pocket.pack(2, LIFE | {"mini_moved_in": "2206"}, move="send"))
    assert (answers()["mini_moved_in"], answers()["mini_adults"]) == (-8, 2)


def test_a_whole_form_after_another_phone_sent_is_kept_apart_and_only_once(
    device, code, pocket, stranger, three, stored, database
):
    other = device().enter(code)
    other.send("next", **SAFE | {"mini_home": "1"})
    other.send("next", **LIFE)
    other.send("send", **LAST)
    for _ in range(2):
        assert deliver(stranger, *three) == ["late", "late", "late"]
    assert stored()[0][1].answers["mini_home"] == 1
    with database.reading() as session:
        (later,) = session.scalars(select(Superseded)).all()
    assert (later.reason, later.mode) == ("already_submitted", "web")


def test_the_same_whole_form_from_another_phone_is_no_second_copy(
    device, code, pocket, stranger, stored, database
):
    other = device().enter(code)
    other.send("next", **SAFE)
    other.send("next", **LIFE)
    other.send("send", **LAST)
    pack = pocket.pack(4, LAST, move="send", whole=WHOLE)
    assert deliver(stranger, pack) == ["known"]
    with database.reading() as session:
        assert session.scalars(select(Superseded)).all() == []


def test_a_closed_wave_takes_nothing_and_says_so(stranger, three, change_wave, stored):
    change_wave(status="closed")
    assert deliver(stranger, *three) == ["closed"] * 3
    assert stored()[0][0].status == "started"


def test_a_response_that_is_not_there_is_gone(stranger, pocket, stored):
    pocket.response = str(uuid.uuid4())
    assert deliver(stranger, pocket.pack(1, SAFE)) == ["gone"]
    assert stored()[0][0].revision == 0


def test_a_box_of_another_wave_opens_nothing(make, study, mini, keys, pocket, stranger, stored):
    other = make.open_wave(study, mini)
    pocket.key = public_key(keys, other.id)
    assert deliver(stranger, pocket.pack(1, SAFE)) == ["gone"]
    assert stored()[0][0].revision == 0


def turned(pack):
    box = bytearray(base64.b64decode(pack["box"]))
    box[-1] ^= 1
    return pack | {"box": base64.b64encode(box).decode()}


@pytest.mark.parametrize(
    "damage",
    [
        turned,
        lambda pack: pack | {"box": pack["box"][:-8]},
        lambda pack: pack | {"box": "AAAA"},
        lambda pack: pack | {"box": "no base64 ø"},
        lambda pack: pack | {"key": "0" * 16},
        lambda pack: pack | {"wave": pack["wave"] + 1},
    ],
)
def test_a_damaged_box_is_refused_and_those_beside_it_are_stored(stranger, pocket, stored, damage):
    bad, good = pocket.pack(1, SAFE), pocket.pack(2, LIFE)
    assert deliver(stranger, damage(bad), good) == ["refused", "stored"]
    assert "mini_home" not in stored()[0][1].answers


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"[]",
        b"{}",
        {"format": 2, "page": 1, "language": "da", "fields": []},
        {"format": 1, "page": 1, "language": "da", "fields": [["response", "x"]]},
        {"format": 1, "page": 1, "language": "da", "fields": "no"},
        {"format": 1, "page": -1, "language": "da", "fields": []},
    ],
)
def test_a_box_that_holds_no_page_of_ours_is_refused(stranger, pocket, content):
    assert deliver(stranger, pocket.sealed(content)) == ["refused"]


@pytest.mark.parametrize("change", [("write", "x"), ("revision", "-1"), ("turn", "many")])
def test_a_page_with_a_damaged_mark_is_refused(stranger, pocket, stored, change):
    pack = json.loads(
        json.dumps(
            {
                "format": 1,
                "page": 1,
                "language": "da",
                "fields": [
                    ["response", pocket.response],
                    ["write", str(uuid.uuid4())],
                    ["revision", "0"],
                    ["turn", "1"],
                    list(change),
                ],
            }
        )
    )
    pack["fields"] = [one for one in pack["fields"][:-1] if one[0] != change[0]] + [list(change)]
    assert deliver(stranger, pocket.sealed(pack)) == ["refused"]
    assert stored()[0][0].revision == 0


def test_a_page_that_the_form_has_not_is_refused(stranger, pocket):
    assert deliver(stranger, pocket.pack(99, SAFE)) == ["refused"]


@pytest.mark.parametrize("body", [{}, {"packs": 3}, {"packs": [3]}, {"packs": [{"id": "x"}]}, []])
def test_what_is_no_delivery_is_told_what_one_is(stranger, body):
    answer = stranger.post("/deliver", json=body)
    assert answer.status_code == 400
    assert "Send JSON" in answer.get_json()["problem"]


def test_a_megabyte_is_not_read(stranger, pocket):
    packs = [pocket.pack(4, {"mini_comment": "x" * 1_000_000})]
    assert stranger.post("/deliver", json={"packs": packs}).status_code == 413


def test_too_many_packs_at_once_are_not_opened(stranger, pocket, stored):
    packs = [pocket.pack(1, SAFE)] * (delivering.MOST_PACKS + 1)
    assert stranger.post("/deliver", json={"packs": packs}).status_code == 413
    assert stored()[0][0].revision == 0


def test_who_makes_boxes_up_is_slowed_and_who_delivers_is_not(stranger, pocket, monkeypatch):
    monkeypatch.setattr(delivering, "WRONG_BOXES_AN_HOUR", 3)
    bad = pocket.pack(1) | {"key": "0" * 16}
    assert deliver(stranger, bad, bad, bad) == ["refused"] * 3
    answer = stranger.post("/deliver", json={"packs": [bad]})
    assert (answer.status_code, answer.get_json()["packs"]) == (429, [])
    assert deliver(stranger, pocket.pack(1, SAFE)) == ["stored"]


def test_nothing_is_told_of_what_was_answered(stranger, three):
    answer = stranger.post("/deliver", json={"packs": three})
    assert set(answer.get_json()) == {"packs"}
    assert all(set(one) == {"id", "became"} for one in answer.get_json()["packs"])
    assert "Set-Cookie" not in answer.headers


def test_the_cookie_ends_with_whoever_finished_without_a_line(resident, three):
    deliver(resident.client, *three)
    assert resident.get("/page").path == "/"


def test_the_cookie_ends_with_whoever_left_without_a_line(resident, pocket):
    deliver(resident.client, pocket.pack(1, SAFE, move="leave"))
    assert resident.get("/page").path == "/"


def test_another_persons_packs_do_not_end_the_cookie(make, wave, area, device, three, resident):
    neighbour = device()
    neighbour.begin(make.invitation(wave, area)[1])
    deliver(neighbour.client, *three)
    assert neighbour.get("/page").path == "/page/1"
