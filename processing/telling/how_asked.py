"""How a wave was asked, as far as its answers and its manifest tell."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from instruments import NOT_ASKED
from processing.datasets.dataset import Dataset
from processing.datasets.paradata import MODES


@dataclass(frozen=True)
class HowAsked:
    """What may be said of how a wave was asked; what nobody knows is empty."""

    instruments: tuple[str, ...]
    """Those of which a question was asked."""
    questions: int
    """Questions that were put to anybody; one of several ticks is one."""
    modes: tuple[str, ...]
    """Modes that at least so many answered by, as web."""
    languages: tuple[str, ...]
    """Those the wave offered; of an import, those that at least so many answered in."""
    imported: bool
    """Whether another system asked, of whose letters and pages nothing is known."""


def how_asked(wave: Dataset, fewest: int) -> HowAsked:
    """Read from a wave's answers what was asked and how; `fewest` protects who were alone in a way.

    The form of an import holds all questions and languages that there are: what was asked is what
    somebody has another code for than not asked, and its languages are those of the answers.
    """
    asked = dict.fromkeys(
        variable.name for variable in wave.codebook.items if variable.type == "int16"
    )
    found: set[str] = set()
    modes, languages = pd.Series(dtype=int), pd.Series(dtype=int)
    for batch in wave.batches([*asked, "mode", "language"]):
        left = [name for name in asked if name not in found]
        found |= {name for name in left if (batch[name] != NOT_ASKED).any()}
        modes = modes.add(batch["mode"].value_counts(), fill_value=0)
        languages = languages.add(batch["language"].value_counts(), fill_value=0)
    items = {
        (variable.instrument, variable.item): None
        for variable in wave.codebook.items
        if variable.name in found
    }
    imported = bool(wave.manifest.get("source"))
    spoken = languages[languages >= fewest].sort_values(ascending=False, kind="stable")
    return HowAsked(
        instruments=tuple(dict.fromkeys(instrument for instrument, _ in items)),
        questions=len(items),
        modes=tuple(name for name, code in MODES.items() if modes.get(code, 0) >= fewest),
        languages=tuple(str(one) for one in spoken.index if one)
        if imported
        else tuple(wave.manifest["languages"]),
        imported=imported,
    )
