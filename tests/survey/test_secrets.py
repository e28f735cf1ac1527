import json
import os
import stat
import uuid
from collections import Counter

import pytest

from survey.secrets import (
    ALPHABET,
    CODE_LENGTH,
    KeyFileError,
    NotOpenedError,
    could_be_code,
    make_code,
    make_key_file,
    normalise_code,
    read_key_file,
    shown_code,
)


def test_a_code_carries_at_least_fifty_bits_and_never_two_signs_that_look_alike():
    assert len(ALPHABET) ** (CODE_LENGTH - 1) > 2**50
    assert not set(ALPHABET) & set("0OILU")
    codes = {make_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert set(Counter("".join(codes))) == set(ALPHABET)


def test_every_single_slip_and_every_swap_of_neighbours_is_told_by_the_check_character():
    code = make_code()
    for place in range(CODE_LENGTH):
        for sign in set(ALPHABET) - {code[place]}:
            assert not could_be_code(code[:place] + sign + code[place + 1 :])
        swapped = [*code]
        swapped[place - 1], swapped[place] = swapped[place], swapped[place - 1]
        if place and swapped[place] != swapped[place - 1]:
            assert not could_be_code("".join(swapped))


@pytest.mark.parametrize(
    "typed",
    [
        "1abc-def2 34hk",  # small letters, a dash, a blank
        "IABCDEF234HK",  # a capital i for the one
        "lABC DEF2 34HK",  # a small l for the one
        "\u0661ABCDEF\u06f2\u06634HK",  # Arabic and Persian digits
        " 1ABCDEF234HK\u200f ",  # what a phone pastes along
    ],
)
def test_a_code_is_read_however_people_type_it(typed):
    assert normalise_code(typed) == "1ABCDEF234HK"


def test_a_code_is_shown_in_groups_of_four():
    assert shown_code("1ABCDEF234HK") == "1ABC DEF2 34HK"


def test_a_key_file_is_readable_by_its_owner_alone_and_never_overwritten(tmp_path):
    path = tmp_path / "keys" / "beboerpuls.keys"
    made = make_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path) == made
    with pytest.raises(FileExistsError):
        make_key_file(path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.chmod(0o640), "chmod 600"),
        (lambda path: path.unlink(), "beboerpuls init"),
        (lambda path: path.write_text("{"), "Put back the copy"),
        (lambda path: path.write_text('{"purposes": {}}'), "Put back the copy"),
        (
            lambda path: path.write_text(path.read_text().replace('"newest": "k', '"newest": "x')),
            "not among",
        ),
    ],
)
def test_a_key_file_that_cannot_be_trusted_is_refused_with_what_to_do(tmp_path, damage, words):
    path = tmp_path / "keys"
    make_key_file(path)
    damage(path)
    with pytest.raises(KeyFileError, match=words):
        read_key_file(path)


def test_a_key_file_of_an_earlier_version_is_refused_by_what_it_lacks(tmp_path):
    path = tmp_path / "keys"
    make_key_file(path)
    content = json.loads(path.read_text())
    del content["purposes"]["audit"]
    path.write_text(json.dumps(content))
    with pytest.raises(KeyFileError, match="earlier version made it, without a secret for audit"):
        read_key_file(path)


def test_what_is_sealed_opens_only_for_its_own_row_and_unchanged(keys):
    row, other = uuid.uuid4(), uuid.uuid4()
    key_id, sealed = keys.seal({"answers": {"a": "blåbær حي"}}, row)
    assert keys.open(key_id, sealed, row) == {"answers": {"a": "blåbær حي"}}
    assert "blåbær".encode() not in sealed
    with pytest.raises(NotOpenedError):
        keys.open(key_id, sealed, other)
    with pytest.raises(NotOpenedError):
        keys.open(key_id, sealed[:-1] + bytes([sealed[-1] ^ 1]), row)
    with pytest.raises(NotOpenedError, match="retired"):
        keys.open("k0", sealed, row)


@pytest.mark.parametrize(
    "moved",
    [
        {"table": "superseded"},
        {"table": ""},
        {"revision": 2},
        {"revision": None},
        {"bound_to": "8"},
        {"bound_to": "", "table": "response7"},
    ],
    ids=str,
)
def test_what_is_sealed_opens_only_in_its_table_row_and_revision(keys, moved):
    place = {"bound_to": "7", "table": "response", "revision": 3}
    key_id, sealed = keys.seal({"a": 1}, **place)
    assert keys.open(key_id, sealed, **place) == {"a": 1}
    with pytest.raises(NotOpenedError):
        keys.open(key_id, sealed, **place | moved)


def test_the_same_answers_sealed_twice_do_not_look_alike(keys):
    row = uuid.uuid4()
    assert keys.seal({"a": 1}, row) != keys.seal({"a": 1}, row)


def test_hashes_of_different_purposes_never_meet(keys):
    code = make_code()
    assert keys.code_hash(code) != keys.receipt_hash(code)
    assert keys.code_hash(code.lower()) == keys.code_hash(shown_code(code))


def test_a_receipt_is_the_same_each_time_and_has_the_form_of_a_code(keys):
    response = uuid.uuid4()
    assert keys.receipt(response) == keys.receipt(response)
    assert could_be_code(keys.receipt(response))
    assert keys.receipt(response) != keys.receipt(uuid.uuid4())


def test_row_ids_differ_between_studies_and_tell_nothing_of_the_response(keys):
    response = uuid.uuid4()
    assert keys.row_id("a", response) != keys.row_id("b", response)
    assert os.fsencode(response.hex) not in os.fsencode(keys.row_id("a", response))
