"""What was published never changes: `published.yaml` remembers the hash of every file.

The definition and each language's text are listed apart, so that a language can be added to a
version that waves already use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from instruments.document import Document, parse
from instruments.errors import (
    DefinitionError,
    Place,
    Problem,
    published_changed,
    published_missing,
    wrong_value,
)
from instruments.shapes import PublishedShape, read_shape

PUBLISHED = "published.yaml"


@dataclass(frozen=True)
class Published:
    """The files of one version that are published, each with its SHA-256."""

    files: Mapping[str, str] = field(default_factory=dict)

    def recordings(self) -> Published:
        """Return the recordings alone, which stand in folders of their own."""
        return Published({name: sha for name, sha in self.files.items() if "/" in name})

    def without_recordings(self) -> Published:
        return Published({name: sha for name, sha in self.files.items() if "/" not in name})

    def problems(self, hashes: Mapping[str, str], folder: str) -> list[Problem]:
        """Compare with the files that are there; files that are not listed are drafts."""
        found = []
        for name, listed in self.files.items():
            place = Place(f"{folder}/{name}")
            if name not in hashes:
                found.append(published_missing(place))
            elif hashes[name] != listed:
                found.append(published_changed(place, listed, hashes[name]))
        return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_published(root: Path) -> dict[str, Published]:
    """Return what is published under `root`, by `name/version`. Raises DefinitionError."""
    if not (root / PUBLISHED).exists():
        return {}
    document = parse((root / PUBLISHED).read_bytes(), PUBLISHED)
    problems = list(document.problems)
    versions = _versions(document, problems)
    if problems:
        raise DefinitionError(problems)
    return versions


def _versions(document: Document, problems: list[Problem]) -> dict[str, Published]:
    versions: dict[str, Published] = {}
    if not isinstance(document.data, dict):
        rule = "a mapping of name/version to hashes"
        problems.append(wrong_value(document.place(), document.data, rule))
        return versions
    for key, entry in document.data.items():
        shape = read_shape(document, PublishedShape, entry, (key,), problems)
        if shape is not None:
            texts = {f"text.{language}.yaml": sha for language, sha in shape.texts.items()}
            files = {"definition.yaml": shape.definition, **texts, **shape.recordings}
            versions[key] = Published(files)
    return versions


def write_published(root: Path, versions: Mapping[str, Published]) -> None:
    """Write the list anew, sorted, so that two people's additions differ in their own lines only."""
    data: dict[str, dict[str, object]] = {}
    for key in sorted(versions):
        files = dict(sorted(versions[key].files.items()))
        texts = {
            name.removeprefix("text.").removesuffix(".yaml"): sha
            for name, sha in files.items()
            if name != "definition.yaml" and "/" not in name
        }
        data[key] = {"definition": files["definition.yaml"], "texts": texts}
        if recordings := {name: sha for name, sha in files.items() if "/" in name}:
            data[key]["recordings"] = recordings
    head = "# SHA-256 of every published file. Written by `beboerpuls instruments publish`.\n"
    (root / PUBLISHED).write_text(head + yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
