"""What project staff and municipal partners answered, plan by plan, as rows of the feed."""

from __future__ import annotations

import pandas as pd

from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any


def as_moderators(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A feed of partners' own study, whose areas are plans of `study`, as moderators of these plans.

    Raises StatisticsError where it is of plans that the study does not have.
    """
    mine = table[(table["measure"] == "mean") & (table["cohort"] == "all")]
    mine = mine[mine["level"] == "afdeling"]
    known = set(study.table("plans")["plan"].astype(str))
    unknown = sorted(set(mine["unit"].astype(str)) - known)
    stop_if_any(
        Problem(
            f"cooperation, {key}",
            "its areas are to be this study's plans, and it has no plan of that key",
            f"Give areas the keys of plans: {', '.join(sorted(known)[:5]) or 'there are none'}",
        )
        for key in unknown[:10]
    )
    return mine.assign(measure="moderator", level="plan", plan=mine["unit"])
