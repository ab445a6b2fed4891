"""From all programmes together to the findings ``programmes.*``, their sentences and their tables."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.chance import is_a_point
from cxvalue.foundation.grades import GRADES
from cxvalue.money.portfolio import drawn_in, portfolio_totals
from cxvalue.questions.programmes.declared_case import spent_to_date
from cxvalue.questions.programmes.effect_findings import NO_RANGE, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.money.portfolio import Portfolio, Totals
    from cxvalue.questions.programmes.measure import ProgrammeFit

__all__ = ["credits_display", "ledger_table", "luck_sentence", "overlap_table", "portfolio_findings"]

WRITER = FindingWriter("80_roi_case", "programmes.", case="C6")
WAYS = {
    "joint": "Customers under any of the programmes are compared with customers under none, so each customer-month counts "
    "once, whatever the programmes do together.",
    "bounded": "The programmes cannot be told apart in these data, so a customer-month under several counts for the largest "
    "claim only; the range reaches up to the plain sum.",
    "sum": "The programmes do not meet on the same customers, so their contributions simply add up.",
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
    counted = "Counted from the roll-outs: customer-months under two or more programmes, of all under any."
    label = "Treated customer-months under several programmes"
    overlap = writer.write("overlap_share", label, share, "share", _overlap_text(portfolio), counted)
    if len(portfolio.priced) < 2:
        return [overlap]
    totals = portfolio_totals(portfolio, cases, {name: spent_to_date(cases[name]) for name in portfolio.priced}, level)
    label = "All programmes: contribution so far, net of cost"
    if is_a_point(totals.to_date_low, totals.to_date_high):
        return [overlap, writer.withhold("total_to_date", label, NO_RANGE, currency, word="withheld")]
    grade = max((fit.effect.grade for fit in fits if fit.name in portfolio.priced), key=GRADES.index)
    both = "both programmes" if len(portfolio.priced) == 2 else f"the {len(portfolio.priced)} programmes"
    more = "have contributed" if totals.to_date >= 0 else "have cost"
    spread = format_range(totals.to_date_low, totals.to_date_high, currency)
    so_far = (
        f"Together, {both} {more} {format_value(abs(totals.to_date), currency)} net of their costs so far ({spread} with "
        f"{format_level(level)} confidence). {_once_text(portfolio, totals, currency)}"
    )
    made = f"{WAYS[portfolio.way]} Less all costs so far; nominal and before tax."
    ends = format_range(totals.npv_low, totals.npv_high, currency)
    twice = (
        " Benefits that several programmes state under one name count once."
        if totals.benefits_twice > 0 and share > 0
        else ""
    )
    worth = (
        f"Together, {both} are worth {format_value(totals.npv, currency)} over their horizons ({ends} with "
        f"{format_level(level)} confidence), nominal and before tax; the plain sum of their cases is "
        f"{format_value(totals.plain_npv, currency)}.{twice}"
    )
    method = (
        "Sum of the cases' net present values, each at its own start, less the margin that they count twice: per treated "
        "customer-month as measured to date. The range couples the cases' draws as their errors go together."
    )
    to_date = (totals.to_date, totals.to_date_low, totals.to_date_high)
    npv = (totals.npv, totals.npv_low, totals.npv_high)
    writer = replace(writer, grade=grade)
    return [
        overlap,
        writer.write("total_to_date", label, to_date, currency, so_far, made),
        writer.write("total_npv", "All programmes: net present value", npv, currency, worth, method),
    ]


def _overlap_text(portfolio: Portfolio) -> str:
    share = portfolio.overlap_share
    if share == 0:
        text = "No customer was under two programmes in the same month."
    else:
        text = f"In {format_value(share, 'share')} of the months under a programme, the customer was under several at once."
    for campaign, (contacted, *under) in portfolio.contacted:
        for name, number in zip(portfolio.programmes, under, strict=True):
            if contacted and number:
                text += (
                    f" Of those contacted by the campaign {campaign}, {format_value(number / contacted, 'share')} were "
                    f"under {title_of(name)} already; what the campaign added is no part of the sums of programmes."
                )
    return text


def _once_text(portfolio: Portfolio, totals: Totals, currency: str) -> str:
    """What counting once does to the plain sum, and what the holdout says."""
    plain = format_value(totals.plain_to_date, currency)
    if portfolio.way == "sum":
        text = "They reach different customers, so this is the sum of their contributions."
    elif portfolio.way == "joint":
        wrong = (
            "count shared customers more than once" if totals.plain_to_date > totals.to_date else "miss a part of it"
        )
        text = f"Each single estimate holds something of the others, and the plain sum of them, {plain}, would {wrong}."
    else:
        text = (
            f"The plain sum is {plain}; customers under several programmes count once here, for the largest claim, because "
            "these data cannot tell the programmes apart."
        )
    held = portfolio.holdout
    if held is None:
        return text
    found = f"{format_value(held.margin, currency)} ({format_range(held.low, held.high, currency)})"
    text += f" The {held.held_out:,} customers held out of everything show that all of it added {found} before costs"
    if totals.capped:
        return (
            f"{text}, less than the programmes add up to: the sum is cut to it, to {totals.factor:.0%} of the claims."
        )
    return f"{text}, which does not lower the sum."


def luck_sentence(portfolio: Portfolio | None, cases: Mapping[str, Case], currency: str) -> str:
    """The winner's curse in a sentence: the sum of the effects as measured and drawn in by how noisy they are."""
    found = None if portfolio is None else drawn_in(portfolio, cases)
    if found is None:
        return (
            "The winner's curse cannot be corrected with fewer than three programmes: too little shows how far such "
            "programmes differ."
        )
    return (
        f"Winner's curse: programmes that look best have had luck as well. As measured, their margin so far adds up to "
        f"{format_value(found.raw, currency)} before costs; with each effect drawn in to zero by how noisy it is "
        f"(James-Stein, empirical Bayes), to {format_value(found.drawn, currency)}. Neither is corrected for overlap."
    )


def overlap_table(portfolio: Portfolio) -> pd.DataFrame:
    """Share of one programme's treated customer-months under another, and of a campaign's customers under a programme."""
    import pandas as pd

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
    import pandas as pd

    columns = ["month", "programmes", "driver", "customer_months", "claimed", "counted"]
    return pd.DataFrame([asdict(line) for line in portfolio.ledger], columns=columns)


def credits_display(portfolio: Portfolio, currency: str) -> Styler:
    """What each programme claims by its own estimate, and what it is credited with once shared months count once."""
    import pandas as pd

    rows = [
        {
            "programme": title_of(one.programme),
            "claims so far": format_value(one.claimed, currency),
            "credited": format_value(one.credited, currency),
            "range": format_range(one.low, one.high, currency),
        }
        for one in portfolio.credits
    ]
    rows.append(
        {
            "programme": "Together",
            "claims so far": format_value(portfolio.claimed, currency),
            "credited": format_value(portfolio.margin, currency),
            "range": format_range(portfolio.low, portfolio.high, currency),
        }
    )
    return pd.DataFrame(rows).style.hide(axis="index")
