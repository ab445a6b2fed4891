"""Rows that are no answer, ticket, contract, contact or fee by their other columns: a caution, and none on clean files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load

SOLD = "customer_id,date,revenue\n" + "".join(f"{who},2025-03-0{n + 1},10\n" for n, who in enumerate("abcd"))
WHO = ["a", "b", "a", "c"]
TABLES: dict[str, dict[str, list[Any]]] = {
    "surveys": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "metric": ["nps"] * 4, "score": [9, 3, 10, 7]},
    "interactions": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "channel": ["mail"] * 4, "reason": ["fee"] * 4},
    "contacts": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "campaign": ["x"] * 4, "arm": ["mail", "sms"] * 2},
    "fees": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "amount": [5, 6, 7, 8]},
    "subscriptions": {"start": [f"2025-0{n}-01" for n in range(1, 5)], "end": ["", "2025-09-01", "", ""]},
    "employees": {
        "employee_id": ["p", "q", "r", "s"],
        "unit": ["n"] * 4,
        "hired": ["2025-01-01"] * 4,
        "left": ["", "2025-09-01", "2999-12-31", ""],
    },
}


def _said(folder: Path, table: str, extra: dict[str, list[Any]], **more: Any) -> list[str]:
    columns = ({} if table == "employees" else {"customer_id": WHO}) | TABLES[table] | extra
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    (folder / "x.csv").write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    tables = {table: {"path": "x.csv", **more}} | ({} if table == "subscriptions" else {"transactions": SOLD})
    contract = "contractual" if table == "subscriptions" else "noncontractual"
    found = load(folder, tables, contract=contract)
    return [one.text for one in found.cautions if one.kind in ("left_aside", "repeated_rows")]


@pytest.mark.parametrize(
    ("table", "extra", "words"),
    [
        ("surveys", {"Status": ["IP Address", "Survey Preview", "", "IP Address"]}, "among them Survey Preview 1."),
        ("surveys", {"Finished": ["True", "False", "True", "True"]}, "leave_out_rows: {Finished: ['False']}"),
        ("surveys", {"Response ID": ["R1", "R1", "R2", "R3"]}, "1 row of 'surveys' has a 'Response ID' that"),
        ("interactions", {"Status": ["Solved", "Merged", "Spam", "Open"]}, "leave_out_rows: {Status: [Merged, Spam]}"),
        ("interactions", {"Deleted at": ["", "2025-06-01", "", ""]}, "'Deleted at' marks 1 row of 'interactions'"),
        (
            "interactions",
            {"Ticket ID": [1, 1, 2, 2], "Updated at": ["2025-05-06", "2025-05-07"] * 2},
            "once_per: Ticket ID, latest: Updated at",
        ),
        ("contacts", {"event": ["sent", "open", "sent", "click"]}, "leave_out_rows: {event: [click, open]}"),
        ("fees", {"status": ["paid", "cancelled", "paid", "waived"]}, "among them cancelled 1, waived 1."),
        ("subscriptions", {"Status": ["active", "canceled", "trialing", "active"]}, "among them trialing 1."),
        ("subscriptions", {"Status": ["canceled", "canceled", "active", "active"]}, "in 1 contract without 'end'"),
        ("employees", {"Status": ["Active", "Terminated", "Terminated", "Left"]}, "in 2 rows without 'left'"),
    ],
)
def test_rows_that_may_not_count_are_said(tmp_path: Path, table: str, extra: dict[str, list[Any]], words: str) -> None:
    (said,) = _said(tmp_path, table, extra)
    assert words in said
    assert _said(tmp_path, table, extra, layout="own") == []


@pytest.mark.parametrize(
    ("table", "extra"),
    [
        ("surveys", {"Status": ["IP Address", "Imported", "IP Address", "IP Address"]}),
        ("surveys", {"Finished": ["True"] * 4, "Response ID": ["R1", "R2", "R3", "R4"]}),
        ("surveys", {"Response ID": ["R1", "R1", "R2", "R2"], "metric": ["nps", "csat", "nps", "csat"]}),
        ("interactions", {"Status": ["Open", "Pending", "Solved", "Closed"], "Ticket ID": [1, 2, 3, 4]}),
        ("interactions", {"id": ["a7", "b7", "a7", "c7"]}),  # those of customers
        ("contacts", {"event": ["sent", "delivered", "sent", "sent"]}),
        ("fees", {"status": ["paid", "open", "pending", "paid"]}),
        ("subscriptions", {"Status": ["active", "canceled", "past_due", "pending cancellation"]}),
        ("subscriptions", {"Contract no.": ["k1", "k2", "k1", "k4"]}),  # a renewal
        ("employees", {"Status": ["Active", "Terminated", "Active", "On leave"]}),
    ],
)
def test_clean_files_are_not_doubted(tmp_path: Path, table: str, extra: dict[str, list[Any]]) -> None:
    assert _said(tmp_path, table, extra) == []


def test_the_line_that_is_offered_leaves_the_rows_out(tmp_path: Path) -> None:
    extra = {"Ticket ID": [1, 1, 2, 2], "Status": ["Solved", "Solved", "Spam", "Spam"]}
    more = {"once_per": "Ticket ID", "leave_out_rows": {"Status": ["Spam"]}}
    assert _said(tmp_path, "interactions", extra, **more) == []
