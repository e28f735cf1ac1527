"""What can be seen of our ten translations without speaking their languages."""

import datetime as dt
import re

import pytest

from processing.telling.words import words
from survey.languages import Languages

ALL = ["ar", "bs", "da", "en", "fa", "pl", "so", "tr", "uk", "ur"]
TRANSLATED = [code for code in ALL if code != "da"]
RIGHT_TO_LEFT = ["ar", "fa", "ur"]
# Minutes and wrong answers on a page: more than is ever counted.
COUNTED = range(1, 200)

# Signs that a language writes otherwise: a question mark the wrong way round is seen at once.
NOT_WRITTEN = {
    "ar": "?,;“”\"'",
    "fa": "?,;“”\"'",
    "ur": "?,;“”\"'",
    "bs": "«»\"'“",
    "pl": "«»\"'“",
    "uk": "“”„\"'ыэъё",
    "tr": "«»\"'",
    "so": "«»\"'",
    "en": '«»"',
    "da": "“”\"'",
}
PROMISES_TOO_MUCH = re.compile(
    "anonim|anonym|анонім|مجهول|ناشناس|بی‌نام|گمنام|aan la garanayn", re.IGNORECASE
)
TURNS_BY_HAND = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Without an end of its own, and with a space that lets its groups change places.
LOOSE_TELEPHONE = re.compile(r"\d [0-9]")


@pytest.fixture(scope="module")
def languages():
    return Languages()


@pytest.fixture(scope="module")
def said(languages):
    """A function that returns every sentence of a language, by its key and plural form."""

    def sentences(code):
        language, danish = languages.words(code).language, languages.words("da").language
        return {
            (key, form): sentence
            for key, message in language.messages.items()
            if key in danish.for_residents
            for form, sentence in (
                message.items() if not isinstance(message, str) else [("", message)]
            )
        }

    return sentences


def test_there_are_ten(languages):
    assert sorted(language.code for language in languages) == ALL


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_language_says_all_that_danish_says(languages, code):
    assert languages.missing(code) == []


@pytest.mark.parametrize("code", ALL)
def test_every_plural_has_the_forms_that_the_language_needs(languages, code):
    language, danish = languages.words(code).language, languages.words("da").language
    needed = {"other", *language.locale.plural_form.tags}
    counted = [key for key, message in danish.messages.items() if not isinstance(message, str)]
    assert counted
    for key in counted:
        if key in language.for_residents:
            assert set(language.messages[key]) == needed, key


@pytest.mark.parametrize("code", ALL)
def test_a_plural_form_for_several_numbers_says_which(languages, said, code):
    rule = languages.words(code).language.locale.plural_form
    several = {form for form in rule.tags | {"other"} if sum(rule(n) == form for n in COUNTED) > 1}
    silent = [
        key for (key, form), text in said(code).items() if form in several and "{n}" not in text
    ]
    assert silent == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_numbers_are_those_of_the_danish_in_western_digits(said, code):
    # 112 above all. What is counted may be written in words.
    danish = said("da")
    for (key, form), text in said(code).items():
        if not form:
            assert sorted(re.findall(r"\d+", text)) == sorted(
                re.findall(r"\d+", danish[key, ""])
            ), key
        assert text.isascii() or not re.search(r"(?![0-9])\d", text), key


@pytest.mark.parametrize("code", ALL)
def test_a_language_is_punctuated_as_it_is_written(said, code):
    wrong = {
        key: text
        for key, text in said(code).items()
        if any(sign in text for sign in NOT_WRITTEN[code])
    }
    assert wrong == {}


@pytest.mark.parametrize("code", ALL)
def test_no_sentence_turns_its_direction_by_hand(said, code):
    assert [text for text in said(code).values() if TURNS_BY_HAND.search(text)] == []


@pytest.mark.parametrize("code", RIGHT_TO_LEFT)
def test_a_telephone_number_is_held_together_where_its_groups_could_change_places(said, code):
    assert [text for text in said(code).values() if LOOSE_TELEPHONE.search(text)] == []


@pytest.mark.parametrize("code", ALL)
def test_no_language_promises_anonymity(said, code):
    assert [text for text in said(code).values() if PROMISES_TOO_MUCH.search(text)] == []


@pytest.mark.parametrize("code", ALL)
def test_a_button_is_called_what_it_says(said, code):
    sentences = said(code)
    assert sentences["page.next", ""] in sentences["page.saved_on_next", ""]
    assert sentences["page.next", ""] in sentences["help.pause", ""]
    assert sentences["about.go", ""] in sentences["about.basis.consent", ""]


@pytest.mark.parametrize("code", TRANSLATED)
def test_danish_bodies_and_laws_keep_their_name_beside_what_they_are(said, code):
    sentences = said(code)
    assert "Datatilsynet" in sentences["privacy.complain", ""]
    assert "Digitaliseringsstyrelsen" in sentences["accessibility.complain", ""]
    assert len(sentences["privacy.complain", ""]) > 60


def test_a_wave_is_called_one_thing_in_all_that_staff_read_in_danish(languages):
    sentences = str(languages.words("da").language.messages) + str(words("da"))
    assert "bølge" in sentences
    assert not re.search(r"\brunde", sentences, re.IGNORECASE)


@pytest.mark.parametrize("code", ALL)
def test_no_sentence_ends_twice_where_a_day_has_a_full_stop_of_its_own(languages, said, code):
    day = languages.words(code).date(dt.date(2027, 2, 9))
    told = {
        key: one.replace("{day}", day) for (key, _), one in said(code).items() if "{day}" in one
    }
    assert told
    assert [key for key, one in told.items() if ".." in one or ".۔" in one] == []
