"""Every kind of job, by the name that its row carries, and who does it.

Who does a job is imported when one is taken up: a worker that prints sheets has no use for the 150 MB
that counting results needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from survey.worker import Kind, Work

_DOERS = {
    "letters": ("letters.jobs", "make_letters"),
    "letter_file": ("letters.jobs", "make_merge_file"),
    "sms_file": ("letters.jobs", "make_merge_file"),
    "mail_file": ("letters.jobs", "make_merge_file"),
    "mailing": ("letters.jobs", "send_round"),
    "results": ("results_work", "count"),
    "findings": ("findings_work", "findings"),
    "effects": ("findings_work", "effects"),
    "sheets": ("sheets_work", "print_ordered"),
    "scan": ("scans_work", "read_upload"),
}


def _doer(module: str, name: str) -> Kind:
    def do(work: Work) -> None:
        getattr(import_module(f"survey.{module}"), name)(work)

    return do


KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind: _doer(module, name) for kind, (module, name) in _DOERS.items()}
)
