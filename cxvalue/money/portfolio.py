"""What the programmes of a study come to together: margin counted once, the sum of the cases, and what luck is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.foundation.plain import Plain
from cxvalue.money.allocation import coupled_sum, shrink
from cxvalue.money.finance import discount_factors

if TYPE_CHECKING:
    from cxvalue.money.case import Case

FEWEST_TO_DRAW_IN = 3


@dataclass(frozen=True, slots=True)
class Credit:
    """Margin to date of one programme before its costs: what its own estimate claims, and what it is credited with."""

    programme: str
    claimed: float
    credited: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Holdout:
    """Margin to date of everything the company did, measured against the customers held out of all programmes."""

    margin: float
    low: float
    high: float
    customers: int
    held_out: int


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One month of one set of programmes: customer-months, what the single estimates claim, and what is counted.

    Customers whose unit had started before the first full month stand in one line without a month.
    """

    month: str
    programmes: str
    driver: str
    customer_months: float
    claimed: float | None
    counted: float | None


@dataclass(frozen=True)
class Portfolio(Plain):
    """What was measured of all programmes together; plain JSON types, lists by programme in the order of `programmes`.

    Attributes:
        programmes: all of them; `priced` those whose outcome has a price, the only ones with margin.
        shared: share of each programme's treated customer-months that were under each other one too (rows: whose).
        contained: how much of each other programme's effect the estimate of a programme holds.
        overlap_share: customer-months under two or more programmes, of all under any.
        way: joint, bounded or sum.
        margin, low, high: margin to date of all priced programmes, before costs, every customer-month once.
        se, df: of that margin; `claimed_se` of the plain sum of the claims.
        correlation: of the errors of the priced programmes' effects.
        credits: by priced programme; they add up to `margin`.
        contacted: for each campaign its name, the customers contacted, and those of them under each programme.
    """

    programmes: tuple[str, ...]
    priced: tuple[str, ...]
    shared: list[list[float]]
    contained: list[list[float]]
    overlap_share: float
    way: str
    margin: float
    low: float
    high: float
    se: float
    df: float
    claimed_se: float
    correlation: list[list[float]]
    credits: tuple[Credit, ...]
    ledger: tuple[LedgerLine, ...]
    contacted: list[tuple[str, list[int]]]
    holdout: Holdout | None

    @property
    def claimed(self) -> float:
        """The plain sum of what the single estimates claim."""
        return sum(one.claimed for one in self.credits)

    @property
    def factor(self) -> float:
        """What is left of each claimed unit of margin once every customer-month counts once."""
        return self.margin / self.claimed if self.claimed else 1.0


@dataclass(frozen=True, slots=True)
class Totals:
    """The sum of several programmes, every customer-month once; ranges at the level of the portfolio.

    Attributes:
        to_date, to_date_low, to_date_high: margin so far less costs so far.
        plain_to_date: the sum of what the single estimates claim, less the same costs.
        margin: of that the margin before costs; `factor` what it is of the claims (1 where nothing was claimed).
        capped: whether the customers held out of everything lowered it.
        npv, npv_low, npv_high: sum of the cases' net present values, each at its own start, the overlap taken off.
        plain_npv: without taking it off.
        benefits_twice: present value of benefits of one name that several programmes state, beyond the largest.
    """

    to_date: float
    to_date_low: float
    to_date_high: float
    plain_to_date: float
    margin: float
    factor: float
    capped: bool
    npv: float
    npv_low: float
    npv_high: float
    plain_npv: float
    benefits_twice: float


def portfolio_totals(
    portfolio: Portfolio, cases: Mapping[str, Case], spent: Mapping[str, float], level: float = 0.95
) -> Totals:
    """Add programmes up; `cases` and `spent` (costs so far) by the name of every priced programme.

    What a customer-month of overlap takes off is measured to date and taken to stay the same over the horizon. The range
    of the NPV is that of the cases' draws, their errors coupled as measured, widened by as much as counting once is less
    sure than the claims.
    """
    margin, low, high = portfolio.margin, portfolio.low, portfolio.high
    held, se = portfolio.holdout, portfolio.se
    capped = held is not None and held.margin < margin
    if held is not None and capped:
        se *= (held.high - held.low) / max(high - low, 1e-300)
        margin, low, high = held.margin, held.low, held.high
    chosen = [cases[name] for name in portfolio.priced]
    costs = sum(spent[name] for name in portfolio.priced)
    treated = sum(case.effect.every_treated_month for case in chosen)
    volume = sum(case.per_unit_effect / case.settings.margin_per_unit for case in chosen)
    taken_off = (portfolio.claimed - margin) / max(treated, 1) * volume
    twice = _benefits_twice(chosen)
    plain = sum(case.npv.value for case in chosen)
    draws = coupled_sum([case.npv_draws for case in chosen], portfolio.correlation)
    tail = (1 - level) / 2
    # Distances from the sum of the central cases, which is no quantile of the draws.
    low_end, high_end = (float(end) - plain for end in np.quantile(draws, [tail, 1 - tail]))
    least, most = min(low_end, 0.0), max(high_end, 0.0)
    wider = max(se / portfolio.claimed_se, 1.0) if portfolio.claimed_se > 0 else 1.0
    npv = plain - taken_off - twice
    npv_high = npv + wider * most
    if portfolio.way == "bounded" and not capped:
        npv_high = max(npv_high, plain - twice + most)  # up to the plain sum: nobody knows how much of it is shared
    return Totals(
        to_date=margin - costs,
        to_date_low=low - costs,
        to_date_high=high - costs,
        plain_to_date=portfolio.claimed - costs,
        margin=margin,
        factor=margin / portfolio.claimed if portfolio.claimed else 1.0,
        capped=capped,
        npv=npv,
        npv_low=npv + wider * least,
        npv_high=npv_high,
        plain_npv=plain,
        benefits_twice=twice,
    )


def _benefits_twice(cases: list[Case]) -> float:
    worth: dict[str, list[float]] = {}
    for case in cases:
        factors = float(discount_factors(case.horizon_months, case.annual_discount_rate)[1:].sum())
        for one in case.settings.benefits:
            worth.setdefault(one.name.strip().lower(), []).append(one.monthly * factors)
    return sum(sum(values) - max(values) for values in worth.values())


@dataclass(frozen=True, slots=True)
class Drawn:
    """The winner's curse: contributions as measured, and with each effect drawn in to zero by how noisy it is."""

    raw: float
    drawn: float
    effects: tuple[float, ...]


def drawn_in(portfolio: Portfolio, cases: Mapping[str, Case]) -> Drawn | None:
    """Margin to date by the claims and by the same effects shrunk; None with fewer than three programmes.

    Whoever picks programmes because they looked good adds up their luck as well; shrinking takes it out on average.
    """
    chosen = [cases[name] for name in portfolio.priced]
    if len(chosen) < FEWEST_TO_DRAW_IN or any(case.effect.se <= 0 for case in chosen):
        return None
    prices = np.array([case.settings.margin_per_unit for case in chosen])
    raw = np.array([case.effect.estimate for case in chosen]) * prices
    small = shrink(raw, np.array([case.effect.se for case in chosen]) * prices)
    months = np.array([case.effect.every_treated_month for case in chosen])
    return Drawn(float(raw @ months), float(small @ months), tuple(small.tolist()))
