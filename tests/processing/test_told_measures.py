"""How measures are told: counts apart from points, what is hidden as hidden, and in one language."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    area_report_document,
    area_results,
    build_codebook,
    draw_study,
    evaluate,
    feed,
    measures_document,
    plan_of,
    report_document,
    small_cells,
    study_measures,
    write_drawn_study,
)
from processing.measuring.weighting import Weighting
from processing.telling.document import Figure, Points, Table
from processing.telling.measured_blocks import Measured
from processing.telling.place_blocks import place_by_place
from processing.telling.weights_told import weights_told

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\nmargin: 5\n"
COUNTED = "tryghed_t2"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Its scale T2 counts: four things that hold, as if each were answered with yes or no."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    scales = tuple(
        replace(one, score="count", headline_reversed=False) if one.name == COUNTED else one
        for one in codebook.scales
        if one.id in {"t1", "t2"}
    )
    codebook = replace(codebook, scales=scales)
    model = KnownModel.simple({one.name: one.columns for one in scales}, loading=0.75)
    drawn = draw_study(model, AreasDrawn(12, [2] * 6, effects=[0.5]), seed=1)
    return write_drawn_study(drawn, codebook, tmp_path_factory.mktemp("counting") / "study", "s")


@pytest.fixture(scope="module")
def found(study):
    return evaluate(study, plan_of(PLAN), registered=True)


@pytest.fixture(scope="module")
def most(study):
    return len(study.codebook.scale(COUNTED).columns)


def blocks(document, kind):
    return [one for section in document.sections for one in section.blocks if isinstance(one, kind)]


def test_the_report_draws_counts_apart_and_takes_their_part_of_the_margin(study, found, most):
    document = report_document(study, found, language="en")
    assert "unless another range is given" in document.where
    points, counts = [one for one in blocks(document, Figure) if "Extra change" in one.caption][:2]
    assert points.caption.endswith("points")
    assert "(count" not in points.svg
    assert counts.caption.endswith("count")
    assert f"(count, 0–{most})" in counts.svg
    row = found.effects.set_index(["scale", "cohort"]).loc[(COUNTED, "all")]
    share = 5 * most / 100
    within = -share < row["equivalence_low"] and row["equivalence_high"] < share
    assert row["equivalent"] == within
    power = next(one for one in blocks(document, Table) if one.head[1] == "Smallest effect")
    told = {cells[0]: cells[3] for cells in power.rows}
    assert f"{share:.2f}" in told[f"{_label(study)} (count, 0–{most})"]


def test_a_page_of_measures_tells_a_count_of_as_many_as_there_are(study, found, most):
    document = measures_document(study, found.measures, COUNTED, language="en")
    assert f"from 0 to {most}" in document.where
    assert "0–100" not in str(document)
    assert re.search(rf"the figure is \d\.\d\d of {most} for all", document.lead)
    assert "point" not in document.lead
    assert [one.name for one in document.key_figures] == ["Mean", "Change"]


def test_shares_of_a_count_are_beyond_the_same_part_of_its_range(study, found, most):
    means = found.measures.measures.means
    row = means[(means["scale"] == COUNTED) & (means["level"] == "study")].iloc[0]
    # Above 60 of 100 nobody could be who counts a few things; above 60 % of them some are.
    assert 0 < row["share_above"] < 1
    assert 0 < row["share_below"] < 1
    assert row["mean"] < most


def test_the_feed_names_every_scales_highest_score(study, found, most):
    told = feed(study, found.measures, found).groupby("scale")["highest_score"].unique()
    assert {name: [*scores] for name, scores in told.items()} == {
        "tryghed_t1": [100.0], COUNTED: [float(most)],
    }  # fmt: skip


def test_an_areas_report_keeps_a_count_out_of_what_goes_to_a_hundred(study, most):
    table = area_results(study, study_measures(study))
    document = area_report_document(study, table, "afdeling", "9000-001", language="en")
    assert not any(_label(study) in one.svg for one in blocks(document, Figure))
    said = [line for one in blocks(document, Points) for line in one.lines]
    assert any(re.match(rf"{_label(study)}: \d\.\d of {most} on average", line) for line in said)


def test_a_wave_that_is_not_shown_is_not_told_as_one_that_is_not_there(study, found):
    cells = small_cells(study, found.measures)
    less = replace(cells, shown=cells.shown - {("tryghed_t1", "study", "study", "all", 1)})
    said = str(measures_document(study, found.measures, "tryghed_t1", cells=less))
    assert "Tallet for bølge 1 vises ikke" in said
    assert "er svar fra, så der er ingen ændring" not in said
    # A second wave that nobody answered is there all the same.
    tables = found.measures.measures
    first = replace(
        tables, means=tables.means[tables.means["wave"] == 1], changes=tables.changes[:0]
    )
    alone = replace(found.measures, measures=first)
    said = str(measures_document(study, alone, "tryghed_t1", cells=cells))
    assert "Det er kun bølge 1, der er svar fra, så der er ingen ændring at vise." in said


def test_every_primary_measure_is_told_place_by_place_at_every_level(study, found):
    both = replace(found, effects=found.effects.assign(primary=found.effects["cohort"] == "all"))
    document = report_document(study, both, language="en")
    part = next(one.blocks for one in document.sections if one.heading == "Place by place")
    assert [one.caption.split(",")[0] for one in part if isinstance(one, Figure)] == [
        "Oplevet tryghed", f"{_label(study)} (count",
    ]  # fmt: skip
    assert all(one.narrow for one in part if isinstance(one, Figure))
    areas = [one for one in part if isinstance(one, Table) and one.head[0] == "Afdeling"]
    assert len(areas) == 2
    means = found.measures.measures.means.set_index(["scale", "level", "unit", "cohort", "wave"])
    row = means.loc[("tryghed_t1", "afdeling", "9000-003", "all", 2)]
    name = study.table("areas").set_index("area")["name"].iloc[3]
    told = next(cells for cells in areas[0].rows if cells[0] == name)
    assert told[:4] == [
        name, str(int(row["n"])), f"{row['mean']:.1f}", f"[{row['low']:.1f}; {row['high']:.1f}]",
    ]  # fmt: skip
    assert told[4] == f"{row['shrunk']:.1f}"


def test_places_too_few_to_be_drawn_together_are_not_called_estimated(study, found):
    means = found.measures.measures.means
    kept = means[(means["level"] == "study") | means["unit"].isin(["9000-001", "9000-002"])]
    blank = dict.fromkeys(["shrunk", "shrunk_low", "shrunk_high", "reliability"], float("nan"))
    few = replace(
        found.measures, measures=replace(found.measures.measures, means=kept.assign(**blank))
    )
    page = Measured(study, few, "en", small_cells(study, found.measures))
    figure, table, _ = place_by_place(page, ["tryghed_t1"])
    assert "measured, with its 95% interval" in figure.note
    assert "estimated" not in figure.svg + figure.note
    assert 'class="paint"' not in figure.svg
    assert list(table.head) == ["Afdeling", "Answers", "Measured", "Interval"]


def test_weights_are_told_in_the_readers_language_by_their_labels(study):
    met = SimpleNamespace(level="boligområde", plain=(1,), unknowable={"background_gender": ("3",)})
    counted = SimpleNamespace(
        weighed=SimpleNamespace(weights=met, unmet="", kept={}, weightings={1: Weighting()}),
        terms=None,
    )
    said = weights_told(counted, study.codebook, "da")
    assert said == (
        "registertal inden for boligområder; grundvægte i bølge 1, som der ikke er registertal for;"
        " Køn: Andet tæller her som intet svar, for registret kender det ikke"
    )
    base = SimpleNamespace(
        weighed=SimpleNamespace(
            weights=None, unmet="shared", kept={}, weightings={1: Weighting("", "adults")}
        )
    )
    assert weights_told(base, study.codebook, "en") == (
        "base weights times adults; the register counts are of groups that share an area, and cannot"
        " be met"
    )


def _label(study):
    return study.codebook.scale(COUNTED).label("en")
