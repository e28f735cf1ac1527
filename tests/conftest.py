"""What tests are given, by subject, in tests/given."""

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
