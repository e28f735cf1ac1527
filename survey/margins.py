"""Whether a wave's register counts name what its form asks.

Weighting finds that out only from a frozen dataset, where nothing can be corrected any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import Form, Kind
from survey.models import Margin, Wave


def misfit(form: Form, variable: str, category: str) -> tuple[str, str]:
    """The column of a count that answers cannot be weighted to, and the rule it breaks.

    Two empty texts where there is nothing to say.
    """
    option, _, code = variable.rpartition("_")
    if option in form.columns and form.item_of(option).item.kind is Kind.MULTIPLE:
        codes = form.item_of(option).item.responses.codes
        fits = code in {str(one) for one in codes}
        allowed = ["0", "1"]
    elif variable in form.columns:
        item = form.item_of(variable).item
        fits = item.kind not in {Kind.MULTIPLE, Kind.TEXT, Kind.RANKING}
        allowed = [str(one) for one in item.responses.codes] if item.kind is Kind.SINGLE else []
    else:
        fits, allowed = False, []
    if not fits:
        return "variable", "is not asked in this wave so that it could be counted by category."
    if allowed and category not in allowed:
        return "category", f"is no code of {variable}; codes are {', '.join(allowed)}."
    return "", ""


def misfits(session: Session, wave: Wave, form: Form) -> Iterator[str]:
    """Each register count of a wave that does not fit a form, in words."""
    there = select(Margin.variable, Margin.category).where(Margin.wave_id == wave.id).distinct()
    for variable, category in session.execute(there.order_by(Margin.variable, Margin.category)):
        column, rule = misfit(form, variable, category)
        if rule:
            yield f"{variable} = {category}: {category if column == 'category' else variable} {rule}"
