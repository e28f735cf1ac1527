"""What cannot be computed, in words that say where, what, and what to do next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Problem:
    """One thing that stands in the way of a statistic."""

    where: str
    """The item, group, row or argument, as the caller named it."""
    what: str
    """The rule and the value received."""
    remedy: str
    """What to do next."""
    rule: str = ""
    """A name of the rule, by which pages tell it in their own language,"""
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    """with what is put into the words."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.remedy}."


class StatisticsError(ValueError):
    """A statistic that is not defined for the answers given; carries every problem found."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    # Without it an exception raised by a worker process could not be brought back to the caller:
    # pickle would call the class with the finished text instead of the problems.
    def __reduce__(self) -> tuple[type["StatisticsError"], tuple[Problem, ...]]:
        return type(self), self.problems


def stop_if_any(problems: Iterable[Problem]) -> None:
    """Raise one error with all problems, so that the caller mends them in one round."""
    found = tuple(problems)
    if found:
        raise StatisticsError(*found)
