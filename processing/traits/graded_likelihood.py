"""Marginal maximum likelihood of the graded response model, over patterns of answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .graded_curves import LEAST, Curves

Array = NDArray[np.float64]

AT_A_TIME = 2**12
"""Patterns in memory at a time."""
CELLS = 2**21
"""Numbers in memory at a time where patterns meet nodes and answers."""
EXACT = 2**12
"""Patterns up to which second derivatives are taken. More patterns are more respondents still, and
then the cross-products of scores tell the same at a hundredth of the cost."""
NODES = 61
WARMING = 5
"""Steps by the information of complete data, which never overshoot, before Newton's."""
STEPS = 200
GAIN = 1e-10
"""Of log-likelihood to be had by a further step, below which the search ends."""
HALVINGS = 30


@dataclass(frozen=True)
class Answered:
    """Patterns of answers, counted from 0 within each item."""

    place: NDArray[np.intp]
    """(patterns, items): −1 where there is no answer."""
    frequency: Array
    """(patterns,)"""

    def parts(self) -> Iterator["Answered"]:
        for start in range(0, len(self.frequency), AT_A_TIME):
            rows = slice(start, start + AT_A_TIME)
            yield Answered(self.place[rows], self.frequency[rows])

    def marked(self, most: int) -> Array:
        """(patterns, items × most): one where the answer was given."""
        marks = self.place[:, :, None] == np.arange(most)
        return np.asarray(marks.reshape(len(self.place), -1), dtype=np.float64)


@dataclass(frozen=True)
class Grid:
    """Nodes and weights of the standard normal trait."""

    theta: Array
    weight: Array


def normal_grid(nodes: int = NODES) -> Grid:
    """Gauss–Hermite nodes, without those that no one reaches."""
    theta, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    kept = weight > 1e-15
    return Grid(theta[kept], weight[kept])


def log_likelihoods(answered: Answered, curves: Curves, theta: Array) -> Array:
    """(patterns, θ): log P(answers | θ)."""
    p = curves.probabilities(theta)
    logs = np.log(np.maximum(p, LEAST)).reshape(-1, len(theta))
    return answered.marked(p.shape[1]) @ logs


def posterior(answered: Answered, curves: Curves, grid: Grid) -> tuple[Array, Array]:
    """(patterns, nodes) weights of the trait given the answers, and (patterns,) log P(answers)."""
    logs = log_likelihoods(answered, curves, grid.theta) + np.log(grid.weight)
    peak = logs.max(axis=1, keepdims=True)
    weights = np.exp(logs - peak)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, (peak + np.log(total))[:, 0]


@dataclass(frozen=True)
class Slope:
    """The log-likelihood at one place, its gradient and how it bends."""

    loglik: float
    gradient: Array
    """(items × K,): by a, d₁, … of each item."""
    complete: Array
    """(items × K, items × K): expected information if the trait were known."""
    observed: Array | None
    """The same, what the answers really tell: minus the second derivatives by Louis' identity
    (1982), or with more than EXACT patterns the cross-products of the patterns' scores."""


def slope_at(answered: Answered, curves: Curves, grid: Grid, *, bend: bool) -> Slope:
    """Gradient and, with `bend`, the observed information."""
    p = np.maximum(curves.probabilities(grid.theta), LEAST)
    items, most, nodes = p.shape
    first = curves.first_derivatives(grid.theta)
    score = first / p[..., None]
    expected = np.zeros((items * most, nodes))
    exact = len(answered.frequency) <= EXACT
    loglik, told = 0.0, np.zeros((items * most, items * most))
    for part in answered.parts():
        weights, logs = posterior(part, curves, grid)
        loglik += float(part.frequency @ logs)
        weights *= part.frequency[:, None]
        marked = part.marked(most)
        expected += marked.T @ weights
        if bend:
            scores = _scores(part, weights, score)
            told += scores.T @ (scores / part.frequency[:, None])
            if exact:
                told -= _squared_scores(marked, weights, score)
    counted = expected.reshape(items, most, nodes)
    gradient = np.einsum("ikq,ikqj->ij", counted, score).ravel()
    reached = counted.sum(axis=1)
    fisher = np.einsum("iq,ikqj,ikql->ijl", reached, first, score)
    observed = None
    if bend:
        observed = told
        if exact:
            curvature = np.einsum("ikq,ikqj,ikql->ijl", counted, score, score)
            bends = curves.second_derivatives(grid.theta)
            curvature -= np.einsum("ikq,ikqjl->ijl", counted / p, bends)
            observed += _on_diagonal(curvature)
    return Slope(loglik, gradient, _on_diagonal(fisher), observed)


def _scores(part: Answered, weights: Array, score: Array) -> Array:
    """(patterns, items × K): score of the marginal likelihood, times frequency."""
    items, most = score.shape[:2]
    scores = np.zeros((len(weights), items, most))
    for item in range(items):
        for answer in range(most):
            rows = np.flatnonzero(part.place[:, item] == answer)
            scores[rows, item] = weights[rows] @ score[item, answer]
    return scores.reshape(-1, items * most)


def _squared_scores(marked: Array, weights: Array, score: Array) -> Array:
    """Σ E(s s' | answers), times frequency, for the scores s of complete data."""
    items, most, nodes, _ = score.shape
    size = items * most
    # One wide product in place of one a node: many small ones wait for each other's threads.
    together = np.zeros((size, nodes * size))
    rows = max(CELLS // (nodes * size), 1)
    for start in range(0, len(marked), rows):
        part = slice(start, start + rows)
        wide = weights[part, :, None] * marked[part, None, :]
        together += marked[part].T @ wide.reshape(-1, nodes * size)
    by_node = np.zeros((nodes, items, most, items, most))
    each = np.arange(items)
    by_node[:, each, :, each] = score.transpose(0, 2, 1, 3)
    block = by_node.reshape(nodes, size, size)
    products = together.reshape(size, nodes, size).transpose(1, 0, 2)
    return np.asarray((block.transpose(0, 2, 1) @ products @ block).sum(axis=0))


def _on_diagonal(blocks: Array) -> Array:
    items, most, _ = blocks.shape
    whole = np.zeros((items, most, items, most))
    whole[np.arange(items), :, np.arange(items)] = blocks
    return whole.reshape(items * most, items * most)


@dataclass(frozen=True)
class Fitted:
    curves: Curves
    loglik: float
    information: Array
    """(free, free) observed information of the free parameters."""
    converged: bool
    iterations: int


def maximise(answered: Answered, start: Curves, spread: Array, grid: Grid) -> Fitted:
    """Climb to the maximum.

    `spread` is (items × K, free): how each free parameter moves a, d₁, … of every item; a slope
    that all items share is one column.
    """
    if len(answered.frequency) > EXACT:
        return _maximise_many(answered, start, spread, grid)
    curves, at = start, slope_at(answered, start, grid, bend=False)
    for iteration in range(1, STEPS + 1):
        warm = iteration <= WARMING
        step, gain = _step(at, spread)
        if gain < GAIN and not warm:
            return Fitted(curves, at.loglik, _reduced(at.observed, spread), True, iteration)
        moved = _climb(answered, curves, spread @ step, at.loglik, grid)
        curves = curves if moved is None else moved
        at = slope_at(answered, curves, grid, bend=iteration >= WARMING)
        if moved is None and not warm:
            break
    converged = moved is None and gain < np.sqrt(GAIN)
    return Fitted(curves, at.loglik, _reduced(at.observed, spread), converged, iteration)


def _maximise_many(answered: Answered, start: Curves, spread: Array, grid: Grid) -> Fitted:
    """The same where second derivatives are dear: the bend is learnt from how the gradient moves.

    It begins as the cross-products of the patterns' scores and is put right by each step (Broyden,
    Fletcher, Goldfarb and Shanno). Cross-products alone are the bend only if the model holds, and
    where it does not the search would creep.
    """
    curves, at = start, slope_at(answered, start, grid, bend=False)
    bend: Array | None = None
    for iteration in range(1, STEPS + 1):
        gradient = spread.T @ at.gradient
        if iteration > WARMING and bend is None:
            bend = _reduced(slope_at(answered, curves, grid, bend=True).observed, spread)
        information = spread.T @ at.complete @ spread if bend is None else bend
        step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        gain = float(gradient @ step)
        if bend is not None and gain < GAIN:
            break
        moved = _walk(answered, curves, spread @ step, at.loglik, grid)
        if moved is None:
            break
        size, curves, now = moved
        if bend is not None:
            bend = _bent_anew(bend, size * step, gradient - spread.T @ now.gradient)
        at = now
    told = slope_at(answered, curves, grid, bend=True)
    converged = gain < np.sqrt(GAIN)
    return Fitted(curves, told.loglik, _reduced(told.observed, spread), converged, iteration)


def _bent_anew(bend: Array, step: Array, fallen: Array) -> Array:
    """The information that explains by how much the gradient fell along a step."""
    along = float(step @ fallen)
    pushed = bend @ step
    if along <= 1e-8 * float(step @ pushed):
        return bend
    return bend + np.outer(fallen, fallen) / along - np.outer(pushed, pushed) / (step @ pushed)


def _walk(
    answered: Answered, curves: Curves, step: Array, loglik: float, grid: Grid
) -> tuple[float, Curves, Slope] | None:
    """How much of the step was made, where it led and the slope there; None where nothing rises."""
    for size in 0.5 ** np.arange(HALVINGS):
        moved = _moved(curves, size * step)
        if moved.possible:
            slope = slope_at(answered, moved, grid, bend=False)
            if slope.loglik > loglik:
                return float(size), moved, slope
    return None


def _moved(curves: Curves, step: Array) -> Curves:
    moves = step.reshape(len(curves.slopes), -1)
    return replace(
        curves, slopes=curves.slopes + moves[:, 0], intercepts=curves.intercepts + moves[:, 1:]
    )


def _reduced(information: Array | None, spread: Array) -> Array:
    if information is None:
        raise ValueError("the search ends only where second derivatives were taken")
    return np.asarray(spread.T @ information @ spread)


def _step(at: Slope, spread: Array) -> tuple[Array, float]:
    gradient = spread.T @ at.gradient
    information = spread.T @ at.complete @ spread
    if at.observed is not None:
        exact = _reduced(at.observed, spread)
        if np.linalg.eigvalsh(exact)[0] > 0:
            information = exact
    step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
    return step, float(gradient @ step)


def _climb(
    answered: Answered, curves: Curves, step: Array, loglik: float, grid: Grid
) -> Curves | None:
    """The step, halved until the likelihood rises; None where it cannot rise any more."""
    for size in 0.5 ** np.arange(HALVINGS):
        moved = _moved(curves, size * step)
        if moved.possible:
            reached = sum(
                float(part.frequency @ posterior(part, moved, grid)[1]) for part in answered.parts()
            )
            if reached > loglik:
                return moved
    return None
