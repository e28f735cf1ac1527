"""Boxes that phones seal: opened by the key file they were sealed for, and by no other."""

import base64

import pytest

from survey.sealed_box import LARGEST, BoxError, open_box, public_key, seal_box
from survey.secrets import make_key_file


def test_what_is_sealed_to_a_wave_is_opened_for_it(keys):
    key = public_key(keys, 7)
    assert open_box(keys, 7, key.id, seal_box(key, b"answers")) == b"answers"


def test_the_same_is_never_sealed_alike(keys):
    key = public_key(keys, 7)
    assert seal_box(key, b"answers") != seal_box(key, b"answers")


def test_every_wave_and_every_key_file_has_a_key_of_its_own(keys, tmp_path):
    other = make_key_file(tmp_path / "other")
    points = {public_key(one, wave).point for one in (keys, other) for wave in (1, 2)}
    assert len(points) == 4
    assert public_key(keys, 1) == public_key(keys, 1)


def test_a_box_opens_for_no_other_wave(keys):
    key = public_key(keys, 7)
    with pytest.raises(BoxError, match="another key"):
        open_box(keys, 8, key.id, seal_box(key, b"answers"))


def test_a_box_opens_with_no_other_key_file(keys, tmp_path):
    other = make_key_file(tmp_path / "other")
    key = public_key(keys, 7)
    with pytest.raises(BoxError, match="another key"):
        open_box(other, 7, key.id, seal_box(key, b"answers"))
    with pytest.raises(BoxError, match="changed, or made up"):
        open_box(other, 7, public_key(other, 7).id, seal_box(key, b"answers"))


def test_no_byte_of_a_box_can_be_changed(keys):
    key = public_key(keys, 7)
    box = base64.b64decode(seal_box(key, b"answers"))
    for place in range(len(box)):
        changed = bytearray(box)
        changed[place] ^= 1
        with pytest.raises(BoxError):
            open_box(keys, 7, key.id, base64.b64encode(changed).decode())


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        ("", "version 1"),
        ("ø", "base64"),
        (base64.b64encode(b"\x02" + bytes(200)).decode(), "version 1"),
        (base64.b64encode(b"\x01" + bytes(200)).decode(), "changed, or made up"),
        ("A" * (LARGEST * 2), "at most"),
    ],
)
def test_what_is_no_box_is_told_apart(keys, box, problem):
    with pytest.raises(BoxError, match=problem):
        open_box(keys, 7, public_key(keys, 7).id, box)
