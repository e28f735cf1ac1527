"""Scripts that devices keep: joined into one file each, residents' in the language of old browsers."""

import re

import esprima
import pytest

from survey.delivery import JOINED, RESIDENTS, STATIC
from survey.scripts import ScriptError, joined

WORKERS = {"worker.js"}


# What came later in regular expressions: lookbehind, named groups, properties, the flags s, d and v.
NEWER_PATTERN = re.compile(r"\(\?<|\\p\{|\\k<")
NEWER_FLAGS = set("sdv")


def newer_than_2017(text, parse=esprima.parseModule):
    """What a script says that ECMAScript 2017 has not.

    Esprima 4.0 reads that version, and besides three things of the year after: those are looked for.
    """
    found = []

    def look(node, _meta):
        spread = {"ObjectExpression": "SpreadElement", "ObjectPattern": "RestElement"}
        if node.type in spread:
            found.extend(one.type for one in node.properties if one.type == spread[node.type])
        if node.type == "CallExpression" and node.callee.type == "Import":
            found.append("import()")
        if node.type == "Literal" and getattr(node, "regex", None):
            pattern, flags = node.regex.pattern, node.regex.flags
            if NEWER_PATTERN.search(pattern) or NEWER_FLAGS & set(flags):
                found.append(f"/{pattern}/{flags}")

    try:
        parse(text, delegate=look)
    except esprima.Error as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize("name", sorted(RESIDENTS))
def test_a_residents_script_is_ecmascript_2017(name):
    parse = esprima.parseScript if name in WORKERS else esprima.parseModule
    assert newer_than_2017(joined(STATIC / name), parse) == []


@pytest.mark.parametrize(
    "newer",
    [
        "const a = b?.c;",
        "const a = b ?? c;",
        "const a = {...b};",
        "const {a, ...b} = c;",
        "try { a() } catch { b() }",
        "async function a() { for await (const b of c) d(); }",
        "import('./a.js');",
        "a ||= b;",
        "class A { b = 1; }",
        "const a = 1n;",
        "const a = /(?<=b)c/;",
        "const a = /b/s;",
    ],
)
def test_the_check_sees_what_is_newer(newer):
    assert newer_than_2017(newer)


def test_the_check_lets_pass_what_is_not_newer():
    old = "async function a(b, ...c) { await b(...c, 2 ** 3,); } const [d, ...e] = f;"
    assert newer_than_2017(old) == []


@pytest.mark.parametrize("name", sorted(JOINED))
def test_a_script_that_is_kept_stands_alone(name):
    text = joined(STATIC / name)
    assert "import " not in text
    assert "export " not in text


def script(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_what_is_imported_comes_first_and_once(tmp_path):
    script(tmp_path, "a.js", "export const a = 1;\n")
    script(tmp_path, "b.js", 'import { a } from "./a.js";\nexport function b() { return a; }\n')
    c = script(
        tmp_path,
        "c.js",
        '// Why.\nimport { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\nb(a);\n',
    )
    assert joined(c) == "const a = 1;\nfunction b() { return a; }\nb(a);\n"


def test_a_phone_carries_no_blanks_that_only_make_a_script_readable(tmp_path):
    text = "function a() {\n  if (b) {\n    return `c  d`;\n  }\n}\n\na();\n"
    expected = "function a() {\nif (b) {\nreturn `c  d`;\n}\n}\na();\n"
    assert joined(script(tmp_path, "a.js", text)) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('import { a } from "./nowhere.js";\n', "imports nowhere.js, which is not there"),
        ('import { a } from "./self.js";\n', "imports itself"),
        ('import a from "./a.js";\n', "can be joined"),
        ("export default 1;\n", "can be joined"),
        ("const a = 1;\nfunction a() {}\n", "two call something a"),
        ("const a = `\n  b`;\n", "begins a text that runs over lines"),
    ],
)
def test_what_cannot_be_joined_says_which_and_why(tmp_path, text, problem):
    with pytest.raises(ScriptError, match=problem):
        joined(script(tmp_path, "self.js", text))
