"""Whether contacted and held out are what a lot made of one group of customers: how many, and how alike.

Every check compares what was known before the contact, so that no effect of the campaign is in it. Those with a p-value are
judged together: a fair lot fails one of them in fewer than 1 campaign of 20. What no lot makes is no better than groups that
were not assigned by lot, since nobody then knows what made them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import BASE_GRADES, Check, grade_of, holm
from cxvalue.effects.estimators.abtest import Adjustment, holm_adjusted, sample_ratio, standardised_difference
from cxvalue.effects.estimators.clustered import drawn_apart
from cxvalue.findings.numbers import format_p
from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.rounding import spread_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated

if TYPE_CHECKING:
    from cxvalue.questions.campaigns.campaign import CampaignData
    from cxvalue.questions.campaigns.compare import Comparison

FAR_APART, NO_LOT = 0.25, 1e-4
"""Standard deviations, and a probability, at which groups are no longer of one lot (Rubin 2001: too far to adjust)."""
MANY_UNITS = 200
"""Units of the smaller group from which on their means are compared as those of customers are."""
BALANCE = translatable("Were the groups alike before the contact?")
KNOWN_BEFORE = (
    translatable("margin of the year before"),
    translatable("orders of the year before"),
    translatable("days silent"),
    translatable("orders ever"),
)
SPLIT = {
    (False, False): translatable(
        "{share:.1%} of the customers were held out; the study does not say how many were planned."
    ),
    (False, True): translatable("{share:.1%} of the customers were held out, {planned:.0%} were planned ({p_value})."),
    (True, False): translatable(
        "{share:.1%} of the units ({unit}) were held out; the study does not say how many were planned."
    ),
    (True, True): translatable(
        "{share:.1%} of the units ({unit}) were held out, {planned:.0%} were planned ({p_value})."
    ),
}
"""How many were held out, by whether whole units were assigned and whether the study plans a share."""


LOT = translatable("May a lot have made these groups?")
WITHOUT_A_LOT = BASE_GRADES["matched"]


def lot_checks(data: CampaignData, compared: Comparison, expected_share: float | None) -> tuple[Check, ...]:
    """Whether as many were held out as planned and the groups were alike, and how often a fair lot fails that."""
    checks = _judged(data, compared, expected_share)
    by_chance = translate("By chance alone a fair lot fails one of these comparisons in fewer than 1 campaign in 20.")
    return tuple(
        replace(one, detail=f"{one.detail} {by_chance}")
        if one.passed is False and (one.p_value or 0.0) >= NO_LOT
        else one
        for one in checks
    )


def with_lot_judged(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks of a campaign, and first, where no lot makes groups so unlike, that they were not made by one.

    Then the evidence is no better than that of customers who were not assigned by lot.
    """
    balanced = next((one for one in checks if one.name == "balance"), None)
    if balanced is None or balanced.passed is not False or balanced.p_value is None or balanced.p_value >= NO_LOT:
        return checks
    detail = translate(
        "Contacted and held out differ by more than a lot makes in what they did before, so that the effect may be a "
        "difference that was there already. Often rows of one group are missing, such as contacts that were not delivered: "
        "add every customer who was assigned, reached or not."
    )
    return (Check("lot", translate(LOT), False, grade_of("A", checks) < WITHOUT_A_LOT, detail), *checks)


def _judged(data: CampaignData, compared: Comparison, expected_share: float | None) -> tuple[Check, ...]:
    """The checks of `lot_checks` that have a p-value, judged together."""
    checks = [split_check(data, expected_share)]
    own, others = compared.own, compared.others
    varies = spread_of(data.before[own | others]) > 0
    same = [translate(name) for name, differs in zip(KNOWN_BEFORE, varies, strict=True) if not differs]
    alike = [translate("The same for all customers, so left out: {names}.", names=enumerated(same))] if same else []
    columns = data.before[:, varies]
    if not columns.shape[1]:
        detail = translate("Nothing known about the customers before the contact differs between any of them.")
        return holm([*checks, Check("balance", translate(BALANCE), None, True, " ".join([detail, *alike]))])
    p_value, worst = _apart(data, compared, columns)
    detail = translate(
        "The groups differ most in {name}: {difference:+.2f} standard deviations ({p_value}, adjusted "
        "for {comparisons} comparisons).",
        name=translate([name for name, differs in zip(KNOWN_BEFORE, varies, strict=True) if differs][worst]),
        difference=standardised_difference(columns[own, worst], columns[others, worst]),
        p_value=format_p(p_value),
        comparisons=columns.shape[1],
    )
    checks.append(Check("balance", translate(BALANCE), None, True, " ".join([detail, *alike]), p_value))
    return holm(checks)


def _apart(data: CampaignData, compared: Comparison, columns: Floats) -> tuple[float, int]:
    """The p-value of the column (customers x columns) in which the groups differ most, adjusted for their number, and which.

    Where units were assigned, the few of one group do not tell how much units vary: a variance of 2 to 5 held out capped a
    fair lot 30 to 46 times in 10,000. So lots are drawn again; units as many as customers are compared as customers are.
    """
    if data.unit is None:
        p_values = [compared.plain(column).p_value for column in columns.T]
    else:
        both = compared.own | compared.others
        _, first, code = np.unique(data.unit[both], return_index=True, return_inverse=True)
        chosen, rows = compared.own[both][first], columns[both]
        sums = np.column_stack([np.bincount(code, column) for column in (rows - rows.mean(axis=0)).T])
        if min(chosen.sum(), (~chosen).sum()) < MANY_UNITS:
            return drawn_apart(sums, chosen)
        as_they_are = Adjustment(*(np.empty((int(side.sum()), 0)) for side in (chosen, ~chosen)))
        p_values = [as_they_are.difference(column[chosen], column[~chosen]).p_value for column in sums.T]
    adjusted = holm_adjusted(p_values)
    worst = int(np.argmin(adjusted))
    return float(adjusted[worst]), worst


def split_check(data: CampaignData, expected_share: float | None) -> Check:
    """Were as many held out as planned, customers or, where units were assigned, units?"""
    counted = data.control
    if data.unit is not None:
        counted = counted[np.unique(data.unit, return_index=True)[1]]
    held, every = int(counted.sum()), len(counted)
    p_value: float | None = None
    values: dict[str, object] = {"share": held / every}
    if expected_share is not None:
        p_value = sample_ratio([held, every - held], [expected_share, 1 - expected_share]).p_value
        values |= {"planned": expected_share, "p_value": format_p(p_value)}
    if data.unit is not None:
        values["unit"] = data.unit_name
    told = SPLIT[data.unit is not None, expected_share is not None]
    return Check(
        "split", translate("Were as many held out as planned?"), None, True, translate(told, **values), p_value
    )


def unlike_groups(data: CampaignData, own: Bools, others: Bools, checks: Iterable[Check]) -> str:
    """Why shares of the groups cannot be held against one another: they differ by far more than any lot makes."""
    balanced = next((one for one in checks if one.name == "balance"), None)
    if balanced is None or balanced.passed is not False or balanced.p_value is None or balanced.p_value >= NO_LOT:
        return ""
    varying = data.before.T[spread_of(data.before[own | others]) > 0]
    if max(abs(standardised_difference(column[own], column[others])) for column in varying) < FAR_APART:
        return ""
    return translate(
        "Contacted and held out were other customers from the start, by far more than a lot makes: who bought because of "
        "the contact is not told. Where the share held out differs by segment, make each segment a campaign of its own."
    )
