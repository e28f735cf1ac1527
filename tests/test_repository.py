"""What must hold of the repository as a whole: locks, documentation, the one test command."""

import configparser
import re
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from survey.cli import beboerpuls
from survey.settings import KNOWN

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
COMMANDS_PAGE = ROOT / "docs" / "commands.md"


def pinned(lock):
    """Every line of a lock as (name, version, marker)."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]
    return {(canonicalize_name(one.name), str(one.specifier), str(one.marker)) for one in found}


def needed(section, option):
    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config[section][option].splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def leaves(command=beboerpuls, path=("beboerpuls",)):
    if not isinstance(command, click.Group):
        return [" ".join(path)]
    context = click.Context(command)
    names = command.list_commands(context)
    return [
        leaf for name in names for leaf in leaves(command.get_command(context, name), (*path, name))
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_exact_versions_and_names_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    options = [line.strip().rstrip(" \\") for line in text.splitlines() if "--" in line]
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options)
    assert not re.search(r"https?:|//|@", text)
    assert all(re.fullmatch(r"==[\w.]+", version) for _, version, _ in pinned(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_known_by_the_hashes_of_its_files(lock):
    blocks = re.split(r"\n(?=\w)", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_tests_run_on_the_very_versions_that_the_product_runs_on():
    assert pinned(LOCKS[0]) <= pinned(LOCKS[1])


def test_everything_the_product_needs_is_pinned_as_it_needs_it():
    versions = {}
    for name, version, _ in pinned(LOCKS[0]):
        versions.setdefault(name, []).append(version.removeprefix("=="))
    for one in needed("options", "install_requires"):
        found = versions.get(canonicalize_name(one.name))
        assert found, f"{one.name} is not in {LOCKS[0]}"
        assert all(one.specifier.contains(version) for version in found), one


def test_everything_the_tests_need_is_pinned_as_they_need_it():
    versions = {}
    for name, version, _ in pinned(LOCKS[1]):
        versions.setdefault(name, []).append(version.removeprefix("=="))
    for one in needed("options.extras_require", "dev"):
        found = versions.get(canonicalize_name(one.name))
        assert found, f"{one.name} is not in {LOCKS[1]}"
        assert all(one.specifier.contains(version) for version in found), one


def test_ci_calls_the_very_command_that_the_readme_tells():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\npython3 run.py test\n" in readme
    assert ci.endswith("\npython3 run.py test\n")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


@pytest.mark.parametrize("command", leaves())
def test_every_command_is_documented(command):
    assert f"`{command}" in COMMANDS_PAGE.read_text(encoding="utf-8")


def test_no_command_is_documented_that_is_not_there():
    told = re.findall(r"^\| `(beboerpuls [^`]*)`", COMMANDS_PAGE.read_text("utf-8"), re.MULTILINE)
    there = leaves()
    unknown = [line for line in told if not any(f"{line} ".startswith(f"{c} ") for c in there)]
    assert unknown == []


@pytest.mark.parametrize("setting", KNOWN)
def test_every_setting_is_documented(setting):
    assert f"`{setting}`" in (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def links():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), list(links()), ids=lambda part: str(part).rsplit("/", 1)[-1]
)
def test_every_link_in_the_documentation_leads_somewhere(page, target):
    assert (page.parent / target).exists()
