"""The phone pages: from a code to a receipt. Works without JavaScript, and stores no time of day."""

from survey.resident import entry, failures, information, leaving, questions, recordings
from survey.resident.views import blueprint

__all__ = [
    "blueprint",
    "entry",
    "failures",
    "information",
    "leaving",
    "questions",
    "recordings",
]
