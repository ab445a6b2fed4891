"""Rows that are no answer, ticket, contract, contact or fee by their other columns: a caution, and none on clean files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tables.helpers import load

SOLD = "customer_id,date,revenue\n" + "".join(f"{who},2025-03-0{n + 1},10\n" for n, who in enumerate("abcd"))
WHO = ["a", "b", "a", "c"]
TWICE: dict[str, list[Any]] = {"customer_id": list("aabb"), "date": ["2025-05-01"] * 2 + ["2025-05-02"] * 2}
"""The rows of two customers, each there twice."""
TABLES: dict[str, dict[str, list[Any]]] = {
    "surveys": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "metric": ["nps"] * 4, "score": [9, 3, 10, 7]},
    "interactions": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "channel": ["mail"] * 4, "reason": ["fee"] * 4},
    "contacts": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "campaign": ["x"] * 4, "arm": ["mail", "sms"] * 2},
    "fees": {"date": [f"2025-05-0{n}" for n in range(1, 5)], "amount": [5, 6, 7, 8]},
    "subscriptions": {"start": [f"2025-0{n}-01" for n in range(1, 5)], "end": ["", "2025-09-01", "", ""]},
    "rollout": {
        "programme": ["x"] * 4,
        "unit": list("abcd"),
        "start": ["2025-01-01", "2025-02-01", "", "2027-01-01"],
    },
    "employees": {
        "employee_id": ["p", "q", "r", "s"],
        "unit": ["n"] * 4,
        "hired": ["2025-01-01"] * 4,
        "left": ["", "2025-09-01", "2999-12-31", ""],
    },
}


def _said(folder: Path, table: str, extra: dict[str, list[Any]], **more: Any) -> list[str]:
    columns = ({} if table in ("employees", "rollout") else {"customer_id": WHO}) | TABLES[table] | extra
    rows = [",".join(f'"{one}"' for one in row) for row in zip(*columns.values(), strict=True)]
    (folder / "x.csv").write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    tables = {table: {"path": "x.csv", **more}} | ({} if table == "subscriptions" else {"transactions": SOLD})
    contract = "contractual" if table == "subscriptions" else "noncontractual"
    found = load(folder, tables, contract=contract)
    texts = [one.text for one in found.cautions if one.kind in ("left_aside", "repeated_rows")]
    return [text for text in texts if "in every column" not in text]  # of the columns that are mapped: told elsewhere


@pytest.mark.parametrize(
    ("table", "extra", "words"),
    [
        ("surveys", {"Status": ["IP Address", "Survey Preview", "", "IP Address"]}, "among them Survey Preview 1."),
        ("surveys", {"Finished": ["True", "False", "True", "True"]}, "leave_out_rows: {Finished: ['False']}"),
        (
            "surveys",
            {**TWICE, "score": [9, 9, 3, 4], "Response ID": ["R1", "R1", "R2", "R2"], "Status": ["a", "b", "c", "d"]},
            "1 row of 'surveys' has the same 'Response ID' as an earlier row",
        ),
        ("interactions", {"Status": ["Solved", "Merged", "Spam", "Open"]}, "leave_out_rows: {Status: [Merged, Spam]}"),
        ("interactions", {"Deleted at": ["", "2025-06-01", "", ""]}, "'Deleted at' marks 1 row of 'interactions'"),
        (
            "interactions",
            {**TWICE, "Ticket no.": [1, 1, 2, 2], "Updated at": ["2025-05-06", "2025-05-07"] * 2},
            "once_per: [Ticket no.] and, on a line of its own, latest: Updated at",
        ),
        (
            "interactions",
            {"State": ["Ohio", "Utah", "Ohio", "Iowa"], "Status": ["Open", "Spam", "Open", "Open"]},
            "Spam 1",
        ),
        ("rollout", {"Status": ["live", "Not started", "live", "planned"]}, "among them Not started 1."),
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
        (
            "subscriptions",
            {**TWICE, "start": ["2025-01-01"] * 4, "plan": ["base", "addon"] * 2, "Contract no.": [1, 1, 2, 2]},
        ),
        ("interactions", {**TWICE, "channel": ["mail", "call"] * 2, "case_id": [1, 1, 2, 2]}),
        ("surveys", {**TWICE, "Question": ["q1", "q2"] * 2, "Response ID": [1, 1, 2, 2]}),
        ("fees", {**TWICE, "Line": [1, 2, 1, 2], "Invoice no": [7, 7, 8, 8]}),
        ("rollout", {"Status": ["live", "live", "not started", "not started"]}),
        ("rollout", {"Status": ["live", "withdrawn", "live", "live"], "ended_on": ["", "2025-03-01", "", ""]}),
        ("surveys", {"score": [9, "", 10, 7], "Completed": ["yes", "no", "yes", "yes"]}),
        ("surveys", {"score": [9, "", 10, 7], "Status": ["done", "partial", "done", "done"]}),
        ("surveys", {"Marital status": ["single", "abandoned", "single", "single"]}),
        ("surveys", {"Test": ["A", "", "", ""]}),
        ("interactions", {"Order status": ["shipped", "cancelled", "shipped", "shipped"]}),
        ("interactions", {"Order cancelled": ["", "yes", "", ""], "Blood test": ["", "yes", "", ""]}),
        ("interactions", {"Cancellation reason": ["", "price", "", ""], "cancel_date": ["", "2025-05-01", "", ""]}),
        ("interactions", {"Cancellation request": ["", "yes", "", ""], "deleted_account": ["", "yes", "", ""]}),
        ("interactions", {"Status": ["open", "Duplicate charge", "test drive booked", "cancelled order"]}),
        ("fees", {"Payment status": ["paid", "cancelled", "paid", "pending"]}),
        ("fees", {"status": ["paid", "waived", "paid", "paid"], "waived": [0, 1, 0, 0]}),
        (
            "subscriptions",
            {"Membership status": ["cancelled"] * 4, "account status": ["trial", "live", "live", "live"]},
        ),
        ("subscriptions", {"Customer status": ["live", "prospect", "live", "live"]}),
        ("subscriptions", {"Status": ["active", "trial converted", "qualified", "Probezeit beendet"]}),
        ("subscriptions", {"Status": ["Not expired", "Never cancelled", "cancelled_at_term_end", "active"]}),
        ("subscriptions", {"Status": ["Cancelled, runs until renewal", "active", "active", "active"]}),
        ("employees", {"Marital status": ["left", "single", "left", "left"]}),
        ("employees", {"Status": ["Left side", "Retired early scheme", "Active", "Active"]}),
        ("contacts", {"event": ["sent", "open day", "sent", "sent"]}),
        ("contacts", {"activity": ["Mailing", "Open house", "Mailing", "Mailing"]}),
        ("employees", {"Status": ["Active", "Terminated", "Active", "On leave"]}),
    ],
)
def test_clean_files_are_not_doubted(tmp_path: Path, table: str, extra: dict[str, list[Any]]) -> None:
    assert _said(tmp_path, table, extra) == []


def test_the_line_that_is_offered_leaves_the_rows_out(tmp_path: Path) -> None:
    extra = {**TWICE, "Ticket ID": [1, 1, 2, 2], "Status": ["Solved", "Open", "Spam", "Spam"]}
    assert len(_said(tmp_path, "interactions", extra)) == 2
    more = {"once_per": "Ticket ID", "leave_out_rows": {"Status": ["Spam"]}}
    assert _said(tmp_path, "interactions", extra, **more) == []
