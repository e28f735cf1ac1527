"""What coordinators do: set a study up, write to people, print, and open results to residents."""

from survey.coordination import analysis_plan, register_counts, results, sheets, writing
from survey.coordination.desk import blueprint

writing.register(blueprint)

__all__ = ["analysis_plan", "blueprint", "register_counts", "results", "sheets"]
