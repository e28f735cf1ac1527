"""The codebook of a form: what becomes of its items when they are frozen as columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from instruments import MISSING, MONTHS, Form, Instrument, InstrumentTexts, Item, Kind, Scale

from .codebook import Codebook, ScaleEntry, Variable, in_language
from .paradata import MISSING_LABELS, PARADATA

_CHOSEN: Mapping[str, tuple[str, str]] = {
    "da": ("Ikke valgt", "Valgt"),
    "en": ("Not chosen", "Chosen"),
}
_PLACED: Mapping[str, tuple[str, str]] = {
    "da": ("Ikke blandt de valgte", "Nr. {n}"),
    "en": ("Not among those chosen", "No. {n}"),
}
_OF_A_MONTH: Mapping[str, tuple[str, str]] = {"da": ("år", "måned"), "en": ("year", "month")}
_REASON: Mapping[str, tuple[str, str]] = {
    "da": ("hvorfor der ikke er tekst", "Der er tekst"),
    "en": ("why there is no text", "Text given"),
}
_RAW: Mapping[str, str] = {"da": "som skrevet på papiret", "en": "as written on paper"}


def build_codebook(
    form: Form, *, wave_year: int | None = None, raw: Collection[str] = ()
) -> Codebook:
    """Describe every column of a form's dataset, in every language of the form.

    Columns are the paradata, then the items in the form's order: one an item, for a multiple
    choice one an option (0 or 1), for a ranking one an option (its place from 1, or 0), for a month
    `<name>_year` and `<name>_month`, for a text the text and `<name>_missing` (0, or why there is
    none). `wave_year` is the latest year of year and month items that name none. `raw` names the items'
    columns that also have a `<name>_raw` beside them: what paper says against the routing.
    """
    variables = [*PARADATA]
    scales: list[ScaleEntry] = []
    for instrument in form.instruments:
        texts = _texts(instrument, form.languages)
        for item in instrument.items():
            for variable in _variables(instrument, item, texts, wave_year):
                variables.append(variable)
                if variable.name in raw or instrument.column(item) in raw:
                    variables.append(_raw(variable))
        scales += [_scale(instrument, scale, texts) for scale in instrument.scales]
    return Codebook(tuple(form.languages), tuple(variables), tuple(scales))


def _texts(instrument: Instrument, languages: Sequence[str]) -> dict[str, InstrumentTexts]:
    """The form's languages and the one it was written in: what is pinned, whatever else there is."""
    pinned = dict.fromkeys((*languages, instrument.written_in))
    return {language: InstrumentTexts(instrument, language) for language in pinned}


def _variables(
    instrument: Instrument,
    item: Item,
    texts: Mapping[str, InstrumentTexts],
    wave_year: int | None,
) -> Iterator[Variable]:
    responses = item.responses
    open_year = item.kind in {Kind.YEAR, Kind.MONTH} and responses.highest is None
    base = Variable(
        name=instrument.column(item),
        kind=str(item.kind),
        type="int16",
        measure=_measure(instrument, item),
        labels={language: str(text.short(item)) for language, text in texts.items()},
        questions={language: str(text.full_question(item)) for language, text in texts.items()},
        values={language: _value_labels(item, text) for language, text in texts.items()},
        codes=responses.codes,
        lowest=responses.lowest,
        highest=wave_year if open_year else responses.highest,
        missing=tuple(MISSING),
        instrument=instrument.name,
        version=instrument.version,
        item=item.id,
    )
    if item.kind is Kind.MULTIPLE:
        yield from _options(base, instrument.columns(item))
    elif item.kind is Kind.RANKING:
        yield from _places(base, instrument.columns(item), responses.places or 0)
    elif item.kind is Kind.MONTH:
        yield from _year_and_month(base, instrument.columns(item))
    elif item.kind is Kind.TEXT:
        yield replace(base, type="string", measure="nominal", values={}, missing=())
        yield _reason(base)
    else:
        yield base


def _measure(instrument: Instrument, item: Item) -> str:
    if item.kind in {Kind.RATING, Kind.NUMBER, Kind.YEAR, Kind.MONTH}:
        return "scale"
    if item.kind is Kind.RANKING:
        return "ordinal"
    # Codes are known to run from low to high where a scale or its anchor is made of them; of a
    # gender or a language nobody says so.
    ordered = {name for scale in instrument.scales for name in (*scale.items, scale.anchor)}
    return "ordinal" if item.kind is Kind.SINGLE and item.id in ordered else "nominal"


def _value_labels(item: Item, text: InstrumentTexts) -> dict[int, str]:
    responses = item.responses
    labels = {code: str(text.answer(responses, code)) for code in responses.codes}
    if item.kind is Kind.RATING and responses.lowest is not None and responses.highest is not None:
        ends = text.ends(responses)
        labels = {responses.lowest: str(ends[0]), responses.highest: str(ends[1])}
    # The words that respondents saw where they saw any, our own for the other reasons.
    ours = in_language(MISSING_LABELS, text.language)
    return labels | {code: str(text.answer(responses, code)) or ours[code] for code in MISSING}


def _options(base: Variable, columns: Sequence[str]) -> Iterator[Variable]:
    said = {language: in_language(_CHOSEN, language) for language in base.values}
    yield from _one_an_option(base, columns, said)


def _places(base: Variable, columns: Sequence[str], places: int) -> Iterator[Variable]:
    said = {}
    for language in base.values:
        none, place = in_language(_PLACED, language)
        said[language] = (none, *(place.format(n=n) for n in range(1, places + 1)))
    yield from _one_an_option(base, columns, said)


def _one_an_option(
    base: Variable, columns: Sequence[str], said: Mapping[str, Sequence[str]]
) -> Iterator[Variable]:
    """A variable an option; its codes count from 0, and `said` holds their labels by language."""
    for option, column in zip(base.codes, columns, strict=True):
        yield replace(
            base,
            name=column,
            labels={
                language: f"{label}: {base.values[language][option]}"
                for language, label in base.labels.items()
            },
            values={
                language: dict(enumerate(said[language]))
                | {code: label for code, label in labels.items() if code < 0}
                for language, labels in base.values.items()
            },
            codes=tuple(range(max(map(len, said.values())))),
            option=option,
        )


def _year_and_month(base: Variable, columns: Sequence[str]) -> Iterator[Variable]:
    bounds = ((base.lowest, base.highest), (1, MONTHS))
    for part, (column, (lowest, highest)) in enumerate(zip(columns, bounds, strict=True)):
        labels = {
            language: f"{label}: {in_language(_OF_A_MONTH, language)[part]}"
            for language, label in base.labels.items()
        }
        yield replace(base, name=column, labels=labels, lowest=lowest, highest=highest)


def _reason(base: Variable) -> Variable:
    return replace(
        base,
        name=f"{base.name}_missing",
        kind="reason",
        measure="nominal",
        labels={
            language: f"{label}: {in_language(_REASON, language)[0]}"
            for language, label in base.labels.items()
        },
        questions={},
        values={
            language: {0: in_language(_REASON, language)[1]} | dict(labels)
            for language, labels in base.values.items()
        },
        codes=(0,),
        lowest=None,
        highest=None,
    )


def _raw(variable: Variable) -> Variable:
    return replace(
        variable,
        name=f"{variable.name}_raw",
        labels={
            language: f"{label} ({in_language(_RAW, language)})"
            for language, label in variable.labels.items()
        },
    )


def _scale(
    instrument: Instrument, scale: Scale, texts: Mapping[str, InstrumentTexts]
) -> ScaleEntry:
    columns = {item: instrument.columns(instrument.item(item)) for item in scale.items}

    def of(items: Sequence[str]) -> tuple[str, ...]:
        return tuple(column for item in items for column in columns[item])

    return ScaleEntry(
        instrument=instrument.name,
        version=instrument.version,
        id=scale.id,
        columns=of(scale.items),
        bounds={
            column: _bounds(instrument.item(item))
            for item in scale.items
            for column in columns[item]
        },
        reversed=of(scale.reversed),
        model=scale.model,
        direction=scale.direction,
        headline_reversed=scale.headline_reversed,
        least_answered=scale.least_answered,
        score=scale.score,
        variants={name: of(left_out) for name, left_out in scale.variants.items()},
        status=scale.status,
        construct=scale.construct,
        labels={language: str(text.scale(scale)) or scale.id for language, text in texts.items()},
        literature=scale.literature,
        anchor=instrument.column(instrument.item(scale.anchor)) if scale.anchor else None,
    )


def _bounds(item: Item) -> tuple[int, int]:
    responses = item.responses
    if item.kind is Kind.MULTIPLE:
        return 0, 1
    if responses.codes:
        return min(responses.codes), max(responses.codes)
    if responses.lowest is None or responses.highest is None:
        raise ValueError(
            f"item {item.id!r} is part of a scale, and its responses {responses.id!r} have no"
            " lowest and highest answer. Give both, or take the item out of the scale."
        )
    return responses.lowest, responses.highest
