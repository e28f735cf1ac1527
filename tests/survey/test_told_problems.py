"""Rules that computations name are told in the language of the page; others are marked as English."""

from string import Formatter

import pytest

from processing import PlannedStudy, Problem, StatisticsError, plan_of
from survey.findings import FindingsError, count_effects
from survey.jobs import not_computed
from survey.languages import Languages
from survey.models import Job
from survey.staff.told_problems import reasons_of, told

# Words are the same on any database.
pytestmark = pytest.mark.sqlite_file

PLANS = (
    "primary: [",
    "primary: " + "[" * 3000,
    "primary: [a]\ntreatment",
    "[]",
    "tertiary: [x]\nsecondary: a\nadults: 3\nunits: homes\nlevel: high\nmargin: 0",
    "primary: [a]\ntreatment: [b]\nsecondary: [a]",
    "primary: [a]\ntreatment: [b]\nmean_n: 6\ncount: 7",
    "primary: [a]\ntreatment: [b]\ncovariates: [c, c]",
)


@pytest.fixture(scope="module")
def problems():
    """A problem of every rule that a plan's bytes and a planned study's figures can break."""
    found = PlannedStudy(0, 0, -1, 0, 1, 2, 2, 2, 0, 0, 0, 1).problems()
    for plan in (*map(str.encode, PLANS), b"primary: [\xe6]"):
        with pytest.raises(StatisticsError) as refused:
            plan_of(plan)
        found += refused.value.problems
    return found


@pytest.mark.parametrize("code", ["da", "en"])
def test_every_rule_has_words_that_its_values_fill(problems, code):
    words = Languages().words(code)
    known = {
        key
        for key in words.language.messages
        if key.startswith(("problem.plan", "problem.planning"))
    }
    met = {f"problem.{problem.rule}" for problem in problems}
    # What a plan names and a study does not have is told when both are looked at.
    fit = {
        "kind",
        "area",
        "scale",
        "variable",
        "no_categories",
        "no_number",
        "two_primaries",
        "nobody",
    }
    assert met == known - {f"problem.plan.{rule}" for rule in fit}
    for problem in problems:
        message = words.language.messages[f"problem.{problem.rule}"]
        assert {name for _, name, _, _ in Formatter().parse(message) if name} <= set(problem.values)


def test_why_no_dataset_stands_is_told_in_danish_on_the_job_that_needed_it(app, tmp_path):
    def said(data):
        with pytest.raises(FindingsError) as refused:
            count_effects("puls", data, "")
        error = not_computed(str(refused.value), refused.value.problems).told
        with app.test_request_context(headers={"Accept-Language": "da"}):
            return " ".join(reasons_of(Job(error=error)))

    assert said(tmp_path).startswith("Ingen bølge af undersøgelsen er frosset endnu.")
    (tmp_path / "puls").mkdir()
    assert said(tmp_path).startswith("Datasættet kan ikke bruges, som det ligger på serveren.")


def test_a_rule_without_words_and_a_plain_reason_are_marked_as_english(app):
    one = Problem("areas", "there are <few>", "Find more")
    with app.test_request_context(headers={"Accept-Language": "da"}):
        assert (
            told(one) == '<span lang="en" dir="ltr">areas: there are &lt;few&gt;. Find more.</span>'
        )
        error = {"key": "job.error.problems", "values": {"problems": [], "plain": ["no folder"]}}
        assert reasons_of(Job(error=error)) == ['<span lang="en" dir="ltr">no folder</span>']
        assert reasons_of(Job(error={"key": "job.error.fault", "values": {}})) == []
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert told(one) == "areas: there are &lt;few&gt;. Find more."
