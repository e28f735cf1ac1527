"""A word that a statistic does not know, or a number it cannot use, is told; nothing else is done."""

import numpy as np
import pandas as pd
import pytest

from processing import (
    KnownModel,
    StatisticsError,
    alpha,
    area_reliability,
    bartlett,
    categorical_omega,
    combine,
    cut_points,
    efa,
    icc,
    item_analysis,
    kmo,
    measurement_error,
    minimum_average_partial,
    omega,
    omega_hierarchical,
    ordinal_alpha,
    parallel_analysis,
    polychoric,
    split_half,
)


@pytest.fixture
def frame():
    """400 answers to six items of one trait."""
    rng = np.random.default_rng(1)
    answers = rng.normal(size=(400, 1)) + rng.normal(size=(400, 6))
    return pd.DataFrame(np.digitize(answers, [-1.5, -0.5, 0.5, 1.5]) + 1, columns=list("abcdef"))


def _efa(frame, **given):
    return efa(frame, 2, **given)


def _omega_hierarchical(frame, **given):
    return omega_hierarchical(frame, 2, **given)


def _bootstrap(frame, **given):
    return omega(frame, method="bootstrap", **given)


def _measurement_error(_, **given):
    return measurement_error(20, 0.8, **given)


def _combine(_, **given):
    return combine([1.0, 2.0], [0.1, 0.1], **given)


MISSING = "'listwise', 'pairwise'"
CORRELATION = "'pearson', 'polychoric'"
WORDS = [
    *[
        (statistic, "missing", "pair", MISSING)
        for statistic in (
            alpha,
            item_analysis,
            split_half,
            polychoric,
            kmo,
            bartlett,
            minimum_average_partial,
            parallel_analysis,
            _efa,
            _omega_hierarchical,
        )
    ],
    *[
        (statistic, "correlation", "spearman", CORRELATION)
        for statistic in (kmo, bartlett, minimum_average_partial, _efa, _omega_hierarchical)
    ],
    (_efa, "extraction", "pa", "'minres', 'ml'"),
    (_omega_hierarchical, "extraction", "zz", "'minres', 'ml'"),
    (_efa, "rotation", "xyz", "'oblimin', 'promax', 'varimax', None"),
    (_omega_hierarchical, "rotation", None, "'oblimin', 'promax', 'varimax'"),
    (omega, "method", "zz", "'delta', 'bootstrap'"),
    (parallel_analysis, "simulated", "perm", "'normal', 'permuted'"),
]


@pytest.mark.parametrize(("statistic", "argument", "word", "allowed"), WORDS)
def test_an_unknown_word_is_told_with_those_that_are_known(
    frame, statistic, argument, word, allowed
):
    with pytest.raises(StatisticsError) as caught:
        statistic(frame, **{argument: word})
    assert f"{argument}: it is one of {allowed}, got {word!r}" in str(caught.value)


@pytest.mark.parametrize("level", [95, 1, 0, -0.5, np.nan])
@pytest.mark.parametrize(
    "statistic",
    [
        alpha,
        categorical_omega,
        icc,
        omega,
        ordinal_alpha,
        parallel_analysis,
        _combine,
        _measurement_error,
        _omega_hierarchical,
    ],
)
def test_a_level_is_a_share(frame, statistic, level):
    with pytest.raises(StatisticsError, match="level: it lies between 0 and 1, got"):
        statistic(frame, level=level)


@pytest.mark.parametrize(
    ("statistic", "argument", "number", "least"),
    [
        (parallel_analysis, "iterations", 0, 1),
        (_bootstrap, "replicates", 0, 2),
        (_bootstrap, "replicates", 1, 2),
        (_omega_hierarchical, "replicates", -1, 0),
    ],
)
def test_too_few_draws_are_told(frame, statistic, argument, number, least):
    with pytest.raises(StatisticsError, match=f"{argument}: it must be at least {least}"):
        statistic(frame, **{argument: number})


@pytest.mark.parametrize("level", [95, 0, 1])
def test_a_level_of_areas_is_a_share(frame, level):
    areas = frame.assign(area=frame.index % 8)
    with pytest.raises(StatisticsError, match="level: it lies between 0 and 1, got"):
        area_reliability(areas, "a", "area", level=level)


def test_a_number_of_points_may_be_numpys(frame):
    assert alpha(frame, points=np.int64(5)).raw == alpha(frame, points=5).raw


@pytest.mark.parametrize("wrong", ["scores.csv", [1, 2, 3]])
def test_scores_that_are_no_frame_are_told(wrong):
    with pytest.raises(StatisticsError, match="scores: a data frame is needed, got"):
        icc(wrong)


def test_an_infinite_score_is_named_with_its_occasion_and_row():
    scores = pd.DataFrame(
        {"may": [10.0, 12, 15, 20], "june": [11, np.inf, 14, 21]}, index=[*"abcd"]
    )
    with pytest.raises(
        StatisticsError, match="'june': scores must be finite, found inf in row 'b'"
    ):
        icc(scores)


@pytest.mark.parametrize(
    ("estimates", "errors", "words"),
    [
        ([1, 2], [-1, 1], "errors: they must be finite and not below 0, found -1 at place 1"),
        ([1, 2], [1, np.nan], "errors: they must be finite and not below 0, found nan at place 2"),
        ([1, np.inf], [1, 1], "estimates: they must be finite numbers, found inf at place 2"),
    ],
)
def test_draws_that_cannot_be_combined_are_named(estimates, errors, words):
    with pytest.raises(StatisticsError, match=words):
        combine(estimates, errors)


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1, 2, 1], [0.3, 0.3]])
def test_shares_that_do_not_add_up_to_one_are_refused(shares):
    with pytest.raises(StatisticsError, match="add up to 1"):
        cut_points(shares)
    with pytest.raises(StatisticsError, match="add up to 1"):
        KnownModel.simple({"calm": ["a", "b", "c"]}, shares=shares)


def test_shares_rounded_to_three_decimals_serve():
    assert cut_points([0.333, 0.333, 0.333]) == pytest.approx(cut_points([1 / 3] * 3), abs=1e-3)
