import doctest
import html
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from evaluations import with_few

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    PeopleDrawn,
    as_page,
    build_codebook,
    draw_study,
    evaluate,
    plan_of,
    report,
    report_document,
    small_cells,
    write_drawn_study,
)
from processing.telling import beside_figures, figures, forest_figures, place_figures, words
from processing.telling.document import Table
from processing.telling.effect_page import EffectPage
from processing.telling.report import lead

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A function that draws a study once for each truth, and evaluates it."""
    known = {}

    def make(areas, people=None, *, name="drawn", few=0):
        asked = repr((areas, people, name, few))
        if asked not in known:
            form = make_form(["tryghed", "background"], ["da", "ar"])
            codebook = build_codebook(form, wave_year=2026)
            columns = {s.name: s.columns for s in codebook.scales if s.name != "tryghed_t4"}
            model = KnownModel.simple(columns, loading=0.75, correlation=0.3)
            answers = draw_study(model, areas, people, seed=1)
            if few:
                answers = with_few(answers, few)
            folder = tmp_path_factory.mktemp("report") / "study"
            study = write_drawn_study(answers, codebook, folder, name)
            known[asked] = study, evaluate(study, plan_of(PLAN), registered=True)
        return known[asked]

    return make


@pytest.fixture(scope="module")
def told(drawn):
    """A page about a drawn study."""

    def make(areas, people=None, *, language="da", name="drawn", registered=True, few=0, **options):
        study, found = drawn(areas, people, name=name, few=few)
        if not registered:
            found = replace(
                found, registered=False, effects=found.effects.assign(kind="exploratory")
            )
        return report(study, found, stylesheet="", language=language, **options), found

    return make


def said_in(document):
    """All of a document, with any gap for a gap that no line ends in."""
    return str(document).replace("\\xa0", " ")


def plain(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_starts_left_out_and_methods_that_are_not_had_are_told_by_name(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    about = {
        "scale": "tryghed_t1",
        "cohort": "all",
        "start": 3.0,
        "areas": ("9000-003", "9000-004"),
    }
    left_out = pd.DataFrame(
        [
            about | {"waves": (3.0,), "whole": True, "why": "covariates"},
            about | {"waves": (4.0, 5.0), "whole": False, "why": "nobody"},
        ]
    )
    noted = found.inferences.assign(
        note=np.where(found.inferences.method.isin(["CR3", "randomisation"]), "not here", "")
    )
    told = replace(found, left_out=left_out, inferences=noted)
    said = plain(report(study, told, stylesheet="", language="da"))
    assert (
        "Områder, der begynder i bølge 3 (9000-003 og 9000-004), er ikke med: kovariaterne" in said
    )
    assert "er ikke med i bølge 4 og 5: intet område, der da var uden indsats" in said
    assert "den vilde bootstrap findes ikke for virkninger efter start" in said
    assert "Der er ikke trukket lod om starter, når planen nævner kovariater" in said
    assert said.count("findes ikke her") >= 2


def test_the_page_says_first_what_was_found_and_how_sure(told):
    page, found = told(AreasDrawn(24, [2] * 12, effects=[0.6]))
    row = found.effects.iloc[0]
    said = plain(page)
    change = f"{row.estimate:.1f}".replace(".", ",")
    found_first = f"Oplevet tryghed udviklede sig {change} point bedre i de 12 områder med indsats"
    assert f"{found_first} end i de 12 uden" in said
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
    assert "intet interval" in said
    assert "Ingen test er betroet: der er 2 områder med indsats og 6 uden" in said


def undrawn(page):
    """Units that are named and not drawn."""
    drawing = page[page.index("på 12 steder") :]
    lines = dict(re.findall(r'<text x="0"[^>]*>([^<]+)</text>(.*?)(?=<text x="0"|</svg>)', drawing))
    return {unit for unit, line in lines.items() if "strong" not in line}


def test_a_small_place_is_named_and_not_drawn_nor_is_what_would_tell_it(told, drawn):
    areas = AreasDrawn(12, [2] * 6)
    page, found = told(areas, few=4)
    means = found.measures.measures.means
    mine = means.query("level == 'afdeling' and wave == 2 and cohort == 'all'")
    mine = mine[mine.scale == "tryghed_t1"]
    assert (mine.n < 10).sum() == 1
    # The whole less eleven places would be the twelfth: another one is hidden with it.
    hidden = undrawn(page)
    assert {"9000-000"} < hidden
    # In the drawing, in that for a phone, and in the table.
    assert plain(page).count("Vises ikke.") == 3 * len(hidden)
    # What the others are drawn towards does not know the hidden ones.
    study, _ = drawn(areas, few=4)
    moved = means.assign(mean=means["mean"].where(~means.unit.isin(hidden), 90.0))
    other = replace(found.measures, measures=replace(found.measures.measures, means=moved))
    cells = small_cells(study, found.measures)
    again = as_page(report_document(study, replace(found, measures=other), cells=cells), "")
    assert re.findall(r"reserve strong end[^<]*", again) == re.findall(
        r"reserve strong end[^<]*", page
    )


def test_lines_of_development_are_drawn_of_areas_that_may_be_shown(told):
    page, found = told(AreasDrawn(12, [2] * 6), few=4)
    shown = 12 - len(undrawn(page))
    areas = re.search(
        r"Malet firkant: (\d+) områder med indsats. Hul ring: (\d+) uden", plain(page)
    )
    assert sum(map(int, areas.groups())) <= shown
    # The mean of all areas of an arm would, less those shown, be that of the hidden ones.
    arms = {
        f"{mean:.1f}".replace(".", ",")
        for mean in found.trends.query("scale == 'tryghed_t1' and wave == 2")["mean"]
    }
    drawing = re.search(r"Med indsats: ([\d, ]+). Uden: ([\d, ]+).", page)
    assert arms & {one.split(", ")[-1] for one in drawing.groups()} != arms


def test_the_lead_decides_by_what_is_left_after_holm(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    plan = replace(found.plan, primary=("tryghed_t1", "tryghed_t3"))
    row = found.effects.iloc[0].to_dict()
    # Each by itself leaves zero out; two of them together do not.
    row |= {"estimate": 3.0, "standard_error": 1.4, "df": 22.0, "low": 0.1, "high": 5.9}
    row |= {"p": 0.043, "p_adjusted": 0.086, "primary": True}
    two = pd.DataFrame([row, row | {"scale": "tryghed_t3"}])
    page = EffectPage(
        study, found.measures, "da", small_cells(study, found.measures),
        replace(found, effects=two, plan=plan), frozenset(),
    )  # fmt: skip
    said = lead(page)
    assert said.count("Det kan ikke afgøres for") == 2
    assert "usikkerheden går fra −0,4 til 6,4 point (p 0,086)" in said
    assert "De 2 hovedmål er korrigeret efter Holm" in said
    # Randomisation has no standard error to widen an interval by, and does not say that it did.
    alone = replace(page.found, effects=two.assign(standard_error=math.nan))
    said = lead(replace(page, found=alone))
    assert "usikkerheden går fra 0,1 til 5,9 point (p 0,086)" in said
    assert "intervallerne er for hvert mål alene" in said
    single = SimpleNamespace(**row | {"p_adjusted": 0.043})
    assert page.adjusted(single) == (0.1, 5.9)
    # The interval says at every level what the adjusted p says.
    edge = SimpleNamespace(**row | {"p": 2 * 0.019, "p_adjusted": 0.05})
    low, _ = page.adjusted(edge)
    assert abs(low) < 0.2


def test_the_report_tells_what_is_trusted_why_and_what_it_could_have_found(told):
    page, found = told(AreasDrawn(24, [2] * 12, effects=[0.6]))
    said = plain(page)
    row = found.effects.iloc[0]
    assert "CR2 er betroet: der er 12 områder med indsats og 12 uden, og 22,0 frihedsgrader" in said
    assert "vild bootstrap (Webb)" in said
    smallest = row.standard_error * (2.0739 + 0.8583)
    assert f"{smallest:.1f}".replace(".", ",") in said
    # An interval that lies beyond the margin says more than that the effect may be that large.
    assert row.equivalence_low > 2
    assert "over 2,0 point" in said
    assert "blivende" in said
    # With one wave before the start a violation is told in points, in words and drawn.
    breakdown = f"{row.breakdown:.1f}".replace(".", ",")
    assert f"korrektion for flere mål, så længe det er under {breakdown} point" in said
    assert f"op til {breakdown} point" in said
    others = len(found.effects.query("cohort == 'all'")) - 1
    # One primary measure has nothing to be adjusted for, and nothing else was planned.
    assert "Der er ét hovedmål, og det er ikke korrigeret. " in said
    assert re.search(r"95\s%-interval \[[^]]*\], for målet alene", said)
    assert f"{others} øvrige er korrigeret efter Benjamini og Hochberg" in said
    plan = f"efter analyseplan {found.plan.hash[:12]}, registreret, før data fra bølge 2 med indsats blev frosset"
    assert said.count(plan) == page.count('class="number">Planlagt</th>') + 1
    assert found.plan.hash in said


def test_plans_that_start_apart_are_told_by_exposure_and_by_trends_before(drawn):
    days = ("2020-05-01", "2022-05-01", "2024-05-01", "2026-05-01")
    study, found = drawn(AreasDrawn(26, [3] * 9 + [4] * 8, days=days, effects=[0.5]))
    said = said_in(report_document(study, found))
    assert "Indsatsen begynder i bølge 3 i 9 områder og 4 i 8 områder; før den" in said
    assert "første bølge med indsats" in said
    assert "1 bølge efter den første" in said
    assert re.search(r"1 bølge efter den første \(\d\sår\)", said)
    assert "2 bølger før" in said
    assert "× den største forskel før" in said
    assert "er det for Oplevet tryghed prøvet, om områderne fulgtes ad: p" in said
    # Of too few areas nothing is tested, and it is not told as if there had been nothing to test.
    nothing = found.effects.assign(pretest=math.nan)
    few = replace(found, effects=nothing, parted=found.parted.iloc[:0])
    said = str(report_document(study, few))
    assert "Der er flere bølger før indsatsen, men for få områder til at prøve" in said
    assert "Der er for få områder til at måle, hvor meget de ellers" in said
    assert "kun én bølge før" not in said


def test_an_end_that_the_search_did_not_reach_is_told_as_open(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    page = EffectPage(
        study, found.measures, "da", small_cells(study, found.measures), found, frozenset()
    )
    assert page.bounds(-math.inf, 3.0) == "[−∞; 3,0]"
    row = forest_figures.Estimate("a", 1.0, -math.inf, 3.0, True, "")
    assert "nan" not in forest_figures.forest([row], "words", str)
    assert forest_figures.forest([row], "words", str).count("L") == 2


def test_where_no_difference_between_places_is_found_that_is_told(drawn):
    study, found = drawn(AreasDrawn(12, [2] * 6))
    means = found.measures.measures.means.assign(reliability=0.0)
    alike = replace(found.measures, measures=replace(found.measures.measures, means=means))
    said = str(report_document(study, replace(found, measures=alike)))
    assert "Mellem stederne er der ikke fundet anden forskel" in said
    assert "Mellem stederne er der ikke fundet" not in str(report_document(study, found))


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
    assert (
        "var ikke registreret, før data fra bølge 2 med indsats blev frosset; alt er eksplorativt"
        in said
    )
    assert "er andelen på papir flyttet +" in said


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
        # A language may need the number for a plural where another does not.
        assert places[0] - {"n"} == places[1] - {"n"}, key


def test_every_drawing_has_its_words(told):
    page, _ = told(AreasDrawn(24, [2] * 12))
    drawings = re.findall(r"<svg (?!viewBox)[^>]*>", page)
    # Effects, stayers, development and places for wide and narrow pages; sensitivity where there is any.
    assert len(drawings) in {8, 10}
    for drawing in drawings:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', drawing)


def test_lines_of_a_drawing_stand_at_round_figures():
    assert figures.ticks(-11.7, 12.2) == (-15.0, 15.0, 5.0)
    low, high, step = figures.ticks(48.0, 54.8)
    assert (low, high) == (48.0, 56.0)
    assert step == 2.0


def test_figures_are_written_as_the_language_writes_them():
    found = doctest.testmod(words)
    assert found.attempted
    assert found.failed == 0
    assert words.number(-0.04, "da", 1, signed=True) == "0,0"
    one, two = (words.sentence("en", "limit_silent", areas=areas) for areas in (1, 2))
    assert one.startswith("1 area tells nothing of a change, for it is in one wave only")
    assert two.startswith("2 areas tell nothing of a change, for they are in one wave only")
    alone, many = (
        words.sentence("da", "area_changed_none", year=2024, count=count) for count in (1, 3)
    )
    assert alone.startswith("Siden 2024 er tallet ikke ændret så meget")
    assert many.startswith("Siden 2024 er ingen af de 3 tal ændret så meget")


def test_the_last_of_a_list_has_its_and(told):
    three = ["Oplevet tryghed", "Naboskab og fællesskab", "Problemer, vendt"]
    assert words.listed(["a", "b"], "da") == "a og b"
    assert words.listed([], "en") == ""
    assert words.listed(three, "da") == "; ".join(three[:2]) + "; og Problemer, vendt"
    page, _ = told(AreasDrawn(24, [2] * 12), language="en")
    assert "drawn. Waves 1 and 2." in plain(page)


def test_no_drawing_is_wider_than_its_column(told):
    page, _ = told(AreasDrawn(24, [2] * 12), language="en")
    wide, narrow = (
        [int(width) for width in re.findall(rf'<div class="{kind}"><svg width="(\d+)"', page)]
        for kind in ("wide", "narrow")
    )
    assert len(wide) == len(narrow)
    assert max(wide) <= figures.WIDE
    assert max(narrow) <= figures.NARROW


def test_a_long_label_takes_two_lines_and_loses_no_word_that_has_room():
    long = "planer, der har løbet i under et år"
    assert figures.wrapped(long) == ["planer, der har løbet i under", "et år"]
    row = forest_figures.Estimate(long, 1.0, 0.0, 2.0, True, "[0; 2]", "+1")
    for drawing in forest_figures.forests([row, row], "words", str):
        assert "under et år" in " ".join(re.findall(r">([^<]+)<", drawing))
        assert "…" not in drawing


def test_labels_of_several_lines_do_not_run_into_each_other():
    long = "første bølge med indsats (planer, der har løbet i mindre end et år)"
    assert len(figures.wrapped(long)) == 3
    places, end = figures.middles(
        [long, "1 bølge efter den første (2\N{NO-BREAK SPACE}år)", "kort"]
    )
    lines = [
        float(y)
        for label, place in zip([long, "a b", "kort"], places, strict=True)
        for part in figures.label_at(label, place)
        for y in re.findall(r'y="([\d.]+)"', part)
    ]
    assert min(np.diff(lines)) >= figures.SENTENCE
    assert lines[-1] < end
    # Words that belong together stay on a line.
    assert (
        figures.wrapped("1 bølge efter den første (2\N{NO-BREAK SPACE}år)")[1]
        == "(2\N{NO-BREAK SPACE}år)"
    )


def test_on_a_phone_a_place_has_all_that_its_note_speaks_of():
    rows = [
        place_figures.Place(f"Boligområde {n}", True, (50.0, 40.0, 60.0), (52.0, 47.0, 57.0), "67", "0,42", True)
        for n in (1, 2)
    ]  # fmt: skip
    words_of = place_figures.PlaceWords("said", str, str, "few", "all", ("estimated", "n", "λ"))
    narrow = place_figures.places(rows, 51.0, words_of)[1]
    assert narrow.count(">n 67<") == narrow.count('class="reserve strong" dx="8">λ 0,42<') == 2
    beside = beside_figures.Beside("Oplevet tryghed", (61, 55, 67), 58.0, "61", "67 svar")
    assert ">67 svar<" in beside_figures.besides([beside], "said", str)[1]


def test_a_primary_measure_without_an_effect_is_named(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    plan = replace(found.plan, primary=("tryghed_t1", "tryghed_t4"))
    without = found.effects[found.effects.scale != "tryghed_t4"]
    told = report_document(study, replace(found, plan=plan, effects=without))
    assert "Om Fælles handlekraft kan intet siges" in told.lead
    assert "De 2 hovedmål er korrigeret efter Holm" in told.lead


def test_a_shift_of_modes_is_told_of_the_waves_of_its_change(drawn):
    days = ("2022-05-01", "2024-05-01", "2026-05-01")
    areas = AreasDrawn(12, [3] * 6, days=days)
    study, found = drawn(areas, PeopleDrawn(paper=[0.0, 0.3, 0.8]))
    said = str(report_document(study, found))
    composition = found.measures.measures.composition.query("level == 'study' and mode == 'paper'")
    share = composition.set_index("wave")["share"]
    assert (
        f"Fra bølge 2 til 3 er andelen på papir flyttet +{100 * (share[3] - share[2]):.0f}" in said
    )
    assert "er ændringen af Oplevet tryghed" in said
    # Where nothing is different that is what is said; where it cannot be counted, that.
    measures = found.measures.measures
    for held, told in (
        (measures.changes["change"], "Det gør ingen forskel for ændringen af Oplevet tryghed"),
        (math.nan, "kan komme af, at der er svaret på en anden måde end før"),
    ):
        changes = measures.changes.assign(change_at_first_mix=held)
        whole = replace(found.measures, measures=replace(measures, changes=changes))
        said = said_in(report_document(study, replace(found, measures=whole)))
        # Beside the development, and among what figures do not show.
        assert said.count(told) == 2
        assert "i stedet for" not in said.split("Fra bølge 2 til 3")[1]
    still, seen = drawn(areas, PeopleDrawn(paper=[0.0]))
    assert "andelen på papir" not in str(report_document(still, seen))


def test_where_waves_are_not_to_be_compared_the_report_says_so(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    told = str(report_document(study, found, incomparable=["tryghed_t1", "tryghed_t3"]))
    # A name with a comma in it is parted from the next by a semicolon.
    assert "gennemsnit af Oplevet tryghed; og Problemer i området, vendt ikke sammenlignes" in told
    assert "ikke sammenlignes over bølger" not in str(report_document(study, found))


def test_trusted_tests_stand_first_and_the_others_are_folded(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    tables = [
        block
        for section in report_document(study, found).sections
        if section.heading == "Hvilken test er betroet, og hvorfor?"
        for block in section.blocks
        if isinstance(block, Table)
    ]
    assert [row[0] for row in tables[0].rows] == ["Oplevet tryghed: CR2"]
    assert tables[1].folded
    assert len(tables[1].rows) > 4
    assert "inferens: den, der kan betros" in str(report_document(study, found))


def test_waves_and_years_that_are_one_effect_are_told_once(drawn):
    study, found = drawn(AreasDrawn(24, [2] * 12, effects=[0.6]))
    said = said_in(report_document(study, found))
    assert "første bølge med indsats (under et år)" in said
    # What would be held apart by nothing is called so.
    assert "op til 0,0 point" not in said
