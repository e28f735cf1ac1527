"""How answers were weighted, in a reader's language: tables carry the same in English, for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from processing.datasets.codebook import Codebook
from processing.measuring.dataset_weights import DatasetWeights
from processing.measuring.study_measures import StudyMeasures

from .words import listed, sentence

Say = Callable[..., str]


def weights_told(found: StudyMeasures, codebook: Codebook, language: str) -> str:
    """Within what answers were weighted, and what could not be, as a part of a sentence.

    Raises KeyError for a language there are no words in.
    """

    def say(key: str, **values: object) -> str:
        return sentence(language, key, **values)

    if found.weights is not None:
        return "; ".join(_calibrated(found.weights, codebook, language, say))
    adults = found.terms.adults
    told = [
        say("weighted_base_adults", adults=_label(codebook, adults, language))
        if adults
        else say("weighted_base")
    ]
    if found.unmet:
        told.append(say(f"weighted_{found.unmet}"))
    return "; ".join(told)


def _calibrated(weights: DatasetWeights, codebook: Codebook, language: str, say: Say) -> list[str]:
    told = [say("weighted_counts", level=say(f"level_{weights.level}"))]
    if weights.plain:
        plain = [str(wave) for wave in weights.plain]
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
