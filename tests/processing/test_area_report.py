"""The report for one area, and both reports on paper."""

import html
import io
import math
import re

import numpy as np
import pandas as pd
import pytest
from evaluations import draw, with_few
from inspection import inspect
from pypdf import PdfReader

from instruments import MOST_LIX, NOT_ASKED, lix
from processing import (
    AreasDrawn,
    PeopleDrawn,
    StatisticsError,
    area_report_document,
    area_results,
    as_page,
    as_pdf,
    evaluate,
    place_results,
    plan_of,
    report_document,
    study_measures,
    write_drawn_study,
)
from processing.datasets.paradata import MODES
from processing.telling.document import Table
from processing.telling.how_asked import how_asked
from processing.telling.mode_shift import ModeShift, mode_shift
from survey.commands.report import FONTS

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A study of twelve areas, four answers in the first; with what may be told of them."""
    _, codebook, drawn = draw(
        AreasDrawn(12, [2] * 6, effects=[0.9]),
        PeopleDrawn(),
        names=["Lille", '<b>"&Kornblomsten'] + ["Birkehegn"] * 3,
        questionnaires=("tryghed", "background"),
        languages=("da", "ar"),
    )
    study = write_drawn_study(
        with_few(drawn, 4), codebook, tmp_path_factory.mktemp("area"), "bopuls"
    )
    found = study_measures(study)
    return study, found, area_results(study, found, ["tryghed_t1_out_dark"])


@pytest.fixture(scope="module")
def document(drawn):
    study, _, table = drawn
    return area_report_document(study, table, "afdeling", "9000-001", command="beboerpuls report")


def about_its_point(estimate, low, high):
    """A figure as it is told: whole, in the middle of an interval that holds all of its own."""
    point = round(estimate)
    reach = max(math.ceil(point - low), math.ceil(high - point))
    return point, max(point - reach, 0), min(point + reach, 100)


def study_asked(wave):
    """How many columns of codes hold an answer, or why there is none, of anybody."""
    whole = wave.responses([one.name for one in wave.codebook.items if one.type == "int16"])
    return int((whole != NOT_ASKED).any().sum())


def plain(document):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", as_page(document, ""))).split())


def test_the_report_tells_what_was_asked_of_whom_and_what_that_does_not_show(document, drawn):
    said = plain(document)
    table = drawn[2]
    mine = table[(table.unit == "9000-001") & (table.wave == 2)]
    answered = mine[mine.measure == "answered"].iloc[0]
    assert f"{answered.n:.0f} af 60 inviterede har svaret" in said
    asked = study_asked(drawn[0].waves[-1])
    assert (
        f"Der blev spurgt om tryghed, med {asked} spørgsmål i alt. Man kunne svare på dansk og arabisk."
        in said
    )
    assert (
        "voksne fik en invitation, og man kunne lade være at svare. Der kom svar på nettet og på papir."
        in said
    )
    assert "Problemer i området (højt: lidt af det)" in said
    assert "Siden 2024" in said
    assert "Tallene siger ikke, hvorfor noget har ændret sig" in said
    assert "Steder er ikke stillet op efter tal" in said
    mean = mine[(mine.measure == "mean") & (mine.name == "tryghed_t1")].iloc[0]
    # The interval is of who lives there now, and says what that rests on.
    assert mean.here_high - mean.here_low < mean.high - mean.low
    point, low, high = about_its_point(mean.estimate, mean.here_low, mean.here_high)
    assert f"{point} [{low}; {high}]" in said
    assert "svarede resten som dem, vi hørte fra" in said
    assert re.search(r"har svaret\. Alle steder: \d+ \[\d+; \d+\]\.", said)
    share = mine[mine.measure == "share"].iloc[0]
    assert (
        f"Ude i mørke: {share.estimate:.0f} ud af 100 svarede »Ret tryg« eller »Meget tryg«" in said
    )


def test_a_change_is_named_only_where_all_changes_together_leave_chance_out(drawn):
    study, _, table = drawn
    table = table.copy()
    mine = (table.unit == "9000-001") & (table.measure == "change")
    table.loc[mine, ["estimate", "low", "high", "p", "hidden"]] = [2.0, -3.0, 7.0, 0.4, 0]
    first = mine & (table.name == "tryghed_t1")
    table.loc[first, ["estimate", "low", "high", "p"]] = [5.0, 0.1, 9.9, 0.045]
    said = plain(area_report_document(study, table, "afdeling", "9000-001", confidence=0.9))
    assert "er ingen af de 4 tal ændret så meget" in said
    assert "90 %-interval" in said
    assert "i 90 ud af 100" in said
    table.loc[first, ["estimate", "low", "high", "p"]] = [9.0, 4.0, 14.0, 0.0005]
    said = plain(area_report_document(study, table, "afdeling", "9000-001"))
    assert "er dette tal ændret: Oplevet tryghed (+9)" in said


def test_the_p_of_a_change_is_that_of_the_measures_and_nothing_hidden_has_one(drawn):
    _, found, table = drawn
    changes = table[(table.measure == "change") & (table.hidden == 0)]
    keys = ["scale", "level", "unit", "wave_1", "wave_2"]
    known = found.measures.changes.query("cohort == 'all'").set_index(keys)["p"]
    at = changes.rename(columns={"name": "scale", "wave_before": "wave_1", "wave": "wave_2"})
    assert len(at)
    assert at["p"].tolist() == known.loc[list(at[keys].itertuples(index=False, name=None))].tolist()
    assert table.loc[table.hidden == 1, "p"].isna().all()
    one = at[at.level == "afdeling"].iloc[0]
    told = place_results(table, "afdeling", one.unit, 2)
    assert {f.name: f.moved.p for f in told.figures if f.moved}[one.scale] == one.p
    # A table that was counted before it told p calls no change sure.
    bare = place_results(table.drop(columns="p"), "afdeling", one.unit, 2)
    assert not any(figure.moved.surely for figure in bare.figures if figure.moved)


def test_no_drawing_tells_finer_than_the_words_do(drawn):
    """Of two reports, one before and one after a withdrawal, decimals would tell an answer."""
    study, _, table = drawn
    whole = table.copy()
    points = table.measure.isin(["mean", "change"]) & table.estimate.notna()
    for ends in (["low", "high"], ["here_low", "here_high"]):
        about = table["estimate"].round()
        reach = np.ceil(np.maximum(about - table[ends[0]], table[ends[1]] - about))
        whole.loc[points, ends[0]] = (about - reach)[points]
        whole.loc[points, ends[1]] = (about + reach)[points]
    whole.loc[points, "estimate"] = table["estimate"].round()[points]
    assert not whole.equals(table)
    one, other = (
        as_page(area_report_document(study, made, "afdeling", "9000-001"), "")
        for made in (table, whole)
    )
    assert one == other


def test_scales_are_called_new_until_all_that_are_shown_are_validated(document, drawn):
    study, _, table = drawn
    assert "ikke prøvet helt af endnu" in plain(document)
    every = [scale.name for scale in study.codebook.scales]
    said = plain(area_report_document(study, table, "afdeling", "9000-001", validated=every))
    assert "ikke prøvet helt af endnu" not in said


def test_its_sentences_are_easy_to_read(document):
    told = [document.lead]
    for section in document.sections[:-1]:
        for block in section.blocks:
            told += [getattr(block, "text", ""), *getattr(block, "lines", [])]
    sentences = [one for one in told if one.endswith((".", ":"))]
    assert len(sentences) > 10
    # Names of scales and languages are what they are; the whole is as easy as a question must be.
    assert lix(" ".join(sentences)) <= MOST_LIX


def test_the_page_is_sound_and_a_hostile_name_is_only_a_name(document):
    page = as_page(document, "")
    # It is a file by itself, and no page of ours.
    assert [one for one in inspect(page) if "<style>" not in one] == []
    assert "<b>" not in page
    assert page.count("&lt;b&gt;") >= 2


def test_a_place_that_may_not_be_shown_has_no_report(drawn):
    study, _, table = drawn
    for unit in ("9000-000", "9000-099"):
        with pytest.raises(StatisticsError, match="nothing of it may be told"):
            area_report_document(study, table, "afdeling", unit)


def test_a_plan_is_called_by_its_name(drawn):
    study, _, table = drawn
    assert "Sådan har beboerne svaret: Helhedsplan " in plain(
        area_report_document(study, table, "plan", "plan")
    )


def test_a_way_of_answering_that_hardly_anybody_took_is_not_named(drawn):
    wave = drawn[0].waves[-1]
    papers = int((wave.responses(["mode"])["mode"] == MODES["paper"]).sum())
    assert how_asked(wave, papers).modes == ("web", "paper")
    assert how_asked(wave, papers + 1).modes == ("web",)


def test_the_first_wave_alone_has_no_change(drawn):
    study, _, table = drawn
    said = plain(area_report_document(study, table, "afdeling", "9000-001", wave=1, language="en"))
    assert "since last time" not in said
    assert "How things stand" in said


def read_back(pdf):
    reader = PdfReader(io.BytesIO(pdf))
    return reader, " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def alternatives(reader):
    """The words of every drawing, from the tags."""
    found, waiting = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node:
                waiting.append(node["/K"])
    return found


def test_the_areas_report_on_paper_is_tagged_and_says_the_same(document):
    reader, said = read_back(as_pdf(document, FONTS))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("da")
    assert document.title == reader.metadata.title
    assert document.lead in said
    for section in document.sections:
        assert section.heading in said
    assert len(alternatives(reader)) == 2
    assert len(reader.pages) == 2
    assert all("Oplevet tryghed" in words for words in alternatives(reader))


def test_the_researchers_report_on_paper_has_words_for_every_drawing(drawn):
    study, _, _ = drawn
    found = evaluate(study, plan_of(PLAN), registered=True)
    document = report_document(study, found, language="en")
    reader, said = read_back(as_pdf(document, FONTS))
    assert document.heading in said
    # Effects, exposure, stayers, sensitivity, development, places.
    assert len(alternatives(reader)) == 6
    assert "What these figures do not show" in said or "not show" in said


def test_what_the_evidence_warns_to_compare_is_told_and_how_rounding_shows(drawn):
    study, _, table = drawn
    document = area_report_document(
        study, table, "afdeling", "9000-001", incomparable=["tryghed_t1"]
    )
    said = plain(document)
    warning = re.search(r"Svar på spørgsmålene om Oplevet tryghed hang ikke ens.*? den er\.", said)
    assert lix(warning[0]) <= MOST_LIX
    english = area_report_document(study, table, "afdeling", "9000-001", language="en")
    assert "Questions were about safety" in plain(english)
    cells = next(
        block.rows
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table) and "Før" in block.head
    )
    apart = any(
        int(now) - int(was) != int(moved.replace("−", "-")) for _, was, now, moved, *_ in cells
    )
    assert ("Tallene er afrundet hver for sig" in said) == apart


def test_where_people_answered_in_another_way_that_stands_beside_the_change(tmp_path):
    _, codebook, made = draw(
        AreasDrawn(4, [2] * 2, days=("2024-05-01", "2026-05-01")),
        PeopleDrawn(paper=[1.0, 0.0]),
        questionnaires=("tryghed", "background"),
        languages=("da",),
    )
    study = write_drawn_study(made, codebook, tmp_path / "shift", "bopuls")
    table = area_results(study, study_measures(study))
    mine = (table.unit == "9000-001") & (table.measure == "change") & (table.hidden == 0)
    moved = ["estimate", "low", "high", "p"]
    table.loc[mine, moved] = [13.2, 1.3, 25.1, 0.0005]
    said = plain(area_report_document(study, table, "afdeling", "9000-001"))
    assert "svarede 100 % på papir i 2024 og 0 % i 2026. Ændringen kan komme af det." in said
    limits = said.split("Hvad tallene ikke viser")[1]
    assert "Folk har svaret på en anden måde end sidst" in limits
    notes = [
        re.search(r"Læg mærke til.*? af det\.", said)[0],
        re.search(r"Folk har svaret .*? anderledes\.", said)[0],
        re.search(r"Tallene er afrundet, .*? til 0\.", said)[0],
    ]
    assert lix(" ".join(notes)) <= MOST_LIX
    # An interval that rounding has brought to zero is told why.
    assert "Derfor kan en sikker ændring have et interval, der når til 0" in said
    table.loc[mine, moved] = [13.2, 9.3, 17.1, 0.0005]
    english = plain(area_report_document(study, table, "afdeling", "9000-001", language="en"))
    assert "100% answered on paper in 2024 and 0% in 2026" in english
    assert "interval that reaches 0" not in english


def test_how_many_took_a_way_that_hardly_anybody_took_is_not_told():
    def wave(papers):
        return pd.Series([MODES["paper"]] * papers + [MODES["web"]] * (50 - papers))

    assert mode_shift(wave(46), wave(0), 5) == ModeShift("paper", None, None)
    assert mode_shift(wave(45), wave(4), 5) == ModeShift("paper", None, None)
    assert mode_shift(wave(45), wave(5), 5) == ModeShift("paper", 90, 10)
    assert mode_shift(wave(50), wave(0), 5) == ModeShift("paper", 100, 0)
    assert mode_shift(wave(12), wave(8), 5) is None
