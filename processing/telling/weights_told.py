"""How answers were weighted, in a reader's language: tables carry the same in English, for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from processing.datasets.codebook import Codebook
from processing.measuring.dataset_weights import DatasetWeights
from processing.measuring.study_measures import StudyMeasures
from processing.measuring.weighting import Weighting

from .words import listed, sentence

Say = Callable[..., str]


def weights_told(found: StudyMeasures, codebook: Codebook, language: str) -> str:
    """Within what answers were weighted, and what could not be, as a part of a sentence.

    Raises KeyError for a language there are no words in.
    """

    def say(key: str, **values: object) -> str:
        return sentence(language, key, **values)

    weighed = found.weighed
    new = [one for wave, one in weighed.weightings.items() if wave not in weighed.kept]
    if weighed.weights is not None:
        told = _calibrated(weighed.weights, weighed.kept, codebook, language, say)[not new :]
    else:
        told = [_base(one.adults, codebook, language, say) for one in new[:1]]
    if weighed.unmet:
        told.append(say(f"weighted_{weighed.unmet}"))
    return "; ".join([*told, *_kept(weighed.kept, codebook, language, say)])


def kept_told(found: StudyMeasures, codebook: Codebook, language: str) -> str:
    """Which waves keep how they were told in public, and why, as a sentence; blank where none does."""

    def say(key: str, **values: object) -> str:
        return sentence(language, key, **values)

    kept = _kept(found.weighed.kept, codebook, language, say)
    return say("weighted_kept_why", waves="; ".join(kept)) if kept else ""


def _kept(kept: Mapping[int, Weighting], codebook: Codebook, language: str, say: Say) -> list[str]:
    alike: dict[str, list[str]] = {}
    for wave, one in sorted(kept.items()):
        how = _base(one.adults, codebook, language, say)
        if one.within:
            how = say("weighted_counts", level=say(f"level_{one.within}"))
        alike.setdefault(how, []).append(str(wave))
    return [
        say("weighted_kept", waves=listed(waves, language), how=how, n=len(waves))
        for how, waves in alike.items()
    ]


def _base(adults: str, codebook: Codebook, language: str, say: Say) -> str:
    if not adults:
        return say("weighted_base")
    return say("weighted_base_adults", adults=_label(codebook, adults, language))


def _calibrated(
    weights: DatasetWeights,
    kept: Mapping[int, Weighting],
    codebook: Codebook,
    language: str,
    say: Say,
) -> list[str]:
    told = [say("weighted_counts", level=say(f"level_{weights.level}"))]
    if plain := [str(wave) for wave in weights.plain if wave not in kept]:
        told.append(say("weighted_plain", waves=listed(plain, language), n=len(plain)))
    told += [
        say(
            "weighted_unknowable",
            variable=_label(codebook, name, language),
            answers=listed(
                [_answers(codebook, name, language).get(one, one) for one in of], language
            ),
            n=len(of),
        )
        for name, of in weights.unknowable.items()
    ]
    return told


def _label(codebook: Codebook, name: str, language: str) -> str:
    return codebook.variable(name).label(language) if name in codebook.names else name


def _answers(codebook: Codebook, name: str, language: str) -> Mapping[str, str]:
    labels = codebook.variable(name).value_labels(language) if name in codebook.names else {}
    return {str(code): label for code, label in labels.items()}
