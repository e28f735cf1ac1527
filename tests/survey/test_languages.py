"""What the product says, in every language it has, and where it has to fall back on Danish."""

import datetime as dt
from pathlib import Path

import pytest

from survey.languages import TRANSLATIONS, Languages, TranslationError, unreviewed

FIXTURES = Path(__file__).parents[1] / "given" / "translations"
DANISH = """
language: da
name: Dansk
review: none
messages:
  hello: "Hej, {name}"
  pages: {one: én side, other: "{n} sider"}
  only: Kun dansk
"""


@pytest.fixture(scope="module")
def languages():
    return Languages(TRANSLATIONS, FIXTURES)


@pytest.fixture
def written(tmp_path):
    """A function that writes translation files beside a small Danish one."""

    def write(**files):
        for code, content in {"da": DANISH, **files}.items():
            (tmp_path / f"{code}.yaml").write_text(content, encoding="utf-8")
        return tmp_path

    return write


def other(messages, language="en"):
    return f"language: {language}\nname: English\nreview: none\nmessages:\n{messages}"


def test_danish_stands_first(languages):
    assert next(iter(languages)).code == "da"


def test_what_is_put_in_is_escaped(written):
    t = Languages(written()).words("da")
    assert t("hello", name="<b>") == "Hej, &lt;b&gt;"
    assert t.plain("hello", name="<b>") == "Hej, <b>"


def test_what_is_put_in_stands_apart_where_the_text_runs_from_right_to_left(written):
    persian = other("  hello: 'سلام {name}'\n  pages: {other: 'صفحهٔ {n}'}", "fa")
    t = Languages(written(fa=persian)).words("fa")
    assert t("hello", name="12 34") == "سلام <bdi>12 34</bdi>"
    assert t("pages", n=2) == "صفحهٔ 2"
    assert t.plain("hello", name="12 34") == "سلام 12 34"
    assert t("only") == '<span lang="da" dir="ltr">Kun dansk</span>'


def test_plurals_follow_the_language(written):
    polish = other("  pages: {one: strona, few: '{n} strony', many: '{n} stron', other: x}", "pl")
    t = Languages(written(pl=polish)).words("pl")
    assert [t.plain("pages", n=n) for n in (1, 3, 5)] == ["strona", "3 strony", "5 stron"]


def test_a_missing_message_falls_back_to_danish_and_is_marked(written):
    languages = Languages(written(en=other("  hello: 'Hello, {name}'")))
    t = languages.words("en")
    assert t("only") == '<span lang="da" dir="ltr">Kun dansk</span>'
    assert t.plain("only") == "Kun dansk"
    assert languages.missing("en") == ["pages", "only"]


def test_what_staff_read_stands_in_a_file_of_its_own_and_need_not_be_translated(written):
    folder = written(en=other("  hello: 'Hello, {name}'\n  pages: {other: '{n}'}\n  only: x"))
    (folder / "desk.da.yaml").write_text("messages:\n  desk: Bord", encoding="utf-8")
    languages = Languages(folder)
    assert languages.missing("en") == []
    assert languages.words("en").plain("desk") == "Bord"


def test_an_unknown_key_is_an_error(written):
    with pytest.raises(KeyError):
        Languages(written()).words("da")("nonsense")


def test_a_language_that_only_a_questionnaire_has_says_all_in_danish(languages):
    t = languages.words("ps")
    assert t.language.direction == "rtl"
    assert t.language.name == "پښتو"
    assert 'lang="da"' in t("page.next")


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [(["en-GB", "da"], "en"), (["xx", "ar-EG"], "ar"), (["fr"], "da"), ([], "da")],
)
def test_the_browser_is_asked_for_its_languages(languages, accepted, expected):
    assert languages.best(accepted) == expected


def test_dates_and_numbers_are_written_as_the_language_writes_them(languages):
    day = dt.date(2026, 12, 13)
    assert languages.words("da").date(day) == "søndag den 13. december 2026"
    assert languages.words("en").date(day) == "Sunday, December 13, 2026"
    assert languages.words("da").number(1234) == "1.234"


def test_all_problems_of_all_files_are_told_at_once(written):
    folder = written(
        en=other("  hello: 'Hello, {nmae}'\n  nonsense: x\n  pages: {one: x, many_: y}")
    )
    with pytest.raises(TranslationError) as told:
        Languages(folder)
    assert str(told.value).splitlines() == [
        "en.yaml, hello: must put in the same places as Danish: name.",
        "en.yaml, nonsense: Danish has no such message. Remove it, or correct its key.",
        "en.yaml, pages: no plural form is called many_.",
        "en.yaml, pages: the plural form `other` is missing.",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("language: en\nname: English", "en.yaml: lacks messages, review."),
        (other("  hello: x", language="fr"), "en.yaml: says it is 'fr'"),
    ],
)
def test_a_file_that_is_not_a_translation_is_refused(written, content, words):
    with pytest.raises(TranslationError, match=words):
        Languages(written(en=content))


def test_without_danish_there_is_nothing_to_fall_back_on(tmp_path):
    with pytest.raises(TranslationError, match=r"da\.yaml is missing"):
        Languages(tmp_path)


def test_words_are_unreviewed_until_their_file_says_who_read_them(written):
    read_by_ann = other("  hello: Hi\n").replace("review: none", "review: Ann, 2026-11-20")
    assert unreviewed(written(en=read_by_ann)) == {"da"}
