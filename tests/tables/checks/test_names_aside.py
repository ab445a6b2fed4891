"""Columns whose names say another unit, term or day than the study takes them for: a caution, and none for plain names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load

SOLD = "customer_id,date,revenue\n" + "".join(f"{who},2025-03-0{n + 1},10\n" for n, who in enumerate("abcd"))
DAYS = [f"2025-05-0{n}" for n in range(1, 5)]
TABLES: dict[str, dict[str, list[Any]]] = {
    "interactions": {"customer_id": list("abac"), "date": DAYS, "channel": ["mail"] * 4, "reason": ["fee"] * 4},
    "contacts": {"customer_id": list("abcd"), "campaign": ["x"] * 4, "arm": ["mail", "sms"] * 2},
    "fees": {"customer_id": list("abac"), "date": DAYS},
    "subscriptions": {"customer_id": list("abcd"), "start": [f"2025-0{n}-01" for n in range(1, 5)]},
    "employees": {"employee_id": list("pqrs"), "unit": ["n"] * 4, "hired": DAYS, "left": ["", "2025-09-01", "", ""]},
    "customers": {"customer_id": list("abcd")},
}
ENDS = ["", "2025-09-01", "2025-10-01", ""]


def _said(folder: Path, table: str, extra: dict[str, list[Any]], mapped: dict[str, str]) -> list[str]:
    columns = TABLES[table] | extra
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    head = ",".join('"' + name.replace('"', '""') + '"' for name in columns)
    (folder / "x.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    more = {} if table == "subscriptions" else {"transactions": SOLD}
    contract = "contractual" if table == "subscriptions" else "noncontractual"
    found = load(folder, {table: {"path": "x.csv", "columns": mapped}, **more}, contract=contract)
    return [one.text for one in found.cautions if one.kind == "left_aside"]


def _contract(name: str, values: list[Any], **beside: list[Any]) -> tuple[str, dict[str, list[Any]], dict[str, str]]:
    return "subscriptions", {"end": ENDS, name: values, **beside}, {"value_per_month": name}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("interactions", {"Handling (hours)": [0.5, 1, 2, 1]}, {"minutes": "Handling (hours)"}), "* 60"),
        (("interactions", {"handle_time_sec": [60, 90, 60, 60]}, {"minutes": "handle_time_sec"}), "/ 60"),
        (("interactions", {"SLA due": DAYS}, {"resolved_on": "SLA due"}), "the day by which it was to be done"),
        (("employees", {"Annual salary": [40_000] * 4}, {"monthly_cost": "Annual salary"}), "'=[Annual salary] / 12'"),
        (("contacts", {"Opened at": DAYS}, {"date": "Opened at"}), "on which the customer reacted"),
        (("customers", {"Date of birth": ["1980-02-03"] * 4}, {"acquired_on": "Date of birth"}), "a day of birth"),
        (("fees", {"fee cents": [500, 600, 500, 900]}, {"amount": "fee cents"}), "'=[fee cents] / 100'"),
        (("fees", {"amount": [5, 6, 5, 9], "Currency": ["EUR", "USD", "EUR", "EUR"]}, {}), "says USD in 1 row."),
        (_contract("TCV", [600, 700, 900, 900]), "'=[TCV] / 24'"),
        (_contract("TCV", [600] * 4, **{"Term (months)": [12, 24, 12, 12]}), "'=[TCV] / [Term (months)]'"),
        (_contract("MRR kEUR", [0.6, 0.5, 0.7, 0.9]), "'=[MRR kEUR] * 1000'"),
        (_contract("MRR (USD)", [60, 50, 70, 90]), "the study's currency is EUR"),
        (_contract("mrr", [60, 50, 70, 90], Currency=["USD"] * 4), "says USD in 4 rows."),
        (_contract("Unit price", [60, 50, 70, 90], Quantity=[1, 2, 3, 1]), "'=[Quantity] * [Unit price]'"),
        (("subscriptions", {"Current Period End": ENDS}, {"end": "Current Period End"}), "paid or on which it renews"),
        (
            ("subscriptions", {"Canceled At": ENDS, "Ended At": ENDS}, {"end": "Canceled At"}),
            "If it does: end: Ended At.",
        ),
    ],
)
def test_a_name_that_says_something_else_is_said(tmp_path: Path, given: tuple[Any, Any, Any], words: str) -> None:
    (said,) = _said(tmp_path, *given)
    assert words in said


@pytest.mark.parametrize(
    "given",
    [
        ("interactions", {"Handle time": [5, 6, 5, 9]}, {"minutes": "Handle time"}),
        ("interactions", {"Solved at": DAYS, "Due date": DAYS}, {"resolved_on": "Solved at"}),
        ("employees", {"Salary per month": [4_000] * 4}, {"monthly_cost": "Salary per month"}),
        ("contacts", {"Sent at": DAYS}, {"date": "Sent at"}),
        ("customers", {"Member since": ["2024-02-03"] * 4}, {"acquired_on": "Member since"}),
        ("fees", {"amount": [5, 6, 5, 9], "Currency": ["EUR"] * 4}, {}),
        _contract("MRR (EUR)", [60, 50, 70, 90], Quantity=[1, 2, 3, 1]),
        _contract("Unit price", [60, 50, 70, 90], Quantity=[1, 1, 1, 1]),
        _contract("MRR", [60, 50, 70, 90], **{"Term (months)": [12, 24, 12, 12]}),
        ("subscriptions", {"Canceled At": ENDS}, {"end": "Canceled At"}),
        ("subscriptions", {"Canceled At": ENDS, "ended": ["no", "yes", "yes", "no"]}, {"end": "Canceled At"}),
        (
            "subscriptions",
            {"Cancellation effective date": ENDS, "Ended At": ENDS},
            {"end": "Cancellation effective date"},
        ),
        *(
            ("subscriptions", {name: ENDS}, {"end": name})
            for name in (
                *("non_renewal_date", "Not renewed on", "Lapsed (did not renew)", "Ended (churned before renewal)"),
            )
        ),
        *(
            _contract(name, [60, 50, 70, 90], duration_months=[12, 24, 12, 12])
            for name in (
                "Monthly contract value",
                "Contract value (monthly)",
                "Contract value per month",
                "price",
                "Fee",
            )
        ),
        *(
            ("interactions", {name: [5, 6, 5, 9]}, {"minutes": name})
            for name in ("business_hours_minutes", "Minutes outside hours", "Second call minutes", "Second call")
        ),
        ("interactions", {'talk "hours"': [5, 6, 5, 9]}, {"minutes": 'talk "hours"'}),
        ("interactions", {"talk [hours]": [5, 6, 5, 9]}, {"minutes": "talk [hours]"}),
        *(
            ("interactions", {name: DAYS}, {"resolved_on": name})
            for name in ("SLA resolved at", "Actual resolution (target met)", "Resolved at (deadline kept)")
        ),
        ("interactions", {"First response (SLA)": DAYS}, {"responded_on": "First response (SLA)"}),
        ("employees", {"salary cents": [""] * 4}, {"monthly_cost": "salary cents"}),
        ("customers", {"birthday_club_joined": ["2024-02-03"] * 4}, {"acquired_on": "birthday_club_joined"}),
    ],
)
def test_a_plain_name_is_not_doubted(tmp_path: Path, given: tuple[Any, Any, Any]) -> None:
    assert _said(tmp_path, *given) == []


@pytest.mark.parametrize(("codes", "told"), [(["USD"] * 4, True), (["EUR"] * 4, False)])
def test_purchases_all_in_one_other_currency_are_said(tmp_path: Path, codes: list[str], told: bool) -> None:
    rows = [f"{who},2025-03-0{n + 1},10,{codes[n]}" for n, who in enumerate("abcd")]
    (tmp_path / "x.csv").write_text("\n".join(["customer_id,date,revenue,ccy", *rows]), encoding="utf-8")
    said = [one.text for one in load(tmp_path, {"transactions": {"path": "x.csv"}}).cautions]
    assert ["'ccy' says USD in 4 rows" in text for text in said] == [True] * told
