"""What fieldworkers do: receiving and keying sheets, settling them, and asking at the door."""

from survey.fieldwork.interview import blueprint as interviews
from survey.fieldwork.keying import blueprint
from survey.fieldwork.paper_desk import blueprint as paper_desk
from survey.fieldwork.settling import blueprint as settling

BLUEPRINTS = (blueprint, settling, paper_desk, interviews)

__all__ = ["BLUEPRINTS", "blueprint", "interviews", "paper_desk", "settling"]
