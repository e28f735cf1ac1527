"""What coordinators do: see how far each wave is, have letters made, and open results to residents."""

from survey.coordination import results, sheets, writing
from survey.coordination.desk import blueprint

writing.register(blueprint)

__all__ = ["blueprint", "results", "sheets"]
