"""Alignment of many groups: no outside reference, so recovery of a known truth."""

import doctest
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad

from processing.errors import StatisticsError
from processing.modelling import alignment
from processing.modelling.alignment import align

MODEL = "calm =~ a + b + c + d + e"
MEANS = np.array([0.0, -0.3, 0.2, -1.0, 0.9, 0.5])
DEVIATIONS = np.array([1.0, 0.9, 1.2, 0.95, 1.1, 0.85])


@pytest.fixture(scope="module")
def areas():
    """Six areas of 1 500; b asks for less in areas 2 and 5, d tells little in area 4."""
    rng = np.random.default_rng(2)
    parts = []
    for area, (mean, deviation) in enumerate(zip(MEANS, DEVIATIONS, strict=True)):
        loadings, intercepts = np.full(5, 0.8), np.zeros(5)
        if area in {2, 5}:
            intercepts[1] = 0.6
        if area == 4:
            loadings[3] = 0.4
        calm = mean + deviation * rng.normal(size=(1500, 1))
        answers = calm * loadings + intercepts + 0.6 * rng.normal(size=(1500, 5))
        parts.append(pd.DataFrame(answers, columns=list("abcde")).assign(area=area))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def ordinal(areas):
    """The same on five points."""
    points = np.digitize(areas[list("abcde")], [-1.2, -0.4, 0.4, 1.2]) + 1
    return areas.assign(**dict(zip("abcde", points.T, strict=True)))


@pytest.mark.parametrize(("estimator", "data"), [("ML", "areas"), ("WLSMV", "ordinal")])
def test_means_and_deviations_are_recovered_although_items_differ(estimator, data, request):
    frame = align(request.getfixturevalue(data), MODEL, "area", estimator).to_frame()
    # The first area is the measure of all others, so that its own chance error is in each.
    moved = frame["mean"].to_numpy()[1:] - MEANS[1:]
    assert moved.mean() == pytest.approx(0, abs=0.12)
    assert moved - moved.mean() == pytest.approx(np.zeros(5), abs=0.1)
    assert frame["deviation"].to_numpy() == pytest.approx(DEVIATIONS, rel=0.12)


@pytest.mark.parametrize(
    ("estimator", "data", "kind"), [("ML", "areas", "intercept"), ("WLSMV", "ordinal", "threshold")]
)
def test_the_items_that_differ_are_named_with_their_groups(estimator, data, kind, request):
    result = align(request.getfixturevalue(data), MODEL, "area", estimator)
    differing = {(row.kind, row.item, group) for row in result.parameters for group in row.differs}
    assert differing == {("loading", "d", "4"), (kind, "b", "2"), (kind, "b", "5")}
    assert f"{kind} of b" in str(result)
    assert result.share_differing < 0.25


def test_the_answer_does_not_hang_on_the_seed(areas):
    one, other = (align(areas, MODEL, "area", "ML", seed=seed) for seed in (1, 99))
    assert one.to_frame()["mean"].tolist() == pytest.approx(other.to_frame()["mean"], abs=1e-3)


def test_aligning_does_not_change_what_the_model_implies(areas):
    """Each group's loadings and intercepts on its own factor give back the configural ones."""
    result = align(areas, MODEL, "area", "ML")
    for place, group in zip(result.places, result.configural.matrices(), strict=True):
        number = result.groups.index(place.group)
        loadings = np.array([row.estimates[number] for row in result.parameters[:5]])
        intercepts = np.array([row.estimates[number] for row in result.parameters[5:]])
        np.testing.assert_allclose(loadings * place.deviation, group.lambda_[:, 0])
        np.testing.assert_allclose(intercepts + loadings * place.mean, group.nu)


def test_the_gradient_of_the_loss_is_right(areas):
    configural = align(areas, MODEL, "area", "ML").configural
    question = alignment._Question.of(configural, "calm")
    point = np.random.default_rng(3).normal(size=10) * 0.3
    loss, gradient = (
        lambda x, part=part: alignment._loss(x, question, 0.01)[part] for part in (0, 1)
    )
    assert check_grad(loss, gradient, point) < 1e-6


def test_standard_errors_of_places_come_from_the_slopes_of_the_optimum(areas):
    """Beside differences of the loss's gradient, one parameter at a time."""
    result = align(areas, MODEL, "area", "ML")
    question = alignment._Question.of(result.configural, "calm")
    found = result.to_frame()
    point = np.concatenate([found["mean"].iloc[1:], np.log(found["deviation"].iloc[1:])])
    k = question.loadings.shape[1]
    start = np.hstack([question.loadings, question.levels])

    def gradient(moved, values):
        own = values.reshape(start.shape)
        asked = replace(question, loadings=own[:, :k], levels=own[:, k:])
        return alignment._loss(moved, asked, alignment.SMOOTHNESS[-1])[1]

    def slopes(function, at):
        steps = 1e-5 * np.eye(at.size)
        return np.array([(function(at + s) - function(at - s)) / 2e-5 for s in steps]).T

    hessian = slopes(lambda moved: gradient(moved, start.ravel()), point)
    crossed = slopes(lambda values: gradient(point, values), start.ravel())
    moves = np.linalg.solve(hessian, crossed)
    # Here of configural parameters that are independent and known with an error of one each.
    told = np.sqrt((moves**2).sum(axis=1))
    weight = np.sqrt(np.outer(question.rows, question.rows)) * (1 - np.eye(len(MEANS)))
    means, deviations = alignment.errors_of_places(
        question.loadings,
        question.levels,
        question.owner,
        question.sign,
        (found["mean"].to_numpy(), found["deviation"].to_numpy()),
        weight,
        alignment.SMOOTHNESS[-1],
        np.eye(start.size),
    )
    expected = np.split(told, 2)
    np.testing.assert_allclose(means[1:], expected[0], rtol=1e-4)
    np.testing.assert_allclose(
        deviations[1:], expected[1] * found["deviation"].to_numpy()[1:], rtol=1e-4
    )
    assert (found["mean_se"].iloc[0], found["deviation_se"].iloc[0]) == (0, 0)


@pytest.mark.parametrize("estimator", ["ML", "WLSMV"])
def test_intervals_of_factor_means_cover_them_at_their_rate(estimator):
    """Of 60 samples of three areas of 500, in which item b asks for less in the last."""
    rng = np.random.default_rng(11)
    means, inside = np.array([0.0, -0.4, 0.6]), []
    for _ in range(60):
        area = np.repeat(np.arange(3), 500)
        calm = means[area, None] + rng.normal(size=(1500, 1))
        y = 0.8 * calm + 0.6 * rng.normal(size=(1500, 5))
        y[area == 2, 1] += 0.6
        if estimator == "WLSMV":
            y = np.digitize(y, [-1.2, -0.4, 0.4, 1.2]) + 1
        frame = pd.DataFrame(y, columns=list("abcde")).assign(area=area)
        found = align(frame, MODEL, "area", estimator).to_frame().iloc[1:]
        apart = (found["mean"] - means[1:]) / found["mean_se"]
        inside += (apart.abs() < 1.96).tolist()
    # 120 intervals, of each two one shares its measure: .95 ± 2.5 standard errors.
    assert np.mean(inside) == pytest.approx(0.95, abs=0.06)


def test_groups_in_which_most_items_differ_are_not_trusted(areas):
    """Every item of every area is shifted by an amount of its own."""
    frame = areas.copy()
    frame[list("abcde")] += np.random.default_rng(8).normal(scale=0.8, size=(6, 5))[frame["area"]]
    result = align(frame, MODEL, "area", "ML")
    assert result.share_differing > 0.25
    assert "not to be trusted" in str(result)


def test_frames_have_a_row_for_each_factor_or_parameter_and_group(areas):
    result = align(areas, MODEL, "area", "ML")
    assert len(result.to_frame()) == 6
    assert len(result.parameters_frame()) == 10 * 6


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("f =~ a + b + c\ng =~ c + d + e", "c of two factors"),
        ("f =~ a + b\ng =~ c + d\nh =~ f + g + e", "a higher factor"),
    ],
)
def test_a_model_that_cannot_be_aligned_is_refused(model, words, areas):
    with pytest.raises(StatisticsError, match=words):
        align(areas, model, "area", "ML")


def test_the_example_runs():
    assert doctest.testmod(alignment).failed == 0
