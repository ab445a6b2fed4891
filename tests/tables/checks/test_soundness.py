"""Signs that contradict their column, and rows that stand twice, in every table that has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tables.checks.test_ids import MANY, kinds, only, sales
from tests.tables.helpers import counted, ledger, load, problems, rows

SIGNED = {
    "customers.acquisition_cost": ("customer_id,acquisition_cost", "{id},{x}"),
    "contacts.cost": ("customer_id,date,campaign,arm,cost", "{id},2025-03-01,x,mail,{x}"),
    "offers.basket_value": ("customer_id,date,rung,depth,accepted,basket_value", "{id},2025-03-01,1,0.1,yes,{x}"),
    "fees.amount": ("customer_id,date,amount", "{id},2025-03-01,{x}"),
    "fees.shortfall": ("customer_id,date,amount,shortfall", "{id},2025-03-01,5,{x}"),
    "subscriptions.value_per_month": ("customer_id,start,end,value_per_month", "{id},2025-03-01,,{x}"),
}


def tables(where: str, *amounts: float) -> dict[str, str]:
    header, row = SIGNED[where]
    lines = [row.format(id=one, x=amount) for one, amount in zip(MANY, amounts, strict=False)]
    return {"transactions": sales(*MANY), where.split(".")[0]: "\n".join([header, *lines]) + "\n"}


def test_a_discount_exported_with_a_minus_is_one(tmp_path: Path) -> None:
    header = "customer_id,date,revenue,discount"
    found = load(tmp_path, ledger("a,2025-01-05,90,-10", "b,2025-01-05,50,0", header=header), gross_margin=0.3)
    # By hand: 0.3 × (90 + 10) − 10 = 20, and 0.3 × 50 = 15.
    assert [row[0] for row in rows(found, columns="round(margin, 9)")] == [15.0, 20.0]
    assert (only(found, "sign").column, only(found, "sign").rows) == ("discount", 1)


def test_the_discount_of_a_refund_is_taken_back_whatever_its_sign(tmp_path: Path) -> None:
    header = "customer_id,date,revenue,discount"
    lines = ("a,2025-01-05,90,10", "a,2025-01-06,-45,-5")
    found = load(tmp_path, ledger(*lines, header=header), gross_margin=0.3)
    assert not kinds(found)
    assert rows(found, columns="round(margin, 9)") == [(10.0,)]  # half of 20


def test_discounts_of_both_signs_are_refused(tmp_path: Path) -> None:
    text = ledger("a,2025-01-05,90,-10", "b,2025-01-05,50,5", header="customer_id,date,revenue,discount")
    said = problems(tmp_path, text)
    assert "a negative 'discount' where others are positive" in said
    assert "bad_rows" not in said
    assert "a negative 'discount'" in problems(tmp_path, text, bad_rows={"drop_up_to": 0.9})


@pytest.mark.parametrize("where", sorted(SIGNED))
def test_amounts_that_are_all_negative_are_read_as_amounts(tmp_path: Path, where: str) -> None:
    name, column = where.split(".")
    found = load(tmp_path, tables(where, -4, -6, 0))
    assert (only(found, "sign").table, only(found, "sign").column, only(found, "sign").rows) == (name, column, 2)
    assert sorted(row[0] for row in rows(found, name, column)) == [0, 4, 6]
    assert not kinds(load(tmp_path, tables(where, 4, 6, 0)))


@pytest.mark.parametrize("where", sorted(SIGNED))
def test_amounts_of_both_signs_are_refused_or_said(tmp_path: Path, where: str) -> None:
    if where == "fees.amount":  # a fee may be taken back
        assert only(load(tmp_path, tables(where, 4, -6)), "sign").rows == 1
    else:
        assert f"tables.{where}" in problems(tmp_path, tables(where, 4, -6))


@pytest.mark.parametrize(("margins", "said"), [((5, 5), False), ((-5, -1), True), ((150, 5), True), ((-5, 8), False)])
def test_a_margin_that_cannot_be_one_is_said(tmp_path: Path, margins: tuple[int, int], said: bool) -> None:
    lines = [f"{one},2025-01-05,50,{margin}" for one, margin in zip("ab", margins, strict=True)]
    found = load(tmp_path, ledger(*lines, header="customer_id,date,revenue,margin"))
    assert ("sign" in kinds(found)) == said


@pytest.mark.parametrize(
    ("margin", "lowers"),
    [
        (lambda i: 0.4, True),  # a share, the same for all
        (lambda i: 0.2 + 0.1 * (i % 5), True),  # a share that hangs on the product
        (lambda i: 40, True),  # a percentage, below the revenue in all
        (lambda i: 2.5, False),  # perhaps a fee for each sale
        (lambda i: 0.4 * (30 + i), None),
        (lambda i: 1 + 0.01 * i, None),  # a thin trade
        (lambda i: 0.012 * (30 + i), None),  # and a thinner one
    ],
)
def test_a_share_in_place_of_a_margin_in_money_is_said(tmp_path: Path, margin, lowers: bool | None) -> None:
    """A margin of 0.4 on revenues of 30 to 70 was taken for 40 cents a sale, and every figure in money with it."""
    lines = [f"c{i},2025-01-{i % 28 + 1:02d},{30 + i},{margin(i):g}" for i in range(40)]
    found = load(tmp_path, ledger(*lines, header="customer_id,date,revenue,margin"))
    assert ("sign" in kinds(found)) == (lowers is not None)
    if lowers is not None:
        assert only(found, "sign").lowers == lowers
        assert "not a share or a percentage" in only(found, "sign").text


@pytest.mark.parametrize(
    ("discounts", "lowers"),
    [(("0.1", "0.2", "0"), True), (("10", "20", "0"), False), (("4.35", "0", "11.02"), None), (("250", "1000"), None)],
)
def test_a_percentage_in_place_of_a_discount_in_money_is_said(
    tmp_path: Path, discounts: tuple[str, ...], lowers: bool | None
) -> None:
    lines = [f"{one},2025-03-01,{40 + n}.15,{discounts[n % len(discounts)]}" for n, one in enumerate(MANY)]
    text = "customer_id,date,revenue,discount\n" + "\n".join(lines) + "\n"
    found = load(tmp_path, text, gross_margin=0.4)
    assert [one.lowers for one in found.cautions if one.kind == "sign"] == ([] if lowers is None else [lowers])


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        (lambda i: 40, True),  # a percentage as well as money
        (lambda i: 7.5, False),  # what each basket earns, with cents
        (lambda i: 0.4 * (30 + i), False),
    ],
)
def test_one_whole_margin_of_every_basket_may_be_a_percentage(tmp_path: Path, margin, said: bool) -> None:
    """A margin of 40% was taken for 40 in money on baskets of 50 to 89, and no word was said of it."""
    lines = [f"c{i},2025-01-{i % 28 + 1:02d},1,0.1,yes,{50 + i},{margin(i):g}" for i in range(40)]
    bought = ledger(*[f"c{i},2025-01-05,9" for i in range(40)])
    offers = ledger(*lines, header="customer_id,date,rung,depth,accepted,basket_value,basket_margin")
    found = load(tmp_path, {"transactions": bought, "offers": offers})
    assert ("sign" in kinds(found)) == said
    if said:
        assert only(found, "sign").lowers
        assert "gross_margin: 0.4" in only(found, "sign").text


ROWS = {
    "contacts": ("customer_id,date,campaign,arm,cost", "{id},2025-03-01,x,mail,0.5"),
    "subscriptions": ("customer_id,start,end,value_per_month", "{id},2025-03-01,,20"),
    "surveys": ("customer_id,date,metric,score", "{id},2025-03-01,csi,5"),
    "employees": ("employee_id,unit,hired,left", "{id},u,2025-03-01,"),
    "benchmarks": ("metric,competitor,value", "csi,{id},5"),
    "fees": ("customer_id,date,amount", "{id},2025-03-01,5"),
    "interactions": ("customer_id,date,channel,reason", "{id},2025-03-01,phone,fine"),
    "offers": ("customer_id,date,rung,depth,accepted", "{id},2025-03-01,1,0.1,yes"),
}
ONE_OF_EACH = ("contacts", "subscriptions", "surveys", "employees", "benchmarks")


@pytest.mark.parametrize("name", sorted(ROWS))
def test_rows_that_stand_twice_count_once_or_are_said(tmp_path: Path, name: str) -> None:
    header, row = ROWS[name]
    lines = [row.format(id=one) for one in MANY]
    given = {"transactions": sales(*MANY), name: "\n".join([header, *lines, *lines]) + "\n"}
    found = load(tmp_path, given)
    caution = only(found, "repeated_rows")
    assert (caution.table, caution.rows, caution.share) == (name, 40, 0.5)
    once = name in ONE_OF_EACH
    assert len(rows(found, name, "*")) == (40 if once else 80)
    assert caution.lowers != once
    assert sum(counted(found, "merged", name).values()) == (40 if once else 0)
    given[name] = "\n".join([header, *lines]) + "\n"
    assert not kinds(load(tmp_path, given))


@pytest.mark.parametrize("segment", ["x", "y"])
def test_a_customer_given_twice_is_refused(tmp_path: Path, segment: str) -> None:
    people = f"customer_id,segment\nC001,x\nC001,{segment}\n"
    assert "more than one row" in problems(tmp_path, {"transactions": sales(*MANY), "customers": people})
