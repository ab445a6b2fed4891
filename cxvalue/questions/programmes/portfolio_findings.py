"""From all programmes together to the findings ``programmes.*``, their sentences and their tables."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.grades import GRADES
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.money.portfolio import drawn_in, portfolio_totals
from cxvalue.questions.programmes.declared_case import spent_to_date
from cxvalue.questions.programmes.effect_findings import NO_RANGE, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.money.portfolio import Portfolio, Totals
    from cxvalue.questions.programmes.measure import ProgrammeFit

WRITER = FindingWriter("80_roi_case", "programmes.", case="C6")
WAYS = {
    "joint": translatable(
        "Customers in any of the programmes are compared with customers in none, so each customer-month "
        "counts once, however the programmes work together."
    ),
    "bounded": translatable(
        "These data cannot separate the programmes, so a customer-month in several counts for the "
        "largest claim only; the range reaches up to the plain sum."
    ),
    "sum": translatable("The programmes do not share customers, so their contributions simply add up."),
}


def portfolio_findings(
    portfolio: Portfolio | None,
    fits: Sequence[ProgrammeFit],
    cases: Mapping[str, Case],
    *,
    currency: str,
    level: float,
) -> list[Finding]:
    """``overlap_share``, ``total_to_date`` and ``total_npv``; nothing where there are fewer than two programmes."""
    if portfolio is None or len(portfolio.programmes) < 2:
        return []
    share = portfolio.overlap_share
    writer = replace(WRITER, level=level)
    counted = translate("Counted from the roll-outs: customer-months in two or more programmes, out of all in any.")
    label = translate("Treated customer-months in several programmes")
    overlap = writer.write("overlap_share", label, share, "share", _overlap_text(portfolio), counted)
    if len(portfolio.priced) < 2:
        return [overlap]
    totals = portfolio_totals(portfolio, cases, {name: spent_to_date(cases[name]) for name in portfolio.priced}, level)
    label = translate("All programmes: contribution so far, net of cost")
    if is_a_point(totals.to_date_low, totals.to_date_high):
        return [overlap, writer.withhold("total_to_date", label, translate(NO_RANGE), currency, word="withheld")]
    grade = max((fit.effect.grade for fit in fits if fit.name in portfolio.priced), key=GRADES.index)
    so_far = f"{_to_date_text(portfolio, totals, currency, level)} {_once_text(portfolio, totals, currency)}"
    less = translate("Less all costs so far; nominal and before tax.")
    made = f"{translate(WAYS[portfolio.way])} {less}"
    worth = _worth_text(portfolio, totals, currency, level)
    method = translate(
        "Sum of the cases' net present values, each at its own start, less the margin that they count twice: per treated "
        "customer-month as measured to date. The range allows for errors that the cases share."
    )
    to_date = (totals.to_date, totals.to_date_low, totals.to_date_high)
    npv = (totals.npv, totals.npv_low, totals.npv_high)
    writer = replace(writer, grade=grade)
    return [
        overlap,
        writer.write("total_to_date", label, to_date, currency, so_far, made),
        writer.write("total_npv", translate("All programmes: net present value"), npv, currency, worth, method),
    ]


def _to_date_text(portfolio: Portfolio, totals: Totals, currency: str, level: float) -> str:
    """What the programmes have brought together so far, or cost."""
    told = {
        "amount": format_value(abs(totals.to_date), currency),
        "range": format_range(totals.to_date_low, totals.to_date_high, currency),
        "level": format_level(level),
    }
    count = len(portfolio.priced)
    if count == 2:
        if totals.to_date >= 0:
            return translate(
                "Together, both programmes have contributed {amount} net of their costs so far ({range} with {level} "
                "confidence).",
                **told,
            )
        return translate(
            "Together, both programmes have lost {amount} net of their costs so far ({range} with {level} confidence).",
            **told,
        )
    if totals.to_date >= 0:
        return translate_count(
            "Together, the {count:,} programme has contributed {amount} net of its costs so far ({range} with {level} "
            "confidence).",
            "Together, the {count:,} programmes have contributed {amount} net of their costs so far ({range} with {level} "
            "confidence).",
            count,
            **told,
        )
    return translate_count(
        "Together, the {count:,} programme has lost {amount} net of its costs so far ({range} with {level} confidence).",
        (
            "Together, the {count:,} programmes have lost {amount} net of their costs so far ({range} with "
            "{level} confidence)."
        ),
        count,
        **told,
    )


def _worth_text(portfolio: Portfolio, totals: Totals, currency: str, level: float) -> str:
    """What the programmes are worth together over their horizons."""
    told = {
        "npv": format_value(totals.npv, currency),
        "range": format_range(totals.npv_low, totals.npv_high, currency),
        "level": format_level(level),
        "plain": format_value(totals.plain_npv, currency),
    }
    count = len(portfolio.priced)
    text = (
        translate(
            "Together, both programmes are worth {npv} over their horizons ({range} with {level} confidence), nominal and "
            "before tax; the plain sum of their cases is {plain}.",
            **told,
        )
        if count == 2
        else translate_count(
            "Together, the {count:,} programme is worth {npv} over its horizon ({range} with {level} confidence), "
            "nominal and before tax; the plain sum of its cases is {plain}.",
            "Together, the {count:,} programmes are worth {npv} over their horizons ({range} with {level} confidence), "
            "nominal and before tax; the plain sum of their cases is {plain}.",
            count,
            **told,
        )
    )
    if totals.benefits_twice > 0 and portfolio.overlap_share > 0:
        twice = translate("Benefits that several programmes state under one name count once.")
        return f"{text} {twice}"
    return text


def _overlap_text(portfolio: Portfolio) -> str:
    share = portfolio.overlap_share
    texts = [
        translate("No customer was in two programmes in the same month.")
        if share == 0
        else translate(
            "In {share} of the months in a programme, the customer was in several at once.",
            share=format_value(share, "share"),
        )
    ]
    for campaign, (contacted, *under) in portfolio.contacted:
        for name, number in zip(portfolio.programmes, under, strict=True):
            if contacted and number:
                texts.append(
                    translate(
                        "Of those contacted by the campaign {campaign}, {share} were already in {programme}; what the "
                        "campaign added is not included in the sums of programmes.",
                        campaign=campaign,
                        share=format_value(number / contacted, "share"),
                        programme=title_of(name),
                    )
                )
    return " ".join(texts)


def _once_text(portfolio: Portfolio, totals: Totals, currency: str) -> str:
    """What counting once does to the plain sum, and what the holdout says."""
    plain = format_value(totals.plain_to_date, currency)
    if portfolio.way == "sum":
        text = translate("They reach different customers, so this is the sum of their contributions.")
    elif portfolio.way == "joint":
        text = (
            translate(
                "Each single estimate contains part of the others, and their plain sum, {plain}, would count "
                "shared customers more than once.",
                plain=plain,
            )
            if totals.plain_to_date > totals.to_date
            else translate(
                "Each single estimate contains part of the others, and their plain sum, {plain}, would miss part of it.",
                plain=plain,
            )
        )
    else:
        text = translate(
            "The plain sum is {plain}; customers in several programmes count once here, for the largest "
            "claim, because these data cannot separate the programmes.",
            plain=plain,
        )
    held = portfolio.holdout
    if held is None:
        return text
    told = {
        "customers": held.held_out,
        "amount": format_value(held.margin, currency),
        "range": format_range(held.low, held.high, currency),
    }
    checked = (
        translate(
            "The {customers:,} customers held out of everything show that all of it added {amount} ({range}) before costs, "
            "less than the sum of the programmes: the sum is cut to that, {share:.0%} of the claims.",
            share=totals.factor,
            **told,
        )
        if totals.capped
        else translate(
            "The {customers:,} customers held out of everything show that all of it added {amount} ({range}) before costs, "
            "which does not lower the sum.",
            **told,
        )
    )
    return f"{text} {checked}"


def luck_sentence(portfolio: Portfolio | None, cases: Mapping[str, Case], currency: str) -> str:
    """The winner's curse in a sentence: the sum of the effects as measured and drawn in by how noisy they are."""
    found = None if portfolio is None else drawn_in(portfolio, cases)
    if found is None:
        return translate(
            "The winner's curse cannot be corrected with fewer than three programmes: it is not known how "
            "much such programmes differ."
        )
    return translate(
        "Winner's curse: programmes that look best have also had luck. As measured, their margin so far "
        "adds up to {measured} before costs; with each effect shrunk towards zero by how noisy it is "
        "(James-Stein, empirical Bayes), to {drawn}. Neither is corrected for overlap.",
        measured=format_value(found.raw, currency),
        drawn=format_value(found.drawn, currency),
    )


def overlap_table(portfolio: Portfolio) -> pd.DataFrame:
    """Share of one programme's treated customer-months under another, and of a campaign's customers under a programme."""
    rows: list[tuple[object, ...]] = []
    for k, one in enumerate(portfolio.programmes):
        for j, other in enumerate(portfolio.programmes):
            rows.append(
                ("programme", one, other, portfolio.shared[k][j], portfolio.contained[k][j] if j != k else None)
            )
    for campaign, (contacted, *under) in portfolio.contacted:
        for name, number in zip(portfolio.programmes, under, strict=True):
            rows.append(("campaign", campaign, name, number / contacted if contacted else None, None))
    columns = ["kind", "name", "also_under", "share", "effect_contained"]
    return pd.DataFrame(rows, columns=columns)


def ledger_table(portfolio: Portfolio) -> pd.DataFrame:
    """Customer-months and margin by month, driver and set of programmes; a customer-month stands in one line per driver."""
    columns = ["month", "programmes", "driver", "customer_months", "claimed", "counted"]
    return pd.DataFrame([asdict(line) for line in portfolio.ledger], columns=columns)


def credits_display(portfolio: Portfolio, currency: str) -> Styler:
    """What each programme claims by its own estimate, and what it is credited with once shared months count once."""

    credits = [(title_of(one.programme), one.claimed, one.credited, one.low, one.high) for one in portfolio.credits]
    together = (translate("Together"), portfolio.claimed, portfolio.margin, portfolio.low, portfolio.high)
    return styled(
        {
            translate("programme"): name,
            translate("claims so far"): format_value(claimed, currency),
            translate("credited"): format_value(credited, currency),
            translate("range"): format_range(low, high, currency),
        }
        for name, claimed, credited, low, high in (*credits, together)
    )
