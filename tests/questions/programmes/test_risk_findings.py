"""Sentences about risks, a falling market, stopping and goodwill rules, and the tables beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from cxvalue.findings.numbers import format_chance, format_value
from cxvalue.money import ProgrammeCosts, Risk, business_case, register, yearly_loss
from cxvalue.money.kept import kept_customers
from cxvalue.money.sensitivity import MarketMoves, scenarios
from cxvalue.questions.programmes.case_display import assumptions_table, measures_display, measures_table
from cxvalue.questions.programmes.case_findings import case_findings
from cxvalue.questions.programmes.display import scenarios_display
from cxvalue.questions.programmes.risk_findings import further_findings, market_findings, risk_findings, so_far_sentence
from cxvalue.study import Programme, StudyFile
from tests.money.test_kept import a_case as kept_case
from tests.money.test_money import an_effect

RISK = Risk("fraud", 2.0, 30.0, 80.0, "audit", "incident log")
PROGRAMME = Programme.model_validate(
    {
        "name": "waiver",
        "costs": {"one_off": {"value": 100, "low": 90, "high": 130, "owner": "IT"}, "monthly": 1},
        "success": {"metric": "npv", "at_least": 0, "next_measurement": "2026-10-01", "stop_if": "nobody uses it."},
    }
)


@pytest.fixture(scope="module")
def case():
    costs = ProgrammeCosts(100, 1, ranges={"one_off": (90.0, 130.0)})
    return business_case(
        an_effect([2.0] * 12, [[0.01 * (i == j) for j in range(12)] for i in range(12)], customers=10), costs=costs,
        risks=[RISK], horizon_months=24, annual_discount_rate=0.1,
    )  # fmt: skip


def test_the_risk_is_said_with_an_average_and_a_bad_year(case):
    loss = yearly_loss(case.settings.risks)
    (found,) = risk_findings(case, loss, "waiver", currency="EUR")
    assert (found.id, found.value, found.case) == ("programme.waiver.risk_cost", 60.0, "C16")
    assert found.low <= found.value <= found.high
    assert "costs EUR 60.00 a year on average" in found.text
    assert "in one year out of twenty" in found.text
    rare = business_case(an_effect([2.0] * 12), risks=[Risk("fire", 0.01, 1e6, 2e6)])
    assert "nothing at all in nineteen years out of twenty" in (
        risk_findings(rare, yearly_loss(rare.settings.risks), "waiver", currency="EUR")[0].text
    )
    assert risk_findings(business_case(an_effect([2.0])), loss, "waiver", currency="EUR") == []


def test_doing_nothing_is_a_loss_and_acting_is_worth_the_difference(case):
    market = MarketMoves(7.0, (0.2, 0.1, 0.3))
    (found,) = market_findings(case, market, "waiver", currency="EUR")
    assert found.value == pytest.approx(-market.lost(case, 0.2))
    assert found.low < found.value < found.high < 0
    assert (
        f"the market keeps taking 20% of every customer's margin a year, we lose {format_value(-found.value, 'EUR')}"
        in (found.text)
    )
    (withheld,) = market_findings(case, None, "waiver", currency="EUR")
    assert withheld.value is None
    assert market_findings(case, None, "waiver", currency="EUR", declared=False) == []
    (past,) = market_findings(case.changed(horizon_months=12), market, "waiver", currency="EUR")
    assert (past.value, past.low) == (None, None), "a loss of 0 without a range is no finding"
    assert "nothing ahead" in past.text


def test_the_verdict_turns_where_it_is_said_to_turn(case):
    verdict = case.verdict(at_least=0.0, confidence=0.9)
    simple, stop = further_findings(case, verdict, PROGRAMME, currency="EUR", as_of=date(2026, 6, 30))
    assert simple.value == case.simple_payback.value
    low_enough = format_value(stop.value, "EUR")
    assert (
        f"An effect measured below {low_enough}, as precisely as now, would prove that the goal is missed." in stop.text
    )
    assert f"no longer pays if the effect falls below {format_value(case.break_even, 'EUR')} per customer" in stop.text
    assert "Next measurement: 1 October 2026. Agreed beforehand: stop if nobody uses it." in stop.text
    low = an_effect([stop.value] * 12, case.effect.covariance, customers=10)
    turned = case.changed(effect=low).verdict(at_least=0.0, confidence=0.9)
    assert turned.probability == pytest.approx(0.1, abs=0.02)


def money_findings(case, registered=None):
    """The findings of a case by the last part of their id."""
    fit = SimpleNamespace(name="waiver", effect=case.effect)
    verdict = case.verdict(at_least=0.0, confidence=0.9)
    found = case_findings(fit, PROGRAMME, case, verdict, registered, currency="EUR")
    return {one.id.rpartition(".")[2]: one for one in found}


@pytest.mark.parametrize(("months", "one_off", "told"), [(3, 100.0, True), (3, 50.0, False), (6, 200.0, False)])
def test_a_gain_that_rests_on_months_to_come_after_a_few_is_told_and_graded_down(months, one_off, told):
    """Purchases brought forward into 3 months, at 2 each of 10 customers: 60 came in, and what follows is not seen yet."""
    effect = an_effect([2.0] * months, 0.01 * np.eye(months), customers=10)
    case = business_case(effect, costs={"one_off": one_off}, horizon_months=24, annual_discount_rate=0.0)
    verdict, fit = case.verdict(at_least=0.0), SimpleNamespace(name="waiver", effect=effect)
    registered = register("", registered_on=date(2020, 1, 1), first_start=effect.first_start, earlier={})
    findings = case_findings(fit, PROGRAMME, case, verdict, registered, currency="EUR")
    found = {one.id.split(".")[-1]: one for one in findings}
    assert found["npv"].value == pytest.approx(2.0 * 10 * 24 - one_off)
    for key in ("npv", "verdict"):
        assert found[key].grade == ("B" if told else "A")
        assert ("if the effect ended with them" in found[key].text) == told
        assert ("the programme would be worth EUR −40" in found[key].text) == told
    assert found["mde"].grade == "A"
    later = further_findings(case, verdict, PROGRAMME, currency="EUR", as_of=date(2026, 6, 30))
    assert later[0].grade == ("B" if told else "A")


def test_running_costs_after_the_measured_months_do_not_speak_against_them():
    """Each month brings 20 and costs 5: three months alone pay for themselves as well as all 24 do."""
    effect = an_effect([2.0] * 3, 0.01 * np.eye(3), customers=10)
    case = business_case(effect, costs={"per_treated_customer_month": 0.5}, horizon_months=24, annual_discount_rate=0.0)
    found = money_findings(case)
    assert found["npv"].value == pytest.approx(15.0 * 24)
    assert found["npv"].grade == "A"
    assert "months not yet measured" not in found["npv"].text


def test_what_was_switched_off_has_nothing_ahead_and_need_not_be_stopped(case):
    over = case.changed(effect=replace(case.effect, over=True))
    verdict = over.verdict(at_least=0.0)
    assert over.horizon_months == over.exposure.months_seen == 12
    told = further_findings(over, verdict, PROGRAMME, currency="EUR", as_of=date(2026, 6, 30))
    assert [one.id for one in told] == ["programme.waiver.simple_payback_months"]
    (ahead,) = market_findings(over, MarketMoves(7.0, (0.2, 0.1, 0.3)), "waiver", currency="EUR")
    assert ahead.value is None


def test_the_findings_are_the_figures_of_the_tables(case):
    found = money_findings(case)
    table = measures_table(case, "waiver").set_index("measure")
    names = {"npv": "npv", "roi": "roi", "irr": "irr", "payback_months": "payback_months_discounted",
             "peak_exposure": "peak_exposure", "probability_of_loss": "probability_of_loss"}  # fmt: skip
    assert {key: found[key].value for key in names} == {key: table.loc[row, "value"] for key, row in names.items()}
    assert f"Break-even needs {format_value(table.loc['break_even_effect', 'value'], 'EUR')}." in found["mde"].text
    assert "criterion needs" not in found["mde"].text
    assert "Each EUR spent returns" in found["roi"].text
    assert "not defined" not in measures_display(case, "EUR").to_html()


def test_a_loss_that_never_comes_has_no_size_and_doing_nothing_no_payback(case):
    sure = case.changed(risks=(), costs=ProgrammeCosts(10))
    measures = measures_table(sure, "waiver").set_index("measure")
    assert measures.loc["probability_of_loss", "value"] == 0.0
    assert np.isnan(measures.loc["expected_loss_if_wrong", "value"])
    shown = scenarios_display(scenarios(sure, market=MarketMoves(7.0, (0.2, 0.1, 0.3))), "EUR").data
    row = shown.set_index("scenario").loc["Do nothing while the market takes 20% a year"]
    assert (row["payback"], row["probability of a loss"]) == ("", "")


def test_figures_that_do_not_exist_are_withheld_with_their_reason(case):
    free = money_findings(case.changed(costs=ProgrammeCosts()))
    assert (free["roi"].value, free["irr"].value, free["peak_exposure"].value) == (None, None, 0.0)
    assert free["roi"].text == "Not available: no costs are stated."
    assert free["irr"].text == "Not available: no money goes out before any comes in."
    late = money_findings(case.changed(costs=ProgrammeCosts(10_000)))
    assert late["payback_months"].text == "Not available: it does not pay back within 24 months."
    lost = case.changed(costs=ProgrammeCosts(1e9))
    assert "below −99% a year" in money_findings(lost)["irr"].text
    turning = case.changed(costs=ProgrammeCosts(100), effect=an_effect([9.0, 9.0, -9.0, 9.0], customers=10))
    assert "several such rates" in money_findings(turning)["irr"].text


def test_a_payback_that_may_never_come_says_how_likely_that_is(case):
    """The time stood alone, as if it were sure, where a quarter of the draws never pay back."""
    wide = an_effect([2.0] * 12, [[4.0] * 12] * 12, customers=10)
    open_end = case.changed(effect=wide, costs=ProgrammeCosts(100))
    never = float(np.isnan(open_end.payback_draws).mean())
    assert 0.1 < never < 0.5
    found = money_findings(open_end)["payback_months"]
    assert (found.low, found.high) == (None, None)
    assert found.text.endswith(f" The chance that it does not within 24 months is {format_chance(never)}.")
    simple = further_findings(open_end, None, PROGRAMME, currency="EUR", as_of=date(2026, 6, 30))[0]
    assert f"within 24 months is {format_chance(float(np.isnan(open_end.simple_payback_draws).mean()))}." in simple.text
    assert "The chance that" not in money_findings(case)["payback_months"].text


def test_more_may_be_lost_than_was_spent(case):
    worse = case.changed(effect=an_effect([-20.0] * 12, [[0.1] * 12] * 12, customers=10), costs=ProgrammeCosts(100))
    assert worse.roi.value < -1
    amount = format_value(-worse.roi.value, "EUR")
    assert money_findings(worse)["roi"].text.startswith(
        f"For each EUR spent, {amount} is lost, in today's money: customers"
    )
    risky = case.changed(risks=[Risk("fraud", 24.0, 100.0, 200.0)], costs=ProgrammeCosts(100))
    assert risky.roi.value < -1
    assert money_findings(risky)["roi"].text.endswith("its risks cost more than it brings.")


def test_a_case_in_which_nothing_varies_is_no_estimate(case):
    found = money_findings(
        case.changed(effect=an_effect([2.0] * 12, customers=10), risks=(), costs=ProgrammeCosts(100))
    )
    assert (found["npv"].value, found["roi"].value, found["irr"].value) == (None, None, None)
    assert "not an estimate" in found["npv"].text
    assert (found["payback_months"].value, found["payback_months"].low) == (6.0, None)
    assert (found["peak_exposure"].value, found["peak_exposure"].low) == (100.0, None)


def test_money_so_far_is_one_figure_and_the_other_is_named(case):
    said = so_far_sentence(case, currency="EUR")
    # 12 months of 10 × 2.00 less 1 a month and 100 at the start.
    assert "Contribution up to December 2024, as on the page: EUR 128," in said
    table = case.table()
    sum_to_date = table.loc[table["month"] == 12, "net_discounted_to_date"].item()
    assert f"{format_value(sum_to_date, 'EUR')}, is that money valued at the start: discounted" in said
    assert said.endswith("with the stated risks.")


def test_assumptions_name_their_owners_and_measures_their_ranges(case):
    study = StudyFile.model_validate(
        {
            "name": "s",
            "currency": "EUR",
            "tables": {"transactions": {"path": "t.csv"}},
            "market": {"erosion_per_year": 0.03},
        }
    )
    table = assumptions_table(case, PROGRAMME, study).set_index("assumption")
    assert table.loc["cost: one_off", ["value", "low", "high", "owner"]].tolist() == [100.0, 90.0, 130.0, "IT"]
    assert table.loc["risk: fraud, per year", ["value", "owner", "source"]].tolist() == [60.0, "audit", "incident log"]
    assert table.loc["the market takes, per year", "value"] == 0.03
    measures = measures_table(case, "waiver").set_index("measure")
    assert measures.loc["npv", "value"] == case.npv.value
    inner, outer = (measures.loc[name, ["low", "high"]].tolist() for name in ("npv_80_percent_range", "npv"))
    assert outer[0] < inner[0] < inner[1] < outer[1]
    assert measures.loc["paid_back_within_12_months", "value"] == case.paid_back_within(12)
    assert "paid_back_within_36_months" not in measures.index


@pytest.mark.parametrize(
    ("changed", "label", "said"),
    [(-0.02, "margin of customers kept", "It also keeps customers: 2.00 percentage points fewer leave"),
     (0.02, "margin of customers driven away", "It also drives customers away: 2.00 percentage points more leave")],
)  # fmt: skip
def test_customers_kept_or_driven_away_stand_beside_the_net_present_value(changed, label, said):
    case = kept_case(changed, error=0.005)
    kept, found = kept_customers(case), money_findings(case)
    one, table = found["kept"], measures_table(case, "waiver").set_index("measure")
    assert (one.value, one.low, one.high) == tuple(kept.worth)
    assert one.label.endswith(label)
    assert said in one.text
    assert f"which would be {format_value(kept.npv.value, 'EUR')} with it" in one.text
    assert case.npv.value == pytest.approx(kept.npv.value - kept.worth.value)
    registered = register("hash", registered_on=date(2024, 1, 1), first_start=date(2024, 2, 1), earlier={})
    judged = money_findings(case, registered)["verdict"].text
    assert judged.endswith(
        f"with it, the chance of meeting the criterion would be {format_chance(float((kept.npv_draws >= 0).mean()))}."
    )
    assert table.loc["kept", "value"] == kept.worth.value
    assert table.loc["npv_with_kept", "high"] == kept.npv.high
    assert "Customers kept or driven away" in measures_display(case, "EUR").to_html()


def test_nothing_is_told_of_customers_kept_where_nobody_leaves(case):
    assert "kept" not in money_findings(case)
    assert "kept" not in set(measures_table(case, "waiver")["measure"])
