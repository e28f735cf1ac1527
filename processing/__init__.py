"""What answers mean: datasets, scores, psychometrics and measures, on plain data frames.

Names are loaded when they are first used, so that `import processing` costs next to nothing and a
command that checks a folder does not wait for factor models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .consistency.double_keying import LARGEST_HEAP as LARGEST_HEAP
    from .consistency.double_keying import ErrorRate as ErrorRate
    from .consistency.double_keying import KeyingAgreement as KeyingAgreement
    from .consistency.double_keying import error_rate as error_rate
    from .consistency.double_keying import errorless_fields as errorless_fields
    from .consistency.double_keying import keying_agreement as keying_agreement
    from .consistency.ends import Ends as Ends
    from .consistency.ends import floor_and_ceiling as floor_and_ceiling
    from .consistency.halves import SplitHalf as SplitHalf
    from .consistency.halves import split_half as split_half
    from .consistency.hierarchical_omega import OmegaHierarchical as OmegaHierarchical
    from .consistency.hierarchical_omega import omega_hierarchical as omega_hierarchical
    from .consistency.items import ItemAnalysis as ItemAnalysis
    from .consistency.items import item_analysis as item_analysis
    from .consistency.omega_total import Omega as Omega
    from .consistency.omega_total import omega as omega
    from .consistency.ordinal_reliability import OrdinalReliability as OrdinalReliability
    from .consistency.ordinal_reliability import categorical_omega as categorical_omega
    from .consistency.ordinal_reliability import ordinal_alpha as ordinal_alpha
    from .consistency.reliability import Alpha as Alpha
    from .consistency.reliability import Interval as Interval
    from .consistency.reliability import alpha as alpha
    from .consistency.retest import Icc as Icc
    from .consistency.retest import MeasurementError as MeasurementError
    from .consistency.retest import icc as icc
    from .consistency.retest import measurement_error as measurement_error
    from .counting.counts import Counts as Counts
    from .counting.counts import count as count
    from .counting.counts import count_parquet as count_parquet
    from .counting.parts import Parts as Parts
    from .counting.patterns import GroupedPatterns as GroupedPatterns
    from .counting.patterns import Patterns as Patterns
    from .counting.patterns import count_patterns as count_patterns
    from .datasets.checking import Difference as Difference
    from .datasets.checking import check as check
    from .datasets.codebook import Codebook as Codebook
    from .datasets.codebook import ScaleEntry as ScaleEntry
    from .datasets.codebook import Variable as Variable
    from .datasets.dataset import Dataset as Dataset
    from .datasets.dataset import WaveFacts as WaveFacts
    from .datasets.dataset import read_wave as read_wave
    from .datasets.dataset import write_wave as write_wave
    from .datasets.derived import made_from as made_from
    from .datasets.derived import write_derived as write_derived
    from .datasets.folders import DatasetError as DatasetError
    from .datasets.folders import read_manifest as read_manifest
    from .datasets.folders import replace_file as replace_file
    from .datasets.form_codebook import build_codebook as build_codebook
    from .datasets.paradata import DURATION_MINUTES as DURATION_MINUTES
    from .datasets.paradata import HELPERS as HELPERS
    from .datasets.paradata import MODES as MODES
    from .datasets.paradata import STATUSES as STATUSES
    from .datasets.revoking import erase_rows as erase_rows
    from .datasets.revoking import revocation_of as revocation_of
    from .datasets.revoking import revoke as revoke
    from .datasets.standing import groups_corrected as groups_corrected
    from .datasets.study import Study as Study
    from .datasets.study import join_waves as join_waves
    from .datasets.study import read_dataset as read_dataset
    from .datasets.study import read_study as read_study
    from .datasets.study import write_study as write_study
    from .datasets.tables import TABLES as TABLES
    from .drawing.drawn_study import AreasDrawn as AreasDrawn
    from .drawing.drawn_study import DrawnStudy as DrawnStudy
    from .drawing.drawn_study import PeopleDrawn as PeopleDrawn
    from .drawing.drawn_study import draw_study as draw_study
    from .drawing.drawn_study import write_drawn_study as write_drawn_study
    from .drawing.known_model import KnownGroup as KnownGroup
    from .drawing.known_model import KnownModel as KnownModel
    from .drawing.known_model import cut_points as cut_points
    from .drawing.residents import ResidentsDrawn as ResidentsDrawn
    from .drawing.simulation import Careless as Careless
    from .drawing.simulation import Holes as Holes
    from .drawing.simulation import Simulated as Simulated
    from .drawing.simulation import Truth as Truth
    from .drawing.simulation import simulate as simulate
    from .effects.analysis_plan import AnalysisPlan as AnalysisPlan
    from .effects.analysis_plan import plan_laid_down as plan_laid_down
    from .effects.analysis_plan import plan_of as plan_of
    from .effects.analysis_plan import read_plan as read_plan
    from .effects.analysis_plan import sound_parts_of_plan as sound_parts_of_plan
    from .effects.detectable import Detectable as Detectable
    from .effects.detectable import minimum_detectable_effect as minimum_detectable_effect
    from .effects.difference import Effect as Effect
    from .effects.difference import Inference as Inference
    from .effects.difference import difference_in_differences as difference_in_differences
    from .effects.evaluation import Evaluation as Evaluation
    from .effects.evaluation import evaluate as evaluate
    from .effects.event_study import EventStudy as EventStudy
    from .effects.multiplicity import false_discovery_rate as false_discovery_rate
    from .effects.multiplicity import holm as holm
    from .effects.parted_trends import PartedTrends as PartedTrends
    from .effects.parted_trends import parted_trends as parted_trends
    from .effects.plan_fit import misfits_of_plan as misfits_of_plan
    from .effects.plan_fit import read_plan_for as read_plan_for
    from .effects.planning import PlannedStudy as PlannedStudy
    from .effects.planning import StudyPlan as StudyPlan
    from .effects.planning import plan_study as plan_study
    from .effects.registration import as_registered as as_registered
    from .effects.sensitivity import Equivalence as Equivalence
    from .effects.sensitivity import breakdown as breakdown
    from .effects.sensitivity import equivalence as equivalence
    from .effects.staggered import StaggeredEffects as StaggeredEffects
    from .effects.staggered import staggered_effects as staggered_effects
    from .effects.trust import Trust as Trust
    from .errors import Problem as Problem
    from .errors import StatisticsError as StatisticsError
    from .factoring.correlations import Correlations as Correlations
    from .factoring.correlations import correlate as correlate
    from .factoring.factorability import Bartlett as Bartlett
    from .factoring.factorability import Kmo as Kmo
    from .factoring.factorability import bartlett as bartlett
    from .factoring.factorability import kmo as kmo
    from .factoring.factors import Efa as Efa
    from .factoring.factors import efa as efa
    from .factoring.number_of_factors import MinimumAveragePartial as MinimumAveragePartial
    from .factoring.number_of_factors import ParallelAnalysis as ParallelAnalysis
    from .factoring.number_of_factors import minimum_average_partial as minimum_average_partial
    from .factoring.number_of_factors import parallel_analysis as parallel_analysis
    from .factoring.polychorics import Polychoric as Polychoric
    from .factoring.polychorics import polychoric as polychoric
    from .files.exports import FORMATS as FORMATS
    from .files.exports import Exported as Exported
    from .files.exports import export as export
    from .files.import_map import MapError as MapError
    from .files.import_problems import ImportRefusedError as ImportRefusedError
    from .files.imports import AnswersRead as AnswersRead
    from .files.imports import Imported as Imported
    from .files.imports import import_file as import_file
    from .files.imports import read_answers as read_answers
    from .files.open_texts import open_texts as open_texts
    from .files.open_texts import write_open_texts as write_open_texts
    from .judging.comparisons import Comparison as Comparison
    from .judging.evidence import evidence as evidence
    from .judging.evidence_folder import propose_short_forms as propose_short_forms
    from .judging.evidence_folder import write_evidence as write_evidence
    from .judging.findings import Finding as Finding
    from .judging.quality import CarelessLimits as CarelessLimits
    from .judging.quality import Carelessness as Carelessness
    from .judging.quality import careless as careless
    from .judging.quality import careless_answers as careless_answers
    from .judging.questionnaires import QuestionnaireEvidence as QuestionnaireEvidence
    from .judging.short_forms import ShortForm as ShortForm
    from .judging.short_forms import ShortForms as ShortForms
    from .judging.short_forms import short_forms as short_forms
    from .judging.thresholds import Threshold as Threshold
    from .judging.thresholds import read_thresholds as read_thresholds
    from .judging.thresholds import usual_thresholds as usual_thresholds
    from .judging.verdicts import Evidence as Evidence
    from .judging.verdicts import ScaleEvidence as ScaleEvidence
    from .levels.area_levels import AreaReliability as AreaReliability
    from .levels.area_levels import area_reliability as area_reliability
    from .levels.two_levels import TwoLevels as TwoLevels
    from .levels.two_levels import two_levels as two_levels
    from .measuring.area_sums import AreaSums as AreaSums
    from .measuring.area_sums import Points as Points
    from .measuring.area_sums import area_sums as area_sums
    from .measuring.base_weights import BaseWeights as BaseWeights
    from .measuring.base_weights import base_weights as base_weights
    from .measuring.dataset_weights import DatasetWeights as DatasetWeights
    from .measuring.dataset_weights import dataset_weights as dataset_weights
    from .measuring.dataset_weights import weigh_dataset as weigh_dataset
    from .measuring.disclosure import Disclosure as Disclosure
    from .measuring.disclosure import disclose as disclose
    from .measuring.disclosure_limits import DisclosureLimits as DisclosureLimits
    from .measuring.fay_herriot import FayHerriot as FayHerriot
    from .measuring.fay_herriot import fay_herriot as fay_herriot
    from .measuring.margin_contradictions import margin_contradictions as margin_contradictions
    from .measuring.measures import Measures as Measures
    from .measuring.measures import measures as measures
    from .measuring.overlap import overlap as overlap
    from .measuring.places import places as places
    from .measuring.study_measures import StudyMeasures as StudyMeasures
    from .measuring.study_measures import study_measures as study_measures
    from .measuring.study_terms import StudyTerms as StudyTerms
    from .measuring.study_terms import study_terms as study_terms
    from .measuring.table_attack import attack as attack
    from .measuring.weighted_means import WeightedMeans as WeightedMeans
    from .measuring.weighted_means import weighted_means as weighted_means
    from .measuring.weighting_cells import add_tallies as add_tallies
    from .measuring.weighting_cells import tally as tally
    from .measuring.weights import Weights as Weights
    from .measuring.weights import weigh as weigh
    from .measuring.weights import weigh_cells as weigh_cells
    from .modelling.alignment import Alignment as Alignment
    from .modelling.alignment import align as align
    from .modelling.confirmatory import Confirmatory as Confirmatory
    from .modelling.confirmatory import cfa as cfa
    from .modelling.estimates import Estimate as Estimate
    from .modelling.fit_measures import FitMeasures as FitMeasures
    from .modelling.invariance import Invariance as Invariance
    from .modelling.invariance import InvarianceStep as InvarianceStep
    from .modelling.invariance import Suggestion as Suggestion
    from .modelling.invariance import invariance as invariance
    from .modelling.model_language import Model as Model
    from .modelling.model_language import parse_model as parse_model
    from .modelling.model_reliability import ModelReliability as ModelReliability
    from .modelling.modification import ModificationIndices as ModificationIndices
    from .scoring.factor_scores import factor_scores as factor_scores
    from .scoring.plausible import Combined as Combined
    from .scoring.plausible import PlausibleValues as PlausibleValues
    from .scoring.plausible import combine as combine
    from .scoring.plausible import imputed as imputed
    from .scoring.plausible import plausible_values as plausible_values
    from .scoring.scales import score as score
    from .scoring.score_folder import write_scores as write_scores
    from .scoring.summary import ScaleSummary as ScaleSummary
    from .scoring.summary import Summary as Summary
    from .scoring.summary import summarise as summarise
    from .telling.area_report import area_report_document as area_report_document
    from .telling.area_results import RESULT_COLUMNS as RESULT_COLUMNS
    from .telling.area_results import area_results as area_results
    from .telling.area_results import favourable as favourable
    from .telling.document import Document as Document
    from .telling.evidence_document import evidence_document as evidence_document
    from .telling.feed import feed as feed
    from .telling.feed_files import incomparable_over_waves as incomparable_over_waves
    from .telling.feed_files import kept_incomparable as kept_incomparable
    from .telling.feed_files import kept_verdicts as kept_verdicts
    from .telling.feed_files import write_feed as write_feed
    from .telling.measured_blocks import measure_names as measure_names
    from .telling.measures_document import measures_document as measures_document
    from .telling.outcomes import Joined as Joined
    from .telling.outcomes import join_outcomes as join_outcomes
    from .telling.page_html import as_page as as_page
    from .telling.page_html import as_parts as as_parts
    from .telling.page_pdf import as_pdf as as_pdf
    from .telling.place_results import Estimated as Estimated
    from .telling.place_results import Moved as Moved
    from .telling.place_results import PlaceFigure as PlaceFigure
    from .telling.place_results import PlaceResults as PlaceResults
    from .telling.place_results import place_results as place_results
    from .telling.planned_effects import planned_effects as planned_effects
    from .telling.remembering import remember as remember
    from .telling.remembering import told_in as told_in
    from .telling.report import report as report
    from .telling.report import report_document as report_document
    from .telling.small_cells import SmallCells as SmallCells
    from .telling.small_cells import small_cells as small_cells
    from .telling.table_text import read_csv_of as read_csv_of
    from .telling.told_before import ToldBefore as ToldBefore
    from .telling.told_before import memory_of as memory_of
    from .telling.told_before import told_before as told_before
    from .telling.weight_tables import WeightTables as WeightTables
    from .telling.weight_tables import weight_tables as weight_tables
    from .telling.weighting_told import public_measures as public_measures
    from .telling.weights_document import weights_document as weights_document
    from .telling.weights_told import kept_told as kept_told
    from .telling.why_hidden import why_hidden as why_hidden
    from .traits.dif import Dif as Dif
    from .traits.dif import DifItem as DifItem
    from .traits.dif import DifLimits as DifLimits
    from .traits.dif import dif as dif
    from .traits.graded_response import GradedResponse as GradedResponse
    from .traits.graded_response import graded_response as graded_response
    from .traits.local_dependence import LocalDependence as LocalDependence
    from .traits.local_dependence import local_dependence as local_dependence
    from .traits.person_fit import person_fit as person_fit
    from .traits.trait_scores import reliability_of_scores as reliability_of_scores
    from .traits.trait_scores import trait_scores as trait_scores

_HOMES = {
    "consistency.double_keying": (
        "LARGEST_HEAP",
        "ErrorRate",
        "KeyingAgreement",
        "error_rate",
        "errorless_fields",
        "keying_agreement",
    ),
    "consistency.ends": ("Ends", "floor_and_ceiling"),
    "consistency.halves": ("SplitHalf", "split_half"),
    "consistency.hierarchical_omega": ("OmegaHierarchical", "omega_hierarchical"),
    "consistency.items": ("ItemAnalysis", "item_analysis"),
    "consistency.omega_total": ("Omega", "omega"),
    "consistency.ordinal_reliability": ("OrdinalReliability", "categorical_omega", "ordinal_alpha"),
    "consistency.reliability": ("Alpha", "Interval", "alpha"),
    "consistency.retest": ("Icc", "MeasurementError", "icc", "measurement_error"),
    "counting.counts": ("Counts", "count", "count_parquet"),
    "counting.parts": ("Parts",),
    "counting.patterns": ("GroupedPatterns", "Patterns", "count_patterns"),
    "datasets.checking": ("Difference", "check"),
    "datasets.codebook": ("Codebook", "ScaleEntry", "Variable"),
    "datasets.dataset": ("Dataset", "WaveFacts", "read_wave", "write_wave"),
    "datasets.derived": ("made_from", "write_derived"),
    "datasets.folders": ("DatasetError", "read_manifest", "replace_file"),
    "datasets.form_codebook": ("build_codebook",),
    "datasets.paradata": ("DURATION_MINUTES", "HELPERS", "MODES", "STATUSES"),
    "datasets.revoking": ("erase_rows", "revocation_of", "revoke"),
    "datasets.standing": ("groups_corrected",),
    "datasets.study": ("Study", "join_waves", "read_dataset", "read_study", "write_study"),
    "datasets.tables": ("TABLES",),
    "drawing.residents": ("ResidentsDrawn",),
    "drawing.drawn_study": (
        "AreasDrawn",
        "DrawnStudy",
        "PeopleDrawn",
        "draw_study",
        "write_drawn_study",
    ),
    "drawing.known_model": ("KnownGroup", "KnownModel", "cut_points"),
    "drawing.simulation": ("Careless", "Holes", "Simulated", "Truth", "simulate"),
    "effects.analysis_plan": (
        "AnalysisPlan",
        "plan_laid_down",
        "plan_of",
        "read_plan",
        "sound_parts_of_plan",
    ),
    "effects.plan_fit": ("misfits_of_plan", "read_plan_for"),
    "effects.detectable": ("Detectable", "minimum_detectable_effect"),
    "effects.difference": ("Effect", "Inference", "difference_in_differences"),
    "effects.evaluation": ("Evaluation", "evaluate"),
    "effects.multiplicity": ("false_discovery_rate", "holm"),
    "effects.event_study": ("EventStudy",),
    "effects.parted_trends": ("PartedTrends", "parted_trends"),
    "effects.planning": ("PlannedStudy", "StudyPlan", "plan_study"),
    "effects.registration": ("as_registered",),
    "effects.sensitivity": ("Equivalence", "breakdown", "equivalence"),
    "effects.staggered": ("StaggeredEffects", "staggered_effects"),
    "effects.trust": ("Trust",),
    "errors": ("Problem", "StatisticsError"),
    "factoring.correlations": ("Correlations", "correlate"),
    "factoring.factorability": ("Bartlett", "Kmo", "bartlett", "kmo"),
    "factoring.factors": ("Efa", "efa"),
    "factoring.number_of_factors": (
        "MinimumAveragePartial",
        "ParallelAnalysis",
        "minimum_average_partial",
        "parallel_analysis",
    ),
    "factoring.polychorics": ("Polychoric", "polychoric"),
    "files.exports": ("Exported", "FORMATS", "export"),
    "files.import_map": ("MapError",),
    "files.import_problems": ("ImportRefusedError",),
    "files.open_texts": ("open_texts", "write_open_texts"),
    "files.imports": ("AnswersRead", "Imported", "import_file", "read_answers"),
    "judging.comparisons": ("Comparison",),
    "judging.evidence": ("evidence",),
    "judging.evidence_folder": ("propose_short_forms", "write_evidence"),
    "judging.findings": ("Finding",),
    "judging.quality": ("CarelessLimits", "Carelessness", "careless", "careless_answers"),
    "judging.questionnaires": ("QuestionnaireEvidence",),
    "judging.short_forms": ("ShortForm", "ShortForms", "short_forms"),
    "judging.thresholds": ("Threshold", "read_thresholds", "usual_thresholds"),
    "judging.verdicts": ("Evidence", "ScaleEvidence"),
    "levels.area_levels": ("AreaReliability", "area_reliability"),
    "levels.two_levels": ("TwoLevels", "two_levels"),
    "measuring.area_sums": ("AreaSums", "Points", "area_sums"),
    "measuring.base_weights": ("BaseWeights", "base_weights"),
    "measuring.dataset_weights": ("DatasetWeights", "dataset_weights", "weigh_dataset"),
    "measuring.disclosure": ("Disclosure", "disclose"),
    "measuring.disclosure_limits": ("DisclosureLimits",),
    "measuring.fay_herriot": ("FayHerriot", "fay_herriot"),
    "measuring.measures": ("Measures", "measures"),
    "measuring.overlap": ("overlap",),
    "measuring.places": ("places",),
    "measuring.study_measures": ("StudyMeasures", "study_measures"),
    "measuring.study_terms": ("StudyTerms", "study_terms"),
    "measuring.table_attack": ("attack",),
    "measuring.weighted_means": ("WeightedMeans", "weighted_means"),
    "measuring.weighting_cells": ("add_tallies", "tally"),
    "measuring.margin_contradictions": ("margin_contradictions",),
    "measuring.weights": ("Weights", "weigh", "weigh_cells"),
    "modelling.alignment": ("Alignment", "align"),
    "modelling.confirmatory": ("Confirmatory", "cfa"),
    "modelling.estimates": ("Estimate",),
    "modelling.fit_measures": ("FitMeasures",),
    "modelling.invariance": ("Invariance", "InvarianceStep", "Suggestion", "invariance"),
    "modelling.model_language": ("Model", "parse_model"),
    "modelling.model_reliability": ("ModelReliability",),
    "modelling.modification": ("ModificationIndices",),
    "scoring.factor_scores": ("factor_scores",),
    "scoring.plausible": ("Combined", "PlausibleValues", "combine", "imputed", "plausible_values"),
    "scoring.scales": ("score",),
    "scoring.score_folder": ("write_scores",),
    "scoring.summary": ("ScaleSummary", "Summary", "summarise"),
    "telling.area_report": ("area_report_document",),
    "telling.area_results": ("RESULT_COLUMNS", "area_results", "favourable"),
    "telling.document": ("Document",),
    "telling.evidence_document": ("evidence_document",),
    "telling.feed": ("feed",),
    "telling.feed_files": (
        "incomparable_over_waves",
        "kept_incomparable",
        "kept_verdicts",
        "write_feed",
    ),
    "telling.measured_blocks": ("measure_names",),
    "telling.measures_document": ("measures_document",),
    "telling.outcomes": ("Joined", "join_outcomes"),
    "telling.page_html": ("as_page", "as_parts"),
    "telling.page_pdf": ("as_pdf",),
    "telling.place_results": (
        "Estimated",
        "Moved",
        "PlaceFigure",
        "PlaceResults",
        "place_results",
    ),
    "telling.planned_effects": ("planned_effects",),
    "telling.remembering": ("remember", "told_in"),
    "telling.told_before": ("ToldBefore", "memory_of", "told_before"),
    "telling.weighting_told": ("public_measures",),
    "telling.weights_told": ("kept_told",),
    "telling.why_hidden": ("why_hidden",),
    "telling.weights_document": ("weights_document",),
    "telling.weight_tables": ("WeightTables", "weight_tables"),
    "telling.report": ("report", "report_document"),
    "telling.small_cells": ("SmallCells", "small_cells"),
    "telling.table_text": ("read_csv_of",),
    "traits.dif": ("Dif", "DifItem", "DifLimits", "dif"),
    "traits.graded_response": ("GradedResponse", "graded_response"),
    "traits.local_dependence": ("LocalDependence", "local_dependence"),
    "traits.person_fit": ("person_fit",),
    "traits.trait_scores": ("reliability_of_scores", "trait_scores"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
