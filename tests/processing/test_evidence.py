"""The verdict: known good and bad scales, groups, languages, thresholds of one's own."""

import doctest
import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from processing.datasets.codebook import Codebook, ScaleEntry, Variable
from processing.datasets.dataset import WaveFacts, write_wave
from processing.drawing.known_model import KnownGroup, KnownModel, cut_points
from processing.drawing.simulation import simulate
from processing.errors import StatisticsError
from processing.judging.evidence import evidence
from processing.judging.findings import judged
from processing.judging.thresholds import read_thresholds, usual_thresholds

FIVE = tuple("abcde")
K6 = tuple(f"mood{k}" for k in range(1, 7))
COHESION = ("discussissues", "helpcommproj", "trustkeys", "proudneigh")


def scale_of(items, name="calm", highest=5, **more):
    return ScaleEntry("", name, tuple(items), dict.fromkeys(items, (1, highest)), **more)


def outcomes(entry):
    return {finding.name: finding.outcome for finding in entry.everyone.findings}


@pytest.fixture
def sound():
    return simulate(KnownModel.simple({"calm": FIVE}, 0.75), 1500, seed=1).frame


@pytest.fixture
def new_york(reference):
    """Answers drawn with the thresholds and polychoric correlations of the health survey.

    The survey's own file may not be passed on; lavaan's numbers from it may.
    """
    told = reference("nyc_chs2020")
    cuts = {item: [] for item in (*COHESION, *K6)}
    for row in told["cfa_wlsmv"]["par"]:
        if row["op"] == "|":
            cuts[row["lhs"]].append(row["est"])
    rng = np.random.default_rng(2020)
    columns = {}
    for scale in ("k6", "cohesion4"):
        stored = told["scales"][scale]["polychoric_two_step_listwise"]
        latent = rng.normal(size=(8781, len(stored["rows"])))
        latent @= np.linalg.cholesky(np.array(stored["values"])).T
        for item, values in zip(stored["rows"], latent.T, strict=True):
            columns[item] = 1 + np.searchsorted(cuts[item], values)
    return pd.DataFrame(columns)


def test_kessler_is_usable_with_care_naming_floor_and_rare_answers(new_york):
    entry = evidence(new_york, scale_of(K6, "k6"))["k6"]
    found = {finding.name: finding for finding in entry.everyone.findings}
    assert entry.verdict == "usable with care"
    assert {name for name, f in found.items() if f.outcome == "blocks"} == set()
    assert found["floor"].outcome == found["rare_category"].outcome == "cautions"
    assert "mood6=5" in found["rare_category"].text


def test_kessler_needs_care_for_its_rmsea_too(reference):
    """Drawn answers fit better than the survey's own, so lavaan's figure from these is judged."""
    told = reference("nyc_chs2020")["scales"]["k6"]["cfa_1f_wlsmv"]
    for name, figure, outcome in [
        ("rmsea", "rmsea.scaled", "cautions"),
        ("cfi", "cfi.scaled", "good"),
        ("srmr", "srmr", "good"),
    ]:
        assert judged(usual_thresholds(), name, told[figure]).outcome == outcome


def test_the_four_cohesion_items_are_not_usable(new_york):
    entry = evidence(new_york, scale_of(COHESION, "cohesion", 4))["cohesion"]
    assert entry.verdict == "not usable"
    found = outcomes(entry)
    assert found["omega"] == "blocks"
    assert found["residual_few_df"] == "blocks"
    assert found["rmsea_few_df"] == "cautions"
    assert entry.reason == entry.everyone.reason == "failed"
    assert str(entry).startswith("cohesion: not usable, n = 8781")
    assert "omega total" in entry.care[0]


def test_a_sound_scale_is_validated_by_named_figures(sound):
    entry = evidence(sound, scale_of(FIVE))["calm"]
    assert entry.verdict == "validated"
    assert entry.care == ()
    assert {"respondents", "cfi", "srmr", "omega", "item_rest", "loading"} <= set(outcomes(entry))
    assert all(f.source for f in entry.everyone.findings)


def test_reversed_items_are_turned_first(sound):
    turned = sound.assign(b=6 - sound["b"])
    whole = evidence(turned, scale_of(FIVE, reversed=("b",)))["calm"].everyone
    assert whole.findings == evidence(sound, scale_of(FIVE))["calm"].everyone.findings


def test_too_few_respondents_prove_nothing(sound):
    entry = evidence(sound.head(150), scale_of(FIVE))["calm"]
    assert entry.verdict == "not usable"
    assert entry.reason == entry.to_json()["reason"] == "not tested"
    assert str(entry).startswith("calm: not usable: too few answers to tell, n = 150")
    assert "150 (at least 200)" in entry.care[0]
    assert "cfi" not in outcomes(entry)


def test_three_items_cannot_show_their_structure(sound):
    entry = evidence(sound, scale_of("abc"))["calm"]
    assert entry.verdict == "usable with care"
    assert "was not tested" in " ".join(entry.care)


def test_a_formative_count_is_not_asked_for_a_trait(sound):
    helped = (sound[list(FIVE)] > 3).astype(int)
    bounds = dict.fromkeys(FIVE, (0, 1))
    parts = ScaleEntry("", "took_part", FIVE, bounds, model="formative", score="count")
    entry = evidence(helped.assign(mode=sound["a"] % 2), parts, groups=["mode"])["took_part"]
    assert entry.verdict == "usable with care"
    assert not {"omega", "cfi", "item_rest"} & set(outcomes(entry))
    assert "parts of a count" in " ".join(entry.care)
    assert entry.comparisons == ()


def test_a_formative_count_of_a_handful_is_not_tested(sound):
    """Nothing of it is asked for a factor model, but nine answers do not make it usable either."""
    entry = evidence(sound.head(9), scale_of(FIVE, model="formative", score="count"))["calm"]
    assert entry.told == "not usable: too few answers to tell"
    assert [finding.name for finding in entry.everyone.findings] == ["respondents"]


def test_every_group_has_its_own_verdict_and_means_are_compared_where_the_scale_is_alike():
    groups = [KnownGroup("da", 0.5), KnownGroup("tr", 0.5, means={"calm": -0.5})]
    frame = simulate(KnownModel.simple({"calm": FIVE}, 0.75), 3000, seed=2, groups=groups).frame
    entry = evidence(frame, scale_of(FIVE), groups=["group"])["calm"]
    assert [(group.value, group.verdict) for group in entry.groups] == [
        ("da", "validated"),
        ("tr", "validated"),
    ]
    (comparison,) = entry.comparisons
    assert comparison.means_comparable
    assert comparison.compared == ("da", "tr")


def test_means_are_not_compared_over_groups_that_read_an_item_differently():
    groups = [KnownGroup("da", 0.5), KnownGroup("tr", 0.5, thresholds={"b": 1.2, "d": -0.8})]
    frame = simulate(KnownModel.simple({"calm": FIVE}, 0.75), 3000, seed=3, groups=groups).frame
    entry = evidence(frame, scale_of(FIVE), groups=["group"])["calm"]
    (comparison,) = entry.comparisons
    assert not comparison.means_comparable
    flagged = {i for f in comparison.findings if f.name.startswith("dif") for i in f.items}
    assert "b" in flagged
    assert "do not compare means over group" in entry.care
    assert any(reason.startswith("over group: largest gain") for reason in entry.care)
    assert "not usable" not in {group.verdict for group in entry.groups}


def test_groups_too_small_to_compare_are_named(sound):
    frame = sound.assign(mode=np.where(np.arange(1500) < 1400, 1, 2))
    entry = evidence(frame, scale_of(FIVE), groups=["mode"])["calm"]
    (comparison,) = entry.comparisons
    assert not comparison.means_comparable
    assert comparison.left_out == ("2",)
    assert "100 (at least 200)" in comparison.findings[0].text
    assert [group.verdict for group in entry.groups] == ["validated", "not usable"]
    assert entry.everyone.verdict == "validated"
    assert entry.verdict == "usable with care"
    assert "not usable: too few answers to tell where mode is 2 (n = 100)" in entry.care
    assert [group.reason for group in entry.groups] == ["", "not tested"]


def test_a_group_that_was_asked_other_items_is_not_tested(sound):
    frame = sound.assign(form=np.where(np.arange(1500) < 1000, "long", "short"))
    frame.loc[frame["form"] == "short", "a"] = -9
    entry = evidence(frame, scale_of(FIVE), groups=["form"])["calm"]
    assert [group.verdict for group in entry.groups] == ["validated", "not tested"]


def test_rows_whose_group_is_missing_belong_to_none(sound):
    frame = sound.assign(gender=np.where(np.arange(1500) < 100, -5, np.arange(1500) % 2))
    entry = evidence(frame, scale_of(FIVE), groups=["gender"])["calm"]
    assert [(group.value, group.n) for group in entry.groups] == [("0", 700), ("1", 700)]
    assert entry.everyone.n == 1500
    assert entry.comparisons[0].left_out == ()


def test_a_dataset_gives_the_same_evidence_as_its_frame(sound, tmp_path):
    text = [Variable(name, "paradata", "string", "nominal") for name in ("row_id", "language")]
    items = [
        Variable(item, "single", "int16", "ordinal", codes=(1, 2, 3, 4, 5), instrument="calm")
        for item in FIVE
    ]
    calm = replace(scale_of(FIVE), instrument="mood")
    codebook = Codebook(("da", "ar"), (*text, *items), (calm,))
    rows = [f"{row:04d}" for row in range(1500)]
    dataset = write_wave(
        tmp_path / "wave",
        responses=sound[list(FIVE)].assign(row_id=rows, language="da"),
        tables={},
        codebook=codebook,
        instrument_files={},
        facts=WaveFacts("study", 1, "consent"),
    )
    kept = evidence(dataset)
    assert kept.dataset == dataset.hash
    assert kept["mood_calm"].untested_languages == ("ar",)
    assert kept["mood_calm"].everyone == evidence(sound, calm)["mood_calm"].everyone


def test_languages_never_tested_are_named(sound):
    frame = sound.assign(language=np.where(np.arange(1500) < 1400, "da", "en"))
    codebook = Codebook(("da", "en", "ar"), (), (scale_of(FIVE),))
    entry = evidence(frame, codebook)["calm"]
    assert entry.untested_languages == ("ar",)
    assert entry.care == ("never tested in ar",)
    assert entry.verdict == "usable with care"


def test_languages_that_no_column_tells_apart_ask_for_care(sound):
    """Without a column nothing is known of any language, which must not read as if all were tested."""
    codebook = Codebook(("da", "en"), (), (scale_of(FIVE),))
    entry = evidence(sound, codebook)["calm"]
    assert entry.verdict == "usable with care"
    assert entry.care == ("no column tells in which of its languages (da, en) it was tested",)
    with pytest.raises(StatisticsError, match="column 'language': no column has this name, so"):
        evidence(sound, scale_of(FIVE), languages=["da", "en"])


def test_items_of_a_scale_may_offer_different_answers(sound):
    """Nobody gave the 0 that item e offers: the lowest score was out of reach, and no floor is seen."""
    bounds = dict.fromkeys(FIVE, (1, 5)) | {"e": (0, 5)}
    entry = evidence(sound, ScaleEntry("", "calm", FIVE, bounds))["calm"]
    (floor,) = (f for f in entry.everyone.findings if f.name == "floor")
    assert floor.value == 0


@pytest.mark.parametrize(("least", "stricter"), [(300, True), (301, False)])
def test_up_to_300_in_the_smallest_group_the_stricter_limits_hold(sound, least, stricter):
    frame = sound.head(700).assign(mode=np.where(np.arange(700) < least, 1, 2))
    (comparison,) = evidence(frame, scale_of(FIVE), groups=["mode"])["calm"].comparisons
    names = {finding.name for finding in comparison.findings}
    assert ({"small_sample_cfi", "small_sample_rmsea"} <= names) == stricter
    assert ({"metric_cfi", "scalar_cfi", "metric_rmsea", "scalar_rmsea"} <= names) != stricter
    assert {"metric_srmr", "scalar_srmr"} <= names


@pytest.mark.parametrize(("number", "few"), [(4, True), (5, True), (6, False)])
def test_with_five_degrees_of_freedom_or_fewer_residual_correlations_decide(number, few):
    """One factor of 4, 5 and 6 items has 2, 5 and 9 degrees of freedom."""
    items = [f"i{k}" for k in range(number)]
    frame = simulate(KnownModel.simple({"calm": items}, 0.75), 400, seed=3).frame
    names = set(outcomes(evidence(frame, scale_of(items))["calm"]))
    assert ({"rmsea_few_df", "residual_few_df"} <= names) == few
    assert ("rmsea" in names) != few
    assert {"residual", "srmr", "cfi"} <= names


def test_too_few_answers_an_item_prove_nothing_either():
    """205 answers are enough for a factor model, but not for 30 items."""
    items = [f"i{k}" for k in range(30)]
    frame = simulate(KnownModel.simple({"calm": items}, 0.75), 205, seed=3).frame
    entry = evidence(frame, scale_of(items))["calm"]
    assert outcomes(entry)["respondents"] == "good"
    assert (entry.verdict, entry.reason) == ("not usable", "not tested")


def test_an_omega_that_rests_on_a_variance_below_zero_is_told(sound):
    near = sound.assign(b=sound["a"].where(np.arange(1500) % 9 > 0, sound["b"]))
    near = near.assign(c=near["a"].where(np.arange(1500) % 25 > 0, near["c"]))[["a", "b", "c"]]
    entry = evidence(near.assign(b=near["b"].clip(2, 5)), scale_of("abc"))["calm"]
    assert entry.verdict == "usable with care"
    assert any("omega is not to be trusted" in care for care in entry.care)


def test_a_constant_item_in_one_group_blocks_there_and_says_why(sound):
    frame = sound.assign(mode=np.arange(1500) % 2)
    frame.loc[frame["mode"] == 1, "c"] = 4
    entry = evidence(frame, scale_of(FIVE), groups=["mode"])["calm"]
    assert entry.groups[1].verdict == "not usable"
    text = " ".join(f.text for f in (*entry.groups[1].findings, *entry.comparisons[0].findings))
    assert "'c'" in text
    assert "must vary" in text


def test_answers_that_nobody_gives_count_as_rare():
    shares = (0.1, 0.3, 0.3, 0.3)
    model = KnownModel({"calm": dict.fromkeys(FIVE, 0.75)}, dict.fromkeys(FIVE, cut_points(shares)))
    entry = evidence(simulate(model, 1000, seed=4).frame, scale_of(FIVE))["calm"]
    (rare,) = (f for f in entry.everyone.findings if f.name == "rare_category")
    assert rare.value == 0
    assert "a=5 0.0 %" in rare.text


def test_areas_and_retests_are_judged_where_they_exist():
    model = KnownModel.simple({"calm": FIVE}, 0.75, area_share=0.02)
    frame = simulate(model, 2000, seed=5, areas=40).frame
    rng = np.random.default_rng(5)
    persons = rng.normal(size=(300, 1))
    twice = pd.DataFrame(persons + 0.3 * rng.normal(size=(300, 2)))
    entry = evidence(frame, scale_of(FIVE), area="area", retest={"calm": twice})["calm"]
    found = outcomes(entry)
    assert found["area_reliability"] == "cautions"
    assert found["retest"] == "good"
    assert "answers an area" in " ".join(entry.care)


def test_local_dependence_is_judged_by_q3_where_asked(sound):
    few = outcomes(evidence(sound.head(400), scale_of(FIVE), graded=True)["calm"])
    many = outcomes(evidence(sound, scale_of(FIVE), graded=True)["calm"])
    assert few["respondents_graded_response"] == "cautions"
    assert many["q3"] == "good"


def test_figures_are_the_same_to_the_last_digit_however_many_threads_there_are():
    """Sums that are parted over threads are not: two factors' model then ends a digit off."""
    loads = {"calm": FIVE, "near": tuple("fghij")}
    frame = simulate(KnownModel.simple(loads, 0.7), 800, seed=1).frame
    entries = [scale_of(items, name) for name, items in loads.items()]
    with threadpool_limits(1):
        one = evidence(frame, entries)
    with threadpool_limits(2):
        two = evidence(frame, entries)
    assert repr(one.questionnaires) == repr(two.questionnaires)
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), check_exact=True)


def test_evidence_is_a_frame_and_json(sound):
    found = evidence(sound.assign(mode=np.arange(1500) % 2), scale_of(FIVE), groups=["mode"])
    frame = found.to_frame()
    assert {"", "mode"} == set(frame["group"])
    assert frame["source"].ne("").all()
    verdicts = found.verdicts()
    assert verdicts["group"].tolist() == ["whole", "", "mode", "mode"]
    assert verdicts["value"].tolist() == ["", "", "0", "1"]
    compared = found.comparisons_frame()
    assert compared["means_comparable"].all()
    assert {"metric_cfi", "scalar_cfi", "dif_mcfadden"} <= set(compared["finding"])
    stored = json.loads(found.to_json())
    assert stored["scales"][0]["verdict"] == "validated"
    assert stored["scales"][0]["comparisons"][0]["means_comparable"]
    assert str(found).startswith("calm: validated, n = 1500")


def test_a_study_may_set_its_own_limits(sound, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("omega:\n  blocks: 0.95\n  source: our own\n", encoding="utf-8")
    entry = evidence(sound, scale_of(FIVE), thresholds=read_thresholds(own))["calm"]
    assert entry.verdict == "not usable"
    (omega,) = (f for f in entry.everyone.findings if f.name == "omega")
    assert (omega.limit, omega.source) == (0.95, "our own")
    assert read_thresholds(own)["cfi"] == usual_thresholds()["cfi"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("omegga:\n  blocks: 0.8\n", ["omegga", "no limit has this name", "omega"]),
        ("omega:\n  block: 0.8\n", ["omega", "'block'", "blocks"]),
        ("omega:\n  blocks: high\n", ["omega", "blocks is a number", "'high'"]),
        ("omega:\n  side: above\n", ["omega", "least, most or below", "'above'"]),
        ("omega: 0.8\n", ["omega", "holds fields", "0.8"]),
        ("- omega\n", ["limits by name"]),
    ],
)
def test_limits_that_cannot_be_read_are_named(tmp_path, text, words):
    own = tmp_path / "own.yaml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(StatisticsError) as caught:
        read_thresholds(own)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "outcome"),
    [
        # The limits of the instruments' blueprint, each at its edge.
        ("cfi", 0.95, "good"),
        ("cfi", 0.94, "cautions"),
        ("cfi", 0.89, "blocks"),
        ("rmsea", 0.06, "good"),
        ("rmsea", 0.08, "fair"),
        ("rmsea", 0.30, "cautions"),
        ("rmsea_few_df", 0.30, "cautions"),
        ("residual_few_df", 0.11, "blocks"),
        ("srmr", 0.081, "blocks"),
        ("loading", 0.39, "cautions"),
        ("residual", 0.21, "cautions"),
        ("omega", 0.70, "good"),
        ("omega", 0.699, "blocks"),
        ("redundancy", 0.96, "cautions"),
        ("item_rest", 0.29, "cautions"),
        ("rare_category", 0.019, "cautions"),
        ("floor", 0.16, "cautions"),
        ("metric_cfi", -0.011, "blocks"),
        ("scalar_srmr", 0.011, "blocks"),
        ("dif_nagelkerke", 0.036, "cautions"),
        ("area_reliability", 0.69, "cautions"),
        ("omega", float("nan"), "blocks"),
    ],
)
def test_each_limit_leads_to_what_the_blueprint_says(name, value, outcome):
    assert judged(usual_thresholds(), name, value).outcome == outcome


def test_a_figure_that_is_no_number_is_null_in_json():
    found = judged(usual_thresholds(), "omega", float("nan"))
    assert found.to_json()["value"] is None


def test_each_limit_has_a_source():
    assert all(threshold.source for threshold in usual_thresholds().values())


@pytest.mark.parametrize("name", ["residual", "q3", "dif_mcfadden", "dif_nagelkerke"])
def test_what_must_lie_below_a_limit_does_not_reach_it(name):
    limit = usual_thresholds()[name].cautions
    assert judged(usual_thresholds(), name, limit).outcome == "cautions"
    assert judged(usual_thresholds(), name, limit - 1e-9).outcome == "good"
    assert "below" in judged(usual_thresholds(), name, limit).text


def test_scales_of_one_questionnaire_stand_apart_or_are_named():
    items = {name: tuple(f"{name}{k}" for k in range(1, 5)) for name in ("calm", "near", "safe")}
    correlations = {("calm", "near"): 0.96, ("calm", "safe"): 0.4, ("near", "safe"): 0.4}
    known = replace(KnownModel.simple(items, 0.75), correlations=correlations)
    frame = simulate(known, 1500, seed=6).frame
    found = evidence(frame, [scale_of(part, name) for name, part in items.items()])
    (whole,) = found.questionnaires
    assert whole.verdict == "usable with care"
    assert whole.correlations.loc["calm", "near"] == pytest.approx(0.96, abs=0.03)
    assert whole.correlations.loc["calm", "safe"] == pytest.approx(0.4, abs=0.07)
    assert found["calm"].everyone.verdict == "validated"
    assert found["calm"].verdict == found["near"].verdict == "usable with care"
    assert "calm and near 0.9" in " ".join(found["calm"].care)
    assert found["safe"].verdict == "validated"
    assert "factor_correlation" in set(found.questionnaires_frame()["finding"])


def test_all_scales_together_fit_as_lavaan_says(bfi_oriented, bfi_scales, bfi_numbers):
    scales = [scale_of(items, name, 6) for name, items in bfi_scales.items()]
    (whole,) = evidence(bfi_oriented, scales).questionnaires
    told = bfi_numbers["cfa_wlsmv"]["fit"]
    figures = {finding.name: finding.value for finding in whole.findings}
    assert whole.n == 2436
    assert figures["cfi"] == pytest.approx(told["cfi.scaled"], rel=1e-4)
    assert figures["rmsea"] == pytest.approx(told["rmsea.scaled"], rel=1e-4)
    assert figures["srmr"] == pytest.approx(told["srmr"], rel=1e-4)
    assert whole.verdict == "not usable"


def test_too_few_complete_rows_leave_a_questionnaire_untested(sound):
    frame = sound.head(250).assign(f=sound["a"].head(250).where(np.arange(250) < 150))
    found = evidence(frame, [scale_of("abc", "one"), scale_of("def", "two")])
    (whole,) = found.questionnaires
    assert (whole.n, whole.verdict) == (150, "not tested")
    assert found["one"].beside == ()


def test_flagged_rows_are_left_out_only_when_asked(sound):
    left_out = np.arange(1500) < 300
    scale = scale_of(FIVE)
    without = evidence(sound, scale, leave_out=left_out)
    assert (without.rows, without.left_out) == (1500, 300)
    assert without["calm"].everyone == evidence(sound[~left_out], scale)["calm"].everyone
    assert evidence(sound, scale)["calm"].everyone.n == 1500
    with pytest.raises(StatisticsError, match="1500 rows needs one truth, got int64"):
        evidence(sound, scale, leave_out=np.ones(1500, dtype=np.int64))


def test_of_a_handful_of_people_nothing_but_their_number_is_told(sound):
    frame = sound.assign(mode=np.where(np.arange(1500) < 9, 2, 1))
    entry = evidence(frame, scale_of(FIVE), groups=["mode"])["calm"]
    few = entry.groups[1]
    assert few.n == 9
    assert {finding.name for finding in few.findings} == {"respondents", "respondents_per_item"}


def test_a_column_that_tells_rows_apart_is_no_group(sound):
    with pytest.raises(
        StatisticsError, match="'row': it has at least 1500 different values, and at most 50"
    ):
        evidence(sound.assign(row=np.arange(1500)), scale_of(FIVE), groups=["row"])


def test_a_configural_model_that_does_not_fit_is_not_compared():
    """Two traits taken for one: how little fit changes says nothing where nothing fits."""
    items = {"one": ("a", "b", "c"), "two": ("d", "e", "f")}
    frame = simulate(KnownModel.simple(items, 0.8, correlation=0.2), 1500, seed=7).frame
    frame = frame.assign(mode=np.arange(1500) % 2)
    entry = evidence(frame, scale_of("abcdef"), groups=["mode"])["calm"]
    outcome = {f.name: f.outcome for f in entry.comparisons[0].findings}
    assert outcome["configural_cfi"] == "blocks"
    assert not entry.comparisons[0].means_comparable


def test_bad_input_is_named(sound):
    with pytest.raises(StatisticsError, match="'x': no column has this name"):
        evidence(sound, scale_of((*FIVE, "x")))
    with pytest.raises(StatisticsError, match="'mode': no column"):
        evidence(sound, scale_of(FIVE), groups=["mode"])
    with pytest.raises(StatisticsError, match="codes lie between 1 and 4, found 5"):
        evidence(sound, scale_of(FIVE, highest=4))
    with pytest.raises(StatisticsError, match="says nothing of scales"):
        evidence(sound)
    with pytest.raises(StatisticsError, match=r"retest of scale 'clam': the scales .* are calm"):
        evidence(sound, scale_of(FIVE), retest={"clam": sound[["a", "b"]]})


def test_the_example_in_the_documentation_runs():
    assert (
        doctest.testmod(
            import_module("processing.judging.evidence"), optionflags=doctest.NORMALIZE_WHITESPACE
        ).failed
        == 0
    )
