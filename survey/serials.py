"""Serials of sheets: digits and a check digit, which tells every slip and every swap of neighbours."""

from __future__ import annotations

# Damm (2004), the anti-symmetric quasigroup of order 10 that has zeros along its diagonal.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
# With its zeros in front. One without them has the same check digit, but so has every tenth that has lost
# another digit, and might then be somebody else's sheet.
_SHORTEST_SERIAL = 7
_LONGEST_SERIAL = 18


def make_serial(number: int, digits: int = 6) -> str:
    """The serial of a running number: `digits` digits and the check digit."""
    body = f"{number:0{digits}d}"
    return body + str(_damm(body))


def could_be_serial(typed: str) -> bool:
    """Whether it is digits and the check digit agrees."""
    serial = normalise_serial(typed)
    digits = serial.isascii() and serial.isdecimal()
    return digits and _SHORTEST_SERIAL <= len(serial) <= _LONGEST_SERIAL and _damm(serial) == 0


def normalise_serial(typed: str) -> str:
    """Without the blanks and dashes that people put between groups."""
    return "".join(sign for sign in typed if not sign.isspace() and sign not in "-–.")


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
