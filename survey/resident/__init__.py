"""The phone pages: from a code to a receipt. Works without JavaScript, and stores no time of day."""

from survey.resident import (
    at_the_door,
    deliver,
    entry,
    failures,
    idle,
    information,
    leaving,
    offline,
    own_data,
    questions,
    recordings,
    results,
)
from survey.resident.views import blueprint

__all__ = [
    "at_the_door",
    "blueprint",
    "deliver",
    "entry",
    "failures",
    "idle",
    "information",
    "leaving",
    "offline",
    "own_data",
    "questions",
    "recordings",
    "results",
]
