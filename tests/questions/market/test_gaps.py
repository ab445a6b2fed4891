"""Gaps to competitors: by hand, against statsmodels, and what has no interval."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest
import statsmodels.api as sm

from cxvalue.questions.market.gaps import active_customers, gaps_of, trend_of
from cxvalue.study.experience import MetricRules

AS_OF = date(2025, 12, 31)


def own(n: int = 40) -> ibis.Table:
    days = [AS_OF - timedelta(days=k % 3) for k in range(n)]
    scores = [k % 2 + 3.0 for k in range(n)]
    return ibis.memtable(
        {"metric": ["csat"] * n, "customer_id": [f"c{k}" for k in range(n)], "day": days, "score": scores,
         "points": [100.0 * (k % 2) for k in range(n)]}
    )  # fmt: skip


def rivals(**more: list[object]) -> ibis.Table:
    return ibis.memtable({"metric": ["csat"] * 2, "competitor": ["X", "Y"], "value": [4.0, 3.0]} | more)


def test_a_gap_has_an_interval_only_where_the_benchmark_has_an_error() -> None:
    found = gaps_of(rivals(se=[0.3, None]), own(), {}, as_of=AS_OF)
    assert [(one.competitor, one.latest) for one in found] == [("X", -0.5), ("Y", 0.5)]
    assert found[0].interval is not None
    half = 1.959964 * np.hypot(0.3, np.sqrt(0.25 / 39))
    assert found[0].interval.high - found[0].latest == pytest.approx(half, rel=1e-5)
    assert found[1].interval is None
    assert found[0].trend is None


def test_figures_of_regions_on_one_day_are_averaged_and_not_chosen_from_by_their_order() -> None:
    table = ibis.memtable(
        {"metric": ["csat"] * 4, "competitor": ["X", "X", "Y", "Y"], "value": [4.0, 3.0, 4.0, 3.0],
         "se": [0.3, 0.4, 0.3, None], "n": [300.0, 100.0, 300.0, None]}
    )  # fmt: skip
    for order in (table, table.order_by(ibis.desc("value")), table.order_by("value")):
        weighed, plain = gaps_of(order, own(), {}, as_of=AS_OF)
        assert (weighed.theirs, weighed.latest, weighed.figures) == (3.75, -0.25, 2)
        assert weighed.interval is not None
        theirs = np.hypot(0.75 * 0.3, 0.25 * 0.4)
        assert weighed.interval.high - weighed.latest == pytest.approx(
            1.959964 * np.hypot(theirs, np.sqrt(0.25 / 39)), rel=1e-5
        )
        assert (plain.theirs, plain.interval) == (3.5, None)  # one of them says neither n nor its error


def test_answers_of_one_customer_go_together_in_the_error() -> None:
    rng, n = np.random.default_rng(4), 60
    score, who = rng.integers(1, 6, n).astype(float), rng.integers(0, 12, n)
    answers = ibis.memtable(
        {"metric": ["csat"] * n, "customer_id": [f"c{k}" for k in who], "day": [AS_OF] * n, "score": score,
         "points": 25 * (score - 1)}
    )  # fmt: skip
    found = gaps_of(rivals(se=[0.0, 0.0]), answers, {}, as_of=AS_OF)[0]
    told = sm.OLS(score, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": who, "use_correction": False})
    clusters = np.unique(who).size
    assert found.own == pytest.approx(score.mean())
    assert found.interval is not None
    half = 1.959964 * told.bse[0] * np.sqrt(clusters / (clusters - 1))
    assert found.interval.high - found.latest == pytest.approx(half, rel=1e-5)


def test_own_answers_within_45_days_count_and_nps_is_in_its_own_points() -> None:
    dated = rivals(date=[AS_OF - timedelta(days=47), AS_OF - timedelta(days=48)])
    assert [one.competitor for one in gaps_of(dated, own(), {}, as_of=AS_OF)] == ["X"]
    nps = gaps_of(rivals(), own(), {"csat": MetricRules(kind="nps")}, as_of=AS_OF)
    assert nps[0].own == 50.0
    assert gaps_of(rivals(), own(5), {}, as_of=AS_OF) == ()


def test_the_trend_is_that_of_statsmodels_with_hc3() -> None:
    rng = np.random.default_rng(1)
    days = np.arange(0, 1000, 91)
    gaps = 1 - 0.4 * days / 365.25 + 0.1 * rng.standard_normal(days.size)
    told = sm.OLS(gaps, sm.add_constant(days / 365.25)).fit(cov_type="HC3", use_t=True)
    found = trend_of(days, gaps)
    assert found is not None
    assert tuple(found) == pytest.approx((told.params[1], *told.conf_int()[1]))
    assert trend_of(days[:7], gaps[:7]) is None


@pytest.mark.parametrize(("worlds", "least", "off"), [(8, 6, 0.07), (40, 35, 0.03)])
def test_a_trend_counts_each_answer_once_however_near_the_dates_stand(worlds: int, least: int, off: float) -> None:
    """Monthly figures of a competitor: the windows of 45 days overlap, and the range of the trend keeps its word."""
    held, middles = 0, []
    begins, rivals_at = np.datetime64("2023-01-01"), np.arange(20, 1075, 30)
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        told = 6 + 2 * rng.standard_normal(3000)
        answers = ibis.memtable(
            {"metric": ["csat"] * 3000, "customer_id": [f"c{k}" for k in range(3000)], "score": told, "points": told,
             "day": [(begins + int(d)).astype(object) for d in rng.integers(0, 1095, 3000)]}
        )  # fmt: skip
        value = 6.5 + 0.3 * rivals_at / 365.25 + 0.05 * rng.standard_normal(rivals_at.size)
        benchmarks = ibis.memtable(
            {"metric": ["csat"] * value.size, "competitor": ["X"] * value.size, "value": value, "se": [0.05] * value.size,
             "date": [(begins + int(d)).astype(object) for d in rivals_at]}
        )  # fmt: skip
        trend = gaps_of(benchmarks, answers, {}, as_of=AS_OF)[0].trend
        assert trend is not None
        held += trend.low <= -0.3 <= trend.high
        middles.append(trend.value)
    assert held >= least  # with gaps that share answers, three quarters
    assert np.mean(middles) == pytest.approx(-0.3, abs=off)


def test_where_dates_stand_apart_the_trend_is_that_of_the_gaps() -> None:
    days = [AS_OF - timedelta(days=91 * k) for k in range(8)]
    rng = np.random.default_rng(2)
    scores = rng.integers(1, 6, 160).astype(float)
    answers = ibis.memtable(
        {"metric": ["csat"] * 160, "customer_id": [f"c{k}" for k in range(160)], "score": scores, "points": scores,
         "day": [days[k % 8] for k in range(160)]}
    )  # fmt: skip
    dated = ibis.memtable({"metric": ["csat"] * 8, "competitor": ["X"] * 8, "value": [3.0] * 8, "date": days})
    found = gaps_of(dated, answers, {}, as_of=AS_OF)[0]
    assert found.trend is not None
    assert tuple(found.trend) == pytest.approx(tuple(trend_of(found.days, found.gaps) or ()))


def test_active_are_those_who_are_not_dormant() -> None:
    bought = ibis.memtable({"customer_id": ["a", "a", "b"], "date": [AS_OF, AS_OF, AS_OF - timedelta(days=90)]})
    assert active_customers(bought, AS_OF, 90) == 1
    assert active_customers(bought, AS_OF, 91) == 2
