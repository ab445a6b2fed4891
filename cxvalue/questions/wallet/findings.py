"""From the wallet to the findings ``experience.wallet.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_range_of_size, format_value
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.language.catalogue import translatable, translate

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.intervals import Interval
    from cxvalue.questions.wallet.wallet_share import Wallet

WRITER = FindingWriter("62_scores", "experience.wallet.", case="C8", grade="D")
NEEDS = translatable(
    "Left out: fewer than 30 customers answered main_store, category_spend, brands_used or rank in 'surveys'."
)


def wallet_findings(found: Wallet, *, currency: str, level: float) -> list[Finding]:
    """For whom we are the main store, our share of the wallet, and what is still spent elsewhere."""
    writer = replace(WRITER, label=translate("Wallet: "), level=level)
    out = [
        _main_store(writer, found, found.main_store) if found.main_store is not None else None,
        _share(writer, found),
    ]
    if found.rule is not None:
        value = found.rule
        text = translate(
            "By rank among the shops that they use, our share of the wallet is {share} ({range}).",
            share=format_value(value.value, "share"),
            range=format_range(value.low, value.high, "share"),
        )
        label, how = translate("share of wallet by rank"), "(1 − rank / (n + 1)) × 2 / n."
        out.append(writer.write("rule", label, value, "share", text, how))
    out.append(_main_margin(writer, found, currency))
    if found.room is not None:
        value = found.room
        text = translate(
            "The {customers:,} customers who stated their spend still spend elsewhere what would be {margin}"
            " of margin a year ({range}).",
            customers=found.told,
            margin=format_value(value.value, currency),
            range=format_range(value.low, value.high, currency),
        )
        out.append(writer.write("room", translate("margin per year still spent elsewhere"), value, currency, text))
    return [one for one in out if one is not None]


def _share(writer: FindingWriter, found: Wallet) -> Finding | None:
    if found.share is not None:
        value = found.share
        text = translate(
            "Of what these customers spend on the category, {share} is spent with us ({range}).",
            share=format_value(value.value, "share"),
            range=format_range(value.low, value.high, "share"),
        )
        how = translate(
            "{customers:,} customers: own revenue of 12 months divided by 12 × the spend that they state, at"
            " most 1; capped for {capped:,}. People often state too little.",
            customers=found.told,
            capped=found.capped,
        )
        return writer.write("share", translate("share of wallet"), range_of(*value), "share", text, how)
    if found.too_early:
        reason = translate(
            "{answers:,} customers stated their spend before a year of purchases had been observed, and "
            "fewer than 30 later.",
            answers=found.too_early,
        )
        return writer.withhold("share", translate("share of wallet"), reason, "share")
    return None


def _main_margin(writer: FindingWriter, found: Wallet, currency: str) -> Finding | None:
    if found.main_margin is not None:
        value = found.main_margin
        values = {
            "margin": format_value(abs(value.value), currency),
            "range": format_range_of_size(*value, currency),
        }
        if value.value >= 0:
            text = translate(
                "Customers whose main shop we are bring {margin} more margin in the year after than others with "
                "an equal past ({range}). A link.",
                **values,
            )
        else:
            text = translate(
                "Customers whose main shop we are bring {margin} less margin in the year after than others with "
                "an equal past ({range}). A link.",
                **values,
            )
        label, how = translate("margin of the main store"), translate("Given margin before, tenure and unit.")
        return writer.write("main_margin", label, value, currency, text, how)
    if found.main_store is not None:
        reason = translate(
            "it needs 30 customers who call us their main shop and 30 who do not, with a year observed before the answer "
            "and one after."
        )
        return writer.withhold("main_margin", translate("margin of the main store"), reason, currency)
    return None


def _main_store(writer: FindingWriter, found: Wallet, value: Interval) -> Finding:
    values = {
        "share": format_value(value.value, "share"),
        "range": format_range(value.low, value.high, "share"),
    }
    if found.at_till:
        text = translate(
            "{share} of customers ({range}) call us their main shop; asked at the till alone, it would seem to be {till}.",
            till=format_value(found.as_asked, "share"),
            **values,
        )
    else:
        text = translate("{share} of customers ({range}) call us their main shop.", **values)
    how = translate(
        "{asked:,} customers, {till:,} of them asked at the till, where frequent customers are met more "
        "often: weighted by 1 / visits in 12 months.",
        asked=found.asked,
        till=found.at_till,
    )
    if found.for_silent:
        silent = translate(
            "{customers:,} of them also by 1 / P(answer | what was known before), to stand for similar "
            "customers who were asked and did not answer.",
            customers=found.for_silent,
        )
        how = f"{how} {silent}"
    label = translate("customers whose main store we are")
    return writer.write("main_store", label, range_of(*value), "share", text, how, grade="C")
