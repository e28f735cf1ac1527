"""What a study laid down beforehand for everything that is made of its datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from processing.datasets.dataset import Dataset
from processing.datasets.study import Study

from .disclosure_limits import DisclosureLimits


@dataclass(frozen=True)
class StudyTerms:
    """The study's thresholds and how it weights; the default is safe.

    No mean of fewer than `mean_n` answers and no count under `count` is told. `adults` is the column
    of adults in the dwelling where base weights do not count them yet; of `ordered` variables thin
    categories are joined to their neighbours when weights are calibrated. `weights` are calibrated to
    register counts in waves that have them, or base: base weights all the same.
    """

    mean_n: int = 10
    count: int = 5
    adults: str = ""
    ordered: tuple[str, ...] = ()
    weights: str = "calibrated"

    @property
    def limits(self) -> DisclosureLimits:
        """What may be published."""
        return DisclosureLimits(mean_n=self.mean_n, count=self.count)

    def to_dict(self) -> dict[str, Any]:
        """As a manifest says it."""
        return {**asdict(self), "ordered": list(self.ordered)}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> StudyTerms:
        """Read what a manifest says; what it does not say is the default."""
        known = {name: said[name] for name in cls.__dataclass_fields__ if name in said}
        return cls(**known | {"ordered": tuple(said.get("ordered", ()))})


def study_terms(dataset: Dataset | Study) -> StudyTerms:
    """Return what the analysis plan that was registered last before the freeze lays down.

    Parameters: a wave's or a study's dataset; of a study its last wave speaks. Without such a plan
    the default holds. Raises nothing beyond what reading a manifest does.

    >>> from types import SimpleNamespace
    >>> study_terms(SimpleNamespace(manifest={"terms": {"mean_n": 20, "count": 8}})).limits.count
    8
    """
    last = max(dataset.waves, key=lambda one: one.wave) if isinstance(dataset, Study) else dataset
    return StudyTerms.of(last.manifest.get("terms") or {})


def laid_down(study: Study) -> bool:
    """Whether any wave's manifest tells how the study weights: where none does, a plan may say so."""
    return any(one.manifest.get("terms") for one in study.waves)
