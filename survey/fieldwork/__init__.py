"""What fieldworkers do: keying sheets."""

from survey.fieldwork.keying import blueprint

__all__ = ["blueprint"]
