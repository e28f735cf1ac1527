from __future__ import annotations

import pytest

from instruments import InstrumentTexts, Said, joined, load


@pytest.fixture
def languages(fixture_questionnaire):
    return fixture_questionnaire("languages")


def test_a_text_that_a_language_has_is_said_in_it(languages):
    texts = InstrumentTexts(languages, "en")

    assert texts.question(languages.item("glad")) == Said("… you are glad?", "en")
    assert texts.answer(languages.responses["agree"], 1) == Said("Disagree", "en")
    assert str(texts.title) == "One answer"


def test_a_text_that_a_language_lacks_is_said_in_danish_and_marked(languages):
    texts = InstrumentTexts(languages, "en")

    assert texts.question(languages.item("calm")) == Said("… du er rolig?", "da", fallback=True)
    assert texts.short(languages.item("calm")) == Said("Rolig", "da", fallback=True)
    assert texts.answer(languages.responses["agree"], 2) == Said(
        "Midt imellem", "da", fallback=True
    )
    assert texts.lead(languages.pages[0]) == Said("Tænk dig om.", "da", fallback=True)


def test_a_hint_that_no_language_has_is_silent(languages):
    assert InstrumentTexts(languages, "en").hint(languages.item("calm")) == Said("", "en")


def test_a_question_read_alone_completes_its_heading(languages):
    english, arabic = (InstrumentTexts(languages, language) for language in ("en", "ar"))
    glad = languages.item("glad")

    assert english.full_question(glad) == Said("How much do you agree that you are glad?", "en")
    assert arabic.full_question(glad) == Said("إلى أي مدى توافق على أنك سعيد؟", "ar")


def test_a_question_read_alone_is_never_half_in_one_language_half_in_another(languages):
    said = InstrumentTexts(languages, "en").full_question(languages.item("calm"))

    assert said == Said("Hvor enig er du i, at du er rolig?", "da", fallback=True)


def test_a_question_that_stands_by_itself_leaves_the_heading_alone():
    assert joined("Om dit hjem", "Hvor bor du?") == "Hvor bor du?"


def test_missing_texts_are_listed_as_warnings_with_their_key(languages):
    listed = {(warning.file, warning.key) for warning in languages.warnings}

    assert listed == {
        ("languages/1/text.en.yaml", "items.calm.question"),
        ("languages/1/text.en.yaml", "items.calm.short"),
        ("languages/1/text.en.yaml", "answers.agree.2"),
        ("languages/1/reviews.yaml", "ar"),
    }


def test_a_review_says_who_and_when(languages):
    review = languages.texts["da"].review

    assert (review.by, review.date) == ("Anna Andersen", "2026-10-01")
    assert languages.texts["en"].review is None


def test_a_language_without_a_text_is_refused(languages):
    with pytest.raises(KeyError):
        InstrumentTexts(languages, "so")


def test_the_ends_of_a_rating_are_said(fixture_questionnaire):
    numbers = fixture_questionnaire("numbers")
    low, high = InstrumentTexts(numbers, "da").ends(numbers.responses["line"])

    assert (low.text, high.text) == ("Slet ikke", "Helt")


def test_a_scale_and_an_about_are_said(fixture_questionnaire):
    scaled = fixture_questionnaire("scaled")
    texts = InstrumentTexts(scaled, "da")

    assert texts.scale(scaled.scales[0]).text == "Syn på sagen"
    assert texts.about.text == "Et eller andet."


def test_a_hard_danish_question_is_a_warning(copied):
    folder = copied("single")
    text = (folder / "text.da.yaml").read_text(encoding="utf-8")
    hard = text.replace("… du er glad?", "… beboerdemokratiet inddrager interesserede lejere?")
    (folder / "text.da.yaml").write_text(hard, encoding="utf-8")

    [warning] = load(folder).warnings
    assert (warning.line, warning.key) == (7, "items.glad.question")
    assert "LIX is 40" in warning.what
