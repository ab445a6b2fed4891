"""Discounts and margins beside revenue: amounts of money, or percentages and shares, which are none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxvalue.firstmile.asking import Option
from cxvalue.firstmile.drafts import Draft
from cxvalue.firstmile.exports import Look
from cxvalue.language.catalogue import translate

_FEW_RATES = 20
"""Discounts in whole numbers up to 100, and of no more different values, may be percentages."""


def may_be_rates(draft: Draft, look: Look) -> bool:
    """Whether a column of numbers may hold percentages or shares in place of money."""
    values = _filled(draft, look)
    return _are_percentages(look, values) or _shares(values) or _whole(values)


def take_discount(draft: Draft, look: Look) -> None:
    """A column of discounts: money, unless its values are percentages, or may be percentages or shares, which is asked.

    Shares below one with no more than two digits may be cents as well: nothing is assumed about these.
    """
    values = _filled(draft, look)
    if _are_percentages(look, values):
        draft.said.append(translate("{column!r} is a percentage, and is not used", column=look.name))
        return
    shares, cents = _shares(values), all(re.fullmatch(r"[^.]*(\.\d{0,2}0*)?", one) for one in values)
    money = {"columns": {"discount": look.name}}
    if not (shares or _whole(values)) or not any(re.search("[1-9]", one) for one in values):
        draft.spec["columns"] |= money["columns"]
        draft.why["discount"] = ("likely", translate("by its name"))
        return
    options = (
        Option("leave", translate("a percentage or a share: it is not used, as revenue is what was paid"), {}),
        Option("money", translate("money: it is deducted from the margin in full"), money),
    )
    ask = translate("Is {column!r} money, or a percentage?", column=look.name)
    draft.asks("discount", ask, "columns.discount", options, "leave" if shares and not cents else None)


def _filled(draft: Draft, look: Look) -> list[str]:
    return [value.replace(",", ".") for value, _ in draft.export.values(look.name, 1_000) if value]


def _are_percentages(look: Look, values: Sequence[str]) -> bool:
    return "%" in look.name or any("%" in value for value in values)


def _shares(values: Sequence[str]) -> bool:
    return all(re.fullmatch(r"-?(0?\.\d+|[01](\.0*)?)", one) for one in values)


def _whole(values: Sequence[str]) -> bool:
    return len(values) <= _FEW_RATES and all(re.fullmatch(r"-?\d{1,2}(\.0*)?|-?100", one) for one in values)
