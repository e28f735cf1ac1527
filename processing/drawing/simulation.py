"""Answers drawn from a known truth: for tests that recover it, for demonstrations and for planning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from instruments import MISSING, NOT_REACHED
from processing.errors import Problem, stop_if_any

from .known_model import Array, KnownGroup, KnownModel

Answers = NDArray[np.int8]

FASTEST, USUAL = 1, (2, 3, 4)
"""Duration classes: careless respondents are through in the shortest four times in five."""


@dataclass(frozen=True)
class Careless:
    """Shares of respondents who do not read."""

    straight: float = 0.0
    """Give one and the same answer throughout."""
    zigzag: float = 0.0
    """Alternate between two neighbouring answers."""
    random: float = 0.0
    """Answer by chance, every answer as likely."""


@dataclass(frozen=True)
class Holes:
    """How answers of one missing code come about.

    With −1 (not reached) `share` of the respondents break off at an item chosen by chance and miss
    all from there; with any other code each answer is missing with the probability `share`, or, at
    `slope` s, expit(logit(share) + s·η): the more of the first trait, the more often (s > 0).
    """

    code: int
    share: float
    items: tuple[str, ...] = ()
    """By default all."""
    slope: float = 0.0


@dataclass(frozen=True)
class Truth:
    """What nobody can know of real answers."""

    model: KnownModel
    groups: tuple[KnownGroup, ...]
    traits: pd.DataFrame
    """(respondents, factors)"""
    areas: pd.DataFrame
    """(areas, factors): mean of each trait in the area, apart from its group's."""
    careless: pd.Series
    """Respondent -> straight, zigzag, random or empty."""
    answers: pd.DataFrame
    """(respondents, items) as they would have been with care and without holes."""


@dataclass(frozen=True)
class Simulated:
    """Answers that were drawn, and the truth that they were drawn from."""

    frame: pd.DataFrame
    """`area` and `group` where asked for, `duration_class`, and the items."""
    truth: Truth

    def to_frame(self) -> pd.DataFrame:
        """The answers, one row a respondent; a copy."""
        return self.frame.copy()

    def __str__(self) -> str:
        items = self.truth.answers.columns
        careless = int((self.truth.careless != "").sum())
        missing = float((self.frame[items] < 0).to_numpy().mean())
        told = [
            f"{len(self.frame)} respondents",
            f"{len(items)} items",
            *([f"{len(self.truth.areas)} areas"] if len(self.truth.areas) else []),
            *([f"{len(self.truth.groups)} groups"] if len(self.truth.groups) > 1 else []),
            f"{careless} careless",
            f"{missing:.1%} of the answers missing",
        ]
        return f"Simulated answers: {', '.join(told)}\n{self.frame.head().to_string()}"


def simulate(
    model: KnownModel,
    rows: int,
    *,
    seed: int,
    areas: int | Sequence[int] = 0,
    groups: Sequence[KnownGroup] = (),
    groups_of_areas: bool = False,
    careless: Careless | None = None,
    holes: Sequence[Holes] = (),
) -> Simulated:
    """Draw answers from a factor model with thresholds.

    A respondent's traits are η = μ + σ·(√ρ·area + √(1 − ρ)·person) with the group's mean μ and SD σ
    and ρ = `model.area_share`; y* = Λη + ε gives an answer by the thresholds. Then some answer
    carelessly and some answers go missing.

    Parameters
    ----------
    model
        Loadings, thresholds, correlations and variances.
    rows
        Respondents.
    seed
        Equal seeds give equal answers.
    areas
        Number of areas, as equal in size as can be, or the size of each.
    groups, groups_of_areas
        Differences between groups. Respondents, or with `groups_of_areas` whole areas, are divided
        by chance in these shares.
    careless, holes
        See `Careless` and `Holes`.

    Returns
    -------
    Simulated

    Raises
    ------
    StatisticsError
        For shares that are no shares, sizes that do not add up, groups that name unknown items or
        whose thresholds or loadings are impossible, and unknown missing codes.

    References
    ----------
    Muthén 1984, https://doi.org/10.1007/BF02294210, whose model of ordered answers is drawn from

    Examples
    --------
    >>> model = KnownModel.simple({"calm": ["a", "b", "c"]}, loading=0.8)
    >>> simulate(model, 4, seed=1).frame[["a", "b", "c"]].shape
    (4, 3)

    """
    careless = careless or Careless()
    sizes = _sizes(rows, areas)
    stop_if_any(_problems(model, rows, sizes, groups, careless, holes, of_areas=groups_of_areas))
    rng = np.random.default_rng(seed)
    area = np.repeat(np.arange(len(sizes)), sizes)
    group = _divide(rng, groups, area, rows, of_areas=groups_of_areas)
    traits, area_means = _traits(rng, model, area, rows)
    traits = _shift(traits, model, groups, group)
    careful = answer_items(rng, model, groups, group, traits, area)
    answers, kinds = _be_careless(rng, model, careful, careless)
    answers = _punch(rng, model, answers, traits, holes)
    index = pd.RangeIndex(rows)
    columns: dict[str, object] = {}
    if len(sizes):
        columns["area"] = area.astype(np.int16)
    if groups:
        columns["group"] = np.array([known.name for known in groups])[group]
    columns["duration_class"] = _durations(rng, kinds)
    truth = Truth(
        model=model,
        groups=tuple(groups),
        traits=pd.DataFrame(traits, index=index, columns=list(model.factors)),
        areas=pd.DataFrame(area_means, columns=list(model.factors)),
        careless=pd.Series(kinds, index=index),
        answers=pd.DataFrame(careful, index=index, columns=list(model.items)),
    )
    items = pd.DataFrame(answers, index=index, columns=list(model.items))
    return Simulated(pd.concat([pd.DataFrame(columns, index=index), items], axis=1), truth)


def _sizes(rows: int, areas: int | Sequence[int]) -> NDArray[np.intp]:
    if isinstance(areas, int):
        return np.bincount(np.arange(rows) % areas, minlength=areas) if areas else np.zeros(0, int)
    return np.asarray(areas, dtype=np.intp)


def _divide(
    rng: np.random.Generator,
    groups: Sequence[KnownGroup],
    area: NDArray[np.intp],
    rows: int,
    *,
    of_areas: bool,
) -> NDArray[np.intp]:
    """(rows,): the group of each respondent, in exact shares but for rounding."""
    if not groups:
        return np.zeros(rows, dtype=np.intp)
    units = int(area[-1]) + 1 if of_areas else rows
    ends = np.rint(np.cumsum([known.share for known in groups]) * units).astype(int)
    place = rng.permutation(np.searchsorted(ends, np.arange(units), side="right"))
    return place[area] if of_areas else place


def _traits(
    rng: np.random.Generator, model: KnownModel, area: NDArray[np.intp], rows: int
) -> tuple[Array, Array]:
    root = np.asarray(np.linalg.cholesky(model.phi), dtype=np.float64)
    person = rng.normal(size=(rows, len(root))) @ root.T
    if not area.size:
        return person, np.zeros((0, len(root)))
    means = rng.normal(size=(int(area[-1]) + 1, len(root))) @ root.T * np.sqrt(model.area_share)
    return means[area] + np.sqrt(1 - model.area_share) * person, means


def _shift(
    traits: Array, model: KnownModel, groups: Sequence[KnownGroup], group: NDArray[np.intp]
) -> Array:
    if not groups:
        return traits
    means = np.array([[known.means.get(f, 0.0) for f in model.factors] for known in groups])
    spreads = np.array([[known.spreads.get(f, 1.0) for f in model.factors] for known in groups])
    return np.asarray(means[group] + spreads[group] * traits)


def answer_items(
    rng: np.random.Generator,
    model: KnownModel,
    groups: Sequence[KnownGroup],
    group: NDArray[np.intp],
    traits: Array,
    area: NDArray[np.intp],
) -> Answers:
    """(rows, items): the answers that people with these traits give."""
    rows = len(traits)
    between = model.item_area_share if area.size else 0.0
    answers = np.empty((rows, len(model.items)), dtype=np.int8)
    for column, item in enumerate(model.items):
        added = np.array([known.loadings.get(item, 0.0) for known in groups] or [0.0])
        moved = np.array([known.thresholds.get(item, 0.0) for known in groups] or [0.0])
        noise = np.sqrt(1 - between) * rng.normal(size=rows)
        if between:
            noise += np.sqrt(between) * rng.normal(size=int(area[-1]) + 1)[area]
        weights = model.lambda_[column] + added[group, None] * (model.lambda_[column] != 0)
        latent = (traits * weights).sum(axis=1) + np.sqrt(model.residuals[column]) * noise
        cuts = np.asarray(model.thresholds[item], dtype=np.float64)
        answers[:, column] = model.lowest + np.searchsorted(cuts, latent - moved[group])
    return answers


def _be_careless(
    rng: np.random.Generator, model: KnownModel, careful: Answers, careless: Careless
) -> tuple[Answers, NDArray[np.object_]]:
    answers = careful.copy()
    rows, items = careful.shape
    points = np.array([len(model.thresholds[item]) + 1 for item in model.items])
    shares = np.array([careless.straight, careless.zigzag, careless.random])
    kind = np.searchsorted(np.cumsum(shares), rng.random(rows), side="right")
    chosen = rng.random((rows, 1))
    by_chance = rng.random((rows, items))
    swing = np.floor(chosen * (points - 1)) + (np.arange(items) % 2)
    for which, steps in enumerate((np.floor(chosen * points), swing, np.floor(by_chance * points))):
        answers[kind == which] = model.lowest + steps[kind == which]
    return answers, np.array(["straight", "zigzag", "random", ""], dtype=object)[kind]


def _punch(
    rng: np.random.Generator,
    model: KnownModel,
    answers: Answers,
    traits: Array,
    holes: Sequence[Holes],
) -> Answers:
    """Answers with missing codes; where two reasons meet, the one named first stands."""
    punched = answers.copy()
    rows, items = answers.shape
    for hole in holes:
        if hole.code == NOT_REACHED:
            stops = np.where(rng.random(rows) < hole.share, rng.integers(0, items, rows), items)
            gone = np.arange(items) >= stops[:, None]
        else:
            odds = hole.share / (1 - hole.share) * np.exp(hole.slope * traits[:, :1])
            gone = rng.random((rows, items)) < odds / (1 + odds)
        if hole.items:
            gone &= np.isin(model.items, hole.items)
        punched[gone & (punched >= 0)] = hole.code
    return punched


def _durations(rng: np.random.Generator, kinds: NDArray[np.object_]) -> Answers:
    usual = rng.choice(USUAL, size=len(kinds), p=(0.25, 0.5, 0.25))
    hurried = (kinds != "") & (rng.random(len(kinds)) < 0.8)
    return np.where(hurried, FASTEST, usual).astype(np.int8)


def _problems(
    model: KnownModel,
    rows: int,
    sizes: NDArray[np.intp],
    groups: Sequence[KnownGroup],
    careless: Careless,
    holes: Sequence[Holes],
    *,
    of_areas: bool,
) -> Iterator[Problem]:
    if rows < 1:
        yield Problem("rows", f"at least one respondent is drawn, got {rows}", "Give more rows")
    if len(sizes) and (sizes.sum() != rows or (sizes < 1).any()):
        yield Problem(
            "areas",
            f"each area has a respondent and together they have {rows}, got {sizes.tolist()[:20]}",
            "Give sizes that add up",
        )
    if of_areas and not len(sizes):
        yield Problem("groups_of_areas", "there are no areas to divide", "Give areas")
    total = sum(known.share for known in groups)
    if groups and not np.isclose(total, 1):
        yield Problem("groups", f"shares must add up to one, got {total:g}", "Correct the shares")
    for known in groups:
        yield from _group_problems(model, known)
    parts = (careless.straight, careless.zigzag, careless.random)
    if min(parts) < 0 or sum(parts) > 1:
        yield Problem("careless", f"shares lie in [0, 1] together, got {parts}", "Correct them")
    for hole in holes:
        if hole.code not in MISSING:
            codes = f"{min(MISSING)} to {max(MISSING)}"
            yield Problem(f"holes {hole.code}", f"missing codes are {codes}", "Choose one of them")
        if not 0 <= hole.share < 1:
            yield Problem(
                f"holes {hole.code}", f"a share lies in [0, 1), got {hole.share}", "Correct it"
            )
        yield from _unknown(f"holes {hole.code}", hole.items, model.items, "item")


def _group_problems(model: KnownModel, known: KnownGroup) -> Iterator[Problem]:
    where = f"group {known.name!r}"
    yield from _unknown(where, [*known.loadings, *known.thresholds], model.items, "item")
    yield from _unknown(where, [*known.means, *known.spreads], model.factors, "factor")
    for factor, spread in known.spreads.items():
        if spread <= 0:
            yield Problem(
                f"{where}, factor {factor!r}", f"an SD is above zero, got {spread}", "Correct it"
            )


def _unknown(
    where: str, named: Sequence[str], known: Sequence[str], kind: str
) -> Iterator[Problem]:
    for name in dict.fromkeys(named):
        if name not in known:
            yield Problem(
                f"{where}, {kind} {name!r}",
                f"the model has no such {kind}",
                f"Choose among {', '.join(known)}",
            )
