"""What a planned study can detect: closed form, and recovery where there is none."""

import numpy as np
import pandas as pd
import pytest

from processing import PlannedStudy, StatisticsError, difference_in_differences, plan_study


def test_many_areas_are_planned_by_the_closed_form():
    """Design papers: ICC .03, 60 answers, stability .7, 30 + 30 areas; .16 SD with normal quantiles."""
    found = plan_study(PlannedStudy(30, 30, invited=150, response=0.4))
    assert found.effect_sd == pytest.approx(0.058 * (2.0017 + 0.848), rel=5e-3)
    assert found.points == pytest.approx(20 * found.effect_sd)
    assert found.trust.method == "CR2"
    assert found.df == pytest.approx(58)
    # λ = n·ICC / (1 + (n − 1)·ICC).
    assert found.reliability == pytest.approx(60 * 0.03 / (1 + 59 * 0.03))


def test_a_lower_response_and_heavier_weights_find_less_and_a_panel_more():
    plain = PlannedStudy(12, 12, invited=150)
    table = plan_study(plain).table
    assert table.effect_sd.is_monotonic_decreasing
    assert table.answers.tolist() == [30, 45, 60, 75]
    by = {
        name: plan_study(PlannedStudy(12, 12, invited=150, **change)).effect_sd
        for name, change in (
            ("plain", {}),
            ("weights", {"design_effect": 1.5}),
            ("panel", {"again": 0.5}),
        )
    }
    assert by["panel"] < by["plain"] < by["weights"]


def test_three_treated_areas_are_planned_by_the_test_that_would_be_trusted():
    """Recovery: the randomisation test of whole studies rejects as often as was asked for."""
    planned = PlannedStudy(3, 15, invited=150)
    found = plan_study(planned)
    assert found.trust.method == "randomisation"
    random = np.random.default_rng(4)
    hits = [_rejects(random, planned, found.effect_sd) for _ in range(150)]
    assert np.mean(hits) == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / 150))


def test_a_whole_country_can_be_planned():
    found = plan_study(PlannedStudy(treated=2000, comparison=5000, invited=60))
    assert found.trust.method == "CR2"
    assert 0 < found.points < 1


def test_too_few_areas_can_detect_nothing_and_say_why():
    found = plan_study(PlannedStudy(2, 4, invited=150))
    assert found.trust.method == ""
    assert np.isinf(found.effect_sd)
    assert "No effect would be found" in str(found)
    assert "No inference is trusted" in str(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"treated": 1}, "treated: each arm needs two"),
        ({"response": 40}, "response: a share above 0"),
        ({"again": -0.1}, "again: a share"),
        ({"invited": 0}, "invited: it is above zero"),
        ({"icc": 1.2}, "icc: a share"),
    ],
)
def test_a_study_that_cannot_be_is_refused_in_words(change, said):
    with pytest.raises(StatisticsError, match=said):
        plan_study(PlannedStudy(**{"treated": 12, "comparison": 12, "invited": 100} | change))


def _rejects(random, planned, effect):
    """Whether a study of area means finds the effect, by what its report would trust."""
    areas = planned.treated + planned.comparison
    lasting = random.normal(0, np.sqrt(planned.icc * planned.stability), areas)
    noise = planned.icc * (1 - planned.stability) + (1 - planned.icc) / planned.answers
    frame = pd.DataFrame(
        {
            "area": np.tile(np.arange(areas), 2),
            "wave": np.repeat([1, 2], areas),
            "y": np.tile(lasting, 2) + random.normal(0, np.sqrt(noise), 2 * areas),
        }
    )
    frame["on"] = ((frame.area < planned.treated) & (frame.wave == 2)).astype(int)
    frame["y"] += effect * frame.on
    found = difference_in_differences(frame, "y", "on", area="area", wave="wave", draws=99)
    return found.trusted.p <= 0.05
