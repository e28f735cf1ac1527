"""What researchers do: follow the answers as they come, and take the frozen data away."""

from survey.research.desk import blueprint

__all__ = ["blueprint"]
