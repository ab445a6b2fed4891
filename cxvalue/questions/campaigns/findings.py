"""From a campaign's result to the findings ``reactivation.NAME.*`` and their sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.foundation.intervals import share_interval
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxvalue.findings.finding import Finding
    from cxvalue.questions.campaigns import CampaignResult
    from cxvalue.questions.campaigns.targeting import Targeting

WRITER = FindingWriter("40_reactivation", case="C3")

CAME_BACK = {
    "label": translatable("customers won back"),
    "check_label": translatable("average order of those who came back"),
    "few": translatable("fewer than five customers of one group came back, or all paid the same."),
    "over": translatable("Revenue per order of those who came back, one group divided by the other, less 1."),
    "came": translatable(
        "Of the customers contacted in the {title} campaign, {share} came back within {window}; {anyway} would have come "
        "anyway."
    ),
    "because": translatable("So {share} of them ({range}), about {customers}, came back because of us."),
    "more": translatable(
        "Those who came back after a contact paid {change} more per order than those who came back without one ({range})."
    ),
    "less": translatable(
        "Those who came back after a contact paid {change} less per order than those who came back without one ({range})."
    ),
    "same": translatable(
        "Those who came back paid about the same per order with and without a contact (change {range})."
    ),
    "no_proof": translatable("A contact also changes who comes back, so this does not prove that baskets grew."),
    "subsidy": translatable(
        "{discount} of discount went to customers who would have come back anyway; that has already been deducted."
    ),
}
"""What is said of customers who had been asleep."""

BOUGHT = {
    "label": translatable("customers who bought because of it"),
    "check_label": translatable("average order of those who bought"),
    "few": translatable("fewer than five customers of one group bought, or all paid the same."),
    "over": translatable("Revenue per order of those who bought, one group divided by the other, less 1."),
    "came": translatable(
        "Of the customers contacted in the {title} campaign, {share} bought within {window}; {anyway} would have bought "
        "anyway."
    ),
    "because": translatable("So {share} of them ({range}), about {customers}, bought because of it."),
    "more": translatable(
        "Those who bought after a contact paid {change} more per order than those who bought without one ({range})."
    ),
    "less": translatable(
        "Those who bought after a contact paid {change} less per order than those who bought without one ({range})."
    ),
    "same": translatable("Those who bought paid about the same per order with and without a contact (change {range})."),
    "no_proof": translatable("A contact also changes who buys, so this does not prove that baskets grew."),
    "subsidy": translatable(
        "{discount} of discount went to customers who would have bought anyway; that has already been deducted."
    ),
}
"""The same of others: who was not asleep cannot come back."""
MOST_UNKNOWN = 0.1
"""Share of the contacted of whom no delivery is known, above which nothing is told of those reached alone."""


def campaign_title(name: str) -> str:
    """A campaign's name as a sentence says it.

    >>> campaign_title("spring_mail")
    'spring mail'
    """
    return name.replace("_", " ")


def writer_of(campaign: str) -> FindingWriter:
    """The writer of one campaign's findings."""
    label = translate("The {title} campaign: ", title=campaign_title(campaign))
    return replace(WRITER, prefix=f"reactivation.{campaign}.", label=label)


def reactivation_findings(
    result: CampaignResult,
    first_ever: tuple[int, int] | None,
    *,
    currency: str,
    level: float,
    product: str | None = None,
) -> list[Finding]:
    """The five findings of one campaign; `first_ever` counts new buyers and all buyers of its product, None without one."""
    title, writer, words = campaign_title(result.name), writer_of(result.name), _words(result)
    method = _method(result)
    doubtful = (
        check.detail
        for check in result.checks
        if (check.gating or check.name == "lot") and check.passed is False and check.detail not in result.elsewhere
    )
    doubt = [translate("Doubtful: {finding}", finding=one) for one in doubtful][:1]
    reached = _reached_text(result)
    method = " ".join(filter(None, (method, reached)))
    back, check, margin, profit = result.return_uplift, result.check_uplift, result.margin_per_contact, result.profit
    measured = replace(writer, grade=result.grade, level=level, method=method)
    note = result.note
    text = " ".join(
        filter(None, (_return_text(result, title, level), reached, result.elsewhere, *doubt, result.interim))
    )
    whole = translate(
        "Margin per contact × {contacted:,} customers contacted; nominal and before tax.",
        contacted=result.contacted_in_all,
    )
    return [
        measured.write("return_uplift", translate(words["label"]), back, "share", text, missing=note),
        measured.write(
            "check_uplift",
            translate(words["check_label"]),
            check,
            "share",
            _check_text(result),
            f"{method} {translate(words['over'])}",
            missing=note or translate(words["few"]),
        ),
        measured.write(
            "margin_per_contact",
            translate("margin per contact, net of cost"),
            margin,
            currency,
            f"{_margin_text(result, currency)} {result.elsewhere}".rstrip(),
            " ".join((method, _earned(result, currency), *doubt)),
            missing=note,
        ),
        measured.write(
            "profit",
            translate("profit"),
            profit,
            currency,
            f"{_profit_text(result, title, currency)} {result.elsewhere}".rstrip(),
            " ".join((whole, *doubt)),
            missing=note,
        ),
        _first_ever(
            writer, first_ever, level, product, "" if result.contacted and result.held_out else result.withheld
        ),
    ]


def not_begun_findings(name: str, reason: str, currency: str) -> list[Finding]:
    """The findings of a campaign that had not begun when the data end, all of them withheld for that `reason`."""
    writer = writer_of(name)
    findings = (
        ("return_uplift", translate(BOUGHT["label"]), "share"),
        ("check_uplift", translate(BOUGHT["check_label"]), "share"),
        ("margin_per_contact", translate("margin per contact, net of cost"), currency),
        ("profit", translate("profit"), currency),
        ("first_ever_share", translate("first-ever buyers"), "share"),
        ("claimed_margin", translate("claim if every sale were counted"), currency),
    )
    return [writer.withhold(key, label, reason, unit) for key, label, unit in findings]


def _words(result: CampaignResult) -> Mapping[str, str]:
    return CAME_BACK if result.dormant else BOUGHT


def _method(result: CampaignResult) -> str:
    counts = {
        "contacted": result.contacted,
        "held_out": result.held_out,
        "window": format_value(result.window_days, "days"),
    }
    if result.randomised:
        said = translate(
            "{contacted:,} contacted customers compared with {held_out:,} customers held out by lot, as "
            "assigned, over {window} from the first contact.",
            **counts,
        )
    else:
        said = translate(
            "{contacted:,} contacted customers compared with {held_out:,} similar customers who were not "
            "contacted, as assigned, over {window} from the first contact.",
            **counts,
        )
    if not result.left_out:
        return said
    return f"{said} " + translate(
        "{customers:,} were observed for less time and are left out.", customers=result.left_out
    )


def _earned(result: CampaignResult, currency: str) -> str:
    if result.priced:
        return translate(
            "Contribution margin net of discounts, less {cost} per contact; adjusted for what customers had "
            "brought before. The interval is for customers like these, who may be contacted next.",
            cost=format_value(result.cost_per_contact, currency),
        )
    return translate(
        "Contribution margin net of discounts, with no cost of contacting deducted, since the contacts give none; adjusted "
        "for what customers had brought before. The interval is for customers like these, who may be contacted next."
    )


def _return_text(result: CampaignResult, title: str, level: float) -> str:
    found, words = result.return_uplift, _words(result)
    if found is None:
        return ""
    came = translate(
        words["came"],
        title=title,
        share=format_value(result.returned, "share"),
        window=format_value(result.window_days, "days"),
        anyway=format_value(result.would_return, "share"),
    )
    spread = format_range(found.low, found.high, "share")
    if found.low > 0:
        customers = format_value(round(found.value * result.contacted_in_all), "customers")
        share = format_value(found.value, "share")
        return f"{came} {translate(words['because'], share=share, range=spread, customers=customers)}"
    if found.high < 0:
        return f"{came} " + translate("Contacting them kept customers away ({range}).", range=spread)
    return f"{came} " + translate(
        "The difference may be chance: anything {range} fits the data with {level} confidence.",
        range=spread,
        level=format_level(level),
    )


def _reached_text(result: CampaignResult) -> str:
    """How many of the contacted were reached, where not all were; everyone who was assigned counts all the same."""
    if result.delivered is None or result.withheld:
        return ""
    if result.delivery_unknown > MOST_UNKNOWN:
        return translate(
            "{reached} of those contacted are marked as reached; for {unknown} the contacts do not say, so no effect on "
            "those reached alone is told. All who were assigned are compared, reached or not, so this is the effect of "
            "sending.",
            reached=format_value(result.delivered * (1 - result.delivery_unknown), "share"),
            unknown=format_value(result.delivery_unknown, "share"),
        )
    if result.delivered >= 1:
        return ""
    share = format_value(result.delivered, "share")
    told = translate(
        "{share} of those contacted were reached. All who were assigned are compared, reached or not, so this is the effect "
        "of sending.",
        share=share,
    )
    found = result.return_uplift
    if found is None or not result.randomised:
        return told
    if max(found.low, -found.high) > result.delivered:  # more came, or stayed away, than were reached
        against = translate(
            "The effect is larger than the share reached, which cannot be: check the column 'delivered'."
        )
        return f"{told} {against}"
    if max(abs(found.low), abs(found.high)) > result.delivered:
        return told
    low, high = found.low / result.delivered, found.high / result.delivered
    each = translate(
        "If a contact that is not delivered changes nothing, that is {uplift} of those reached ({range}).",
        uplift=format_value(found.value / result.delivered, "share"),
        range=format_range(low, high, "share"),
    )
    return f"{told} {each}"


def _check_text(result: CampaignResult) -> str:
    found, words = result.check_uplift, _words(result)
    if found is None:
        return ""
    spread, change = format_range(found.low, found.high, "share"), format_value(abs(found.value), "share")
    if found.low > 0 or found.high < 0:
        said = translate(words["more" if found.value > 0 else "less"], change=change, range=spread)
    else:
        said = translate(words["same"], range=spread)
    return f"{said} {translate(words['no_proof'])}"


def _margin_text(result: CampaignResult, currency: str) -> str:
    found = result.margin_per_contact
    if found is None:
        return ""
    spread, margin = format_range(found.low, found.high, currency), format_value(found.value, currency)
    if found.low > 0 and result.priced:
        return translate(
            "Each contact earned {margin} of margin that would not have come otherwise ({range}), net of the"
            " cost of contacting ({cost}).",
            margin=margin,
            range=spread,
            cost=format_value(result.cost_per_contact, currency),
        )
    if found.low > 0:
        return translate(
            "Each contact earned {margin} of margin that would not have come otherwise ({range}), before the"
            " cost of contacting, since the contacts give no cost.",
            margin=margin,
            range=spread,
        )
    if found.high < 0:
        return translate("Each contact lost {loss} ({range}).", loss=format_value(-found.value, currency), range=spread)
    return translate(
        "It is not clear whether a contact earns or loses money: {margin} each, but {range} fits the data.",
        margin=margin,
        range=spread,
    )


def _profit_text(result: CampaignResult, title: str, currency: str) -> str:
    found = result.profit
    if found is None:
        return ""
    values = {
        "title": title,
        "window": format_value(result.window_days, "days"),
        "range": format_range(found.low, found.high, currency),
    }
    if found.low <= 0 <= found.high:
        text = translate(
            "It is not clear whether the {title} campaign earned or lost money within {window}: {profit} in "
            "all, but anything {range} fits the data.",
            profit=format_value(found.value, currency),
            **values,
        )
    elif found.value > 0:
        text = translate(
            "The {title} campaign earned {profit} in all ({range}) within {window}.",
            profit=format_value(found.value, currency),
            **values,
        )
    else:
        text = translate(
            "The {title} campaign lost {loss} in all ({range}) within {window}.",
            loss=format_value(-found.value, currency),
            **values,
        )
    if result.subsidy > 0.005 * max(abs(found.value), 1e-9):
        text += " " + translate(_words(result)["subsidy"], discount=format_value(result.subsidy, currency))
    return text


def _first_ever(
    writer: FindingWriter, counted: tuple[int, int] | None, level: float, product: str | None, early: str
) -> Finding:
    key, label = "first_ever_share", translate("first-ever buyers")
    if counted is None:
        return writer.withhold(key, label, translate("the study names no product of the campaign."), "share")
    if early:
        return writer.withhold(key, label, early, "share")
    new, every = counted
    if not every:
        return writer.withhold(key, label, translate("nobody bought the campaign's product."), "share")
    text = translate(
        "{new:,} of the {buyers:,} buyers of the {product} ({share}) had never bought from us before.",
        new=new,
        buyers=every,
        product=product,
        share=format_value(new / every, "share"),
    )
    method = translate(
        "Buyers from the campaign's first contact to its last one plus the window; no purchase before the first contact. "
        "The range treats the buyers as a sample. It is a share of buyers and does not say what caused the purchase."
    )
    share = (new / every, *share_interval(new, every, level))
    return writer.write(key, label, share, "share", text, method, level=level)


def targeting_sentence(found: Targeting, currency: str) -> str:
    """Whom to contact next, in one sentence that a reader can act on."""
    best, worst = found.groups[0], found.groups[-1]
    if not found.differs:
        return translate(
            "The test does not show that a contact adds more for some customers than for others (about {mean} each): "
            "contact all or none, and do not pay for a ranking.",
            mean=format_value(float(found.score.mean()), currency),
        )
    return translate(
        "Contact the best-ranked first: the top fifth adds {best} per contact, the last fifth {worst}, "
        "measured on the test itself.",
        best=format_value(best[0], currency),
        worst=format_value(worst[0], currency),
    )
