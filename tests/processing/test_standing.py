"""One truth of places: what the last wave says of an area, and what earlier ones had otherwise."""

import html
from dataclasses import replace

import pandas as pd
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    as_page,
    build_codebook,
    draw_study,
    evaluate,
    groups_corrected,
    measures_document,
    plan_of,
    study_measures,
    write_drawn_study,
)
from processing.datasets.standing import periods_gone, standing_table
from processing.telling.report import report
from survey.commands.effects import _print_left_out
from survey.commands.told_figures import p_value, print_corrected

PLAN = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")
DAYS = ("2022-05-01", "2024-05-01", "2026-05-01")


@pytest.fixture(scope="module")
def codebook():
    return build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)


@pytest.fixture
def corrected(codebook, tmp_path):
    """Before wave 2 one area's plan was put off, another's given up; one moved to its right group."""
    model = KnownModel.simple({"tryghed_t1": codebook.scale("tryghed_t1").columns}, loading=0.75)
    drawn = draw_study(model, AreasDrawn(8, [2] * 4, DAYS, invited=20), seed=2)
    for wave, tables in drawn.tables.items():
        plans, areas = tables["area_plan"].set_index("area"), list(tables["areas"]["area"])
        plans.loc["9000-000", "valid_from"] = "2023-01-01" if wave == 1 else "2025-01-01"
        # This one got its end, as any plan does.
        plans.loc["9000-002", "valid_to"] = None if wave == 1 else "2027-12-31"
        if wave > 1:
            plans = plans.drop("9000-001")
        tables["area_plan"] = plans.reset_index()
        groups = pd.DataFrame({"area": areas, "area_group": ["a"] * 4 + ["b"] * 4})
        if wave == 1:
            groups.loc[3, "area_group"] = "b"
        groups = groups.assign(
            name="G", level="boligområde", valid_from="2000-01-01", valid_to=None
        )
        tables["area_group"] = groups[groups.area.eq("none")] if wave == 3 else groups
    return write_drawn_study(drawn, codebook, tmp_path / "corrected")


def imported(study):
    """The same with its last wave imported: a table without a row was not given then."""
    *others, wave = study.waves
    return replace(
        study,
        waves=(*others, replace(wave, manifest={**wave.manifest, "source": {"file": "3.csv"}})),
    )


def test_a_plan_that_was_put_off_or_given_up_treats_its_area_from_the_day_that_stands(
    corrected, capsys
):
    found = evaluate(corrected, PLAN)
    by = found.treatment.frame.set_index(["unit", "wave"])["treated"]
    assert by["9000-000"].tolist() == [0, 0, 1]
    assert by["9000-001"].tolist() == [0, 0, 0]
    assert by["9000-002"].tolist() == [0, 1, 1]
    assert found.treatment.corrected == ("9000-000", "9000-001")
    page = report(corrected, found, stylesheet="", language="en")
    assert "The last wave’s stand: 9000-000 and 9000-001." in html.unescape(page).replace("'", "’")
    _print_left_out(found)
    assert "the last wave's stand: 9000-000, 9000-001." in capsys.readouterr().out


def test_what_an_area_lies_in_is_what_the_last_wave_says_that_came_with_the_table(corrected):
    gone = periods_gone(corrected, "area_plan")
    assert gone[["wave", "area", "valid_from"]].to_numpy().tolist() == [
        [1, "9000-000", "2023-01-01"],
        [1, "9000-001", "2024-05-01"],
    ]
    # An installation's tables are whole: no row means that the groups were taken out.
    assert standing_table(corrected, "area_group").empty
    # An imported wave that came without groups says nothing, and the wave before it does.
    groups = standing_table(imported(corrected), "area_group")
    assert groups.set_index("area").loc["9000-003", "area_group"] == "a"
    assert len(groups) == 8
    assert periods_gone(imported(corrected), "area_group").area.tolist() == ["9000-003"]


def test_that_an_area_was_corrected_to_another_group_is_told_wherever_it_is_measured(
    corrected, capsys
):
    study = imported(corrected)
    assert groups_corrected(study) == ["9000-003 (b → a)"]
    found = study_measures(study, ["tryghed_t1"])
    in_a = found.units.query("level == 'boligområde' and unit == 'a'")
    assert in_a.groupby("wave").area.nunique().tolist() == [4, 4, 4]
    page = as_page(measures_document(study, found, "tryghed_t1"), "")
    said = "tæller i alle bølger, hvor de ligger nu: 9000-003 (b → a)."
    assert said in html.unescape(page)
    print_corrected(study)
    assert "count so in all waves: 9000-003 (b → a)" in capsys.readouterr().out
    assert groups_corrected(replace(study, waves=study.waves[1:])) == []


def test_no_p_is_written_as_none_at_all():
    told = [p_value(p) for p in (0.0, 0.00099, 0.001, 0.0304, float("nan"), None)]
    assert told == ["<0.001", "<0.001", "0.001", "0.030", "", ""]
