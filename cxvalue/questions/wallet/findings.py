"""From the wallet to the findings ``experience.wallet.*``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.findings.writer import FindingWriter, range_of

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.questions.wallet.wallet_share import Wallet

__all__ = ["NEEDS", "wallet_findings"]

WRITER = FindingWriter("62_scores", "experience.wallet.", "Wallet: ", case="C8", grade="D")
NEEDS = "Left out: fewer than 30 customers answered main_store, category_spend, brands_used or rank in 'surveys'."


def wallet_findings(found: Wallet, *, currency: str, level: float) -> list[Finding]:
    """For whom we are the main store, our share of the wallet, and what is still spent elsewhere."""
    writer = replace(WRITER, level=level)
    out: list[Finding] = []
    if found.main_store is not None:
        value = found.main_store
        text = (
            f"{format_value(value.value, 'share')} of customers ({format_range(value.low, value.high, 'share')}) call "
            "us their "
            "main shop"
        )
        text += f"; at the till it looks like {format_value(found.as_asked, 'share')}." if found.at_till else "."
        how = (
            f"{found.asked:,} customers, {found.at_till:,} of them asked at the till, where frequent customers are met more "
            "often: weighted by 1 / visits of 12 months."
        )
        out.append(writer.write("main_store", "customers whose main store we are", range_of(*value), "share", text, how,
                                grade="C"))  # fmt: skip
    if found.share is not None:
        value = found.share
        text = (
            f"Of what these customers spend on the category, {format_value(value.value, 'share')} is spent with us "
            f"({format_range(value.low, value.high, 'share')})."
        )
        how = (
            f"{found.told:,} customers: own revenue of 12 months by 12 × the spend that they state, at most 1; capped for "
            f"{found.capped:,}. What people state is often too low."
        )
        out.append(writer.write("share", "share of wallet", range_of(*value), "share", text, how))
    if found.rule is not None:
        value = found.rule
        text = (
            f"By rank among the shops that they use, our share of the wallet is {format_value(value.value, 'share')} "
            f"({format_range(value.low, value.high, 'share')})."
        )
        out.append(
            writer.write("rule", "share of wallet by rank", value, "share", text, "(1 − rank / (n + 1)) × 2 / n.")
        )
    if found.main_margin is not None:
        value = found.main_margin
        side = "more" if value.value >= 0 else "less"
        text = (
            f"Customers whose main shop we are bring {format_value(abs(value.value), currency)} {side} of margin in "
            "the year after "
            f"than others with an equal past ({format_range(value.low, value.high, currency)}). A link."
        )
        how = "Given margin before, tenure and unit."
        out.append(writer.write("main_margin", "margin of the main store", value, currency, text, how))
    if found.room is not None:
        value = found.room
        text = (
            f"The {found.told:,} customers who told still spend elsewhere what would be "
            f"{format_value(value.value, currency)} of "
            f"margin a year ({format_range(value.low, value.high, currency)})."
        )
        out.append(writer.write("room", "margin a year still spent elsewhere", value, currency, text))
    return out
