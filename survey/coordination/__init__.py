"""What coordinators do: see how far each wave is, have letters made, and open results to residents."""

from survey.coordination import results
from survey.coordination.desk import blueprint

__all__ = ["blueprint", "results"]
