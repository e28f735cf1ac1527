"""What researchers do: follow the answers, plan, take the frozen data away, see what they say."""

from survey.research import findings, planning
from survey.research.desk import blueprint

__all__ = ["blueprint", "findings", "planning"]
