"""Transactions to purchases: what is cut, merged, netted, refused and noted, and that every row is accounted for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxvalue.tables import ledger as in_the_ledger
from cxvalue.tables import netting
from cxvalue.tables.counts import ControlResult, TableSet
from cxvalue.tables.ledger import purchases
from cxvalue.tables.outside import ledger_of
from tests.tables.helpers import counted, ledger, load, problems, rows

AS_OF = date(2025, 12, 31)
ORDERS = "customer_id,date,revenue,order_id"


def _bought(*given: tuple[Any, ...], columns: tuple[str, ...] = ("customer_id", "date", "revenue")) -> Any:
    frame = pd.DataFrame(list(given), columns=list(columns))
    frame["date"] = pd.to_datetime("2025-01-01") + pd.to_timedelta(frame["date"], unit="D")
    return purchases(ledger_of(frame), AS_OF)


def _days(made: Any) -> list[tuple[str, int, float]]:
    table = made.table.order_by(["customer_id", "date"]).to_pyarrow().to_pylist()
    return [(row["customer_id"], (row["date"] - date(2025, 1, 1)).days, row["revenue"]) for row in table]


WITH_ORDER = ("customer_id", "date", "revenue", "order_id")


def test_purchases_of_one_day_are_one() -> None:
    made = _bought(("a", 0, 5), ("a", 0, 5), ("a", 1, 3), ("b", 0, 0))
    assert _days(made) == [("a", 0, 10), ("a", 1, 3), ("b", 0, 0)]
    assert (made.rows, made.merged_lines, made.purchases) == (4, 1, 3)


def test_two_refunds_of_one_day_take_two_purchases() -> None:
    made = _bought(("a", 0, 10), ("a", 1, 10), ("a", 2, 10), ("a", 3, -10), ("a", 3, -10))
    assert _days(made) == [("a", 0, 10)]
    assert (made.refunds, made.void_lines, made.refunded) == (2, 2, 20)


def test_a_refund_takes_the_latest_purchase_that_is_large_enough() -> None:
    assert _days(_bought(("a", 0, 10), ("a", 1, 4), ("a", 2, -6))) == [("a", 0, 4), ("a", 1, 4)]


def test_a_refund_may_be_of_the_same_day_but_never_of_a_later_one() -> None:
    assert _days(_bought(("a", 0, 10), ("a", 0, -4))) == [("a", 0, 6)]
    made = _bought(("a", 0, -4), ("a", 1, 10))
    assert (_days(made), made.unmatched_refunds) == ([("a", 1, 10)], 1)


def test_a_refund_larger_than_any_purchase_nets_the_latest_ones_newest_first() -> None:
    made = _bought(("a", 0, 10), ("a", 1, 10), ("a", 2, -15))
    assert (_days(made), made.unmatched_refunds, made.refunds, made.refunded) == ([("a", 0, 5)], 0, 1, 15)
    made = _bought(("a", 0, 50), ("a", 9, 50), ("a", 20, -100))
    assert (_days(made), made.void_lines, made.void_amount, made.revenue) == ([], 2, 100, 0)
    made = _bought(("a", 0, 5), ("a", 5, 1), ("a", 6, 8), ("a", 7, -12), ("a", 8, -1))
    assert (_days(made), made.refunded) == ([("a", 0, 1)], 13)


def test_a_refund_larger_than_all_earlier_purchases_matches_none() -> None:
    made = _bought(("a", 0, 10), ("a", 1, 10), ("a", 2, -21), ("a", 3, 50))
    assert (_days(made), made.unmatched_refunds, made.refunds) == ([("a", 0, 10), ("a", 1, 10), ("a", 3, 50)], 1, 0)


def test_the_margin_of_a_refund_is_spread_without_loss() -> None:
    columns = ("customer_id", "date", "revenue", "margin")
    made = _bought(("a", 0, 50, 10), ("a", 1, 50, 30), ("a", 2, -75, -33), columns=columns)
    # The newer purchase is gone with its margin of 30; the older keeps 25 of its revenue and 10 - 3 of its margin.
    assert made.table.select("date", "revenue", "margin").to_pyarrow().to_pylist() == [
        {"date": date(2025, 1, 1), "revenue": 25, "margin": 7}
    ]
    made = _bought(("a", 0, 50, 10), ("a", 1, 50, 30), ("a", 2, -100, -35), columns=columns)
    assert (_days(made), made.void_margin) == ([], 5)


def test_refunds_of_others_do_not_count() -> None:
    assert _bought(("a", 0, 10), ("b", 1, -10)).unmatched_refunds == 1


def test_later_refunds_see_what_earlier_ones_left() -> None:
    made = _bought(("a", 0, 10), ("a", 1, 10), ("a", 2, -6), ("a", 3, -6), ("a", 4, -6), ("a", 5, -6))
    assert (_days(made), made.unmatched_refunds) == ([("a", 0, 2)], 1)


def test_a_refund_with_an_order_id_nets_that_order() -> None:
    made = _bought(("a", 0, 10, "x"), ("a", 5, 10, "y"), ("a", 6, -4, "x"), columns=WITH_ORDER)
    assert _days(made) == [("a", 0, 6), ("a", 5, 10)]
    made = _bought(("a", 0, 10, "x"), ("a", 5, 10, "y"), ("a", 6, -10, "x"), columns=WITH_ORDER)
    assert (_days(made), made.void_lines) == ([("a", 5, 10)], 1)


def test_an_order_that_is_too_small_leaves_the_refund_to_the_latest_day() -> None:
    made = _bought(("a", 0, 10, "x"), ("a", 5, 20, "y"), ("a", 6, -15, "x"), columns=WITH_ORDER)
    assert _days(made) == [("a", 0, 10), ("a", 5, 5)]


def test_an_order_of_another_customer_is_not_netted() -> None:
    made = _bought(("a", 0, 10, "x"), ("b", 1, -10, "x"), columns=WITH_ORDER)
    assert (_days(made), made.unmatched_refunds) == ([("a", 0, 10)], 1)


def test_refunds_of_one_order_are_taken_in_order_while_they_fit() -> None:
    made = _bought(
        ("a", 0, 10, "x"), ("a", 0, 9, "y"), ("a", 1, -8, "x"), ("a", 2, -5, "x"), ("a", 3, -2, "x"), columns=WITH_ORDER
    )
    assert _days(made) == [("a", 0, 4)]
    assert made.void_lines == 1


def test_a_refunded_order_leaves_the_other_orders_of_the_day() -> None:
    made = _bought(("a", 0, 10, "x"), ("a", 0, 0, "y"), ("a", 1, -10, "x"), columns=WITH_ORDER)
    assert _days(made) == [("a", 0, 0)]


def test_cents_do_not_stand_in_the_way_of_a_full_refund() -> None:
    made = _bought(*[("a", 0, 0.1)] * 3, ("a", 1, -0.3))
    assert (_days(made), made.refunds) == ([], 1)


def test_margin_nets_along() -> None:
    made = _bought(("a", 0, 10, 4), ("a", 1, -5, -2), columns=("customer_id", "date", "revenue", "margin"))
    assert made.table.to_pyarrow().column("margin").to_pylist() == [2]


def _reference(ledger_rows: list[tuple[str, int, int, str | None]]) -> tuple[dict[tuple[str, int], int], int]:
    """The rules of the ledger, row by row in plain Python."""
    seen: set[tuple[Any, ...]] = set()
    lines = []
    for row in ledger_rows:
        if row[3] is None or row not in seen:
            lines.append(row)
        seen.add(row)
    orders: dict[tuple[str, str, int], list[int]] = {}
    loose: dict[tuple[str, int], list[int]] = defaultdict(list)
    for customer, day, amount, order in lines:
        if amount >= 0 and order is not None:
            orders.setdefault((customer, order, day), [0, 0])[0] += amount
        elif amount >= 0:
            loose[customer, day].append(amount)
    rest = []
    refunds = sorted((day, customer, order or "", amount) for customer, day, amount, order in lines if amount < 0)
    for day, customer, order, amount in refunds:
        fits = [key for key in orders if key[:2] == (customer, order) and key[2] <= day]
        fits = [key for key in fits if orders[key][0] - orders[key][1] >= -amount]
        if order and fits:
            orders[max(fits, key=lambda key: key[2])][1] -= amount
        else:
            rest.append((day, customer, amount))
    days: dict[tuple[str, int], list[int]] = {}
    for (customer, _, day), (gross, taken) in orders.items():
        if not (taken > 0 and gross == taken):
            days.setdefault((customer, day), [0, 0])[0] += gross - taken
    for key, amounts in loose.items():
        days.setdefault(key, [0, 0])[0] += sum(amounts)
    unmatched = 0
    for (day, customer), group in groupby(sorted(rest), key=lambda row: row[:2]):
        # Which of two refunds of one day comes first is not defined, so the ledgers below never need it.
        for _, _, amount in group:
            earlier = sorted((key for key in days if key[0] == customer and key[1] <= day), reverse=True)
            left = {key: days[key][0] - days[key][1] for key in earlier}
            fits_day = [key for key in earlier if left[key] >= -amount]
            if fits_day:
                days[fits_day[0]][1] -= amount
            elif sum(left.values()) >= -amount:
                owed = -amount
                for key in earlier:
                    part = min(owed, left[key])
                    days[key][1] += part
                    owed -= part
            else:
                unmatched += 1
    kept = {key: gross - taken for key, (gross, taken) in days.items() if not (taken > 0 and gross == taken)}
    return kept, unmatched


@st.composite
def _ledgers(draw: st.DrawFn) -> list[tuple[str, int, int, str | None]]:
    made: list[tuple[str, int, int, str | None]] = []
    for customer in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        bought = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), st.booleans()), min_size=1, max_size=5))
        own = [(day, amount, f"{customer}{i}" if known else None) for i, (day, amount, known) in enumerate(bought)]
        made += [(customer, day, amount, order) for day, amount, order in own]
        if draw(st.booleans()):
            made += [made[-1]]
        names = st.sampled_from([None, *[order for _, _, order in own if order], "none"])
        # One refund a day, as the order among refunds of one day is free.
        for day in draw(st.lists(st.integers(0, 9), max_size=4, unique=True)):
            made.append((customer, day, -draw(st.integers(1, 9)), draw(names)))
    return draw(st.permutations(made))


@contextmanager
def matched_in_rounds_above(few: int, bought: int = 50_000) -> Iterator[None]:
    """More refunds than `few`, or purchases than `bought`, are matched in the engine, round by round, others out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_the_ledger, "FEW_REFUNDS", few)
        patch.setattr(netting, "FEW_PURCHASES", bought)
        yield


def _of_one_shop(ledgers: list[list[tuple[str, int, int, str | None]]]) -> list[tuple[str, int, int, str | None]]:
    """Several ledgers as one, each with customers and orders of its own: what asks the engine is slow, so it asks once."""
    return [
        (f"{i}{customer}", day, amount, order and f"{i}{order}")
        for i, rows_of_one in enumerate(ledgers)
        for customer, day, amount, order in rows_of_one
    ]


@pytest.mark.parametrize("few", [0, 5000], ids=["rounds", "one by one"])
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ledgers(), min_size=3, max_size=6))
def test_purchases_agree_with_a_plain_reference(
    few: int, ledgers: list[list[tuple[str, int, int, str | None]]]
) -> None:
    ledger_rows = _of_one_shop(ledgers)
    expected, unmatched = _reference(ledger_rows)
    with matched_in_rounds_above(few):
        made = _bought(*ledger_rows, columns=WITH_ORDER)
    assert {(customer, day): revenue for customer, day, revenue in _days(made)} == expected
    assert made.unmatched_refunds == unmatched
    accounted = made.duplicates + made.refunds + made.unmatched_refunds + made.void_lines + made.merged_lines
    assert made.rows == accounted + made.purchases


@pytest.mark.parametrize("few", [0, 5000], ids=["rounds", "one by one"])
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ledgers(), min_size=3, max_size=6), st.integers(1, 4))
def test_no_margin_is_lost_or_made(
    few: int, ledgers: list[list[tuple[str, int, int, str | None]]], spread: int
) -> None:
    ledger_rows = _of_one_shop(ledgers)
    given_rows = [(*row, row[2] * (1 + i % spread)) for i, row in enumerate(ledger_rows)]
    with matched_in_rounds_above(few):
        made = _bought(*given_rows, columns=(*WITH_ORDER, "margin"))
    lines = made.lines
    if made.unmatched is not None:
        lines = lines.anti_join(made.unmatched, lines["__row__"] == made.unmatched.refund)
    totals = [float(table.margin.sum().to_pyarrow().as_py() or 0) for table in (lines, made.table)]
    assert totals[0] == pytest.approx(totals[1] + made.void_margin, abs=1e-9)


@pytest.mark.parametrize("bought", [10, 50_000], ids=["rounds", "one by one"])
def test_one_id_with_very_many_refunds_follows_the_same_rules(bought: int) -> None:
    sold = [("a", day, 10 + day % 7, None) for day in range(60)]
    back = [("a", 20 + day, -(3 + day % 11), None) for day in range(45)]
    back += [("a", 65, -150, None), ("a", 66, -90, None), ("a", 70, -10_000, None)]
    expected, unmatched = _reference(sold + back)
    with matched_in_rounds_above(5000, bought):
        made = _bought(*sold, *back, columns=WITH_ORDER)
    assert unmatched
    assert {(customer, day): revenue for customer, day, revenue in _days(made)} == expected
    assert made.unmatched_refunds == unmatched


def test_every_row_read_is_accounted_for(tmp_path: Path) -> None:
    text = ledger(
        "a,2025-01-01,10,o1",
        "a,2025-01-01,10,o1",
        "a,2025-01-01,5,o2",
        "a,2025-02-01,20,o3",
        "a,2025-02-03,-20,o3",
        "b,2025-03-01,0,",
        "b,2025-03-01,0,",
        "b,2025-04-01,9,",
        "b,2025-04-02,-4,",
        ",2025-01-01,1,o9",
        "c,2026-01-02,1,o8",
        "d,2025-01-01,3,o7",
        "e,2025-01-01,3,o7",
        "d,2025-01-02,-7,",
        header=ORDERS,
    )
    result = load(tmp_path, text, bad_rows={"drop_up_to": 0.5})
    assert rows(result) == [("a", "2025-01-01", 15.0), ("b", "2025-03-01", 0.0), ("b", "2025-04-01", 5.0)]
    assert counted(result, "read") == {"rows read": 14}
    assert counted(result, "dropped") == {
        "no customer_id": 1,
        "one order_id with conflicting content (different customers or days)": 2,
        "a refund larger than the customer's earlier purchases together": 1,
    }
    assert counted(result, "cut") == {"after 31 December 2025, the last day observed": 1}
    assert counted(result, "merged") == {"repeated lines of one order": 1, "further lines of one customer and day": 2}
    assert counted(result, "netted") == {
        "refunds taken off their purchase": 2,
        "lines of purchases refunded in full": 1,
    }
    assert counted(result, "kept") == {"purchases (one customer, one day)": 3}
    assert counted(result, "note") == {
        "zero amounts (they count as purchases)": 2,
        "exact duplicates without an order_id": 1,
    }
    amounts = {(count.kind, count.what): count.amount for count in result.counts}
    assert amounts["merged", "repeated lines of one order"] == 10
    assert amounts["kept", "purchases (one customer, one day)"] == 20
    assert amounts["netted", "refunds taken off their purchase"] == -24
    assert TableSet.from_dict(result.to_dict()) == result


def test_bad_rows_above_the_limit_are_refused_with_the_share(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("a,2025-01-01,1", ",2025-01-01,1"), bad_rows={"drop_up_to": 0.1})
    assert "1 row with no customer_id." in message
    assert "1 of 2 rows is bad (50.00%); bad_rows allows 10.00%. Correct the source, or raise" in message


def test_an_unmatched_refund_is_a_bad_row(tmp_path: Path) -> None:
    many = [f"b,2025-01-{1 + i % 28:02d},1" for i in range(60)]
    message = problems(tmp_path, ledger("a,2025-01-01,1", "a,2025-01-02,-3", *many))
    said = "1 row with a refund larger than the customer's earlier purchases together."
    assert f"tables.transactions.revenue: {said}" in message
    assert "correct its customer or order id, or add the purchases it belongs to" in message
    assert "line 3: a,2025-01-02,-3" in message
    # To leave it out would raise revenue.
    assert "drop" not in message


def test_a_refund_left_out_is_a_caution(tmp_path: Path) -> None:
    text = ledger("a,2025-01-01,40", "a,2025-01-02,-50", "b,2025-01-05,60", "b,2025-01-06,-1")
    result = load(tmp_path, text, bad_rows={"drop_up_to": 0.5}, as_of="2025-01-07")
    (caution,) = result.cautions
    assert (caution.kind, caution.rows, caution.lowers) == ("refunds", 1, True)
    assert caution.share == pytest.approx(50 / 99)
    assert "1 refund of 50.00 in all is left out" in caution.text
    assert not load(tmp_path, ledger("a,2025-01-01,4", "a,2025-01-02,-4"), as_of="2025-01-07").cautions


def test_a_credit_note_for_two_orders_is_taken_off_both(tmp_path: Path) -> None:
    text = ledger("a,2025-01-01,50", "a,2025-01-05,50", "a,2025-01-20,-100", "b,2025-01-02,7")
    result = load(tmp_path, text, as_of="2025-01-20")
    assert rows(result) == [("b", "2025-01-02", 7.0)]
    assert counted(result, "netted") == {
        "refunds taken off their purchase": 1,
        "lines of purchases refunded in full": 2,
    }


def test_lines_are_one_only_when_equal_in_every_column_of_the_file(tmp_path: Path) -> None:
    lines = ["a,2025-01-01,10,1,cup,", "a,2025-01-01,10,1,plate,", 'a,2025-01-01,10,1,"bowl, big",']
    for shown in (lines, [line.replace('"bowl, big"', "bowl") for line in lines]):
        text = ledger(*shown, shown[0], header=ORDERS + ",item,note")
        result = load(tmp_path, text)
        assert rows(result, columns="revenue, lines") == [(30.0, 3)]
        assert counted(result, "merged") == {
            "repeated lines of one order": 1,
            "further lines of one customer and day": 2,
        }


def test_different_amounts_make_lines_and_a_caution_where_nothing_else_differs(tmp_path: Path) -> None:
    told_apart = ledger("a,2025-01-01,10,1,cup", "a,2025-01-01,12,1,plate", header=ORDERS + ",item")
    result = load(tmp_path, told_apart, as_of="2025-01-02")
    assert (rows(result, columns="revenue"), result.cautions) == ([(22.0,)], ())
    not_told = ledger("a,2025-01-01,10,1,x", "a,2025-01-01,12,1,x", "b,2025-01-01,12,2,x", header=ORDERS + ",item")
    result = load(tmp_path, not_told, as_of="2025-01-02")
    (caution,) = result.cautions
    assert rows(result, columns="revenue") == [(12.0,), (22.0,)]
    assert (caution.kind, caution.column, caution.rows, caution.lowers) == ("repeated_rows", "order_id", 2, True)
    assert "2 rows of 1 order differ in nothing but amounts or a state." in caution.text
    with_product = {"path": "transactions.csv", "columns": {"product": "item"}}
    assert not load(tmp_path, {"transactions": with_product}, as_of="2025-01-02").cautions


def test_a_file_appended_twice_is_a_caution_and_natural_repeats_are_none(tmp_path: Path) -> None:
    once = [f"c{i % 50},2025-01-{1 + i % 28:02d},{10 + i % 9}" for i in range(300)]
    result = load(tmp_path, ledger(*once, *once[:3]), as_of="2025-01-31")
    assert (counted(result, "note")["exact duplicates without an order_id"], result.cautions) == (3, ())
    week = [row for row in once if row.split(",")[1] <= "2025-01-07"]
    (caution,) = load(tmp_path, ledger(*once, *week), as_of="2025-01-31").cautions
    assert (caution.kind, caution.rows, caution.lowers) == ("repeated_rows", 2 * len(week), True)
    assert "a file that was appended twice looks like that" in caution.text
    often = [f"d{i},2025-01-{1 + i % 28:02d},{i}" for i in range(40)] * 2 + once
    assert not load(tmp_path, ledger(*often), as_of="2025-01-31").cautions


@pytest.mark.parametrize(
    ("header", "one", "other"),
    [
        (ORDERS, "a,2025-01-01,1,o", "b,2025-01-01,1,o"),
        (ORDERS, "a,2025-01-01,1,o", "a,2025-01-02,1,o"),
        (ORDERS + ",product", "a,2025-01-01,1,o,p", "b,2025-01-01,1,o,q"),
    ],
)
def test_one_order_with_conflicting_content_is_bad(tmp_path: Path, header: str, one: str, other: str) -> None:
    message = problems(tmp_path, ledger(one, other, "z,2025-01-01,1,z" + "," * (header.count(",") - 3), header=header))
    assert "tables.transactions.order_id: 2 rows with one order_id with conflicting content" in message
    assert "An order belongs to one customer and one day; give each order its own id." in message
    assert f"line 2: {one}" in message
    assert f"line 3: {other}" in message


def test_products_and_amounts_make_lines_of_an_order(tmp_path: Path) -> None:
    text = ledger(
        "a,2025-01-01,1,o,p",
        "a,2025-01-01,1,o,q",
        "a,2025-01-01,2,o,q",
        "a,2025-01-01,2,o,q",
        header=ORDERS + ",product",
    )
    result = load(tmp_path, text)
    assert rows(result, columns="revenue, lines") == [(4.0, 3)]
    assert counted(result, "merged")["repeated lines of one order"] == 1


def test_margin_is_the_gross_margin_with_the_discount_at_its_full_cost(tmp_path: Path) -> None:
    text = ledger(
        "a,2025-01-01,80,20", "b,2025-01-01,80,", "c,2025-01-01,10,90", header="customer_id,date,revenue,discount"
    )
    result = load(tmp_path, text, gross_margin=0.3)
    assert rows(result, columns="customer_id, round(margin, 9)") == [("a", 10.0), ("b", 24.0), ("c", -60.0)]
    assert counted(result, "note") == {"lines with a negative margin": 1}


def test_a_refund_of_a_discounted_purchase_takes_back_its_margin(tmp_path: Path) -> None:
    for sign in ("", "-"):
        text = ledger("a,2025-01-01,80,20", f"a,2025-01-02,-40,{sign}10", header="customer_id,date,revenue,discount")
        assert rows(load(tmp_path, text, gross_margin=0.3), columns="round(margin, 9)") == [(5.0,)]


def test_a_margin_column_wins_and_must_be_filled(tmp_path: Path) -> None:
    header = "customer_id,date,revenue,margin"
    assert rows(load(tmp_path, ledger("a,2025-01-01,80,33", header=header)), columns="margin") == [(33.0,)]
    message = problems(tmp_path, ledger("a,2025-01-01,80,", header=header))
    assert "1 row with no margin. Fill it in, or leave the margin column out and give gross_margin" in message


def test_without_any_margin_the_study_is_refused(tmp_path: Path) -> None:
    message = problems(tmp_path, ledger("a,2025-01-01,80"), gross_margin=None)
    assert "has no margin column and no gross_margin. Map a margin column, or give gross_margin" in message


def test_the_latest_complete_month_ends_the_observation(tmp_path: Path) -> None:
    for last, end in [("2025-03-30", date(2025, 2, 28)), ("2025-03-31", date(2025, 3, 31))]:
        daily = [f"a,{day.date()},1" for day in pd.date_range("2025-01-05", last)]
        result = load(tmp_path, ledger(*daily), as_of=None)
        assert (result.as_of, result.observed_from) == (end, date(2025, 1, 5))
    message = problems(tmp_path, ledger("a,2025-01-29,1", "a,2025-01-30,1"), as_of="latest_complete_month")
    assert "no month is complete: the tables cover 2025-01-29 to 2025-01-30." in message


def test_as_of_overrides_the_study_and_must_make_sense(tmp_path: Path) -> None:
    text = ledger("a,2025-01-05,1")
    assert load(tmp_path, text, as_of="2025-06-30").as_of == date(2025, 6, 30)
    assert load(tmp_path, text, observed_from=date(2025, 1, 2)).observed_from == date(2025, 1, 2)
    assert "--as-of: 2026-01-16 lies in the future. Today is 2026-01-15" in problems(
        tmp_path, text, as_of=date(2026, 1, 16)
    )
    assert "2025-01-04 is before the first day in the tables, 2025-01-05." in problems(
        tmp_path, text, as_of=date(2025, 1, 4)
    )
    assert "--as-of: 'May' is not a day. Give a day such as 2026-06-30, or latest_complete_month." in problems(
        tmp_path, text, as_of="May"
    )


def test_rows_before_the_first_day_observed_are_kept_and_noted(tmp_path: Path) -> None:
    result = load(tmp_path, ledger("a,2025-01-05,1", "a,2025-02-05,1"), observed_from=date(2025, 2, 1))
    assert counted(result, "note") == {"before 1 February 2025, the first day observed": 1}
    assert len(rows(result)) == 2


def test_control_totals_are_compared_and_a_mismatch_is_no_error(tmp_path: Path) -> None:
    text = ledger("a,2024-12-31,7", "a,2025-01-05,100", "a,2025-01-06,-1", "a,2026-01-05,9")
    settings_ = {"observed_from": date(2025, 1, 1)}
    result = load(tmp_path, text, control_totals={"revenue": 100, "tolerance": 0.02}, **settings_)
    assert result.control == ControlResult(100, 99, -1, -0.01, 0.02, True)
    result = load(tmp_path, text, control_totals={"revenue": 110, "tolerance": 0.02}, **settings_)
    assert result.control is not None
    assert not result.control.within
    assert TableSet.from_dict(result.to_dict()) == result


def test_what_is_said_of_tables_stands_in_the_order_of_the_study_file(tmp_path: Path) -> None:
    fees = "customer_id,date,amount\na,2025-01-06,-5\n"
    given = {"fees": fees, "transactions": ledger("a,2025-01-05,1"), "customers": "customer_id\na\nb\n"}
    result = load(tmp_path, given)
    assert list(result.paths) == ["fees", "transactions", "purchases", "customers"]
    kept = [count.table for count in result.counts if count.kind == "kept"]
    assert kept == ["fees", "transactions", "customers"]
    bad = {"fees": fees + "a,x,1\n", "transactions": ledger("a,2025-01-05,x"), "customers": 'customer_id\na\n""\n'}
    said = problems(tmp_path, bad)
    assert said.index("fees") < said.index("transactions") < said.index("customers")


@pytest.mark.parametrize("few", [0, 5000], ids=["rounds", "one by one"])
def test_many_refunds_take_few_seconds(few: int) -> None:
    day = timedelta(days=1)
    frame = pd.DataFrame(
        [(f"c{i % 500}", date(2025, 1, 1) + (i % 300) * day, -5.0 if i % 10 == 9 else 20.0) for i in range(20_000)],
        columns=["customer_id", "date", "revenue"],
    ).astype({"date": "datetime64[s]"})
    with matched_in_rounds_above(few):
        made = purchases(ledger_of(frame), AS_OF)
    accounted = made.refunds + made.unmatched_refunds + made.void_lines + made.merged_lines + made.purchases
    assert made.rows == accounted == 20_000
