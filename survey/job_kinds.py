"""Every kind of job, by the name that its row carries, and who does it."""

from __future__ import annotations

from collections.abc import Mapping

from survey import findings_work
from survey.letters.jobs import make_letters, make_merge_file, send_round
from survey.results_work import count
from survey.sheets_work import print_ordered
from survey.worker import Kind

KINDS: Mapping[str, Kind] = {
    "letters": make_letters,
    "letter_file": make_merge_file,
    "sms_file": make_merge_file,
    "mail_file": make_merge_file,
    "mailing": send_round,
    "results": count,
    "findings": findings_work.findings,
    "effects": findings_work.effects,
    "sheets": print_ordered,
}
