"""Goodwill rules of a study: calls linked by hand, the recent effect by hand, and the truth of a simulated bank."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.effects.effect import Cohort
from cxvalue.questions.programmes.case_display import rules_table
from cxvalue.questions.programmes.declared_case import case_of
from cxvalue.questions.programmes.goodwill import GoodwillFit, handling_saved, recent_effect
from cxvalue.questions.programmes.risk_findings import goodwill_findings
from cxvalue.simulate import bank, write_world
from cxvalue.simulate.bank_draw import BankParameters
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare
from tests.conftest import no_forecast
from tests.money.test_money import an_effect

NAME = "programme.penalty_waiver"
RULES = {
    "current": {"cap": 100, "times_per_year": 1}, "caps": [25, 50, 100, 200], "times_per_year": [1, 2, 3],
    "reason": "fine", "minute_cost": 0.6, "approval_cost": 1.5, "class": "avoided",
}  # fmt: skip


def test_calls_belong_to_the_latest_fee_before_them():
    day = pd.Timestamp("2026-01-01")
    fees = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c", "c", "d"],
            "date": [day, day + pd.Timedelta(days=10), day, day, day + pd.Timedelta(days=60), day],
            "amount": [10.0, 20.0, 30.0, 40.0, 50.0, 900.0],
            "under": [False, False, False, True, True, False],
            "was_waived": [False, False, False, True, True, False],
        }
    )
    calls = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c", "d", "e"],
            "date": [day + pd.Timedelta(days=n) for n in (12, 1, 40, 61, 1, 1)],
            "minutes": [6.0, 3.0, 50.0, 4.0, 99.0, 99.0],
            "approvals": [3, 0, 3, 0, 3, 3],
        }
    )
    (minutes, minutes_se), (approvals, _) = handling_saved(ibis.memtable(fees), ibis.memtable(calls), most=100)
    # Without the programme: 3, 6 and 0 minutes (b's call came 40 days later); waived: 0 and 4. The fee of 900 is too large.
    assert minutes == pytest.approx((3 + 6 + 0) / 3 - (0 + 4) / 2)
    assert minutes_se == pytest.approx(np.sqrt(6.0 / 3 + 4.0 / 2))
    assert approvals == pytest.approx(3 / 3 - 0)
    only = fees.assign(was_waived=False, under=False)
    assert handling_saved(ibis.memtable(only), ibis.memtable(calls), most=100) is None


@pytest.mark.parametrize("step", [1, -1])
def test_of_two_fees_of_a_day_the_larger_one_has_the_call(step):
    day = pd.Timestamp("2026-01-01")
    waived = [False, True, False, True]
    fees = pd.DataFrame(
        {"customer_id": ["a", "a", "b", "c"], "date": day, "amount": [10.0, 20.0, 30.0, 40.0], "under": waived,
         "was_waived": waived}
    )  # fmt: skip
    calls = pd.DataFrame(
        {"customer_id": ["a", "b"], "date": day + pd.Timedelta(days=2), "minutes": [6.0, 4.0], "approvals": [1, 0]}
    )
    given = ibis.memtable(fees[::step].reset_index(drop=True)), ibis.memtable(calls[::step].reset_index(drop=True))
    (minutes, _), (approvals, _) = handling_saved(*given, most=100)
    assert minutes == pytest.approx((0 + 4) / 2 - (6 + 0) / 2)
    assert approvals == pytest.approx(0 - 1 / 2)


def test_the_recent_effect_weighs_event_times_by_who_is_there():
    cohorts = (Cohort(date(2024, 1, 1), 1, 10), Cohort(date(2024, 3, 1), 1, 30))
    effect = an_effect([1.0, 2.0, 3.0, 4.0], np.eye(4), cohorts=cohorts)
    last = effect.last_month
    assert (last.year, last.month) == (2024, 4)
    middle, low, high = recent_effect(effect, months=2)
    # In the last two months the first cohort is 2 and 3 months in, the second 0 and 1.
    weight = np.array([30.0, 30.0, 10.0, 10.0]) / 80
    assert middle == pytest.approx(weight @ [1.0, 2.0, 3.0, 4.0])
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt((weight**2).sum()))


@pytest.fixture(scope="module")
def waiver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bank")
    world = bank(4000, 7, BankParameters(branches=20, months=30))
    world.study["programmes"][0]["goodwill"] = RULES
    with no_forecast(folder / "cache"):
        return Study(prepare(write_world(world, folder / "mybank")), None), world.truth


def test_rules_cover_what_both_lives_of_the_customers_say(waiver):
    study, truth = waiver
    (fit,) = study.goodwill
    table = fit.table.set_index(["cap", "times_per_year"])
    true = pd.DataFrame(truth[f"{NAME}.goodwill_rules"]).set_index(["cap", "times_per_year"]).loc[table.index]
    assert table["waivers"].to_numpy() == pytest.approx(true["waivers"].to_numpy(), rel=0.15)
    assert table["forgone"].to_numpy() == pytest.approx(true["forgone"].to_numpy(), rel=0.15)
    assert table["customers"].to_numpy() == pytest.approx(true["customers"].to_numpy(), rel=0.02)
    assert table["saved"].to_numpy() == pytest.approx(true["saved"].to_numpy(), rel=0.35)
    covered = (table["low"] <= true["value"]) & (true["value"] <= table["high"])
    assert covered.all()
    assert fit.extra_share[1] < 0.2 < fit.extra_share[2]
    assert fit.low <= truth[f"{NAME}.policy_value"] <= fit.high
    assert true.loc[(fit.cap, fit.times_per_year), "value"] >= 0.85 * true["value"].max()
    assert fit.uptake > 0.9


def test_the_rule_in_force_is_worth_what_was_measured(waiver):
    study, _ = waiver
    (fit,), programme = study.goodwill, study.programmes[0]
    now = fit.current
    assert now["value"] == pytest.approx(now["saved"] + now["gain"] - now["forgone"] - now["moral_hazard"])
    measured = recent_effect(programme.effect)[0] * 12 * fit.customers
    # Margin lost the fees waived and kept the extra fees that were paid; the value charges those waived, at their amount.
    extra_paid = fit.extra_share[0] * sum(_without(study, fit))
    assert now["value"] == pytest.approx(measured + now["saved"] - extra_paid, rel=1e-6)
    assert case_of(programme, study.file.programmes[0], study.file) is not None


def _without(study: Study, fit: GoodwillFit) -> list[float]:
    """Fees of the programme's customers in the last 12 months, counted back to what would have fallen without it."""
    people = study.table("customers").to_pandas()
    start = study.table("rollout").to_pandas().set_index("unit")["start"]
    people["start"] = people["branch"].map(start)
    mine = people[people["start"].notna() & (people["acquired_on"] < people["start"])].set_index("customer_id")["start"]
    fees = study.table("fees").to_pandas()
    first = pd.Timestamp(study.as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=12)
    fees = fees[fees["customer_id"].isin(mine.index) & (fees["date"] >= first)]
    under = fees["date"].dt.to_period("M") >= fees["customer_id"].map(mine).dt.to_period("M")
    return (fees["amount"] / np.where(under, 1 + fit.extra_share[0], 1.0)).tolist()


def test_the_findings_say_what_the_table_holds(waiver):
    study, _ = waiver
    (fit,) = study.goodwill
    found = {one.id: one for one in goodwill_findings(fit, currency="EUR", level=0.95)}
    assert set(found) == {f"{NAME}.{key}" for key in ("policy_value", "policy_cap", "policy_times", "moral_hazard")}
    best = rules_table(fit)[lambda table: table["standing"].str.contains("best")].iloc[0]
    assert found[f"{NAME}.policy_value"].value == pytest.approx(best["value"])
    assert (found[f"{NAME}.policy_cap"].value, found[f"{NAME}.policy_times"].value) == (
        best["cap"],
        best["times_per_year"],
    )
    assert found[f"{NAME}.policy_value"].grade >= "C"
    none = GoodwillFit.from_dict(
        {**fit.to_dict(), "cap": 0.0, "times_per_year": 0, "value": 0.0, "low": 0.0, "high": 0.0}
    )
    assert "none of the rules tried" in goodwill_findings(none, currency="EUR", level=0.95)[0].text
