"""The mean over treated area-waves, beside what other assignments of starts would show."""

from __future__ import annotations

import numpy as np

from .areas_by_start import Areas, Array
from .randomisation import Randomisation, Shown, assignments, judged
from .start_cells import Against

_AT_A_TIME = 500


def randomised_starts(
    panel: Areas, against: Against, draws: int, seed: int, level: float
) -> Randomisation | None:
    """The mean over treated area-waves, beside what other assignments of starts would show."""
    times, codes = np.unique(panel.starts, return_inverse=True)
    if len(times) < 2:
        return None
    chosen, true, possible, exact = assignments(codes.astype(np.int64), draws, seed)
    on = (panel.times[None, :] >= panel.starts[:, None]).astype(float)
    outcome = np.where(np.isnan(panel.wide), np.nan, on)
    parts = []
    for at in range(0, len(chosen), _AT_A_TIME):
        starts = times[chosen[at : at + _AT_A_TIME]]
        (beta, seen, lever), (own, of_effect, _) = (
            _shown(panel, wide, starts, against) for wide in (panel.wide, outcome)
        )
        scale = 1 / np.maximum(1 - lever, 1e-12)
        scale = np.where(lever < 1, scale, 0.0)
        products = ((seen, seen), (seen, of_effect), (of_effect, of_effect))
        parts.append((beta, own, *((a * b * scale).sum(axis=1) for a, b in products)))
    shown = Shown(*(np.concatenate(one) for one in zip(*parts, strict=True)))
    return judged(shown, true, possible, exact=exact, level=level)


def _shown(
    panel: Areas, wide: Array, starts: Array, against: Against
) -> tuple[Array, Array, Array]:
    """Means over treated area-waves (B,), parts of their variance and leverages (B, n)."""
    sizes = panel.sizes
    top, total = np.zeros(len(starts)), np.zeros(len(starts))
    parts, lever = np.zeros(starts.shape), np.zeros(starts.shape)
    for g in np.unique(starts[np.isfinite(starts)]):
        first = int(np.searchsorted(panel.times, g))
        for t in range(first, len(panel.times)):
            change = wide[:, t] - wide[:, first - 1]
            seen = ~np.isnan(change)
            change = np.where(seen, change, 0.0)
            treated = (starts == g) * (sizes * seen)
            others = np.isinf(starts)
            if against == "not yet":
                others = others | ((starts > panel.times[t]) & (starts != g))
            others = others * (sizes * seen)
            sums = treated.sum(axis=1), others.sum(axis=1)
            usable = (sums[0] > 0) & (sums[1] > 0)
            size = np.where(usable, sums[0], 0.0)
            total += size
            for arm, whole, sign in ((treated, sums[0], 1.0), (others, sums[1], -1.0)):
                own = arm / np.where(whole > 0, whole, np.inf)[:, None]
                mean = own @ change
                top += sign * size * mean
                parts += sign * size[:, None] * own * (change - mean[:, None])
                lever = np.maximum(lever, own * usable[:, None])
    safe = np.where(total > 0, total, np.inf)
    return top / safe, parts / safe[:, None], lever
