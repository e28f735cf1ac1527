"""Every kind of job, by the name that its row carries, and who does it."""

from __future__ import annotations

from collections.abc import Mapping

from survey.results_work import count
from survey.worker import Kind

KINDS: Mapping[str, Kind] = {"results": count}
