"""What readers are told of the sheets that a study has printed."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from instruments import Form, Kind
from survey.forms import Forms
from survey.models import BlankSheet, PrintRun, SheetLayout, Wave
from survey.scanning.reading_room import Layout


def layouts_of(session: Session, forms: Forms, study_id: int) -> list[Layout]:
    """Every layout that a study's sheets were printed by."""
    rows = session.execute(
        select(SheetLayout, BlankSheet.pdf, func.min(PrintRun.wave_id))
        .join(BlankSheet, BlankSheet.layout_id == SheetLayout.id)
        .join(PrintRun, PrintRun.layout_id == SheetLayout.id)
        .join(Wave, Wave.id == PrintRun.wave_id)
        .where(Wave.study_id == study_id)
        .group_by(SheetLayout.id, BlankSheet.layout_id)
    )
    return [
        Layout(layout.id, layout.layout, pdf, taking_several(forms.of(session, wave_id)))
        for layout, pdf, wave_id in rows
    ]


def taking_several(form: Form) -> frozenset[str]:
    """The questions that take several answers."""
    return frozenset(
        column for column in form.columns if form.item_of(column).item.kind is Kind.MULTIPLE
    )
