"""How often the trusted interval holds the true effect, in studies drawn from a known truth.

    python benchmarks/coverage.py [--studies 4000]

Area means over two waves: ICC .03, stability .7, 15 to 105 answers an area and wave, a true effect
of .15 SD. Prints, for 12 + 12 and 30 + 30 areas, the share of 95 % intervals that hold it, with the
Monte Carlo interval of that share; and for 3 + 21 areas what CR1 would have rejected of no effect.
"""

from __future__ import annotations

import argparse
from multiprocessing import Pool

import numpy as np
import pandas as pd

from processing import difference_in_differences

ICC, STABILITY = 0.03, 0.7
SEED = 20261124


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--studies", type=int, default=4_000)
    studies = options.parse_args().studies
    with Pool() as pool:
        for arm in (12, 30):
            held = pool.starmap(covers, [(arm, arm, 0.15, seed) for seed in seeds(studies, arm)])
            tell(f"{arm} + {arm} areas: CR2's 95 % interval holds the effect in", held)
        told = pool.starmap(rejects, [(3, 21, seed) for seed in seeds(studies // 4, 3)])
    tell("3 + 21 areas, no effect: CR1's 5 % test rejects in", [cr1 for cr1, _, _ in told])
    tell("3 + 21 areas, no effect: randomisation's 5 % test rejects in", [ri for _, ri, _ in told])
    print(f"3 + 21 areas: trusted method {sorted({method for _, _, method in told})}")


def seeds(studies: int, arm: int) -> list[int]:
    return [int(one) for one in np.random.default_rng([SEED, arm]).integers(2**62, size=studies)]


def tell(what: str, hits: list[bool]) -> None:
    share = np.mean(hits)
    reach = 1.96 * np.sqrt(share * (1 - share) / len(hits))
    print(f"{what} {share:.1%} of {len(hits)} ({share - reach:.1%} to {share + reach:.1%})")


def covers(treated: int, others: int, effect: float, seed: int) -> bool:
    found = difference_in_differences(
        study(treated, others, effect, seed), "y", "helped", area="area", wave="wave", draws=1
    )
    trusted = found.trusted
    if trusted is None or trusted.method != "CR2":
        raise SystemExit(f"Another method is trusted: {found.trust}")
    return trusted.low <= effect <= trusted.high


def rejects(treated: int, others: int, seed: int) -> tuple[bool, bool, str]:
    found = difference_in_differences(
        study(treated, others, 0.0, seed), "y", "helped", area="area", wave="wave", draws=999
    )
    p = {one.method: one.p for one in found.inferences}
    return p["CR1"] <= 0.05, p["randomisation"] <= 0.05, found.trust.method


def study(treated: int, others: int, effect: float, seed: int) -> pd.DataFrame:
    """Area means in SD of persons' scores, one row an area and wave."""
    random = np.random.default_rng(seed)
    areas = treated + others
    answers = random.integers(15, 106, (areas, 2))
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
