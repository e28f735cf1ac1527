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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .codebook import write_json

MANIFEST = "manifest.json"


class DatasetError(Exception):
    """A dataset folder that cannot be written or read as asked; the words say what to do."""


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a scratch folder that becomes `folder` when the block ends without a failure."""
    partial = _begin(folder)
    try:
        yield partial
        _force_to_disk(partial)
        _put_in_place(partial, folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
    if folder.exists():
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
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(
            f"{path}: it is not readable as JSON ({error}). Get the dataset again from its source."
        ) from error
    if not isinstance(manifest, dict) or "hash" not in manifest or "kind" not in manifest:
        raise DatasetError(f"{path}: it is no dataset's manifest. Get the dataset from its source.")
    return manifest
