"""Exports as large as a study needs, made up here and always the same, with the truth counted while they are made."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.workbooks import write_workbook

__all__ = ["Sold", "retail_workbook", "shop_orders"]

FIRST = datetime(2024, 1, 3, 8, 0)
LAST = datetime(2026, 3, 31, 18, 0)


@dataclass(frozen=True)
class Sold:
    """An export, and what a study must find in it; `personal` are the texts that no published file may hold."""

    path: Path
    customers: int
    orders: int
    revenue: float
    personal: tuple[str, ...] = ()


def _days(draw: random.Random) -> list[datetime]:
    """The moments at which one customer bought: some stop, others go on."""
    moment = FIRST + timedelta(days=draw.randint(0, 500), minutes=draw.randint(0, 500))
    gap, stops = draw.uniform(20, 90), draw.random() < 0.4
    days = []
    while moment < LAST:
        days.append(moment)
        if stops and draw.random() < 0.25:
            break
        moment += timedelta(days=max(1, round(draw.expovariate(1 / gap))), minutes=draw.randint(0, 300))
    return days


def retail_workbook(folder: Path, customers: int = 60, sheets: int = 1) -> Sold:
    """A workbook in the layout of UCI Online Retail: lines of invoices, cancellations, postage, sales without a customer."""
    draw = random.Random(20)
    lines: list[list[Any]] = []
    buyers, orders, revenue, number = set(), 0, 0.0, 536_365
    for customer in range(12_346, 12_346 + customers):
        for moment in _days(draw):
            number += 1
            goods = [
                (f"{draw.randint(20_000, 20_060)}A", draw.randint(1, 12), draw.randint(40, 900) / 100)
                for _ in range(draw.randint(1, 4))
            ]
            head = [str(number), moment, None if draw.random() < 0.05 else float(customer)]
            lines += [_line(head, *good) for good in goods]
            if draw.random() < 0.3:
                lines.append(_line(head, "POST", 1, 18.0))
            if head[2] is None:
                continue
            buyers.add(customer)
            orders, revenue = orders + 1, revenue + sum(pieces * price for _, pieces, price in goods)
            if draw.random() < 0.06:  # the first line comes back on the next day
                code, pieces, price = goods[0]
                back = [f"C{number + 500_000}", moment + timedelta(days=1), float(customer)]
                lines.append(_line(back, code, -pieces, price))
                revenue, orders = revenue - pieces * price, orders - (len(goods) == 1)
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    lines.sort(key=lambda line: line[4])
    cut = len(lines) // sheets
    parts = [lines[n * cut : (n + 1) * cut if n < sheets - 1 else None] for n in range(sheets)]
    path = write_workbook(
        folder / "Online Retail.xlsx",
        {f"Year {2009 + n}" if sheets > 1 else "Online Retail": [names, *part] for n, part in enumerate(parts)},
    )
    return Sold(path, len(buyers), orders, round(revenue, 2))


def _line(head: list[Any], code: str, pieces: int, price: float) -> list[Any]:
    return [head[0], code, f"ITEM {code} & CO", pieces, head[1], price, head[2], "United Kingdom"]


_FIRST_NAMES = "Wilhelmina Thaddeus Oktavia Ignatius Philippa Bartholomew Seraphina Leopold".split()
_LAST_NAMES = "Quarrington Vandermolen Ashgrove Pemberwick Thistlewood Ravensdale".split()
_STREETS = "Gallowtree Hollybush Larkspur Candlewick".split()


def shop_orders(folder: Path, customers: int = 60) -> Sold:
    """Orders in Shopify's layout with everything personal that such an export holds, a city shared by all left aside."""
    draw = random.Random(21)
    rows: list[dict[str, Any]] = []
    buyers, orders, revenue, number, personal = set(), 0, 0.0, 1000, []
    for customer in range(customers):
        name = f"{_FIRST_NAMES[customer % 8]} {_LAST_NAMES[customer // 8 % 6]}{chr(97 + customer // 48)}"
        mail = f"{name.split()[0].lower()}.{customer}@mail-of-{_LAST_NAMES[customer % 6].lower()}.example"
        phone = f"+49 151 {draw.randint(10_000_000, 99_999_999)}"
        street = f"{draw.randint(100, 999)} {_STREETS[customer % 4]} Lane"
        own = {"Billing Name": name, "Billing Street": street, "Billing Address1": street, "Billing Phone": phone}
        own |= {"Shipping Name": name, "Shipping Address1": street, "Shipping Phone": phone, "Phone": phone}
        note = f"Ring at {name.split()[1]}"
        personal += [name, name.split()[1], mail, phone, street, note]
        for moment in _days(draw):
            number += 1
            net = draw.randint(1000, 9000) / 100
            tax, status = round(net * 0.2, 2), draw.choices(["paid", "refunded", "voided"], [90, 5, 5])[0]
            total = round(net + tax + 4.9, 2)
            rows.append(
                {
                    "Name": f"#{number}",
                    "Email": mail,
                    "Financial Status": status,
                    "Created at": moment.strftime("%Y-%m-%d %H:%M:%S +0100"),
                    "Currency": "EUR",
                    "Subtotal": f"{net:.2f}",
                    "Shipping": "4.90",
                    "Taxes": f"{tax:.2f}",
                    "Total": f"{total:.2f}",
                    "Refunded Amount": f"{net + tax:.2f}" if status == "refunded" else "0.00",
                    "Lineitem price": f"{net:.2f}",
                    "Lineitem quantity": 1,
                    "Lineitem sku": f"SKU-{number % 7}",
                    "Notes": note,
                    **own,
                }
            )
            rows.append({"Name": f"#{number}", "Email": mail, "Lineitem price": "0.00", "Lineitem quantity": 1})
            if status == "paid":
                orders, revenue = orders + 1, revenue + net
            if status != "voided":
                buyers.add(mail)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "orders_export.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return Sold(path, len(buyers), orders, round(revenue, 2), tuple(dict.fromkeys(personal)))
