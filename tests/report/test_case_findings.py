"""Sentences about risks, a falling market, stopping and goodwill rules, and the tables beside them."""

from __future__ import annotations

from datetime import date

import pytest

from cxvalue.money import ProgrammeCosts, Risk, business_case, yearly_loss
from cxvalue.money.sensitivity import MarketMoves
from cxvalue.report.case_findings import further_findings, market_findings, risk_findings
from cxvalue.report.case_tables import assumptions_table, measures_table
from cxvalue.study import Programme, StudyFile
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
    loss = yearly_loss(case.risks)
    (found,) = risk_findings(case, loss, "waiver", currency="EUR")
    assert (found.id, found.value, found.case) == ("programme.waiver.risk_cost", 60.0, "C16")
    assert found.low <= found.value <= found.high
    assert "costs EUR 60.0 a year on average" in found.text
    assert "in one year of twenty" in found.text
    rare = business_case(an_effect([2.0] * 12), risks=[Risk("fire", 0.01, 1e6, 2e6)])
    assert "nothing at all in nineteen years of twenty" in (
        risk_findings(rare, yearly_loss(rare.risks), "waiver", currency="EUR")[0].text
    )
    assert risk_findings(business_case(an_effect([2.0])), loss, "waiver", currency="EUR") == []


def test_doing_nothing_is_a_loss_and_acting_is_worth_the_difference(case):
    market = MarketMoves(7.0, (0.2, 0.1, 0.3))
    (found,) = market_findings(case, market, "waiver", currency="EUR")
    assert found.value == pytest.approx(-market.lost(case, 0.2))
    assert found.low < found.value < found.high < 0
    (withheld,) = market_findings(case, None, "waiver", currency="EUR")
    assert withheld.value is None
    assert market_findings(case, None, "waiver", currency="EUR", declared=False) == []


def test_the_verdict_turns_where_it_is_said_to_turn(case):
    verdict = case.verdict(at_least=0.0, confidence=0.9)
    simple, stop = further_findings(case, verdict, PROGRAMME, currency="EUR", as_of=date(2026, 6, 30))
    assert simple.value == case.simple_payback.value
    assert "Next measurement: 01 October 2026. Agreed beforehand: stop if nobody uses it." in stop.text
    low = an_effect([stop.value] * 12, case.effect.covariance, customers=10)
    turned = case.changed(effect=low).verdict(at_least=0.0, confidence=0.9)
    assert turned.probability == pytest.approx(0.1, abs=0.02)


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
    assert table.loc["risk: fraud, a year", ["value", "owner", "source"]].tolist() == [60.0, "audit", "incident log"]
    assert table.loc["the market takes, a year", "value"] == 0.03
    measures = measures_table(case, "waiver").set_index("measure")
    assert measures.loc["npv", "value"] == case.npv.value
    inner, outer = (measures.loc[name, ["low", "high"]].tolist() for name in ("npv_80_percent_range", "npv"))
    assert outer[0] < inner[0] < inner[1] < outer[1]
    assert measures.loc["paid_back_within_12_months", "value"] == case.paid_back_within(12)
    assert "paid_back_within_36_months" not in measures.index
