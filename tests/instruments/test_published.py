from __future__ import annotations

import hashlib
import shutil

import pytest
import yaml

from instruments import UnknownInstrumentError, find, library, load, publish


@pytest.fixture
def published(copied):
    """A published questionnaire's folder."""
    folder = copied("languages")
    (folder / "text.ar.yaml").rename(folder.parent / "later.yaml")
    publish("languages", 1, folder.parent.parent)
    return folder


def test_publishing_lists_the_hash_of_every_file(published):
    listed = yaml.safe_load((published.parent.parent / "published.yaml").read_text("utf-8"))

    def sha(name):
        return hashlib.sha256((published / name).read_bytes()).hexdigest()

    assert listed == {
        "languages/1": {
            "definition": sha("definition.yaml"),
            "texts": {"da": sha("text.da.yaml"), "en": sha("text.en.yaml")},
        }
    }


def test_a_published_version_loads_and_says_so(published):
    instrument = load(published)

    assert instrument.published
    assert [text.published for text in instrument.texts.values()] == [True, True]


@pytest.mark.parametrize("file", ["definition.yaml", "text.da.yaml", "text.en.yaml"])
def test_one_changed_byte_in_a_published_file_is_refused(published, problems_of, file):
    (published / file).write_bytes((published / file).read_bytes() + b"\n")

    [problem] = problems_of(published)
    assert problem.file == f"languages/1/{file}"
    assert "published file was changed" in problem.what


def test_a_published_file_that_is_gone_is_refused(published, problems_of):
    (published / "text.en.yaml").unlink()

    [problem] = problems_of(published)
    assert problem.file == "languages/1/text.en.yaml"
    assert "not there" in problem.what


def test_a_language_can_be_added_to_a_published_version_and_is_a_draft_until_listed(published):
    (published.parent / "later.yaml").rename(published / "text.ar.yaml")
    root = published.parent.parent

    assert not load(published).texts["ar"].published
    assert publish("languages", 1, root) == ("text.ar.yaml",)
    assert load(published).texts["ar"].published
    assert publish("languages", 1, root) == ()


def test_a_review_can_be_added_to_a_published_version(published):
    (published / "reviews.yaml").write_text("da: none\nen: {by: Ann, date: 2026-11-02}\n", "utf-8")

    assert load(published).texts["en"].review.by == "Ann"


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("languages/1: {texts: x}", ["languages/1.definition", "languages/1.texts"]),
        ("- languages/1", [""]),
        ("languages/1: [", [""]),
    ],
)
def test_a_broken_list_of_what_is_published_stops_everything(published, problems_of, content, keys):
    (published.parent.parent / "published.yaml").write_text(content, "utf-8")

    problems = problems_of(published)
    assert [problem.key for problem in problems] == keys
    assert {problem.file for problem in problems} == {"published.yaml"}


def test_without_a_version_the_newest_published_one_is_found_before_a_newer_draft(published):
    root = published.parent.parent
    draft = root / "languages" / "2"
    shutil.copytree(published, draft)
    definition = (draft / "definition.yaml").read_text("utf-8")
    (draft / "definition.yaml").write_text(definition.replace("version: 1", "version: 2"), "utf-8")

    assert find("languages", root=root).version == 1
    assert find("languages", 2, root=root).version == 2
    assert [(one.version, one.status) for one in library(root)] == [(1, "published"), (2, "draft")]


def test_a_library_lists_broken_and_vanished_versions_with_their_problems(published):
    root = published.parent.parent
    (published / "text.en.yaml").unlink()
    broken = library(root)
    shutil.rmtree(published)
    vanished = library(root)

    assert [(one.name, one.status) for one in broken] == [("languages", "broken")]
    assert [(one.version, one.status) for one in vanished] == [(1, "broken")]
    assert broken[0].problems
    assert vanished[0].problems


@pytest.mark.parametrize("name", ["sinlge", "../single", "single/1", ""])
def test_an_unknown_name_is_told_with_what_there_is(fixtures, name):
    with pytest.raises(UnknownInstrumentError) as unknown:
        find(name, root=fixtures)

    assert "single/1" in str(unknown.value)


def test_an_unknown_version_is_told_with_what_there_is(fixtures):
    with pytest.raises(UnknownInstrumentError, match="single/7"):
        find("single", 7, root=fixtures)
