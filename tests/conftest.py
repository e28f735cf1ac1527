"""What tests are given, by subject, in tests/given."""

import os

# Before numpy is loaded: a test process has a core of its own. With more threads they wait for one
# another's cores, and tests of regressions took three times the processor time.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

pytest_plugins = [
    "accessibility",
    "applications",
    "browsers",
    "commands",
    "correspondence",
    "databases",
    "evaluations",
    "datasets",
    "factories",
    "forms",
    "inspection",
    "jobs",
    "paper",
    "mail_server",
    "people",
    "profiles",
    "scans",
    "servers",
    "staff",
]
