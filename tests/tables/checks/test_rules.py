"""Rows that repeat another one, and days on which nearly all do, counted in one question as they are by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.tables.ask import ask
from cxvalue.tables.checks.rules import exact_duplicates
from cxvalue.tables.read.sql import LINE, ROW
from tests.tables.helpers import counted, ledger, load, problems, rows

Row = tuple[Any, ...]
FIRST = date(2025, 1, 1)


def by_hand(rows: list[Row], day: int) -> tuple[int, int]:
    """The repeats, and the rows on runs of at least five days and 20 rows of which at most a twentieth stand once."""
    often = Counter(rows)
    days: dict[date, list[int]] = {}
    for row, times in often.items():
        days.setdefault(row[day], []).append(times)
    judged = [(sum(each), 20 * each.count(1) <= sum(each)) for _, each in sorted(days.items())]
    runs = [[n for n, _ in run] for doubled, run in groupby(judged, lambda one: one[1]) if doubled]
    return sum(often.values()) - len(often), sum(sum(run) for run in runs if len(run) >= 5 and sum(run) >= 20)


def asked(table: ibis.Table) -> tuple[int, int]:
    found = ask(exact_duplicates(table))
    return int(found["repeats"] or 0), int(found["doubled"] or 0)


def appended(seed: int) -> list[Row]:
    """Sales of some weeks with gaps, more and more of which are appended again, in whole or but for a row or two."""
    rng, rows = np.random.default_rng(seed), []
    for week in range(12):
        again = rng.random() < seed / 12
        for day in rng.choice(7, rng.integers(3, 8), replace=False):
            when = FIRST + timedelta(days=int(7 * week + day))
            sales = [(f"c{rng.integers(30)}", when, float(rng.integers(5))) for _ in range(rng.integers(1, 30))]
            rows += sales + (sales[int(rng.choice([0, 0, 0, 1, 2])) :] if again else [])
    return rows


def as_table(rows: list[Row], **more: list[Any]) -> ibis.Table:
    names = ("customer_id", "date", "revenue")
    given = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) | {ROW: list(range(len(rows))), **more}
    return ibis.memtable(given, schema={name: _TYPES[name] for name in given})


_TYPES = {
    "customer_id": "string",
    "date": "date",
    "revenue": "float64",
    ROW: "int64",
    LINE: "int64",
    "order_id": "string",
}


def test_one_question_counts_what_is_counted_by_hand() -> None:
    truths = []
    for seed in range(12):
        rows = appended(seed)
        truths.append(by_hand(rows, day=1))
        assert asked(as_table(rows)) == truths[-1], seed
    assert sum(doubled > 0 for _, doubled in truths) >= 3
    assert sum(doubled == 0 for _, doubled in truths) >= 3


@pytest.mark.parametrize(
    ("days", "a_day", "alone", "doubled"),
    [(5, 4, 0, 20), (4, 10, 0, 0), (5, 2, 0, 0), (10, 2, 0, 20), (5, 20, 1, 100), (5, 18, 1, 0), (5, 40, 2, 200)],
)
def test_a_run_needs_days_rows_and_all_but_a_twentieth_twice(days: int, a_day: int, alone: int, doubled: int) -> None:
    rows: list[Row] = []
    for day in range(days):
        pairs, rest = divmod(a_day - alone, 2)
        often = [f"p{i}" for i in range(pairs)] * 2 + ["p0"] * rest + [f"s{i}" for i in range(alone)]
        rows += [(name, FIRST + timedelta(days=3 * day), 1.0) for name in often]
    assert asked(as_table(rows))[1] == doubled == by_hand(rows, day=1)[1]


def test_a_day_between_ends_a_run() -> None:
    days = [FIRST + timedelta(days=i) for i in range(9)]
    rows: list[Row] = [("a", day, float(i)) for day in days for i in range(5)] * 2
    assert asked(as_table(rows)) == (45, 90)
    between: list[Row] = [row for row in rows if row[1] != days[4]] + [("a", days[4], float(i)) for i in range(5)]
    assert asked(as_table(between)) == (40, 0) == by_hand(between, day=1)


def test_rows_are_told_apart_by_every_column_of_the_source_and_orders_are_left_aside() -> None:
    rows: list[Row] = [("a", FIRST + timedelta(days=i // 4), 1.0) for i in range(24)]
    assert asked(as_table(rows)) == (18, 24)
    assert asked(as_table(rows, **{LINE: [i // 2 for i in range(24)]})) == (12, 24)
    assert asked(as_table(rows, **{LINE: list(range(24))})) == (0, 0)
    orders = [None if i < 4 else f"o{i}" for i in range(24)]
    assert asked(as_table(rows, order_id=orders)) == (3, 0)
    assert asked(as_table(rows, order_id=[f"o{i}" for i in range(24)])) == (0, 0)


@pytest.mark.parametrize("day", ["1970-01-01", "1900-01-01", "1904-01-01"])
def test_the_first_day_of_a_calendar_stands_for_no_day(tmp_path: Path, day: str) -> None:
    said = problems(tmp_path, ledger("a,2025-01-05,5", f"b,{day},7"))
    assert "1 row with 1 January of" in said
    found = load(tmp_path, ledger(*["a,2025-01-05,5"] * 30, f"b,{day},7"), bad_rows={"drop_up_to": 0.05})
    assert counted(found, "dropped")
    assert rows(found) == [("a", "2025-01-05", 150.0)]
    assert load(
        tmp_path, {"transactions": ledger("a,2025-01-05,5"), "customers": f"customer_id,acquired_on\na,{day}\n"}
    )


def test_a_programme_from_ever_is_one_that_never_began(tmp_path: Path) -> None:
    """1900-01-01 made a unit without the programme one that always had it, and took it from the comparison."""
    rollout = "programme,unit,start\nwaiver,a,2025-02-01\nwaiver,b,1900-01-01\n"
    with pytest.raises(BadInput, match="leave it empty where the programme never began"):
        load(tmp_path, {"transactions": ledger("a,2025-01-05,5"), "rollout": rollout})
    always = rollout.replace("1900-01-01", "2000-01-01")  # the day that the message names
    found = load(tmp_path, {"transactions": ledger("a,2025-01-05,5"), "rollout": always})
    assert rows(found, "rollout", "unit, start::text") == [("a", "2025-02-01"), ("b", "2000-01-01")]
    asked = "customer_id,date,metric,score,event_date\na,2025-01-06,overall,7,1970-01-01\n"
    with pytest.raises(BadInput, match="leave it empty where it is not known"):
        load(tmp_path, {"transactions": ledger("a,2025-01-05,5"), "surveys": asked})
    employees = "employee_id,unit,hired,left\ne,a,1970-01-01,\n"  # somebody may have begun then
    load(tmp_path, {"transactions": ledger("a,2025-01-05,5"), "employees": employees})
