"""What coordinators do: see how far each wave is, and have letters, files and reminders made."""

from survey.coordination.desk import blueprint

__all__ = ["blueprint"]
