"""Sign-in of everybody who works with a study, and the desk's front page. Knows no audience."""

from survey.staff.desk import blueprint
from survey.staff.signed_in import MissingRoleError, login, me, needs_role

__all__ = ["MissingRoleError", "blueprint", "login", "me", "needs_role"]
