"""Items that point the other way, and answers far from all others, are told beside the numbers."""

import numpy as np
import pandas as pd
import pytest

from processing import (
    GroupedPatterns,
    StatisticsError,
    align,
    alpha,
    categorical_omega,
    cfa,
    correlate,
    count_patterns,
    dif,
    efa,
    graded_response,
    invariance,
    omega,
    ordinal_alpha,
)

AGREEABLE_MODEL = "f =~ A1 + A2 + A3 + A4 + A5"
AGREEABLE = ["A1", "A2", "A3", "A4", "A5"]
RELIABILITIES = [alpha, omega, ordinal_alpha, categorical_omega]


@pytest.fixture
def halves(bfi):
    return bfi.assign(half=np.where(np.arange(len(bfi)) % 2, "odd", "even"))


def _dif(frame, **given):
    return dif(_halved(frame), AGREEABLE, "half", **given)


def _cfa(frame, **given):
    return cfa(frame, AGREEABLE_MODEL, "WLSMV", **given)


def _cfa_of_parts(frame, **given):
    return cfa([frame[:1000], frame[1000:]], AGREEABLE_MODEL, **given)


def _invariance(frame, **given):
    return invariance(_halved(frame), AGREEABLE_MODEL, "half", "FIML", **given)


def _align(frame, **given):
    return align(_halved(frame), AGREEABLE_MODEL, "half", "ML", **given)


def _halved(frame):
    return frame.assign(half=np.arange(len(frame)) % 2)


def _of(statistic, frame, **given):
    if statistic in OF_FRAMES:
        return statistic(frame, **given)
    return statistic(frame, AGREEABLE, **given)


def _efa(frame, **given):
    return efa(frame, 1, AGREEABLE, **given)


def _correlate(frame, **given):
    return correlate(frame, AGREEABLE, "pairwise", **given)


OF_FRAMES = [_align, _cfa, _cfa_of_parts, _correlate, _dif, _efa, _invariance]


@pytest.mark.parametrize("statistic", [*RELIABILITIES, _dif])
def test_an_item_that_points_the_other_way_is_told_as_by_psych(bfi, statistic):
    """psych 2.2.9 warns of A1 alone, whose loading on the first principal component is negative."""
    found = _of(statistic, bfi)
    (doubt,) = found.doubts
    assert doubt.startswith("A1 points the other way")
    assert f"\n! {doubt}" in str(found)


@pytest.mark.parametrize("statistic", [*RELIABILITIES, _dif])
def test_a_scale_whose_items_are_turned_has_no_doubts(bfi, statistic):
    found = _of(statistic, bfi, reversed_items=["A1"], points=6)
    assert found.doubts == ()
    assert "!" not in str(found).replace("! purification did not settle", "")


@pytest.mark.parametrize("statistic", [*OF_FRAMES, *RELIABILITIES, graded_response])
def test_a_code_far_from_all_others_is_told(bfi_oriented, statistic):
    slipped = bfi_oriented.assign(A2=bfi_oriented["A2"].where(bfi_oriented.index != 7, 99))
    slipped.loc[7, AGREEABLE] = [3, 99, 4, 5, 5]
    told = str(_of(statistic, slipped))
    assert "! the answer 99 of A2 is far from all others and was given 1 time." in told
    assert "far from" not in str(_of(statistic, bfi_oriented))
    with pytest.raises(
        StatisticsError, match=r"'A2': answers must lie between 1 and 6, found \[99\]"
    ):
        _of(statistic, slipped, points=6)


def test_patterns_tell_the_same(halves):
    rows = halves[AGREEABLE].fillna(-9)
    parts = {name: count_patterns(part) for name, part in rows.groupby(halves["half"])}
    assert (
        dif(GroupedPatterns("half", parts), AGREEABLE, "half").doubts
        == dif(halves, AGREEABLE, "half").doubts
    )


def test_answers_that_many_gave_are_no_slip():
    """Yes, no and a third answer far off that one in ten gave."""
    rng = np.random.default_rng(1)
    trait = rng.normal(size=(1000, 1)) + rng.normal(size=(1000, 4))
    frame = pd.DataFrame(np.select([trait > 1.8, trait > 0], [9, 1], 0), columns=list("abcd"))
    assert not any("far from" in doubt for doubt in graded_response(frame).doubts)


@pytest.mark.parametrize(
    "statistic", [*RELIABILITIES, _cfa, _correlate, _dif, _efa, graded_response]
)
def test_a_rare_answer_that_is_offered_is_no_slip(bfi_oriented, statistic):
    """Of the answers 1 and 2, and 6 that two gave: odd, unless the scale is known to offer it."""
    few = (bfi_oriented[AGREEABLE] > 4) + 1
    few.iloc[[3, 5], 1] = 6
    assert "the answer 6 of A2 is far from all others" in str(_of(statistic, few))
    assert "far from" not in str(_of(statistic, few, points=6))
