"""Churn in money: closed forms, coverage of what really happens in simulated shops, the past warning, the list."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from datetime import date
from functools import cache
from types import SimpleNamespace
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, mannwhitneyu
from scipy.stats import t as student

from cxvalue import fit
from cxvalue.foundation.calendar import day_number
from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.intervals import share_interval
from cxvalue.lifetime.prediction.whole_base import Total
from cxvalue.questions.churn.churn import (
    active_states,
    margins_of,
    p_no_purchase,
    segment_table,
    study_churn,
)
from cxvalue.questions.churn.early_warning import early_warning, reason_table, spend_falls
from cxvalue.questions.churn.findings import churn_findings
from cxvalue.questions.churn.losses import bands, losses
from cxvalue.questions.churn.past_churn import auc, backtest, brier, calibration_by_tenth
from cxvalue.simulate import shop
from cxvalue.tables.labels import segments_of
from cxvalue.tables.purchase_log import purchase_log
from cxvalue.tables.states import purchase_states, purchase_states_from_purchases
from tests.lifetime.conftest import exact_model, make_states
from tests.purchases import purchases_of

SHOP = sys.modules["cxvalue.simulate.shop_world"]


def fake_fit(model: Any, as_of: date = date(2026, 6, 30), **changes: Any) -> Any:
    """As much of a `CltvFit` as churn reads."""
    settings = {"model": model, "forecast": model.name, "selected": model.name, "withheld": "", "as_of": as_of,
                "calibration": (model,), "holdout_start": None, "time_unit": model.time_unit,
                "combines": False, "past": None, "period": None,
                "counted": lambda purchases: purchases, "days": lambda start, until: (until - start).days + 1}  # fmt: skip
    return SimpleNamespace(**{**settings, **changes})


def one_model(sigma: float = 0.2) -> Any:
    """As much of a `WholeBase` as churn reads where one model is asked for, after two years of history.

    `sigma` is how far the total of purchases may miss; 0 leaves chance alone.
    """
    total = Total(365, 100.0, sigma, 6.0, 0.01)
    return SimpleNamespace(combined=False, at=lambda days: 0, bought=(total,))


# losses, in general


def test_losses_without_uncertainty_are_the_binomial() -> None:
    found = losses(np.full(200, 0.3), np.full(200, 10.0), draws=20_000)
    assert found.leaving.value == pytest.approx(60)
    assert (found.leaving.low, found.leaving.high) == pytest.approx(binom.ppf([0.025, 0.975], 200, 0.3), abs=1)
    assert found.rate.value == pytest.approx(0.3)
    assert (found.at_risk.low, found.at_risk.high) == pytest.approx((10 * found.leaving.low, 10 * found.leaving.high))
    assert found.at_risk.value == pytest.approx(600)
    assert found.worth == 2000


def test_the_expectation_is_probability_times_value_and_negative_values_count() -> None:
    found = losses([0.5, 0.25, 1.0, 0.0], [100.0, -20.0, 7.0, 50.0])
    assert found.at_risk.value == pytest.approx(0.5 * 100 - 0.25 * 20 + 7)
    assert found.rate.value == pytest.approx(1.75 / 4)
    sure = losses([1.0, 0.0], [5.0, 3.0])
    assert sure.at_risk == (5.0, 5.0, 5.0)
    assert sure.rate == (0.5, 0.5, 0.5)


def test_uncertain_probabilities_widen_the_interval() -> None:
    # Probability 0.1 or 0.5 for everybody, each in half of the worlds: nearly all of 1,000 members' spread is that.
    both = np.tile([0.1, 0.5], 500)[None, :]
    found = losses(np.full(1000, 0.3), np.ones(1000), in_draws=lambda rows: np.repeat(both, rows.size, axis=0))
    known = losses(np.full(1000, 0.3), np.ones(1000))
    assert found.rate.low == pytest.approx(0.09, abs=0.015)
    assert found.rate.high == pytest.approx(0.52, abs=0.015)
    assert known.rate.high - known.rate.low < 0.07


def test_groups_add_up() -> None:
    p, worth = np.linspace(0.1, 0.9, 30), np.arange(30.0)
    labels = np.array(["a"] * 15 + ["b"] * 12 + ["c"] * 3)
    found = losses(p, worth, labels)
    assert [(g.name, g.members) for g in found.groups] == [("a", 15), ("b", 12), ("c", 3)]
    for g in found.groups:
        mine = labels == g.name
        assert g.rate.value == pytest.approx(p[mine].mean())
        assert g.at_risk.value == pytest.approx((p * worth)[mine].sum())
        assert g.worth == worth[mine].sum()
        assert g.rate.low <= g.rate.value <= g.rate.high
    assert sum(g.at_risk.value for g in found.groups) == pytest.approx(found.at_risk.value)


def test_many_members_are_worked_through_in_batches() -> None:
    p = np.random.default_rng(3).random(5000)
    small = losses(p, p, draws=40)
    assert losses(p, p, draws=400).rate.value == small.rate.value
    half = losses(p, p, draws=400, level=0.5).rate
    whole = losses(p, p, draws=400, level=0.95).rate
    assert whole.low < half.low < half.high < whole.high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "at least one member"),
        (([0.5], [1.0, 2.0]), "one value and one group for each member"),
        (([0.5, 0.5], [1.0, 2.0], ["a"]), "one value and one group for each member"),
        (([1.5], [1.0]), "between 0 and 1"),
        (([math.nan], [1.0]), "between 0 and 1"),
        (([0.5], [math.inf]), "finite number"),
    ],
)
def test_losses_refuse_what_makes_no_sense(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(CxvalueError, match=message):
        losses(*arguments)
    with pytest.raises(CxvalueError, match="level == 1"):
        losses([0.5], [1.0], level=1)
    with pytest.raises(CxvalueError, match="draws == 5"):
        losses([0.5], [1.0], draws=5)
    with pytest.raises(CxvalueError, match="seed == -1"):
        losses([0.5], [1.0], seed=-1)


def test_draws_and_seeds_held_as_floats_are_whole_numbers() -> None:
    p, worth = [0.5, 0.25], [1.0, 2.0]
    assert losses(p, worth, draws=100.0, seed=1.0) == losses(p, worth, draws=100)  # type: ignore[arg-type]


def test_bands_put_everybody_somewhere_once() -> None:
    table = bands([0.0, 0.2, 0.21, 0.8, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0])
    assert table["band"].tolist() == ["0% to 20%", "20% to 40%", "40% to 60%", "60% to 80%", "80% to 100%"]
    assert table["members"].tolist() == [2, 1, 0, 1, 1]
    assert table["value"].tolist() == [3, 3, 0, 4, 5]
    assert table["expected"].sum() == pytest.approx(2.21)
    assert table["value_at_risk"].sum() == pytest.approx(0.4 + 0.63 + 3.2 + 5)


# probabilities of customers


def test_p_no_purchase_is_the_closed_form_of_the_nbd() -> None:
    # ((alpha + T) / (alpha + T + t))^(r + x), from the gamma posterior of the rate.
    states = make_states([0, 3, 3, 10], [0, 70, 70, 350], [364, 364, 364, 364])
    away = p_no_purchase(exact_model("nbd", 0.5, 10.0), states, 7 * 20)
    x = np.array([0, 3, 3, 10])
    assert away == pytest.approx(((10 + 52) / (10 + 52 + 20)) ** (0.5 + x))


def test_p_no_purchase_is_the_closed_form_of_the_bg_nbd() -> None:
    # Fader, Hardie and Lee (2005): gone with probability 1 - P(alive), or alive and silent by chance.
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    x, recency, age, t = 2.0, 30.43, 38.86, 39.0
    alive = 1 / (1 + a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x))
    expected = 1 - alive * (1 - ((alpha + age) / (alpha + age + t)) ** (r + x))
    states = make_states([2], [213], [272])  # 30.43 and 38.86 weeks
    found = p_no_purchase(exact_model("bg_nbd", r, alpha, a, b), states, 7 * t)
    assert found[0] == pytest.approx(expected, rel=1e-3)


def test_margins_are_of_the_last_twelve_months_net_and_in_order() -> None:
    days = ["2025-06-30", "2025-07-01", "2026-06-30", "2026-07-01", "2026-01-01"]
    table = pd.DataFrame({"customer_id": ["a", "a", "a", "a", "c"], "date": pd.to_datetime(days),
                          "revenue": [1.0, 10.0, 100.0, 1000.0, 7.0]})  # fmt: skip
    states = make_states([1, 0, 0], [1, 0, 0], [400, 400, 180], ids=np.array(["a", "b", "c"], dtype=object))
    states = replace(states, as_of=date(2026, 6, 30))
    assert margins_of(purchases_of(table, 0.5), states).tolist() == [55.0, 0.0, 3.5]


def test_margins_are_the_same_from_the_log_as_from_the_engine() -> None:
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2026-06-30") - pd.to_timedelta(rng.integers(0, 700, 400), unit="D")
    ids = [f"c{number}" for number in rng.integers(0, 60, 400)]
    table = pd.DataFrame({"customer_id": ids, "date": days, "revenue": rng.gamma(2, 9, 400)})
    states, purchases = purchase_states(table, as_of="2026-06-30", per_customer=True), purchases_of(table)
    how: Any = {"dormancy_days": 120, "observed_from": date(2024, 1, 1)}
    fitted = fake_fit(exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0))
    log = purchase_log(purchases, states.as_of)
    engine, arrays = (study_churn(fitted, one_model(), states, purchases, **how, log=one) for one in (None, log))
    assert 0 < len(engine.active) < len(states)
    assert engine.margins.max() > 0
    assert arrays.margins == pytest.approx(engine.margins, rel=1e-12)
    assert arrays.losses is not None
    assert engine.losses is not None
    assert arrays.losses.at_risk == pytest.approx(engine.losses.at_risk, rel=1e-12)
    assert arrays.places is not None
    assert states.customer_id is not None
    assert states.customer_id[arrays.places].tolist() == list(arrays.active.customer_id)  # type: ignore[arg-type]


def test_active_customers_are_those_of_the_customer_base() -> None:
    states = make_states([1, 1, 0], [100, 101, 0], [190, 190, 89], mean_spend=np.ones(3))
    assert active_states(states, 90).customer_id.tolist() == ["2", "3"]  # type: ignore[union-attr]
    with pytest.raises(CxvalueError, match="per customer"):
        active_states(states.grouped(), 90)


# the truth


@cache
def forecast_shop(seed: int) -> dict[str, Any] | None:
    """A small shop: what was forecast for the active customers, and what they then did; None where no model fits."""
    many = SHOP.NEW_CUSTOMERS_FOR_TRUTH
    SHOP.NEW_CUSTOMERS_FOR_TRUTH = 100  # that truth is not needed here
    try:
        world = shop(500, seed=100 + seed)
    finally:
        SHOP.NEW_CUSTOMERS_FOR_TRUTH = many
    purchases, as_of = purchases_of(world.tables["transactions"]), world.study["as_of"]
    states = purchase_states_from_purchases(purchases, as_of=as_of, per_customer=True)
    model = fit(states.grouped(), "bg_nbd")
    if model.status != "ok":
        return None
    days = world.study["dormancy"]["days"]
    how = {"dormancy_days": days, "observed_from": world.study["observed_from"], "draws": 500}
    result, chance = (study_churn(fake_fit(model), one_model(sigma), states, purchases, **how) for sigma in (0.2, 0.0))
    return {"truth": world.truth, "churn": result, "chance": chance}


def forecast_shops(number: int) -> list[dict[str, Any]]:
    return [one for seed in range(number) if (one := forecast_shop(seed))]


@pytest.fixture(scope="module")
def shops() -> list[dict[str, Any]]:
    return forecast_shops(3)


@pytest.mark.parametrize("number", [8, 30])
@pytest.mark.parametrize("name", ["rate", "at_risk"])
def test_what_really_happens_lies_in_the_interval_at_about_its_level(name: str, number: int) -> None:
    worlds = forecast_shops(number)
    assert len(worlds) >= number * 25 // 30
    key = "churn.rate" if name == "rate" else "churn.value_at_risk"
    inside, errors, spreads, wider = 0, [], [], []
    for world in worlds:
        interval, chance = (getattr(world[which].losses, name) for which in ("churn", "chance"))
        truth = world["truth"][key]
        inside += interval.low <= truth <= interval.high
        errors.append(truth - interval.value)
        spreads.append((chance.high - chance.low) / (2 * 1.96))
        wider.append((interval.high - interval.low) / (chance.high - chance.low))
    # Real companies do not follow a model as these worlds do: of 30, fewer than 28 inside the published 95% intervals would
    # happen once in 20 times if they were no wider than the doubt here.
    assert inside >= binom.ppf(0.05, len(worlds), 0.95)
    # Chance alone is neither too wide nor, where the model is right, far too narrow; and there is no drift.
    z = np.array(errors) / np.array(spreads)
    least, most = (0.65, 1.4) if len(z) > 20 else (0.35, 1.7)
    assert least < z.std() < most
    assert abs(z.mean()) < 3 / math.sqrt(len(z))
    assert min(wider) > 1.2


def test_all_buy_as_much_more_or_less_often_as_the_total_may_miss() -> None:
    # Many customers of one probability of staying away: it is raised to the power of actual over forecast purchases, in
    # logarithms a Student t of 6 degrees of freedom, its lower side longer by exp(0.1) and its upper side as much shorter.
    states = make_states(np.full(4_000, 3), np.full(4_000, 300), np.full(4_000, 350), mean_spend=np.ones(4_000))
    model = exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0)
    empty = purchases_of(pd.DataFrame({"customer_id": ["1"], "date": pd.to_datetime(["1997-01-01"]), "revenue": [1.0]}))
    how = {"dormancy_days": 90, "observed_from": date(1996, 1, 1), "draws": 4_000}
    for sigma in (0.1, 0.2, 0.4):
        found = study_churn(fake_fit(model), one_model(sigma=sigma), states, empty, **how).losses
        assert found is not None
        rate = found.rate
        reach = float(student.ppf(0.975, 6)) * sigma * np.array([math.exp(-0.1), -math.exp(0.1)])
        assert (rate.low, rate.high) == pytest.approx(rate.value ** np.exp(reach), abs=0.02)
        assert rate.low > 0
        assert rate.high < 1


def test_a_combined_forecast_gives_the_probabilities() -> None:
    states = make_states([3, 0, 5], [300, 0, 340], [350, 20, 350], mean_spend=np.ones(3))
    empty = purchases_of(pd.DataFrame({"customer_id": ["1"], "date": pd.to_datetime(["1997-01-01"]), "revenue": [1.0]}))
    returns = np.array([[0.2, 0.6], [0.1, 0.3], [0.4, 0.9]])
    base = SimpleNamespace(**{**vars(one_model()), "combined": True, "returns": returns, "at": lambda days: 1,
                              "bought": 2 * one_model().bought})  # fmt: skip
    fitted = fake_fit(exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0), combines=True)
    found = study_churn(fitted, base, states, empty, dormancy_days=30, observed_from=date(1996, 1, 1))
    assert found.probabilities.tolist() == pytest.approx([0.7, 0.1])  # the first is silent for 50 days, so not active
    assert found.model == "combination"
    assert "Several forecasts combined, from all data up to" in churn_findings(found, None, currency="EUR")[0].method


def test_the_margin_at_risk_is_the_sum_over_customers(shops: list[dict[str, Any]]) -> None:
    result = shops[0]["churn"]
    assert result.losses.at_risk.value == pytest.approx(result.probabilities @ result.margins)
    assert result.losses.members == len(result.active) == shops[0]["truth"]["base.active"]
    table = result.bands()
    assert table["members"].sum() == result.losses.members
    assert table["value_at_risk"].sum() == pytest.approx(result.losses.at_risk.value)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_the_size_of_the_full_cdnow_is_quick(name: str) -> None:
    rng = np.random.default_rng(5)
    age = rng.integers(450, 540, 23_570)
    x = rng.negative_binomial(0.5, 0.2, age.size)
    recency = np.where(x > 0, (age * rng.beta(2, 1, age.size)).astype(int).clip(1), 0)
    states = make_states(x, recency, age, mean_spend=np.ones(age.size))
    model = replace(exact_model(name, 0.55, 10.6, 0.6, 11.7), covariance=0.01 * np.eye(4))
    empty = pd.DataFrame({"customer_id": ["1"], "date": pd.to_datetime(["1997-01-01"]), "revenue": [1.0]})
    purchases = purchases_of(empty)
    began = time.process_time()
    study_churn(fake_fit(model), one_model(), states, purchases, dormancy_days=10_000, observed_from=date(1996, 1, 1))
    # All of them active, about 1 s on one idle core; processor time, so that a busy machine does not matter much.
    assert time.process_time() - began < 4


# withheld


def test_nothing_is_said_where_the_fit_withholds() -> None:
    states = make_states([2, 0], [50, 0], [60, 20], mean_spend=np.ones(2))
    table = pd.DataFrame({"customer_id": ["1", "1", "1", "2"],
                          "date": pd.to_datetime(["1997-08-01", "1997-09-01", "1997-09-20", "1997-09-10"]),
                          "revenue": [1.0, 2.0, 3.0, 4.0]})  # fmt: skip
    purchases, given = purchases_of(table), {"dormancy_days": 90, "observed_from": date(1997, 1, 1)}
    hidden = fake_fit(exact_model("nbd", 0.5, 10.0), withheld="No dropout can be identified.")
    result = study_churn(hidden, one_model(), states, purchases, **given)
    assert result.losses is None
    assert np.isnan(result.probabilities).all()
    found = churn_findings(result, backtest(hidden, purchases, dormancy_days=90), currency="EUR")
    assert [finding.id for finding in found] == ["churn.rate", "churn.value_at_risk", "churn.auc", "churn.brier"]
    for finding in found:
        assert (finding.value, finding.low, finding.grade) == (None, None, None)
        assert finding.text == "Withheld: no dropout can be identified."
    assert segment_table(result, {"s": np.array(["a", "b"], dtype=object)}).empty
    assert early_warning(result, hidden.model, purchases).empty
    nobody = study_churn(fake_fit(exact_model("bg_nbd", 0.2, 4, 0.8, 2.4)), one_model(), states, purchases,
                         dormancy_days=1, observed_from=date(1997, 1, 1))  # fmt: skip
    assert nobody.withheld == "no customer is active."


# the sentences


def test_the_executive_sentence_reads_like_an_answer(shops: list[dict[str, Any]]) -> None:
    found = {finding.id: finding for finding in churn_findings(shops[0]["churn"], None, currency="EUR")}
    assert found["churn.rate"].grade == found["churn.value_at_risk"].grade == "C"
    text = found["churn.value_at_risk"].text
    assert text.startswith(f"Of the {shops[0]['churn'].losses.members:,} active customers about ")
    assert "are forecast not to buy again within 12 months; they brought EUR " in text
    assert text.endswith("of margin in the last 12 months.")
    assert (found["churn.auc"].value, found["churn.brier"].value) == (None, None)
    assert "too short" in found["churn.auc"].text
    short = replace(shops[0]["churn"], margin_from=date(2026, 1, 1))
    assert "since 1 January 2026" in churn_findings(short, None, currency="EUR")[1].text


def test_a_past_forecast_that_was_far_off_is_a_caution_on_the_page(shops: list[dict[str, Any]]) -> None:
    happened = np.array([True, False, True, False] * 5)
    past: Any = SimpleNamespace(
        start=date(2025, 10, 1), end=date(2026, 6, 30), model="bg_nbd", probabilities=np.linspace(0.7, 0.9, 20),
        stayed_away=happened, auc=0.75, brier=0.3, brier_of_rate=0.25, customers=20,
        calibration=lambda: calibration_by_tenth(happened, np.linspace(0.7, 0.9, 20)),
    )  # fmt: skip
    found = {finding.id: finding for finding in churn_findings(shops[0]["churn"], past, currency="EUR")}
    said = (
        "Caution: the forecast made with data to 30 September 2025 expected 80% of the customers active then to stay "
    )
    assert said + "away until 30 June 2026. Actual: 50%." in found["churn.value_at_risk"].text
    assert "AUC 0.75" in found["churn.auc"].text
    assert "no better than that" in found["churn.brier"].text
    assert (found["churn.auc"].low, found["churn.auc"].grade) == (None, None)


# the past warning


def test_auc_is_that_of_mann_and_whitney() -> None:
    assert auc([1, 0], [0.9, 0.1]) == 1.0
    assert auc([1, 0], [0.1, 0.9]) == 0.0
    assert auc([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]) == 0.5
    assert auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 0.75  # the example of scikit-learn's roc_auc_score
    assert math.isnan(auc([1, 1], [0.1, 0.2]))
    rng = np.random.default_rng(2)
    score, event = rng.integers(0, 8, 200), rng.random(200) < 0.4
    statistic = mannwhitneyu(score[event], score[~event]).statistic
    assert auc(event, score) == pytest.approx(statistic / (event.sum() * (~event).sum()))


def test_brier_and_wilson_are_the_published_numbers() -> None:
    assert brier([1, 0, 0], [0.7, 0.3, 0.0]) == pytest.approx(0.06)
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81/263, 15/148, 0/20 and 1/29.
    for happened, cases, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert share_interval(happened, cases) == pytest.approx((low, high), abs=5e-5)
    assert share_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_tenths_hold_every_case_once_in_order() -> None:
    p = np.linspace(0, 1, 57)
    table = calibration_by_tenth(p > 0.5, p)
    assert table["customers"].sum() == 57
    assert table["predicted"].is_monotonic_increasing
    assert (table["predicted"] * table["customers"]).sum() == pytest.approx(p.sum())
    assert table["actual"].iloc[[0, -1]].tolist() == [0.0, 1.0]
    assert ((table["low"] <= table["actual"]) & (table["actual"] <= table["high"])).all()
    assert len(calibration_by_tenth([1, 0], [0.5, 0.5])) == 2


def test_the_past_warning_of_a_true_model_is_calibrated() -> None:
    world = shop(6000, seed=11)
    table, start, end = world.tables["transactions"], date(2025, 10, 1), world.study["as_of"]
    true = SHOP.ShopParameters()
    model = exact_model("bg_nbd", true.r, true.alpha, true.a, true.b)
    past = backtest(fake_fit(model, end, holdout_start=start), purchases_of(table), dormancy_days=120)
    assert past is not None
    # By hand, from the rows: active on the day before, and no row from the first day of the holdout on.
    last = table[table["date"] < pd.Timestamp(start)].groupby("customer_id")["date"].max()
    active = sorted(last.index[last > pd.Timestamp(start) - pd.Timedelta(days=121)])
    came = set(table[table["date"] >= pd.Timestamp(start)]["customer_id"])
    assert past.stayed_away.tolist() == [name not in came for name in active]
    tenths = past.calibration(0.999)
    assert ((tenths["low"] <= tenths["predicted"]) & (tenths["predicted"] <= tenths["high"])).all()
    assert past.brier < past.brier_of_rate
    assert 0.6 < past.auc < 1
    assert backtest(fake_fit(model, end), purchases_of(table), dormancy_days=120) is None


# segments


def test_segments_are_the_columns_with_a_few_values() -> None:
    states = make_states([1, 1, 0], [10, 10, 0], [20, 20, 5], mean_spend=np.ones(3))
    table = pd.DataFrame({"customer_id": ["1", "2", "9"], "acquired_on": ["x", "y", "z"], "city": ["A", "B", "C"],
                          "plan": ["p", "p", "q"], "vip": [True, False, True]})  # fmt: skip
    found = segments_of(ibis.memtable(table), states.customer_id)
    assert {name: labels.tolist() for name, labels in found.items()} == {
        "city": ["A", "B", "not known"],
        "vip": ["true", "false", "not known"],
    }
    assert segments_of(ibis.memtable(table[["customer_id"]]), states.customer_id) == {}


def test_segment_rates_add_up_and_small_segments_are_left_out(shops: list[dict[str, Any]]) -> None:
    result = shops[1]["churn"]
    labels = np.array(["north", "south"] * len(result.active))[: len(result.active)].astype(object)
    every = segment_table(result, {"region": labels})
    assert every["customers"].sum() == len(result.active)
    assert every["at_risk"].sum() == pytest.approx(result.probabilities @ result.margins)
    labels[:3] = "tiny"
    table = segment_table(result, {"region": labels}, suppress_below=10)
    assert table["group"].tolist() == ["south"]  # the north, one smaller, would give the three away
    shown = labels == "south"
    assert table["customers"].sum() == shown.sum()
    assert table["at_risk"].sum() == pytest.approx((result.probabilities * result.margins)[shown].sum())
    assert ((table["rate_low"] <= table["rate"]) & (table["rate"] <= table["rate_high"])).all()


# the early-warning list


def warned(interactions: pd.DataFrame | None = None) -> pd.DataFrame:
    """A customer with a broken rhythm, one whose spend falls, one who is fine, one with a single purchase."""
    as_of = pd.Timestamp("2026-06-30")
    rows = [("broken", as_of - pd.Timedelta(days=45 + 12 * n), 50.0) for n in range(30)]
    rows += [("falling", as_of - pd.Timedelta(days=5 + 12 * n), 10.0 if n < 3 else 30.0 + n % 2) for n in range(12)]
    rows += [("fine", as_of - pd.Timedelta(days=5 + 12 * n), 20.0 + n % 3) for n in range(12)]
    rows += [("single", as_of - pd.Timedelta(days=20), 9.0)]
    table = pd.DataFrame(rows, columns=["customer_id", "date", "revenue"])
    states = purchase_states(table, as_of=as_of.date(), per_customer=True)
    purchases, model = purchases_of(table), exact_model("bg_nbd", 0.6, 6.0, 0.8, 3.0)
    result = study_churn(
        fake_fit(model), one_model(), states, purchases, dormancy_days=90, observed_from=date(2024, 1, 1)
    )
    touched = None if interactions is None else ibis.memtable(interactions)
    return early_warning(result, model, purchases, touched)


def test_the_list_gives_its_reasons_in_words_and_only_where_there_is_one() -> None:
    table = warned().set_index("customer_id")
    assert table.loc["broken", "reason"] == "usual rhythm broken: silent 45 days, buys every 12 days"
    assert table.loc["falling", "reason"] == "spend falling: last 3 purchases 67% below own average"
    assert table.loc["fine", "reason"] == table.loc["single", "reason"] == ""
    assert table["rank"].tolist() == [1, 2, 3, 4]
    assert table["value_at_risk"].is_monotonic_decreasing
    assert table["value_at_risk"].tolist() == pytest.approx((table["p_no_purchase_12m"] * table["margin_12m"]).tolist())
    assert table.loc["single", "last_purchase"] == "2026-06-10"
    assert math.isnan(table.loc["single", "usual_days"])


def test_open_complaints_are_a_reason_where_they_can_be_known() -> None:
    day = pd.to_datetime(["2026-06-01", "2026-05-01", "2026-06-02", "2026-06-03"])
    touches = pd.DataFrame({"customer_id": ["fine", "fine", "single", "falling"], "date": day,
                            "complaint": [True, True, True, False],
                            "resolved_on": pd.to_datetime([None, None, "2026-06-05", None])})  # fmt: skip
    table = warned(touches)
    reasons = table.set_index("customer_id")["reason"]
    assert reasons["fine"] == "complaint open since 2026-05-01"
    assert reasons["single"] == ""
    assert "complaint" not in reasons["falling"]
    counted = reason_table(table).set_index("reason")["customers"].to_dict()
    assert counted == {"usual rhythm broken": 1, "spend falling": 1, "complaint open": 1, "none of these": 1}
    assert (warned(touches.drop(columns="resolved_on"))["reason"].str.contains("complaint")).sum() == 0


def test_unchanged_customers_are_rarely_told_that_their_spend_falls() -> None:
    # Gamma spend with one shape and an own mean: 5% by construction of the test, fewer after the least fall of 20%.
    rng = np.random.default_rng(8)
    rows = []
    for number in range(1500):
        mean, count = rng.uniform(5, 500), int(rng.integers(6, 20))
        days = pd.Timestamp("2026-06-30") - pd.to_timedelta(7 * np.arange(count), unit="D")
        rows += [(f"c{number}", day, mean * amount) for day, amount in zip(days, rng.gamma(2, 0.5, count), strict=True)]
    purchases = purchases_of(pd.DataFrame(rows, columns=["customer_id", "date", "revenue"]))
    falls = spend_falls(purchase_log(purchases, date(2026, 6, 30)), day_number(date(2026, 6, 30)), 90)
    assert falls.size == 1500
    assert np.isfinite(falls).sum() / 1500 == pytest.approx(0.05, abs=0.02)
