"""Dates to come: what may lie ahead, days far ahead that stand for no end, and contracts of no length."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.helpers import load, problems, rows

SUBSCRIPTIONS = "customer_id,start,end,value_per_month\n"


def test_an_end_to_come_is_open_on_the_last_day_observed(tmp_path: Path) -> None:
    table = SUBSCRIPTIONS + "a,2024-01-01,2027-03-31,5\nb,2024-01-01,2099-12-31,5\nc,2024-01-01,9999-12-31,5\n"
    table += "d,2024-01-01,2025-06-30,5\ne,2024-01-01,,5\n"
    found = load(tmp_path, {"subscriptions": table}, contract="contractual")
    kept = rows(found, "subscriptions", 'customer_id, "end"::text')
    assert kept == [("a", None), ("b", None), ("c", None), ("d", "2025-06-30"), ("e", None)]
    assert [count.rows for count in found.counts if count.kind == "note"] == [3]
    assert found.cautions == ()


def test_ends_that_are_known_for_the_next_year_are_said(tmp_path: Path) -> None:
    """Two of the three contracts that run on the last day of 2025; the third is open."""
    table = (
        SUBSCRIPTIONS
        + "a,2024-01-01,2026-03-31,5\nb,2024-01-01,2026-12-31,5\nc,2024-01-01,,5\nd,2024-01-01,2025-01-01,5\n"
    )
    (caution,) = load(tmp_path, {"subscriptions": table}, contract="contractual").cautions
    assert (caution.kind, caution.rows, caution.lowers) == ("open_end", 2, False)
    assert caution.share == pytest.approx(2 / 3)


def test_what_is_planned_may_lie_ahead_in_every_table(tmp_path: Path) -> None:
    tables = {
        "subscriptions": SUBSCRIPTIONS + "a,2024-01-01,,5\nb,2026-03-01,2027-03-01,5\n",
        "interactions": "customer_id,date,channel,reason,resolved_on\na,2025-06-01,phone,claim,2026-03-01\n",
        "employees": "employee_id,unit,hired,left\n1,x,2024-01-01,2026-04-30\n2,x,2026-02-01,\n",
        "rollout": "programme,unit,start\nwaiver,x,2026-09-01\nwaiver,y,\n",
    }
    found = load(tmp_path, tables, contract="contractual")
    assert rows(found, "subscriptions", "customer_id") == [("a",)]  # sold for March: cut, not refused
    assert rows(found, "interactions", "resolved_on") == [(None,)]
    assert rows(found, "employees", 'employee_id, "left"') == [("1", None)]
    assert rows(found, "rollout", "unit, start") == [("x", None), ("y", None)]
    cut = {count.table: count.rows for count in found.counts if count.kind == "cut"}
    assert cut == {"subscriptions": 1, "employees": 1}


def test_a_last_day_without_a_declared_as_of_is_not_that_of_a_contract_to_come(tmp_path: Path) -> None:
    table = SUBSCRIPTIONS + "a,2024-01-01,,5\nb,2025-11-30,,5\nc,2026-03-01,,5\n"
    found = load(tmp_path, {"subscriptions": table}, "latest_complete_month", contract="contractual")
    assert found.as_of.isoformat() == "2025-11-30"


def test_what_can_only_have_happened_is_still_refused_after_today(tmp_path: Path) -> None:
    assert "a date after today in 'date'" in problems(tmp_path, "customer_id,date,revenue\na,2026-03-01,5\n")
    # A day long past that stands for "no end" would end a contract before it began.
    said = problems(tmp_path, {"subscriptions": SUBSCRIPTIONS + "a,2024-01-01,1900-01-01,5\n"}, contract="contractual")
    assert "'end' before 'start'" in said
    assert "leave it empty or write a day far ahead (9999-12-31)" in said
    assert "a value of 'start' that is not a date" in problems(
        tmp_path, {"subscriptions": SUBSCRIPTIONS + "a,9999-12-31,,5\n"}, contract="contractual"
    )


def test_contracts_of_no_length_are_left_out_and_said(tmp_path: Path) -> None:
    lines = [f"c{number},2024-01-{number:02d},,5" for number in range(1, 9)]
    never = ["n1,2024-05-05,2024-05-05,5", "c1,2023-12-01,2023-12-01,5"]
    found = load(tmp_path, {"subscriptions": SUBSCRIPTIONS + "\n".join(lines + never)}, contract="contractual")
    assert rows(found, "subscriptions", "customer_id") == [(f"c{number}",) for number in range(1, 9)]
    (caution,) = [one for one in found.cautions if one.kind == "never_active"]
    assert (caution.kind, caution.table, caution.rows, caution.share) == ("never_active", "subscriptions", 2, 0.2)
    staff = "employee_id,unit,hired,left\n1,x,2024-01-01,2024-01-01\n2,x,2024-01-01,\n"
    found = load(tmp_path, {"employees": staff, "subscriptions": SUBSCRIPTIONS + lines[0]}, contract="contractual")
    assert [(one.kind, one.table, one.rows) for one in found.cautions] == [("never_active", "employees", 1)]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("p,v,2025-03-01,", 0),
        ("p,v,2025-02-20,", 0),
        ("p,u,2025-02-20,", 0),
        ("p,u,2024-01-01,2025-09-01", 1),
        ("p,v,2024-01-01,", 0),
        ("q,u,2024-01-01,", 0),
    ],
)
def test_one_person_employed_twice_at_a_time_in_one_unit_is_said(tmp_path: Path, second: str, told: int) -> None:
    people = f"employee_id,unit,hired,left\np,u,2024-01-01,2025-03-01\n{second}\nr,u,2024-05-01,\n"
    found = load(tmp_path, {"transactions": "customer_id,date,revenue\na,2025-03-01,10\n", "employees": people})
    assert [one.rows for one in found.cautions if one.kind == "repeated_rows"] == [1] * told
