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


_Side = tuple[Bools, Bools, Floats | None]


class Reached(NamedTuple):
    """Other campaigns, and the share of either group that they contacted."""

    campaigns: tuple[str, ...]
    own: float
    others: float
    instead: bool = False
    """Whether so many of the others were reached that the comparison is of two campaigns."""

    @property
    def gap(self) -> float:
        """By how much more of the contacted were reached than of those whom they are compared with."""
        return self.own - self.others


def contacts_apart(
    data: CampaignData, own: Bools, others: Bools, days: int, weight: Floats | None = None
) -> Reached | None:
    """Other campaigns that contacted one group more than the other, by more than chance makes and enough to matter, or None.

    Looked at are contacts up to `days` after the first one. `weight` are those of `others`, where they are weighted. Where
    several campaigns differ, those against the held-out are told first if they are many, else the largest difference.

    Customers who did not buy in the window must differ as well: thanks for a purchase and reminders to whoever is silent
    reach groups unequally because the campaign worked.

    Source: Fisher's exact test (with Kish's effective number, where weighted), Welch's by unit where units were assigned.
    """
    if not data.elsewhere or not own.any() or not others.any():
        return None
    least_sent = MATERIAL * min(own.sum(), others.sum())
    every = {name: _reached(contacts, len(own), days) for name, contacts in data.elsewhere.items()}
    sent = {name: yes for name, yes in every.items() if yes.sum() >= least_sent}
    groups: dict[tuple[str, ...], Bools] = {(name,): yes for name, yes in sent.items()}
    if len(every) > 1:
        groups[tuple(every)] = np.any(list(every.values()), axis=0)
    sides = _sides(data, own, others, days, weight)
    rows: list[Reached] = []
    chances: list[float] = []
    for names, yes in groups.items():
        row, sure = _told(names, yes, sides)
        rows.append(row)
        chances.append(max(_chance(data, yes, *side) for side in sides) if abs(sure) >= MATERIAL else 1.0)
    found = [row for row, p in zip(rows, holm_adjusted(chances), strict=True) if p < CHANCE]
    for sign in (1, -1):
        names = tuple(row.campaigns[0] for row in found if len(row.campaigns) == 1 and row.gap * sign > 0)
        if len(names) > 1:
            found.append(_told(names, np.any([sent[name] for name in names], axis=0), sides)[0])
    if not found:
        return None
    least = min(found, key=lambda row: row.gap)
    worst = least if least.instead else max(found, key=lambda row: abs(row.gap))
    alone = {row.campaigns[0]: row.gap for row in rows if len(row.campaigns) == 1}
    against = sorted(
        (name for name in worst.campaigns if alone.get(name, 0.0) * worst.gap > 0), key=lambda name: -abs(alone[name])
    )
    return worst._replace(campaigns=tuple(against) or worst.campaigns)


def _sides(data: CampaignData, own: Bools, others: Bools, days: int, weight: Floats | None) -> list[_Side]:
    """The two groups, and those of them who did not buy in the window, where there are any."""
    silent = data.windows[days].orders == 0
    sides: list[_Side] = [(own, others, weight)]
    if (own & silent).any() and (others & silent).any():
        sides.append((own & silent, others & silent, None if weight is None else weight[silent[others]]))
    return sides


def _told(names: tuple[str, ...], yes: Bools, sides: list[_Side]) -> tuple[Reached, float]:
    """The shares of all whom campaigns reached, and the smallest difference; 0 where two are of another sign."""
    each = [Reached(names, *_shares(yes, *side)) for side in sides]
    gaps = [one.gap for one in each]
    sure = min(gaps, key=abs) if min(gaps) > 0 or max(gaps) < 0 else 0.0
    return each[0]._replace(instead=sure <= -INSTEAD), sure


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


def contacted_before(data: CampaignData, own: Bools, others: Bools) -> Reached | None:
    """Earlier campaigns that contacted one group far more than the other, as where the same customers are held out again.

    Named are those that differ most one way, with the shares of either group that any of them contacted; None where a lot of
    its own decided. Source: as `contacts_apart`.
    """
    yes = {name: _reached(contacts, len(own), 0) for name, contacts in data.earlier.items()}
    gaps = {name: float(one[own].mean() - one[others].mean()) for name, one in yes.items()}
    far = [name for name, gap in gaps.items() if abs(gap) >= INSTEAD]
    chances = holm_adjusted([_chance(data, yes[name], own, others, None) for name in far])
    told = [name for name, p in zip(far, chances, strict=True) if p < CHANCE]
    if not told:
        return None
    most = max(told, key=lambda name: abs(gaps[name]))
    names = tuple(sorted((one for one in told if gaps[one] * gaps[most] > 0), key=lambda name: -abs(gaps[name])))
    return Reached(names, *_shares(np.any([yes[one] for one in names], axis=0), own, others, None))


def before_check(found: Reached, *, gating: bool) -> Check:
    """What it means that earlier campaigns contacted one group more."""
    values = {
        "names": _named(found.campaigns),
        "own": format_value(found.own, "share"),
        "others": format_value(found.others, "share"),
    }
    if found.gap > 0:
        detail = translate(
            "Earlier campaigns ({names}) had contacted {own} of those contacted here but only {others} of the comparison "
            "group: what they still do counts as the effect of this one. Draw anew whom to hold out each time.",
            **values,
        )
    else:
        detail = translate(
            "Earlier campaigns ({names}) had contacted {others} of the comparison group but only {own} of those contacted "
            "here: what they still do is missing from the effect of this one. Draw anew whom to hold out each time.",
            **values,
        )
    return Check(
        "earlier_contacts", translate("Had earlier campaigns contacted both groups alike?"), False, gating, detail
    )


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
        if min(np.unique(data.unit[side]).size for side in (own, others)) < 2:
            return 1.0
        found = clustered_difference(yes[own], yes[others], data.unit[own], data.unit[others])
        return found.p_value if found.se > 0 else 0.0
    share = _shares(yes, own, others, weight)
    sizes = int(own.sum()), int(others.sum()) if weight is None else round(weight.sum() ** 2 / (weight @ weight))
    hits = [round(one * size) for one, size in zip(share, sizes, strict=True)]
    return float(stats.fisher_exact([[hit, size - hit] for hit, size in zip(hits, sizes, strict=True)]).pvalue)
