"""Churn of customers without a contract: who will not buy again within 12 months, and what they bring today.

Such customers never cancel. Churn is therefore P(no purchase in the next 12 months), which somebody who is not gone for
good may also do. `study_churn` puts a study's active customers through `cxvalue.questions.churn.losses`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxvalue.findings.finding import behind_a_colon
from cxvalue.findings.small_groups import NO_GROUPS, ShownBefore, withheld_groups
from cxvalue.foundation.arrays import Floats, Places
from cxvalue.foundation.calendar import DAYS_PER_MONTH, day_number, months_before
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import translate
from cxvalue.lifetime.evidence.blend import unsided
from cxvalue.questions.churn.losses import InDraws, Losses, bands, losses
from cxvalue.tables.labels import segments_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.lifetime import LifetimeModel
    from cxvalue.lifetime.prediction.whole_base import Total, WholeBase
    from cxvalue.questions.lifetime_value.cltv_fit import CltvFit
    from cxvalue.tables.purchase_log import PurchaseLog
    from cxvalue.tables.states import PurchaseStates

CHURN_MONTHS = 12


def active_states(states: PurchaseStates, dormancy_days: int) -> PurchaseStates:
    """The customers silent for fewer than `dormancy_days` days, in the same order; with ids where the states have them."""
    if states.mean_spend is None:
        raise CxvalueError("churn needs states per customer: purchase_states(..., per_customer=True).")
    active = states.days_silent < dormancy_days
    return states.take(active)


def margins_of(purchases: ibis.Table, states: PurchaseStates) -> Floats:
    """Margin of the last 12 months up to the day of the states, refunds taken off, in the order of the states."""
    after = ibis.literal(months_before(states.as_of, CHURN_MONTHS))
    chosen = purchases.filter((purchases.date > after) & (purchases.date <= ibis.literal(states.as_of)))
    sums = chosen.group_by("customer_id").agg(margin=chosen.margin.sum().cast("float64")).to_pyarrow()
    place = pc.index_in(pa.array(states.customer_id, pa.string()), value_set=sums.column("customer_id"))
    return np.asarray(pc.fill_null(sums.column("margin").take(place), 0.0).to_numpy(), dtype=float)


def p_no_purchase(model: LifetimeModel, states: PurchaseStates, days: float) -> Floats:
    """P(no purchase in the next `days` days) of each state: 1 - P(return)."""
    away: Floats = 1 - model.p_return(states, model.time_unit.from_days(days))
    return np.clip(away, 0.0, 1.0)


def away_in_draws(probabilities: Floats, total: Total, draws: int, seed: int) -> InDraws:
    """P(no purchase) of chosen customers at each draw of how far such forecasts miss.

    All buy as much more or less often than expected as the total of their purchases is missed by: a draw scales everybody's
    hazard, so that who is sure to buy hardly stays away more often. tests/reality/README.md has what such ranges held.

    Args:
        probabilities: of each customer, (customers,).
        total: the purchases of all over the same time.
        draws: how many.
        seed: equal seeds give equal draws.
    """
    off = total.sigma * np.random.default_rng([seed, 1]).standard_t(total.df, draws)
    hazard = np.exp(unsided(off))
    away = np.clip(probabilities, 1e-9, 1 - 1e-9)

    def at(rows: Places) -> Floats:
        # Customers with equal chances come one after the other: they are worked out once.
        own = away[rows]
        starts = np.flatnonzero(np.append(own.size > 0, own[1:] != own[:-1]))
        return np.repeat(own[starts, None] ** hazard, np.diff(np.append(starts, own.size)), axis=0)

    return at


@dataclass(frozen=True, slots=True, eq=False)
class Churn:
    """The churn of a study's active customers over the next 12 months.

    Attributes:
        active: the histories of the active customers; the arrays below have one element each, in this order.
        probabilities: P(no purchase within 12 months); nan throughout when `withheld`.
        margins: of the last 12 months.
        losses: share that will not buy and margin at risk, with intervals; None when `withheld`.
        margin_from: first day of the margins: 12 months ago, or the first day observed when that is later.
        dormancy_days: silent for so long is dormant.
        model: name of the model that forecast, or "combination".
        withheld: why nothing can be said, else empty.
        in_draws: the probabilities of chosen customers in each of `draws` draws of how far such forecasts miss.
        places: of the active customers among all, in the order of their ids.
    """

    active: PurchaseStates
    probabilities: Floats
    margins: Floats
    losses: Losses | None
    margin_from: date
    dormancy_days: int
    model: str
    withheld: str
    in_draws: InDraws | None = None
    draws: int = 0
    places: Places | None = None

    @property
    def as_of(self) -> date:
        """The last day observed."""
        return self.active.as_of

    def bands(self, suppress_below: int = 0) -> pd.DataFrame:
        """Active customers and their margin by the probability of not buying, see `bands`."""
        return bands(self.probabilities, self.margins, suppress_below)


def study_churn(
    fit: CltvFit,
    base: WholeBase,
    states: PurchaseStates,
    purchases: ibis.Table,
    *,
    dormancy_days: int,
    observed_from: date,
    level: float = 0.95,
    draws: int = 500,
    seed: int = 1,
    log: PurchaseLog | None = None,
) -> Churn:
    """Forecast which active customers will not buy in the next 12 months, and the margin that goes with them.

    `states` are all customers, one each, and `base` is their forecast: the probability is 1 less its chance of a purchase
    within 12 months. The intervals are for what will really happen: how far such forecasts miss is drawn, then the fate of
    everybody. Withheld, with the reason, where the fit withholds P(alive), and where nobody is active. `log` are the
    purchases of these customers as arrays, where they have been read.
    """
    active = active_states(states, dormancy_days)
    chosen = states.days_silent < dormancy_days
    if log is None:
        margins = margins_of(purchases, active)
    else:
        margins = log.margins(day_number(months_before(states.as_of, CHURN_MONTHS)), day_number(states.as_of))[chosen]
    withheld = behind_a_colon(fit.withheld or ("" if len(active) else translate("No customer is active.")))
    probabilities, found = np.full(len(active), math.nan), None
    in_draws: InDraws | None = None
    if not withheld:
        place = base.at(CHURN_MONTHS * DAYS_PER_MONTH)
        if base.combined:
            probabilities = np.clip(1 - base.returns[chosen, place], 0.0, 1.0)
        else:
            probabilities = p_no_purchase(fit.model, active, CHURN_MONTHS * DAYS_PER_MONTH)
        in_draws = away_in_draws(probabilities, base.bought[place], draws, seed)
        found = losses(probabilities, margins, in_draws=in_draws, draws=draws, level=level, seed=seed)
    return Churn(
        active=active,
        probabilities=probabilities,
        margins=margins,
        losses=found,
        margin_from=max(months_before(states.as_of, CHURN_MONTHS) + timedelta(days=1), observed_from),
        dormancy_days=dormancy_days,
        model="combination" if base.combined else fit.forecast,
        withheld=withheld,
        in_draws=in_draws,
        draws=draws,
        places=np.flatnonzero(chosen),
    )


def segment_table(
    churn: Churn,
    segments: Mapping[str, NDArray[np.object_]],
    *,
    level: float = 0.95,
    suppress_below: int = 0,
    everyone: Mapping[str, NDArray[np.object_]] | None = None,
    elsewhere: Collection[tuple[str, str]] = (),
    before: ShownBefore = NO_GROUPS,
) -> pd.DataFrame:
    """Churn by segment, as published in ``churn_segments.csv``.

    Groups below `suppress_below` customers are left out, with those that would give them away (`withheld_groups`). Columns:
    segment, group, customers, rate, rate_low, rate_high, margin, at_risk, at_risk_low, at_risk_high. Empty when the churn
    is withheld.

    Args:
        churn: of the active customers.
        segments: labels of these customers by column.
        level: of every interval.
        suppress_below: groups of fewer customers are withheld.
        everyone: labels of all customers, silent ones too, in columns of which another table shows how many they are.
        elsewhere, before: groups that other tables withhold, and what the last run showed.
    """
    columns = [
        *("segment", "group", "customers", "rate", "rate_low", "rate_high"),
        *("margin", "at_risk", "at_risk_low", "at_risk_high"),
    ]
    rows: list[tuple[Any, ...]] = []
    if churn.withheld:
        return pd.DataFrame(rows, columns=columns)
    few = _few_silent(segments, everyone or {}, suppress_below)
    hidden = withheld_groups(
        segments, suppress_below, amounts=churn.margins, also=few, elsewhere=elsewhere, before=before
    )
    for name, labels in segments.items():
        found = losses(
            churn.probabilities, churn.margins, labels, in_draws=churn.in_draws, draws=churn.draws, level=level
        )
        shown = (g for g in found.groups if (name, g.name) not in hidden)
        rows += [(name, g.name, g.members, *g.rate, g.worth, *g.at_risk) for g in shown]
    return pd.DataFrame(rows, columns=columns)


def labels_elsewhere(
    customers: ir.Table, columns: Sequence[str], states: PurchaseStates
) -> dict[str, NDArray[np.object_]]:
    """Labels of all customers in the columns of which ``covariate_levels.csv`` shows how many they are."""
    if not columns or states.customer_id is None:
        return {}
    return segments_of(customers.select("customer_id", *columns), states.customer_id)


def _few_silent(
    active: Mapping[str, NDArray[np.object_]], everyone: Mapping[str, NDArray[np.object_]], least: int
) -> Iterator[tuple[str, str]]:
    """Groups of which fewer than `least` are silent: who knows the whole group could take its active ones off."""
    for name in everyone.keys() & active.keys():
        names, counts = np.unique(everyone[name].astype(str), return_counts=True)
        for group, every in zip(names, counts, strict=True):
            if 0 < every - (active[name] == group).sum() < least:
                yield name, str(group)
