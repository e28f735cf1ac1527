"""The researcher's desk: how far the answers have come, and the frozen data to take away."""

from __future__ import annotations

import datetime as dt
import mimetypes
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from processing import FORMATS, Dataset, DatasetError, check, export, read_wave, score
from survey import audit
from survey.access import studies_as
from survey.models import Freeze, Wave
from survey.progress import progress_of, waves_of
from survey.research.frozen import datasets_of
from survey.staff import MissingRoleError, me, needs_role
from survey.web import parts, reading, writing

blueprint = Blueprint("research", __name__, url_prefix="/research")

SCORES = "scores"
CODEBOOK = "codebook"
OPEN_TEXT = "open_text"
FILES = (*FORMATS, CODEBOOK, SCORES, OPEN_TEXT)
# What is written beside CSV, by how its name ends.
_BESIDE = {CODEBOOK: "_codebook.csv", OPEN_TEXT: "_open_text.csv"}
_PIECE = 2**16


@blueprint.get("/")
@needs_role("researcher", "coordinator")
def start() -> str:
    """Every wave of one's studies: who has answered, and what was frozen."""
    own = studies_as(me(), "researcher")
    today = dt.datetime.now(dt.UTC).date()
    with reading() as database:
        waves = [
            (
                wave,
                progress_of(database, wave, today),
                datasets_of(database, wave, parts().settings.data) if wave.study_id in own else [],
            )
            for wave in waves_of(database, own | studies_as(me(), "coordinator"))
        ]
    return render_template("research/start.html", waves=waves, files=FILES)


@blueprint.post("/datasets/<int:freeze_id>")
@needs_role("researcher")
def download(freeze_id: int) -> Response | tuple[str, int]:
    """One file of one dataset; who took it stands in the log."""
    wanted, language = request.form.get("file", ""), request.form.get("language", "")
    if wanted not in FILES:
        abort(400)
    with reading() as database:
        freeze = database.get(Freeze, freeze_id)
        wave = database.get(Wave, freeze.wave_id) if freeze else None
        if freeze is None or wave is None:
            abort(404)
        if wave.study_id not in studies_as(me(), "researcher"):
            raise MissingRoleError(("researcher",))
        subject = f"{wave.study.key} wave {wave.number}"
    if freeze.revoked:
        return render_template("research/refused.html", reason="revoked"), 410
    try:
        dataset = read_wave(parts().settings.data / freeze.folder)
        # A folder that was sealed anew is sound in itself; the log shall not name it as the one
        # that was frozen.
        if dataset.hash != freeze.content_hash or check(dataset.folder):
            return render_template("research/refused.html", reason="changed"), 409
        answer = _scores(dataset) if wanted == SCORES else _file(dataset, wanted, language)
    except DatasetError:
        return render_template("research/refused.html", reason="missing"), 404
    with writing() as database:
        audit.note(
            database,
            me().name,
            "dataset downloaded",
            subject,
            dataset=freeze.content_hash,
            file=wanted,
            language=language,
        )
    return answer


def _file(dataset: Dataset, wanted: str, language: str) -> Response:
    """A file that is written whole and then sent piece by piece, so that no row fills the memory."""
    form: Any = "csv" if wanted in _BESIDE else wanted  # one of FORMATS, as `download` made sure
    folder = tempfile.TemporaryDirectory()
    try:
        # What people wrote is never among the codes here: it may name somebody.
        exported = export(dataset, form, folder.name, language=language)
        beside = _BESIDE.get(wanted, "")
        path = next((one for one in exported.files if one.name.endswith(beside)), None)
        if path is None:
            abort(404)
        answer = _attached(_pieces(path), path.name)
        answer.content_length = path.stat().st_size
    except BaseException:
        folder.cleanup()
        raise
    # Flask's own send_file would pass the file on to the server, and never call this.
    answer.call_on_close(folder.cleanup)
    return answer


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _scores(dataset: Dataset) -> Response:
    """Scores alone, by row id, to be joined to a file that was taken before."""
    return _attached(_score_lines(dataset), f"{dataset.study}_wave{dataset.wave}_scores.csv")


def _score_lines(dataset: Dataset) -> Iterator[str]:
    # A dataset without rows has no batches, and its file still has columns.
    batches = dataset.batches() if dataset.rows else [dataset.responses()]
    for place, batch in enumerate(batches):
        scores = score(batch, dataset.codebook)
        scores.insert(0, "row_id", batch["row_id"])
        yield scores.to_csv(index=False, header=place == 0)


def _attached(content: Iterator[bytes] | Iterator[str], name: str) -> Response:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
