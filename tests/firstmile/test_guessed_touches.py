"""Tickets and answers to surveys that no record knows: by their columns' names, and asked where several would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.foundation.errors import BadInput
from cxvalue.workspace.check import examine
from tests.exports import as_csv


def _found(folder: Path, header: str, *rows: str) -> Recognised:
    (folder / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        (
            "Summary|Issue key|Issue id|Issue Type|Status|Priority|Reporter|Created|Updated|Resolved",
            "Help {n}|SUP-{n}|{n}00|Request|Done|High|user{c}|1{n}/Jul/24 10:05|2{n}/Jul/24 9:00|1{n}/Aug/24 9:00",
            ("Reporter", "Created", "Resolved", "='none'"),
        ),
        (
            "Case Number|Account ID|Contact Email|Subject|Case Origin|Status|Date/Time Opened|Date/Time Closed",
            "000{n}|001A{c}|c{c}@example.org|S{n}|Email|Closed|2025-01-1{n} 10:00|2025-01-2{n} 10:00",
            ("Account ID", "Date/Time Opened", "Date/Time Closed", "=[Case Origin] else 'none'"),
        ),
        (
            "Ticket ID|Ticket name|Ticket status|Create date|Close date|Source|Associated Contact IDs",
            "9{n}|T{n}|Closed|2025-01-1{n} 10:00|2025-01-2{n} 10:00|EMAIL|50{c}",
            ("Associated Contact IDs", "Create date", "Close date", "=[Source] else 'none'"),
        ),
        (
            "Conversation ID|Conversation started at|Conversation first closed at|Channel|User ID|Conversation rating",
            "7{n}|2025-01-1{n} 10:00|2025-01-2{n} 10:00|Email|u{c}|{c}",
            ("User ID", "Conversation started at", "Conversation first closed at", "=[Channel] else 'none'"),
        ),
    ],
)
def test_a_table_of_tickets(tmp_path: Path, header: str, row: str, columns: tuple[str, ...]) -> None:
    found = _found(tmp_path, header, *(row.format(n=n, c=n % 3) for n in range(1, 9)))
    draft = found.understanding.drafts[0]
    assert draft.table == "interactions"
    assert tuple(draft.spec["columns"][name] for name in ("customer_id", "date", "resolved_on", "channel")) == columns


@pytest.mark.parametrize(
    ("file", "header", "table"),
    [
        ("complaints.csv", "customer|day|kind", "interactions"),
        ("export.csv", "customer|opened|kind|resolved", "interactions"),
        ("export.csv", "customer|opened|kind|shipped", None),
        ("export.csv", "customer|opened|stage|closed", None),
        ("accounts.csv", "customer|opened|kind|closed", None),
    ],
)
def test_the_file_s_name_or_a_day_on_which_it_was_solved_tell_a_ticket(
    tmp_path: Path, file: str, header: str, table: str | None
) -> None:
    rows = [f"c{n % 3}|2025-01-1{n}|late|2025-02-1{n}".rsplit("|", 3 - header.count("|"))[0] for n in range(1, 9)]
    (tmp_path / file).write_text(as_csv(header, *rows), encoding="utf-8")
    if table is None:
        with pytest.raises(BadInput, match="name it in the study file"):
            recognise(tmp_path / file)
    else:
        assert recognise(tmp_path / file).understanding.drafts[0].table == table


@pytest.mark.parametrize(
    "header",
    [
        "Timestamp|Email Address|How likely are you to recommend us?|Comments",
        "Datum|Kundennummer|Bewertung (0-10)|Kommentar",
        "дата|код клиента|оценка|комментарий",
    ],
)
def test_a_table_of_answers_asks_for_its_score(tmp_path: Path, header: str) -> None:
    found = _found(tmp_path, header, *(f"2025-01-{n + 10}|k{n % 3}|{n}|fine" for n in range(1, 9)))
    day, customer, score, _ = header.split("|")
    assert found.understanding.drafts[0].table == "surveys"
    assert found.understanding.drafts[0].spec["columns"] == {"customer_id": customer, "date": day}
    assert {question.key for question in found.questions} == {"score", "metric"}
    spec, _, left = found.answer(accept=True).understanding.settled["surveys"]
    assert (spec["columns"]["score"], left) == (score, [])


def test_what_no_name_speaks_of_is_neither(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column looks like an amount"):
        _found(tmp_path, "customer_id|date|colour", *(f"k{n % 3}|2025-01-{n + 10}|red" for n in range(1, 9)))


def test_tickets_beside_purchases_are_read(tmp_path: Path) -> None:
    rows = [f"{n}|c{n % 3}|S|2025-01-1{n} 11:00:00 PM GMT+3|Email" for n in range(1, 9)]
    (tmp_path / "tickets.csv").write_text(
        as_csv("Ticket ID|Customer ID|Subject|Created|Source", *rows), encoding="utf-8"
    )
    sold = as_csv("customer_id|date|amount", *(f"c{n % 3}|2025-01-{n + 10}|{n}.50" for n in range(1, 9)))
    (tmp_path / "sold.csv").write_text(sold, encoding="utf-8")
    found = recognise([tmp_path / "sold.csv", tmp_path / "tickets.csv"])
    found.answer(currency="EUR", margin="unknown", tax="none").write(tmp_path / "both")
    assert examine(tmp_path / "both" / "study.yml").to_dict()["tables"]["interactions"]["rows"] == 8


@pytest.mark.parametrize(
    ("header", "row", "table"),
    [
        ("customer_id|start_date|end_date|mrr|support_tickets", "c{n}|2024-0{n}-01||{n}0|{n}", "subscriptions"),
        ("customer_id|name|signup_date|priority", "c{n}|N{n}|2024-01-1{n}|high", "customers"),
    ],
)
def test_a_column_about_tickets_makes_no_table_of_tickets(tmp_path: Path, header: str, row: str, table: str) -> None:
    found = _found(tmp_path, header, *(row.format(n=number) for number in range(1, 10)))
    assert [draft.table for draft in found.understanding.drafts] == [table]
