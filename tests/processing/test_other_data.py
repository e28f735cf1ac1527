"""The whole of psychometrics on data that the methods were not written against: psych and lavaan.

`ref_other_data.R` made the numbers, from children of two schools (measurements, 301 × 9) and
soldiers on their leaders (2 042 × 19 items of five answers).
"""

import numpy as np
import pandas as pd
import pytest

from processing.consistency.items import item_analysis
from processing.consistency.reliability import alpha
from processing.factoring.factorability import kmo
from processing.factoring.factors import efa
from processing.factoring.polychorics import polychoric
from processing.modelling.confirmatory import cfa

from .test_confirmatory import LAVAAN_NAMES


@pytest.fixture
def told(reference):
    return reference("other_data")


MODELS = [
    "school_ml",
    "school_mlr",
    "school_second_order",
    "school_residuals",
    "school_equal",
    "school_groups",
    "leadership_ml",
    "leadership_mlr",
    "leadership_wlsmv",
    "leadership_wlsmv_groups",
]


@pytest.mark.parametrize("name", MODELS)
def test_factor_models_equal_lavaan(told, reference_data, name):
    model = told["models"][name]
    settings = {"group": model["group"] or None, "equal": model["equal"]}
    fitted = cfa(reference_data(model["data"]), model["model"], model["estimator"], **settings)
    for ours, theirs in LAVAAN_NAMES.items():
        expected = model["fit"].get(theirs)
        if expected is not None and not ours.endswith("close") and not ours.startswith("p"):
            assert getattr(fitted.fit, ours) == pytest.approx(expected, rel=1e-4), ours
    found = {
        (row.group, row.left, row.right): (row.standardised, row.standardised_se)
        for row in fitted.estimates
        if row.operator == "=~"
    }
    assert len(found) == len(model["std"])
    for row in model["std"]:
        loading, se = found[row["group"], row["lhs"], row["rhs"]]
        assert loading == pytest.approx(row["est"], rel=1e-4)
        assert se == pytest.approx(row["se"], rel=1e-4)


@pytest.mark.parametrize("factors", [3, 4])
@pytest.mark.parametrize("rotation", ["oblimin", "promax", "varimax"])
@pytest.mark.parametrize("extraction", ["minres", "ml"])
def test_exploratory_factors_equal_psych(told, reference_data, extraction, rotation, factors):
    expected = told["efa"]["solutions"][f"{extraction}_{rotation}_{factors}"]
    found = efa(
        reference_data("leadership"),
        factors,
        told["efa"]["items"],
        extraction=extraction,
        rotation=rotation,
    )
    np.testing.assert_allclose(found.loadings, expected["loadings"]["values"], atol=1e-8)
    if rotation != "varimax":
        np.testing.assert_allclose(found.phi, expected["phi"]["values"], atol=1e-8)
    np.testing.assert_allclose(found.communality, list(expected["communality"].values()), atol=1e-8)
    assert found.fit.chi2 == pytest.approx(expected["chi"], rel=1e-8)


def test_reliability_adequacy_and_polychoric_correlations_equal_r(told, reference_data):
    answers: pd.DataFrame = reference_data("leadership")[told["efa"]["items"]]
    lead = told["alpha"]["items"]
    assert alpha(answers, lead).raw == pytest.approx(told["alpha"]["raw"], abs=1e-8)
    assert alpha(answers, lead).standardised == pytest.approx(
        told["alpha"]["standardised"], abs=1e-8
    )
    np.testing.assert_allclose(
        item_analysis(answers, lead).item_rest, told["alpha"]["item_rest"], atol=1e-8
    )
    assert kmo(answers).overall == pytest.approx(told["kmo"], abs=1e-8)
    np.testing.assert_allclose(
        polychoric(answers).correlation, told["polychoric"]["values"], atol=1e-6
    )
