"""What `cxvalue check` says: the amounts that were understood, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxvalue.cli.commands import main

ROWS = "order,customer_id,date,state,revenue\n1,a,2025-03-01,paid,10\n2,a,2025-03-01,paid,5\n3,b,2025-04-01,paid,7\n"
ROWS += "1,a,2025-03-09,paid,-10\n3,b,2025-04-09,paid,-3\n4,c,2025-04-09,failed,99\n"
ROWS += "5,,2025-04-10,paid,4\n6,d,2025-07-01,paid,1\n"
STUDY = """name: small
currency: EUR
gross_margin: 0.4
as_of: 2025-06-30
tables:
  transactions:
    path: orders.csv
    keep_rows: {state: [paid]}
    rows_without_customer: count
    columns: {order_id: order}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study.yml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "orders.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def test_check_says_what_it_understood(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(study)]) == 0
    said = capsys.readouterr().out
    understood = (
        "transactions: 8 rows read, 5 kept, 2 customers, 2 orders, net revenue EUR 9.00, 2025-03-01 to 2025-04-09"
    )
    assert understood in said
    assert "left out     transactions: 1 state: failed" in said
    assert "left out     transactions: 1 sales to guests" in said


def test_check_as_json(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(study), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    table = found["tables"]["transactions"]
    assert table == {
        "rows": 8,
        "kept": 5,
        "left_out": {"keep_rows": 1, "after_as_of": 1, "guest": 1},
        "customers": 2,
        "orders": 2,
        "revenue": 9.0,
        "currency": "EUR",
        "first": "2025-03-01",
        "last": "2025-04-09",
    }
    assert found["problems"] == []


def test_problems_are_json_as_well(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "orders.csv").write_text(ROWS + "7,d,2025-06-01,paid,much\n", encoding="utf-8")
    assert main(["check", str(study), "--json"]) == 2
    said = capsys.readouterr()
    problem = json.loads(said.out)["problems"][0]
    assert (problem["table"], problem["column"], problem["rows"]) == ("transactions", "revenue", 1)
    assert "much" in problem["remedy"]
    assert "1 problem found" in said.err


def test_tables_are_shown_although_answers_are_missing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asking = STUDY.replace("gross_margin: 0.4", "gross_margin: ASK").replace("currency: EUR", "currency: ASK")
    (study / "study.yml").write_text(asking + "  customers: {path: ASK}\n", encoding="utf-8")
    assert main(["check", str(study), "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [problem["text"].split(": ")[1] for problem in found["problems"]] == [
        "currency",
        "gross_margin",
        "tables.customers.path",
    ]
    assert list(found["tables"]) == ["transactions"]
    assert (found["tables"]["transactions"]["revenue"], found["tables"]["transactions"]["currency"]) == (9.0, None)
    assert main(["check", str(study)]) == 2
    assert "understood   transactions: 8 rows read, 5 kept" in capsys.readouterr().out
