"""Tables held against one another: what is refused, what is a caution, and that the line that is printed works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxvalue.tables.counts import TableSet
from tests.tables.checks.test_ids import MANY, kinds, only, sales
from tests.tables.helpers import load, problems

COLUMNS = {
    "contacts": ("customer_id,date,campaign,arm", "{id},2025-03-01,x,mail"),
    "offers": ("customer_id,date,rung,depth,accepted", "{id},2025-03-01,1,0.1,yes"),
    "fees": ("customer_id,date,amount", "{id},2025-03-01,5"),
    "surveys": ("customer_id,date,metric,score", "{id},2025-03-01,csi,5"),
    "interactions": ("customer_id,date,channel,reason", "{id},2025-03-01,phone,fine"),
    "subscriptions": ("customer_id,start,end", "{id},2025-03-01,"),
}
NUMBERS = tuple(f"{n:06d}" for n in range(100, 200))


def table(name: str, ids: list[str]) -> str:
    header, row = COLUMNS[name]
    return "\n".join([header, *(row.format(id=one) for one in ids)]) + "\n"


def matched(result: TableSet, name: str) -> dict[str, int]:
    return {count.what: count.rows for count in result.counts if count.kind == "match" and count.table == name}


TOGETHER = [("subscriptions",), ("contacts", "fees", "interactions", "offers", "surveys")]
"""Tables that one study may have without one of them telling the others who is a customer."""


def refused(folder: Path, orders: list[str], names: tuple[str, ...], form: str, numbers: list[int]) -> dict[str, str]:
    """What each table is refused for beside the orders, with its ids written in a form."""
    others = {name: table(name, [form.format(number) for number in numbers]) for name in names}
    said = re.split(r"\n  \d+\. ", problems(folder, {"transactions": sales(*orders), **others}))[1:]
    assert len(said) == len(names)
    return {name: next(one for one in said if f"tables.{name}.customer_id" in one) for name in names}


@pytest.mark.parametrize("names", TOGETHER)
def test_tables_that_do_not_know_each_other_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for said in refused(tmp_path, list(MANY), names, "X{0}", list(range(100))).values():
        assert "none of its 100" in said
        assert "'X0'" in said
        assert "'C000'" in said
        assert "ids:" not in said


@pytest.mark.parametrize("names", TOGETHER)
@pytest.mark.parametrize(
    ("form", "rule"),
    [("{0}", "strip_leading_zeros"), ("000{0}.0", "strip_decimal"), ("c000{0}", "fold_case")],
    ids=["zeros", "decimal", "case"],
)
def test_the_line_printed_makes_them_agree(tmp_path: Path, names: tuple[str, ...], form: str, rule: str) -> None:
    orders = [f"C{one}" if rule == "fold_case" else one for one in NUMBERS]
    numbers = [int(one) for one in NUMBERS]
    for said in refused(tmp_path, orders, names, form, numbers).values():
        assert f"ids: {{{rule}: true}}" in said
        assert "100 of them agree" in said
    others = {name: table(name, [form.format(number) for number in numbers]) for name in names}
    mended = load(tmp_path, {"transactions": sales(*orders), **others}, ids={rule: True})
    assert not kinds(mended)
    for name in names:
        assert matched(mended, name) == {"of 100 different ids in 'customer_id', found in purchases": 100}


def test_half_of_the_ids_damaged_is_a_caution_that_lowers_the_evidence(tmp_path: Path) -> None:
    ids = [str(int(one)) if n % 2 else one for n, one in enumerate(NUMBERS)]
    found = only(
        load(tmp_path, {"transactions": sales(*NUMBERS), "contacts": table("contacts", ids)}), "ids_do_not_match"
    )
    assert (found.rows, found.share, found.lowers) == (50, 0.5, True)
    assert "ids: {strip_leading_zeros: true}" in found.text
    assert "50 more would be" in found.text


@pytest.mark.parametrize(
    ("name", "known", "said"), [("contacts", 0.82, False), ("contacts", 0.78, True), ("fees", 0.94, True)]
)
def test_how_many_must_be_known_depends_on_the_table(tmp_path: Path, name: str, known: float, said: bool) -> None:
    ids = [f"C{n:03d}" if n < round(100 * known) else f"X{n}" for n in range(100)]
    found = load(tmp_path, {"transactions": sales(*(f"C{n:03d}" for n in range(100))), name: table(name, ids)})
    assert ("ids_do_not_match" in kinds(found)) == said
    assert list(matched(found, name).values()) == [round(100 * known)]


def test_the_customers_table_knows_those_who_bought_nothing(tmp_path: Path) -> None:
    people = "customer_id,segment\n" + "".join(f"C{n:03d},x\n" for n in range(100))
    tables = {
        "transactions": sales(*MANY),
        "customers": people,
        "fees": table("fees", [f"C{n:03d}" for n in range(100)]),
    }
    found = load(tmp_path, tables)
    assert not kinds(found)
    assert matched(found, "fees") == {"of 100 different ids in 'customer_id', found in purchases or customers": 100}


def test_buyers_missing_from_customers_are_counted_only(tmp_path: Path) -> None:
    members = "customer_id,segment\n" + "".join(f"{one},x\n" for one in MANY[:4])
    found = load(tmp_path, {"transactions": sales(*MANY), "customers": members})
    assert not kinds(found)
    assert matched(found, "transactions") == {"of 40 different ids in 'customer_id', found in the customers table": 4}
    strangers = "customer_id,segment\n" + "".join(f"M{n},x\n" for n in range(40))
    assert "none of its 40" in problems(tmp_path, {"transactions": sales(*MANY), "customers": strangers})


def test_contracts_know_whoever_has_one(tmp_path: Path) -> None:
    ids = [f"C{n:03d}" for n in range(30)]
    tables = {"subscriptions": table("subscriptions", ids), "surveys": table("surveys", ids)}
    found = load(tmp_path, tables, contract="contractual")
    assert matched(found, "surveys") == {"of 30 different ids in 'customer_id', found in contracts": 30}


PROGRAMME = {"programmes": [{"name": "svc", "unit": "branch"}]}


def rolled_out(*units: str) -> str:
    return "programme,unit,start\n" + "".join(f"svc,{unit},2025-06-01\n" for unit in units)


def test_who_uses_what_somebody_else_pays_need_not_be_a_customer(tmp_path: Path) -> None:
    """One buyer in twenty people of the contracts: the table of customers has the buyers only."""
    people = [f"B{n},2025-01-01,,buyer" for n in range(10)] + [f"U{n},2025-01-01,,User" for n in range(190)]
    tables = {
        "subscriptions": "\n".join(["customer_id,start,end,role", *people]) + "\n",
        "customers": "\n".join(["customer_id", *(f"B{n}" for n in range(10))]) + "\n",
    }
    found = load(tmp_path, tables, contract="contractual")
    assert found.cautions == ()
    assert matched(found, "subscriptions") == {"of 10 different ids in 'customer_id', found in customers": 10}


def test_units_of_a_roll_out_are_held_against_those_of_customers(tmp_path: Path) -> None:
    people = "customer_id,branch\n" + "".join(f"{one},B{n % 10:02d}\n" for n, one in enumerate(MANY))
    tables = {"transactions": sales(*MANY), "customers": people}
    good = load(tmp_path, {**tables, "rollout": rolled_out(*(f"B{n:02d}" for n in range(10)))}, **PROGRAMME)
    assert matched(good, "rollout") == {"of 10 different ids in 'unit', found in customers.branch": 10}
    lower = {**tables, "rollout": rolled_out(*(f"b{n:02d}" for n in range(10)))}
    assert "ids: {fold_case: true}" in problems(tmp_path, lower, **PROGRAMME)
    mended = load(tmp_path, lower, ids={"fold_case": True}, **PROGRAMME)
    assert not kinds(mended)
    assert matched(mended, "customers") == {"of 10 different ids in 'branch', found in the roll-out of svc": 10}
    other = {**tables, "rollout": rolled_out(*(f"Z{n:02d}" for n in range(10)))}
    unknown = load(tmp_path, other, **PROGRAMME)  # refused where the programme is measured, with all else about it
    assert matched(unknown, "rollout") == {"of 10 different ids in 'unit', found in customers.branch": 0}
    part = {**tables, "rollout": rolled_out(*(f"B{n:02d}" for n in range(9)), "Z1")}
    assert only(load(tmp_path, part, **PROGRAMME), "ids_do_not_match").table == "rollout"


def test_customers_as_units_are_held_against_purchases(tmp_path: Path) -> None:
    one_by_one = {"programmes": [{"name": "svc", "unit": "customer_id"}]}
    found = load(tmp_path, {"transactions": sales(*MANY), "rollout": rolled_out(*MANY[:30], "8")}, **one_by_one)
    assert matched(found, "rollout") == {"of 31 different ids in 'unit', found in purchases": 30}
    said = problems(tmp_path, {"transactions": sales(*MANY), "rollout": rolled_out("c001", "c002")}, **one_by_one)
    assert "ids: {fold_case: true}" in said


@pytest.mark.parametrize(
    ("column", "row"), [("campaign", "C001,2025-03-02,Wake ,mail"), ("arm", "C001,2025-03-02,wake,Held_Out")]
)
def test_a_campaign_or_control_written_in_two_ways_is_refused(tmp_path: Path, column: str, row: str) -> None:
    contacts = "customer_id,date,campaign,arm\nC002,2025-03-02,wake,mail\nC003,2025-03-02,wake,held_out\n" + row + "\n"
    campaigns = [{"name": "wake", "control": "held_out"}]
    if column == "campaign":
        contacts = contacts.replace("Wake ", "Wake")
    said = problems(tmp_path, {"transactions": sales(*MANY), "contacts": contacts}, campaigns=campaigns)
    assert f"tables.contacts.{column}" in said
    assert "the same way" in said
