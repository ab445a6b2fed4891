"""What cross-selling and referrals bring, in findings and sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cxvalue.findings.numbers import format_date, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.language.catalogue import translate, translate_count

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.questions.customers.crosssell import CrossSelling
    from cxvalue.questions.customers.referral import Referrals

WRITER = FindingWriter("20_cltv", case="C5", grade="D")


def crosssell_findings(found: CrossSelling | None, *, currency: str) -> list[Finding]:
    """The findings ``crosssell.attach_rate`` and ``crosssell.point_value`` of the product whose gain is surest.

    Where no product's gain is proven the second is withheld with what is open about it.
    """
    if found is None:
        return []
    best = found.products.iloc[0]
    when = {"months": found.days / DAYS_PER_MONTH, "until": format_date(found.until)}
    made = translate(
        "Customers active on {day} who had not bought the product by then; new buyers did so in the {months:.0f} months up "
        "to {until}. Margin of the product itself, less any fall in their other margin compared with customers who had as "
        "many visits and as much margin before; a rise is not credited. Wilson's and Student's intervals.",
        day=format_date(found.start),
        **when,
    )
    numbers = {
        "product": best["product"],
        "share": format_value(best.attach_rate, "share"),
        "eligible": int(best.eligible),
        **when,
    }
    taken = (
        translate(
            "The most certain gain is in {product}: {share} of the {eligible:,} active customers without it "
            "took it up in the {months:.0f} months up to {until}.",
            **numbers,
        )
        if found.proven
        else translate(
            "{product} ranks first: {share} of the {eligible:,} active customers without it took it up in "
            "the {months:.0f} months up to {until}.",
            **numbers,
        )
    )
    writer = replace(WRITER, prefix="crosssell.", level=found.level, method=made)
    rate = (best.attach_rate, best.attach_low, best.attach_high)
    label = translate("Take-up of {product} by customers who did not have it", product=best["product"])
    taken_up = writer.write("attach_rate", label, rate, "share", taken)
    if not found.proven:
        label, writer = translate("One percentage point more take-up of a product"), replace(writer, grade=None)
        return [
            taken_up,
            writer.withhold("point_value", label, _open(found, currency), currency, word="withheld"),
        ]
    point = (best.point_value, best.point_low, best.point_high)
    label = translate("One percentage point more take-up of {product}", product=best["product"])
    return [taken_up, writer.write("point_value", label, point, currency, _worth(best, currency, when))]


def _worth(best: pd.Series, currency: str, when: dict[str, Any]) -> str:
    """What a new buyer of a product brought and what one more in a hundred would be worth, and how far to believe it."""
    told = [
        translate(
            "A new buyer of {product} brought {extra} extra margin in the {months:.0f} months up to {until}.",
            product=best["product"],
            extra=format_value(best.extra_per_new_buyer, currency),
            **when,
        )
    ]
    if best.other_change < 0:
        replaced = format_value(-best.other_change, currency)
        told.append(translate("{amount} of other margin that it replaced has been deducted.", amount=replaced))
    told += [
        translate(
            "If the product itself is the reason, one more customer in a hundred taking it up is worth {worth}, {range}.",
            worth=format_value(best.point_value, currency),
            range=format_range(best.point_low, best.point_high, currency),
        ),
        translate(
            "Those who take up a product were often buying more anyway: treat this as a place to test, not as proof."
        ),
    ]
    return " ".join(told)


def _open(found: CrossSelling, currency: str) -> str:
    """Why no gain is stated: what is known of the product that comes first."""
    known = found.products[found.products["point_low"].notna()]
    if known.empty:
        return translate(
            "no range can be given for any product: there are no similar customers to compare new buyers "
            "with, or all of them brought the same amount."
        )
    first = known.iloc[0]
    return translate_count(
        "new buyers of the one product known cannot be shown to bring extra margin; for {product}, which"
        " ranks first, one more customer in a hundred may be worth anything {range}.",
        "new buyers of any of the {count} products known cannot be shown to bring extra margin; for "
        "{product}, which ranks first, one more customer in a hundred may be worth anything {range}.",
        len(known),
        product=first["product"],
        range=format_range(first.point_low, first.point_high, currency),
    )


def referral_findings(found: Referrals | None, *, currency: str, horizon_months: int) -> list[Finding]:
    """The findings ``referral.worth`` and ``referral.per_customer_year``; none where the tables do not tell."""
    if found is None:
        return []
    writer, label = (
        replace(WRITER, prefix="referral.", level=found.level),
        translate("What a referred customer is worth"),
    )
    if found.worth is None:
        reason = translate(
            "all {referred:,} referred customers come out at the same amount, so no range can be given. "
            "Check that the purchases and the table of customers use the same ids.",
            referred=found.referred,
        )
        return [replace(writer, grade=None).withhold("worth", label, reason, currency, word="withheld")]
    value, low, high = found.worth
    told = [
        translate_count(
            "{count:,} customer referred others; referred in all: {referred:,}.",
            "{count:,} customers referred others; referred in all: {referred:,}.",
            found.referrers,
            referred=found.referred,
        )
        if found.referrers
        else translate("Customers who were referred: {referred:,}.", referred=found.referred),
        translate(
            "One of them is worth {worth}, {range}.",
            worth=format_value(value, currency),
            range=format_range(low, high, currency),
        ),
    ]
    if found.worth_of_others:
        others = format_value(found.worth_of_others[0], currency)
        told.append(translate("A customer who came another way is worth {worth}.", worth=others))
    told.append(translate("Some would have come anyway, so this is the most that a referral adds."))
    made = translate(
        "Margin so far, plus the expected margin of the next {months} months, less the cost of winning "
        "them; mean of the referred customers, including the error of the value still to come.",
        months=horizon_months,
    )
    results = [writer.write("worth", label, found.worth, currency, " ".join(told), made)]
    before = found.customers - found.new
    yearly_label = translate("Referrals in a year, per customer")
    if before > 0 and not found.new_referred:
        day = format_date(found.as_of)
        reason = translate("nobody joined in the year up to {day}.", day=day)
        if found.new:
            reason = translate_count(
                "the {count:,} customer who joined in the year up to {day} was not referred.",
                "none of the {count:,} customers who joined in the year up to {day} was referred.",
                found.new,
                day=day,
            )
        results.append(writer.withhold("per_customer_year", yearly_label, reason, currency))
    elif before > 0:
        share = found.new_referred / before
        text = translate(
            "In the year up to {day}, {referred:,} of {new:,} new customers were referred: {worth} for each of the "
            "{before:,} earlier customers.",
            day=format_date(found.as_of),
            referred=found.new_referred,
            new=found.new,
            worth=format_value(value * share, currency),
            before=before,
        )
        times = translate("Multiplied by the referred customers of those months, per earlier customer.")
        yearly = (value * share, low * share, high * share)
        results.append(writer.write("per_customer_year", yearly_label, yearly, currency, text, f"{made} {times}"))
    return results
