"""Score columns described like any other, so that files carry their labels too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from processing.datasets.codebook import ScaleEntry, Variable

_LANGUAGES = ("da", "en")


@dataclass(frozen=True)
class _Words:
    ends: str
    headline: str
    answered: str
    variant: str


_WORDS: Mapping[str, _Words] = {
    "da": _Words(
        "{label} ({ends})",
        "{label}, høj er gunstig ({ends})",
        "{label}: antal besvarede",
        "{label}, {variant} ({ends})",
    ),
    "en": _Words(
        "{label} ({ends})",
        "{label}, high is favourable ({ends})",
        "{label}: items answered",
        "{label}, {variant} ({ends})",
    ),
}


def score_variables(scale: ScaleEntry) -> Iterator[Variable]:
    """The variables of the columns that `score` gives for a scale, in their order."""
    yield _score(scale, f"{scale.name}_score", "ends")
    yield _score(scale, f"{scale.name}_headline", "headline")
    yield Variable(
        f"{scale.name}_answered",
        "score",
        "int16",
        "scale",
        _labels(scale, "answered"),
        lowest=0,
        highest=len(scale.columns),
        instrument=scale.instrument,
        version=scale.version,
    )
    for variant in scale.variants:
        yield _score(scale, f"{scale.name}_{variant}_score", "variant", variant)


def _score(scale: ScaleEntry, name: str, words: str, variant: str = "") -> Variable:
    return Variable(
        name,
        "score",
        "double",
        "scale",
        _labels(scale, words, variant),
        instrument=scale.instrument,
        version=scale.version,
    )


def _labels(scale: ScaleEntry, words: str, variant: str = "") -> dict[str, str]:
    ends = f"0-{len(scale.columns)}" if scale.score == "count" else "0-100"
    languages = dict.fromkeys((*scale.labels, *_LANGUAGES))
    return {
        language: getattr(_WORDS.get(language, _WORDS["en"]), words).format(
            label=scale.label(language), ends=ends, variant=variant.replace("_", " ")
        )
        for language in languages
    }
