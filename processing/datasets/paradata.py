"""What is known about the answering itself: the first columns of every dataset."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from instruments import MISSING

from .codebook import Variable

MODES = {"web": 1, "paper": 2, "interview": 3}
HELPERS = {"none": 0, "present": 1, "helped": 2}
STATUSES = {"complete": 1, "partial": 2}
DURATION_MINUTES = (5, 10, 20, 40)
"""Upper ends of duration classes 1-4; class 5 is longer, class 0 is not known. Classes, because
minutes would tell respondents apart."""

MISSING_LABELS: Mapping[str, dict[int, str]] = {
    "da": {
        -1: "Ikke nået",
        -2: "Ikke vist",
        -3: "Ved ikke",
        -4: "Ikke relevant",
        -5: "Ønsker ikke at svare",
        -6: "Ulæseligt",
        -7: "Flere krydser",
        -8: "Ikke besvaret",
        -9: "Ikke stillet i dette skema",
        -10: "Mangler, årsag ukendt",
    },
    "en": {
        -1: "Not reached",
        -2: "Not shown",
        -3: "Don't know",
        -4: "Not relevant",
        -5: "Refused",
        -6: "Illegible",
        -7: "Double mark",
        -8: "Not answered",
        -9: "Not asked in this form",
        -10: "Missing, reason unknown",
    },
}


def _text(name: str, danish: str, english: str) -> Variable:
    labels = {"da": danish, "en": english}
    return Variable(name, "paradata", "string", "nominal", labels)


def _coded(
    name: str,
    danish: str,
    english: str,
    values: Mapping[int, tuple[str, str]],
    measure: str = "nominal",
) -> Variable:
    return Variable(
        name,
        "paradata",
        "int16",
        measure,
        {"da": danish, "en": english},
        values={
            language: {code: pair[which] for code, pair in values.items()}
            | MISSING_LABELS[language]
            for which, language in enumerate(("da", "en"))
        },
        codes=tuple(values),
        missing=tuple(MISSING),
    )


def _number(name: str, danish: str, english: str) -> Variable:
    return Variable(
        name,
        "paradata",
        "int16",
        "ordinal",
        {"da": danish, "en": english},
        values={language: dict(labels) for language, labels in MISSING_LABELS.items()},
        lowest=0,
        highest=2**15 - 1,
        missing=tuple(MISSING),
    )


def _minutes() -> dict[int, tuple[str, str]]:
    first, *_, last = DURATION_MINUTES
    classes = [
        ("Ukendt", "Not known"),
        (f"Under {first} minutter", f"Under {first} minutes"),
        *(
            (f"{low}-{high} minutter", f"{low}-{high} minutes")
            for low, high in pairwise(DURATION_MINUTES)
        ),
        (f"Over {last} minutter", f"Over {last} minutes"),
    ]
    return dict(enumerate(classes))


PARADATA = (
    _text("row_id", "Rækkens pseudonym", "Pseudonym of the row"),
    _number("wave", "Bølge", "Wave"),
    _text("area", "Område", "Area"),
    _text("stratum", "Stratum", "Stratum"),
    Variable(
        "base_weight",
        "paradata",
        "double",
        "scale",
        {
            "da": "Designvægt (0: ikke udvalgt: åbent link eller ark uden modtager)",
            "en": "Base weight (0: not sampled: open link or sheet for nobody)",
        },
    ),
    _text("panel", "Personens pseudonym over bølger", "Pseudonym of the person over waves"),
    _coded(
        "mode",
        "Svarmåde",
        "Mode",
        {1: ("Web", "Web"), 2: ("Papir", "Paper"), 3: ("Interview", "Interview")},
    ),
    _coded(
        "helper",
        "Hjælp til at svare",
        "Help with answering",
        {
            0: ("Ingen", "None"),
            1: ("En anden var til stede", "Someone else was present"),
            2: ("Fik hjælp", "Was helped"),
        },
    ),
    _text("language", "Sprog", "Language"),
    _text("day", "Dag", "Day"),
    _coded("duration_class", "Varighed", "Duration", _minutes(), "ordinal"),
    _coded("status", "Status", "Status", {1: ("Afsluttet", "Complete"), 2: ("Delvis", "Partial")}),
    _coded(
        "open_link",
        "Åbent link (uden udvalgssandsynlighed)",
        "Open link (no selection probability)",
        {0: ("Nej", "No"), 1: ("Ja", "Yes")},
    ),
    _number("consent_version", "Samtykketekstens version", "Version of the consent text"),
)
"""The columns before the answers, in their order."""
