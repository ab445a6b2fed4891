"""Tax inside amounts: beside an amount of tax, beside a rate of tax, or beside neither."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated
from cxvalue.tables.read.roles import KEY, is_tax_rate, like_rates, role_of, said, tax_rate

_MOST_RATES = 8


def rates_of(draft: Draft, look: Look) -> dict[str, float]:
    """The rates that a column of tax says, by what stands in it; none where it holds amounts, or is none of tax."""
    named = is_tax_rate(look.name)
    if look.is_day or not look.filled or not (named or role_of(look.name, "tax")) or re.search(KEY, said(look.name)):
        return {}
    values = [value for value, _ in draft.export.values(look.name, _MOST_RATES + 1) if value]
    rates = {value: tax_rate(value) for value in values}
    found = {value: rate for value, rate in rates.items() if rate is not None}
    if not 0 < len(values) <= _MOST_RATES or len(found) < len(values) or not any(found.values()):
        return {}
    others = [one.different for one in draft.export.looks.values() if one is not look and role_of(one.name, "amount")]
    alike = like_rates(set(found.values()), draft.export.rows, max(others, default=0))
    return found if named or any("%" in one for one in values) or alike else {}


def ask_for_tax(draft: Draft, amount: str, taxes: Sequence[Look], looks: Sequence[Look]) -> None:
    """Ask whether tax is in the amounts, and how much: what a column of tax says, the rate that one says, or any rate."""
    none = Option("none", translate("no tax is in them"), {})
    if taxes and not draft.spec["columns"]["revenue"].startswith("="):
        ask_whether_inside(draft, "tax", amount, taxes[0].name)
        return
    for look in looks:
        if rates := rates_of(draft, look):
            divisors = {value: f"{1 + rate:.6g}" for value, rate in rates.items()}
            inside = {"values": {look.name: divisors}, "revenue_over": f"([{look.name}] else 1)"}
            options = (Option("inside", translate("yes: taken out at the rate of each row"), inside), none)
            ask = translate(
                "{column!r} is a rate of tax ({rates}). Do the amounts include that tax?",
                column=look.name,
                rates=enumerated(rates),
            )
            draft.asks("tax", ask, "columns.revenue", options, None, "rate")
            return
    ask = translate("Do the amounts include tax, and at which rate?")
    draft.asks("tax", ask, "columns.revenue", (none,), None, "rate")


def ask_whether_inside(draft: Draft, key: str, amount: str, part: str, default: str | None = None) -> None:
    """Ask whether an amount, or whichever is chosen, holds that of another column."""
    options = (
        Option("inside", translate("yes: {tax!r} taken off", tax=part), {"revenue_minus": f"([{part}] else 0)"}),
        Option("on_top", translate("no: nothing taken off"), {}),
    )
    ask = (
        translate("Does {amount!r} include {tax!r}?", amount=amount, tax=part)
        if amount
        else translate("Does the amount that is revenue include {tax!r}?", tax=part)
    )
    draft.asks(key, ask, "columns.revenue", options, default)
