"""Every kind of job, by the name that its row carries, and who does it; and what is done unordered.

Who does a job is imported when one is taken up: a worker that prints sheets has no use for the 150 MB
that counting results needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from survey.worker import Chore, Kind, Work, Workshop

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


def _delete_scans(shop: Workshop, today: dt.date) -> None:
    import_module("survey.scans_work").delete_on_their_day(shop, today)


# What the law or a promise sets a day for: nobody has to order it.
CHORES: tuple[Chore, ...] = (_delete_scans,)
