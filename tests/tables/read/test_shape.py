"""The keys in place of a query: each row counts or is left out with a reason, and a refund is a row of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxvalue.language.catalogue import using
from tests.tables.helpers import ledger, load, problems, rows

ORDERS = """order,buyer,day,state,total,tax,back,back_on,sku
1,a,2025-03-01,paid,12.00,2.00,,,x
1,,,,,,,,y
2,b,2025-03-02,failed,24.00,4.00,,,x
2,,,,,,,,y
3,a,2025-03-09,Paid,36.00,6.00,12.00,2025-04-01,x
4,b,2025-03-10,refunded,6.00,1.00,6.00,,x
5,c,2025-03-11,,6.00,1.00,,,x
"""
COLUMNS = {"customer_id": "buyer", "date": "day", "order_id": "order", "revenue": "=[total] - [tax]", "product": "sku"}
KEPT = {"once_per": "order", "keep_rows": {"state": ["paid", "refunded"]}, "columns": COLUMNS}
BACK = {"amount": "=[back] / 1.2", "date": "back_on"}


def _source(folder: Path, text: str = ORDERS, **keys: Any) -> dict[str, Any]:
    (folder / "orders.csv").write_text(text, encoding="utf-8")
    return {"transactions": {"path": "orders.csv", **keys}}


def _left_out(found: Any) -> list[tuple[str, str, int]]:
    return [(one.reason, one.what, one.rows) for one in found.counts if one.kind == "left_out"]


def test_rows_are_chosen_counted_and_calculated(tmp_path: Path) -> None:
    found = load(tmp_path, _source(tmp_path, **KEPT))
    assert rows(found) == [("a", "2025-03-01", 10.0), ("a", "2025-03-09", 30.0), ("b", "2025-03-10", 5.0)]
    assert _left_out(found) == [
        ("keep_rows", "state: empty", 1),
        ("keep_rows", "state: failed", 1),
        ("once_per", "further rows of one order", 2),
    ]
    assert next(one.rows for one in found.counts if one.kind == "read") == 7


def test_an_amount_that_came_back_is_a_refund_of_its_order(tmp_path: Path) -> None:
    """A purchase that came back in full is none: in the row itself it would stay one, of zero."""
    found = load(tmp_path, _source(tmp_path, **KEPT, refund=BACK))
    assert rows(found) == [("a", "2025-03-01", 10.0), ("a", "2025-03-09", 20.0)]
    made = rows(found, "transactions", "order_id, date::text, revenue")
    assert ("3", "2025-04-01", -10.0) in made
    assert ("4", "2025-03-10", -5.0) in made
    assert [one.rows for one in found.counts if one.kind == "made"] == [2]


def test_refunds_that_are_rows_of_their_own_name_their_order_elsewhere(tmp_path: Path) -> None:
    text = "id,of,kind,payer,payee,day,sum\n1,,sale,a,shop,2025-03-01,9\n2,,sale,b,shop,2025-03-01,5\n"
    text += "3,1,refund,shop,a,2025-03-05,9\n4,,payout,shop,bank,2025-03-06,-5\n"
    source = _source(
        tmp_path,
        text,
        keep_rows={"kind": ["sale", "refund"]},
        columns={"customer_id": "payer", "date": "day", "order_id": "id", "revenue": "sum"},
        refund={"rows": {"kind": ["refund"]}, "columns": {"customer_id": "payee", "order_id": "of"}},
    )
    assert rows(load(tmp_path, source)) == [("b", "2025-03-01", 5.0)]
    assert rows(load(tmp_path, source), "transactions", "customer_id, order_id, revenue")[0] == ("a", "1", -9.0)


def test_of_one_key_refunds_and_purchases_count_apart(tmp_path: Path) -> None:
    text = "t,kind,customer_id,date,revenue\n1,buy,a,2025-03-01,9\n1,buy,a,2025-03-01,9\n"
    text += "1,back,a,2025-03-02,4\n,look,a,2025-03-02,\n"
    keys = {"once_per": ["t"], "keep_rows": {"kind": ["buy", "back"]}, "refund": {"rows": {"kind": ["back"]}}}
    found = load(tmp_path, _source(tmp_path, text, **keys, columns={"order_id": "t", "revenue": "revenue"}))
    assert rows(found) == [("a", "2025-03-01", 5.0)]
    assert _left_out(found) == [("keep_rows", "kind: look", 1), ("once_per", "further rows of one t", 1)]


def test_amounts_of_lines_are_not_taken_for_those_of_an_order(tmp_path: Path) -> None:
    lines = ORDERS.replace("1,,,,,,,,y", "1,a,2025-03-01,paid,9.00,1.50,,,y")
    assert "'total' differs between the rows of one order, 1 time." in problems(
        tmp_path, _source(tmp_path, lines, **KEPT)
    )


def test_words_of_a_column_may_stand_for_others(tmp_path: Path) -> None:
    text = "customer_id,start,end,every,price\na,2025-01-01,,year,120\nb,2025-01-01,,month,7\n"
    columns = {"value_per_month": "=[price] / [every]", "plan": "every"}
    source = _source(tmp_path, text, columns=columns, values={"every": {"month": 1, "year": 12}})
    tables = {"subscriptions": source["transactions"]}
    found = load(tmp_path, tables, contract="contractual")
    assert rows(found, "subscriptions", "value_per_month, plan") == [(7.0, "1"), (10.0, "12")]
    tables["subscriptions"]["values"] = {"every": {"month": 1}}
    assert "1 row of 'every' with no number in it." in problems(tmp_path, tables, contract="contractual")


def test_constants_and_what_stands_in(tmp_path: Path) -> None:
    text = "who,mail,on,answer\na,,2025-03-01,9\n,m@example.com,2025-03-02,3\n"
    columns = {"customer_id": "=[who] else [mail]", "date": "on", "score": "answer", "metric": "='nps'"}
    surveys = _source(tmp_path, text, columns=columns)["transactions"]
    found = load(
        tmp_path,
        {"transactions": ledger("a,2025-03-01,1", "m@example.com,2025-03-01,1"), "surveys": surveys},
    )
    assert rows(found, "surveys", "customer_id, metric, score") == [("a", "nps", 9.0), ("m@example.com", "nps", 3.0)]


def test_lines_above_the_data_and_below_are_none(tmp_path: Path) -> None:
    text = "About this file\ncustomer_id,date,revenue\nwords,of a,second header\na,2025-03-01,5\nb,2025-03-02,6\n"
    text += 'Total,,11\n"Made by x"\n'
    source = _source(tmp_path, text, header_row=2, first_row=4, footer="leave_out")
    found = load(tmp_path, source)
    assert [row[2] for row in rows(found)] == [5.0, 6.0]
    assert next(one.rows for one in found.counts if one.kind == "read") == 2
    assert any("2 lines below the last full row left out as a footer" in note for note in found.read_notes)
    cut = _source(tmp_path, text.replace("b,2025-03-02,6", "b,2025-03"), header_row=2, first_row=4, footer="leave_out")
    assert "2 fields where there are 3 columns" in problems(tmp_path, cut)


@pytest.mark.parametrize("title", ["Sales 2025,,\n,Customer,\n", "Sales 2025\n\n"])
@pytest.mark.parametrize("columns", [{}, {"customer_id": "who", "date": "day"}])
def test_a_title_above_the_names_is_thought_of(tmp_path: Path, title: str, columns: dict[str, str]) -> None:
    text = title + "customer_id,date,revenue\na,2025-03-01,5\n"
    said, hint = (
        problems(tmp_path, _source(tmp_path, text, columns=columns)),
        "say which one, for example header_row: 3.",
    )
    assert said.count(hint) == 1
    assert len(load(tmp_path, _source(tmp_path, text, header_row=3)).paths) > 0
    other = problems(tmp_path, _source(tmp_path, "who,day,total\na,2025-03-01,5\n", columns={}))
    assert "header_row" not in other


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_what_counts_as_a_footer_is_the_same_in_every_language(language: str, tmp_path: Path) -> None:
    text = ledger("a,2025-03-01,5", "b,2025-03-02,6") + '"Made by x"\n'
    with using(language):
        found = load(tmp_path, _source(tmp_path, text, footer="leave_out"))
    assert [row[2] for row in rows(found)] == [5.0, 6.0]
    (note,) = found.done
    assert "left out" not in note


def test_rows_without_a_customer_are_guests_where_the_study_says_so(tmp_path: Path) -> None:
    source = _source(tmp_path, ledger("a,2025-03-01,5", ",2025-03-01,7"))
    assert "1 row with" in problems(tmp_path, source)
    source["transactions"]["rows_without_customer"] = "count"
    found = load(tmp_path, source, control_totals={"revenue": 12})
    assert rows(found) == [("a", "2025-03-01", 5.0)]
    assert found.control is not None
    assert found.control.within
    assert [(one.rows, one.reason) for one in found.counts if one.kind == "apart"] == [(1, "guest")]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"keep_rows": {"stat": ["paid"]}}, "keep_rows: the source has no column 'stat'. Did you mean 'state'?"),
        ({"keep_rows": {"state": ["shipped"]}}, "keeps no row. Values found: state: empty, 'Paid', 'failed'"),
        ({"columns": {**COLUMNS, "revenue": "=[total] - [vat]"}}, "columns.revenue: the source has no column 'vat'."),
        (
            {"columns": {**COLUMNS, "revenue": "=[state] * 2"}},
            "4 rows of 'state' with no number in it.",
        ),
        (
            {"refund": {"rows": {"state": ["refunded"]}, "columns": {"order_id": "of"}}},
            "refund.columns.order_id: the source",
        ),
    ],
)
def test_what_the_keys_name_must_be_there(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    assert words in problems(tmp_path, _source(tmp_path, **({"columns": COLUMNS} | keys)))


def test_amounts_in_expressions_are_held_to_the_rules_of_all_amounts(tmp_path: Path) -> None:
    text = 'customer_id,date,gross,tax\na,2025-03-01,"1,588","1,200"\n'
    source = _source(tmp_path, text, columns={"revenue": "=[gross] - [tax]"})
    assert "its numbers could be read two ways (1,588)." in problems(tmp_path, source)
    source["transactions"]["read"] = {"thousands": ","}
    assert rows(load(tmp_path, source)) == [("a", "2025-03-01", 388.0)]
    text = "customer_id,date,gross,tax\na,2025-03-01,$15,$2\n"
    assert "gross: " in problems(tmp_path, _source(tmp_path, text, columns={"revenue": "=[gross] - [tax]"}))
    assert rows(load(tmp_path, _source(tmp_path, text, columns={"revenue": "=[gross] - [tax]"}), currency="USD"))


def test_rows_may_be_left_out_by_what_they_hold(tmp_path: Path) -> None:
    text = "customer_id,date,revenue,gateway\na,2025-03-01,5,card\nb,2025-03-02,6,Bogus\nc,2025-03-03,7,\n"
    found = load(tmp_path, _source(tmp_path, text, leave_out_rows={"gateway": ["bogus"]}))
    assert [row[0] for row in rows(found)] == ["a", "c"]
    assert _left_out(found) == [("leave_out_rows", "gateway: Bogus", 1)]
    assert not [one for one in found.read_notes if "leave_out_rows" in one]
    found = load(tmp_path, _source(tmp_path, text, leave_out_rows={"gateway": ["boguss"]}))
    assert "transactions: leave_out_rows (gateway: boguss) matches no row." in found.read_notes


def test_a_time_with_the_letters_of_a_zone_is_the_day_that_is_written(tmp_path: Path) -> None:
    text = "customer_id,date,revenue\na,2025-03-01 23:03:45 PST,5\nb,2025-07-02 09:00:00 PDT,6\n"
    assert [row[1] for row in rows(load(tmp_path, _source(tmp_path, text)))] == ["2025-03-01", "2025-07-02"]
