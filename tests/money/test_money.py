"""Money: published cases, closed forms, and verdicts that are right as often as they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxvalue.effects.effect import Cohort, Effect
from cxvalue.foundation.errors import CxvalueError
from cxvalue.money import Capacity, CaseSettings, CashBenefit, ProgrammeCosts, Risk, business_case, register
from cxvalue.money.bridge import cash_bridge
from cxvalue.money.cashflow import exposure, extend, fit_decay
from cxvalue.money.finance import irr, irr_of_many, npv, payback_months, peak_exposure
from cxvalue.money.sensitivity import scenarios, tornado
from cxvalue.questions.programmes.case_display import measures_table

START = date(2024, 1, 1)


def yearly(flows):
    """Flows of years 0, 1, … at the ends of their years, as monthly flows."""
    months = np.zeros(12 * (len(flows) - 1) + 1)
    months[::12] = flows
    return months


def an_effect(vector, covariance=None, *, customers=1, months=None, df=np.inf, cohorts=None):
    vector = np.asarray(vector, dtype=float)
    covariance = np.zeros((vector.size, vector.size)) if covariance is None else np.asarray(covariance, dtype=float)
    weight = np.full(vector.size, float(customers))
    last = months or vector.size
    number = START.year * 12 + START.month - 2 + last
    se = float(np.sqrt(covariance.sum()) / vector.size)
    return Effect(
        design="experiment", outcome="margin", unit="customer_id", estimate=float(vector.mean()), se=se, df=df,
        low=vector.mean() - 1.96 * se, high=vector.mean() + 1.96 * se, level=0.95, event_time=np.arange(vector.size),
        event_effect=vector, covariance=covariance, event_weight=weight, pre_time=np.zeros(0, dtype=int),
        pre_effect=np.zeros(0),
        pre_covariance=np.zeros((0, 0)), cohorts=cohorts or (Cohort(START, 1, customers),), treated_units=1, control_units=1,
        treated_customers=customers, control_customers=customers, treated_customer_months=customers * vector.size,
        unidentified_customer_months=0, naive=float(vector.mean()) * 2, naive_se=None, checks=(), grade="A",
        last_month=date(number // 12, number % 12 + 1, 1),
    )  # fmt: skip


def test_published_present_values():
    # Forrester TEI of Intellum (March 2024), tables A and B, 10%, at the ends of the years.
    assert npv(yearly([0, 0, 4_224_000, 8_719_488]), 0.10) == pytest.approx(10_041_989, abs=1)
    assert npv(yearly([0, 1_563_513, 3_260_364, 3_406_606]), 0.10) == pytest.approx(6_675_324, abs=1)
    # Cost-benefit worksheet of powcoder: 8%, 140,000 + 3 x 40,000 against 3 x 200,000.
    assert npv(yearly([-140_000, 160_000, 160_000, 160_000]), 0.08) == pytest.approx(272_336, abs=1)
    assert npv(yearly([0, 200_000, 200_000, 200_000]), 0.08) == pytest.approx(515_419, abs=1)
    assert npv(yearly([140_000, 40_000, 40_000, 40_000]), 0.08) == pytest.approx(243_084, abs=1)
    # A cost-benefit worksheet on Scribd: 12%, five years of 50,000 against 42,500 now and 28,500 a year: 35,003, ROI 0.24.
    value, spent = (npv(yearly(flows), 0.12) for flows in ([-42_500, *[21_500] * 5], [42_500, *[28_500] * 5]))
    assert value == pytest.approx(35_003, abs=1)
    assert value / spent == pytest.approx(0.24, abs=0.005)
    # numpy-financial's examples.
    assert npv(yearly([-100, 39, 59, 55, 20]), 0.281) == pytest.approx(-0.0084785916384548798, abs=1e-9)
    assert npv(yearly([-40_000, 5_000, 8_000, 12_000, 30_000]), 0.08) == pytest.approx(3065.2226681795255)


def test_published_rates_of_return():
    assert irr(yearly([-100, 39, 59, 55, 20])) == pytest.approx(0.28094842115996066)
    assert irr(yearly([-100, 0, 0, 74])) == pytest.approx(-0.095495830348972563)
    assert irr(yearly([-5, 10.5, 1, -8, 1])) is None  # four changes of sign: any rate would be arbitrary
    assert irr([1.0, 2.0]) is None
    assert irr([100.0, -120.0]) is None  # money that comes in first and goes out later earns no rate


def test_rates_of_return_of_many_rows_are_those_of_each():
    rng = np.random.default_rng(3)
    flows = np.column_stack([-rng.uniform(10, 200, 300), rng.uniform(-1, 12, (300, 24))])
    flows[:20, 1] = 0.0
    found = irr_of_many(flows)
    for row, value in zip(flows, found, strict=True):
        alone = irr(row)
        if alone is not None:
            assert value == pytest.approx(alone, rel=1e-6, abs=1e-8)
        elif not np.isnan(value):  # a loss in between, and the sum to date turns once
            turned = np.flatnonzero(np.cumsum(row) > 0)
            assert turned.size == row.size - turned[0]
            assert float(npv(row, value)) == pytest.approx(0.0, abs=1e-6)
    assert irr_of_many([[0.0, 1.0], [0.0, -1.0], [1.0, -1.0]]).tolist()[:2] == [np.inf, -1.0]


def skewed():
    """A case whose draws have another middle than its assumptions: a cost that can only rise, and a risk."""
    return business_case(
        an_effect([2.0] * 12, 0.05 * np.eye(12), customers=10),
        costs=ProgrammeCosts(150, 3, 0.1, ranges={"one_off": (150.0, 400.0)}),
        risks=[Risk("fraud", 0.5, 60.0, 150.0)], benefits=[CashBenefit("calls", 4.0, 4.0, 20.0)], horizon_months=24,
        annual_discount_rate=0.12,
    )  # fmt: skip


def test_every_table_of_a_case_has_the_npv_of_a_workbook():
    case = skewed()
    # The workbook: 24 months of 10 × 2.00 + 4.00 − 2.50 (half a loss of 60 a year) − 3 − 10 × 0.10, and 150 at the start.
    by_hand = -150 + sum((20 + 4 - 0.5 * 60 / 12 - 3 - 1) / 1.12 ** (month / 12) for month in range(1, 25))
    table = case.table()
    assert case.npv.value == pytest.approx(by_hand, abs=1e-9)
    assert abs(np.median(case.npv_draws) - by_hand) > 5  # the draws' middle is another figure
    steps = {step.name: step.amount for step in cash_bridge(case)}
    swings = tornado(case, "EUR")
    effect = next(one for one in swings if one.name.startswith("Effect on"))
    rate = next(one for one in swings if one.name.startswith("Discount"))
    said = {
        "months": table["net_discounted_to_date"].iloc[-1],
        "plain": sum(net / 1.12 ** (month / 12) for net, month in zip(table["net"], table["month"], strict=True)),
        "bridge": steps["Net present value"],
        "scenarios": scenarios(case)["npv"].iloc[0],
        "effect": (effect.low_npv + effect.high_npv) / 2,
        "measures": measures_table(case, "x").set_index("measure").loc["npv", "value"],
        "range": case.npv_range(0.8).value,
        "verdict": case.verdict(at_least=by_hand).break_even * case.per_unit_effect
        + float(npv(case.benefit_flow - case.cost_flow, 0.12)),
    }
    assert said == pytest.approx(dict.fromkeys(said, by_hand), abs=1e-8)
    assert rate.low_npv > by_hand > rate.high_npv


def test_the_other_figures_of_a_case_are_those_of_a_workbook_as_well():
    case = skewed()
    spent = 150 + sum(4 / 1.12 ** (month / 12) for month in range(1, 25))
    assert case.roi.value == pytest.approx(case.npv.value / spent)
    yearly_rate = case.irr.value
    assert sum(net / (1 + yearly_rate) ** (month / 12) for month, net in enumerate(case.net_flow)) == pytest.approx(0.0)
    assert case.peak_exposure.value == 150.0
    assert case.simple_payback.value == 9.0  # 150 / 17.5 = 8.6 months
    assert case.payback.value == 9.0  # 17.50 x 8.58 = 150.2
    assert np.isnan(case.irr.low)  # a loss turns the money again in more than 1 draw in 40: no range
    calm = case.changed(risks=())
    for figure in (case.npv, case.roi, calm.irr, case.payback, case.simple_payback, case.peak_exposure):
        assert figure.low <= figure.value <= figure.high
        assert figure.low < figure.high
    at_break_even = case.changed(effect=an_effect([case.break_even] * 12, customers=10))
    assert at_break_even.npv.value == pytest.approx(0.0, abs=1e-9)


def test_a_figure_that_does_not_exist_is_none():
    never = business_case(an_effect([1.0] * 6, 0.5 * np.eye(6)), costs=ProgrammeCosts(100), horizon_months=12)
    assert (never.payback, never.simple_payback) == (None, None)
    assert never.irr.value < 0
    assert never.npv.value < 0 < never.peak_exposure.value
    free = business_case(an_effect([1.0] * 6, 0.01 * np.eye(6)), horizon_months=12)
    assert (free.irr, free.roi, free.peak_exposure.value, free.payback.value) == (None, None, 0.0, 0.0)
    vector = [5.0, 5.0, -20.0, 5.0, 5.0, 5.0]
    turning = business_case(an_effect(vector, 0.01 * np.eye(6)), costs=ProgrammeCosts(6), horizon_months=6)
    assert turning.irr is None


def test_without_a_before_the_bridge_begins_with_the_effect():
    effect = replace(an_effect([2.0] * 6, customers=10), naive=float("nan"))
    steps = cash_bridge(business_case(effect, costs=ProgrammeCosts(50), horizon_months=12))
    assert steps[0].name == "Effect, the same every month"
    assert steps[0].amount == pytest.approx(240.0)
    assert steps[-1].amount == pytest.approx(sum(step.amount for step in steps[:-1]))


@pytest.mark.parametrize(
    ("naive", "names"),
    [(4.0, ("Before and after, as claimed", "Not due to the programme")),
     (1.0, ("Before and after, as claimed", "Missed by before and after")),
     (-3.0, ("Before and after alone", "Missed by before and after"))],
)  # fmt: skip
def test_a_fall_is_no_claim(naive, names):
    effect = replace(an_effect([2.0] * 6, customers=10), naive=naive)
    steps = cash_bridge(business_case(effect, horizon_months=6, annual_discount_rate=0.0))
    assert tuple(step.name for step in steps[:2]) == names
    assert [step.amount for step in steps[:2]] == pytest.approx([naive * 60, (2.0 - naive) * 60])


def test_payback_counts_the_last_time_that_money_is_out():
    flows = [[-100, 60, 60, -30, 30], [-100, 10, 10, 10, 10], [5, 1, 1, 1, 1]]
    assert payback_months(flows).tolist()[0] == 4
    assert np.isnan(payback_months(flows)[1])
    assert payback_months(flows)[2] == 0
    # Three yearly flows of 70,000 on 200,000: the worksheet of justaaa, 10%: NPV −23,564 with the first flow a year away.
    assert npv(yearly([0, -200_000, 70_000, 70_000, 70_000]), 0.10) == pytest.approx(-23_564, abs=1)
    assert peak_exposure([[-5, -5, 20, -3]]).item() == 10


@given(st.lists(st.floats(1, 100), min_size=1, max_size=24), st.floats(0.0, 0.5), st.floats(0.001, 0.5))
def test_a_higher_rate_never_raises_what_is_still_to_come(flows, rate, more):
    assert npv([0.0, *flows], rate + more) < npv([0.0, *flows], rate)


@pytest.mark.parametrize(("together", "spread", "loss"), [(False, 35.573705, 0.006816), (True, 61.382419, 0.076413)])
def test_the_draws_agree_with_the_closed_form(together, spread, loss):
    # Benefits N(100, 20), N(120, 25), N(130, 30) at the ends of three years, 200 now, 10%: E = 87.753569.
    sds = np.zeros(36)
    sds[[11, 23, 35]] = 20, 25, 30
    means = np.zeros(36)
    means[[11, 23, 35]] = 100, 120, 130
    covariance = np.outer(sds, sds) if together else np.diag(sds**2)
    case = business_case(
        an_effect(means, covariance), costs=ProgrammeCosts(one_off=200), horizon_months=36, annual_discount_rate=0.10,
        draws=200_000,
    )  # fmt: skip
    assert float(npv(case.net_flow, 0.10)) == pytest.approx(87.753569, abs=1e-6)
    assert case.npv_draws.mean() == pytest.approx(87.753569, abs=0.6)
    assert case.npv_draws.std() == pytest.approx(spread, rel=0.01)
    assert case.probability_of_loss == pytest.approx(loss, abs=0.0015)


def test_customers_come_in_with_their_units():
    effect = an_effect([1.0, 1.0], cohorts=(Cohort(START, 2, 10), Cohort(date(2024, 3, 1), 1, 5)), months=4)
    shape = exposure(effect, horizon_months=4)
    assert shape.by_month.tolist() == [10, 10, 15, 15]
    assert shape.customers[3].nonzero()[0].tolist() == [1, 3]
    assert shape.months_seen == 4
    later = exposure(effect, horizon_months=3, start="as_of")
    assert later.first_month == date(2024, 5, 1)
    assert later.customers[0].nonzero()[0].tolist() == [2, 4]
    everyone = exposure(effect, horizon_months=2, start="as_of", population="all", everyone=100)
    assert everyone.customers[1].nonzero()[0].tolist() == [1]
    assert everyone.by_month.tolist() == [100, 100]


def test_an_effect_goes_on_as_the_study_says():
    vector = np.array([9.0, 1.0, 2.0, 3.0])
    assert extend(vector, 6, persistence="none")[4:].tolist() == [0, 0]
    assert extend(vector, 6, persistence="half_life", half_life_months=1.0)[4:].tolist() == [1.0, 0.5]
    assert extend(vector, 6, persistence="measured", rate=np.log(2))[4:].tolist() == pytest.approx([1.0, 0.5])
    assert extend(vector, 2).tolist() == [9.0, 1.0]
    with pytest.raises(CxvalueError, match="measured, none or half_life"):
        extend(vector, 6, persistence="forever")


def test_a_fade_is_found_when_there_is_one_and_not_otherwise():
    time = np.arange(18)
    rng = np.random.default_rng(1)
    fading = an_effect(10 * np.exp(-0.1 * time) + rng.normal(0, 0.2, 18), 0.04 * np.eye(18))
    found = fit_decay(fading)
    assert found.significant
    assert found.rate_per_month == pytest.approx(0.1, abs=0.02)
    assert found.half_life_months == pytest.approx(np.log(2) / found.rate_per_month)
    alarms = [fit_decay(an_effect(10 + rng.normal(0, 1, 18), np.eye(18))).significant for _ in range(200)]
    assert np.mean(alarms) < 0.10
    assert not fit_decay(an_effect([1.0, 0.5], np.eye(2))).significant


@pytest.mark.parametrize(("half_life", "least", "most"), [(np.inf, 0.01, 0.09), (6.0, 0.6, 1.0)])
def test_few_units_whose_luck_lasts_seem_to_fade_about_as_often_as_chance_allows(half_life, least, most):
    """Six treated units that start at three dates, luck that lasts for months, and the covariance known from them alone."""
    rng = np.random.default_rng(3)
    months, worlds, since = 17, 200, np.repeat([17, 13, 9], 2)
    true = 3 * 0.5 ** (np.arange(months) / half_life)
    found = []
    for _ in range(worlds):
        luck = rng.normal(0, 1.0, (6, months))
        for month in range(1, months):
            luck[:, month] += 0.6 * luck[:, month - 1]
        there = np.arange(months) < since[:, None]
        off = np.where(there, luck - (there * luck).sum(axis=0) / there.sum(axis=0), 0.0) / there.sum(axis=0)
        off *= np.sqrt(there.sum(axis=0) / (there.sum(axis=0) - 1))
        vector = true + (there * luck).sum(axis=0) / there.sum(axis=0)
        effect = replace(an_effect(vector, off.T @ off, df=5.0), event_weight=there.sum(axis=0).astype(float))
        found.append(fit_decay(effect).significant)
    assert least <= np.mean(found) <= most


def test_capacity_can_not_enter_the_money():
    room = Capacity("time", 100.0, 50.0, 150.0)
    with pytest.raises(CxvalueError, match="not money"):
        business_case(an_effect([1.0] * 6), benefits=[room])
    case = business_case(an_effect([1.0] * 6), capacity=[room], horizon_months=6)
    assert case.npv.value == business_case(an_effect([1.0] * 6), horizon_months=6).npv.value
    with pytest.raises(CxvalueError, match="does not lie in"):
        CashBenefit("x", 5.0, 6.0, 7.0)


def test_benefits_costs_and_risks_are_where_they_belong():
    benefit = CashBenefit("calls", 50.0, 40.0, 60.0, "avoided")
    risk = Risk("fraud", per_year=2.0, mean_loss=30.0, loss_exceeded_in_5_percent=80.0)
    case = business_case(
        an_effect([2.0] * 12, customers=10), costs=ProgrammeCosts(100, 5, 0.5), benefits=[benefit], risks=[risk],
        horizon_months=12, annual_discount_rate=0.0, draws=60_000,
    )  # fmt: skip
    table = case.table()
    assert table["costs"].tolist() == [100.0, *[10.0] * 12]
    assert table["margin_from_effect"].tolist() == [0.0, *[20.0] * 12]
    assert table["other_benefits"].iloc[1] == pytest.approx(50 - 2 * 30 / 12)
    assert case.npv_draws.mean() == pytest.approx(12 * (20 + 50 - 5 - 10) - 100, abs=3)
    # Poisson compound: variance = 2 x E[loss^2]; the benefit's draw is the same in every month.
    second = 30.0**2 * np.exp(risk.log_spread**2)
    assert case.npv_draws.std() == pytest.approx(np.sqrt(2 * second + (12 * 10 / 1.96) ** 2), rel=0.05)
    with pytest.raises(CxvalueError, match=r"3\.8 times"):
        business_case(an_effect([1.0]), risks=[Risk("x", 1.0, 10.0, 100.0)])


def test_the_bridge_adds_up_and_begins_with_the_claim():
    case = business_case(an_effect([2.0] * 6, customers=10), costs=ProgrammeCosts(50), horizon_months=12)
    steps = cash_bridge(case)
    assert sum(step.amount for step in steps[:-1]) == pytest.approx(steps[-1].amount)
    assert steps[0].amount == pytest.approx(4.0 * 10 * 12)
    assert steps[1].amount == pytest.approx(-2.0 * 10 * 12)
    assert steps[-1].amount == pytest.approx(float(npv(case.net_flow, 0.10)))


def test_switching_values_are_where_nothing_is_gained():
    case = business_case(
        an_effect([2.0] * 12, 0.1 * np.eye(12), customers=10), costs=ProgrammeCosts(100),
        benefits=[CashBenefit("calls", 3.0, 1.0, 5.0)], horizon_months=24,
    )  # fmt: skip
    swings = {swing.name.split(",")[0].split(" on ")[0]: swing for swing in tornado(case, "EUR")}
    effect = swings["Effect"]
    turned = business_case(
        an_effect([effect.switching] * 12, customers=10), costs=ProgrammeCosts(100),
        benefits=[CashBenefit("calls", 3.0, 1.0, 5.0)], horizon_months=24,
    )  # fmt: skip
    assert float(npv(turned.net_flow, 0.10)) == pytest.approx(0.0, abs=1e-6)
    assert swings["Discount rate"].switching == case.irr.value
    assert [s.width for s in tornado(case)] == sorted((s.width for s in tornado(case)), reverse=True)
    table = scenarios(case, everyone=50)
    assert table["npv"].iloc[1] < table["npv"].iloc[0]
    assert len(table) == 4


def test_the_verdict_follows_the_probability():
    case = business_case(an_effect([1.0] * 12, np.eye(12), customers=1), costs=ProgrammeCosts(10), horizon_months=12)
    share = float((case.npv_draws >= 0).mean())
    judged = case.verdict(at_least=0, confidence=0.9)
    assert judged.probability == pytest.approx(share)
    words = [case.verdict(at_least=at, confidence=0.9).word for at in (-1e6, case.npv.value, 1e6)]
    assert words == ["PASS", "NOT PROVEN", "FAIL"]
    assert case.verdict(metric="payback_months", at_most=12, confidence=0.9).probability == case.paid_back_within(12)
    assert case.verdict(metric="effect", at_least=0.0).word == "PASS"
    for wrong in (
        {"at_least": 0, "at_most": 1},
        {},
        {"at_least": 0, "confidence": 0.4},
        {"at_least": 0, "metric": "roi"},
    ):
        with pytest.raises(CxvalueError):
            case.verdict(**wrong)


@pytest.mark.parametrize(("trials", "slack"), [(60, 0.2), (250, 0.1)])
def test_the_smallest_provable_effect_passes_in_80_of_100(trials, slack):
    rng = np.random.default_rng(5)
    months, error = 12, 0.8
    covariance = 0.3**2 * np.eye(months) + error**2

    def case_of(true):
        vector = true + error * rng.standard_normal() + 0.3 * rng.standard_normal(months)
        return business_case(
            an_effect(vector, covariance, customers=10), costs=ProgrammeCosts(60), horizon_months=24, draws=2000
        )

    mde = case_of(0.0).verdict(at_least=0, confidence=0.9).mde
    passed = [case_of(mde).verdict(at_least=0, confidence=0.9).word == "PASS" for _ in range(trials)]
    nothing = [case_of(0.0).verdict(at_least=0, confidence=0.9).word == "PASS" for _ in range(trials)]
    break_even = [
        case_of(case_of(0.0).effect_worth(0.0)).verdict(at_least=0, confidence=0.9).word == "PASS"
        for _ in range(trials)
    ]
    assert 0.8 - slack < np.mean(passed) < 0.8 + slack  # 80% ± 4 standard errors
    assert np.mean(nothing) < slack
    assert 0.1 - 0.7 * slack < np.mean(break_even) < 0.1 + 0.8 * slack  # exactly 10% at break-even


def test_a_registration_does_not_depend_on_the_order_of_keys():
    first = register({"a": 1, "b": [1, 2]}, registered_on=date(2024, 1, 1), first_start=date(2024, 2, 1))
    again = register(
        {"b": [1, 2], "a": 1},
        registered_on=date(2024, 3, 1),
        first_start=date(2024, 2, 1),
        earlier={first.sha256: date(2024, 1, 5)},
    )
    assert first.sha256 == again.sha256
    assert (first.before_first_outcome, again.before_first_outcome) == (True, False)
    assert "AFTER" in again.text
    assert (first.published_on, again.published_on) == (None, date(2024, 1, 5))
    kept = register(
        first.sha256,
        registered_on=date(2024, 1, 1),
        first_start=date(2024, 2, 1),
        earlier={first.sha256: date(2024, 1, 5)},
    )
    assert "in a published run since 2024-01-05" in kept.text
    assert "self-declared" in first.text
    assert "no date" in register({}, registered_on=None, first_start=date(2024, 2, 1)).text
    other = register({"a": 2, "b": [1, 2]}, registered_on=None, first_start=date(2024, 2, 1))
    assert other.sha256 != first.sha256


def test_nonsense_is_refused():
    for wrong in ({"horizon_months": 0}, {"correlation": 2.0}, {"persistence": "half_life"}):
        with pytest.raises(CxvalueError):
            business_case(replace(an_effect([1.0, 1.0])), **{"horizon_months": 6, **wrong})
    with pytest.raises(
        CxvalueError, match=r"'horizon' is not a setting of a business case\. Did you mean 'horizon_months'"
    ):
        business_case(an_effect([1.0, 1.0]), horizon=6)


def test_settings_given_once_or_one_by_one_make_the_same_case():
    settings = CaseSettings(costs=ProgrammeCosts(50.0), horizon_months=12, risks=(Risk("x", 1.0, 10.0, 20.0),), seed=3)
    given = {"costs": {"one_off": 50.0}, "horizon_months": 12, "risks": [Risk("x", 1.0, 10.0, 20.0)], "seed": 3}
    case = business_case(an_effect([1.0] * 6), settings)
    assert case.settings == settings
    assert (case.npv_draws == business_case(an_effect([1.0] * 6), **given).npv_draws).all()
    assert case.changed(horizon_months=24).settings == replace(settings, horizon_months=24)
    assert case.changed().npv == case.npv
