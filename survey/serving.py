"""The application together with a worker for its jobs: what one command serves."""

from __future__ import annotations

import atexit
import threading

from flask import Flask

from survey.application import create_app
from survey.job_kinds import CHORES, KINDS
from survey.settings import Settings
from survey.web import NAME, Parts
from survey.worker import Worker, Workshop

_PATIENCE = 5.0  # seconds that an ending server waits for a job to be given back


def create_working_app(settings: Settings | None = None) -> Flask:
    """The application, with a thread that does its jobs. Raises SettingsError.

    Call it in the process that serves, after any fork: threads are not inherited.
    """
    app = create_app(settings)
    parts: Parts = app.extensions[NAME]
    start_worker(Workshop(parts.settings, parts.database, parts.languages))
    return app


def start_worker(shop: Workshop) -> Worker:
    """Do jobs beside what this process does, until it ends."""
    worker = Worker(shop, KINDS, CHORES)
    thread = threading.Thread(target=worker.work, name="jobs", daemon=True)

    def stop() -> None:
        worker.stop()
        thread.join(_PATIENCE)

    atexit.register(stop)
    thread.start()
    return worker
