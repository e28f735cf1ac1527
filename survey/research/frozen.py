"""The datasets that a wave became."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from processing import DatasetError, read_wave
from survey.models import Freeze, Wave


@dataclass(frozen=True)
class Frozen:
    """A dataset that was written. Without languages its folder is not where it was."""

    id: int
    number: int
    rows: int
    hash: str
    revoked: bool
    languages: tuple[str, ...]
    unreviewed: tuple[str, ...]


def datasets_of(session: Session, wave: Wave, data: Path) -> list[Frozen]:
    """Every dataset of a wave, the newest first."""
    freezes = session.scalars(
        select(Freeze).where(Freeze.wave_id == wave.id).order_by(Freeze.number.desc())
    )
    return [_frozen(freeze, data) for freeze in freezes]


def _frozen(freeze: Freeze, data: Path) -> Frozen:
    try:
        manifest = read_wave(data / freeze.folder).manifest
    except DatasetError:
        manifest = {}
    return Frozen(
        id=freeze.id,
        number=freeze.number,
        rows=freeze.rows,
        hash=freeze.content_hash,
        revoked=freeze.revoked,
        languages=tuple(manifest.get("languages", ())),
        unreviewed=tuple(manifest.get("unreviewed_languages", ())),
    )
