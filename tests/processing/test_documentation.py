"""What is public is explained: in docs/statistics.md, and by examples that run."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import processing

PAGE = Path(processing.__file__).parents[1] / "docs" / "statistics.md"
EVALUATION = PAGE.with_name("evaluation.md")
EVALUATING = ("effects.", "measuring.", "drawing.drawn_study", "telling.")
# Datasets and files have pages of their own; measures and effects are no psychometrics.
ELSEWHERE = ("datasets.", "files.", "errors", *EVALUATING)
FUNCTIONS = {
    name: home
    for name, home in sorted(processing._HOME_OF.items())
    if inspect.isfunction(getattr(processing, name)) and not home.startswith(ELSEWHERE)
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_statistic_has_a_line_of_its_own_in_the_documentation(name):
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert any(line.startswith(f"| `{name}`") for line in lines), f"{PAGE}: no line for {name}"


def test_every_function_of_the_evaluation_is_named_on_its_page():
    page = EVALUATION.read_text(encoding="utf-8")
    functions = [
        name
        for name, home in sorted(processing._HOME_OF.items())
        if inspect.isfunction(getattr(processing, name)) and home.startswith(EVALUATING)
    ]
    assert functions
    assert [name for name in functions if f"`{name}`" not in page and f"`{name}(" not in page] == []


def test_the_documentation_names_no_statistic_and_no_test_that_is_not_there():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    told = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert told
    assert set(told) <= set(FUNCTIONS)
    assert len(set(told)) == len(told)
    tests = {word for line in lines for word in line.split("`") if word.startswith("test_")}
    assert tests
    here = Path(__file__).parent
    assert {name for name in tests if not (here / f"{name}.py").exists()} == set()


@pytest.mark.parametrize("home", sorted(set(processing._HOME_OF.values())))
def test_every_example_in_a_public_docstring_runs(home):
    module = import_module(f"processing.{home}")
    done = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert done.failed == 0


# They read and write folders of datasets; docs/commands.md and docs/datasets.md show their use.
OF_FOLDERS = {"careless_answers", "propose_short_forms", "write_evidence", "write_scores"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_statistic_explains_itself_like_a_paper(name):
    told = inspect.getdoc(getattr(processing, name)) or ""
    sections = ["Parameters\n---", "Returns\n---", "Raises\n---"]
    sections += [] if name in OF_FOLDERS else ["Examples\n---", ">>> "]
    assert [section for section in sections if section not in told] == []
