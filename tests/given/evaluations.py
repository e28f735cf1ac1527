"""A study that was asked twice and frozen twice, with answers drawn from a known truth."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass

import pandas as pd
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    build_codebook,
    draw_study,
    read_wave,
    write_drawn_study,
)
from survey.forms import pin_of
from survey.models import Area, Freeze, Study, Wave, WaveForm
from survey.result_counts import count_results

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
DAYS = (dt.date(2024, 5, 1), dt.date(2026, 5, 1))


@dataclass(frozen=True)
class Evaluated:
    """The study, its waves from the first, and where its datasets lie."""

    study: Study
    waves: tuple[Wave, ...]
    data: object


def draw(areas, people=None, *, names=(), questionnaires, languages, seed=1):
    """A drawn study with its codebook; `names` are of the first areas."""
    form = make_form(questionnaires, languages)
    codebook = build_codebook(form, wave_year=2026)
    columns = {scale.name: scale.columns for scale in codebook.scales if not scale.formative}
    model = KnownModel.simple(columns, loading=0.75, correlation=0.3)
    drawn = draw_study(model, areas, people, seed=seed)
    for tables in drawn.tables.values():
        table = tables["areas"]
        for row, name in enumerate(names):
            table.loc[row, "name"] = name
    return form, codebook, drawn


@pytest.fixture(scope="session")
def drawn_folders(tmp_path_factory):
    """A function that writes a drawn study once and says where; its results are counted too."""
    known = {}

    def written(key, areas, people, few, **drawing):
        asked = repr((key, areas, people, few, drawing))
        if asked not in known:
            form, codebook, drawn = draw(areas, people, **drawing)
            if few:
                drawn = with_few(drawn, few)
            folder = tmp_path_factory.mktemp("drawn")
            write_drawn_study(drawn, codebook, folder / key, key)
            count_results(key, folder)
            known[asked] = form, folder, drawn.tables[1]["areas"]
        return known[asked]

    return written


@pytest.fixture
def evaluated(database, settings, drawn_folders):
    """A function that puts a drawn study into the database and its datasets into the data folder.

    Its results are counted, unless it is asked otherwise.
    """

    def make(
        areas=None,
        people=None,
        *,
        key="bopuls",
        names=(),
        questionnaires=("tryghed", "background"),
        languages=("da", "ar"),
        few=0,
        seed=1,
        counted=True,
        **values,
    ):
        areas = areas or AreasDrawn(12, [2] * 6, effects=[0.5])
        form, folder, table = drawn_folders(
            key, areas, people, few,
            names=names, questionnaires=questionnaires, languages=languages, seed=seed,
        )  # fmt: skip
        # Not counted, nothing was told of its waves either.
        untold = shutil.ignore_patterns() if counted else shutil.ignore_patterns("told.json")
        for one in (key, f"{key}-results") if counted else (key,):
            shutil.copytree(folder / one, settings.data / one, ignore=untold)
        if counted:
            shutil.copy(folder / f"{key}-told.json", settings.data)
        given = {"title": "Bopulsen", "sender": "Fonden for Gode Naboer", "contact": "12 34 56 78"}
        with database.writing() as session:
            study = Study(key=key, **given | values)
            session.add(study)
            session.flush()
            for row in table.itertuples():
                session.add(Area(study_id=study.id, key=row.area, name=row.name, dwellings=85))
            waves = tuple(
                Wave(study_id=study.id, number=number, status="frozen", opens=day)
                for number, day in enumerate(DAYS, start=1)
            )
            session.add_all(waves)
            session.flush()
            for wave in waves:
                name = f"{key}/wave-{wave.number}-freeze-1"
                read = read_wave(settings.data / name)
                session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
                session.add(
                    Freeze(
                        wave_id=wave.id, number=1, folder=name, content_hash=read.hash,
                        rows=read.rows,
                    )
                )  # fmt: skip
        return Evaluated(study, waves, settings.data)

    return make


def with_few(drawn, few):
    """The first area keeps `few` answers in the last wave."""
    last = max(drawn.waves)
    rows = drawn.waves[last]
    first = rows["area"].min()
    kept = pd.concat([rows[rows["area"] != first], rows[rows["area"] == first].head(few)])
    drawn.waves[last] = kept.reset_index(drop=True)
    counts = drawn.tables[last]["dispositions"]
    counts.loc[counts["area"] == first, ["started", "finished"]] = few
    return drawn
