"""The forecast of a whole base: closed forms, customers who add up, and ranges that hold what then comes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import nbinom, poisson
from scipy.stats import t as student

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime import Interval, customer_value, fit, fit_spend
from cxvalue.lifetime.candidates.by_model import states_of
from cxvalue.lifetime.candidates.looks import FITTED, Look, groups_of, look, squeeze
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.past import GROUPS, Past, look_at_past, row_of
from cxvalue.lifetime.evidence.reference import CANDIDATES, REFERENCE, Reference
from cxvalue.lifetime.fitting.fits import fit_quickly
from cxvalue.lifetime.prediction import whole_base
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.lifetime.prediction.whole_base import (
    DRIFT_VARIANCE,
    Total,
    WholeBase,
    add_up_to_total,
    combine,
    moved_by_groups,
)
from cxvalue.tables.purchase_log import PurchaseLog
from cxvalue.tables.states import PurchaseStates
from tests.calibration.coverage import purchase_days
from tests.lifetime.bases import NOTHING_PAST, base_of_model, today
from tests.lifetime.logworlds import bg_log
from tests.reality.customers import PRODUCT, scores_of, table

DAY, HALF_YEAR, RATE, MARGIN = 450, 183, 0.1, 0.4
TOTAL = Total(days=365, value=1000.0, sigma=0.2, df=8.0, chance=0.01)


@dataclass
class World:
    """What was known at the end of a day of a simulated company, what was forecast, and what each customer then brought."""

    log: PurchaseLog
    now: Look
    past: Past
    states: PurchaseStates
    by_model: CustomerValue
    base: WholeBase
    came: np.ndarray
    bought: np.ndarray

    def combined(self, past: Past, reference: Reference = REFERENCE, level: float = 0.95) -> WholeBase:
        """The forecast that another past, or other companies, would have led to."""
        value = replace(self.by_model, level=level)
        found = combine(self.now, self.log, past, value, reference, HALF_YEAR, level, self.states.first_margin_mean)
        assert found is not None
        return found


@cache
def simulated(seed: int, customers: int = 350) -> World:
    """Customers of a BG/NBD who joined over 300 days, asked after 450 days what the next half year brings."""
    rng = np.random.default_rng([seed, 7])
    joined = rng.integers(0, 300, customers)
    owner, day = purchase_days("bg_nbd", joined, DAY + 400, rng)
    owner, day = np.concatenate([np.arange(customers), owner]), np.concatenate([joined, day])
    revenue = rng.gamma(5.0, 1 / rng.gamma(4.0, 1 / 45.0, customers)[owner])
    # Who joined first has the highest number: logs do not number customers in the order in which they came.
    who = np.argsort(np.argsort(-joined, kind="stable"))[owner]
    whole = PurchaseLog.of(who, day, revenue, MARGIN * revenue)
    log, ahead = whole.until(DAY), Ahead((90, HALF_YEAR, 365), RATE)
    known = log.known(DAY)
    counted = states_of(known, TimeUnit.WEEK)
    first = MARGIN * known.first_revenue
    states = replace(
        counted,
        customer_id=np.array([f"{n:04d}" for n in range(customers)], dtype=object),
        first_margin_mean=float(first.mean()),
        first_margin_se=float(first.std(ddof=1) / math.sqrt(customers)),
    )
    spend, model = fit_spend(states), fit(states.grouped(), "bg_nbd")
    per_purchase = states.margin_rate * spend.expected_spend(states)
    models = {**fit_quickly(states.grouped(), FITTED), "bg_nbd": model}
    now = look(log, known, models, per_purchase, ahead, TimeUnit.WEEK, states=states)
    past = look_at_past(log, Ahead((HALF_YEAR,), RATE), TimeUnit.WEEK, DAY)
    value = customer_value(model, spend, states, horizon_months=6, annual_discount_rate=RATE, draws=100)
    base = combine(now, log, past, value, REFERENCE, HALF_YEAR, 0.95, states.first_margin_mean)
    assert base is not None
    bought, came = whole.between(known, DAY, DAY + HALF_YEAR, ahead.factors, DAYS_PER_MONTH)
    return World(log, now, past, states, value, base, came, bought)


@pytest.fixture(scope="module", params=[4, 12])
def worlds(request: pytest.FixtureRequest) -> list[World]:
    return [simulated(seed) for seed in range(request.param)]


@pytest.fixture(scope="module")
def world() -> World:
    return simulated(0)


# totals, in closed form


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_a_range_is_a_student_t_of_the_logarithm_farther_below_than_above(level: float) -> None:
    reach = student.ppf(0.5 + level / 2, 8) * 0.2
    low, high = 1000 * math.exp(-reach * 1.1051709), 1000 * math.exp(reach * 0.9048374)
    assert TOTAL.interval(level) == pytest.approx((1000, low, high))
    assert TOTAL.shared == pytest.approx(math.sqrt(0.03))
    assert replace(TOTAL, chance=0.09).shared == 0.0
    assert replace(TOTAL, value=0.0).interval(level) == (0, 0, 0)


def test_the_range_of_a_part_holds_the_shared_miss_its_own_chance_and_its_drift() -> None:
    # All of it with the total's own chance is the total.
    assert TOTAL.part(1000.0, 0.01, 1.0, 0.95) == pytest.approx(TOTAL.interval(0.95))
    found = TOTAL.part(100.0, 0.02, 0.1, 0.95)
    sigma = math.sqrt(0.03 + 0.02 + DRIFT_VARIANCE * 0.81)
    assert math.log(100 / found.low) == pytest.approx(student.ppf(0.975, 8) * sigma * math.exp(0.1))
    widths = [TOTAL.part(100.0, 0.01, share, 0.95).high for share in (1.0, 0.5, 0.1)]
    assert widths == sorted(widths)
    assert TOTAL.part(0.0, 0.01, 0.1, 0.95) == (0, 0, 0)


def test_an_expectation_is_widened_where_it_is_a_forecast() -> None:
    miss = student.ppf(0.975, 8) * math.sqrt(0.03)
    # Of 100 are 40 certain: only the other 60 can miss. Both doubts are independent, so their reaches add as squares.
    found = TOTAL.widened(Interval(100.0, 95.0, 104.0), 40.0, 0.95)
    down, up = 60 * (1 - math.exp(-miss * math.exp(0.1))), 60 * (math.exp(miss * math.exp(-0.1)) - 1)
    assert found == pytest.approx((100.0, 100 - math.hypot(5, down), 100 + math.hypot(4, up)))
    certain = Interval(40.0, 39.0, 41.0)
    assert TOTAL.widened(certain, 40.0, 0.95) == pytest.approx(certain)
    unknown = Interval(math.nan, math.nan, math.nan)
    assert all(math.isnan(end) for end in TOTAL.widened(unknown, 0.0, 0.95))


def test_customers_add_up_to_the_totals() -> None:
    rng = np.random.default_rng(3)
    count = rng.gamma(0.5, 2.0, 300)
    returns, worth = 1 - np.exp(-count) * 0.9 ** (count > 0.1), count * rng.gamma(3.0, 5.0, 300)
    returns = np.minimum(returns, count)
    moved = np.exp(rng.normal(0, 0.3, 300)), np.exp(rng.normal(0, 0.3, 300))
    p, q, y = add_up_to_total((returns, count, worth), moved, 250.0, 4_000.0)
    assert (q.sum(), y.sum()) == pytest.approx((250.0, 4_000.0))
    assert (p <= q + 1e-12).all()
    assert ((p >= 0) & (p < 1)).all()
    # Groups move customers against one another, and money follows the purchases at each one's own margin of a purchase.
    assert q == pytest.approx(count * moved[1] * 250 / (count * moved[1]).sum())
    assert y / q == pytest.approx(worth / count * (y.sum() / (q * worth / count).sum()))
    # Nothing to move and the sums they have: nothing changes.
    still = np.ones(300)
    same = add_up_to_total((returns, count, worth), (still, still), count.sum(), worth.sum())
    for new, old in zip(same, (returns, count, worth), strict=True):
        assert new == pytest.approx(old)
    # Twice the purchases: the hazard of a purchase doubles.
    twice, _, _ = add_up_to_total((returns, count, worth), (still, still), 2 * count.sum(), 1.0)
    assert twice == pytest.approx(np.minimum(1 - (1 - returns) ** 2, 2 * count))
    nobody = np.zeros(2)
    assert [
        part.tolist() for part in add_up_to_total((nobody, nobody, nobody), (nobody + 1, nobody + 1), 0.0, 0.0)
    ] == [[0.0, 0.0]] * 3


def test_groups_are_moved_by_what_they_missed_drawn_towards_nothing(world: World) -> None:
    # One past attempt that counts 1 moves its groups by half of their miss: exp(d / (1 + 1)).
    off = np.zeros((1, 2, GROUPS))
    off[0, 0], off[0, 1] = np.linspace(-0.8, 0.8, GROUPS), np.linspace(0.4, -0.4, GROUPS)
    now = row_of(world.now, world.log, 1, 1)
    before = replace(now, origin=now.origin - HALF_YEAR, actual=np.array([50.0]))
    past = Past(before, before, off, 1.0)
    group = groups_of(world.now.known)
    hazard, purchases = moved_by_groups(world.now, past, before.with_row(now))
    assert hazard == pytest.approx(np.exp(off[0, 0] / 2)[group])
    assert purchases == pytest.approx(np.exp(off[0, 1] / 2)[group])
    hazard, purchases = moved_by_groups(world.now, NOTHING_PAST, Attempts.joined([], CANDIDATES).with_row(now))
    assert (hazard == 1).all()
    assert (purchases == 1).all()


# customers who add up


def test_every_figure_of_the_base_agrees_with_every_other(world: World) -> None:
    base = world.base
    value, place = base.value, base.place
    assert (base.days, place) == ((90, HALF_YEAR, 365), 1)
    assert value.equity.value == pytest.approx(base.total.value)
    assert value.equity == pytest.approx(base.total.interval(0.95))
    assert value.cltv.sum() == pytest.approx(value.equity.value, rel=1e-9)
    assert value.expected_transactions.sum() == pytest.approx(value.expected_purchases.value, rel=1e-9)
    for column, totals in ((base.worth, base.margin), (base.purchases, base.bought)):
        assert column.sum(axis=0) == pytest.approx([total.value for total in totals], rel=1e-9)
        assert [total.value for total in totals] == sorted(total.value for total in totals)
        assert (column >= 0).all()
    assert (base.returns <= base.purchases + 1e-12).all()
    assert (value.cltv_low <= value.cltv).all()
    assert (value.cltv <= value.cltv_high).all()
    for interval in (value.equity, value.expected_purchases, value.expected_purchases_12m, value.new_customer):
        assert interval.low < interval.value < interval.high
    assert value.p_return_90d == pytest.approx(base.returns[:, 0])
    assert value.p_alive == pytest.approx(world.by_model.p_alive)
    assert value.new_customer.value == world.by_model.new_customer.value
    assert value.new_customer.low < world.by_model.new_customer.low
    weights = dict(base.total.weights)
    assert tuple(weights) == CANDIDATES
    assert sum(weights.values()) == pytest.approx(1.0)
    assert base.past.history[-1] == DAY - world.log.first_day


def test_a_longer_horizon_never_brings_a_customer_less(worlds: list[World]) -> None:
    for one in worlds:
        assert (np.diff(one.base.returns, axis=1) >= -1e-9).all()
        for column, totals in ((one.base.purchases, one.base.bought), (one.base.worth, one.base.margin)):
            assert (np.diff(column, axis=1) >= -1e-9 * column[:, 1:]).all()
            assert column.sum(axis=0) == pytest.approx([total.value for total in totals], rel=1e-9)


def test_all_of_them_are_the_total_and_parts_add_up(world: World) -> None:
    base = world.base
    everybody = base.of_some(np.ones(len(world.states), dtype=bool))
    for name in ("equity", "expected_purchases", "expected_purchases_12m"):
        whole, found = getattr(base.value, name), getattr(everybody, name)
        assert found.value == pytest.approx(whole.value)
        # No narrower than the total, and wider only where the chance of its own customers is.
        assert found.low <= whole.low * (1 + 1e-9)
        assert found == pytest.approx(whole, rel=0.1)
    often = world.states.frequency > 0
    halves = [base.of_some(often), base.of_some(~often)]
    assert sum(half.equity.value for half in halves) == pytest.approx(base.value.equity.value)
    assert sum(half.cltv.size for half in halves) == len(world.states)
    assert halves[0].p_alive == pytest.approx(base.value.p_alive[often])
    assert halves[0].each_mean[0] == pytest.approx(base.value.cltv[often].mean())
    for half in halves:
        wide, whole = half.equity.high / half.equity.value, base.value.equity.high / base.value.equity.value
        assert wide > whole
    nobody = base.of_some(np.zeros(len(world.states), dtype=bool))
    assert (nobody.equity, nobody.cltv.size) == ((0, 0, 0), 0)


def test_the_horizon_nearest_to_so_many_days_is_found(world: World) -> None:
    assert [world.base.at(days) for days in (1, 91, 180, 200, 365.25, 4_000)] == [0, 0, 1, 1, 2, 2]


# what past days and other companies do to the range


def test_without_a_past_day_other_companies_speak_alone(world: World) -> None:
    alone = world.combined(NOTHING_PAST)
    assert (alone.total.evidence, alone.total.record) == (0.0, 1.0)
    x, growth = HALF_YEAR / alone.past.history[-1], alone.total.growth
    miss = REFERENCE.floor + REFERENCE.by_length * x + REFERENCE.by_growth * growth
    assert alone.total.sigma**2 - alone.total.chance == pytest.approx(miss)
    assert alone.total.df == 6
    # Equal weights for those that can say something, less for a last period repeated; and the drift of other companies.
    there = {name: share for name, share in alone.total.weights if share}
    at_first = {name: 0.3 if name == "last_period" else 1.0 for name in there}
    assert "last_period" in there
    assert there == pytest.approx({name: share / sum(at_first.values()) for name, share in at_first.items()})
    assert alone.total.correction == pytest.approx(REFERENCE.drift * x)
    # Of companies that never miss: parameters and chance are left.
    sure = world.combined(NOTHING_PAST, Reference(floor=0.0))
    assert sure.total.sigma**2 == pytest.approx(sure.total.chance)
    assert sure.total.shared == pytest.approx(0.0, abs=1e-6)


def test_past_days_that_were_met_make_the_range_narrower_and_others_wider(world: World) -> None:
    # Three half years side by side that every candidate foresaw, or of which half as much again came.
    now = row_of(world.now, world.log, 1, 0)
    before = replace(
        Attempts.joined([now] * 3),
        origin=now.origin[0] - HALF_YEAR * np.arange(3, 0, -1),
        made=np.full((3, len(CANDIDATES)), 500.0),
    )
    alone, sigmas, moved = world.combined(NOTHING_PAST), [], []
    for ratio in (1.0, 1.5):
        rows = replace(before, actual=np.full(3, 500.0 * ratio))
        found = world.combined(Past(rows, rows, np.zeros((3, 2, GROUPS)), 1.0)).total
        assert 2 < found.evidence <= 3
        assert found.df > alone.total.df
        sigmas.append(found.sigma)
        moved.append(found.correction)
    assert sigmas[0] < 0.9 * alone.total.sigma < alone.total.sigma < sigmas[1]
    # Drawn towards nothing: 3 of 8 parts of a steady miss, a little less for its age.
    assert 0.25 * math.log(1.5) < moved[1] - moved[0] < 3 / 8 * math.log(1.5) + 1e-9


def test_a_level_only_changes_the_range(world: World) -> None:
    half = world.combined(world.past, level=0.5)
    assert half.value.equity.value == world.base.value.equity.value
    assert half.value.cltv == pytest.approx(world.base.value.cltv)
    assert world.base.value.equity.low < half.value.equity.low < half.value.equity.high < world.base.value.equity.high


# the truth


def test_what_came_lies_in_the_range_of_the_total(worlds: list[World]) -> None:
    inside = [one.base.value.equity.low <= one.came.sum() <= one.base.value.equity.high for one in worlds]
    bought = [
        one.base.value.expected_purchases.low <= one.bought.sum() <= one.base.value.expected_purchases.high
        for one in worlds
    ]
    # Wider than the model's own 95%, as nobody tells the product that the world is simulated.
    assert min(sum(inside), sum(bought)) >= len(worlds) - 1
    miss = np.array([np.log(one.came.sum() / one.base.total.value) for one in worlds])
    assert abs(miss.mean()) < 0.06 + 3 * miss.std() / math.sqrt(len(worlds))


def test_what_came_of_single_customers_lies_in_their_ranges(worlds: list[World]) -> None:
    shares = [
        np.mean((one.base.value.cltv_low - 1e-9 <= one.came) & (one.came <= one.base.value.cltv_high + 1e-9))
        for one in worlds
    ]
    assert 0.93 < np.mean(shares) < 0.99
    # Also of those who are expected to buy, for whom a range from 0 is no answer.
    rare = [
        np.mean(one.came[one.base.purchases[:, 1] > 1] <= one.base.value.cltv_high[one.base.purchases[:, 1] > 1])
        for one in worlds
    ]
    assert 0.9 < np.mean(rare) <= 1


def test_the_chance_of_a_purchase_is_that_with_which_they_came(worlds: list[World]) -> None:
    p = np.concatenate([one.base.returns[:, 1] for one in worlds])
    came = np.concatenate([one.bought > 0 for one in worlds])
    for tenth in np.array_split(np.argsort(p), 8):
        assert came[tenth].mean() == pytest.approx(p[tenth].mean(), abs=0.06 * math.sqrt(12 / len(worlds)))


def test_the_range_of_a_group_holds_what_it_brought(worlds: list[World]) -> None:
    inside, of_few = [], []
    for one in worlds:
        for group in range(GROUPS):
            chosen = groups_of(one.now.known) == group
            if one.base.worth[chosen, 1].sum() > 0:
                found = one.base.of_some(chosen).equity
                inside.append(found.low <= one.came[chosen].sum() <= found.high)
                nobody = np.prod(1 - one.base.returns[chosen, 1])
                # That none of a few comes back is within the range where it is likelier than 2.5%.
                assert (found.low == 0) == (nobody > 0.025)
                of_few.append(nobody > 0.025)
    assert len(inside) > 4 * len(worlds)
    assert 0 < sum(of_few) < len(of_few)
    assert np.mean(inside) > (0.93 if len(inside) > 50 else 0.87)


def test_the_range_of_a_customer_is_that_of_a_negative_binomial(world: World) -> None:
    # No miss, no variation of amounts, no drift to speak of: purchases of mean q with P(none) = 1 - p, each worth the same.
    from cxvalue.lifetime.prediction import whole_base

    base = replace(
        world.base,
        margin=tuple(replace(total, sigma=math.sqrt(total.chance)) for total in world.base.margin),
        variation=1e-3,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_base, "DRIFT_VARIANCE", 0.0)
        _, high = whole_base._ranges(base, 0.9)
    q, worth = base.purchases[:, 1], base.worth[:, 1]
    z = squeeze(base.returns[:, 1], q)
    regular = z < 1e-3
    exact = np.where(
        regular, poisson.ppf(0.95, q), nbinom.ppf(0.95, q / np.maximum(z, 1e-3), 1 / (1 + np.maximum(z, 1e-3)))
    )
    per = worth / q
    often = q > 0.5
    # Read off a grid of draws, between whole numbers of purchases.
    assert np.abs(high / per - exact)[often].max() < 2.1
    assert np.mean((high / per - exact)[often]) == pytest.approx(0.0, abs=0.5)


# one model, asked for by name


def test_a_model_asked_for_by_name_keeps_its_value_and_is_given_the_range(world: World) -> None:
    model, spend = world.now.models["bg_nbd"], fit_spend(world.states)
    value = customer_value(model, spend, world.states, horizon_months=6, annual_discount_rate=RATE, draws=60)
    base = base_of_model(model, spend, world.states, months=6, rate=RATE)
    assert not base.combined
    assert base.total.weights == ()
    assert (base.value.equity.value, base.total.correction) == (pytest.approx(value.equity.value, rel=1e-12), 0.0)
    assert base.value.cltv == pytest.approx(value.cltv, rel=1e-12)
    assert base.value.p_alive == pytest.approx(value.p_alive, rel=1e-12)
    assert base.value.p_return_90d == pytest.approx(value.p_return_90d, rel=1e-12)
    assert base.value.expected_purchases.value == pytest.approx(value.expected_purchases.value, rel=5e-3)
    assert base.value.equity.low < value.equity.low < value.equity.high < base.value.equity.high
    assert (base.value.cltv_low <= base.value.cltv).all()
    # Never narrower than the model itself, even among companies that never miss.
    sure = base_of_model(model, spend, world.states, months=6, rate=RATE, reference=Reference(floor=0.0))
    assert sure.total.sigma**2 == pytest.approx(sure.total.chance)
    # The same doubt, of a Student t with 6 degrees of freedom and with a longer lower side.
    usual = student.ppf(0.975, 6) / 1.959964 * math.cosh(0.1)
    assert math.log(sure.value.equity.high / sure.value.equity.low) == pytest.approx(
        usual * math.log(value.equity.high / value.equity.low), rel=0.01
    )


def test_past_misses_of_its_kind_widen_the_range_of_a_named_model(world: World) -> None:
    model, spend = world.now.models["bg_nbd"], fit_spend(world.states)
    row = today(days=HALF_YEAR, history=float(DAY))
    before = replace(
        Attempts.joined([row] * 3),
        origin=row.origin[0] - HALF_YEAR * np.arange(3, 0, -1),
        made=np.full((3, len(CANDIDATES)), 100.0),
    )
    widths = []
    for ratio in (1.0, 2.5):
        rows = replace(before, actual=np.full(3, 100.0 * ratio))
        past = Past(rows, rows, np.zeros((3, 2, GROUPS)), 1.0)
        base = base_of_model(model, spend, world.states, months=6, rate=RATE, past=past)
        assert base.value.equity.value == pytest.approx(world.by_model.equity.value, rel=1e-9)
        widths.append(base.value.equity.high / base.value.equity.value)
    without = base_of_model(model, spend, world.states, months=6, rate=RATE).value.equity
    assert widths[0] < without.high / without.value < widths[1]


def test_single_customers_groups_and_churn_are_judged_as_they_come() -> None:
    scores = list(scores_of(bg_log(800, 900, np.random.default_rng(7))))
    assert len(scores) >= 6
    text = table({"a simulated shop": scores})
    assert f"- {len(scores)} days and horizons" in text

    def mean(name: str) -> float:
        return float(np.mean([one[name] for one in scores]))

    # The world is the BG/NBD's own: the combination loses little to it, and the ranges hold.
    assert mean(f"{PRODUCT}|log loss") < 1.03 * mean("BG/NBD|log loss")
    held = {"one 80%": (0.75, 0.86), "one 95%": (0.92, 0.98), "groups 95%": (0.9, 1), "churn 95%": (0.8, 1)}
    for name, (low, high) in held.items():
        assert low <= mean(name) <= high, name
    assert max(one["sums"] for one in scores) < 1e-9
    assert max(one["impossible"] + one["falling"] for one in scores) == 0


def test_ranges_are_read_off_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = simulated(3)
    monkeypatch.setattr(whole_base, "_READ_AT_ONCE", 100)
    again = world.combined(world.past)
    assert again.value.cltv_high.tolist() == world.base.value.cltv_high.tolist()
    assert again.value.cltv_low.tolist() == world.base.value.cltv_low.tolist()


def test_a_combination_in_place_says_the_same_and_takes_the_place_of_the_forecasts() -> None:
    world = simulated(3)
    outlook = world.now.outlook
    terms = (world.by_model, REFERENCE, HALF_YEAR, 0.95, world.states.first_margin_mean)
    found = combine(world.now, world.log, world.past, *terms, in_place=True)
    assert found is not None
    for name in ("returns", "purchases", "worth"):
        assert getattr(found, name).tolist() == getattr(world.base, name).tolist()
    assert np.shares_memory(found.worth, outlook.worth)
    assert not np.shares_memory(world.base.worth, outlook.worth)
