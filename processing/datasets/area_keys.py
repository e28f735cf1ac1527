"""Areas' keys as different programs write them."""

from __future__ import annotations

from collections.abc import Collection


def bare_key(key: str) -> str:
    """A key without what spreadsheets add and take away: zeros in front, blanks, capitals.

    >>> bare_key(" 0667-012")
    '667-12'
    """
    return "-".join(part.strip().lstrip("0") for part in key.strip().casefold().split("-"))


def written_otherwise(keys: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Keys that are none of the known and mean one of them -> that one.

    >>> written_otherwise(["667-12", "0667-013"], ["0667-012", "0667-013"])
    {'667-12': '0667-012'}
    """
    meant = {bare_key(key): key for key in known}
    unlike = sorted(set(keys) - set(known))
    return {key: meant[bare_key(key)] for key in unlike if key.strip() and bare_key(key) in meant}
