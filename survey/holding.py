"""In which order the rows of a wave's paper are held, so that no two writers wait for each other.

First the wave, together with everybody who writes in it; then batches by their ids; then the chain of
notes, where a note will be made; then sheets by theirs. Who keys, scans, receives, settles or takes
out a sheet holds its batch together with others who do; who draws, judges or changes a batch's rules
holds it alone.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey import answering
from survey.models import Batch, Sheet

# FOR NO KEY UPDATE: sheets may be added meanwhile, which refer to the row and do not change it.
_ALONE = {"key_share": True}
_TOGETHER = {"read": True}


def hold_batch(session: Session, batch: Batch) -> None:
    """Wait for all who hold a sheet of a batch, and let nobody in until this transaction ends."""
    answering.hold_wave(session, batch.wave_id)
    session.refresh(batch, with_for_update=_ALONE)


def hold_sheet(session: Session, serial: str, into: Batch | None = None) -> Sheet | None:
    """The sheet of a serial as it stands now, held until this transaction ends, with its batch.

    Also the batch that it shall be laid `into`. None where no sheet has the serial.
    """
    of_sheet = select(Batch).join(Sheet, Sheet.batch_id == Batch.id).where(Sheet.serial == serial)
    row = select(Sheet).where(Sheet.serial == serial).with_for_update()
    now = {"populate_existing": True}
    while True:
        batch = session.scalars(of_sheet, execution_options=now).first()
        if batch is None:
            return None
        answering.hold_wave(session, batch.wave_id)
        # What is held is let go again where the sheet was laid into another batch in the meantime.
        trial = session.begin_nested()
        held = {batch.id: batch} | ({into.id: into} if into else {})
        for _, one in sorted(held.items()):
            session.refresh(one, with_for_update=_TOGETHER)
        sheet = session.scalars(row, execution_options=now).one()
        if sheet.batch_id == batch.id:
            trial.commit()
            return sheet
        trial.rollback()
