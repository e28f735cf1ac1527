"""What a study's datasets say, counted once for researchers' pages: weights, measures, effects.

Everything is made by `processing` from the frozen dataset, and lies in a folder beside it that names
what it was made from. When the dataset is superseded the folder is erased with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from processing import (
    Dataset,
    DatasetError,
    Document,
    Problem,
    SmallCells,
    StatisticsError,
    Study,
    StudyMeasures,
    as_parts,
    as_pdf,
    as_registered,
    dataset_weights,
    evaluate,
    evidence,
    evidence_document,
    incomparable_over_waves,
    measure_names,
    measures_document,
    misfits_of_plan,
    plan_of,
    read_manifest,
    report_document,
    small_cells,
    sound_parts_of_plan,
    study_measures,
    study_terms,
    weight_tables,
    weights_document,
    write_derived,
)
from survey.printing.typesetting import FONTS
from survey.standing_dataset import standing_dataset, unreadable

LANGUAGES = ("da", "en")
KINDS = ("measures", "evidence", "effects", "weights")
_FOLDER = "findings"
_EFFECTS = "findings-effects"
_MEASURES = "findings-measures"
_WEIGHTS = "findings-weights"
_PLAN = "plan.yaml"
_PAGE, _PDF = ".html", ".pdf"
_BASE = " --base-weights"
# Divided by these where a dataset has two of them or more.
_GROUPS = ("language", "mode", "wave")

Tell = Callable[[int, int], None]


class FindingsError(Exception):
    """Nothing can be said of a study's datasets, or not that; says why.

    `problems` are the reasons one by one, where a statistic could not be computed.
    """

    def __init__(self, said: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(said)
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Found:
    """What can be looked at of a study: scales by name, and whether effects were estimated."""

    study: str
    dataset: str
    scales: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Name, label, and what there is a page of: no evidence of a variant, no measures of too few."""
    effects: bool
    counts: bool
    """Whether there are register counts, so that base weights are a choice."""
    base_weights: bool
    """Whether base weights were taken, by choice or for want of counts."""
    weights: bool
    """Whether there is a page of how well weights meet the register counts."""


def count_findings(
    study: str, data: Path, tell: Tell = lambda *_: None, *, base_weights: bool = False
) -> Path:
    """Compute measures and evidence of all scales, and the pages on them. Raises FindingsError.

    With `base_weights` those are taken, though there are register counts.
    """
    read = _read(study, data)
    plan = _plan_shown(read)
    try:
        if not plan:
            measured = study_measures(read, calibrated=False if base_weights else None)
            _write_measures(read, measured, small_cells(read, measured), base_weights=base_weights)
        write_weights(read)
        tell(1, 3)
        judged = evidence(read, groups=_groups(read))
        tell(2, 3)
        texts: dict[str, str | bytes] = {}
        for language in LANGUAGES:
            for entry in judged.scales:
                document = evidence_document(
                    read, judged, entry.scale, language=language,
                    command=f"beboerpuls evidence {study} --scale {entry.scale}",
                )  # fmt: skip
                texts |= _pages("evidence", entry.scale, document)
        frames = {
            "verdicts": judged.verdicts(),
            "figures": judged.to_frame(),
            "comparisons": judged.comparisons_frame(),
        }
        written = write_derived(read, _FOLDER, frames, texts=texts)
    except StatisticsError as error:
        raise FindingsError(str(error), error.problems) from error
    except DatasetError as error:
        raise FindingsError(str(error), [unreadable(study, error)]) from error
    if plan:
        # What effects and places tell together is decided once: both pages are made of that.
        count_effects(study, data, plan, base_weights=base_weights)
    return written


def _plan_shown(read: Study) -> str:
    """The plan of the effects that are shown of these datasets, or nothing."""
    try:
        return (_current(read, _EFFECTS) / _PLAN).read_bytes().decode()
    except (FindingsError, OSError):
        return ""


def _write_measures(
    read: Study, measured: StudyMeasures, cells: SmallCells, *, base_weights: bool
) -> Path:
    """The pages on measures, and their tables, in a folder of their own."""
    texts: dict[str, str | bytes] = {}
    asked = _BASE if base_weights else ""
    means = measured.measures.means
    whole = means[(means["level"] == "study") & (means["cohort"] == "all")]
    for language in LANGUAGES:
        for name in sorted(set(whole.loc[cells.may_show(whole), "scale"])):
            command = f"beboerpuls measures {read.study} --scale {name}{asked}"
            document = measures_document(
                read, measured, name, language=language, command=command, cells=cells
            )
            texts |= _pages("measures", name, document)
    frames = {
        "means": measured.measures.means,
        "changes": measured.measures.changes,
        "composition": measured.measures.composition,
    }
    return write_derived(read, _MEASURES, frames, texts=texts, about={"weight": measured.weight})


def write_weights(read: Study) -> Path | None:
    """The page on how well weights meet the register counts, where there are any that can be met."""
    if not len(read.table("margins")):
        return None
    terms = study_terms(read)
    try:
        made = dataset_weights(
            read, adults=terms.adults or None, ordered=terms.ordered, lenient=True
        )
    except StatisticsError:
        return None  # counts that tell nothing: measures took base weights, and say so
    shown = weight_tables(made, terms.limits)
    texts: dict[str, str | bytes] = {}
    for language in LANGUAGES:
        document = weights_document(
            read, made, language=language, told=shown,
            command=f"beboerpuls weights {read.study} --language {language}",
        )  # fmt: skip
        texts |= _pages("weights", "study", document)
    return write_derived(read, _WEIGHTS, shown.frames(), texts=texts)


def problems_of_plan(study: str, data: Path, plan: str) -> tuple[Problem, ...]:
    """What an analysis plan says that cannot be, or names and the study does not have.

    Raises FindingsError where the study has no dataset.
    """
    read = _read(study, data)
    try:
        said, problems = sound_parts_of_plan(plan.encode(), "plan")
        misfits = misfits_of_plan(
            said,
            [wave.codebook for wave in read.waves],
            kinds=set(read.table("plans")["kind"]),
            areas=set(read.table("areas")["area"]),
        )
    except StatisticsError as error:
        return error.problems
    except DatasetError as error:
        raise FindingsError(str(error), [unreadable(study, error)]) from error
    return (*problems, *misfits)


def plan_is_named(study: str, data: Path, plan: str) -> bool | None:
    """Whether a plan's text is that of a registered one, whatever its line ends.

    None where the study's datasets name no plan at all. Raises FindingsError.
    """
    named = _plans_named(_read(study, data))
    return as_registered(plan.encode(), named) is not None if named else None


def _plans_named(read: Study) -> set[str]:
    return {plan for wave in read.waves for plan in wave.manifest.get("analysis_plans", ())}


def count_effects(study: str, data: Path, plan: str, *, base_weights: bool = False) -> Path:
    """Estimate effects as an analysis plan says, and the page on them. Raises FindingsError.

    A plan is taken by the bytes that were registered, where only its line ends differ. With
    `base_weights` those are taken, though there are register counts.
    """
    read = _read(study, data)
    content = as_registered(plan.encode(), _plans_named(read)) or plan.encode()
    asked = _BASE if base_weights else ""
    try:
        said = plan_of(content, "plan")
        found = evaluate(read, said, calibrated=False if base_weights else None)
        cells = small_cells(read, found.measures, said.limits, found)
        # Measures beside effects show no more places than these do, and no fewer.
        by_base = base_weights or said.weights == "base"
        _write_measures(read, found.measures, cells, base_weights=by_base)
        texts: dict[str, str | bytes] = {_PLAN: content}
        for language in LANGUAGES:
            document = report_document(
                read, found, language=language, validated=_validated(read),
                incomparable=_incomparable(read), cells=cells,
                command=f"beboerpuls report {study} --plan plan.yaml --language {language}{asked}",
            )  # fmt: skip
            texts |= _pages("effects", "study", document)
        frames = {"effects": found.effects, "inferences": found.inferences}
        frames |= {
            name: frame
            for name, frame in (("staggered", found.staggered), ("parted", found.parted))
            if len(frame)
        }
        return write_derived(
            read, _EFFECTS, frames, texts=texts, about={"weight": found.measures.weight}
        )
    except StatisticsError as error:
        raise FindingsError(str(error), error.problems) from error
    except DatasetError as error:
        raise FindingsError(str(error), [unreadable(study, error)]) from error


def findings_of(study: str, data: Path, language: str) -> Found:
    """What was counted of a study as its datasets stand now. Raises FindingsError."""
    read = _read(study, data)
    folders = {kind: _current(read, _home(kind)) for kind in ("measures", "evidence")}
    scales = []
    for name, label in measure_names(read.codebook, language).items():
        there = [
            kind for kind, folder in folders.items()
            if (folder / f"{kind}.{name}.{LANGUAGES[0]}{_PAGE}").exists()
        ]  # fmt: skip
        if there:
            scales.append((name, label, tuple(there)))
    weight = str(read_manifest(folders["measures"]).get("weight", ""))
    return Found(
        read.study,
        read.hash,
        tuple(scales),
        effects=_is_current(read, _EFFECTS),
        counts=has_counts(study, data),
        base_weights=weight.startswith("base_weight"),
        weights=_is_current(read, _WEIGHTS),
    )


def has_counts(study: str, data: Path) -> bool:
    """Whether any wave of a study was frozen with register counts. Raises FindingsError."""
    read = _read(study, data)
    try:
        return any(len(wave.table("margins")) for wave in read.waves)
    except DatasetError as error:
        raise FindingsError(str(error), [unreadable(study, error)]) from error


def page_of(study: str, data: Path, kind: str, scale: str, language: str) -> str:
    """A page's inside, as it was made. Raises FindingsError where there is none."""
    return _file(study, data, kind, scale, language, _PAGE).decode()


def paper_of(study: str, data: Path, kind: str, scale: str, language: str) -> bytes:
    """The same as PDF. Raises FindingsError where there is none."""
    return _file(study, data, kind, scale, language, _PDF)


def tables_of(study: str, data: Path, kind: str) -> dict[str, Path]:
    """The tables behind a kind of page: name -> Parquet file. Raises FindingsError."""
    read = _read(study, data)
    folder = _current(read, _home(kind))
    names = {
        "measures": ("means", "changes", "composition"),
        "evidence": ("verdicts", "figures"),
        "effects": ("effects", "inferences", "staggered", "parted"),
        "weights": ("margins", "groups", "collapsed"),
    }[kind]
    # With two waves there is nothing staggered, and with one before the start nothing parted.
    files = {name: folder / f"{name}.parquet" for name in names}
    return {name: path for name, path in files.items() if path.exists()}


def _home(kind: str) -> str:
    """The folder that a kind of page is kept in."""
    return {"effects": _EFFECTS, "measures": _MEASURES, "weights": _WEIGHTS}.get(kind, _FOLDER)


def _pages(kind: str, scale: str, document: Document) -> dict[str, str | bytes]:
    stem = f"{kind}.{scale}.{document.language}"
    return {
        f"{stem}{_PAGE}": as_parts(document),
        f"{stem}.title": document.heading,
        f"{stem}{_PDF}": as_pdf(document, FONTS),
    }


def title_of(study: str, data: Path, kind: str, scale: str, language: str) -> str:
    """A page's heading. Raises FindingsError where there is none."""
    return _file(study, data, kind, scale, language, ".title").decode()


def _file(study: str, data: Path, kind: str, scale: str, language: str, ending: str) -> bytes:
    read = _read(study, data)
    folder = _current(read, _home(kind))
    if language not in LANGUAGES:
        raise FindingsError(f"There is no page in {language}.")
    known = {"study", *measure_names(read.codebook, language)}
    if kind not in KINDS or scale not in known:
        raise FindingsError(f"There is no page of {kind} for {scale}.")
    try:
        return (folder / f"{kind}.{scale}.{language}{ending}").read_bytes()
    except FileNotFoundError:
        raise FindingsError(f"There is no page of {kind} for {scale}.") from None


def _validated(read: Study) -> list[str]:
    """Scales that passed all their tests in these datasets; none where evidence was not counted."""
    try:
        folder = _current(read, _FOLDER)
    except FindingsError:
        return []
    verdicts = pd.read_parquet(folder / "verdicts.parquet")
    whole = verdicts[(verdicts["group"] == "whole") & (verdicts["verdict"] == "validated")]
    return [*whole["scale"]]


def _incomparable(read: Study) -> list[str]:
    """Scales whose means these datasets' evidence warns to compare over waves."""
    try:
        folder = _current(read, _FOLDER)
    except FindingsError:
        return []
    # Findings that were counted before this was kept have none.
    kept = folder / "comparisons.parquet"
    return incomparable_over_waves(pd.read_parquet(kept)) if kept.exists() else []


def _read(study: str, data: Path) -> Study:
    try:
        return standing_dataset(study, data)
    except StatisticsError as error:
        raise FindingsError(str(error), error.problems) from error


def _is_current(read: Study, name: str) -> bool:
    try:
        _current(read, name)
    except FindingsError:
        return False
    return True


def _current(read: Study, name: str) -> Path:
    """The derived folder, where it was made from what stands now. Raises FindingsError."""
    folder = read.folder.with_name(f"{read.folder.name}-{name}")
    try:
        made = read_manifest(folder)["made_from"]
    except (DatasetError, OSError) as error:
        raise FindingsError("Nothing is counted yet of the datasets as they stand now.") from error
    if made != read.hash:
        raise FindingsError("Nothing is counted yet of the datasets as they stand now.")
    return folder


def _groups(read: Study | Dataset) -> list[str]:
    seen: dict[str, set[object]] = {name: set() for name in _GROUPS}
    for batch in read.batches([*_GROUPS]):
        for name in _GROUPS:
            seen[name] |= set(batch[name].unique())
    return [name for name in _GROUPS if len(seen[name]) > 1]
