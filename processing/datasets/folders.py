"""Folders that appear whole or not at all, and say themselves what they hold.

Everything is written into a hidden sibling, forced to disk, and renamed into place: a full disk
or a killed process leaves either the folder as it was or no folder. The manifest lists the
SHA-256 and size of every file and carries a seal over itself, so that no byte changes unseen.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .codebook import write_json

MANIFEST = "manifest.json"
TOLD = "told.json"
"""Beside what is sealed in a wave's folder: what was told last of it in public."""


class DatasetError(Exception):
    """A dataset folder that cannot be written or read as asked; the words say what to do."""


# Whether what a folder's manifest says makes it an earlier one of what is being written.
Earlier = Callable[[Mapping[str, Any]], bool]


@contextmanager
def appearing(folder: Path, earlier: Earlier | None = None) -> Iterator[Path]:
    """Give a scratch folder that becomes `folder` when the block ends without a failure.

    Only what is absent, an empty folder, or what its own manifest shows to be an `earlier` one is
    written over. Raises DatasetError for all else, which stays as it is.
    """
    if not folder.name or folder.name == "..":
        folder = folder.resolve()
    refuse_taken(folder, earlier)
    partial = _begin(folder)
    try:
        yield partial
        _force_to_disk(partial)
        refuse_taken(folder, earlier)
        _put_in_place(partial, folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def refuse_taken(folder: Path, earlier: Earlier | None = None) -> None:
    """Raise DatasetError where writing to `folder` would take away what nobody can make again."""
    try:
        there = _what_is_there(folder, earlier)
    except OSError as error:
        there = f"it cannot be looked into ({error.strerror or error})"
    if there:
        raise DatasetError(
            f"{folder}: {there}, and what was not made by the same command from the same dataset is"
            " never written over. Name another folder, or move away what is there."
        )


def _what_is_there(folder: Path, earlier: Earlier | None) -> str:
    if folder.is_symlink():
        return "it is a link to another place"
    if not folder.exists():
        return ""
    if not folder.is_dir():
        return "it is a file"
    present = sorted(path.name for path in folder.iterdir())
    if not present:
        return ""
    if MANIFEST not in present:
        more = ", …" if len(present) > 3 else ""
        return f"it holds other things ({', '.join(present[:3])}{more})"
    manifest = read_manifest(folder)
    if earlier is None or not earlier(manifest):
        return f"it holds a {manifest['kind']} already"
    strangers = [name for name in files_of(folder) if name not in manifest.get("files", ())]
    return f"it holds what was put there later ({', '.join(strangers[:3])})" if strangers else ""


def _begin(folder: Path) -> Path:
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        partial.mkdir(mode=0o700)
    except OSError as error:
        if partial.exists():
            raise DatasetError(
                f"{folder}: it is being written already. Wait until that ends."
            ) from None
        raise _not_written(folder, error) from error
    return partial


def _not_written(path: Path, error: OSError) -> DatasetError:
    return DatasetError(
        f"{path}: writing failed ({error.strerror or error}), and nothing was left behind."
        " Make room or correct the folder's permissions, then try again."
    )


def _clear_abandoned(folder: Path) -> None:
    """Answers must not lie about: remove what a killed process left, never what a live one makes."""
    if os.name != "posix":
        return  # elsewhere, asking whether a process lives may end it
    for left in folder.parent.glob(f".{folder.name}.*.partial"):
        process = left.name.split(".")[-2]
        if process.isdecimal() and not _lives(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _put_in_place(partial: Path, folder: Path) -> None:
    """Rename; an earlier derived folder steps aside first, for a full folder cannot be renamed onto."""
    if folder.exists() and any(folder.iterdir()):
        aside = folder.with_name(f".{folder.name}.{os.getpid()}.replaced")
        folder.rename(aside)
        partial.rename(folder)
        shutil.rmtree(aside)
    else:
        partial.rename(folder)
    _sync(folder.parent)


def _force_to_disk(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return  # only POSIX lets a directory be opened and forced to disk
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place whole, forced to disk, or leave what was there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def files_of(folder: Path) -> list[str]:
    """Every file below the folder except its manifest, by its path with forward slashes."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.as_posix() for path in paths if path.as_posix() != MANIFEST)


def seal(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest: the content, every file's fingerprint, the software, and the seal."""
    manifest = {
        **content,
        "software": {"beboerpuls": version("beboerpuls")},
        "files": {name: fingerprint(folder / name) for name in files_of(folder)},
    }
    manifest["hash"] = manifest_hash(manifest)
    write_file(folder, MANIFEST, write_json(manifest).encode())
    return manifest


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """The hash that names a dataset: over everything the manifest says but the hash itself."""
    rest = {name: value for name, value in manifest.items() if name != "hash"}
    return hashlib.sha256(write_json(rest).encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest's content. Raises DatasetError where there is none or it cannot be read."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DatasetError(
            f"{folder}: there is no {MANIFEST}, so this is no dataset. Give the folder that"
            " freezing or importing made."
        ) from None
    except (IsADirectoryError, NotADirectoryError) as error:
        raise DatasetError(
            f"{path}: {error.strerror}, where a file belongs. Get the dataset again from its source."
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(
            f"{path}: it is not readable as JSON ({error}). Get the dataset again from its source."
        ) from error
    if not isinstance(manifest, dict) or "hash" not in manifest or "kind" not in manifest:
        raise DatasetError(f"{path}: it is no dataset's manifest. Get the dataset from its source.")
    return manifest
