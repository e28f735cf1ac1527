"""The feed as files: Parquet, CSV, SPSS and Stata, in a folder that names its dataset."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyreadstat

from processing.datasets.derived import write_derived
from processing.datasets.folders import MANIFEST
from processing.datasets.study import Study

LABELS = {
    "study": "Study",
    "measure": "mean, change, effect or moderator",
    "scale": "Scale",
    "scale_version": "Version of the questionnaire in the waves of the row",
    "status": "Verdict of the evidence; candidate where there is none",
    "level": "afdeling, boligområde, plan or study",
    "unit": "Key of the area, group or plan",
    "plan": "Keys of the plans that cover the unit in the wave",
    "cohort": "all, stayer or newcomer",
    "wave": "Wave",
    "wave_before": "Wave that a change is from",
    "year": "Year of the wave",
    "estimate": "Points of 0-100, high is favourable",
    "standard_error": "Standard error",
    "low": "Lower end of the 95 % interval",
    "high": "Upper end of the 95 % interval",
    "p": "p value, adjusted for effects",
    "n": "Answers; of a change those of its later wave, of an effect of all its waves",
    "response_rate": "Response rate, AAPOR RR1",
    "weight": "Weights",
    "method": "Method",
    "kind": "confirmatory or exploratory",
    "hidden": "1: hidden to protect a small cell",
    "dataset": "Hash of the dataset",
    "analysis_plan": "Hash of the analysis plan",
}


def write_feed(study: Study, table: pd.DataFrame, folder: Path | str | None = None) -> Path:
    """Write `<dataset>-feed`: feed.parquet, feed.csv, feed.sav, feed.dta. Raises DatasetError."""
    labels: dict[str, str | None] = {name: LABELS[name] for name in table.columns}
    with TemporaryDirectory() as place:
        sav, dta = Path(place) / "feed.sav", Path(place) / "feed.dta"
        pyreadstat.write_sav(table, str(sav), column_labels=labels)
        pyreadstat.write_dta(table, str(dta), column_labels=labels)
        files = {"feed.sav": sav.read_bytes(), "feed.dta": dta.read_bytes()}
    return write_derived(
        study,
        "feed",
        {"feed": table},
        folder,
        {"feed.csv": table.to_csv(index=False, lineterminator="\n"), **files},
    )


def kept_verdicts(study: Study) -> dict[str, str]:
    """Each scale's verdict over all answers, from the evidence folder beside a dataset.

    Empty where there is none, or where it was made from another dataset.
    """
    folder = study.folder.with_name(f"{study.folder.name}-evidence")
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        verdicts = pd.read_parquet(folder / "verdicts.parquet")
    except (OSError, ValueError):
        return {}
    if manifest.get("made_from") != study.hash:
        return {}
    whole = verdicts[verdicts["group"] == "whole"]
    return dict(zip(whole["scale"], whole["verdict"], strict=True))
