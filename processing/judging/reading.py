"""Reading a dataset's answers for a verdict: a byte an answer, so that ten million rows fit."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import read_codes
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any

MOST_GROUPS = 50
"""More different values than this divide respondents too finely to be judged one by one."""

Answers = Dataset | Study | pd.DataFrame
Kept = NDArray[np.bool_] | None


def names_of(answers: Answers) -> Sequence[str]:
    """The columns that there are."""
    return list(answers.columns) if isinstance(answers, pd.DataFrame) else answers.codebook.names


def read_answers(
    answers: Answers, items: Sequence[str], labels: Sequence[str] = (), kept: Kept = None
) -> pd.DataFrame:
    """Items as bytes and labels as categories; of a dataset, batch by batch.

    A plain frame's items are taken as they are. `kept` tells which rows, in their order.
    """
    wanted = list(dict.fromkeys([*items, *labels]))
    known = names_of(answers)
    stop_if_any(
        Problem(f"column {name!r}", "no column has this name", "Correct the name")
        for name in wanted
        if name not in known
    )
    if isinstance(answers, pd.DataFrame):
        frame = answers[wanted] if kept is None else answers.loc[kept, wanted]
        # Texts are compared group by group; as categories each is read once.
        texts = [
            name
            for name in dict.fromkeys(labels)
            if name not in items and not pd.api.types.is_numeric_dtype(frame[name])
        ]
        return frame.assign(**{name: _as_categories(frame[name]) for name in texts})
    return _read_batches(answers, list(dict.fromkeys(items)), labels, kept)


def _read_batches(
    dataset: Dataset | Study, items: Sequence[str], labels: Sequence[str], kept: Kept
) -> pd.DataFrame:
    codes = np.empty((len(items), dataset.rows), dtype=np.int8)
    others = [name for name in dict.fromkeys(labels) if name not in items]
    places = {name: np.empty(dataset.rows, dtype=np.int32) for name in others}
    seen: dict[str, dict[object, int]] = {name: {} for name in others}
    start = 0
    for batch in dataset.batches([*items, *others]):
        rows = slice(start, start + len(batch))
        if items:
            codes[:, rows] = read_codes(batch, items)
        for name in others:
            place, values = pd.factorize(batch[name])
            numbers = [seen[name].setdefault(value, len(seen[name])) for value in values]
            places[name][rows] = np.array([*numbers, -1], dtype=np.int32)[place]
        start += len(batch)
    columns = {name: _in_order(places[name], seen[name]) for name in others}
    answers = pd.DataFrame(codes.T, columns=list(items), copy=False)
    frame = answers.assign(**columns)
    return frame if kept is None else frame[kept]


def _as_categories(column: pd.Series) -> pd.Categorical:
    """One Python text a category: texts of Arrow would be made anew for every row."""
    place, names = pd.factorize(column, sort=True)
    return pd.Categorical.from_codes(place, categories=pd.Index(list(names), dtype=object))


def _in_order(place: NDArray[np.int32], seen: dict[object, int]) -> pd.Categorical:
    """Categories ascending; codes below zero say why there is no label and become none."""
    names = [name for name in seen if not (isinstance(name, int | np.integer) and name < 0)]
    names = sorted((name for name in names if name != ""), key=lambda name: (str(type(name)), name))
    order = np.full(len(seen) + 1, -1, dtype=np.int32)
    for number, name in enumerate(names):
        order[seen[name]] = number
    return pd.Categorical.from_codes(order[place], categories=pd.Index(names, dtype=object))


def group_labels(frame: pd.DataFrame, group: str) -> pd.Series:
    """Groups as they are; a code below zero says why there is none.

    Raises StatisticsError for a column that does not group: a text or a number of each row's own.
    """
    column = frame[group]
    labels = column.where(column >= 0) if pd.api.types.is_numeric_dtype(column) else column
    found = labels.nunique()
    if found > MOST_GROUPS:
        stop_if_any(
            [
                Problem(
                    f"group {group!r}",
                    f"it has {found} different values, and at most {MOST_GROUPS} groups are judged",
                    "Name a column with few values, as language, mode or wave",
                )
            ]
        )
    return labels
