"""The planning page: what can be detected with these areas and this response."""

import pytest
from inspection import Page

from processing import PlannedStudy, plan_study

# What is computed here asks nothing of a database.
pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def reader(make, employ, signed_in):
    """A researcher, signed in."""
    employ("Ib", (make.study(), "researcher"))
    return signed_in("Ib")


def main(answer):
    return Page(answer.get_data(as_text=True)).all("main")[0].words()


def test_the_page_says_what_processing_says(reader):
    found = plan_study(PlannedStudy(30, 30, invited=150, response=0.4))
    said = main(reader.get("/research/planning?treated=30&comparison=30&invited=150&response=40"))
    assert f"{found.points:.1f}".replace(".", ",") + " point" in said
    assert "80 ud af 100" in said
    assert "CR2" in said


def test_what_is_assumed_is_folded_away_until_something_is_wrong_with_it(reader):
    page = Page(reader.get("/research/planning").get_data(as_text=True))
    assert "open" not in page.all("details")[0].attributes
    folded = [one for one in page.all("input") if one.inside("details")]
    assert {one.attributes["name"] for one in folded} == {
        "icc", "stability", "again", "power", "sd", "design_effect",
    }  # fmt: skip
    wrong = reader.get("/research/planning?icc=x&treated=30").get_data(as_text=True)
    assert "open" in Page(wrong).all("details")[0].attributes


def test_with_few_areas_the_test_that_the_report_would_use_is_planned_for(reader):
    assert "lodtrækningstest" in main(reader.get("/research/planning?treated=4&comparison=8"))
    assert "ingen test at stole på" in main(reader.get("/research/planning?treated=2&comparison=3"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Feltet er tomt. Skriv et tal."),
        ("abc", "Der står »abc«. Skriv et helt tal."),
        ("12,5", "Der står »12,5«. Skriv et helt tal."),
        ("-1", "mindst to områder"),
        ("0", "mindst to områder"),
        ("nan", "Skriv et helt tal."),
        ("1e999", "Skriv et helt tal."),
        ("99999999", "Det højeste, der kan regnes her, er 5.000."),
        ("<script>", "Skriv et helt tal."),
    ],
)
def test_figures_that_cannot_be_are_told_at_their_field(reader, typed, said):
    answer = reader.get("/research/planning", query_string={"treated": typed})
    assert answer.status_code == 200
    assert "Kig på tallene" in main(answer)
    assert said in main(answer)
    assert "<script>" not in answer.get_data(as_text=True)


def test_every_figure_that_cannot_be_is_told_at_its_field_at_once(reader):
    asked = {
        "treated": "1",
        "comparison": "x",
        "response": "0",
        "icc": "100",
        "design_effect": "0,5",
    }
    answer = reader.get("/research/planning", query_string=asked | {"power": "20"})
    for name, said in (
        ("treated", "Der står 1. Der skal være mindst to områder."),
        ("comparison", "Der står »x«."),
        ("response", "Der står 0. Det skal være en andel over 0 og højst 100 %."),
        ("icc", "fra 0 til under 100 %"),
        ("design_effect", "Der står 0,5. Det skal være 1 eller mere."),
        ("power", "Det skal være fra 50 til under 100 %."),
    ):
        assert f'id="{name}-error"' in answer.text
        assert said in main(answer), name


def test_coordinators_may_plan_and_fieldworkers_have_no_business_here(make, employ, signed_in):
    study = make.study()
    employ("Karen", (study, "coordinator"))
    employ("Bo", (study, "fieldworker"))
    assert signed_in("Karen").get("/research/planning").status_code == 200
    assert signed_in("Bo").get("/research/planning").status_code == 403
