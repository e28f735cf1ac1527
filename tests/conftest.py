"""What tests are given, by subject, in tests/given."""

pytest_plugins = [
    "accessibility",
    "applications",
    "browsers",
    "commands",
    "databases",
    "evaluations",
    "datasets",
    "factories",
    "forms",
    "inspection",
    "jobs",
    "paper",
    "people",
    "scans",
    "servers",
    "staff",
]
