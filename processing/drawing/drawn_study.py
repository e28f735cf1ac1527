"""A whole study drawn from a known truth: areas and plans, waves, who answers and how.

It serves the demo, the tests that recover an effect, and planning: what would be seen of an effect
that is there, with these areas and this response?
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from instruments import NOT_ASKED, Form
from processing.datasets.codebook import Codebook
from processing.datasets.dataset import WaveFacts, write_wave
from processing.datasets.study import Study, write_study
from processing.errors import Problem, stop_if_any

from .known_model import KnownModel
from .residents import Population, ResidentsDrawn
from .simulation import answer_items

Array = NDArray[np.float64]
# Beyond it everybody answers at the end of every scale.
_LARGEST_EFFECT = 10.0


@dataclass(frozen=True)
class AreasDrawn:
    """What is known of the areas and of what is done in them.

    `starts` gives, for each treated area, the wave in which its plan begins (from 2: the first wave
    is before); `effects` the effect on every trait after 1, 2, 3… waves, in SD of persons, the last
    holding on. `days` are the waves' days.
    """

    areas: int
    starts: Sequence[int]
    days: Sequence[str] = ("2024-05-01", "2026-05-01")
    effects: Sequence[float] = (0.2,)
    invited: int = 60
    residents: int = 170

    def problems(self) -> list[Problem]:
        """All that could not be drawn."""
        found = []
        if self.areas < 1 or self.invited < 1:
            what = "there are no areas or nobody is invited"
            found.append(Problem("plan", what, "Give one or more"))
        if len(self.starts) > self.areas:
            what = f"{len(self.starts)} starts for {self.areas} areas"
            found.append(Problem("starts", what, "Give fewer"))
        if early := [start for start in self.starts if start < 2]:
            what = f"a plan starts in wave 2 or later, got {early[0]}"
            found.append(Problem("starts", what, "Correct it"))
        if late := [start for start in self.starts if start > len(self.days)]:
            what = f"wave {late[0]} of {len(self.days)}"
            found.append(Problem("starts", what, "Give a day for every wave, or an earlier wave"))
        if list(self.days) != sorted(set(self.days)):
            what = "each wave is later than the one before"
            found.append(Problem("days", what, "Put them in order"))
        if unknown := [one for one in self.effects if not abs(one) <= _LARGEST_EFFECT]:
            what = f"a number of SD, got {unknown[0]}"
            remedy = f"Give one of at most {_LARGEST_EFFECT:g}"
            found.append(Problem("effects", what, remedy))
        return found


@dataclass(frozen=True)
class PeopleDrawn:
    """How people differ, move, and answer; shares and SDs of the first wave's traits."""

    area_share: float = 0.03
    """Of a trait's variance lies between areas,"""
    area_stability: float = 0.7
    """of which so much lasts from wave to wave."""
    person_stability: float = 0.6
    """Of the rest so much is the person's own and lasts."""
    response: float = 0.4
    """Share of the invited who answer,"""
    response_slope: float = 0.0
    """and how the log odds rise with the first trait: above zero, the content answer more."""
    panel: float = 0.5
    """Share of the invited who were invited the wave before and still live there."""
    panel_loss: float = 0.0
    """Share of those who answered the wave before and do not care to again, whatever else,"""
    panel_loss_slope: float = 0.0
    """and how its log odds rise with the first trait: below zero, the unhappy are lost."""
    paper: Sequence[float] = (0.3,)
    """Share answering on paper, by wave, the last holding on,"""
    paper_effect: float = 0.0
    """and what paper adds to every trait as it is answered, in SD."""
    other_language: float = 0.2
    """Share answering in another language,"""
    language_effect: float = 0.0
    """and what that adds."""

    def problems(self) -> list[Problem]:
        """All that is no share, or no number."""
        shares = ("area_share", "area_stability", "person_stability", "panel", "other_language")
        given = {name: [getattr(self, name)] for name in shares} | {"paper": self.paper}
        found = [
            Problem(name, f"a share, got {one}", "Give 0 to 1")
            for name, values in given.items()
            for one in values
            if not 0 <= one <= 1
        ]
        if not 0 <= self.panel_loss < 1:
            what = f"a share below 1, got {self.panel_loss}"
            found.append(Problem("panel_loss", what, "Give 0 to 0.99"))
        if not 0 < self.response < 1:
            found.append(
                Problem("response", f"a share, got {self.response}", "Give between 0 and 1")
            )
        numbers = ("response_slope", "panel_loss_slope", "paper_effect", "language_effect")
        return found + [
            Problem(name, f"a number, got {getattr(self, name)}", "Give a finite one")
            for name in numbers
            if not math.isfinite(getattr(self, name))
        ]


@dataclass(frozen=True)
class DrawnStudy:
    """`waves`: wave -> rows of those who answered (paradata, items). The tables are a dataset's."""

    waves: Mapping[int, pd.DataFrame]
    tables: Mapping[int, Mapping[str, pd.DataFrame]]
    truth: pd.DataFrame
    """A row an area and wave: area, wave, exposure, effect and mean of the first trait, in SD."""
    days: Mapping[int, str] = field(default_factory=dict)

    @property
    def rows(self) -> pd.DataFrame:
        return pd.concat(self.waves.values(), ignore_index=True)


def draw_study(
    model: KnownModel,
    plan: AreasDrawn,
    people: PeopleDrawn | None = None,
    *,
    seed: int,
    residents: ResidentsDrawn | None = None,
) -> DrawnStudy:
    """Draw a study's answers.

    A person's trait in wave t is √ρ·area + √(1 − ρ)·(√π·own + √(1 − π)·new) + effect(exposure), with
    ρ the area share, itself lasting in part, and π the person's stability; items follow by
    loadings and thresholds. With `residents`, people are of a sex and age that registers count, which
    bear on how they feel and whether they answer, and afdelinger lie in boligområder: answers can then
    be weighted. Equal seeds give equal studies. Raises StatisticsError.
    """
    people = people or PeopleDrawn()
    stop_if_any(plan.problems() + people.problems() + (residents.problems() if residents else []))
    drawn = _Drawing(model, plan, people, residents, seed)
    waves, tables, truths = {}, {}, []
    for wave in range(1, len(plan.days) + 1):
        waves[wave], dispositions, truth = drawn.wave(wave)
        tables[wave] = {**drawn.tables(), "dispositions": dispositions}
        truths.append(truth)
    return DrawnStudy(
        waves, tables, pd.concat(truths, ignore_index=True), dict(enumerate(plan.days, 1))
    )


def write_drawn_study(
    drawn: DrawnStudy,
    codebook: Codebook,
    folder: Path | str,
    name: str = "drawn",
    *,
    analysis_plans: Mapping[int, Sequence[str]] | None = None,
    terms: Mapping[str, Any] | None = None,
    form: Form | None = None,
) -> Study:
    """Write a drawn study as datasets, a folder a wave, as freezing would; items not drawn are −9.

    `analysis_plans` are the hashes that each wave's manifest names as registered before it, `terms`
    what the last of them lays down; with the `form` that was asked its files and versions stand there
    too.
    """
    folder = Path(folder)
    pinned = tuple(form.pin()["instruments"]) if form else ()
    for wave, rows in drawn.waves.items():
        filled = {
            v.name: rows[v.name] if v.name in rows else _blank(v.type, len(rows))
            for v in codebook.variables
        }
        write_wave(
            folder / f"wave-{wave}-freeze-1",
            responses=pd.DataFrame(filled).sort_values("row_id", ignore_index=True),
            tables=drawn.tables[wave],
            codebook=codebook,
            instrument_files=form.files() if form else {},
            facts=WaveFacts(
                study=name,
                wave=wave,
                legal_basis="research",
                languages=codebook.languages,
                form=pinned,
                analysis_plans=tuple((analysis_plans or {}).get(wave, ())),
                terms=terms or {},
            ),
        )
    return write_study(folder, name, [folder / f"wave-{wave}-freeze-1" for wave in drawn.waves])


class _Drawing:
    """What lasts from wave to wave."""

    def __init__(
        self,
        model: KnownModel,
        plan: AreasDrawn,
        people: PeopleDrawn,
        residents: ResidentsDrawn | None,
        seed: int,
    ) -> None:
        self.model, self.plan, self.people = model, plan, people
        self.rng = np.random.default_rng(seed)
        self.keys = [f"9{area // 1000:03}-{area % 1000:03}" for area in range(plan.areas)]
        self.root = np.linalg.cholesky(model.phi)
        self.lasting = self._traits(plan.areas) * np.sqrt(people.area_stability)
        self.starts = np.zeros(plan.areas, int)
        self.starts[: len(plan.starts)] = plan.starts
        self.area = np.repeat(np.arange(plan.areas), plan.invited)
        self.person = np.arange(len(self.area))
        self.own = self._traits(len(self.area))
        self.moved_in = np.full(len(self.area), int(plan.days[0][:4]) - 6)
        self.next = len(self.area)
        self.answered = np.zeros(len(self.area), bool)
        self.population = None
        if residents:
            # A stream of its own, so that they change what people answer and no other draw.
            own = np.random.default_rng([seed, 1])
            self.population = Population(residents, self.keys, plan.residents, own)
            self.population.invite(self.area, np.ones(len(self.area), bool))

    def wave(self, wave: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        if wave > 1:
            self._renew(wave)
        people, factors = self.people, len(self.model.factors)
        now = self._traits(self.plan.areas) * np.sqrt(1 - people.area_stability)
        exposure = np.where(self.starts > 0, np.maximum(wave - self.starts + 1, 0), 0)
        steps = np.array([0.0, *self.plan.effects])
        effect = steps[np.minimum(exposure, len(steps) - 1)]
        share = people.area_share
        areas = np.sqrt(share) * (self.lasting + now)
        within = np.sqrt(people.person_stability) * self.own + np.sqrt(
            1 - people.person_stability
        ) * self._traits(len(self.area))
        traits = areas[self.area] + np.sqrt(1 - share) * within + effect[self.area, None]
        if self.population:
            traits = traits + self.population.added(self.population.known.effect)[:, None]
        answers = self._answers_given(traits[:, 0])
        paper = self.rng.random(len(answers)) < _at(people.paper, wave)
        other = self.rng.random(len(answers)) < people.other_language
        moved = paper * people.paper_effect + other * people.language_effect
        items = answer_items(
            self.rng, self.model, (), np.zeros(len(answers), np.intp),
            traits[answers] + moved[:, None], np.zeros(0, np.intp),
        )  # fmt: skip
        rows = pd.DataFrame(
            {
                "row_id": [f"{wave:04x}{one:028x}" for one in self.person[answers]],
                "wave": np.int16(wave),
                "area": [self.keys[a] for a in self.area[answers]],
                "stratum": "",
                "base_weight": 1.0,
                "panel": [f"p{one}" for one in self.person[answers]],
                "mode": np.where(paper, 2, 1).astype(np.int16),
                "helper": np.int16(0),
                "language": np.where(other, "ar", "da"),
                "day": self.plan.days[wave - 1],
                "duration_class": np.int16(0),
                "status": np.int16(1),
                "open_link": np.int16(0),
                "consent_version": np.int16(NOT_ASKED),
                "background_moved_in": self.moved_in[answers].astype(np.int16),
                **self._background(answers),
                **{name: items[:, i].astype(np.int16) for i, name in enumerate(self.model.items)},
            }
        )
        truth = pd.DataFrame(
            {"area": self.keys, "wave": wave, "exposure": exposure, "effect": effect}
        ).assign(mean=areas[:, 0] + effect if factors else effect)
        return rows, self._dispositions(answers), truth

    def _background(self, answers: NDArray[np.intp]) -> dict[str, NDArray[np.int16]]:
        codes = self.population.codes if self.population else {}
        return {name: of[answers].astype(np.int16) for name, of in codes.items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        treated = np.flatnonzero(self.starts)
        return {
            **(self.population.tables() if self.population else {}),
            "areas": pd.DataFrame(
                {
                    "area": self.keys, "name": self.keys, "level": "afdeling",
                    "dwellings": self.plan.residents // 2, "residents": self.plan.residents,
                    "valid_from": None, "valid_to": None,
                }
            ),
            "plans": pd.DataFrame(
                {"plan": ["plan"], "name": ["Helhedsplan"], "kind": ["helhedsplan"]}
            ),
            "area_plan": pd.DataFrame(
                {
                    "area": [self.keys[a] for a in treated],
                    "plan": "plan",
                    "valid_from": [self.plan.days[self.starts[a] - 1] for a in treated],
                    "valid_to": None,
                }
            ),
        }  # fmt: skip

    def _traits(self, rows: int) -> Array:
        drawn: Array = self.rng.normal(size=(rows, len(self.root))) @ self.root.T
        return drawn

    def _renew(self, wave: int) -> None:
        """Some of the invited were not before: they moved in since, or were not drawn then."""
        new = self.rng.random(len(self.area)) >= self.people.panel
        count = int(new.sum())
        self.own[new] = self._traits(count)
        self.answered[new] = False
        self.person[new] = np.arange(self.next, self.next + count)
        self.next += count
        year = int(self.plan.days[wave - 1][:4])
        self.moved_in[new] = np.where(self.rng.random(count) < 0.5, year - 1, year - 9)
        if self.population:
            self.population.invite(self.area, new)

    def _answers_given(self, trait: Array) -> NDArray[np.intp]:
        """Places of those among the invited who answer."""
        people = self.people
        centre = np.log(people.response / (1 - people.response))
        log_odds = centre + people.response_slope * trait
        if self.population:
            log_odds = log_odds + self.population.added(self.population.known.answer)
        odds = np.exp(log_odds)
        given = self.rng.random(len(trait)) < odds / (1 + odds)
        if people.panel_loss > 0 and self.answered.any():
            tired = np.log(people.panel_loss / (1 - people.panel_loss))
            lost = np.exp(tired + people.panel_loss_slope * trait)
            given &= ~(self.answered & (self.rng.random(len(trait)) < lost / (1 + lost)))
        self.answered = given
        return np.flatnonzero(given)

    def _dispositions(self, answers: NDArray[np.intp]) -> pd.DataFrame:
        finished = np.bincount(self.area[answers], minlength=self.plan.areas)
        return pd.DataFrame(
            {
                "area": self.keys, "stratum": "", "mode": "", "invited": self.plan.invited,
                "started": finished, "finished": finished, "refused": 0, "unreachable": 0,
            }
        )  # fmt: skip


def _at(values: Sequence[float], wave: int) -> float:
    return values[min(wave, len(values)) - 1]


def _blank(kind: str, rows: int) -> pd.Series:
    if kind == "string":
        return pd.Series([""] * rows, dtype=object)
    return pd.Series(np.full(rows, NOT_ASKED, np.float64 if kind == "double" else np.int16))
