import datetime as dt

import pytest

from survey.csv_files import Column, CsvFileError, count, day, one_of, read_csv, text, weight

COLUMNS = (
    Column("area", text),
    Column("dwellings", count, needed=False),
    Column("since", day, needed=False),
    Column("weight", weight, needed=False, otherwise=1.0),
    Column("state", one_of("old", "new"), needed=False),
)


@pytest.fixture
def written(tmp_path):
    """A function that writes areas.csv and returns where it lies."""

    def write(content):
        path = tmp_path / "areas.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(path, columns=COLUMNS):
    with pytest.raises(CsvFileError) as caught:
        read_csv(path, columns).finish()
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "content",
    [
        "area,dwellings,since,weight,state\nRugvænget,80,2026-12-01,1.5,new\n",
        # As a Danish spreadsheet writes it.
        "\ufeffarea;dwellings;since;weight;state\r\nRugvænget;80;2026-12-01;1,5;new\r\n;;;;\r\n",
        "area\tdwellings\tsince\tweight\tstate\n Rugvænget \t80\t2026-12-01\t1.5\tnew",
        "state,weight,since,dwellings,area\nnew,1.5,2026-12-01,80,Rugvænget\n\n\n",
    ],
)
def test_files_are_read_as_spreadsheets_write_them(written, content):
    (row,) = read_csv(written(content), COLUMNS).finish()
    assert row.number == 2
    assert row.values == {
        "area": "Rugvænget",
        "dwellings": 80,
        "since": dt.date(2026, 12, 1),
        "weight": 1.5,
        "state": "new",
    }


def test_a_number_that_is_text_keeps_its_zeros(written):
    (row,) = read_csv(written("area\n0667-012\n"), COLUMNS).finish()
    assert row["area"] == "0667-012"
    assert (row["dwellings"], row["weight"]) == (None, 1.0)


def test_every_problem_is_told_at_once_with_row_column_value_and_rule(written):
    content = (
        "area,dwellings,since,weight,state\n"
        "A,mange,01-12-2026,0,old\n"
        ",-3,2026-02-30,x,gammel\n"
        "B,1\n"
        "A,1,,,\n"
    )
    assert refused(written(content)) == [
        (
            "areas.csv, row 2, column dwellings: 'mange' must be a whole number, 0 or more, "
            "in digits alone."
        ),
        (
            "areas.csv, row 2, column since: '01-12-2026' must be a day as 2026-12-01: year, "
            "month, day."
        ),
        "areas.csv, row 2, column weight: '0' must be a number above 0, as 1 or 2.5.",
        "areas.csv, row 3, column area: '' is empty; each row must have it.",
        (
            "areas.csv, row 3, column dwellings: '-3' must be a whole number, 0 or more, "
            "in digits alone."
        ),
        (
            "areas.csv, row 3, column since: '2026-02-30' must be a day as 2026-12-01: year, "
            "month, day."
        ),
        "areas.csv, row 3, column weight: 'x' must be a number above 0, as 1 or 2.5.",
        "areas.csv, row 3, column state: 'gammel' must be one of: old, new.",
        (
            "areas.csv, row 4: has 2 cells where the header has 5. Put quotes around text that "
            "holds a separator."
        ),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "areas.csv: is empty."),
        ("\n \n", "areas.csv: is empty."),
        ("area\n", "areas.csv: has a header and no rows."),
        (
            "area,name\nA,B\n",
            (
                "areas.csv, row 1: 'name' is not a column of this file. Columns are: area, "
                "dwellings, since, weight, state."
            ),
        ),
        ("dwellings\n1\n", "areas.csv, row 1: the column 'area' is missing."),
        ("area,area\nA,B\n", "areas.csv, row 1: the column 'area' stands 2 times."),
        (
            "area\nRugvænget\n".encode("latin-1"),
            "areas.csv, line 2: is not UTF-8. Save it as 'CSV UTF-8' and try again.",
        ),
        ("area\nA\0B\n", "areas.csv: holds NUL signs; it is no CSV file."),
        ('area\n"never closed\n', "areas.csv, line 2: unexpected end of data."),
        ("area\nA\u202eB\n", "holds signs that cannot be seen; write it anew."),
        ("area\n" + "A" * 201, "has 201 signs; 200 are allowed."),
        ("area\n" + "A" * 1_000_000, "field larger than field limit (131072)."),
    ],
)
def test_a_file_that_is_no_table_is_told(written, content, said):
    assert any(said in problem for problem in refused(written(content)))


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert refused(tmp_path / "gone.csv") == [
        (
            f"{tmp_path}/gone.csv cannot be read: No such file or directory. "
            "Name a file that is there and that you may read."
        )
    ]
    assert refused(tmp_path) == [
        (
            f"{tmp_path} cannot be read: Is a directory. "
            "Name a file that is there and that you may read."
        )
    ]


def test_rows_that_repeat_or_point_nowhere_or_end_before_they_begin_are_told(written):
    columns = (
        Column("area", text),
        Column("valid_from", day),
        Column("valid_to", day, needed=False),
    )
    path = written(
        "area,valid_from,valid_to\nA,2026-01-01,2025-01-01\nB,2026-01-01,\nA,2026-01-01,\n"
    )
    file = read_csv(path, columns)
    file.refuse_repeated("area", "valid_from")
    file.refuse_backwards("valid_from", "valid_to")
    file.refuse_unknown("area", {"A"}, "Load it.")
    assert file.problems == [
        (
            "areas.csv, row 4, column area, valid_from: 'A + 2026-01-01' stands in row 2 already; "
            "leave one of the two."
        ),
        ("areas.csv, row 2, column valid_to: '2025-01-01' is before valid_from, 2026-01-01."),
        "areas.csv, row 3, column area: 'B' is not in the study. Load it.",
    ]
    with pytest.raises(CsvFileError):
        file.finish()
