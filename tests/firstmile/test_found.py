"""From files to a study: what systems write is understood to the cent, or asked, or refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cxvalue.firstmile.found import recognise
from cxvalue.foundation.errors import BadInput, CxvalueError
from cxvalue.workspace.check import examine
from tests.exports import EXPORTS, MadeExport, as_csv, write_export
from tests.otherbooks import write_ods, write_xls, write_xlsb
from tests.workbooks import write_workbook


def _by_name(name: str) -> MadeExport:
    return next(one for one in EXPORTS if one.name == name)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda one: one.name)
def test_each_export_is_understood_or_asked(tmp_path: Path, export: MadeExport) -> None:
    path = write_export(tmp_path, export)
    before = path.read_bytes()
    found = recognise(path)
    draft = found.understanding.drafts[0]
    assert draft.layout == export.layout
    assert found.questions  # the margin at least is never known
    written = found.write(tmp_path / "open")
    with pytest.raises(BadInput, match="is not answered yet"):
        examine(written)
    answered = found.answer(margin=0.4, **export.answers)
    assert answered.questions == []
    checked = examine(answered.write(tmp_path / "done")).to_dict()["tables"][draft.table]
    assert checked["customers"] == export.customers
    assert checked["orders"] == export.orders
    assert checked["revenue"] == pytest.approx(export.revenue, abs=0.005) if export.revenue else True
    assert checked["rows"] == checked["kept"] + sum(checked["left_out"].values())
    assert path.read_bytes() == before


def test_contracts_end_when_they_ended_and_years_are_twelve_months(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("subs.csv"))).answer(margin="unknown")
    spec, _, _ = found.understanding.settled["subscriptions"]
    assert spec["columns"]["end"] == "Ended At (UTC)"
    text = found.write(tmp_path / "subs").read_text(encoding="utf-8")
    assert "contract: contractual" in text
    assert "money: revenue" in text
    table = examine(tmp_path / "subs" / "study.yml").to_dict()["tables"]["subscriptions"]
    assert table["left_out"] == {"leave_out_rows": 1}


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("Day|Orders|Gross sales|Net sales", "2025-0{n}-01|{n}|{n}0.00|{n}.00", "one row per day and no customer"),
        (
            "amazon-order-id|purchase-date|order-status|sku|quantity|item-price|ship-postal-code",
            "{n}|2025-0{n}-01|Shipped|a|1|5|12345",
            "names no buyer",
        ),
        (
            "ID|Reference|New client|Delivery|Customer|Total|Payment|Status|Date",
            "{n}|X|1|DE|D. Example|5|Bank|Paid|2025-0{n}-01",
            "id_customer",
        ),
        (
            "Customer|Jan 2025|Feb 2025|Mar 2025",
            "c{n}|{n}0.5|{n}1.5|{n}2.5",
            "a column for each period, from .Jan 2025.",
        ),
        ("Kunde|2025-01|2025-02|2025-03", "c{n}|{n}0.5|{n}1.5|{n}2.5", "a column for each period"),
        ("name|colour", "a{n}|b", "no column looks like a customer or a day or an amount"),
    ],
)
def test_what_cannot_be_a_study_is_refused_with_a_remedy(tmp_path: Path, header: str, row: str, words: str) -> None:
    (tmp_path / "x.csv").write_text(as_csv(header, *(row.format(n=n) for n in range(1, 8))), encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        recognise(tmp_path / "x.csv")


@pytest.mark.parametrize("name", ["shopify.csv", "woo.csv", "paypal.csv"])
def test_two_runs_write_the_same_bytes_and_nothing_personal(tmp_path: Path, name: str) -> None:
    path = write_export(tmp_path, _by_name(name))
    texts = [recognise(path).write(tmp_path / place / "s").read_bytes() for place in ("a", "b")]
    assert texts[0] == texts[1]
    text = texts[0].decode()
    assert "example.org" not in text
    assert "Ann" not in text


def test_a_study_that_somebody_wrote_is_left_alone(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("bigcommerce.csv")))
    target = found.write(tmp_path / "s")
    found.answer(margin=0.5).write(tmp_path / "s")  # what is still full of ASK may be written again
    assert "ASK" not in target.read_text(encoding="utf-8")
    with pytest.raises(CxvalueError, match="was left as it is"):
        found.write(tmp_path / "s")


def test_exports_are_copied_or_linked(tmp_path: Path) -> None:
    path = write_export(tmp_path, _by_name("bigcommerce.csv"))
    found = recognise(path).answer(margin=0.5)
    found.write(tmp_path / "copied")
    assert (tmp_path / "copied" / path.name).read_bytes() == path.read_bytes()
    linked = found.write(tmp_path / "linked", link=True)
    assert "path: ../bigcommerce.csv" in linked.read_text(encoding="utf-8")
    assert not (tmp_path / "linked" / path.name).exists()
    assert examine(linked).to_dict()["tables"]["transactions"]["revenue"] == 80.0


def test_several_files_make_one_study(tmp_path: Path) -> None:
    people = as_csv(
        "Customer ID|Email|Total Spent|Total Orders|Tags", "'901|ann@example.org|5|2|vip", "'902|bob@example.org|5|1|"
    )
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    found = recognise([write_export(tmp_path, _by_name("shopify.csv")), tmp_path / "people.csv"])
    answered = found.answer(accept=True, margin=0.4)
    tables = examine(answered.write(tmp_path / "s")).to_dict()["tables"]
    assert tables["customers"]["customers"] == 2
    assert tables["transactions"]["revenue"] == 120.0


def test_accept_never_takes_currency_margin_and_tax(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("magento.csv"))).answer(accept=True)
    assert {question.key for question in found.questions} == {"currency", "margin", "tax"}


def test_it_shows_itself(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("shopify.csv")))
    said = str(found)
    assert "Shopify, orders (shopify_orders/1)" in said
    assert "--answer refund=as_is   all of it comes off revenue   net revenue EUR 114.00" in said
    assert "tax: Subtotal is without tax (its amounts add up this way in all orders)" in said
    assert "<table>" in found._repr_html_()


def test_a_table_in_memory(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "buyer_id": ["007", "b", "007"],
            "order_date": pd.to_datetime(["2025-01-01", "2025-01-02", "2025-02-01"]),
            "net_total": [1.5, 2, 3],
        }
    )
    found = recognise(frame).answer(currency="EUR", margin=0.4)
    assert examine(found.write(tmp_path / "s")).to_dict()["tables"]["transactions"]["revenue"] == 6.5
    with pytest.raises(BadInput, match="is not a table"):
        recognise(7)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"taxes": "none"}, "no such question"),
        ({"tax": "perhaps"}, "is not a rate"),
        ({"currency": "Euro"}, "is not a currency"),
        ({"margin": "2"}, "is not a share"),
    ],
)
def test_answers_that_are_none(tmp_path: Path, answers: dict[str, Any], words: str) -> None:
    found = recognise(write_export(tmp_path, _by_name("magento.csv")))
    with pytest.raises(BadInput, match=words):
        found.answer(**answers)


def test_another_currency_than_the_file_says_is_refused(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("bigcommerce.csv")))
    with pytest.raises(BadInput, match="is EUR, and the file says USD"):
        found.answer(currency="EUR")


@pytest.mark.parametrize(("name", "given"), [("woo.csv", "USD"), ("square.csv", "EUR")])
def test_another_currency_than_the_sign_beside_amounts_is_refused(tmp_path: Path, name: str, given: str) -> None:
    found = recognise(write_export(tmp_path, _by_name(name)))
    with pytest.raises(BadInput, match=f"is {given}, and the amounts are written in"):
        found.answer(currency=given)


def test_months_of_an_export_with_a_renamed_column_and_a_copy(tmp_path: Path) -> None:
    months = {}
    for n in (1, 2, 3):
        amount = "net_amount" if n < 3 else "net_total"
        months[f"o{n}.csv"] = f"order_id,client_no,order_date,{amount}\n{n},00{n % 2},2025-0{n}-20,{n}\n"
    months["o1 (1).csv"] = months["o1.csv"]
    with zipfile.ZipFile(tmp_path / "months.zip", "w") as archive:
        for name, text in months.items():
            archive.writestr(name, text)
    found = recognise(tmp_path / "months.zip").answer(currency="EUR", margin="40%")
    assert sorted(question.key for question in found.questions) == ["copies", "same"]
    done = found.answer(copies="leave_out", same="yes").write(tmp_path / "s")
    table = examine(done).to_dict()["tables"]["transactions"]
    assert (table["rows"], table["kept"], table["left_out"], table["revenue"]) == (4, 3, {"copy": 1}, 6.0)


def test_an_answer_that_is_not_asked_is_said_and_one_against_the_file_refused(tmp_path: Path) -> None:
    found = recognise(write_export(tmp_path, _by_name("shopify.csv")))
    assert "not asked here, so not used: --answer fee=net" in str(found.answer(fee="net"))
    assert "not used" not in str(found)
    found.answer(tax="on_top")
    with pytest.raises(BadInput, match="add up as 'on_top'"):
        found.answer(tax="inside")


@pytest.mark.parametrize("write", [write_xls, write_xlsb, lambda path, title, rows: write_ods(path, {title: rows})])
def test_workbooks_of_other_programs(tmp_path: Path, write: Callable[..., Path]) -> None:
    rows = [["Customer no", "Order date", "Net total"]]
    rows += [[f"00{n % 3}", date(2025, 3, n + 10), n + 0.5] for n in range(1, 9)]
    found = recognise(write(tmp_path / "orders.bin", "Orders", rows)).answer(currency="EUR", margin="unknown")
    table = examine(found.write(tmp_path / "s")).to_dict()["tables"]["transactions"]
    assert (table["customers"], table["revenue"], table["first"], table["last"]) == (
        3,
        40.0,
        "2025-03-11",
        "2025-03-18",
    )


def test_sheets_of_the_same_columns_are_one_table(tmp_path: Path) -> None:
    months: dict[str, Any] = {}
    for n, title in enumerate(("Jan", "Feb", "Notes"), start=1):
        months[title] = [["customer_no", "order_date", "net_total"], [f"00{n}", date(2025, n, 5), float(n)]]
    months["Notes"] = [["what", "who"], ["a", "b"]]
    found = recognise(write_workbook(tmp_path / "year.xlsx", months)).answer(currency="EUR", margin="unknown")
    written = found.write(tmp_path / "s")
    assert "sheet: [Jan, Feb]" in written.read_text(encoding="utf-8")
    table = examine(written).to_dict()["tables"]["transactions"]
    assert (table["rows"], table["revenue"]) == (2, 3.0)


def test_tables_of_one_archive_and_of_one_folder(tmp_path: Path) -> None:
    shop, people = (
        _by_name("shopify.csv").text,
        as_csv("Customer ID|Email|Total Spent|Total Orders|Tags", "1|ann@example.org|5|2|vip"),
    )
    (tmp_path / "all").mkdir()
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, text in (("orders_1.csv", shop), ("people.csv", people)):
            archive.writestr(name, text)
            (tmp_path / "all" / name).write_text(text, encoding="utf-8")
    for place, source in (("a", tmp_path / "all.zip"), ("b", tmp_path / "all")):
        study = recognise(source).answer(accept=True, margin=0.4).write(tmp_path / place)
        tables = examine(study).to_dict()["tables"]
        assert (tables["transactions"]["revenue"], tables["customers"]["customers"]) == (120.0, 1)
