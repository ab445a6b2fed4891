"""Of the versions of one row the last counts, whatever earlier ones say; a column that does not say which is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load, problems

ROWS = "order,buyer,day,state,total,when\n"


def _source(folder: Path, whens: tuple[str, str, str], **keys: Any) -> dict[str, Any]:
    lines = [
        f"1,a,2025-03-01,paid,10.00,{whens[1]}",
        f"1,a,2025-03-01,cancelled,10.00,{whens[2]}",
        f"1,a,2025-03-01,pending,10.00,{whens[0]}",
        f"2,b,2025-03-02,paid,30.00,{whens[1]}",
        f"2,b,2025-03-02,pending,20.00,{whens[0]}",
    ]
    (folder / "o.csv").write_text(ROWS + "\n".join(lines) + "\n", encoding="utf-8")
    columns = {"customer_id": "buyer", "date": "day", "order_id": "order", "revenue": "total"}
    return {"transactions": {"path": "o.csv", "columns": columns, "once_per": "order", "latest": "when", **keys}}


@pytest.mark.parametrize(
    "whens",
    [
        ("9", "10", "11"),
        ("2025-03-09 10:00", "2025-03-09 23:00", "2025-10-01"),
        ("2025-03-09T10:00:00Z", "2025-03-09T11:00:00+00:00", "2025-03-09T10:30:00-02:00"),
        ("09.03.2025 10:00", "31.03.2025 9:00", "01.04.2025 08:00"),
        ("3/31/2025 10:00 AM", "3/31/2025 1:00 PM", "4/1/2025 9:00 AM"),
    ],
)
def test_the_last_version_counts_or_does_not(tmp_path: Path, whens: tuple[str, str, str]) -> None:
    found = load(tmp_path, _source(tmp_path, whens))
    assert {(one.reason, one.rows) for one in found.counts if one.kind == "left_out"} == {("once_per", 3)}
    assert next(one.amount for one in found.counts if one.table == "transactions" and one.kind == "kept") == 40.0
    paid = load(tmp_path, _source(tmp_path, whens, keep_rows={"state": ["paid"]}))
    assert next(one.amount for one in paid.counts if one.table == "transactions" and one.kind == "kept") == 30.0


@pytest.mark.parametrize(
    ("whens", "words"),
    [
        (("a", "b", "c"), "does not say which version is the last"),
        (("01/02/2025", "02/03/2025", "03/04/2025"), "day first or month first"),
    ],
)
def test_what_does_not_say_which_is_the_last_is_refused(
    tmp_path: Path, whens: tuple[str, str, str], words: str
) -> None:
    assert words in problems(tmp_path, _source(tmp_path, whens))


def test_latest_goes_with_once_per(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="once_per"):
        load(tmp_path, _source(tmp_path, ("1", "2", "3"), once_per=[]))


def test_rows_that_are_none_of_the_table_say_nothing_about_versions(tmp_path: Path) -> None:
    source = _source(tmp_path, ("9", "10", "11"), footer="leave_out")
    path = tmp_path / "o.csv"
    path.write_text(path.read_text(encoding="utf-8") + ",,,,,end of report\n", encoding="utf-8")
    found = load(tmp_path, source)
    assert next(one.amount for one in found.counts if one.table == "transactions" and one.kind == "kept") == 40.0
