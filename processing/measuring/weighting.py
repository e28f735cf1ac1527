"""How a wave's answers are weighted: enough to do it so again, and to tell two ways apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Weighting:
    """How one wave's answers are weighted: `within` which level, blank for base weights.

    `adults` is the column of adults in the dwelling, blank for none; `ordered` are the margins whose
    thin categories joined neighbours, wherever that was said; `units` has the areas that were weighted
    together, of all that answered or were counted. None where nobody kept it.
    """

    within: str = ""
    adults: str = ""
    ordered: tuple[str, ...] | None = ()
    units: Mapping[str, tuple[str, ...]] | None = field(default_factory=dict, repr=False)

    def like(self, other: Weighting) -> bool:
        """Whether both give the same answers the same weights; what nobody kept differs from nothing."""
        if bool(self.within) != bool(other.within) or self.adults != other.adults:
            return False
        ordered = None in (self.ordered, other.ordered) or self.ordered == other.ordered
        if self.units is None or other.units is None:
            return ordered and self.within == other.within
        return ordered and self._together(other) == other._together(self)

    def _together(self, other: Weighting) -> set[frozenset[str]]:
        """Areas that are weighted together, of those in both: one that nobody is left in parts nothing."""
        both = self._areas() & other._areas()
        units = (self.units or {}).values()
        return {frozenset(both.intersection(areas)) for areas in units} - {frozenset()}

    def _areas(self) -> frozenset[str]:
        return frozenset(area for areas in (self.units or {}).values() for area in areas)

    def to_dict(self) -> dict[str, Any]:
        """As the memory of what was told says it."""
        return {
            "within": self.within,
            "adults": self.adults,
            "ordered": None if self.ordered is None else list(self.ordered),
            "units": None if self.units is None else {u: list(a) for u, a in self.units.items()},
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Weighting:
        """Read what the memory says. Raises KeyError, TypeError where it is no such thing."""
        ordered, units = said["ordered"], said["units"]
        return cls(
            str(said["within"]),
            str(said["adults"]),
            None if ordered is None else tuple(ordered),
            None if units is None else {str(u): tuple(a) for u, a in units.items()},
        )

    def __str__(self) -> str:
        told = f"weights calibrated within {self.within}" if self.within else "base weights"
        told += f" times {self.adults}" if self.adults else ""
        told += f", {', '.join(self.ordered)} ordered" if self.ordered else ""
        groups = sum(len(areas) > 1 for areas in (self.units or {}).values())
        return told + (f", {groups} of them of several areas" if groups else "")
