"""text.<language>.yaml and reviews.yaml → Text, checked against the definition."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from instruments.definition import Instrument, ItemText, Kind, PageText, Review, Text
from instruments.document import Document
from instruments.errors import (
    Problem,
    code_without_answer,
    hard_to_read,
    heading_not_open,
    missing_text,
    review_unknown,
    unknown_reference,
    wrong_name,
    wrong_value,
)
from instruments.readability import MOST_LIX, lix
from instruments.shapes import ReviewShape, TextShape, read_shape
from instruments.texts import ELLIPSIS, InstrumentTexts

REVIEWS = "reviews.yaml"


def text_file(language: str) -> str:
    """Return the name of the file that holds a language's text."""
    return f"text.{language}.yaml"


def language_of(file: str) -> str:
    """Return the language that a text file is named for."""
    return file.removeprefix("text.").removesuffix(".yaml")


def read_text(document: Document, sha256: str, problems: list[Problem]) -> Text | None:
    """Read one language; add its problems to the list, and return None if it is not well formed."""
    problems.extend(document.problems)
    if not document.lines:
        return None
    shape = read_shape(document, TextShape, document.data, (), problems)
    if shape is None:
        return None
    named = language_of(document.file.rsplit("/", 1)[-1])
    if shape.language != named:
        problems.append(wrong_name(document.place(("language",)), shape.language, text_file(named)))
    return Text(
        language=shape.language,
        title=shape.title,
        about=shape.about,
        pages={key: PageText(page.heading, page.lead) for key, page in shape.pages.items()},
        items={
            key: ItemText(item.question, item.short, item.hint) for key, item in shape.items.items()
        },
        answers=shape.answers,
        ends={key: (ends.lowest, ends.highest) for key, ends in shape.ends.items()},
        scales=shape.scales,
        sha256=sha256,
    )


def text_problems(instrument: Instrument, text: Text, document: Document) -> Iterator[Problem]:
    """What a text says about things that the definition does not have."""
    ratings = [name for name, one in instrument.responses.items() if one.kind is Kind.RATING]
    sorts: Mapping[str, tuple[Collection[str], Collection[str]]] = {
        "pages": (text.pages, [page.id for page in instrument.pages]),
        "items": (text.items, [item.id for item in instrument.items()]),
        "answers": (text.answers, instrument.responses),
        "ends": (text.ends, ratings),
        "scales": (text.scales, [scale.id for scale in instrument.scales]),
    }
    for sort, (given, known) in sorts.items():
        for name in given:
            if name not in known:
                yield unknown_reference(
                    document.place((sort, name)), f"entry in {sort}", name, known
                )
    for page in instrument.pages:
        heading = text.pages.get(page.id, PageText("")).heading
        for item in page.items:
            question = text.items.get(item.id, ItemText("", "")).question
            if question.startswith(ELLIPSIS) and heading and not heading.endswith(ELLIPSIS):
                yield heading_not_open(document.place(("items", item.id, "question")))
    for name, labels in text.answers.items():
        responses = instrument.responses.get(name)
        for code in labels if responses else ():
            if responses and code not in (*responses.codes, *responses.apart):
                yield code_without_answer(document.place(("answers", name, str(code))), code)


def missing_texts(
    instrument: Instrument, language: str, document: Document, todo: str
) -> Iterator[Problem]:
    """List what a language does not say, in the order of the file's keys."""
    for key in InstrumentTexts(instrument, language).missing():
        steps = tuple(str(step) for step in key)
        yield missing_text(document.place(steps), language, todo)


def hard_texts(instrument: Instrument, document: Document) -> Iterator[Problem]:
    """List the Danish questions whose reading ease is above the limit."""
    for item, figure in reading_ease(instrument).items():
        if figure > MOST_LIX:
            yield hard_to_read(document.place(("items", item, "question")), figure, MOST_LIX)


def reading_ease(instrument: Instrument) -> dict[str, float]:
    """Return the LIX of each question in Danish, by item; nothing where there is no Danish text."""
    texts = InstrumentTexts(instrument, "da")
    questions = {item.id: texts.full_question(item) for item in instrument.items()}
    return {item: lix(said.text) for item, said in questions.items() if said.language == "da"}


def read_reviews(
    document: Document, languages: Collection[str], problems: list[Problem]
) -> tuple[dict[str, Review], list[Problem]]:
    """Return the reviews by language, and warnings where file and languages do not match."""
    problems.extend(document.problems)
    reviews: dict[str, Review] = {}
    if not isinstance(document.data, dict):
        place = document.place()
        problems.append(wrong_value(place, document.data, "a mapping of languages to reviews"))
        return reviews, []
    warnings = [
        review_unknown(document.place((language,)), language)
        for language in languages
        if language not in document.data
    ]
    for language, entry in document.data.items():
        place = document.place((language,))
        if language not in languages:
            warnings.append(unknown_reference(place, "text in the language", language, languages))
        if isinstance(entry, dict):
            shape = read_shape(document, ReviewShape, entry, (language,), problems)
            if shape is not None:
                reviews[language] = Review(shape.by, shape.date.isoformat())
        elif entry != "none":
            problems.append(wrong_value(place, entry, "`none`, or a mapping of `by` and `date`"))
    return reviews, warnings
