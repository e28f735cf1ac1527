"""What the product itself says, in every language: keyed messages, plurals, dates, numbers.

Adding a language is adding a file to translations/: `<language>.yaml` is what residents read, and
`desk.<language>.yaml`, where there is one, what staff read. Danish is the source: what another
language does not say is said in Danish, marked as Danish, so that nobody takes it for a
translation.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup, escape

SOURCE = "da"
TRANSLATIONS = Path(__file__).parent / "translations"

_PLACE = re.compile(r"\{(\w+)\}")
_DESK = "desk."
# All that Babel knows; every language has "other".
_PLURAL_FORMS = {"zero", "one", "two", "few", "many", "other"}

Message = str | Mapping[str, str]


class TranslationError(Exception):
    """Translation files that cannot be used; carries every problem, a line each."""


@dataclass(frozen=True)
class Language:
    """One translation file."""

    code: str
    name: str  # what its speakers call it
    review: str  # "none", or who read it and when
    messages: Mapping[str, Message]
    for_residents: frozenset[str]  # the keys of those that residents read
    locale: Locale

    @property
    def direction(self) -> str:
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"


class Words:
    """Everything said in one language. Call it for a page, `plain` for a title or an attribute."""

    def __init__(self, language: Language, source: Language) -> None:
        self.language = language
        self._source = source
        # Babel takes 60 microseconds for each, and pages are full of small ones.
        self._numbers: dict[int, str] = {}

    def __call__(self, key: str, **values: Any) -> Markup:
        """The message as HTML, what is put in escaped. Raises KeyError for an unknown key."""
        message, said_in = self._find(key)
        parts = _PLACE.split(self._form(message, said_in, values))
        text = Markup("").join(
            self._apart(values[part], said_in) if odd % 2 else escape(part)
            for odd, part in enumerate(parts)
        )
        if said_in is self.language:
            return text
        return Markup('<span lang="{}" dir="{}">{}</span>').format(
            said_in.code, said_in.direction, text
        )

    def __contains__(self, key: str) -> bool:
        """Whether there is such a message, in this language or in Danish."""
        return key in self.language.messages or key in self._source.messages

    def plain(self, key: str, **values: Any) -> str:
        """The message as text, for places that carry no markup."""
        message, said_in = self._find(key)
        text = self._form(message, said_in, values)
        return _PLACE.sub(lambda found: str(self._shown(values[found[1]])), text)

    def date(self, day: dt.date) -> str:
        """The day in full, as `søndag den 13. december 2026`."""
        return format_date(day, "full", locale=self.language.locale)

    def short_date(self, day: dt.date) -> str:
        """The day as `13. dec. 2026`, for tables."""
        return format_date(day, "medium", locale=self.language.locale)

    def listed(self, names: Sequence[str]) -> str:
        """Names as the language lists them: `a, b og c`."""
        return format_list(names, locale=self.language.locale)

    def number(self, number: float) -> str:
        return format_decimal(number, locale=self.language.locale)

    def _find(self, key: str) -> tuple[Message, Language]:
        message = self.language.messages.get(key)
        if message is not None:
            return message, self.language
        return self._source.messages[key], self._source

    @staticmethod
    def _form(message: Message, said_in: Language, values: Mapping[str, Any]) -> str:
        if isinstance(message, str):
            return message
        return message.get(said_in.locale.plural_form(values["n"]), message["other"])

    def _apart(self, value: Any, said_in: Language) -> Markup:
        """What is put in, as HTML."""
        shown = escape(self._shown(value))
        if said_in.direction == "ltr" or not isinstance(value, str):
            return shown
        # Else a name in Latin letters, or a telephone number, mixes with the words beside it.
        return Markup("<bdi>{}</bdi>").format(shown)

    def _shown(self, value: Any) -> Any:
        # A year is an int too, but is written without a separator: hand it over as text.
        if not isinstance(value, int):
            return value
        if value not in self._numbers and 0 <= value < 1000:
            self._numbers[value] = self.number(value)
        return self._numbers.get(value) or self.number(value)


class Languages:
    """All languages of the interface, Danish first."""

    def __init__(self, *folders: Path) -> None:
        """Read every file of some folders; without any, ours. Raises TranslationError."""
        paths = [path for folder in folders or (TRANSLATIONS,) for path in folder.glob("*.yaml")]
        paths = sorted(path for path in paths if not path.name.startswith(_DESK))
        source, *others = _known(tuple((path, _text(path), _desk_text(path)) for path in paths))
        self._words = {language.code: Words(language, source) for language in (source, *others)}

    def __iter__(self) -> Iterator[Language]:
        return (words.language for words in self._words.values())

    def __contains__(self, code: object) -> bool:
        return code in self._words

    def words(self, code: str) -> Words:
        """What is said in a language. One that only a questionnaire has says all in Danish."""
        if code in self._words:
            return self._words[code]
        locale = Locale.parse(code, sep="-")
        untranslated = Language(
            code, locale.get_display_name() or code, "none", {}, frozenset(), locale
        )
        return Words(untranslated, self._words[SOURCE].language)

    def best(self, accepted: list[str]) -> str:
        """The first language that a reader's browser asks for and we have."""
        wanted = (code.split("-")[0].lower() for code in accepted)
        return next((code for code in wanted if code in self._words), SOURCE)

    def missing(self, code: str) -> list[str]:
        """The keys of what residents read that a language leaves to Danish."""
        source, own = self._words[SOURCE].language, self._words[code].language
        return [key for key in source.messages if key in source.for_residents - own.for_residents]


@lru_cache(maxsize=2)
def unreviewed(folder: Path = TRANSLATIONS) -> frozenset[str]:
    """The languages in which no native speaker has read what stands around the questions."""
    files = (path for path in folder.glob("*.yaml") if not path.name.startswith(_DESK))
    return frozenset(path.stem for path in files if _content(_text(path))["review"] == "none")


# By what the files say, so that what is changed in them is read anew: reading all takes longer than
# all else that an application is put together from.
@lru_cache(maxsize=4)
def _known(files: tuple[tuple[Path, str, str], ...]) -> tuple[Language, ...]:
    """What some files say, the source first. Raises TranslationError."""
    known = {path.stem: _read(path, text, desk) for path, text, desk in files}
    if SOURCE not in known:
        raise TranslationError(f"{SOURCE}.yaml is missing; all other languages fall back on it.")
    source = known.pop(SOURCE)
    problems = [
        problem for language in known.values() for problem in _differences(language, source)
    ]
    if problems:
        raise TranslationError("\n".join(problems))
    return source, *known.values()


def _read(path: Path, text: str, desk: str) -> Language:
    content = _content(text)
    missing = {"language", "name", "review", "messages"} - set(content)
    if missing:
        raise TranslationError(f"{path.name}: lacks {', '.join(sorted(missing))}.")
    if content["language"] != path.stem:
        raise TranslationError(
            f"{path.name}: says it is {content['language']!r}; rename one of the two."
        )
    said = {key: message for key, message in content["messages"].items() if message}
    return Language(
        code=path.stem,
        name=content["name"],
        review=content["review"],
        messages=said | (_content(desk)["messages"] if desk else {}),
        for_residents=frozenset(said),
        locale=Locale.parse(path.stem, sep="-"),
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _desk_text(path: Path) -> str:
    """What the desk says in the language of a file; empty where it does not speak it."""
    desk = path.with_name(_DESK + path.name)
    return _text(desk) if desk.exists() else ""


def _content(text: str) -> dict[str, Any]:
    # A loader of strings only, so that `no:` stays "no"; the rule below knows no such loader.
    content: dict[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506
    return content


def _differences(language: Language, source: Language) -> Iterator[str]:
    """Unknown keys, and placeholders that the Danish message has not, or has alone."""
    for key, message in language.messages.items():
        where = f"{language.code}.yaml, {key}"
        if key not in source.messages:
            yield f"{where}: Danish has no such message. Remove it, or correct its key."
            continue
        if isinstance(message, Mapping) and (unknown := set(message) - _PLURAL_FORMS):
            yield f"{where}: no plural form is called {', '.join(sorted(unknown))}."
        if isinstance(message, Mapping) and "other" not in message:
            yield f"{where}: the plural form `other` is missing."
        needed = _places(source.messages[key])
        if _places(message) != needed:
            named = ", ".join(sorted(needed)) or "none"
            yield f"{where}: must put in the same places as Danish: {named}."


def _places(message: Message) -> set[str]:
    forms = [message] if isinstance(message, str) else list(message.values())
    # "én side" need not say the number, so n is looked for in no form.
    return {place for form in forms for place in _PLACE.findall(form)} - {"n"}
