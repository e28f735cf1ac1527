from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from instruments import make_form
from processing import ScaleEntry, StatisticsError, build_codebook, score, summarise, write_study


@pytest.fixture
def bfi_scales_and_answers(bfi, fixture_library):
    scales = build_codebook(make_form(["bfi"], ["en"], fixture_library)).scales
    return scales, bfi.rename(columns=lambda name: f"bfi_{name.lower()}")


def test_alpha_and_omega_of_real_answers_equal_rs(bfi_scales_and_answers, bfi_numbers):
    scales, answers = bfi_scales_and_answers
    for summary in summarise(answers, scales).scales:
        expected = bfi_numbers["scales"][summary.scale.removeprefix("bfi_")]
        listwise = expected["listwise"]
        assert summary.alpha.n == expected["n_complete"]
        assert summary.alpha.raw == pytest.approx(listwise["alpha_raw"], rel=1e-6)
        assert summary.alpha.interval.low == pytest.approx(listwise["feldt95"]["lower"], rel=1e-6)
        assert summary.alpha.interval.high == pytest.approx(listwise["feldt95"]["upper"], rel=1e-6)
        assert summary.omega.total == pytest.approx(
            expected["omega_total_1f_cfa_ml_listwise"], rel=1e-5
        )


def test_n_mean_and_sd_are_those_of_the_scores(bfi_scales_and_answers):
    scales, answers = bfi_scales_and_answers
    scores = score(answers, scales)
    for summary in summarise(answers, scales).scales:
        values = scores[f"{summary.scale}_score"]
        assert summary.n == values.notna().sum()
        assert summary.mean == pytest.approx(values.mean(), rel=1e-12)
        assert summary.sd == pytest.approx(values.std(), rel=1e-9)


def test_waves_read_one_after_the_other_give_what_their_rows_together_give(
    freeze_wave, make_answers, facts, tmp_path
):
    second = freeze_wave(
        "wave-2", responses=make_answers(700, 2).assign(wave=2), facts=replace(facts, wave=2)
    )
    study = write_study(tmp_path, "prøve", [freeze_wave("wave-1").folder, second.folder])
    together = summarise(study.responses(), study.codebook)
    pd.testing.assert_frame_equal(summarise(study).to_frame(), together.to_frame())
    assert summarise(study).dataset == study.hash


def test_rows_without_a_score_are_told_by_the_reason_most_of_their_items_carry():
    columns = ("a", "b", "c", "d")
    scale = ScaleEntry("", "s", columns, dict.fromkeys(columns, (1, 5)))
    answers = pd.DataFrame(
        [
            (1, 2, 3, 4),
            (-8, -8, -3, 4),
            (-3, -8, 2, 4),  # a tie: the first in the codebook's order
            (-1, -1, -1, -1),
            (np.nan, np.nan, 2, 2),
            (5, 4, 3, -8),
        ],
        columns=columns,
    )
    (summary,) = summarise(answers, scale).scales
    assert summary.missing == {-1: 1, -3: 1, -8: 1, -10: 1}
    assert summary.n + sum(summary.missing.values()) == summary.rows == 6


def test_a_formative_scale_has_no_alpha_and_says_why(frozen):
    part = {s.scale: s for s in summarise(frozen).scales}["every_part"]
    assert part.alpha is None
    assert part.omega is None
    assert part.without.startswith("formative")
    assert part.n > 0


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda f: f.assign(bfi_a1=3), "bfi_a1"),  # a constant item
        (lambda f: f[:3], "rows"),  # fewer rows than items
    ],
)
def test_where_reliability_is_not_defined_the_scale_says_why(bfi_scales_and_answers, spoil, why):
    scales, answers = bfi_scales_and_answers
    summary = summarise(spoil(answers), scales).scales[0]
    assert summary.omega is None
    assert why in summary.without
    assert not np.isnan(summary.mean)


def test_items_of_different_length_have_no_alpha():
    columns = ("a", "b", "c")
    scale = ScaleEntry("", "s", columns, {"a": (1, 5), "b": (1, 5), "c": (0, 10)})
    rng = np.random.default_rng(1)
    answers = pd.DataFrame(rng.integers(1, 6, (50, 3)), columns=columns)
    (summary,) = summarise(answers, scale).scales
    assert summary.without == "its items are answered on scales of different length"


def test_no_rows_are_no_failure(freeze_wave, make_answers):
    for summary in summarise(freeze_wave(responses=make_answers(3)[:0])).scales:
        assert summary.n == 0
        assert np.isnan(summary.mean)


def test_a_plain_frame_without_scales_is_a_mistake(bfi):
    with pytest.raises(StatisticsError, match="a plain frame says nothing of scales"):
        summarise(bfi)
    with pytest.raises(StatisticsError, match="no column has this name"):
        summarise(bfi, ScaleEntry("", "s", ("x",), {"x": (1, 5)}))
