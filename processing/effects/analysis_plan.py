"""The analysis plan: what a study said it would look at before it could look."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.study_terms import StudyTerms

_WEIGHTINGS = ("equal", "answers")
_WEIGHTS = ("calibrated", "base")
_UNITS = ("areas", "persons")
# What says of which areas' means an effect is a sum, and which effects there are.
_OF_EFFECTS = (
    "primary", "secondary", "treatment", "comparison", "units", "weighting", "covariates",
)  # fmt: skip
INFERENCES = ("trusted", "CR2", "CR3", "randomisation", "wild bootstrap")


@dataclass(frozen=True)
class AnalysisPlan:
    """What is confirmatory; all else is exploratory. Effects are on scores from 0 to 100.

    `hash` is the SHA-256 of the file's bytes, by which it was registered.
    """

    primary: tuple[str, ...]
    """One scale a questionnaire, tested by Holm's rule."""
    treatment: tuple[str, ...]
    """Kinds of plans that count as treated: helhedsplan, huslejestøtte, …"""
    secondary: tuple[str, ...] = ()
    """Further scales, by false discovery rate."""
    comparison: tuple[str, ...] = ()
    """Keys of the areas to compare with; by default all that no such plan covers."""
    units: str = "areas"
    """areas (their means) or persons."""
    weighting: str = "equal"
    """Of areas: equal, or by their answers (effective n)."""
    level: float = 0.95
    draws: int = 9_999
    seed: int = 1
    margin: float = 2.0
    """Effects smaller than this, in points, are held for none (equivalence)."""
    below: float = 40.0
    above: float = 60.0
    """Set points of the shares."""
    covariates: tuple[str, ...] = ()
    """Variables of categories, as background_gender: shares of areas, or persons' own."""
    inference: str = "trusted"
    """trusted, or one of the methods, which is then told where it can be trusted."""
    mean_n: int = 10
    count: int = 5
    """No mean of fewer answers and no smaller count leaves the house."""
    adults: str = ""
    """The column of adults in the dwelling, where base weights do not count them yet."""
    ordered: tuple[str, ...] = ()
    """Margins whose thin categories are joined to their neighbours, as background_age_band."""
    weights: str = "calibrated"
    """calibrated to register counts in waves that have them, or base: base weights all the same."""
    hash: str = field(default="", compare=False)

    @property
    def scales(self) -> tuple[str, ...]:
        return (*self.primary, *self.secondary)

    @property
    def limits(self) -> DisclosureLimits:
        """What may be published, by the study's own thresholds."""
        return self.terms.limits

    @property
    def terms(self) -> StudyTerms:
        """What holds for all that is made of the study's datasets once the plan is registered."""
        return StudyTerms(self.mean_n, self.count, self.adults, self.ordered, self.weights)

    def laid_down(self) -> dict[str, Any]:
        """What manifests say of it once it is registered: its terms, and of what effects are made."""
        made_of = {name: getattr(self, name) for name in _OF_EFFECTS}
        plan = {name: [*one] if isinstance(one, tuple) else one for name, one in made_of.items()}
        return {**self.terms.to_dict(), "plan": {**plan, "hash": self.hash}}


def plan_laid_down(study: Study) -> AnalysisPlan | None:
    """The plan that was registered last before a study's last wave was frozen, as far as its effects go.

    None where there was none, or the wave was frozen before manifests told it.
    """
    last = max(study.waves, key=lambda one: one.wave)
    said = (last.manifest.get("terms") or {}).get("plan")
    if not said:
        return None
    terms = StudyTerms.of(last.manifest["terms"])
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in said.items()
        if name in (*_OF_EFFECTS, "hash")
    }
    return AnalysisPlan(
        **known, adults=terms.adults, ordered=terms.ordered, weights=terms.weights,
        mean_n=terms.mean_n, count=terms.count,
    )  # fmt: skip


def read_plan(path: Path | str) -> AnalysisPlan:
    r"""Read a plan. Raises StatisticsError with every problem of the file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "plan.yaml"
    ...     _ = file.write_text("primary: [tryghed_perceived_safety]\ntreatment: [helhedsplan]\n")
    ...     read_plan(file).primary
    ('tryghed_perceived_safety',)
    """
    return plan_of(content_of(Path(path)), Path(path).name)


def content_of(path: Path) -> bytes:
    """A plan's bytes. Raises StatisticsError where they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StatisticsError(
            Problem(str(path), f"it cannot be read ({error.strerror})", "Name a file that can")
        ) from None


def plan_of(content: bytes, name: str = "plan") -> AnalysisPlan:
    """Read a plan's bytes. Raises StatisticsError with every problem."""
    plan, problems = sound_parts_of_plan(content, name)
    if problems:
        raise StatisticsError(*problems)
    return plan


def sound_parts_of_plan(content: bytes, name: str = "plan") -> tuple[AnalysisPlan, list[Problem]]:
    r"""Read a plan's parts that can be, so that what they name is held against a study all the same.

    Parameters
    ----------
    content
        A plan's bytes.
    name
        What problems call it.

    Returns
    -------
    tuple[AnalysisPlan, list[Problem]]
        The plan of its sound parts, of no scale where `primary` is none of them, and what is wrong
        with the others.

    Raises
    ------
    StatisticsError
        There are no parts at all.

    Examples
    --------
    >>> plan, problems = sound_parts_of_plan(b"primary: [tryghed_t1]\nunits: houses\n")
    >>> plan.primary, len(problems)
    (('tryghed_t1',), 2)

    """
    try:
        data = yaml.safe_load(content.decode())
    # Brackets in brackets, thousands deep, are no plan either.
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise StatisticsError(_not_yaml(name, content, error)) from None
    if not isinstance(data, dict):
        raise StatisticsError(
            Problem(name, "it holds no names", "Begin with primary: [scale]", "plan.empty")
        )
    problems = [
        Problem(
            f"{name}, {key}",
            "no plan has such a part",
            f"Choose among {', '.join(_known())}",
            "plan.part",
            {"part": str(key), "known": ", ".join(_known())},
        )
        for key in data
        if key not in _known()
    ]
    problems += [problem for key in _known() for problem in _wrong(name, key, data)]
    if not problems and data.get("mean_n", 10) < data.get("count", 5):
        problems = [
            Problem(
                f"{name}, mean_n",
                f"{data.get('mean_n', 10)} is below count, {data.get('count', 5)}",
                "Let no mean be shown where its count is not",
                "plan.mean_n",
                {"mean_n": str(data.get("mean_n", 10)), "count": str(data.get("count", 5))},
            )
        ]
    given: dict[str, Any] = {"primary": (), "treatment": ()} | {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in data.items()
        if key in _known() and not _wrong(name, key, data)
    }
    return AnalysisPlan(**given, hash=hashlib.sha256(content).hexdigest()), problems


_SHOWN = 60  # signs of a line that is no YAML
_RANGES: dict[str, tuple[float, float]] = {
    "level": (0.5, 0.999),
    "draws": (99, 999_999),
    "seed": (0, 2**63),
    # Nothing is equal to within nothing.
    "margin": (0.01, 100),
    # Danmarks Statistik: at least three units a cell; a mean of few is nearly somebody's answer.
    "mean_n": (5, 1_000),
    "count": (3, 1_000),
}


def _known() -> list[str]:
    return [one.name for one in fields(AnalysisPlan) if one.name != "hash"]


def _wrong(name: str, key: str, data: dict[str, Any]) -> list[Problem]:
    if key not in data:
        needed = key in {"primary", "treatment"}
        return [_problem(name, key, "it is missing", "Give a list", "missing")] if needed else []
    value = data[key]
    got = f"got {value!r}"
    if key == "adults":
        if isinstance(value, str) and value:
            return []
        told = (f"a column's name, {got}", "Name it, or leave it out", "column")
        return [_problem(name, key, *told, got=repr(value))]
    if key in {"primary", "secondary", "treatment", "comparison", "covariates", "ordered"}:
        texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not texts or (key in {"primary", "treatment"} and not value):
            told = (f"a list of names, {got}", "Write [one, another]", "list")
            return [_problem(name, key, *told, got=repr(value))]
        if again := [one for at, one in enumerate(value) if one in value[:at]]:
            told = (f"{again[0]} stands there twice", "Name it once", "again")
            return [_problem(name, key, *told, scale=again[0])]
        others = data.get("primary")
        if key == "secondary" and isinstance(others, list) and (both := set(value) & {*others}):
            one = min(both)
            told = (f"{one} is primary already", "Name it once", "twice")
            return [_problem(name, key, *told, scale=one)]
        return []
    choices = {
        "units": _UNITS,
        "weighting": _WEIGHTINGS,
        "weights": _WEIGHTS,
        "inference": INFERENCES,
    }.get(key)
    if choices:
        if value in choices:
            return []
        told = (f"{' or '.join(choices)}, {got}", "Choose one", "choice")
        return [_problem(name, key, *told, got=repr(value), choices=", ".join(choices))]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [_problem(name, key, f"a number, {got}", "Give a number", "number", got=repr(value))]
    low, high = _RANGES.get(key, (0, 100))
    whole = key in {"draws", "seed", "mean_n", "count"}
    if not low <= value <= high or (whole and not isinstance(value, int)):
        told = (f"from {low} to {high}, got {value}", "Correct it", "range")
        ends = {"low": f"{low:g}", "high": f"{high:g}"}
        return [_problem(name, key, *told, got=str(value), **ends)]
    return []


def _not_yaml(name: str, content: bytes, error: Exception) -> Problem:
    """In which line reading stopped, what stands there, and what was expected."""
    if isinstance(error, UnicodeDecodeError):
        return Problem(name, "it is not YAML in UTF-8", "Save it as UTF-8", "plan.encoding")
    rule, what = "plan.yaml", "a name, a colon and a value were expected"
    # A bracket or a name without a colon is where it began, and is noticed only further down.
    mark = getattr(error, "context_mark", None)
    if "flow" in (getattr(error, "context", None) or ""):
        rule, what = "plan.bracket", "the bracket that begins there is not closed in order"
    elif "':'" in (getattr(error, "problem", None) or ""):
        rule, what = "plan.colon", "there is no colon after the name"
    else:
        mark = getattr(error, "problem_mark", None)
    line = mark.line if mark else 0
    lines = content.decode().splitlines()
    # An end that came too early lies beyond the last line.
    line = min(line, len(lines) - 1)
    got = lines[line].strip()[:_SHOWN]
    return Problem(
        f"{name}, line {line + 1}",
        f"it is not YAML: {what}, got {got!r}",
        "Write it as in primary: [scale], see docs/evaluation.md",
        rule,
        {"line": str(line + 1), "got": got},
    )


def _problem(name: str, key: str, what: str, remedy: str, rule: str, **values: str) -> Problem:
    return Problem(f"{name}, {key}", what, remedy, f"plan.{rule}", {"part": key, **values})
