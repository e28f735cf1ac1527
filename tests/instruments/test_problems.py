"""One row per kind of problem: a change to a good file, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import DefinitionError
from instruments.loader import assemble
from instruments.published import Published

DEFINITIONS = [
    # name, before, after, line, key, words of the problem
    # --- keys and values
    ("single", "version: 1\n", "", 1, "version", "key is missing"),
    ("single", "version: 1", "version: one", 2, "version", "'one'"),
    ("single", "version: 1", "version: 1\npagez: []", 3, "pagez", "Did you mean 'pages'?"),
    ("single", "version: 1", "version: 1\nversion: 2", 3, "version", "first in line 2"),
    ("single", "id: only", "id: Only", 6, "pages[0].id", "small letters a-z"),
    ("single", "kind: single", "kind: singel", 4, "responses.agree.kind", "'singel'"),
    ("single", "{id: calm}", "calm", 8, "pages[0].items[1]", "a mapping of keys and values"),
    (
        "single",
        "{id: calm}",
        '{id: calm, facet: "a\\x07"}',
        8,
        "pages[0].items[1].facet",
        "control",
    ),
    ("single", "{id: calm}", "{id: glad}", 8, "pages[0].items[1].id", "already used in line 8"),
    ("single", "{id: calm}", "&x {id: calm}", 8, "pages[0].items[1]", "anchors and aliases"),
    ("single", "name: single", "name: married", 1, "name", "the folder 'single'"),
    ("single", "name: single", "name: [single", 2, "", "not readable YAML"),
    ("single", "name: single", "? [a, b]\n: c\nname: single", 1, "", "key is a list"),
    ("single", "name: single", "--- {}\n---\nname: single", 3, "", "a second document"),
    # --- responses
    ("single", "codes: [1, 2, 3], ", "", 4, "responses.agree.codes", "need this key"),
    ("single", "codes: [1, 2, 3]", "codes: [1]", 4, "responses.agree.codes", "at least two codes"),
    ("single", "codes: [1, 2, 3]", "codes: [1, 2, 2, 3]", 4, "responses.agree.codes[2]", "twice"),
    ("single", "codes: [1, 2, 3]", "codes: [1, 2, -3]", 4, "responses.agree.codes[2]", "'-3'"),
    ("single", "apart: [-3]", "apart: [-2]", 4, "responses.agree.apart[0]", "'-2'"),
    (
        "single",
        "apart: [-3]",
        "longest: 3, apart: [-3]",
        4,
        "responses.agree.longest",
        "no such key",
    ),
    ("numbers", "lowest: 1,", "lowest: 20,", 4, "responses.count.lowest", "not below the highest"),
    (
        "numbers",
        "highest: 20,",
        "highest: 40000,",
        4,
        "responses.count.highest",
        "less than or equal to 32767",
    ),
    ("single", "responses: agree", "responses: agre", 7, "pages[0].responses", "'agree'?"),
    ("single", "    responses: agree\n", "", 7, "pages[0].items[0].id", "Neither the item nor"),
    # --- columns
    (
        "single",
        "id: calm",
        "id: calm_in_a_very_long_name",
        8,
        "pages[0].items[1].id",
        "take 32",
    ),
    (
        "single",
        "id: calm",
        "id: glad_raw",
        8,
        "pages[0].items[1].id",
        "'single_glad_raw' would exist twice",
    ),
    # --- routes
    (
        "routed",
        "item: pets,",
        "item: petz,",
        19,
        "pages[1].items[1].show_if.item",
        "Did you mean 'pets'?",
    ),
    (
        "routed",
        "item: children, not_in",
        "item: tired, not_in",
        16,
        "pages[1].items[0].show_if.item",
        "not answered before",
    ),
    (
        "routed",
        "includes: [1]",
        "in: [1]",
        19,
        "pages[1].items[1].show_if.in",
        "does not fit 'pets'",
    ),
    (
        "routed",
        "includes: [1]",
        "includes: [4]",
        19,
        "pages[1].items[1].show_if.includes",
        "4 is not an answer",
    ),
    (
        "routed",
        "at_least: 3",
        "at_least: 21",
        23,
        "pages[2].show_if.any[0].at_least",
        "21 is not an answer",
    ),
    (
        "routed",
        "at_least: 3",
        "at_least: -5",
        23,
        "pages[2].show_if.any[0].at_least",
        "-5 is not an answer",
    ),
    (
        "routed",
        "not_in: [0, -5]",
        "not_in: [0, -4]",
        16,
        "pages[1].items[0].show_if.not_in",
        "-4 is not an answer",
    ),
    (
        "routed",
        "at_most: 2",
        "at_most: 2, at_least: 1",
        25,
        "pages[2].show_if.any[1].all[0]",
        "at_least, at_most",
    ),
    (
        "routed",
        "not: {item: children, in: [1]}",
        "not: {in: [1]}",
        26,
        "pages[2].show_if.any[1].all[1].not",
        "one of all, any, not",
    ),
    (
        "routed",
        "at_most: 2",
        "under: 2",
        25,
        "pages[2].show_if.any[1].all[0].under",
        "Use one of: item, in,",
    ),
    # --- scales
    ("scaled", "items: [a, b, c]", "items: [a, b, c, d]", 16, "scales[0].items[3]", "no item 'd'"),
    ("scaled", "items: [a, b, c]", "items: [a, b, c, a]", 16, "scales[0].items[3]", "twice"),
    (
        "scaled",
        "reversed: [c]",
        "reversed: [met]",
        17,
        "scales[0].reversed[0]",
        "not one of the scale's",
    ),
    (
        "scaled",
        "short: [b]",
        "short: [met]",
        23,
        "scales[0].variants.short[0]",
        "not one of the scale's",
    ),
    ("scaled", "anchor: all_in_all", "anchor: all", 21, "scales[0].anchor", "no item 'all'"),
    (
        "scaled",
        "least_answered: 2",
        "least_answered: 4",
        20,
        "scales[0].least_answered",
        "at most 3",
    ),
    ("scaled", "id: act\n", "id: view\n", 26, "scales[1].id", "already used in line 14"),
    (
        "scaled",
        "items: [met, voted]",
        "items: [met, a]",
        28,
        "scales[1].items[1]",
        "other codes than 0 and 1",
    ),
    (
        "scaled",
        "kind: single, codes: [1, 2, 3, 4, 5]",
        "kind: single, codes: [1, 2, 3, 4, 500]",
        16,
        "scales[0].items[0]",
        "'a' goes up to 500; an item of a scale has no code above 100",
    ),
    (
        "scaled",
        "kind: single, codes: [1, 2, 3, 4, 5]",
        "kind: number, lowest: 0, highest: 365",
        16,
        "scales[0].items[2]",
        "'c' goes up to 365",
    ),
    (
        "scaled",
        "direction: worry",
        "status: validated\n    direction: worry",
        18,
        "scales[0].status",
        "'candidate'",
    ),
    (
        "scaled",
        "    construct: A view of things\n",
        "",
        14,
        "scales[0].construct",
        "key is missing",
    ),
    (
        "multiple",
        "    items: [{id: eaten, responses: fruits}]",
        "    items: [{id: eaten, responses: fruits}, {id: drunk, responses: fruits}]\nscales: [{id: s, items: [eaten, drunk], direction: x, construct: x}]",
        8,
        "scales[0].items[0]",
        "a scale cannot be made of",
    ),
    # --- which other, rankings, months
    ("kinds", "places: 3, ", "", 7, "responses.wishes.places", "need this key"),
    ("kinds", "places: 3", "places: 5", 7, "responses.wishes.places", "no more places than the 4"),
    ("kinds", "longest: 2000", "longest: 2000, places: 2", 9, "responses.story.places", "no such"),
    ("kinds", "lowest: 1930, ", "", 8, "responses.month.lowest", "need this key"),
    ("kinds", "202001", "202013", 23, "pages[2].show_if.any[1].at_least", "not an answer"),
    (
        "kinds",
        "{item: wishes, includes: [2]}",
        "{item: wishes, in: [2]}",
        23,
        "pages[2].show_if.any[0].in",
        "does not fit",
    ),
    (
        "kinds",
        "specifies: spoken",
        "specifies: clubs",
        14,
        "pages[0].items[1].specifies",
        "Make it a text right after",
    ),
    (
        "kinds",
        "which, specifies: clubs",
        "clubs, specifies: clubs",
        16,
        "pages[0].items[3].specifies",
        "Make it a text right after",
    ),
    (
        "kinds",
        "clubs, includes: [9]}}",
        "spoken, in: [9]}}",
        16,
        "pages[0].items[3].specifies",
        "Make it a text right after",
    ),
]

TEXTS = [
    ("language: da", "language: en", 1, "language", "the folder 'text.da.yaml'"),
    (
        "  calm: {question: … du er rolig?, short: Rolig}\n",
        "",
        6,
        "items.calm.question",
        "missing in 'da'",
    ),
    ("title: Ét svar", "title:", 2, "title", "missing in 'da'"),
    ("-3: Ved ikke", "-4: Ved ikke", 10, "answers.agree.-3", "missing in 'da'"),
    ("-3: Ved ikke", "-3: Ved ikke, 9: Ni", 10, "answers.agree.9", "no such answer"),
    ("-3: Ved ikke", "-3: Ved ikke, x: Ni", 10, "answers.agree.x", "'x'"),
    ("  calm: {", "  clam: {", 8, "items.clam", "Did you mean 'calm'?"),
    ("at …", "at:", 7, "items.glad.question", "heading does not end with"),
    ("language: da", "language: dansk", 1, "language", "a language code such as"),
    ("hint: Lige nu.", "hin: Lige nu.", 7, "items.glad.hin", "Did you mean 'hint'?"),
]


@pytest.mark.parametrize(("name", "before", "after", "line", "key", "words"), DEFINITIONS)
def test_a_problem_in_a_definition_is_told_with_its_line_and_key(
    changed, name, before, after, line, key, words
):
    problems = changed(name, before, after)

    told = [(problem.line, problem.key) for problem in problems if words in str(problem)]
    assert (line, key) in told, "\n".join(map(str, problems))


@pytest.mark.parametrize(("before", "after", "line", "key", "words"), TEXTS)
def test_a_problem_in_a_text_is_told_with_its_line_and_key(
    changed, before, after, line, key, words
):
    problems = changed("single", before, after, file="text.da.yaml")

    told = [(problem.line, problem.key) for problem in problems if words in str(problem)]
    assert (line, key) in told, "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("da: nobody", "`none`, or a mapping"),
        ("da: {by: Anna}", "key is missing"),
        ("da: {by: Anna, date: yesterday}", "'yesterday'"),
        ("- da", "a mapping of languages"),
    ],
)
def test_a_problem_in_the_reviews_is_told(changed, after, words):
    [problem] = changed("single", "da: none", after, file="reviews.yaml")

    assert problem.file == "single/1/reviews.yaml"
    assert words in str(problem)


def test_every_problem_of_every_file_is_told_at_once(copied, problems_of):
    folder = copied("scaled")
    definition = folder / "definition.yaml"
    broken = definition.read_text(encoding="utf-8")
    broken = broken.replace("version: 1", "version: one").replace("kind: single, codes", "codes", 1)
    broken = broken.replace("{id: b}", "{id: B}").replace("reversed: [c]", "reversed: [met]")
    definition.write_text(broken, encoding="utf-8")
    (folder / "text.da.yaml").write_text("language: da\ntitel: Skalaer\n", encoding="utf-8")
    (folder / "reviews.yaml").write_text("da: maybe\n", encoding="utf-8")

    assert {(problem.file.split("/")[-1], problem.key) for problem in problems_of(folder)} == {
        ("definition.yaml", "version"),
        ("definition.yaml", "responses.agree.kind"),
        ("definition.yaml", "pages[0].items[1].id"),
        ("definition.yaml", "scales[0].items[1]"),
        ("definition.yaml", "scales[0].reversed[0]"),
        ("text.da.yaml", "titel"),
        ("reviews.yaml", "da"),
    }


def test_a_broken_piece_hides_no_problem_in_another_and_is_reported_once(changed):
    problems = changed(
        "scaled",
        "items: [{id: a}, {id: b}, {id: c}, {id: all_in_all}]",
        "items: [{id: a}, {id: b, facit: x}, {id: c}, {id: all_in_all, responses: agreee}]",
    )

    assert [problem.key for problem in problems] == [
        "pages[0].items[1].facit",
        "pages[0].items[3].responses",
    ]


def test_the_error_reads_as_a_list_of_where_what_and_what_to_do(changed):
    [problem] = changed("single", "kind: single", "kind: singel")

    assert str(problem) == (
        "single/1/definition.yaml, line 4, responses.agree.kind: The value is 'singel'. "
        "Here belongs: 'single', 'multiple', 'number', 'year', 'rating', 'month', 'ranking' or 'text'."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"# only a comment", "The file is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"name: \x00", "not readable YAML"),
        (b"[" * 5_000, "deeper than 20"),
        (b"a: &a [x]\nb: *a", "anchors and aliases"),
        (b"- just\n- a list", "a mapping of keys and values"),
        (b"x" * 1_000_001, "at most 1000000"),
    ],
)
def test_a_file_that_is_no_definition_at_all_is_refused(copied, problems_of, content, words):
    folder = copied("single")
    (folder / "definition.yaml").write_bytes(content)

    [problem] = problems_of(folder)
    assert words in str(problem)


def test_a_text_that_is_no_text_at_all_is_refused_beside_a_good_definition(copied, problems_of):
    folder = copied("single")
    (folder / "text.da.yaml").write_bytes(b"")
    (folder / "text.en.yaml").write_bytes(b"- x")

    assert [(problem.file, problem.key) for problem in problems_of(folder)] == [
        ("single/1/text.da.yaml", ""),
        ("single/1/text.en.yaml", ""),
    ]


def test_a_missing_definition_and_a_missing_first_language_are_told(copied, problems_of):
    folder = copied("single")
    (folder / "text.da.yaml").unlink()
    [no_text] = problems_of(folder)
    (folder / "definition.yaml").unlink()
    [no_definition] = problems_of(folder)

    assert no_text.file == "single/1/text.da.yaml"
    assert no_definition.file == "single/1/definition.yaml"


FILES = {
    path.name: path.read_bytes() for path in (Path(__file__).parent / "fixtures/routed/1").iterdir()
}


@given(
    file=st.sampled_from(sorted(FILES)),
    start=st.integers(0, 900),
    length=st.integers(0, 60),
    put=st.one_of(st.binary(max_size=8), st.sampled_from([b"- ", b": ", b"\n", b"{", b"]", b"'"])),
)
def test_a_file_damaged_anywhere_is_read_or_refused_but_never_breaks_the_reader(
    file, start, length, put
):
    damaged = FILES[file][:start] + put + FILES[file][start + length :]
    refused = None
    try:
        assemble("routed/1", {**FILES, file: damaged}, Published())
    except DefinitionError as error:
        refused = error
    assert refused is None or all(str(problem) for problem in refused.problems)
