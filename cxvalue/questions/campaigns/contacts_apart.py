"""Whether other campaigns contacted one group of a campaign more often than the other.

A lot gives both groups the same share of everything that it does not decide, other campaigns among it. Where the held-out
were contacted by another campaign instead, the comparison is of two campaigns; where the contacted were, as by a follow-up,
the effect contains what that did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from cxvalue.effects.effect import Check
from cxvalue.effects.estimators.abtest import holm_adjusted
from cxvalue.effects.estimators.clustered import clustered_difference
from cxvalue.findings.numbers import format_value
from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.language.catalogue import translate
from cxvalue.language.words import enumerated

if TYPE_CHECKING:
    from cxvalue.questions.campaigns.campaign import CampaignData
    from cxvalue.questions.campaigns.other_contacts import OtherContacts

MATERIAL, INSTEAD, CHANCE = 0.05, 0.25, 0.01
"""Shares by which groups differ enough to be told and, against the held-out, to tell no effect; the level after Holm."""
MOST_NAMED = 3


class Reached(NamedTuple):
    """Other campaigns, and the share of either group that they contacted."""

    campaigns: tuple[str, ...]
    own: float
    others: float

    @property
    def gap(self) -> float:
        """By how much more of the contacted were reached than of those whom they are compared with."""
        return self.own - self.others

    @property
    def instead(self) -> bool:
        """Whether so many of the others were reached that the comparison is of two campaigns."""
        return self.gap <= -INSTEAD


def contacts_apart(
    data: CampaignData, own: Bools, others: Bools, days: int, weight: Floats | None = None
) -> Reached | None:
    """Other campaigns that contacted one group more than the other, by more than chance makes and enough to matter, or None.

    Looked at are contacts up to `days` after the first one. `weight` are those of `others`, where they are weighted. Where
    several campaigns differ, those against the held-out are told first if they are many, else the largest difference.

    Source: Fisher's exact test (with Kish's effective number, where weighted), Welch's by unit where units were assigned.
    """
    if not data.elsewhere or not own.any() or not others.any():
        return None
    sent = {name: _reached(rows, len(own), days) for name, rows in data.elsewhere.items()}
    groups: dict[tuple[str, ...], Bools] = {(name,): yes for name, yes in sent.items()}
    if len(sent) > 1:
        groups[tuple(sent)] = np.logical_or.reduce(list(sent.values()))
    rows = [Reached(names, *_shares(yes, own, others, weight)) for names, yes in groups.items()]
    chances = [
        _chance(data, groups[row.campaigns], own, others, weight) if abs(row.gap) >= MATERIAL else 1.0 for row in rows
    ]
    found = [row for row, p in zip(rows, holm_adjusted(chances), strict=True) if p < CHANCE]
    for sign in (1, -1):
        names = tuple(row.campaigns[0] for row in found if len(row.campaigns) == 1 and row.gap * sign > 0)
        if len(names) > 1:
            yes = np.logical_or.reduce([sent[name] for name in names])
            found.append(Reached(names, *_shares(yes, own, others, weight)))
    if not found:
        return None
    least = min(found, key=lambda row: row.gap)
    worst = least if least.instead else max(found, key=lambda row: abs(row.gap))
    alone = {row.campaigns[0]: row.gap for row in rows if len(row.campaigns) == 1}
    against = sorted(
        (name for name in worst.campaigns if alone[name] * worst.gap > 0), key=lambda name: -abs(alone[name])
    )
    return worst._replace(campaigns=tuple(against))


def contacted_instead(data: CampaignData, own: Bools, others: Bools, days: int) -> bool:
    """Whether the held-out were contacted by other campaigns so much more that there is nobody to compare with."""
    found = contacts_apart(data, own, others, days)
    return found is not None and found.instead


def measurable_days(data: CampaignData) -> int | None:
    """The longest window before the campaign's own whose held-out were not yet contacted instead; None without one."""
    for days in sorted((one for one in data.windows if one < data.window_days), reverse=True):
        seen = data.windows[days].observed
        if not contacted_instead(data, seen & ~data.control, seen & data.control, days):
            return days
    return None


def contacts_check(found: Reached, days: int, *, gating: bool, shorter: int | None = None) -> Check:
    """What it means that other campaigns contacted one group more; `shorter` is a window in which they did not yet."""
    values = {
        "names": _named(found.campaigns),
        "own": format_value(found.own, "share"),
        "others": format_value(found.others, "share"),
        "window": format_value(days, "days"),
    }
    if found.instead:
        detail = translate(
            "Other campaigns ({names}) contacted {others} of the comparison group but only {own} of those contacted here, "
            "within {window} of the contact or shortly before. So one campaign would be compared with another, not with no "
            "contact, and no effect is told. Next time keep the comparison group out of other campaigns.",
            **values,
        )
        if shorter is not None:
            detail += " " + translate(
                "In the first {window} after the contact this was not yet so: with that as window_days, an effect can be "
                "told.",
                window=format_value(shorter, "days"),
            )
    elif found.gap < 0:
        detail = translate(
            "Other campaigns ({names}) contacted {others} of the comparison group but only {own} of those contacted here, "
            "within {window} of the contact or shortly before: what this campaign added to no contact at all may be more.",
            **values,
        )
    else:
        detail = translate(
            "Other campaigns ({names}) contacted {own} of those contacted here but only {others} of the comparison group, "
            "within {window} of the contact or shortly before: the effect contains what those contacts did, and their cost "
            "is not deducted.",
            **values,
        )
    return Check("contacts", translate("Did other campaigns contact both groups alike?"), False, gating, detail)


def _named(campaigns: Sequence[str]) -> str:
    """Names of campaigns, of many the first.

    >>> _named(["spring_mail", "b", "c", "d"])
    'spring mail, b, c, …'
    """
    titles = [name.replace("_", " ") for name in campaigns]
    return enumerated(titles) if len(titles) <= MOST_NAMED else ", ".join([*titles[:MOST_NAMED], "…"])


def _reached(rows: OtherContacts, size: int, days: int) -> Bools:
    yes = np.zeros(size, dtype=bool)
    yes[rows.place[rows.since <= days]] = True
    return yes


def _shares(yes: Bools, own: Bools, others: Bools, weight: Floats | None) -> tuple[float, float]:
    return float(yes[own].mean()), float(np.average(yes[others], weights=weight))


def _chance(data: CampaignData, yes: Bools, own: Bools, others: Bools, weight: Floats | None) -> float:
    """Probability of shares so far apart, were the groups reached alike."""
    if data.unit is not None and weight is None:
        found = clustered_difference(yes[own], yes[others], data.unit[own], data.unit[others])
        return found.p_value if found.se > 0 else 0.0
    share = _shares(yes, own, others, weight)
    sizes = int(own.sum()), int(others.sum()) if weight is None else round(weight.sum() ** 2 / (weight @ weight))
    hits = [round(one * size) for one, size in zip(share, sizes, strict=True)]
    return float(stats.fisher_exact([[hit, size - hit] for hit, size in zip(hits, sizes, strict=True)]).pvalue)
