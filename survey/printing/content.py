"""What stands on a sheet, in its language and in order; how it looks is the template's matter.

The result is plain data, as the template reads it. A text that its language lacks is said in the
language the questionnaire was written in, and carries that language with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from babel.lists import format_list

from instruments import Form, FormItem, FormPage, InstrumentTexts, Item, Kind, Said, month_written
from survey.languages import Words
from survey.printing.skips import Fact, Skip, skips

# More answers than this do not stand side by side above a column of boxes.
MOST_COLUMNS = 8
# So many characters are written on one line.
ONE_LINE = 60
IN_DIGITS = frozenset({Kind.NUMBER, Kind.YEAR, Kind.MONTH, Kind.RANKING})


@dataclass(frozen=True)
class Asking:
    """Who asks, and by when."""

    sender: str
    contact: str
    legal_basis: str
    closes: dt.date | None
    year: int  # the highest that can be written as a year


def sheet_content(
    form: Form, words: Words, asking: Asking, *, large: bool = False
) -> dict[str, Any]:
    """Everything on a sheet except its own number. Raises KeyError, TooManyPathsError."""
    language = words.language
    told = _Skips(form, words)
    sections: list[dict[str, Any]] = []
    number = 0
    for page in form.pages():
        if not sections or sections[-1]["name"] != page.instrument.name:
            title = InstrumentTexts(page.instrument, language.code).title
            sections.append({"name": page.instrument.name, "title": _said(title), "blocks": []})
        block = _Block(page, words, asking.year, told, number, stacked=large)
        sections[-1]["blocks"].extend(block.content())
        number += len(page.page.items)
    return {
        "language": language.code,
        "direction": language.direction,
        "large": large,
        "opening": _opening(form, words, asking),
        "sections": sections,
        "words": {
            "brand": words.plain("brand"),
            "page": words.plain("page.progress", n="{n}", of="{of}"),
            "serial": words.plain("paper.serial"),
            "answer": words.plain("paper.answer"),
            "thanks": words.plain("paper.thanks"),
            "back": _back(words, asking),
        },
    }


def _apart(put_in: str, words: Words) -> str:
    """A name or a number kept together among words that run the other way."""
    return f"\u2068{put_in}\u2069" if words.language.direction == "rtl" else put_in


def _opening(form: Form, words: Words, asking: Asking) -> dict[str, Any]:
    sender = _apart(asking.sender, words)
    lines = [
        words.plain("about.lead", sender=sender, n=form.estimated_minutes()),
        words.plain("about.why"),
        words.plain("know.voluntary"),
        words.plain("know.confidential"),
    ]
    if asking.legal_basis == "consent":
        lines.append(words.plain("paper.basis.consent", sender=sender))
    else:
        lines.append(words.plain("about.basis.research"))
    if asking.contact:
        lines.append(words.plain("paper.help", contact=_apart(asking.contact, words)))
    kinds = {form.item_of(column).item.kind for column in form.columns}
    return {
        "title": words.plain("front.title"),
        "lead": lines[0],
        "lines": lines[1:],
        "how": words.plain("paper.how.title"),
        "cross": words.plain("paper.how.cross"),
        "wrong": words.plain("paper.how.wrong"),
        "digits": words.plain("paper.how.digits") if kinds & IN_DIGITS else "",
        "back": _back(words, asking),
    }


def _back(words: Words, asking: Asking) -> str:
    sender = _apart(asking.sender, words)
    if asking.closes is None:
        return words.plain("paper.back", sender=sender)
    day = words.date(asking.closes)
    # Bosnian and Ukrainian end a date with a stop of its own.
    return words.plain("paper.back.until", sender=sender, day=day).replace("..", ".")


@dataclass(frozen=True)
class _Block:
    """A page of the phone, as it stands on paper."""

    page: FormPage
    words: Words
    year: int
    told: _Skips
    before: int  # how many questions stand before it
    stacked: bool

    @property
    def texts(self) -> InstrumentTexts:
        return InstrumentTexts(self.page.instrument, self.words.language.code)

    def content(self) -> list[dict[str, Any]]:
        """A table where all its items are answered alike, else one question after another.

        A line about who may skip the questions from here on stands above its question, so that
        it parts a table in two.
        """
        runs: list[list[int]] = []
        items = self.page.page.items
        for place, item in enumerate(items):
            alone = bool(self.told.above(self.before + place)) or bool(
                self.told.below(self.before + place - 1)
            )
            if runs and not alone and item.responses == items[runs[-1][0]].responses:
                runs[-1].append(place)
            else:
                runs.append([place])
        return [self._run(run, first=run is runs[0]) for run in runs]

    def _run(self, run: Sequence[int], *, first: bool) -> dict[str, Any]:
        items = self.page.page.items
        responses = items[run[0]].responses
        table = (
            not self.stacked
            and responses.kind is Kind.SINGLE
            and len(run) > 1
            and len(responses.codes) + len(responses.apart) <= MOST_COLUMNS
        )
        return {
            "table": table,
            "heading": self._heading() if first else "",
            "lead": self._say(self.texts.lead(self.page.page)) if first else "",
            "codes": self._answers(run[0], responses.codes) if table else [],
            "apart": self._answers(run[0], responses.apart) if table else [],
            "items": [self._item(place, whole=self.stacked) for place in run],
        }

    def _heading(self) -> Any:
        """The page's heading, where neither the questionnaire's title nor each question says the same."""
        heading, texts = self.texts.heading(self.page.page), self.texts
        if self.stacked and all(
            str(texts.full_question(item)) != str(texts.question(item))
            for item in self.page.page.items
        ):
            return ""
        return "" if str(heading) == str(self.texts.title) else self._say(heading)

    def _item(self, place: int, *, whole: bool) -> dict[str, Any]:
        item = self.page.page.items[place]
        responses = item.responses
        texts = self.texts
        ends = texts.ends(responses) if item.kind is Kind.RATING else ()
        return {
            "number": self.before + place + 1,
            "column": self.page.instrument.column(item),
            "kind": item.kind.value,
            "question": self._say(texts.full_question(item) if whole else texts.question(item)),
            "hint": self._hint(item),
            "codes": self._answers(place, responses.codes),
            "apart": self._answers(place, responses.apart),
            "lowest": responses.lowest or 0,
            "highest": self.year if responses.highest is None else responses.highest,
            "ends": [self._say(end) for end in ends],
            "short": (responses.longest or 0) <= ONE_LINE,
            "parts": [self.words.plain("paper.month"), self.words.plain("paper.year")],
            "above": self.told.above(self.before + place),
            "below": self.told.below(self.before + place),
        }

    def _hint(self, item: Item) -> Any:
        """The question's own hint; of a ranking, how it is written where it has none."""
        hint = self.texts.hint(item)
        if item.kind is Kind.RANKING and not hint.text:
            return self.words.plain("paper.how.rank", n=str(item.responses.places))
        return self._say(hint)

    def _answers(self, place: int, codes: Sequence[int]) -> list[dict[str, Any]]:
        responses = self.page.page.items[place].responses
        return [
            {"code": code, "label": self._say(self.texts.answer(responses, code))} for code in codes
        ]

    def _say(self, said: Said) -> Any:
        return _said(said)


class _Skips:
    """The skips of a form as sentences, by the question that they stand at."""

    def __init__(self, form: Form, words: Words) -> None:
        self._form, self._words = form, words
        self._above: dict[int, list[str]] = {}
        self._below: dict[int, list[str]] = {}
        for skip in skips(form):
            before = form.columns[skip.first - 1] if skip.first else ""
            if [fact.column for fact in skip.facts] == [before] and skip.facts[
                0
            ].relation == "among":
                sentence = self._sentence("paper.skip.here", skip, self._named(skip.facts[0]))
                self._below.setdefault(skip.first - 1, []).append(sentence)
            else:
                facts = [self._fact(fact) for fact in skip.facts]
                sentence = self._sentence("paper.skip", skip, self._list(facts, "standard"))
                self._above.setdefault(skip.first, []).append(sentence)

    def above(self, place: int) -> list[str]:
        return self._above.get(place, [])

    def below(self, place: int) -> list[str]:
        return self._below.get(place, [])

    def _sentence(self, key: str, skip: Skip, when: str) -> str:
        if skip.target is None:
            return self._words.plain(f"{key}.end", when=when)
        return self._words.plain(key, when=when, target=str(skip.target + 1))

    def _fact(self, fact: Fact) -> str:
        number = str(self._form.columns.index(fact.column) + 1)
        if fact.relation in {"below", "from"}:
            value = self._value(fact, fact.values[0])
            return self._words.plain(f"paper.when.{fact.relation}", number=number, value=value)
        relation = fact.relation
        if self._form.item_of(fact.column).item.kind is Kind.RANKING:
            # What was ranked was answered; nobody set a cross.
            relation = {"with": "among", "without": "outside"}[relation]
        answers = self._named(fact)
        return self._words.plain(f"paper.when.{relation}", number=number, answers=answers)

    def _named(self, fact: Fact) -> str:
        placed: FormItem = self._form.item_of(fact.column)
        texts = InstrumentTexts(placed.instrument, self._words.language.code)
        labels = [
            str(texts.answer(placed.item.responses, value)) or self._value(fact, value)
            for value in fact.values
        ]
        quoted = [self._words.plain("paper.quoted", answer=label) for label in labels]
        return self._list(quoted, "or")

    def _value(self, fact: Fact, value: int) -> str:
        kind = self._form.item_of(fact.column).item.kind
        return month_written(value) if kind is Kind.MONTH and value >= 0 else str(value)

    def _list(self, parts: Sequence[str], style: Any) -> str:
        return format_list(list(parts), style, self._words.language.locale)


def _said(said: Said) -> Any:
    """A text; with its language where that is not the sheet's."""
    if not said.fallback:
        return said.text
    return {"text": said.text, "language": said.language}
