"""Judging scales by their answers: each figure is had from one pass and held against its limit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.consistency.retest import icc
from processing.counting.rows_used import group_name
from processing.datasets.codebook import Codebook, ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.levels.area_levels import reliability_of_areas
from processing.scoring.scales import Scales, scale_entries
from processing.small_matrices import on_one_core

from .comparisons import compare_groups
from .findings import Finding, judged
from .questionnaires import QuestionnaireEvidence, judge_questionnaire
from .reading import Kept, names_of
from .scale_evidence import Oriented, formative_findings, reflective_findings
from .tally import Tally, tally
from .thresholds import Thresholds, usual_thresholds
from .verdicts import EVERYONE, Evidence, GroupEvidence, ScaleEvidence


@on_one_core()
def evidence(
    answers: Dataset | Study | pd.DataFrame,
    scales: Scales | None = None,
    *,
    groups: Sequence[str] = (),
    area: str | None = None,
    languages: Iterable[str] | None = None,
    language: str = "language",
    retest: Mapping[str, pd.DataFrame] | None = None,
    thresholds: Thresholds | None = None,
    graded: bool = False,
    leave_out: Sequence[bool] | NDArray[np.bool_] | None = None,
) -> Evidence:
    """Judge every scale by its answers.

    Each figure is held against its threshold, which names its source and what follows beyond it:
    one blocking figure makes a scale *not usable* (`reason` tells a scale that failed from one of
    which too few answers tell nothing), one cautioning figure *usable with care*; a
    scale with neither is *validated*, for those who were asked and no one else. A statistic that
    cannot be computed blocks. Rows that answered every item are used.

    A scale whose items stand for one trait needs respondents, one factor (WLSMV, lavaan's scaled
    indices), omega, item–rest correlations, answers that are all used, and no floor or ceiling. A
    formative scale is a count of parts: of it nothing is asked that supposes a trait, and nothing
    can make it more than usable with care. The reflective scales of one questionnaire are also
    fitted together as correlated factors: what cannot be told apart is to be used with care.

    Parameters
    ----------
    answers
        A dataset or study, or a frame of whole numbers (negative or NaN = missing).
    scales
        A codebook or scales; by default all of the dataset's.
    groups
        Columns whose groups are judged one by one and compared (invariance, DIF). What does not
        hold blocks comparing means over that column. A group in which the scale is not usable, or
        means that may not be compared, leave it usable with care at best.
    area
        A column of areas: the mean reliability of their mean scores is added.
    languages, language
        The languages in which the scales may be used (by default the codebook's), and the column
        that says in which each row answered. A language without a row is named as never tested; a
        codebook of several languages asks for care where no column tells them apart.
    retest
        Scale that is judged -> (persons, 2) scores of the same persons, taken twice.
    thresholds
        From `read_thresholds`; by default the programme's.
    graded
        Also fit a graded response model, for Q3.
    leave_out
        Rows to leave out, one truth a row, as `careless(...).suspected()` tells them: for a second
        run beside the first. Nothing is left out unasked.

    Returns
    -------
    Evidence

    Raises
    ------
    StatisticsError
        Columns that do not exist, answers that are no whole numbers or outside a scale's bounds,
        `languages` without the column that tells them apart, a retest of a scale that is not judged.

    References
    ----------
    Prinsen et al. 2018, https://doi.org/10.1007/s11136-018-1798-3; Terwee et al. 2007,
    https://doi.org/10.1016/j.jclinepi.2006.03.012

    Examples
    --------
    >>> from processing import ScaleEntry
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> items = ("a", "b", "c", "d", "e")
    >>> frame = simulate(KnownModel.simple({"calm": items}, 0.8), 1000, seed=1).frame
    >>> calm = ScaleEntry("", "calm", items, dict.fromkeys(items, (1, 5)))
    >>> print(evidence(frame, calm))
    calm: validated, n = 1000

    """
    entries, source = _scales(answers, scales)
    stop_if_any(_astray(answers, entries, languages, language, retest or {}))
    kept = _kept(answers, leave_out)
    judge = _Judge(
        answers=answers,
        kept=kept,
        groups=tuple(groups),
        area=area,
        languages=_languages(answers, scales, languages),
        language=language,
        retest=retest or {},
        thresholds=usual_thresholds() if thresholds is None else thresholds,
        graded=graded,
    )
    together = tuple(judge.questionnaires(entries))
    return Evidence(
        scales=tuple(judge.scale(entry, together) for entry in entries),
        dataset=source,
        questionnaires=together,
        rows=_rows(answers),
        left_out=0 if kept is None else int((~kept).sum()),
    )


def _astray(
    answers: Dataset | Study | pd.DataFrame,
    entries: Sequence[ScaleEntry],
    languages: Iterable[str] | None,
    language: str,
    retest: Mapping[str, pd.DataFrame],
) -> Iterator[Problem]:
    """What was asked for and would have been passed over without a word."""
    if languages is not None and language not in names_of(answers):
        yield Problem(
            f"column {language!r}",
            "no column has this name, so that nothing tells which languages were tested",
            "Name the column of languages, or leave languages out",
        )
    known = [entry.name for entry in entries]
    for scale in retest:
        if scale not in known:
            yield Problem(
                f"retest of scale {scale!r}",
                f"the scales that are judged are {', '.join(known)}",
                "Correct the name of the scale",
            )


def _rows(answers: Dataset | Study | pd.DataFrame) -> int:
    return len(answers) if isinstance(answers, pd.DataFrame) else answers.rows


def _kept(
    answers: Dataset | Study | pd.DataFrame, leave_out: Sequence[bool] | NDArray[np.bool_] | None
) -> Kept:
    if leave_out is None:
        return None
    left = np.asarray(leave_out)
    if left.dtype != np.bool_ or left.shape != (_rows(answers),):
        raise StatisticsError(
            Problem(
                "leave_out",
                f"each of {_rows(answers)} rows needs one truth, got {left.dtype} {left.shape}",
                "Give a flag a row, as careless(...).suspected()",
            )
        )
    return np.asarray(~left)


def _scales(
    answers: Dataset | Study | pd.DataFrame, scales: Scales | None
) -> tuple[tuple[ScaleEntry, ...], str]:
    if not isinstance(answers, pd.DataFrame):
        return scale_entries(answers.codebook if scales is None else scales), answers.hash
    if scales is None:
        raise StatisticsError(
            Problem("scales", "a plain frame says nothing of scales", "Give a codebook or scales")
        )
    return scale_entries(scales), ""


def _languages(
    answers: Dataset | Study | pd.DataFrame,
    scales: Scales | None,
    languages: Iterable[str] | None,
) -> tuple[str, ...]:
    if languages is not None:
        return tuple(languages)
    if isinstance(answers, pd.DataFrame):
        return scales.languages if isinstance(scales, Codebook) else ()
    return answers.codebook.languages


@dataclass(frozen=True)
class _Judge:
    """Everything that holds for all scales."""

    answers: Dataset | Study | pd.DataFrame
    kept: Kept
    groups: tuple[str, ...]
    area: str | None
    languages: tuple[str, ...]
    language: str
    retest: Mapping[str, pd.DataFrame]
    thresholds: Thresholds
    graded: bool

    def questionnaires(self, entries: tuple[ScaleEntry, ...]) -> Iterator[QuestionnaireEvidence]:
        """One a questionnaire that has scales enough to be told apart."""
        for instrument in dict.fromkeys(entry.instrument for entry in entries):
            scales = [
                entry
                for entry in entries
                if entry.instrument == instrument and not entry.formative and len(entry.columns) > 1
            ]
            if len(scales) > 1:
                yield judge_questionnaire(self.answers, scales, self.thresholds, self.kept)

    def scale(
        self, scale: ScaleEntry, together: Sequence[QuestionnaireEvidence] = ()
    ) -> ScaleEvidence:
        rows = self._read(scale)
        more = tuple(self._of_scores(rows, scale))
        oriented = {
            group: {value: Oriented(part) for value, part in rows.groups[group].items()}
            for group in self.groups
        }
        return ScaleEvidence(
            scale=scale.name,
            version=scale.version,
            everyone=self._judged(Oriented(rows.everyone), scale, EVERYONE, EVERYONE, more),
            groups=tuple(
                self._judged(oriented[group][value], scale, group, group_name(value))
                for group in self.groups
                for value in sorted(oriented[group], key=str)
            ),
            comparisons=tuple(
                compare_groups(oriented[group], group, self.thresholds)
                for group in self.groups
                if not scale.formative
            ),
            untested_languages=tuple(self._untested(rows)),
            beside=(
                *(
                    care
                    for whole in together
                    if scale.name in whole.scales
                    for care in whole.care_for(scale.name)
                ),
                *self._languages_untold(rows),
            ),
            other_versions=rows.other_versions,
        )

    def _read(self, scale: ScaleEntry) -> Tally:
        """One scale's columns at a time, so that memory does not grow with the questionnaire."""
        labels = list(self.groups)
        if self.language in names_of(self.answers):
            labels.append(self.language)
        return tally(
            self.answers,
            scale,
            list(dict.fromkeys(labels)),
            area=self.area,
            kept=self.kept,
            incomplete=self.graded,
        )

    def _judged(
        self,
        answers: Oriented,
        scale: ScaleEntry,
        group: str,
        value: str,
        more: tuple[Finding, ...] = (),
    ) -> GroupEvidence:
        if scale.formative:
            findings = tuple(formative_findings(answers, scale, self.thresholds))
        else:
            findings = tuple(
                reflective_findings(answers, scale, self.thresholds, graded=self.graded)
            )
        return GroupEvidence(scale.name, scale.version, group, value, answers.n, (*findings, *more))

    def _of_scores(self, rows: Tally, scale: ScaleEntry) -> Iterator[Finding]:
        """What only scores tell: agreement of two measurements, reliability of areas."""
        if scale.name in self.retest:
            found = icc(self.retest[scale.name])
            yield judged(self.thresholds, "retest", found.agreement, detail=f"n = {found.n}")
        if rows.areas is not None:
            try:
                areas = reliability_of_areas(rows.areas, f"{scale.name}_score", "area")
            except StatisticsError as error:
                text = f"area reliability could not be computed: {error}"
                yield Finding("computation", "cautions", text)
                return
            enough = areas.needed()
            would = f"{enough:.0f} answers" if np.isfinite(enough) else "no number of answers from"
            needed = f"ICC {areas.icc:.3f}, {would} an area would do"
            yield judged(self.thresholds, "area_reliability", areas.reliability, detail=needed)

    def _languages_untold(self, rows: Tally) -> Iterator[str]:
        if len(self.languages) > 1 and self.language not in rows.groups:
            listed = ", ".join(self.languages)
            yield f"no column tells in which of its languages ({listed}) it was tested"

    def _untested(self, rows: Tally) -> Iterator[str]:
        if self.language not in rows.groups:
            return
        parts = rows.groups[self.language].items()
        seen = {str(name) for name, part in parts if part.complete().frequency.any()}
        yield from (language for language in self.languages if language not in seen)
