"""What fieldworkers do: receiving, scanning and keying sheets, settling, asking at the door."""

from survey.fieldwork import away, deciding  # their pages are among those of keying and of scans
from survey.fieldwork.interview import blueprint as interviews
from survey.fieldwork.keying import blueprint
from survey.fieldwork.paper_desk import blueprint as paper_desk
from survey.fieldwork.scans import blueprint as scanned
from survey.fieldwork.scans import upload as upload_scans
from survey.fieldwork.settling import blueprint as settling

BLUEPRINTS = (blueprint, settling, paper_desk, interviews, scanned)

__all__ = [
    "BLUEPRINTS",
    "away",
    "blueprint",
    "deciding",
    "interviews",
    "paper_desk",
    "scanned",
    "settling",
    "upload_scans",
]
