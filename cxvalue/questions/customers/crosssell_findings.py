"""What cross-selling and referrals bring, in findings and sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.findings.writer import FindingWriter

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.customers.crosssell import CrossSelling
    from cxvalue.questions.customers.referral import Referrals

__all__ = ["crosssell_findings", "referral_findings"]

WRITER = FindingWriter("20_cltv", case="C5", grade="D")

_SELECTION = "Who takes up a product was often buying more anyway: this is a place to test, not a proof."


def crosssell_findings(found: CrossSelling | None, *, currency: str) -> list[Finding]:
    """The findings ``crosssell.attach_rate`` and ``crosssell.point_value`` of the product whose gain is surest.

    Where no product's gain is proven the second is withheld with what is open about it.
    """
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
    surest = "has the surest gain: " if found.proven else "comes first: "
    taken = (
        f"{best['product']} {surest}{format_value(best.attach_rate, 'share')} of the {best.eligible:,} active customers "
        f"without it took it up {window}."
    )
    writer = replace(WRITER, prefix="crosssell.", level=found.level, method=made)
    rate = (best.attach_rate, best.attach_low, best.attach_high)
    label = f"Take-up of {best['product']} by customers who did not have it"
    taken_up = writer.write("attach_rate", label, rate, "share", taken)
    label = "One point more take-up of "
    if not found.proven:
        writer = replace(writer, grade=None)
        return [
            taken_up,
            writer.withhold("point_value", f"{label}a product", _open(found, currency), currency, word="withheld"),
        ]
    text = (
        f"A new buyer of {best['product']} brought {format_value(best.extra_per_new_buyer, currency)} extra margin "
        f"{window}.{replaced} One more in a hundred taking it up would be worth "
        f"{format_value(best.point_value, currency)}, {format_range(best.point_low, best.point_high, currency)}. "
        f"{_SELECTION}"
    )
    point = (best.point_value, best.point_low, best.point_high)
    return [taken_up, writer.write("point_value", f"{label}{best['product']}", point, currency, text)]


def _open(found: CrossSelling, currency: str) -> str:
    """Why no gain is stated: what is known of the product that comes first."""
    known = found.products[found.products["point_low"].notna()]
    if known.empty:
        return (
            "of no product can a range be given: there are no similar customers to compare new buyers with, or "
            "all of them brought the same amount."
        )
    first, count = known.iloc[0], len(known)
    which = "the one product known" if count == 1 else f"any of the {count} products known"
    return (
        f"new buyers of {which} cannot be shown to bring extra margin; for {first['product']}, which comes first, "
        f"one more in a hundred may be worth anything {format_range(first.point_low, first.point_high, currency)}."
    )


def referral_findings(found: Referrals | None, *, currency: str, horizon_months: int) -> list[Finding]:
    """The findings ``referral.worth`` and ``referral.per_customer_year``; none where the tables do not tell."""
    if found is None:
        return []
    writer, label = replace(WRITER, prefix="referral.", level=found.level), "What a referred customer is worth"
    if found.worth is None:
        reason = (
            f"all {found.referred:,} referred customers come out at the same amount, so no range can be given. Look whether "
            "the purchases and the table of customers name them alike."
        )
        return [replace(writer, grade=None).withhold("worth", label, reason, currency, word="withheld")]
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
    text = (
        f"{found.referred:,} customers were referred{who}. One of them is worth {format_value(value, currency)}, "
        f"{format_range(low, high, currency)}.{others} Some would have come by themselves, so this is the most that a "
        "referral adds."
    )
    results = [writer.write("worth", label, found.worth, currency, text, made)]
    before = found.customers - found.new
    if before > 0:
        share = found.new_referred / before
        text = (
            f"In the year up to {format_date(found.as_of)}, {found.new_referred:,} of {found.new:,} new customers were "
            f"referred: {format_value(value * share, currency)} for each of the {before:,} earlier customers."
        )
        made += " Times the referred customers of those months, for each earlier customer."
        label, yearly = "Referrals in a year, for each customer", (value * share, low * share, high * share)
        results.append(writer.write("per_customer_year", label, yearly, currency, text, made))
    return results
