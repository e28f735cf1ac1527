"""What speaks for and against one scale, as a document: its answers, figures, comparisons."""

from __future__ import annotations

from processing.datasets.study import Study
from processing.judging.verdicts import Evidence

from .document import Command, Document, Points, Section, Sentence
from .evidence_blocks import comparable, reliability, structure
from .evidence_page import EvidencePage


def evidence_document(
    study: Study, found: Evidence, scale: str, *, language: str = "da", command: str = ""
) -> Document:
    """Return one scale's verdict, then all that decided it.

    Shares of answers that fewer than five people gave are not told apart. Raises KeyError for a
    scale that was not judged, or a language there are no words in.
    """
    page = EvidencePage(study, found[scale], study.codebook.scale(scale), language)
    t = page.t
    label = page.entry.label(language)
    return Document(
        language=language,
        title=t("evidence_title", scale=label),
        where=f"{study.study}. {label}, {t('evidence_version').lower()} {page.entry.version or ''}.",
        heading=t("evidence_title", scale=label),
        lead=page.verdict(),
        key_figures=page.key_figures(),
        sections=[
            Section(t("evidence_what"), page.what()),
            *([Section(t("evidence_care"), [Points(page.care())])] if page.care() else []),
            Section(t("evidence_answers"), page.answers()),
            *([Section(t("evidence_reliability"), reliability(page))] if page.omegas() else []),
            *([Section(t("evidence_structure"), structure(page))] if page.loadings() else []),
            Section(t("evidence_compare"), comparable(page)),
            Section(t("evidence_figures"), page.figures()),
            Section(
                t("source"),
                [
                    Sentence(t("source_measures", dataset=study.hash[:12], weight=t("unweighted"))),
                    *([Command(command)] if command else []),
                ],
            ),
        ],
        brand=t("brand"),
        skip=t("skip"),
        verdict=page.verdicts(),
    )
