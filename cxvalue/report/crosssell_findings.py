"""What cross-selling and referrals bring, in findings, sentences and tables for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.report.answers import CLTV_NOTEBOOK
from cxvalue.report.findings import Finding
from cxvalue.report.numbers import format_date, format_range, format_value
from cxvalue.report.tables import styled

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.crosssell import CrossSelling
    from cxvalue.referral import Referrals

__all__ = ["crosssell_findings", "pairs_display", "products_display", "referral_findings"]

_SELECTION = "Who takes up a product was often buying more anyway: this is a place to test, not a proof."


def crosssell_findings(found: CrossSelling | None, *, currency: str) -> list[Finding]:
    """The findings ``crosssell.attach_rate`` and ``crosssell.point_value`` of the product with the most to gain."""
    if found is None:
        return []
    best = found.products.iloc[0]
    months = found.days / (365.25 / 12)
    window = f"in the {months:.0f} months up to {format_date(found.until)}"
    replaced = (
        f" {format_value(-best.other_change, currency)} of other margin that it replaced is taken off."
        if best.other_change < 0
        else ""
    )
    made = (
        f"Customers active on {format_date(found.start)} who had not bought the product by then; new buyers did so "
        f"{window}. Margin of the product itself, less the fall of their other margin against customers with as many visits "
        "and as much margin before; a rise is not credited. Wilson's and Student's intervals."
    )
    return [
        Finding(
            "crosssell.attach_rate", f"Take-up of {best['product']} by customers who did not have it", best.attach_rate,
            best.attach_low, best.attach_high, found.level, "share", "D",
            f"{best['product']} has the most to gain: {format_value(best.attach_rate, 'share')} of the "
            f"{best.eligible:,} active customers without it took it up {window}.",
            made, "C5", CLTV_NOTEBOOK,
        ),
        Finding(
            "crosssell.point_value", f"One point more take-up of {best['product']}", best.point_value, best.point_low,
            best.point_high, found.level, currency, "D",
            f"A new buyer of {best['product']} brought {format_value(best.extra_per_new_buyer, currency)} extra margin "
            f"{window}.{replaced} One more in a hundred taking it up would be worth "
            f"{format_value(best.point_value, currency)}, {format_range(best.point_low, best.point_high, currency)}. "
            f"{_SELECTION}",
            made, "C5", CLTV_NOTEBOOK,
        ),
    ]  # fmt: skip


def referral_findings(found: Referrals | None, *, currency: str, horizon_months: int) -> list[Finding]:
    """The findings ``referral.worth`` and ``referral.per_customer_year``; none where the tables do not tell."""
    if found is None:
        return []
    value, low, high = found.worth
    others = (
        f" One who came otherwise is worth {format_value(found.worth_of_others[0], currency)}."
        if found.worth_of_others
        else ""
    )
    who = f" by {found.referrers:,} customers" if found.referrers else ""
    made = (
        f"Margin so far, plus the expected margin of the next {horizon_months} months, less the cost of winning them; mean "
        "of the referred customers, the error of the value still to come included."
    )
    results = [
        Finding(
            "referral.worth", "What a referred customer is worth", value, low, high, found.level, currency, "D",
            f"{found.referred:,} customers were referred{who}. One of them is worth {format_value(value, currency)}, "
            f"{format_range(low, high, currency)}.{others} Some would have come by themselves, so this is the most that a "
            "referral adds.",
            made, "C5", CLTV_NOTEBOOK,
        )
    ]  # fmt: skip
    before = found.customers - found.new
    if before > 0:
        share = found.new_referred / before
        results.append(
            Finding(
                "referral.per_customer_year", "Referrals in a year, for each customer", value * share, low * share,
                high * share, found.level, currency, "D",
                f"In the year up to {format_date(found.as_of)}, {found.new_referred:,} of {found.new:,} new customers were "
                f"referred: {format_value(value * share, currency)} for each of the {before:,} earlier customers.",
                f"{made} Times the referred customers of those months, for each earlier customer.", "C5", CLTV_NOTEBOOK,
            )
        )  # fmt: skip
    return results


def products_display(products: pd.DataFrame, currency: str) -> Styler:
    """`CrossSelling.products`, written for reading."""
    return styled(
        {
            "product": row.product,
            "active customers without it": f"{row.eligible:,}",
            "took it up": format_value(row.attach_rate, "share"),
            "range": format_range(row.attach_low, row.attach_high, "share"),
            "its margin a new buyer": format_value(row.margin_per_new_buyer, currency),
            "their other margin moved by": format_value(row.other_change, currency),
            "extra a new buyer": format_value(row.extra_per_new_buyer, currency),
            "one point more is worth": format_value(row.point_value, currency),
        }
        for row in products.itertuples()
    )


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
