"""The tables of the customer base as notebooks show them: periods, bridges, products and pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.customers.audit import Waterfall


__all__ = ["bridge_table", "pairs_display", "period_table", "products_display"]


def period_table(change: pd.DataFrame, currency: str) -> Styler:
    """The groups of `customer_base.period_change`, before and after."""

    def per(top: float, bottom: float, unit: str) -> str:
        return format_value(top / bottom, unit) if bottom else "—"

    pairs = ("customers", "purchases each,", f"{currency} per purchase,", f"margin in {currency}")
    headings = ["customers who", *(heading for pair in pairs for heading in (f"{pair} before", "after"))]
    rows = (
        (
            row.group,
            f"{row.customers_before:,}",
            f"{row.customers_after:,}",
            per(row.purchases_before, row.customers_before, ""),
            per(row.purchases_after, row.customers_after, ""),
            per(row.margin_before, row.purchases_before, currency).removeprefix(f"{currency} "),
            per(row.margin_after, row.purchases_after, currency).removeprefix(f"{currency} "),
            format_value(float(row.margin_before), currency).removeprefix(f"{currency} "),
            format_value(float(row.margin_after), currency).removeprefix(f"{currency} "),
        )
        for row in change.itertuples()
    )
    return styled(rows, headings)


def bridge_table(bridge: Waterfall, currency: str) -> Styler:
    """The waterfall in customers and in margin, one line a step."""

    def money(amount: float | None) -> str:
        return "not available" if amount is None else format_value(amount, currency)

    lost = None if bridge.lost_margin is None else -bridge.lost_margin
    steps = (
        (f"active on {bridge.start}", bridge.opening, bridge.opening_margin),
        ("+ new and still active", bridge.new, bridge.new_margin),
        ("+ came back", bridge.reactivated, bridge.reactivated_margin),
        ("± stayed: they bring more or less", None, bridge.change_of_kept),
        ("− lost", -bridge.lost, lost),
        (f"= active on {bridge.end}", bridge.closing, bridge.closing_margin),
    )
    return styled(
        {
            "step": step,
            "customers": "" if customers is None else format_number(customers),
            "margin of 12 months": money(margin),
        }
        for step, customers, margin in steps
    )


def products_display(products: pd.DataFrame, currency: str) -> Styler:
    """`CrossSelling.products`, written for reading."""
    return styled(
        {
            "product": row.product,
            "active customers without it": f"{row.eligible:,}",
            "took it up": format_value(row.attach_rate, "share"),
            "range": format_range(row.attach_low, row.attach_high, "share"),
            "its margin a new buyer": _amount(row.margin_per_new_buyer, currency),
            "their other margin moved by": _amount(row.other_change, currency),
            "extra a new buyer": _amount(row.extra_per_new_buyer, currency),
            "one point more is worth": _amount(row.point_value, currency),
            "its range": "not known"
            if row.point_low != row.point_low
            else format_range(row.point_low, row.point_high, currency),
        }
        for row in products.itertuples()
    )


def _amount(value: float, currency: str) -> str:
    return format_value(value, currency) if value == value else "not known"


def pairs_display(pairs: pd.DataFrame, most: int = 10) -> Styler:
    """The first of `CrossSelling.pairs`, written for reading."""
    return styled(
        {
            "has bought": row.has,
            "takes up next": row.next,
            "of so many": f"{row.eligible:,}",
            "share": format_value(row.attach_rate, "share"),
            "against everybody": f"{row.lift:.2f} times",
        }
        for row in pairs.head(most).itertuples()
    )
