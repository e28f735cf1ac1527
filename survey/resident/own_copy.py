"""One's own answers as a file that other programs read: the same words as the page."""

from __future__ import annotations

from typing import Any

from survey.languages import Words
from survey.own_answers import Line, OwnAnswers

FORMAT = "beboerpuls-own-answers-1"


def as_data(own: OwnAnswers, t: Words) -> dict[str, Any]:
    """JSON, in the language of the page. `answers` is null where the key that opens them is gone."""
    return {
        "format": FORMAT,
        "language": t.language.code,
        "study": own.study,
        "wave": own.wave,
        "asked_by": own.sender,
        "contact": own.contact,
        "legal_basis": own.legal_basis,
        "answered": {
            "day": own.day.isoformat(),
            "language": own.language,
            "area": own.area,
            "by_letter": own.invited,
            "mode": own.mode,
            "helper": own.helper,
            "minutes": own.minutes and {"from": own.minutes[0], "to": own.minutes[1]},
        },
        "further_copies_not_counted": own.copies,
        "answers": None
        if own.parts is None
        else [
            {"page": part.heading.text, "questions": [_line(line, t) for line in part.lines]}
            for part in own.parts
        ],
    }


def _line(line: Line, t: Words) -> dict[str, Any]:
    if line.answers:
        return {"question": line.question.text, "answer": [one.text for one in line.answers]}
    why = t.plain("own.unreadable" if line.unreadable else "unsaved.blank")
    return {"question": line.question.text, "answer": [], "why": why}
