"""How often the trusted interval holds the true effect, in studies drawn from a known truth.

    python benchmarks/coverage.py [--studies 4000]

Area means over two waves: ICC .03, stability .7, 15 to 105 answers an area and wave, a true effect
of .15 SD. Prints, for 12 + 12 and 30 + 30 areas, the share of 95 % intervals that hold it, with the
Monte Carlo interval of that share; the same of the mean effect of plans that start in two different
waves of four, eight areas each, and grow from there, against twelve areas without; the same where
areas drift by a covariate that areas with a plan have more of, named in the analysis and left out;
for 3 + 21 areas what CR1 would have rejected of no effect; and what randomisation of t and of
coefficients reject of none where areas have 5 to 400 answers and the three with a plan the fewest.

Left out, that covariate is a bias of the design and no interval's fault: what the interval holds as
often as it says is the effect and the bias together.

Ends with 1 where 94 to 96 % lie outside the Monte Carlo interval of a trusted method's coverage, or
its test of no effect rejects more than 5 % beyond that interval.
"""

from __future__ import annotations

import argparse
import sys
from multiprocessing import Pool

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing import difference_in_differences, staggered_effects

ICC, STABILITY = 0.03, 0.7
SEED = 20261124
DRIFT, APART = 0.05, 0.5  # SD a wave for an SD of the covariate; how far arms lie apart in it


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--studies", type=int, default=4_000)
    studies = options.parse_args().studies
    with Pool() as pool:
        missed = False
        for arm in (12, 30):
            held = pool.starmap(covers, [(arm, arm, 0.15, seed) for seed in seeds(studies, arm)])
            low, high = tell(f"{arm} + {arm} areas: CR2's 95 % interval holds the effect in", held)
            missed |= high < 0.94 or low > 0.96
        held = pool.map(covers_starts, seeds(studies, 16))
        low, high = tell("8 + 8 areas that start apart + 12: CR2's interval holds in", held)
        missed |= high < 0.94 or low > 0.96
        drawn = pool.map(covers_drift, seeds(studies, 20))
        what = "10 + 10 areas that start apart + 20, which drift by a covariate:"
        for at, (name, judged) in enumerate(
            [("it is named, and the interval holds the effect in", True),
             ("it is left out, and the interval holds the effect in", False),
             ("it is left out, and the interval holds effect and bias in", True)]
        ):  # fmt: skip
            low, high = tell(f"{what} {name}", [held[at] for held in drawn])
            missed |= judged and (high < 0.94 or low > 0.96)
        bias, of = np.mean([held[3] for held in drawn]), np.mean([held[4] for held in drawn])
        print(f"{what} leaving it out is off by {bias:.3f} SD, {bias / of:.1f} standard errors")
        for unlike in (False, True):
            jobs = [(3, 21, seed, unlike) for seed in seeds(studies // 4, 3)]
            told = pool.starmap(rejects, jobs)
            what = f"3 + 21 {'unlike' if unlike else 'like'} areas, no effect:"
            tell(f"{what} CR1's 5 % test rejects in", [cr1 for cr1, *_ in told])
            tell(f"{what} randomisation of coefficients in", [beta for _, beta, *_ in told])
            low, _ = tell(f"{what} randomisation of t in", [t for _, _, t, _ in told])
            print(f"{what} trusted method {sorted({method for *_, method in told})}")
            missed |= low > 0.05 and not unlike
    sys.exit(1 if missed else 0)


def seeds(studies: int, arm: int) -> list[int]:
    return [int(one) for one in np.random.default_rng([SEED, arm]).integers(2**62, size=studies)]


def tell(what: str, hits: list[bool]) -> tuple[float, float]:
    share = np.mean(hits)
    reach = 1.96 * np.sqrt(share * (1 - share) / len(hits))
    print(f"{what} {share:.1%} of {len(hits)} ({share - reach:.1%} to {share + reach:.1%})")
    return float(share - reach), float(share + reach)


def covers(treated: int, others: int, effect: float, seed: int) -> bool:
    found = difference_in_differences(
        study(treated, others, effect, seed), "y", "helped", area="area", wave="wave", draws=1
    )
    trusted = found.trusted
    if trusted is None or trusted.method != "CR2":
        raise SystemExit(f"Another method is trusted: {found.trust}")
    return trusted.low <= effect <= trusted.high


def covers_starts(seed: int) -> bool:
    """Of a mean over treated area-waves whose effects grow by .1 SD a wave."""
    random = np.random.default_rng(seed)
    frame = apart(random, np.repeat([2, 3, 0], [8, 8, 12]))
    row = staggered_effects(frame, "y", "start", area="area", wave="wave", draws=0).overall.iloc[0]
    if row["method"] != "CR2":
        raise SystemExit("CR2 is not trusted of areas that start apart")
    since = frame["since"]
    return bool(row["low"] <= 0.1 * since[since > 0].mean() <= row["high"])


def covers_drift(seed: int) -> tuple[bool, bool, bool, float, float]:
    """Whether the interval holds the effect with a covariate that areas drift by, and without it.

    Without it also whether it holds effect and bias, the bias, and the standard error.
    """
    random = np.random.default_rng(seed)
    starts = np.repeat([2, 3, 0], [10, 10, 20])
    frame = apart(random, starts)
    x = random.normal(APART * (starts > 0), 1)
    frame["x"] = np.repeat(x, 4)
    frame["y"] += DRIFT * frame["x"] * (frame["wave"] - 1)
    keys = {"area": "area", "wave": "wave", "draws": 0}
    named, left_out = (
        staggered_effects(frame, "y", "start", covariates=names, **keys) for names in (["x"], [])
    )
    row, plain = (found.overall.iloc[0] for found in (named, left_out))
    if {row["method"], plain["method"]} != {"CR2"}:
        raise SystemExit("CR2 is not trusted of areas that drift")
    # Where nobody resembles the areas of one start, the mean is of the other's.
    cells = named.by_group[named.by_group["exposure"] >= 0]
    true = 0.1 * np.average(cells["exposure"] + 1, weights=cells["areas"])
    since = frame.loc[frame["since"] > 0, "since"]
    effect, bias = 0.1 * since.mean(), DRIFT * APART * since.mean()
    return (
        bool(row["low"] <= true <= row["high"]),
        bool(plain["low"] <= effect <= plain["high"]),
        bool(plain["low"] <= effect + bias <= plain["high"]),
        float(plain["estimate"] - effect),
        float(plain["standard_error"]),
    )


def apart(random: np.random.Generator, starts: NDArray[np.int64]) -> pd.DataFrame:
    """Area means over four waves, plans' effects growing by .1 SD a wave from their start (0: none)."""
    waves = np.arange(1, 5)
    since = np.where(starts[:, None] > 0, np.maximum(waves - starts[:, None] + 1, 0), 0)
    answers = random.integers(15, 106, (len(starts), 4))
    lasting = random.normal(0, np.sqrt(ICC * STABILITY), (len(starts), 1))
    own = random.normal(0, np.sqrt(ICC * (1 - STABILITY)), (len(starts), 4))
    y = lasting + own + random.normal(0, np.sqrt((1 - ICC) / answers)) + 0.1 * since
    return pd.DataFrame(
        {
            "area": np.repeat(np.arange(len(starts)), 4),
            "wave": np.tile(waves, len(starts)),
            "start": np.repeat(starts, 4),
            "since": since.ravel(),
            "y": y.ravel(),
        }
    )


def rejects(treated: int, others: int, seed: int, unlike: bool) -> tuple[bool, bool, bool, str]:
    found = difference_in_differences(
        study(treated, others, 0.0, seed, unlike=unlike),
        "y",
        "helped",
        area="area",
        wave="wave",
        draws=999,
    )
    p = {one.method: one.p for one in found.inferences}
    by_beta, by_t = p["randomisation of coefficients"], p["randomisation"]
    return p["CR1"] <= 0.05, by_beta <= 0.05, by_t <= 0.05, found.trust.method


def study(
    treated: int, others: int, effect: float, seed: int, *, unlike: bool = False
) -> pd.DataFrame:
    """Area means in SD of persons' scores, one row an area and wave."""
    random = np.random.default_rng(seed)
    areas = treated + others
    answers = random.integers(15, 106, (areas, 2))
    if unlike:
        # Areas are ever so unlike, and those with a plan the smallest.
        answers = np.repeat(np.sort(random.integers(5, 401, areas))[:, None], 2, axis=1)
    true = random.normal(0, np.sqrt(ICC * STABILITY), (areas, 1)) + random.normal(
        0, np.sqrt(ICC * (1 - STABILITY)), (areas, 2)
    )
    means = true + random.normal(0, np.sqrt((1 - ICC) / answers))
    frame = pd.DataFrame({"area": np.repeat(np.arange(areas), 2), "wave": np.tile([1, 2], areas)})
    frame["helped"] = ((frame.area < treated) & (frame.wave == 2)).astype(int)
    frame["y"] = means.ravel() + effect * frame.helped
    return frame


if __name__ == "__main__":
    main()
