"""Which goodwill rule is best: up to which amount, how often a year? From the fees, the calls and the measured effect.

The fees of the last 12 full months say what each rule would have waived. The rule in force counts back to what would have
fallen without it. What a waiver saves is read from the calls about fees, what it invites from the fees of those with and
without the programme, by the programme's own design. What customers who were let off bring more is the measured effect of
the rule in force with the fees it gave up put back, shared out over the customers it lets off; another rule earns it for the
customers that it would let off. So the rule in force is worth exactly what was measured, and nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.effects.estimate import estimate_effect
from cxvalue.foundation.calendar import months_apart
from cxvalue.foundation.errors import BadInput, CxvalueError, Problem, nearest
from cxvalue.foundation.intervals import Interval, stated_draws
from cxvalue.foundation.plain import Plain
from cxvalue.language.catalogue import translate
from cxvalue.money.policy import GoodwillSearch, Handling, search_rules
from cxvalue.questions.programmes.measure import ProgrammeFit, StudyTables, panel_for
from cxvalue.tables.panels.by_unit import population
from cxvalue.tables.panels.inputs import PanelMonths, PanelSource

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.effects.effect import Effect
    from cxvalue.study import Programme
    from cxvalue.study.money import Goodwill

Triple = tuple[float, float, float]

WINDOW = 12
CALL_DAYS = 31
"""A call about a fee belongs to the customer's latest fee of the days before."""


@dataclass(frozen=True)
class GoodwillFit(Plain):
    """The rules of one programme, what each is worth a year, and what that rests on.

    Attributes:
        name: of the programme.
        rules: a record for each rule, as `cxvalue.money.policy.GoodwillSearch.rules`.
        cap, times_per_year, value, low, high, chosen: the recommended rule (0: none pays) and its value a year.
        cap_range, times_range: of the rules that the draws choose.
        current_cap, current_times: the rule in force; its value stands in `rules`.
        saved_per_waiver, extra_share: value, low, high; the saving is shown but not counted where
            `handling_class` is capacity.
        extra_source: where the moral hazard comes from.
        uptake: share of what the rule in force allows that was waived.
        customers, fees: behind the figures.
    """

    name: str
    rules: list[dict[str, float]]
    cap: float
    times_per_year: int
    value: float
    low: float
    high: float
    chosen: float
    cap_range: Sequence[float]
    times_range: Sequence[float]
    current_cap: float
    current_times: int
    saved_per_waiver: Sequence[float]
    extra_share: Sequence[float]
    extra_source: str
    handling_class: str
    uptake: float
    customers: int
    fees: int
    grade: str

    @property
    def table(self) -> pd.DataFrame:
        """The rules as a table."""
        return pd.DataFrame(self.rules)

    @property
    def current(self) -> Mapping[str, float]:
        """The rule in force."""
        return next(
            one for one in self.rules if (one["cap"], one["times_per_year"]) == (self.current_cap, self.current_times)
        )


def fit_goodwill(tables: StudyTables, programme: Programme, settings: Goodwill, fit: ProgrammeFit) -> GoodwillFit:
    """Value the goodwill rules of a programme; raises `BadInput` with everything that is missing for it."""
    where, interactions = f"programmes.{programme.name}.goodwill", tables.table("interactions")
    fees = tables.table("fees")
    problems = _missing(settings, fees, interactions, fit, where)
    if problems or fees is None:
        raise BadInput(problems)
    source = tables.source(programme)
    months, people = population(source)
    _refuse_short(months.count, where)
    marked = _with_programme(fees, people, months)
    extra, extra_source = _moral_hazard(settings, source, fit, marked, people, where)
    saved = _saved(settings, marked, interactions, where)
    rows = _last_year(marked, months, everyone=programme.case.population == "all")
    if not rows["amount"].size:
        found = translate("nobody in the programme had a fee in the last 12 full months.")
        raise BadInput.at(where, found, translate("Leave it out."))
    cap, often = settings.current.cap, settings.current.times_per_year
    mine = people if programme.case.population == "all" else people.filter(people.start >= 0)
    customers = int(mine.count().to_pyarrow().as_py())
    uptake = _uptake(rows, cap, often)
    counted = settings.handling_class != "capacity"

    def search(gain: Triple, caps: Sequence[float], times: Sequence[int]) -> GoodwillSearch:
        handling = Handling(saved if counted else (0.0, 0.0, 0.0), gain, extra)
        return search_rules(
            rows["customer"], rows["amount"], years=1.0, handling=handling, caps=caps, times=times,
            under_rule=rows["under"], uptake=uptake, draws=2000, level=tables.study.level,
        )  # fmt: skip

    force = search((0.0, 0.0, 0.0), [cap], [often]).rules.iloc[0]
    _refuse_idle(force["customers"], settings, where)
    gain = _gain(settings, fit, rows, force, extra, customers)
    found_ = search(gain, *settings.rules)
    return GoodwillFit(
        name=programme.name,
        rules=found_.rules.to_dict("records"),
        cap=found_.cap,
        times_per_year=found_.times_per_year,
        value=found_.value,
        low=found_.best_low,
        high=found_.best_high,
        chosen=found_.chosen,
        cap_range=found_.cap_range,
        times_range=found_.times_range,
        current_cap=cap,
        current_times=often,
        saved_per_waiver=saved,
        extra_share=extra,
        extra_source=extra_source,
        handling_class=settings.handling_class,
        uptake=uptake,
        customers=customers,
        fees=int(rows["amount"].size),
        grade=max(str(fit.effect.grade), "C"),
    )


def _refuse_short(months: int, where: str) -> None:
    if months < WINDOW:
        found = translate(
            "the tables cover {months} full months, and a yearly rule needs {needed}.", months=months, needed=WINDOW
        )
        raise BadInput.at(where, found, translate("Wait, or give the tables a longer history."))


def _refuse_idle(waived: float, settings: Goodwill, where: str) -> None:
    """Refuse a rule in force that would have waived nothing: there is nothing to compare others with."""
    if waived:
        return
    found = translate(
        "the current rule (up to {cap:g}, {times} a year) would have waived nothing in the last 12 months.",
        cap=settings.current.cap,
        times=settings.current.times_per_year,
    )
    remedy = translate("Check its cap against the amounts of the table 'fees'.")
    raise BadInput.at(f"{where}.current", found, remedy)


def recent_effect(effect: Effect, months: int = WINDOW) -> Triple:
    """Effect per treated customer and month over the last months of the data, with its 95% range.

    The event-time effects weighted by the treated customers who were so far in those months, with their covariance.
    """
    weight = np.zeros(effect.event_time.size)
    place = {int(time): i for i, time in enumerate(effect.event_time)}
    for cohort in effect.cohorts:
        newest = months_apart(cohort.start, effect.last_month)
        for since in range(max(newest - months + 1, 0), newest + 1):
            if since in place and np.isfinite(effect.event_effect[place[since]]):
                weight[place[since]] += cohort.there(since)
    if not weight.any():
        return effect.estimate, effect.low, effect.high
    weight /= weight.sum()
    known = weight > 0
    middle = float(weight[known] @ effect.event_effect[known])
    variance = float(weight[known] @ effect.covariance[np.ix_(known, known)] @ weight[known])
    se = float(np.sqrt(max(variance, 0.0)))
    return Interval.of_error(middle, se, 0.95, effect.df)


def _missing(
    settings: Goodwill, fees: ir.Table | None, interactions: ir.Table | None, fit: ProgrammeFit, where: str
) -> list[Problem]:
    problems = []
    if fees is None:
        remedy = translate("Add it under 'tables: fees:', or leave it out.")
        problems.append(Problem(where, translate("needs the table '{table}'.", table="fees"), remedy))
    if settings.reason is not None and interactions is None:
        remedy = translate("Add it under 'tables: interactions:', or state saved_per_waiver.")
        found = translate("needs the table '{table}'.", table="interactions")
        problems.append(Problem(f"{where}.reason", found, remedy))
    for name, price in (("minutes", settings.minute_cost), ("approvals", settings.approval_cost)):
        if price is not None and interactions is not None and name not in interactions.columns:
            found = translate("is given, but the table 'interactions' has no column {name!r}.", name=name)
            remedy = translate("Map the column, or leave the price out.")
            problems.append(Problem(f"{where}.{name[:-1]}_cost", found, remedy))
    if fit.margin_per_unit is None:
        found = translate(
            "the outcome {outcome!r} has no price, so the extra margin that customers bring cannot be counted.",
            outcome=fit.effect.outcome,
        )
        remedy = translate("Use the outcome margin for a programme with goodwill rules.")
        problems.append(Problem(where, found, remedy))
    return problems


def _with_programme(fees: ir.Table, people: ir.Table, months: PanelMonths) -> ir.Table:
    """Fees of the population with their month and whether the programme was in force (known from its units' start)."""
    joined = fees.inner_join(people.select("customer_id", "start", "base", "first", "last"), "customer_id")
    month = joined.date.year() * 12 + joined.date.month() - months.base
    joined = joined.mutate(month=month)
    waived = joined.waived.fill_null(False) if "waived" in joined.columns else joined.month < -1
    return joined.mutate(under=(joined.start >= 0) & (joined.month > joined.base), was_waived=waived)


def _moral_hazard(
    settings: Goodwill, source: PanelSource, fit: ProgrammeFit, marked: ir.Table, people: ir.Table, where: str
) -> tuple[Triple, str]:
    """More fees under the programme, as a share of those without: measured by its own design, else as stated."""
    effect = fit.effect
    try:
        panel = panel_for(replace(source, outcome="fees"), effect.design)
        more = estimate_effect(panel, design=effect.design, level=0.95, programme=fit.name)
        inside = (marked.start >= 0) & (marked.month >= marked.start) & (marked.month >= marked["first"])
        seen = int(marked.filter(inside & (marked.month <= marked["last"])).count().to_pyarrow().as_py())
        treated = people.filter(people.start >= 0)
        lasted = treated["last"] - ibis.greatest(treated.start, treated["first"]) + 1
        rate = seen / max(int(ibis.greatest(lasted, ibis.literal(0)).sum().to_pyarrow().as_py() or 0), 1)
        if rate - more.high > 0:
            middle, low, high = (float(one / (rate - one)) for one in (more.estimate, more.low, more.high))
            return (middle, max(low, -0.9), high), translate("measured as the programme's effect on the number of fees")
        reason = translate("there are too few fees to say")
    except CxvalueError as error:
        reason = str(error).splitlines()[-1].strip()
    if settings.extra_share is None:
        found = translate("whether customers run up more fees could not be measured: {reason}", reason=reason)
        remedy = translate("State it: {example}.", example="extra_share: {value: 0.1, low: 0, high: 0.3}")
        raise BadInput.at(f"{where}.extra_share", found, remedy)
    return settings.extra_share.ends, translate("stated in the study file, since it could not be measured")


def _saved(settings: Goodwill, marked: ir.Table, interactions: ir.Table | None, where: str) -> Triple:
    """Handling saved by a waiver, in money."""
    if settings.saved_per_waiver is not None:
        return settings.saved_per_waiver.ends
    assert interactions is not None
    calls = interactions.filter(interactions.reason == settings.reason)
    if not calls.count().to_pyarrow().as_py():
        known = interactions.select("reason").distinct().limit(200).to_pyarrow().column("reason").to_pylist()
        remedy = nearest(settings.reason or "", [str(one) for one in known if one])
        found = translate("no interaction has the reason {reason!r}.", reason=settings.reason)
        raise BadInput.at(f"{where}.reason", found, remedy)
    handled = handling_saved(marked, calls, most=settings.rules[0][-1])
    if handled is None:
        found = translate(
            "no fee is marked as waived while the programme was running, so the calls cannot show what a waiver saves."
        )
        remedy = translate("State saved_per_waiver, or map the column 'waived'.")
        raise BadInput.at(f"{where}.reason", found, remedy)
    rng = np.random.default_rng(1)
    total, expected = np.zeros(4000), 0.0
    for (mean, se), price in zip(handled, (settings.minute_cost, settings.approval_cost), strict=True):
        if price is not None:
            low, value, high = price.range
            each = stated_draws(rng.standard_normal(4000), value, low, high)
            total += (mean + se * rng.standard_normal(4000)) * each
            expected += mean * value
    return Interval.around(expected, total)


def handling_saved(
    marked: ir.Table, calls: ir.Table, *, most: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Minutes and approvals that a waiver saves, with standard errors: a fee without the programme less a waived one.

    A call belongs to the customer's latest fee of the 31 days up to it, the largest of that day. Fees above `most` are
    left out. None without waived fees or without others to compare them with.
    """
    told_apart = ["customer_id", "date", "amount", "under", "was_waived"]
    fees = marked.filter(marked.amount <= most).mutate(fee=ibis.row_number().over(order_by=told_apart))
    fees = fees.select("customer_id", "fee", "date", "under", "was_waived").cache()
    minutes = calls.minutes.fill_null(0.0).cast("float64") if "minutes" in calls.columns else ibis.literal(0.0)
    approvals = calls.approvals.fill_null(0).cast("float64") if "approvals" in calls.columns else ibis.literal(0.0)
    rung = calls.select(who=calls.customer_id, day=calls.date, minutes=minutes, approvals=approvals)
    rung = rung.mutate(call=ibis.row_number().over(order_by=rung.columns)).cache()
    pairs = rung.inner_join(fees, rung.who == fees.customer_id)
    pairs = pairs.filter(
        (pairs.date <= pairs.day) & (pairs.day.cast("date").delta(pairs.date.cast("date"), unit="day") <= CALL_DAYS)
    )
    latest = pairs.group_by("call").agg(
        fee=pairs.fee.max(), minutes=pairs.minutes.max(), approvals=pairs.approvals.max()
    )
    sums = latest.group_by("fee").agg(m=latest.minutes.sum(), a=latest.approvals.sum())
    each = fees.left_join(sums, "fee")
    each = each.select("under", "was_waived", m=each.m.fill_null(0.0), a=each.a.fill_null(0.0))
    each = each.filter((each.under & each.was_waived) | (~each.under & ~each.was_waived))
    each = each.group_by("under").mutate(dm=each.m - each.m.mean(), da=each.a - each.a.mean())
    found = each.group_by("under").agg(
        n=each.count(),
        m=each.m.mean(),
        a=each.a.mean(),
        mv=(each.dm * each.dm).mean(),
        av=(each.da * each.da).mean(),
    )
    rows = {bool(row["under"]): row for row in found.to_pyarrow().to_pylist()}
    if len(rows) < 2:
        return None
    without, waived = rows[False], rows[True]

    def less(mean: str, variance: str) -> tuple[float, float]:
        se = np.sqrt(without[variance] / without["n"] + waived[variance] / waived["n"])
        return float(without[mean] - waived[mean]), float(se)

    return less("m", "mv"), less("a", "av")


def _last_year(marked: ir.Table, months: PanelMonths, *, everyone: bool) -> dict[str, NDArray[Any]]:
    """Fees of the last 12 full months by date: customer's number, amount, under the rule, waived."""
    recent = marked.filter((marked.month >= months.count - WINDOW) & (marked.month < months.count))
    if not everyone:
        recent = recent.filter(recent.start >= 0)
    numbered = recent.mutate(customer=ibis.dense_rank().over(order_by=recent.customer_id))
    rows = numbered.order_by(["date", "customer", "amount"]).select("customer", "amount", "under", "was_waived")
    found = rows.to_pyarrow()
    names = {"customer": "customer", "amount": "amount", "under": "under", "waived": "was_waived"}
    return {ours: found.column(theirs).to_numpy(zero_copy_only=False) for ours, theirs in names.items()}


def _uptake(rows: Mapping[str, NDArray[Any]], cap: float, often: int) -> float:
    """What was waived under the rule in force, as a share of what it allows; 1 where nothing is marked as waived."""
    under = rows["under"].astype(bool)
    waived = float(rows["amount"][under & rows["waived"].astype(bool)].sum())
    if not waived:
        return 1.0
    nothing = Handling((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    allowed = search_rules(
        rows["customer"][under], rows["amount"][under], years=1.0, handling=nothing, caps=[cap], times=[often], draws=2
    )
    return float(min(waived / max(float(allowed.rules["forgone"].iloc[0]), 1e-12), 1.0))


def _gain(
    settings: Goodwill,
    fit: ProgrammeFit,
    rows: Mapping[str, NDArray[Any]],
    force: Mapping[str, float],
    extra: Triple,
    customers: int,
) -> Triple:
    """What a customer who is let off brings more in a year, before the fees given up, with its range.

    The measured effect of a year on all customers of the programme, plus the fees that the rule in force gives up, less
    those run up because of it, of which margin holds what is paid. Divided by the customers whom the rule lets off.
    """
    price = fit.margin_per_unit or 0.0
    ends = np.array(recent_effect(fit.effect)) * price * 12 * customers
    if settings.fees_in_margin and fit.effect.outcome in ("margin", "revenue"):
        share = 1.0 if fit.effect.outcome == "margin" else price
        under = rows["under"].astype(bool)
        amount = rows["amount"].astype(float)
        base = float(amount[~under].sum() + amount[under].sum() / (1 + extra[0]))
        ends = ends + share * (force["forgone"] * (1 + extra[0]) - extra[0] * base)
    each = ends / force["customers"]
    return float(each[0]), float(each[1]), float(each[2])
