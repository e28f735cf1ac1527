"""The phone pages: from a code to a receipt. Works without JavaScript, and stores no time of day."""

from survey.resident import (
    deliver,
    entry,
    failures,
    idle,
    information,
    leaving,
    offline,
    questions,
    recordings,
)
from survey.resident.views import blueprint

__all__ = [
    "blueprint",
    "deliver",
    "entry",
    "failures",
    "idle",
    "information",
    "leaving",
    "offline",
    "questions",
    "recordings",
]
