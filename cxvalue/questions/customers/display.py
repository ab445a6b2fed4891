"""The tables of the customer base as notebooks show them: periods, bridges, products and pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_number, format_range, format_value
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.questions.customers.audit import PERIOD_GROUPS

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.questions.customers.audit import Waterfall


def period_table(change: pd.DataFrame, currency: str) -> Styler:
    """The groups of `customer_base.period_change`, before and after."""

    def plain(money: str) -> str:
        return money.removeprefix(f"{currency} ").removesuffix(f" {currency}")

    def per(top: float, bottom: float, unit: str) -> str:
        return format_value(top / bottom, unit) if bottom else "—"

    before = (
        translate("customers before"),
        translate("purchases each, before"),
        translate("{currency} per purchase, before", currency=currency),
        translate("margin in {currency} before", currency=currency),
    )
    headings = [translate("customers who"), *(heading for one in before for heading in (one, translate("after")))]
    rows = (
        (
            translate(PERIOD_GROUPS[row.group]),
            written(row.customers_before, ","),
            written(row.customers_after, ","),
            per(row.purchases_before, row.customers_before, ""),
            per(row.purchases_after, row.customers_after, ""),
            plain(per(row.margin_before, row.purchases_before, currency)),
            plain(per(row.margin_after, row.purchases_after, currency)),
            plain(format_value(float(row.margin_before), currency)),
            plain(format_value(float(row.margin_after), currency)),
        )
        for row in change.itertuples()
    )
    return styled(rows, headings)


def bridge_table(bridge: Waterfall, currency: str) -> Styler:
    """The waterfall in customers and in margin, one line a step."""

    def money(amount: float | None) -> str:
        return translate("not available") if amount is None else format_value(amount, currency)

    lost = None if bridge.lost_margin is None else -bridge.lost_margin
    steps = (
        (translate("active on {day}", day=bridge.start), bridge.opening, bridge.opening_margin),
        (translate("+ new and still active"), bridge.new, bridge.new_margin),
        (translate("+ came back"), bridge.reactivated, bridge.reactivated_margin),
        (translate("± stayed: bring more or less"), None, bridge.change_of_kept),
        (translate("− lost"), -bridge.lost, lost),
        (translate("= active on {day}", day=bridge.end), bridge.closing, bridge.closing_margin),
    )
    return styled(
        {
            translate("step"): step,
            translate("customers"): "" if customers is None else format_number(customers),
            translate("margin of 12 months"): money(margin),
        }
        for step, customers, margin in steps
    )


def products_display(products: pd.DataFrame, currency: str) -> Styler:
    """`CrossSelling.products`, written for reading."""
    return styled(
        {
            translate("product"): row.product,
            translate("active customers without it"): written(row.eligible, ","),
            translate("took it up"): format_value(row.attach_rate, "share"),
            translate("range"): format_range(row.attach_low, row.attach_high, "share"),
            translate("its margin per new buyer"): _amount(row.margin_per_new_buyer, currency),
            translate("change in their other margin"): _amount(row.other_change, currency),
            translate("extra per new buyer"): _amount(row.extra_per_new_buyer, currency),
            translate("one percentage point more is worth"): _amount(row.point_value, currency),
            translate("its range"): translate("not known")
            if row.point_low != row.point_low
            else format_range(row.point_low, row.point_high, currency),
        }
        for row in products.itertuples()
    )


def _amount(value: float, currency: str) -> str:
    return format_value(value, currency) if value == value else translate("not known")


def pairs_display(pairs: pd.DataFrame) -> Styler:
    """The first ten of `CrossSelling.pairs`, written for reading."""
    return styled(
        {
            translate("has bought"): row.has,
            translate("takes up next"): row.next,
            translate("out of"): written(row.eligible, ","),
            translate("share"): format_value(row.attach_rate, "share"),
            translate("compared with all"): translate("{times:.2f} times", times=row.lift),
        }
        for row in pairs.head(10).itertuples()
    )


_NOTES = {
    "periods": translatable("Earlier: after {start} up to {middle}. Later: up to {end}. {months:.1f} months each."),
    "no_quarter": translatable("No cohort has been observed for a full quarter yet."),
    "no_cohort": translatable("No cohort is both large enough and old enough to be shown."),
    "no_discounts": translatable("The transactions have no discounts by product."),
    "no_bridge": translatable("The history is too short to know who was active 12 months ago."),
    "silent_again": translatable("Customers who joined and are already silent again: {customers:,}."),
}


def note(name: str, **values: object) -> str:
    """A remark of the notebook by its name, in the language that is spoken."""
    return translate(_NOTES[name], **values)
