"""Plausible values: draws of each respondent's trait, for analyses of areas, and imputed answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from instruments import NOT_RELEVANT, NOT_SHOWN
from processing.consistency.reliability import Interval
from processing.counting.answers import choose_items, read_codes
from processing.counting.rows_used import has_group
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level
from processing.traits.graded_curves import Curves, curves_of
from processing.traits.graded_likelihood import log_likelihoods
from processing.traits.graded_response import GradedResponse
from processing.traits.trait_scores import Respondents, read_respondents

Array = NDArray[np.float64]
Places = NDArray[np.intp]

NODES = np.linspace(-6, 6, 97)
ROWS = 2**13
"""Drawn for at a time."""
BURN, THIN = 60, 5
TRIES = 100


@dataclass(frozen=True)
class PlausibleValues:
    """Draws from what is known of each respondent's trait."""

    traits: pd.DataFrame
    """(rows, draws), in SDs of the trait among those to whom the model was fitted."""
    areas: pd.DataFrame
    """(areas, draws): true means; empty without areas."""
    population: pd.DataFrame
    """One row a draw: mean, between (variance of area means), within."""
    curves: tuple[Curves, ...] = field(repr=False, compare=False)
    """The items of each draw."""

    def __str__(self) -> str:
        mean = self.population.mean()
        return (
            f"{self.traits.shape[1]} plausible values of {len(self.traits)} respondents:"
            f" mean {mean['mean']:.3f}, variance within {mean['within']:.3f},"
            f" between {mean['between']:.3f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a respondent, columns pv1, pv2 and so on."""
        return self.traits


@dataclass(frozen=True)
class Combined:
    """One estimate from several draws, by Rubin's rules."""

    estimate: float
    se: float
    interval: Interval
    df: float
    missing: float
    """Share of the variance that comes from not knowing the trait or the answers."""

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame(
            [
                {
                    "estimate": self.estimate,
                    "se": self.se,
                    "low": self.interval.low,
                    "high": self.interval.high,
                    "df": self.df,
                    "missing": self.missing,
                }
            ]
        )

    def __str__(self) -> str:
        return f"{self.estimate:.3f} {self.interval}, SE {self.se:.3f}"


def plausible_values(
    frame: pd.DataFrame,
    model: GradedResponse,
    area: str | None = None,
    *,
    draws: int = 10,
    seed: int,
    uncertain_items: bool = True,
) -> PlausibleValues:
    """Draw plausible values of the trait, given the answers and the area.

    The trait of a respondent in area a is θ = μ + uₐ + e, u ~ N(0, τ²), e ~ N(0, σ²). A Gibbs
    sampler draws θ given answers (on a grid of −6 … 6 by 1/8, smoothed within its cells), u, μ, σ²
    and τ² in turn; the first 60 rounds are dropped and every fifth is kept. With `uncertain_items`
    the model's parameters are drawn anew for each kept round, from their normal approximation.

    Unlike a score, a plausible value is no estimate of a person: analyse each draw as if it were the
    trait, then `combine`. Then variances, areas and differences come out without the bias that the
    unreliability of scores brings, if what they are compared by is `area`.

    Parameters
    ----------
    frame
        Answers to the model's items; negative codes and NaN are missing. A row without any answer
        is drawn from its area.
    model
        From `graded_response`.
    area
        A column that names each row's area, of which none is empty or a code below zero; by
        default there is one population.
    draws, seed
        Values a respondent; equal seeds give equal draws.
    uncertain_items
        See above.

    Returns
    -------
    PlausibleValues

    Raises
    ------
    StatisticsError
        As `trait_scores`; fewer than three areas, a row without an area, fewer than two draws.

    References
    ----------
    Mislevy 1991, https://doi.org/10.1007/BF02294457; Rubin 1987, ISBN 978-0-471-65574-9

    Examples
    --------
    >>> from processing import graded_response
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c"]}, 0.8, area_share=0.1)
    >>> frame = simulate(known, 1000, seed=1, areas=20).frame
    >>> drawn = plausible_values(frame, graded_response(frame, ["a", "b", "c"]), "area", seed=1)
    >>> drawn.traits.shape, drawn.areas.shape
    ((1000, 10), (20, 10))

    """
    rows = read_respondents(frame, model)
    place, names = _places(frame, area)
    stop_if_any(_unfit(frame, area, len(names), place, draws))
    rng = np.random.default_rng(seed)
    state = _State(np.zeros(len(frame)), np.zeros(max(len(names), 1)), 0.0, 1.0, 0.1)
    curves = model.curves
    logs = log_likelihoods(rows.answered, curves, NODES)
    kept: list[_State] = []
    kept_curves: list[Curves] = []
    for turn in range(1, BURN + draws * THIN + 1):
        state = _round(rng, state, rows, logs, place, areas=len(names))
        if turn < BURN or (turn - BURN) % THIN:
            continue
        if turn > BURN:
            kept.append(state)
            kept_curves.append(curves)
        if uncertain_items:
            curves = _items_anew(rng, model)
            logs = log_likelihoods(rows.answered, curves, NODES)
    columns = [f"pv{draw}" for draw in range(1, draws + 1)]
    means = np.array([state.mean + state.areas[: len(names)] for state in kept]).T
    return PlausibleValues(
        traits=pd.DataFrame(
            np.array([state.theta for state in kept]).T, index=frame.index, columns=columns
        ),
        areas=pd.DataFrame(means, index=names, columns=columns),
        population=pd.DataFrame(
            {
                "mean": [state.mean for state in kept],
                "between": [state.between if len(names) else 0.0 for state in kept],
                "within": [state.within for state in kept],
            },
            index=columns,
        ),
        curves=tuple(kept_curves),
    )


def imputed(
    frame: pd.DataFrame, model: GradedResponse, drawn: PlausibleValues, *, seed: int
) -> Iterator[pd.DataFrame]:
    """The frame with missing answers filled, once a plausible value: a sensitivity, not a repair.

    A missing answer is drawn from P(X = k | θ) at the draw's trait and items. Items that were not
    shown (−2) or are not relevant (−4) stay as they are, for they have no answer to be missing.
    Compute a figure in each frame, and `combine`; where it differs from the figure by the missing
    rule, it hangs on the missing answers, in as far as they are missing at random given the others.

    Parameters
    ----------
    frame, model
        As in `plausible_values`.
    drawn
        The plausible values of these rows.
    seed
        Equal seeds give equal answers.

    Returns
    -------
    iterator of DataFrame
        As many as there are draws, each like the frame.

    Raises
    ------
    StatisticsError
        As `trait_scores`; plausible values of other rows.

    References
    ----------
    Rubin 1987, ISBN 978-0-471-65574-9

    Examples
    --------
    >>> from processing import graded_response
    >>> from processing import Holes, KnownModel, simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c"]}, 0.8)
    >>> frame = simulate(known, 500, seed=1, holes=[Holes(-8, 0.1)]).frame[["a", "b", "c"]]
    >>> model = graded_response(frame)
    >>> filled = list(imputed(frame, model, plausible_values(frame, model, draws=2, seed=1), seed=1))
    >>> len(filled), bool((frame < 0).any(axis=None)), bool((filled[0] < 0).any(axis=None))
    (2, True, False)

    """
    if len(drawn.traits) != len(frame):
        raise StatisticsError(
            Problem(
                "drawn",
                f"it holds plausible values of {len(drawn.traits)} rows, the frame has {len(frame)}",
                "Draw them for this frame",
            )
        )
    rng = np.random.default_rng(seed)
    items = choose_items(frame, model.items)
    codes = read_codes(frame, items)
    gone = (codes < 0) & (codes != NOT_SHOWN) & (codes != NOT_RELEVANT)
    for curves, column in zip(drawn.curves, drawn.traits.columns, strict=True):
        theta = drawn.traits[column].to_numpy()
        filled = codes.copy()
        for item, seen in enumerate(model.codes):
            rows = np.flatnonzero(gone[item])
            above = curves.cumulative(theta[rows])[item, 1 : len(seen)]
            answer = (rng.random(len(rows)) < above).sum(axis=0)
            filled[item, rows] = np.array(seen, dtype=np.int8)[answer]
        yield frame.assign(**dict(zip(items, filled, strict=True)))


def combine(
    estimates: Sequence[float] | Array, errors: Sequence[float] | Array, *, level: float = 0.95
) -> Combined:
    """Rubin's rules: Q̄ = mean, T = mean of squared SEs + (1 + 1/m) · variance of the estimates.

    The interval is Student's with (m − 1) / (missing share)² degrees of freedom.

    Parameters
    ----------
    estimates, errors
        (draws,) of each draw: the estimate and its standard error, in one unit.
    level
        Coverage of the interval.

    Returns
    -------
    Combined

    Raises
    ------
    StatisticsError
        For fewer than two draws, numbers that do not pair, are not finite or errors below zero.

    References
    ----------
    Rubin 1987, ISBN 978-0-471-65574-9

    Examples
    --------
    >>> print(combine([1.0, 1.2, 1.1], [0.1, 0.1, 0.1]))
    1.100 [0.728; 1.472], SE 0.153

    """
    q, squared = np.asarray(estimates, dtype=np.float64), np.asarray(errors, np.float64) ** 2
    if len(q) < 2 or q.shape != squared.shape:
        raise StatisticsError(
            Problem(
                "estimates",
                f"two draws or more are combined, each with its SE, got {q.shape}, {squared.shape}",
                "Give the estimate and SE of every draw",
            )
        )
    stop_if_any([*_unusable("estimates", q), *_unusable("errors", errors, 0), *no_level(level)])
    between = (1 + 1 / len(q)) * float(q.var(ddof=1))
    total = float(squared.mean()) + between
    share = between / total if total else 0.0
    df = (len(q) - 1) / share**2 if share else np.inf
    reach = float(stdtrit(min(df, 1e12), (1 + level) / 2)) * float(np.sqrt(total))
    mean = float(q.mean())
    return Combined(
        mean, float(np.sqrt(total)), Interval(mean - reach, mean + reach, level), df, share
    )


def _unusable(
    name: str, values: Sequence[float] | Array, lowest: float = -np.inf
) -> Iterator[Problem]:
    numbers = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < lowest))
    if wrong.size:
        rule = "finite numbers" if np.isinf(lowest) else f"finite and not below {lowest:g}"
        yield Problem(
            name,
            f"they must be {rule}, found {numbers[wrong[0]]:g} at place {wrong[0] + 1}",
            "Leave the draw out, or correct it",
        )


@dataclass(frozen=True)
class _State:
    """Where the sampler stands."""

    theta: Array
    areas: Array
    mean: float
    within: float
    between: float


def _round(
    rng: np.random.Generator,
    state: _State,
    rows: Respondents,
    logs: Array,
    place: Places,
    *,
    areas: int,
) -> _State:
    theta = _traits(rng, state, rows, logs, place)
    between, effects = state.between, state.areas
    if areas:
        n = np.bincount(place, minlength=areas)
        sums = np.bincount(place, weights=theta - state.mean, minlength=areas)
        precision = n / state.within + 1 / between
        effects = sums / state.within / precision + rng.normal(size=areas) / np.sqrt(precision)
        # A flat prior of τ leaves areas − 1 degrees of freedom (Gelman 2006).
        between = float(effects @ effects) / float(rng.chisquare(areas - 1))
    left = theta - effects[place]
    mean = float(left.mean()) + float(rng.normal()) * float(np.sqrt(state.within / len(left)))
    apart = left - mean
    within = float(apart @ apart) / float(rng.chisquare(len(left) - 1))
    return _State(theta, effects, mean, within, between)


def _traits(
    rng: np.random.Generator, state: _State, rows: Respondents, logs: Array, place: Places
) -> Array:
    """(rows,): one draw of each posterior, on the grid and then evenly within the cell."""
    prior = state.mean + state.areas
    log_prior = -((NODES - prior[:, None]) ** 2) / (2 * state.within)
    theta = np.empty(len(place))
    for start in range(0, len(place), ROWS):
        part = slice(start, start + ROWS)
        weights = logs[rows.pattern[part]] + log_prior[place[part]]
        weights -= weights.max(axis=1, keepdims=True)
        np.exp(weights, out=weights)
        np.cumsum(weights, axis=1, out=weights)
        chosen = rng.random((len(weights), 1)) * weights[:, -1:]
        theta[part] = NODES[(weights < chosen).sum(axis=1)]
    return np.asarray(theta + (rng.random(len(theta)) - 0.5) * (NODES[1] - NODES[0]))


def _items_anew(rng: np.random.Generator, model: GradedResponse) -> Curves:
    """Slopes and intercepts drawn from their normal approximation, intercepts in order."""
    sizes = [len(seen) - 1 for seen in model.codes]
    equal = model.parameters < sum(sizes) + len(sizes)
    intercepts = [row[:size] for row, size in zip(model.curves.intercepts, sizes, strict=True)]
    each = np.concatenate(
        [[slope, *row] for slope, row in zip(model.slopes, intercepts, strict=True)]
    )
    is_slope = np.concatenate([[True, *[False] * size] for size in sizes])
    best = np.concatenate([each[:1], each[~is_slope]]) if equal else each
    root = np.linalg.cholesky(model.covariance)
    for _ in range(TRIES):
        moved = best + root @ rng.normal(size=len(best))
        whole = np.empty_like(each)
        whole[is_slope] = moved[0] if equal else moved[is_slope]
        whole[~is_slope] = moved[1:] if equal else moved[~is_slope]
        steps = np.split(whole[~is_slope], np.cumsum(sizes)[:-1])
        curves = curves_of(whole[is_slope], steps)
        if curves.possible:
            return curves
    return model.curves


def _places(frame: pd.DataFrame, area: str | None) -> tuple[Places, pd.Index]:
    if area is None:
        return np.zeros(len(frame), dtype=np.intp), pd.Index([])
    choose_items(frame, [area], called="column of areas")
    place, names = pd.factorize(frame[area].where(has_group(frame[area])), sort=True)
    return np.asarray(place, dtype=np.intp), pd.Index(names)


def _unfit(
    frame: pd.DataFrame, area: str | None, areas: int, place: Places, draws: int
) -> list[Problem]:
    problems = []
    if draws < 2:
        problems.append(Problem("draws", f"two or more are combined, got {draws}", "Draw more"))
    if area is not None and (place < 0).any():
        row = frame.index[int(np.argmax(place < 0))]
        problems.append(
            Problem(f"area {area!r}", f"each row has an area, row {row!r} has none", "Leave it out")
        )
    if area is not None and areas < 3:
        problems.append(
            Problem(
                f"area {area!r}",
                f"the variance of areas needs three or more, found {areas}",
                "Draw without areas",
            )
        )
    return problems
