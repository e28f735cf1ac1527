"""What fieldworkers do: keying sheets, and asking at the door."""

from survey.fieldwork.interview import blueprint as interviews
from survey.fieldwork.keying import blueprint

__all__ = ["blueprint", "interviews"]
