"""Settings of a business case that make no sense are refused, never taken for others without a word."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.money import Capacity, CashBenefit, ProgrammeCosts, Risk, business_case
from tests.money.test_money import an_effect


def case(**given):
    return business_case(an_effect([2.0] * 6, customers=10), **({"horizon_months": 12, "draws": 40} | given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"population": "alll"}, "population == 'alll'. Did you mean 'all'"),
        ({"start": "firststart"}, "Did you mean 'first_start'"),
        ({"persistence": None}, "persistence == None. Did you mean 'none'"),
        ({"population": "all"}, "everyone == 0, must be how many customers"),
        ({"everyone": -5}, "everyone == -5"),
        ({"annual_discount_rate": 12}, r"0\.12 stands for 12%"),
        ({"annual_discount_rate": -0.1}, "from 0 to below 1"),
        ({"annual_discount_rate": float("nan")}, "annual_discount_rate == nan"),
        ({"horizon_months": "36"}, "horizon_months == '36'"),
        ({"draws": 1}, "20 or more"),
        ({"half_life_months": 12}, "persistence='half_life'"),
        ({"persistence": "half_life", "half_life_months": -3}, "half_life_months == -3"),
        ({"persistence": "half_life"}, "half_life_months == None"),
        ({"ramp_up_months": -1}, "ramp_up_months == -1"),
        ({"margin_per_unit": float("nan")}, "margin_per_unit == nan"),
        ({"correlation": "0.5"}, "correlation == '0.5'"),
        ({"erosion_per_year": 3}, "erosion_per_year == 3"),
        ({"seed": "a"}, "seed == 'a'"),
        ({"costs": 60_000}, "costs == 60000, must name what is paid when"),
        ({"costs": {"oneoff": 60_000}}, "'oneoff' is no cost of a business case. Did you mean 'one_off'"),
        ({"costs": {"one_off": -60_000}}, "one_off == -60000, must be an amount of 0 or more"),
        ({"costs": {"monthly": float("nan")}}, "monthly == nan"),
        ({"benefits": 5000}, r"benefits must be what CashBenefit\(name, monthly, low, high\) returns, not a int"),
        ({"benefits": [Capacity("time", 1, 1, 1)]}, "is not money"),
        ({"risks": [1]}, "risks must be what Risk"),
        ({"settings": {"horizon_months": 36}}, "settings must be what CaseSettings"),
    ],
)
def test_what_makes_no_sense_is_refused(given, said):
    with pytest.raises(CxvalueError, match=said):
        case(**given)


def test_a_case_needs_an_effect_and_its_changes_are_checked_alike():
    with pytest.raises(CxvalueError, match="effect must be what estimate_effect"):
        business_case({"effect": 2.0})
    with pytest.raises(CxvalueError, match="Did you mean 'horizon_months'"):
        case().changed(horizon=24)


def test_floats_that_are_whole_months_and_mappings_are_taken():
    plain = case(costs=ProgrammeCosts(one_off=50.0), benefits=[CashBenefit("calls", 1.0, 1.0, 1.0)])
    assert (
        case(horizon_months=12.0, draws=40.0, seed=1.0, costs={"one_off": 50.0}, benefits=plain.settings.benefits).npv
        == plain.npv
    )


def test_whole_floats_are_kept_as_whole_numbers_and_decimals_as_floats():
    rolled = {"population": "all", "everyone": 500, "start": "as_of"}
    costs = {"one_off": 50, "ranges": {"one_off": (40, 60)}}
    benefits, risks = [CashBenefit("calls", 1.5, 1, 2)], [Risk("theft", 0.5, 10, 20)]
    given = {"annual_discount_rate": 0.12, "margin_per_unit": 0.5, "correlation": 0.25, "erosion_per_year": 0.125}
    half = {"persistence": "half_life", "half_life_months": 6}
    plain = case(ramp_up_months=3, costs=costs, benefits=benefits, risks=risks, **given, **half, **rolled)
    costs = {"one_off": Decimal(50), "ranges": {"one_off": (Decimal(40), Decimal(60))}}
    benefits = [CashBenefit("calls", Decimal("1.5"), Decimal(1), Decimal(2))]
    risks = [Risk("theft", Decimal("0.5"), Decimal(10), Decimal(20))]
    given, half["half_life_months"] = {name: Decimal(str(value)) for name, value in given.items()}, Decimal(6)
    other = case(
        ramp_up_months=3.0, draws=40.0, horizon_months=12.0, seed=1.0,
        costs=costs, benefits=benefits, risks=risks, **given, **half, **rolled,
    )  # fmt: skip
    assert other.npv == plain.npv
    assert other.verdict(at_least=Decimal(0), confidence=Decimal("0.9")) == plain.verdict(at_least=0)


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        ({"at_least": float("nan")}, "at_least == nan, must be a number"),
        ({"at_least": "0"}, "at_least == '0', must be a number"),
        ({"metric": "payback_months", "at_least": 12}, "at_most=24"),
        ({"at_least": 0, "confidence": "0.9"}, "confidence == '0.9'"),
    ],
)
def test_a_criterion_that_cannot_be_judged_is_refused(criterion, said):
    with pytest.raises(CxvalueError, match=said):
        case().verdict(**criterion)
