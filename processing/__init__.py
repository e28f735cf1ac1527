"""What answers mean: datasets, scores, psychometrics and measures, on plain data frames.

Names are loaded when they are first used, so that `import processing` costs next to nothing and a
command that checks a folder does not wait for factor models.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alignment import Alignment as Alignment
    from .alignment import align as align
    from .checking import Difference as Difference
    from .checking import check as check
    from .codebook import Codebook as Codebook
    from .codebook import ScaleEntry as ScaleEntry
    from .codebook import Variable as Variable
    from .comparisons import Comparison as Comparison
    from .confirmatory import Confirmatory as Confirmatory
    from .confirmatory import cfa as cfa
    from .correlations import Correlations as Correlations
    from .correlations import correlate as correlate
    from .counts import Counts as Counts
    from .counts import count as count
    from .counts import count_parquet as count_parquet
    from .dataset import Dataset as Dataset
    from .dataset import WaveFacts as WaveFacts
    from .dataset import read_wave as read_wave
    from .dataset import write_wave as write_wave
    from .derived import made_from as made_from
    from .derived import write_derived as write_derived
    from .derived import write_scores as write_scores
    from .dif import Dif as Dif
    from .dif import DifItem as DifItem
    from .dif import DifLimits as DifLimits
    from .dif import dif as dif
    from .ends import Ends as Ends
    from .ends import floor_and_ceiling as floor_and_ceiling
    from .errors import Problem as Problem
    from .errors import StatisticsError as StatisticsError
    from .estimates import Estimate as Estimate
    from .evidence import Evidence as Evidence
    from .evidence import evidence as evidence
    from .exports import FORMATS as FORMATS
    from .exports import Exported as Exported
    from .exports import export as export
    from .factor_scores import factor_scores as factor_scores
    from .factorability import Bartlett as Bartlett
    from .factorability import Kmo as Kmo
    from .factorability import bartlett as bartlett
    from .factorability import kmo as kmo
    from .factors import Efa as Efa
    from .factors import efa as efa
    from .findings import Finding as Finding
    from .fit_measures import FitMeasures as FitMeasures
    from .folders import DatasetError as DatasetError
    from .folders import read_manifest as read_manifest
    from .form_codebook import build_codebook as build_codebook
    from .graded_response import GradedResponse as GradedResponse
    from .graded_response import graded_response as graded_response
    from .halves import SplitHalf as SplitHalf
    from .halves import split_half as split_half
    from .hierarchical_omega import OmegaHierarchical as OmegaHierarchical
    from .hierarchical_omega import omega_hierarchical as omega_hierarchical
    from .import_map import MapError as MapError
    from .import_problems import ImportRefusedError as ImportRefusedError
    from .imports import Imported as Imported
    from .imports import import_file as import_file
    from .invariance import Invariance as Invariance
    from .invariance import InvarianceStep as InvarianceStep
    from .invariance import Suggestion as Suggestion
    from .invariance import invariance as invariance
    from .items import ItemAnalysis as ItemAnalysis
    from .items import item_analysis as item_analysis
    from .known_model import KnownGroup as KnownGroup
    from .known_model import KnownModel as KnownModel
    from .known_model import cut_points as cut_points
    from .levels import AreaReliability as AreaReliability
    from .levels import area_reliability as area_reliability
    from .local_dependence import LocalDependence as LocalDependence
    from .local_dependence import local_dependence as local_dependence
    from .model_language import Model as Model
    from .model_language import parse_model as parse_model
    from .model_reliability import ModelReliability as ModelReliability
    from .modification import ModificationIndices as ModificationIndices
    from .number_of_factors import MinimumAveragePartial as MinimumAveragePartial
    from .number_of_factors import ParallelAnalysis as ParallelAnalysis
    from .number_of_factors import minimum_average_partial as minimum_average_partial
    from .number_of_factors import parallel_analysis as parallel_analysis
    from .omega_total import Omega as Omega
    from .omega_total import omega as omega
    from .ordinal_reliability import OrdinalReliability as OrdinalReliability
    from .ordinal_reliability import categorical_omega as categorical_omega
    from .ordinal_reliability import ordinal_alpha as ordinal_alpha
    from .paradata import DURATION_MINUTES as DURATION_MINUTES
    from .paradata import HELPERS as HELPERS
    from .paradata import MODES as MODES
    from .paradata import STATUSES as STATUSES
    from .patterns import Patterns as Patterns
    from .patterns import count_patterns as count_patterns
    from .person_fit import person_fit as person_fit
    from .plausible import Combined as Combined
    from .plausible import PlausibleValues as PlausibleValues
    from .plausible import combine as combine
    from .plausible import imputed as imputed
    from .plausible import plausible_values as plausible_values
    from .polychorics import Polychoric as Polychoric
    from .polychorics import polychoric as polychoric
    from .quality import CarelessLimits as CarelessLimits
    from .quality import Carelessness as Carelessness
    from .quality import careless as careless
    from .reliability import Alpha as Alpha
    from .reliability import Interval as Interval
    from .reliability import alpha as alpha
    from .retest import Icc as Icc
    from .retest import MeasurementError as MeasurementError
    from .retest import icc as icc
    from .retest import measurement_error as measurement_error
    from .revoking import erase_rows as erase_rows
    from .revoking import revocation_of as revocation_of
    from .revoking import revoke as revoke
    from .scales import score as score
    from .short_forms import ShortForm as ShortForm
    from .short_forms import ShortForms as ShortForms
    from .short_forms import short_forms as short_forms
    from .simulation import Careless as Careless
    from .simulation import Holes as Holes
    from .simulation import Simulated as Simulated
    from .simulation import Truth as Truth
    from .simulation import simulate as simulate
    from .study import Study as Study
    from .study import read_dataset as read_dataset
    from .study import read_study as read_study
    from .study import write_study as write_study
    from .summary import ScaleSummary as ScaleSummary
    from .summary import Summary as Summary
    from .summary import summarise as summarise
    from .tables import TABLES as TABLES
    from .thresholds import Threshold as Threshold
    from .thresholds import read_thresholds as read_thresholds
    from .thresholds import usual_thresholds as usual_thresholds
    from .trait_scores import reliability_of_scores as reliability_of_scores
    from .trait_scores import trait_scores as trait_scores
    from .two_levels import TwoLevels as TwoLevels
    from .two_levels import two_levels as two_levels

_HOMES = {
    "patterns": ("Patterns", "count_patterns"),
    "short_forms": ("ShortForm", "ShortForms", "short_forms"),
    "plausible": ("Combined", "PlausibleValues", "combine", "imputed", "plausible_values"),
    "factor_scores": ("factor_scores",),
    "quality": ("Carelessness", "CarelessLimits", "careless"),
    "two_levels": ("TwoLevels", "two_levels"),
    "levels": ("AreaReliability", "area_reliability"),
    "thresholds": ("Threshold", "read_thresholds", "usual_thresholds"),
    "findings": ("Finding",),
    "comparisons": ("Comparison",),
    "evidence": ("Evidence", "evidence"),
    "model_language": ("Model", "parse_model"),
    "model_reliability": ("ModelReliability",),
    "modification": ("ModificationIndices",),
    "estimates": ("Estimate",),
    "fit_measures": ("FitMeasures",),
    "alignment": ("Alignment", "align"),
    "checking": ("Difference", "check"),
    "codebook": ("Codebook", "ScaleEntry", "Variable"),
    "confirmatory": ("Confirmatory", "cfa"),
    "correlations": ("Correlations", "correlate"),
    "counts": ("Counts", "count", "count_parquet"),
    "dataset": ("Dataset", "WaveFacts", "read_wave", "write_wave"),
    "derived": ("made_from", "write_derived", "write_scores"),
    "dif": ("Dif", "DifItem", "DifLimits", "dif"),
    "ends": ("Ends", "floor_and_ceiling"),
    "errors": ("Problem", "StatisticsError"),
    "exports": ("FORMATS", "Exported", "export"),
    "factorability": ("Bartlett", "Kmo", "bartlett", "kmo"),
    "factors": ("Efa", "efa"),
    "folders": ("DatasetError", "read_manifest"),
    "form_codebook": ("build_codebook",),
    "graded_response": ("GradedResponse", "graded_response"),
    "halves": ("SplitHalf", "split_half"),
    "hierarchical_omega": ("OmegaHierarchical", "omega_hierarchical"),
    "import_map": ("MapError",),
    "import_problems": ("ImportRefusedError",),
    "imports": ("Imported", "import_file"),
    "invariance": ("Invariance", "invariance", "InvarianceStep", "Suggestion"),
    "items": ("ItemAnalysis", "item_analysis"),
    "local_dependence": ("LocalDependence", "local_dependence"),
    "number_of_factors": (
        "MinimumAveragePartial",
        "ParallelAnalysis",
        "minimum_average_partial",
        "parallel_analysis",
    ),
    "omega_total": ("Omega", "omega"),
    "ordinal_reliability": ("OrdinalReliability", "categorical_omega", "ordinal_alpha"),
    "paradata": ("DURATION_MINUTES", "HELPERS", "MODES", "STATUSES"),
    "person_fit": ("person_fit",),
    "polychorics": ("Polychoric", "polychoric"),
    "reliability": ("Alpha", "Interval", "alpha"),
    "retest": ("Icc", "MeasurementError", "icc", "measurement_error"),
    "revoking": ("erase_rows", "revocation_of", "revoke"),
    "scales": ("score",),
    "known_model": ("KnownGroup", "KnownModel", "cut_points"),
    "simulation": ("Careless", "Holes", "Simulated", "Truth", "simulate"),
    "study": ("Study", "read_dataset", "read_study", "write_study"),
    "summary": ("ScaleSummary", "Summary", "summarise"),
    "tables": ("TABLES",),
    "trait_scores": ("trait_scores", "reliability_of_scores"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


class _Package(ModuleType):
    """Keeps `dif` the function: loading the module `dif` would put the module in its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _HOME_OF):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
