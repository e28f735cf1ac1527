"""Boxes that a phone seals for one wave, and that only the server opens.

While there is no line, answers wait on the phone in a form that the phone itself cannot read. It is
given the public half of a key pair on P-256, one for each wave; the private half is derived from
the key file when a box comes back, and stored nowhere. For every box the phone makes a key pair of
its own, throws the private half away, and seals with what HKDF-SHA256 makes of the shared secret
(the construction of ECIES; NIST SP 800-56C, RFC 5869).

A box: one byte of version, 65 of the phone's public key, 12 of nonce, then AES-256-GCM ciphertext
and tag. It is bound to its version, wave and key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from typing import Annotated

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field

from survey.secrets import Keys

VERSION = 1
LARGEST = 64 * 1024  # bytes of a box; a page with every text filled in is a tenth
_PURPOSE = "web"
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_POINT = 65  # an uncompressed point
_NONCE = 12
_TAG = 16


class BoxError(Exception):
    """A box that cannot be opened: damaged, forged, or sealed to another key."""


class Box(BaseModel):
    """A sealed pack on its way: whose key it is sealed to, and nothing that says whose it is."""

    model_config = ConfigDict(strict=True, extra="ignore")

    id: Annotated[str, Field(max_length=60)]
    wave: Annotated[int, Field(ge=1, lt=2**31)]
    key: Annotated[str, Field(max_length=40)]
    box: Annotated[str, Field(max_length=100_000)]


@dataclass(frozen=True)
class PublicKey:
    """What a phone is told, to seal answers to a wave."""

    wave_id: int
    id: str  # the first digits of its hash: tells boxes of an earlier key file apart
    point: bytes  # 65 bytes, uncompressed

    @property
    def text(self) -> str:
        return base64.b64encode(self.point).decode()

    def bound(self) -> bytes:
        """What every box of this key is bound to."""
        return f"beboerpuls box {VERSION} {self.wave_id} {self.id}".encode()


def public_key(keys: Keys, wave_id: int) -> PublicKey:
    """The public half of a wave's key: always the same for the same key file."""
    point = _public_bytes(_private(keys, wave_id))
    return PublicKey(wave_id, hashlib.sha256(point).hexdigest()[:16], point)


def open_box(keys: Keys, wave_id: int, key_id: str, text: str) -> bytes:
    """Open a box that came as base64. Raises BoxError, which says what is wrong and nothing else."""
    if len(text) > LARGEST * 4 // 3 + 4:
        raise BoxError(f"A box has at most {LARGEST} bytes.")
    try:
        box = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BoxError("A box comes as base64.") from None
    if len(box) < 1 + _POINT + _NONCE + _TAG or box[0] != VERSION:
        raise BoxError(f"Not a box of version {VERSION}.")
    private = _private(keys, wave_id)
    own = public_key(keys, wave_id)
    if key_id != own.id:
        raise BoxError("Sealed to another key than this installation has for the wave.")
    point, nonce = box[1 : 1 + _POINT], box[1 + _POINT : 1 + _POINT + _NONCE]
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
        secret = private.exchange(ec.ECDH(), theirs)
        cipher = AESGCM(_derived(secret, point, own))
        return cipher.decrypt(nonce, box[1 + _POINT + _NONCE :], own.bound())
    except (ValueError, InvalidTag):
        raise BoxError("The box was changed, or made up.") from None


def seal_box(key: PublicKey, content: bytes) -> str:
    """Seal as a phone does, where one is to be acted: in tests and simulations."""
    private = ec.generate_private_key(_CURVE)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, key.point)
    point, nonce = _public_bytes(private), os.urandom(_NONCE)
    cipher = AESGCM(_derived(private.exchange(ec.ECDH(), theirs), point, key))
    sealed = cipher.encrypt(nonce, content, key.bound())
    return base64.b64encode(bytes([VERSION]) + point + nonce + sealed).decode()


def _private(keys: Keys, wave_id: int) -> ec.EllipticCurvePrivateKey:
    # Half as many bits again as the order has, so that no number is likelier than another.
    halves = (keys.of(_PURPOSE, "boxes", str(wave_id), half) for half in ("1", "2"))
    number = int.from_bytes(b"".join(halves)[:48], "big")
    return ec.derive_private_key(number % (_ORDER - 1) + 1, _CURVE)


def _derived(secret: bytes, point: bytes, key: PublicKey) -> bytes:
    salt = point + key.point
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=key.bound()).derive(secret)


def _public_bytes(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
