import doctest
import html
import re

import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    PeopleDrawn,
    build_codebook,
    draw_study,
    evaluate,
    plan_of,
    report,
    write_drawn_study,
)
from processing.telling import figures, words

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture
def told(tmp_path):
    """A page about a drawn study."""

    def make(areas, people=None, *, language="da", name="drawn", registered=True, **options):
        codebook = build_codebook(
            make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026
        )
        columns = {s.name: s.columns for s in codebook.scales if s.name != "tryghed_t4"}
        model = KnownModel.simple(columns, loading=0.75, correlation=0.3)
        drawn = draw_study(model, areas, people, seed=1)
        study = write_drawn_study(drawn, codebook, tmp_path / "study", name)
        found = evaluate(study, plan_of(PLAN), registered=registered)
        return report(study, found, stylesheet="", language=language, **options), found

    return make


def plain(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_the_page_says_first_what_was_found_and_how_sure(told):
    page, found = told(AreasDrawn(24, [2] * 12, effects=[0.6]))
    row = found.effects.iloc[0]
    said = plain(page)
    assert "Oplevet tryghed ændrede sig" in said
    change = f"{row.estimate:.1f}".replace(".", ",")
    assert f"{change} point mere i de 12 områder med indsats end i de 12 uden" in said
    assert "planlagt på forhånd" in said
    assert "n, så det ikke" not in said
    # Every scale with its interval, those of problems told as turned.
    assert "Problemer i området, vendt" in said
    assert said.count("[") >= 2 * 3


def test_a_difference_that_may_be_none_is_not_told_as_one(told):
    page, found = told(AreasDrawn(24, [2] * 12, effects=[0.0]))
    row = found.effects.iloc[0]
    assert row.low < 0 < row.high
    assert "Det kan ikke afgøres for Oplevet tryghed" in plain(page)


def test_with_too_few_areas_there_is_a_figure_and_no_test(told):
    page, _ = told(AreasDrawn(8, [2] * 2))
    said = plain(page)
    assert "der er for få områder til at sige, hvor sikkert det er" in said
    assert "uden test" in said


def test_places_with_fewer_than_ten_answers_are_named_and_not_shown(told):
    page, found = told(AreasDrawn(12, [2] * 6, invited=22))
    means = found.measures.measures.means
    mine = means.query("level == 'afdeling' and wave == 2 and cohort == 'all'")
    few = mine[(mine.scale == "tryghed_t1") & (mine.n < 10)]
    assert 0 < len(few) < 12
    assert plain(page).count("Under ti svar. Vises ikke.") == len(few)
    drawing = page[page.index("på 12 steder") :]
    lines = dict(re.findall(r'<text x="0"[^>]*>([^<]+)</text>(.*?)(?=<text x="0"|</svg>)', drawing))
    assert {unit for unit, line in lines.items() if "strong" not in line} == set(few.unit)


def test_what_the_figures_do_not_show_stands_on_the_page(told):
    page, _ = told(
        AreasDrawn(24, [2] * 12),
        PeopleDrawn(paper=[0.1, 0.7], paper_effect=-0.5),
        registered=False,
    )
    said = plain(page)
    assert "Der er kun én bølge før indsatsen" in said
    assert "har endnu ikke bestået deres prøve" in said
    assert "Analyseplanen var ikke registreret" in said
    assert "Andelen på papir er flyttet +" in said


def test_scales_that_passed_are_not_called_unproven(told):
    every = ("tryghed_t1", "tryghed_t2", "tryghed_t3")
    page, _ = told(AreasDrawn(24, [2] * 12), validated=every)
    assert "har endnu ikke bestået" not in plain(page)


def test_a_studys_name_is_shown_and_never_run(told):
    page, _ = told(AreasDrawn(24, [2] * 12), name="<script>alert(1)</script>")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_told_in_english_and_in_no_language_without_words(told):
    page, _ = told(AreasDrawn(24, [2] * 12), language="en")
    assert '<html lang="en"' in page
    assert "Did the plans move what residents experience?" in plain(page)
    with pytest.raises(KeyError):
        words.words("xx")


def test_every_sentence_stands_in_both_languages_with_the_same_places():
    danish, english = (words.words(language) for language in words.LANGUAGES)
    assert set(danish) == set(english)
    for key in danish:
        places = [set(re.findall(r"{(\w+)}", t[key])) for t in (danish, english)]
        assert places[0] == places[1], key


def test_every_drawing_has_its_words(told):
    page, _ = told(AreasDrawn(24, [2] * 12))
    drawings = re.findall(r"<svg (?!viewBox)[^>]*>", page)
    assert len(drawings) == 3
    for drawing in drawings:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', drawing)


def test_lines_of_a_drawing_stand_at_round_figures():
    assert figures._ticks(-11.7, 12.2) == (-15.0, 15.0, 5.0)
    low, high, step = figures._ticks(48.0, 54.8)
    assert (low, high) == (48.0, 56.0)
    assert step == 2.0


def test_figures_are_written_as_the_language_writes_them():
    found = doctest.testmod(words)
    assert found.attempted
    assert found.failed == 0
    assert words.number(-0.04, "da", 1, signed=True) == "0,0"
