"""The codes before a camera, for browsers that find none themselves: grey dots, and no file at all."""

from __future__ import annotations

import numpy as np

from survey.scanning.libraries import is_installed

_LARGEST = 1000  # dots of a side; a browser sends half of that


class NoViewError(Exception):
    """What was sent is no view of a camera; nothing was read."""


def reads_codes() -> bool:
    """Whether this installation has the library that finds codes."""
    return is_installed("zxingcpp")


def texts_seen(grey: bytes, width: int) -> list[str]:
    """The texts of the QR codes in a view: a byte a dot, row after row. Raises NoViewError."""
    import zxingcpp  # noqa: PLC0415 - not needed by an installation that scans nothing

    if not 0 < width <= _LARGEST or not grey or len(grey) % width or len(grey) > width * _LARGEST:
        raise NoViewError
    view = np.frombuffer(grey, dtype=np.uint8).reshape(-1, width)
    found = zxingcpp.read_barcodes(
        view, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    return [one.text for one in found]
