"""What can be seen of ten languages without speaking them."""

from __future__ import annotations

import re
import unicodedata

import pytest

from instruments import InstrumentTexts, find, library
from instruments.document import parse

LANGUAGES = {"da", "en", "ar", "tr", "so", "fa", "ur", "bs", "pl", "uk"}
TRANSLATED = sorted(LANGUAGES - {"da", "en"})
# Partners are asked in Danish and English; residents in all ten.
PUBLISHED = [
    (one.name, one.version)
    for one in library()
    if one.status == "published" and find(one.name, one.version).asks == "residents"
]

# A letter of each script that the neighbouring languages do not write.
OWN_LETTERS = {"ar": "ةيك", "fa": "پچگیک", "ur": "ٹڑےں", "uk": "іїє"}
FOREIGN_LETTERS = {"ar": "پچگیکٹڑ", "fa": "ةيكىٹڑے", "ur": "ةيكى", "uk": "ыэъё"}
# Words for lonely, which nobody is asked to say of themselves.
LONELY = {
    "da": "ensom",
    "en": "lonel",
    "ar": "وحيد|وحدة|وحدك",
    "tr": "yalnız",
    "so": "cidlo|kelinimo|keligaa",
    "fa": "تنها",
    "ur": "تنہا|اکیل",
    "bs": "usamljen|osamljen",
    "pl": "samotn",
    "uk": "самотн|одинок",
}
# The same name in both languages.
SAME = {"Urdu"}
REASONS = {"-3", "-4", "-5"}


@pytest.fixture(scope="module")
def questionnaires():
    """Every published version, read once."""
    return {published: find(*published) for published in PUBLISHED}


@pytest.fixture(params=PUBLISHED, ids=lambda published: "{}/{}".format(*published))
def instrument(request, questionnaires):
    return questionnaires[request.param]


def said(instrument, language):
    """Every text that a language's file holds, by where it stands."""
    found = {}

    def walk(value, path):
        if isinstance(value, str):
            found[path] = value
            return
        for key, inner in value.items():
            walk(inner, (*path, key))

    file = f"text.{language}.yaml"
    walk(parse(instrument.files[file], file).data, ())
    del found["language",]
    return found


def labels(instrument, language):
    """The answers that each response set offers in a language, by code."""
    texts = InstrumentTexts(instrument, language)
    return {
        responses.id: {code: texts.answer(responses, code).text for code in responses.codes}
        for responses in instrument.responses.values()
    }


def test_every_published_questionnaire_has_all_ten_languages_whole(instrument):
    assert set(instrument.texts) == LANGUAGES
    for language in TRANSLATED:
        assert said(instrument, language).keys() == said(instrument, "da").keys()
        assert list(InstrumentTexts(instrument, language).missing()) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_was_left_in_danish_or_english(instrument, language):
    danish, english = said(instrument, "da"), said(instrument, "en")
    left = {
        path: text
        for path, text in said(instrument, language).items()
        if text in {danish[path], english.get(path)} and text not in SAME
    }

    assert left == {}


@pytest.mark.parametrize("language", sorted(OWN_LETTERS))
def test_every_text_is_in_the_script_of_its_language(instrument, language):
    script = "CYRILLIC" if language == "uk" else "ARABIC"
    texts = said(instrument, language)
    latin = {
        path: text
        for path, text in texts.items()
        if not any(unicodedata.name(letter, "").startswith(script) for letter in text)
    }
    everything = "".join(texts.values())

    assert latin == {}
    assert [letter for letter in OWN_LETTERS[language] if letter not in everything] == []
    assert [letter for letter in FOREIGN_LETTERS[language] if letter in everything] == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_text_turns_its_direction_by_hand(instrument, language):
    turning = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

    assert [text for text in said(instrument, language).values() if turning.search(text)] == []


@pytest.mark.parametrize(("language", "others"), [("ar", "?,;"), ("fa", "?,;"), ("ur", "?,;.")])
def test_right_to_left_texts_are_punctuated_as_their_language_is(instrument, language, others):
    wrong = [
        text for text in said(instrument, language).values() if any(sign in text for sign in others)
    ]

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_numbers_are_those_of_the_source_in_western_digits(instrument, language):
    danish, english = said(instrument, "da"), said(instrument, "en")
    for path, text in said(instrument, language).items():
        known = re.findall(r"\d+", f"{danish[path]} {english.get(path, '')}")
        assert set(re.findall(r"\d+", text)) <= set(known), path
        assert text.isascii() or not re.search(r"(?![0-9])\d", text), path


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_reason_that_a_text_quotes_is_quoted_as_it_is_offered(instrument, language):
    texts = said(instrument, language)
    reasons = {path: text for path, text in said(instrument, "da").items() if path[-1] in REASONS}
    missing = {
        path: texts[reason]
        for reason, danish in reasons.items()
        for path, text in said(instrument, "da").items()
        if f"»{danish}«" in text and texts[reason] not in texts[path]
    }

    assert missing == {}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_two_answers_to_a_question_say_the_same(instrument, language):
    for responses, offered in labels(instrument, language).items():
        assert len(set(offered.values())) == len(offered), responses


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_one_response_set_has_the_same_labels_in_every_questionnaire(questionnaires, language):
    known = {}
    for published, instrument in questionnaires.items():
        for responses, offered in labels(instrument, language).items():
            assert known.setdefault(responses, offered) == offered, (published, responses)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_reasons_not_to_answer_are_worded_alike_everywhere(questionnaires, language):
    worded = {
        (path[-1], text)
        for instrument in questionnaires.values()
        for path, text in said(instrument, language).items()
        if path[-1] in REASONS
    }

    assert sorted(code for code, _ in worded) == sorted(REASONS)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_nobody_is_asked_to_call_themselves_lonely(instrument, language):
    word = re.compile(LONELY[language], re.IGNORECASE)

    assert [text for text in said(instrument, language).values() if word.search(text)] == []
