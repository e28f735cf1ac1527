"""Whether an analysis plan came before anybody could see an effect, and beside how many others."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from itertools import product

import pandas as pd

from processing.datasets.study import Study


@dataclass(frozen=True)
class Registration:
    """`before` says that the plan was registered before any wave with treated areas was frozen.

    `plans` counts all plans that were registered by then, this one among them: with more than one,
    the one that is shown may be the one that found something. `follow_up` is the first wave in which
    an area is treated that was not so from the beginning.
    """

    before: bool
    plans: int
    follow_up: int

    def __str__(self) -> str:
        if not self.before:
            return (
                f"The analysis plan was not registered before data of wave {self.follow_up} or later "
                f"were frozen; until then nobody could have seen an effect."
            )
        one = "the only plan" if self.plans == 1 else f"one of {self.plans} plans"
        return f"The analysis plan is {one} registered before data of wave {self.follow_up} were frozen."


def registration(study: Study, plan: str, treated: pd.DataFrame) -> Registration:
    """Judge a plan, by its hash, from what the manifests of a study's waves name.

    A wave's manifest names the plans that were there before it was first frozen. Waves before anyone
    was treated show no effect and may be known; a plan must stand in every manifest from the first
    wave with treated areas on, whatever the order in which they were frozen. `treated` has unit, wave
    and treated (0 or 1), with areas treated from the beginning left out.
    """
    follow_up = int(treated.loc[treated["treated"] == 1, "wave"].min())
    named = [
        set(wave.manifest.get("analysis_plans", ()))
        for wave in study.waves
        if wave.wave >= follow_up
    ]
    known = set.intersection(*named) if named else set()
    return Registration(plan in known, len(known), follow_up)


# What some editors begin a file in UTF-8 with, and no form sends.
_MARK = "\ufeff".encode()


def as_registered(content: bytes, registered: Collection[str]) -> bytes | None:
    r"""Find the bytes with which a plan's text was registered.

    A plan is known by its bytes, and a form on a page sends other line ends than the file has, and
    what was copied has no last one, or one too many. Nothing else may differ.

    Parameters
    ----------
    content
        The text in UTF-8, with any line ends.
    registered
        The SHA-256 of registered plans, as the manifests of a study's waves name them.

    Returns
    -------
    bytes or None
        The text with the line ends that one of them has; None where none is of this text.

    Raises
    ------
    Nothing.

    Examples
    --------
    >>> file = b"primary: [tryghed_t1]\r\ntreatment: [helhedsplan]\r\n"
    >>> known = [hashlib.sha256(file).hexdigest()]
    >>> as_registered(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]", known) == file
    True

    """
    lines = content.removeprefix(_MARK).replace(b"\r\n", b"\n").strip(b"\n")
    for mark, first, last, end in product((b"", _MARK), (0, 1), (1, 0, 2), (b"\n", b"\r\n")):
        spelt = mark + (b"\n" * first + lines + b"\n" * last).replace(b"\n", end)
        if hashlib.sha256(spelt).hexdigest() in registered:
            return spelt
    return None
