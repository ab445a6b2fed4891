"""The programmes of a study together: who is under several at once, what all of them added, and what the sum may say.

Where programmes reach the same customers, or one runs among the customers that another is compared with, single estimates
do not add up. Then all of them are measured at once, against customers under none of them (`joint`). Where the data do not
allow that, a customer-month under several programmes counts for the largest claim only (`bounded`), and the range
reaches up to the plain sum. Where programmes do not meet, the sum stands. Customers held out of everything cap the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from cxvalue.effects.effect import Effect
from cxvalue.effects.estimators.group_time import BASE_MONTHS, group_time, jackknife
from cxvalue.effects.together import StateEffects, contained, state_effects
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.foundation.intervals import reach_of
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.money.allocation import allocate, bounded_claims
from cxvalue.money.portfolio import Credit, Holdout, LedgerLine, Portfolio
from cxvalue.tables.panels.inputs import PanelSource
from cxvalue.tables.panels.overlap import (
    PathCounts,
    PathPanel,
    contacted_under,
    holdout_panel,
    path_panel,
    programme_paths,
)
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import StudyFile

COMPARABLE = ("staggered", "experiment")
"""Designs whose programmes can be measured together by comparing with customers under none."""
LEAST_OVERLAP = 0.01
LEAST_CONTAINED = 0.10
MOST_FILLED = 0.20
"""Share of the customer-months whose effect may be put together from other states."""


def measure_portfolio(
    study: StudyFile,
    fits: Sequence[ProgrammeFit],
    sources: Sequence[PanelSource],
    table: Callable[[str], ir.Table | None],
) -> Portfolio:
    """Put the programmes of a study side by side; `fits` and `sources` are in the same order, at least one of them.

    Raises `BadInput` when customers of the universal holdout got a programme, or nobody is held out.
    """
    paths = programme_paths(sources)
    names, every = paths.programmes, range(len(sources))
    states = paths.by_state(every)
    total = sum(float(months.sum()) for months in states.values())
    met = sum(float(months.sum()) for state, months in states.items() if len(state) > 1)
    holds = [[1.0 if k == j else contained(paths.exposure_panel(k, j)) for j in every] for k in every]
    priced = [number for number, fit in enumerate(fits) if fit.margin_per_unit is not None]
    claims = Claims.of([fits[number] for number in priced], study.level)
    months = {tuple(priced.index(one) for one in state): by for state, by in paths.by_state(priced).items()}
    months = _with_early(months, [fits[number].effect for number in priced])
    alike = np.array(holds)[np.ix_(priced, priced)]
    chosen = [sources[number] for number in priced]
    # Customers who no longer have a programme are under none of those that began: the starts alone do not tell them apart.
    counted = count_once(claims, months, alike, lambda: None if paths.ends else path_panel(chosen, claims.outcome[0]))
    contacts = table("contacts")
    campaigns = [] if contacts is None else study.campaigns
    return Portfolio(
        programmes=names,
        priced=claims.names,
        shared=_shared(paths),
        contained=holds,
        overlap_share=met / total if total else 0.0,
        way=counted.way,
        margin=counted.margin,
        low=counted.low,
        high=counted.high,
        se=counted.se,
        df=counted.df,
        claimed_se=claims.se_of(claims.amounts(months)),
        correlation=claims.correlation.tolist(),
        credits=counted.credits,
        ledger=(*_ledger(paths, claims, months, counted.rates), *_unpriced(paths, fits)),
        contacted=[(one.name, contacted_under(contacts, one.name, one.control, sources)) for one in campaigns],
        holdout=_holdout(study, claims, sources, table("customers")) if priced else None,
    )


def _with_early(months: Mapping[tuple[int, ...], Floats], effects: Sequence[Effect]) -> dict[tuple[int, ...], Floats]:
    """Add a place after the last month for customers treated before the first full one: in no panel, but in the case."""
    found = {state: np.append(by, 0.0) for state, by in months.items()}
    for k, effect in enumerate(effects):
        treated = effect.every_treated_month
        early = treated - sum(float(by.sum()) for state, by in months.items() if k in state)
        if early >= 1 and found:
            size = len(next(iter(found.values())))
            found.setdefault((k,), np.zeros(size))[-1] += early
    return found


@dataclass(frozen=True, eq=False)
class Claims:
    """Effects in margin per treated customer and month, with their errors and how these go together."""

    names: tuple[str, ...]
    designs: tuple[str, ...]
    outcomes: tuple[str, ...]
    prices: tuple[float, ...]
    rate: Floats
    se: Floats
    df: float
    correlation: Floats
    level: float

    @classmethod
    def of(cls, fits: Sequence[ProgrammeFit], level: float) -> Claims:
        """The claims of programmes whose outcome has a price."""
        prices = np.array([fit.margin_per_unit or 0.0 for fit in fits])
        return cls(
            names=tuple(fit.name for fit in fits),
            designs=tuple(fit.effect.design for fit in fits),
            outcomes=tuple(fit.effect.outcome for fit in fits),
            prices=tuple(prices.tolist()),
            rate=np.array([fit.effect.estimate for fit in fits]) * prices,
            se=np.array([fit.effect.se for fit in fits]) * prices,
            df=min((fit.effect.df for fit in fits), default=np.inf),
            correlation=_correlation([fit.effect for fit in fits]),
            level=level,
        )

    @property
    def outcome(self) -> tuple[str, float]:
        """The outcome in which all can be measured at once, and the margin for one unit of it."""
        same = len(set(self.outcomes)) == 1
        return (self.outcomes[0], self.prices[0]) if same else ("margin", 1.0)

    def amounts(self, months: Mapping[tuple[int, ...], Floats]) -> Floats:
        """Treated customer-months of each programme."""
        return np.array(
            [sum(float(by.sum()) for state, by in months.items() if k in state) for k in range(len(self.names))],
            dtype=float,
        )

    def se_of(self, amounts: Floats) -> float:
        """Error of the sum of the claims for so many customer-months of each programme."""
        part = self.se * amounts
        return float(np.sqrt(np.maximum(part @ self.correlation @ part, 0.0)))

    def reach(self, df: float) -> float:
        """Standard errors on either side of a range."""
        return reach_of(self.level, df)


def _correlation(effects: Sequence[Effect]) -> Floats:
    """Correlation of the errors of several effects, from leaving out the units that they share.

    Where two have no units in common that were left out one by one, their errors are taken to go the same way: that
    can only widen the range of their sum.
    """
    found = np.eye(len(effects))
    for k, one in enumerate(effects):
        for j, other in enumerate(effects[:k]):
            left, right = (effect.extra.get("left_out") or {} for effect in (one, other))
            both = sorted(set(left) & set(right))
            value = 1.0
            if one.unit == other.unit and len(both) >= max(0.5 * max(len(left), len(right)), 3):
                a, b = (np.array([part[name] for name in both]) for part in (left, right))
                a, b = a - one.estimate, b - other.estimate
                value = float(a @ b / np.sqrt((a @ a) * (b @ b))) if (a @ a) * (b @ b) > 0 else 1.0
            found[k, j] = found[j, k] = value
    return found


@dataclass(frozen=True, eq=False)
class Counted:
    """Margin to date with its range, what each programme is credited with, and the margin of a month in each state."""

    way: str
    margin: float
    low: float
    high: float
    se: float
    df: float
    credits: tuple[Credit, ...]
    rates: dict[tuple[int, ...], float]


def count_once(
    claims: Claims,
    months: Mapping[tuple[int, ...], Floats],
    holds: Floats,
    panel: Callable[[], PathPanel | None],
) -> Counted:
    """Measure all programmes at once where they meet and the data allow it; else count the largest claim.

    `months` are the customer-months of each set of programmes by calendar month, `holds` what each estimate holds of the
    others, and `panel` makes the panel of all of them when it is needed.
    """
    amounts = {state: float(by.sum()) for state, by in months.items()}
    total, size = sum(amounts.values()), len(claims.names)
    met = sum(amount for state, amount in amounts.items() if len(state) > 1)
    held = float(np.abs(holds - np.eye(size)).max()) if size > 1 else 0.0
    meets = size > 1 and (met >= LEAST_OVERLAP * total or held >= LEAST_CONTAINED)
    if meets and set(claims.designs) <= set(COMPARABLE):
        made = panel()
        found = None if made is None else state_effects(made.panel, made.path, made.starts)
        if found is not None and _enough(found, amounts, size):
            return _joint(claims, months, amounts, found)
    return _bounded(claims, months, amounts, meets and met > 0)


def _enough(found: StateEffects, amounts: Mapping[tuple[int, ...], float], programmes: int) -> bool:
    """Whether most of what is to be counted was measured, and every programme is part of it."""
    measured = sum(amount for state, amount in amounts.items() if state in found.states)
    everyone = {one for state in found.states for one in state}
    return measured >= (1 - MOST_FILLED) * sum(amounts.values()) and len(everyone) == programmes and found.df >= 3


def _joint(
    claims: Claims,
    months: Mapping[tuple[int, ...], Floats],
    amounts: Mapping[tuple[int, ...], float],
    found: StateEffects,
) -> Counted:
    price = claims.outcome[1]
    shared = allocate(amounts, found.states, found.identified, len(claims.names))
    covariance = found.covariance * price**2
    q = claims.reach(found.df)

    def valued(weights: Floats) -> tuple[float, float]:
        return float(weights @ found.rate * price), float(np.sqrt(np.maximum(weights @ covariance @ weights, 0.0)))

    credits = []
    for name, claim, row in zip(claims.names, claims.rate * claims.amounts(months), shared.shares, strict=True):
        value, se = valued(row)
        credits.append(Credit(name, float(claim), value, value - q * se, value + q * se))
    margin, se = valued(shared.total)
    rates = {state: valued(weights)[0] for state, weights in shared.by_state.items()}
    return Counted("joint", margin, margin - q * se, margin + q * se, se, found.df, tuple(credits), rates)


def _bounded(
    claims: Claims, months: Mapping[tuple[int, ...], Floats], amounts: Mapping[tuple[int, ...], float], meets: bool
) -> Counted:
    """The largest claim for each customer-month; the range reaches from there down, and from the plain sum up."""
    q = claims.reach(claims.df)
    whole = claims.amounts(months)
    kept = bounded_claims(amounts, claims.rate)
    margin, most = float(kept @ claims.rate), float(whole @ claims.rate)
    se, most_se = claims.se_of(kept), claims.se_of(whole)
    credits = tuple(
        Credit(name, float(rate * n), float(rate * k), float(rate * k - q * one * k), float(rate * k + q * one * k))
        for name, rate, one, n, k in zip(claims.names, claims.rate, claims.se, whole, kept, strict=True)
    )
    rates = {
        state: float(bounded_claims({state: 1.0}, claims.rate) @ claims.rate) for state in amounts
    }  # the largest claim of each state
    low = min(margin - q * se, most - q * most_se)
    high = max(margin + q * se, most + q * most_se)
    return Counted("bounded" if meets else "sum", margin, low, high, se, claims.df, credits, rates)


def _shared(paths: PathCounts) -> list[list[float]]:
    """Share of each programme's treated customer-months under each other one."""
    under = [paths.treated(k) for k in range(len(paths.programmes))]
    own = [max(float((paths.customers @ one).sum()), 1e-300) for one in under]
    return [
        [float((paths.customers @ (one & other)).sum()) / whole for other in under]
        for one, whole in zip(under, own, strict=True)
    ]


def _ledger(
    paths: PathCounts,
    claims: Claims,
    months: Mapping[tuple[int, ...], Floats],
    rates: Mapping[tuple[int, ...], float],
) -> tuple[LedgerLine, ...]:
    """Margin by month and set of programmes: each customer-month stands in one line only."""
    lines = []
    for state, by_month in sorted(months.items()):
        for month in np.flatnonzero(by_month):
            number = float(by_month[month])
            claim = float(sum(claims.rate[one] for one in state)) * number
            who = " + ".join(claims.names[one] for one in state)
            placed = month < paths.months.count
            day = paths.months.day(int(month)).isoformat() if placed else ""
            lines.append(LedgerLine(day, who, "margin", number, claim, rates[state] * number))
    return tuple(sorted(lines, key=lambda line: (line.month, line.programmes)))


def _unpriced(paths: PathCounts, fits: Sequence[ProgrammeFit]) -> tuple[LedgerLine, ...]:
    """Programmes whose outcome has no price: their customer-months, and no money."""
    lines = []
    for number, fit in enumerate(fits):
        if fit.margin_per_unit is None:
            by_month = paths.customers @ paths.treated(number)
            for month in np.flatnonzero(by_month):
                day = paths.months.day(int(month)).isoformat()
                lines.append(LedgerLine(day, fit.name, fit.effect.outcome, float(by_month[month]), None, None))
    return tuple(lines)


def _holdout(
    study: StudyFile, claims: Claims, sources: Sequence[PanelSource], customers: ir.Table | None
) -> Holdout | None:
    """All that was done since the first start, against the customers held out of everything."""
    declared = study.universal_holdout
    if declared is None:
        return None
    listed = [source.rollout.start.min().to_pyarrow().as_py() for source in sources]
    days: list[date] = [day for day in listed if day is not None]
    outcome, price = claims.outcome
    source = replace(sources[0], customers=customers, outcome=outcome)
    panel = holdout_panel(source, declared.column, declared.value, min(days))
    refuse_treated(sources, declared.column, declared.value, customers)
    found, knife = group_time(panel, base_months=BASE_MONTHS), jackknife(panel, base_months=BASE_MONTHS)
    if not np.isfinite(found.overall):
        remark = translate("the customers held out cannot be compared with the others before the first start.")
        remedy = translate("Give the tables a longer history, or leave it out.")
        raise BadInput.at("universal_holdout", remark, remedy)
    amount = (found.identified + found.unidentified) * price
    half = claims.reach(knife.df) * float(np.sqrt(knife.covariance[0, 0]))
    number = np.arange(panel.months.count)
    heads = [float(panel.customers[side][:, number, number].sum()) for side in (panel.treated, ~panel.treated)]
    ends = [(found.overall + side * half) * amount for side in (0, -1, 1)]
    return Holdout(ends[0], ends[1], ends[2], round(heads[0]), round(heads[1]))


def refuse_treated(sources: Sequence[PanelSource], column: str, value: str, customers: ir.Table) -> None:
    """Refuse a holdout whose customers a roll-out lists with a start; a unit's programme passes them by."""
    held = customers.filter((customers[column].cast("string") == value).fill_null(False))
    problems = []
    for source in sources:
        if source.unit == CUSTOMER:
            got = source.rollout.filter(source.rollout.start.notnull())
            number = int(held.semi_join(got, held.customer_id == got.unit).count().to_pyarrow().as_py())
            if number:
                found = translate_count(
                    "{count:,} customer is held out of everything and has a start in the roll-out.",
                    "{count:,} customers are held out of everything and have a start in the roll-out.",
                    number,
                )
                remedy = translate("Leave their start empty, or correct universal_holdout.")
                problems.append(Problem(f"programmes.{source.programme}", found, remedy))
    if problems:
        raise BadInput(problems)
