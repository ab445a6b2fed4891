"""What cross-selling and referrals bring, in findings and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_date, format_range, format_value

if TYPE_CHECKING:
    from cxvalue.questions.customers.crosssell import CrossSelling
    from cxvalue.questions.customers.referral import Referrals

__all__ = ["crosssell_findings", "referral_findings"]

NOTEBOOK = "20_cltv"

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
    return [
        Finding(
            "crosssell.attach_rate", f"Take-up of {best['product']} by customers who did not have it", best.attach_rate,
            best.attach_low, best.attach_high, found.level, "share", "D",
            f"{best['product']} {surest}{format_value(best.attach_rate, 'share')} of the "
            f"{best.eligible:,} active customers without it took it up {window}.",
            made, "C5", NOTEBOOK,
        ),
        Finding(
            "crosssell.point_value", "One point more take-up of a product", None, unit=currency, text=_open(found, currency),
            method=made, case="C5", notebook=NOTEBOOK,
        )
        if not found.proven
        else Finding(
            "crosssell.point_value", f"One point more take-up of {best['product']}", best.point_value, best.point_low,
            best.point_high, found.level, currency, "D",
            f"A new buyer of {best['product']} brought {format_value(best.extra_per_new_buyer, currency)} extra margin "
            f"{window}.{replaced} One more in a hundred taking it up would be worth "
            f"{format_value(best.point_value, currency)}, {format_range(best.point_low, best.point_high, currency)}. "
            f"{_SELECTION}",
            made, "C5", NOTEBOOK,
        ),
    ]  # fmt: skip


def _open(found: CrossSelling, currency: str) -> str:
    """Why no gain is stated: what is known of the product that comes first."""
    known = found.products[found.products["point_low"].notna()]
    if known.empty:
        return (
            "Withheld: of no product can a range be given: there are no similar customers to compare new buyers with, or "
            "all of them brought the same amount."
        )
    first, count = known.iloc[0], len(known)
    which = "the one product known" if count == 1 else f"any of the {count} products known"
    return (
        f"Withheld: new buyers of {which} cannot be shown to bring extra margin; for {first['product']}, which comes first, "
        f"one more in a hundred may be worth anything {format_range(first.point_low, first.point_high, currency)}."
    )


def referral_findings(found: Referrals | None, *, currency: str, horizon_months: int) -> list[Finding]:
    """The findings ``referral.worth`` and ``referral.per_customer_year``; none where the tables do not tell."""
    if found is None:
        return []
    if found.worth is None:
        reason = (
            f"Withheld: all {found.referred:,} referred customers come out at the same amount, so no range can be given. "
            "Look whether the purchases and the table of customers name them alike."
        )
        label = "What a referred customer is worth"
        return [Finding("referral.worth", label, None, unit=currency, text=reason, case="C5", notebook=NOTEBOOK)]
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
            made, "C5", NOTEBOOK,
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
                f"{made} Times the referred customers of those months, for each earlier customer.", "C5", NOTEBOOK,
            )
        )  # fmt: skip
    return results
