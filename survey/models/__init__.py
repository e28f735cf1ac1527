"""The tables. What must always be true of a row stands here as a constraint, not in the code above."""

from survey.models.batches import Batch, BatchKeyer, BatchVerdict, PaperRules
from survey.models.installation import KeyBinding
from survey.models.paper import (
    Keying,
    KeyingCheck,
    PrintedSheet,
    PrintRun,
    Resolution,
    Sheet,
    SheetEvent,
    SheetLayout,
)
from survey.models.people import Account, Attempt, AuditEntry, Grant, LimiterKey
from survey.models.responses import (
    Contact,
    Freeze,
    Invitation,
    Response,
    Superseded,
    Tombstone,
)
from survey.models.results import OpenedResult
from survey.models.rounds import Addressee, Round
from survey.models.scans import BlankSheet, Scan, ScanPage, ScanRules
from survey.models.studies import (
    Area,
    AreaGroup,
    AreaGroupMember,
    AreaPlan,
    AreaStatus,
    AreaSuccession,
    Margin,
    Plan,
    Study,
    Wave,
    WaveForm,
)
from survey.models.table import Base, table_of
from survey.models.work import Job

__all__ = [
    "Account",
    "Addressee",
    "Area",
    "AreaGroup",
    "AreaGroupMember",
    "AreaPlan",
    "AreaStatus",
    "AreaSuccession",
    "Attempt",
    "AuditEntry",
    "Base",
    "Batch",
    "BatchKeyer",
    "BatchVerdict",
    "BlankSheet",
    "Contact",
    "Freeze",
    "Grant",
    "Invitation",
    "Job",
    "KeyBinding",
    "Keying",
    "KeyingCheck",
    "LimiterKey",
    "Margin",
    "OpenedResult",
    "PaperRules",
    "Plan",
    "PrintRun",
    "PrintedSheet",
    "Resolution",
    "Response",
    "Round",
    "Scan",
    "ScanPage",
    "ScanRules",
    "Sheet",
    "SheetEvent",
    "SheetLayout",
    "Study",
    "Superseded",
    "Tombstone",
    "Wave",
    "WaveForm",
    "table_of",
]
