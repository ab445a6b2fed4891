"""From a campaign's result to the findings ``reactivation.NAME.*`` and their sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.intervals import share_interval

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.targeting import Targeting

__all__ = ["reactivation_findings", "targeting_sentence", "writer_of"]

WRITER = FindingWriter("40_reactivation", case="C3")


def writer_of(campaign: str) -> FindingWriter:
    """The writer of one campaign's findings."""
    title = campaign.replace("_", " ")
    return replace(WRITER, prefix=f"reactivation.{campaign}.", label=f"The {title} campaign: ")


def reactivation_findings(
    result: CampaignResult,
    first_ever: tuple[int, int] | None,
    *,
    currency: str,
    level: float,
    product: str | None = None,
) -> list[Finding]:
    """The five findings of one campaign; `first_ever` counts new buyers and all buyers of its product, None without one."""
    title, writer = result.name.replace("_", " "), writer_of(result.name)
    against = "customers held out by lot" if result.randomised else "similar customers who were not contacted"
    method = (
        f"{result.contacted:,} contacted customers against {result.held_out:,} {against}, as assigned, over "
        f"{result.window_days} days from the first contact."
        + (f" {result.left_out:,} were observed for less and are left out." if result.left_out else "")
    )
    doubt = next(
        (f" Doubtful: {check.detail}" for check in result.checks if check.gating and check.passed is False), ""
    )

    if result.interim:
        doubt += f" {result.interim}"
    back, check, margin, profit = result.return_uplift, result.check_uplift, result.margin_per_contact, result.profit
    cost = (
        f"less {format_value(result.cost_per_contact, currency)} a contact"
        if result.priced
        else "no cost of contacting taken off, since the contacts give none"
    )
    earned = (
        f"{method} Contribution margin, discounts in it, {cost}; adjusted by what customers had brought. "
        "The interval holds for customers like these, who may be contacted next."
    )
    measured = replace(writer, grade=result.grade, level=level, method=method)
    woken, bought, note = "won back" if result.dormant else "who bought because of it", _bought(result), result.note
    few = f"fewer than five customers of one group {bought}, or all paid the same."
    over = f"{method} Revenue an order of those who {bought}, one group over the other, less 1."
    whole = f"Margin per contact × {result.contacted_in_all:,} customers contacted; nominal and before tax."
    text = _return_text(result, title, level) + doubt
    each, all_of_it = _margin_text(result, currency), _profit_text(result, title, currency)
    label = f"average check of those who {bought}"
    net = "margin per contact, net of cost"
    return [
        measured.write("return_uplift", f"customers {woken}", back, "share", text, missing=note),
        measured.write("check_uplift", label, check, "share", _check_text(result, level), over, missing=note or few),
        measured.write("margin_per_contact", net, margin, currency, each, earned, missing=note),
        measured.write("profit", "profit", profit, currency, all_of_it, whole, missing=note),
        _first_ever(writer, first_ever, level, product),
    ]


def _bought(result: CampaignResult) -> str:
    """What customers did: who was not asleep cannot come back."""
    return "came back" if result.dormant else "bought"


def _return_text(result: CampaignResult, title: str, level: float) -> str:
    found = result.return_uplift
    if found is None:
        return ""
    woken = found.value * result.contacted_in_all
    came = (
        f"Of the customers contacted in the {title} campaign, {format_value(result.returned, 'share')} "
        f"{_bought(result)} within {result.window_days} days; {format_value(result.would_return, 'share')} would have "
        f"{'come' if result.dormant else 'bought'} anyway."
    )
    if found.low > 0:
        return (
            f"{came} So {format_value(found.value, 'share')} of them ({format_range(found.low, found.high, 'share')}), "
            f"about {woken:,.0f} customers, {_bought(result)} because of {'us' if result.dormant else 'it'}."
        )
    if found.high < 0:
        return f"{came} Contacting them kept customers away ({format_range(found.low, found.high, 'share')})."
    return (
        f"{came} The difference may be chance: anything {format_range(found.low, found.high, 'share')} fits the data "
        f"with {format_level(level)} confidence."
    )


def _check_text(result: CampaignResult, level: float) -> str:
    found, bought = result.check_uplift, _bought(result)
    if found is None:
        return ""
    spread = format_range(found.low, found.high, "share")
    said = (
        f"Those who {bought} after a contact paid {format_value(abs(found.value), 'share')} "
        f"{'more' if found.value > 0 else 'less'} an order than those who {bought} by themselves ({spread})."
        if found.low > 0 or found.high < 0
        else f"An order of those who {bought} cost about the same with and without a contact (change {spread})."
    )
    who = "comes back" if result.dormant else "buys"
    return f"{said} A contact also changes who {who}, so this is no proof that baskets grew."


def _margin_text(result: CampaignResult, currency: str) -> str:
    found = result.margin_per_contact
    if found is None:
        return ""
    spread = format_range(found.low, found.high, currency)
    if found.low > 0:
        return (
            f"Each contact earned {format_value(found.value, currency)} of margin that would not have come otherwise "
            f"({spread}), "
            + (
                f"after the cost of contacting ({format_value(result.cost_per_contact, currency)})."
                if result.priced
                else "before what contacting cost: the contacts give no cost."
            )
        )
    if found.high < 0:
        return f"Each contact lost {format_value(-found.value, currency)} ({spread})."
    return (
        f"Whether a contact earns or loses money is open: {format_value(found.value, currency)} each, but {spread} "
        "fits the data."
    )


def _profit_text(result: CampaignResult, title: str, currency: str) -> str:
    found = result.profit
    if found is None:
        return ""
    spread = format_range(found.low, found.high, currency)
    if found.low <= 0 <= found.high:
        text = (
            f"Whether the {title} campaign earned or lost money within {result.window_days} days is open: "
            f"{format_value(found.value, currency)} in all, but anything {spread} fits the data."
        )
    else:
        text = (
            f"The {title} campaign {'earned' if found.value > 0 else 'lost'} {format_value(abs(found.value), currency)} "
            f"in all ({spread}) within {result.window_days} days."
        )
    if result.subsidy > 0.005 * max(abs(found.value), 1e-9):
        text += (
            f" {format_value(result.subsidy, currency)} of discount went to customers who would have "
            f"{'come back' if result.dormant else 'bought'} anyway; that is taken off already."
        )
    return text


def _first_ever(writer: FindingWriter, counted: tuple[int, int] | None, level: float, product: str | None) -> Finding:
    key, label = "first_ever_share", "first-ever buyers"
    if counted is None:
        return writer.withhold(key, label, "the study names no product of the campaign.", "share")
    new, every = counted
    if not every:
        return writer.withhold(key, label, "nobody bought the campaign's product.", "share")
    text = (
        f"{new:,} of the {every:,} buyers of the {product} ({format_value(new / every, 'share')}) had never bought from us "
        "before."
    )
    method = (
        "Buyers from the campaign's first contact to its last one plus the window; no purchase before the first contact. "
        "The range treats the buyers as a sample. It is a share of buyers and says nothing about what caused the purchase."
    )
    share = (new / every, *share_interval(new, every, level))
    return writer.write(key, label, share, "share", text, method, level=level)


def targeting_sentence(found: Targeting, currency: str) -> str:
    """Whom to contact next, in one sentence that a reader can act on."""
    best, worst = found.groups[0], found.groups[-1]
    mean = float(found.score.mean())
    if not found.differs:
        return (
            f"The test does not show that a contact adds more for some customers than for others (about "
            f"{format_value(mean, currency)} each): contact all or none, and do not pay for a ranking."
        )
    return (
        f"Contact the best-ranked first: the top fifth adds {format_value(best[0], currency)} a contact, the last fifth "
        f"{format_value(worst[0], currency)}, measured on the test itself."
    )
