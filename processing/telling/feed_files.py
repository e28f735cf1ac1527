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
from processing.effects.evaluation import Evaluation
from processing.measuring.study_measures import StudyMeasures

from .remembering import remember, told_in
from .told_before import ToldBefore
from .weighting_told import public_measures

LABELS = {
    "study": "Study",
    "measure": "mean, change, effect or moderator",
    "scale": "Scale",
    "highest_score": "Highest score of the scale: 100, or of a count how many are counted",
    "scale_version": "Version of the questionnaire in the waves of the row",
    "status": "Verdict of the evidence; candidate where there is none",
    "level": "afdeling, boligområde, plan or study",
    "unit": "Key of the area, group or plan",
    "plan": "Keys of the plans that cover the unit in the wave",
    "cohort": "all, stayer or newcomer",
    "wave": "Wave",
    "wave_before": "Wave that a change is from",
    "year": "Year of the wave",
    "estimate": "Points of 0-100, or of a count how many; high is favourable",
    "standard_error": "Standard error; in public that of the rounded interval",
    "low": "Lower end of the 95 % interval",
    "high": "Upper end of the 95 % interval",
    "p": "p value, adjusted for effects; in public at most this",
    "n": "Answers; of a change those of its later wave, of an effect of all its waves",
    "response_rate": "Response rate, AAPOR RR1",
    "weight": "Weights",
    "method": "Method",
    "kind": "confirmatory or exploratory",
    "hidden": "1: hidden to protect a small cell",
    "audience": "public: for everybody; evaluator: under an agreement",
    "dataset": "Hash of the dataset",
    "analysis_plan": "Hash of the analysis plan",
    "analysis_plans": "Plans that were registered in time, of effects",
}


def write_feed(
    study: Study,
    table: pd.DataFrame,
    made_of: StudyMeasures | Evaluation,
    folder: Path | str | None = None,
    *,
    cooperation: Study | None = None,
    earlier: ToldBefore | None = None,
    partners_earlier: ToldBefore | None = None,
) -> Path:
    """Write feed.parquet, feed.csv, feed.sav and feed.dta into `<dataset>-feed`.

    The evaluator's table goes to `<dataset>-feed-evaluator`; the manifest says whose it is. A public
    table's cells are remembered beside the dataset (`remember`), moderators' beside partners' own
    (`cooperation`), and the manifest names what was told: `made_of` are the measures, or the evaluation
    whose effects it shows, `earlier` and `partners_earlier` what the table was made with. That is done after all is written, so that nothing
    is kept of what was refused, and before it stands there. The same table gives the same bytes,
    in .sav and .dta too: their clock is set to 1970. Raises DatasetError.
    """

    def remembered() -> None:
        remember(study, table[~theirs], made_of, earlier=earlier)
        if cooperation is not None and theirs.any():
            own = table[theirs].assign(measure="mean", level="afdeling")
            remember(cooperation, own, public_measures(cooperation), earlier=partners_earlier)

    theirs = table["measure"] == "moderator"
    labels: dict[str, str | None] = {name: LABELS[name] for name in table.columns}
    audience = str(table["audience"].iloc[0])
    with TemporaryDirectory() as place:
        sav, dta = Path(place) / "feed.sav", Path(place) / "feed.dta"
        pyreadstat.write_sav(table, str(sav), column_labels=labels)
        pyreadstat.write_dta(table, str(dta), column_labels=labels)
        files = {
            "feed.sav": _sav_without_clock(sav.read_bytes()),
            "feed.dta": _dta_without_clock(dta.read_bytes()),
        }
    told = {"told": told_in(table[~theirs], made_of)} if audience == "public" else {}
    return write_derived(
        study,
        "feed" if audience == "public" else f"feed-{audience}",
        {"feed": table},
        folder,
        {"feed.csv": table.to_csv(index=False, lineterminator="\n"), **files},
        about={"audience": audience, **told},
        before_it_stands=remembered if audience == "public" else None,
    )


def _sav_without_clock(content: bytes) -> bytes:
    """SPSS keeps day and time of writing in signs 93 to 109 of the file's header."""
    return content[:92] + b"01 Jan 7000:00:00" + content[109:]


def _dta_without_clock(content: bytes) -> bytes:
    """Stata keeps them in 17 signs after the length of that text."""
    begun = content.index(b"<timestamp>") + len(b"<timestamp>") + 1
    return content[:begun] + b"01 Jan 1970 00:00" + content[begun + 17 :]


def kept_verdicts(study: Study) -> dict[str, str]:
    """Each scale's verdict over all answers, from the evidence folder beside a dataset.

    Empty where there is none, or where it was made from another dataset.
    """
    verdicts = _kept(study, "verdicts")
    if verdicts is None:
        return {}
    whole = verdicts[verdicts["group"] == "whole"]
    return dict(zip(whole["scale"], whole["verdict"], strict=True))


def kept_incomparable(study: Study) -> list[str]:
    """Scales whose means the evidence beside a dataset warns to compare over waves.

    Empty where there is no evidence, where it was made from another dataset, or of one wave.
    """
    compared = _kept(study, "comparisons")
    return [] if compared is None else incomparable_over_waves(compared)


def incomparable_over_waves(compared: pd.DataFrame) -> list[str]:
    """Scales whose means are not to be compared over waves, of an evidence's comparisons."""
    over_waves = compared["group"] == "wave"
    # Where one wave alone had answers enough, nothing was compared.
    over_waves &= compared["compared"].str.contains(",")
    warned = compared.loc[over_waves & ~compared["means_comparable"].astype(bool), "scale"]
    return [*dict.fromkeys(warned.astype(str))]


def _kept(study: Study, table: str) -> pd.DataFrame | None:
    """A table of the evidence beside this very dataset; None where there is none."""
    folder = study.folder.with_name(f"{study.folder.name}-evidence")
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        found = pd.read_parquet(folder / f"{table}.parquet")
    except (OSError, ValueError):
        return None
    return found if manifest.get("made_from") == study.hash else None
