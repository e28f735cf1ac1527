"""The coordinator's desk: every study with its waves; a wave with its areas and its jobs."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, render_template

from survey.access import studies_as
from survey.coordination.own_waves import own_wave, studies_of
from survey.jobs import jobs_of
from survey.progress import progress_of
from survey.staff import me, needs_role
from survey.web import reading

blueprint = Blueprint("coordination", __name__, url_prefix="/coordination")


@blueprint.get("/")
@needs_role("coordinator")
def start() -> str:
    """One's studies, their waves, how far each is, and what is being made."""
    own = studies_as(me(), "coordinator")
    today = dt.datetime.now(dt.UTC).date()
    with reading() as database:
        studies = [
            (study, [(wave, progress_of(database, wave, today)) for wave in study.waves])
            for study in studies_of(database, own)
        ]
        jobs = jobs_of(database, own, "coordinator")
    return render_template("coordination/start.html", studies=studies, jobs=jobs)


@blueprint.get("/waves/<int:wave_id>")
@needs_role("coordinator")
def wave(wave_id: int) -> str:
    """A wave: response by area, what may be made, what was made."""
    today = dt.datetime.now(dt.UTC).date()
    with reading() as database:
        found = own_wave(database, wave_id)
        progress = progress_of(database, found, today)
        jobs = jobs_of(database, [found.study_id], "coordinator", wave_id=found.id)
    return render_template("coordination/wave.html", wave=found, progress=progress, jobs=jobs)
