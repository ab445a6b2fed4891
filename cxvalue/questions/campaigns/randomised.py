"""What a campaign did, against the customers who were held out by lot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxvalue.effects.checks.data_checks import data_checks
from cxvalue.effects.effect import Check, grade_of
from cxvalue.effects.estimators.abtest import Estimate, capped
from cxvalue.findings.numbers import format_value
from cxvalue.foundation.arrays import Bools
from cxvalue.language.catalogue import translate
from cxvalue.questions.campaigns.campaign import CampaignData, Window
from cxvalue.questions.campaigns.compare import Comparison, days_apart
from cxvalue.questions.campaigns.contacts_apart import (
    before_check,
    contacted_before,
    contacted_instead,
    contacts_apart,
    contacts_check,
    measurable_days,
)
from cxvalue.questions.campaigns.lot import lot_checks, split_check, unlike_groups, with_lot_judged
from cxvalue.questions.campaigns.open_windows import interim_look, too_early

if TYPE_CHECKING:
    from cxvalue.questions.campaigns.contacts_apart import Reached
    from cxvalue.tables.cautions import Caution

FEWEST_RETURNERS = 5
FEW_UNITS = 10
LOWEST_WITH_MORE = "C"
"""The grade below which it takes none that the contacted were contacted by others too: the policy as run is measured."""
ESTIMATES = ("return_uplift", "check_uplift", "margin_per_contact", "revenue_per_contact", "capped", "unadjusted")
RETURNS = ("return_uplift", "return_uplift_low", "return_uplift_high")


@dataclass(frozen=True, slots=True, eq=False)
class CampaignResult:
    """What a campaign changed, per contacted customer, within its window.

    Intervals are for customers like these, of whom they are a sample. For these very customers they are a little wide where
    customers respond differently, which nobody can see of a single one (Neyman 1923).

    Attributes:
        name, window_days: of the campaign.
        contacted, held_out: customers of the arms who were observed for the window; `left_out` were not.
        contacted_in_all: everybody who was contacted.
        returned, would_return: share of the contacted who came back, and of those held out.
        return_uplift: the difference.
        check_uplift: revenue an order of contacted returners over that of held-out ones, minus 1; None with too few.
        margin_per_contact: contribution margin per contacted customer, contact cost taken off.
        revenue_per_contact: revenue per contacted customer.
        cost_per_contact: of contacting; 0 where the contacts say no cost, which is what `priced` tells.
        subsidy: discount given to contacted customers who would have come back anyway (part of the margin already).
        checks, grade, randomised: how far it can be believed.
        capped: margin per contact with the largest 1% of margins capped, which the single big order cannot move.
        unadjusted: margin per contact without the adjustment by what customers did before, for comparison.
        claimed: margin of the contacted in the window, contact cost taken off, were every sale of theirs counted.
        interim: that the window of some of the contacted is not complete yet, and when it is; empty where it is.
        note: what else a reader must know.
        dormant: whether nearly all who were contacted had been asleep, so that who bought came back.
        withheld: why there are no estimates, where the numbers allow none; empty where they do.
        delivered: share of the contacted whom a contact reached, of those of whom it is known; None where of nobody.
        delivery_unknown: share of the contacted of whom it is not known, where the contacts have a column for it.
        elsewhere: what it means that other campaigns contact one group more than the other, or had; empty where they do not.
        bare: why no margin can be told where other figures can; empty where it can.
        unlike: why nothing is told of who bought because of it, where the groups differed from the start; else empty.
    """

    name: str
    window_days: int
    contacted: int
    held_out: int
    left_out: int
    contacted_in_all: int
    returned: float
    would_return: float
    return_uplift: Estimate | None
    check_uplift: Estimate | None
    margin_per_contact: Estimate | None
    revenue_per_contact: Estimate | None
    cost_per_contact: float
    subsidy: float
    checks: tuple[Check, ...]
    grade: str
    randomised: bool
    capped: Estimate | None
    note: str = ""
    unadjusted: Estimate | None = None
    claimed: float | None = None
    interim: str = ""
    priced: bool = True
    dormant: bool = True
    withheld: str = ""
    unlike: str = ""
    elsewhere: str = ""
    delivered: float | None = None
    delivery_unknown: float = 0.0
    bare: str = ""

    @property
    def judged(self) -> bool:
        """Whether a lot decided who was contacted, and there are money and customers to compare."""
        return self.randomised and not self.withheld and not self.bare

    @property
    def profit(self) -> Estimate | None:
        """Margin per contact x customers contacted."""
        if self.margin_per_contact is None:
            return None
        value, low, high, se, p_value = self.margin_per_contact
        n = self.contacted_in_all
        return Estimate(value * n, low * n, high * n, se * n, p_value)

    @property
    def break_even_uplift(self) -> float | None:
        """The return uplift at which the campaign would just pay, were a return worth what it was."""
        if self.margin_per_contact is None or self.return_uplift is None or self.return_uplift.value <= 0:
            return None
        worth = (self.margin_per_contact.value + self.cost_per_contact) / self.return_uplift.value
        return self.cost_per_contact / worth if worth > 0 else None


def campaign_result(
    data: CampaignData, *, expected_share: float | None = None, level: float = 0.95, dormancy_days: int | None = None
) -> CampaignResult:
    """Compare the contacted with those held out, as they were assigned (intention to treat).

    `dormancy_days` is when a customer counts as asleep. Where nobody of either group bought in the window, where the groups
    stand on other days or windows are still open, and for any figure that came out without an error, there is no estimate.
    """
    window, net = data.main, data.main.margin - data.cost
    seen = window.observed
    own, others = seen & ~data.control, seen & data.control
    waiting = too_early(data)
    if waiting:
        return CampaignResult(
            **shared_fields(data, own, others, {}, dormancy_days, waiting),
            left_out=int((~seen).sum()),
            would_return=float("nan"),
            cost_per_contact=float(data.cost[~data.control].mean()),
            checks=(split_check(data, expected_share),),
            grade="A",
            randomised=True,
            note=waiting,
        )
    compared = Comparison(data, own, others, level)
    cut = np.zeros(net.size)
    cut[seen] = capped({"all": net[seen]})["all"]
    checks = lot_checks(data, compared, expected_share)
    apart = days_apart(data, own, others)
    if apart:
        checks = (*checks, _other_days(apart))
    reached = contacts_apart(data, own, others, window.days)
    elsewhere = None
    if reached:
        shorter = measurable_days(data) if reached.instead else None
        elsewhere = contacts_check(reached, window.days, gating=_lowers(reached, checks), shorter=shorter)
    instead = elsewhere.detail if elsewhere and reached and reached.instead else ""
    withheld = nothing_happened(data) or (checks[-1].detail if apart else instead)
    checks = (*checks, elsewhere) if elsewhere else checks
    before = contacted_before(data, own, others) if own.any() and others.any() else None
    if before:
        checks = (*checks, before_check(before, gating=_lowers(before, checks)))
    checks = with_lot_judged(checks)
    reasons = [one.detail for one in checks if one.name in ("contacts", "earlier_contacts")]
    estimates: dict[str, Estimate | None] = {}
    if not withheld:
        estimates = {
            "return_uplift": compared.share(window.returned),
            "check_uplift": check_uplift(window, compared),
            "margin_per_contact": compared.mean(net),
            "revenue_per_contact": compared.mean(window.revenue),
            "capped": compared.mean(cut),
            "unadjusted": compared.plain(net),
        }
        if all(known(found) is None for found in estimates.values()):
            withheld, estimates = _no_range(own, others), {}
    bare = "" if withheld or known(estimates["margin_per_contact"]) else _no_range(own, others)
    unlike = "" if withheld else unlike_groups(data, own, others, checks)
    if unlike:
        estimates |= {"return_uplift": None, "check_uplift": None}
    return CampaignResult(
        **shared_fields(data, own, others, estimates, dormancy_days, withheld),
        left_out=int((~seen).sum()),
        would_return=float(window.returned[others].mean()),
        cost_per_contact=float(data.cost[own].mean()),
        checks=checks,
        grade=grade_of("A", checks),
        randomised=True,
        unlike=unlike,
        bare=bare,
        elsewhere="" if withheld else " ".join(reasons),
        note=" ".join(filter(None, (withheld or bare, unlike, _units_note(data, own, others)))),
    )


def _no_range(own: Bools, others: Bools) -> str:
    """Why there is no range: it takes customers of either group who differ from what is expected of them."""
    return translate(
        "With {contacted} contacted and {held_out} held out whose window is complete, no range can be given: they are too "
        "few, or all brought the same.",
        contacted=format_value(int(own.sum()), "customers"),
        held_out=format_value(int(others.sum()), "customers"),
    )


def _lowers(reached: Reached, checks: tuple[Check, ...]) -> bool:
    """Whether contacts by others take a grade after these checks: of the contacted, while it is above `LOWEST_WITH_MORE`."""
    return reached.gap < 0 or grade_of("A", checks) < LOWEST_WITH_MORE


def _other_days(apart: float) -> Check:
    """That the groups did not live through the same days."""
    detail = translate(
        "Contacted and held out do not stand on the same days: {days} lie between them on average, far more than a lot "
        "makes. What the season did would count as the campaign's effect, so no effect is told. Where the share held out "
        "differs from wave to wave, make each wave a campaign of its own; otherwise date each held-out customer with the "
        "day on which the contact would have been made.",
        days=format_value(apart, "days"),
    )
    return Check("days", translate("Do contacted and held out stand on the same days?"), False, True, detail)


def shared_fields(
    data: CampaignData,
    own: Bools,
    others: Bools,
    estimates: Mapping[str, Estimate | None],
    dormancy_days: int | None,
    withheld: str,
) -> dict[str, Any]:
    """Fields of a `CampaignResult` that do not depend on how the compared customers came to be held out.

    `estimates` are given by the names of their fields; those that are missing or have no width are None. `withheld` says why
    there are none at all.
    """
    window, some = data.main, own.any()
    return {
        **{name: known(estimates.get(name)) for name in ESTIMATES},
        "name": data.name,
        "window_days": window.days,
        "contacted": int((window.observed & ~data.control).sum()),
        "held_out": int(others.sum()),
        "contacted_in_all": int((~data.control).sum()),
        "returned": float(window.returned[own].mean()) if some else 0.0,
        "subsidy": subsidy(data, own, others) if some and not withheld else 0.0,
        "claimed": float((window.margin - data.cost)[own].mean()) if some and not withheld else None,
        "interim": "" if withheld else interim_look(data),
        "priced": data.priced,
        "delivered": data.delivered,
        "delivery_unknown": data.delivery_unknown,
        "dormant": is_dormant(data, dormancy_days),
        "withheld": withheld,
    }


def is_dormant(data: CampaignData, dormancy_days: int | None) -> bool:
    """Whether the contacted had been asleep; without a rule, whether silence was how they were picked."""
    return data.silent_rule_days is not None if dormancy_days is None else data.asleep(dormancy_days)


def nothing_happened(data: CampaignData) -> str:
    """Why nothing can be said when no customer of either group bought in the window; empty when somebody did."""
    if data.main.returned[data.main.observed].any():
        return ""
    return translate(
        "None of the {customers:,} customers, contacted or not, bought anything within {window}. That is"
        " not a measured effect: check that the contacts use the same customer ids as the transactions.",
        customers=len(data.arm),
        window=format_value(data.window_days, "days"),
    )


def known(found: Estimate | None) -> Estimate | None:
    """An estimate, or None where its range has no width: such a number has not been measured."""
    return found if found is not None and found.se > 0 and np.isfinite(found.se) else None


def with_cautions(found: CampaignResult, cautions: Iterable[Caution]) -> CampaignResult:
    """The same result with what is wrong with its tables among the checks, and the grade that follows."""
    doubts = data_checks(cautions, ("contacts", "transactions"), found.name)
    if not doubts:
        return found
    checks = (*found.checks, *doubts)
    return replace(found, checks=checks, grade=grade_of("A" if found.randomised else "C", checks))


def check_uplift(window: Window, compared: Comparison) -> Estimate | None:
    """Revenue an order of returners, contacted over held out, minus 1; None with fewer than five of either.

    It compares those who returned, and contacting changes who returns: part of it may be other customers, not other baskets.
    """
    back, revenue = window.returned, window.revenue
    rows = [side & back for side in (compared.own, compared.others)]
    few = min(int(row.sum()) for row in rows) < FEWEST_RETURNERS
    if few or min(float(revenue[row].sum()) for row in rows) <= 0:
        return None
    return compared.ratio(revenue, window.orders, back)


def _units_note(data: CampaignData, own: Bools, others: Bools) -> str:
    """That whole units were assigned, and how many."""
    if data.unit is None:
        return ""
    numbers = [np.unique(data.unit[side]).size for side in (own, others)]
    note = translate(
        "Whole units ({unit}) were contacted or held out together, {contacted:,} and {held_out:,} of "
        "them: every range treats a unit, not a customer, as one draw.",
        unit=data.unit_name,
        contacted=numbers[0],
        held_out=numbers[1],
    )
    if min(numbers) < FEW_UNITS:
        note += " " + translate("With so few units the ranges are rough.")
    return note


def subsidy(data: CampaignData, own: Bools, others: Bools) -> float:
    """Discount given to contacted customers who would have come back anyway, in all: their share of what returners got."""
    window = data.main
    back = float(window.returned[own].mean())
    anyway = min(float(window.returned[others].mean()) / back, 1.0) if back > 0 else 0.0
    scale = float((~data.control).sum() / max(own.sum(), 1))
    return float(window.discount[own].sum()) * anyway * scale


def windows_table(data: CampaignData, level: float = 0.95, *, unlike: bool = False) -> pd.DataFrame:
    """Return, orders, revenue and margin after 7, 14, 30, … days: contacted, held out and the difference, with ranges.

    Columns: days, contacted, held_out, returned, would_return, return_uplift (_low, _high), orders, revenue, margin (each
    with _low and _high: difference per contacted customer, margin net of contact cost). Where the groups were `unlike` from
    the start (see `CampaignResult`), would_return and return_uplift are empty. Windows are left out whose groups stand on
    different days, or whose held-out were contacted by other campaigns instead.
    """
    rows: list[dict[str, float]] = []
    before = data.before
    compared: Comparison | None = None
    seen_before = -1
    for days, window in sorted(data.windows.items()):
        own, others = window.observed & ~data.control, window.observed & data.control
        if own.sum() < 2 or others.sum() < 2 or days_apart(data, own, others):
            continue
        if contacted_instead(data, own, others, days):
            continue
        # A longer window is observed by some of those who were observed for a shorter one, or by all of them.
        if compared is None or int(window.observed.sum()) != seen_before:
            compared, seen_before = Comparison(data, own, others, level, before), int(window.observed.sum())
        back = window.returned
        uplift = compared.share(back)
        row: dict[str, float] = {
            "days": days, "contacted": int(own.sum()), "held_out": int(others.sum()), "returned": float(back[own].mean()),
            "would_return": float(back[others].mean()), "return_uplift": uplift.value, "return_uplift_low": uplift.low,
            "return_uplift_high": uplift.high,
        }  # fmt: skip
        for name, values in (
            ("orders", window.orders),
            ("revenue", window.revenue),
            ("margin", window.margin - data.cost),
        ):
            gain = compared.mean(values)
            row |= {name: gain.value, f"{name}_low": gain.low, f"{name}_high": gain.high}
        rows.append(row)
    table = pd.DataFrame(rows)
    return without_returns(table) if unlike else table


def without_returns(table: pd.DataFrame) -> pd.DataFrame:
    """A table of a campaign in which nothing says who bought because of the contact, or would have bought without one."""
    told = [name for name in ("would_return", *RETURNS) if name in table.columns]
    return table.assign(**dict.fromkeys(told, np.nan))
