"""Sign-in of everybody who works with a study, the desk's front page, and its jobs. Knows no audience."""

from survey.staff import job_pages
from survey.staff.desk import at_a_desk, blueprint
from survey.staff.signed_in import MissingRoleError, login, me, needs_role, page_asked_for

job_pages.register(blueprint)

__all__ = [
    "MissingRoleError",
    "at_a_desk",
    "blueprint",
    "login",
    "me",
    "needs_role",
    "page_asked_for",
]
