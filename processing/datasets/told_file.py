"""The file that remembers what was told of a study, and the marks in its waves that say so.

It lies beside the study's folder and goes by its name. A wave's folder may be copied to another place,
or the study's be renamed: so each wave is marked with what was told last, and where the file does not
hold that it is missed. Like a revocation the mark stands outside what is sealed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codebook import write_json
from .file_lock import alone_with
from .folders import TOLD, DatasetError, replace_file


@dataclass(frozen=True)
class Mark:
    """What a wave's folder says was told last of it, and in which file that was kept."""

    wave: Path
    memory: str
    told: str


_AGAIN = "Get it again from its source."


def memory_beside(folder: Path) -> Path:
    """The file that remembers what was told of the study in a folder."""
    return folder.with_name(f"{folder.name}-told.json")


def tellings_in(path: Path) -> list[dict[str, Any]]:
    """The tellings of a file, first to last.

    A file of before tellings were chained has cells alone, and of an effect the hash of its plan: it is
    read as one telling, of whose effects nobody knows what they are sums of.
    """
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if "tellings" in content or "cells" not in content:
        found: list[dict[str, Any]] = content["tellings"]
        return found
    rows = content["cells"]
    first = {
        "told": "",
        "dataset": "",
        "cells": [row for row in rows if row[0] != "effect"],
        "effects": [
            [name, cohort, plan, wave, []]
            for measure, name, _, plan, cohort, wave, hidden, _ in rows
            if measure == "effect" and not hidden
        ],
    }
    return [{**first, "chain": chained("", first)}]


def chained(before: str, telling: Mapping[str, Any]) -> str:
    """The hash of a telling and of all before it."""
    said = {name: value for name, value in telling.items() if name != "chain"}
    written = json.dumps([before, said], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def chain_of(tellings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The hash of each telling with all before it, as it ought to be."""
    before = ""
    for one in tellings:
        before = chained(before, one)
        yield before


def write_tellings(path: Path, tellings: Sequence[Mapping[str, Any]]) -> None:
    """Put the file in place, chained anew. Raises DatasetError where it cannot be written."""
    said = [
        {**one, "chain": chain} for one, chain in zip(tellings, chain_of(tellings), strict=True)
    ]
    replace_file(path, write_json({"tellings": said}).encode())


def mark(waves: Iterable[Path], memory: Path) -> None:
    """Say in waves' folders what was told last, where anything was."""
    try:
        told = str(tellings_in(memory)[-1]["told"])
    except (OSError, ValueError, KeyError, IndexError):
        return  # nothing was told, or whoever reads the file next says what is wrong with it
    content = write_json({"memory": memory.name, "told": told}).encode()
    for wave in waves:
        if not (wave / TOLD).exists() or (wave / TOLD).read_bytes() != content:
            replace_file(wave / TOLD, content)


def marks_in(waves: Iterable[Path]) -> Iterator[Mark]:
    """The marks of those waves that have one. Raises DatasetError where one cannot be read."""
    for wave in waves:
        try:
            said = json.loads((wave / TOLD).read_text("utf-8"))
            yield Mark(wave, str(said["memory"]), str(said["told"]))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{wave / TOLD}: what it says of tellings cannot be read ({error}). Get the wave's"
                " folder again from its source."
            ) from error


def missed(folder: Path, waves: Iterable[Path], held: Collection[str]) -> list[str]:
    """Why a study cannot be told from: tellings of its waves that its memory does not hold.

    Each with the file to put where, for whoever copied waves or renamed a folder without it.
    """
    return [
        f"{one.wave}: something was told of it in public ({one.told[:12]}), which"
        f" {memory_beside(folder)} does not hold. {_remedy(folder, one.memory)}"
        for one in marks_in(waves)
        if one.told not in held
    ]


def _remedy(folder: Path, memory: str) -> str:
    there, wanted = folder.with_name(memory), memory_beside(folder)
    if there == wanted:
        return (
            "Put the file back as it was when something was told last, from a copy or from the machine"
            " where that was: without it, cells that were hidden could be given away."
        )
    source = "it lies there" if there.exists() else "from where that was told"
    return (
        f"It was kept in {memory}: put that beside {folder.name} ({source}), and list the waves again"
        f" with beboerpuls dataset join {folder}, which carries it over."
    )


def carry_over(folder: Path, waves: Iterable[Path]) -> None:
    """Take into a study's memory what was told of its waves elsewhere, from the files beside it.

    Raises DatasetError, with every file to be copied, where one is not there or does not hold it.
    """
    waves = [*waves]
    if not [*marks_in(waves)]:
        return
    path = memory_beside(folder)
    with alone_with(path):
        tellings = checked_tellings(path, _AGAIN)
        held = {str(one["told"]) for one in tellings}
        names = {one.memory for one in marks_in(waves) if one.told not in held}
        for name in sorted(names):
            other = checked_tellings(folder.with_name(name), _AGAIN)
            tellings += [one for one in other if str(one["told"]) not in held]
            held |= {str(one["told"]) for one in other}
        if wrong := missed(folder, waves, held):
            raise DatasetError("\n".join(wrong))
        if names:
            write_tellings(path, tellings)


def checked_tellings(path: Path, remedy: str) -> list[dict[str, Any]]:
    """The tellings of a file, none where there is none.

    Raises DatasetError, which ends with the remedy, where it cannot be read or was changed by hand.
    """
    try:
        tellings = tellings_in(path)
        changed = [*chain_of(tellings)] != [one["chain"] for one in tellings]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: what was told before cannot be read ({error}). {remedy}"
        ) from error
    if changed:
        raise DatasetError(f"{path}: what was told before was changed by hand. {remedy}")
    return tellings
