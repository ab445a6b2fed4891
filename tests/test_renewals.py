"""Contracts: relations, months lasted, the bridge, and forecasts whose intervals hold what simulated customers do."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.contract_base import Contracts, base_waterfall, contracts_of
from cxvalue.contract_history import monthly_contracts, survival_table
from cxvalue.contract_value import renewal_customers_table, renewal_value
from cxvalue.errors import CxvalueError
from cxvalue.lifetime.renewal import fit_renewal
from cxvalue.renewals import RenewalFit, fit_renewals, renewal_models_table
from cxvalue.simulate import insurer
from cxvalue.simulate.insurer import InsurerParameters
from tests.insurerworlds import of_world

AS_OF = date(2025, 12, 31)


def made(
    *rows: tuple[str, str, str | None, float | None], observed_from: str = "2020-01-01", **more: object
) -> Contracts:
    table = pd.DataFrame(rows, columns=["customer_id", "start", "end", "value_per_month"]).assign(**more)
    for name in ("start", "end"):
        table[name] = pd.to_datetime(table[name])
    table["value_per_month"] = table["value_per_month"].astype(float)
    return contracts_of(ibis.memtable(table), as_of=AS_OF, observed_from=date.fromisoformat(observed_from))


def test_contracts_that_follow_without_a_gap_are_one_relation() -> None:
    contracts = made(
        ("a", "2024-01-01", "2024-12-31", 10.0),
        ("a", "2025-01-01", None, 12.0),
        ("b", "2024-01-01", "2024-12-31", 10.0),
        ("b", "2025-03-01", None, 12.0),
        ("c", "2024-01-01", "2025-06-30", 5.0),
        ("c", "2024-02-01", "2024-03-01", 5.0),
    )
    assert contracts.relations.groupby("customer").size().tolist() == [1, 2, 1]
    assert contracts.active().tolist() == [True, True, False]
    assert contracts.monthly_value().tolist() == [12.0, 12.0, 0.0]
    assert contracts.monthly_value(date(2024, 2, 15)).tolist() == [10.0, 10.0, 10.0]


def test_months_lasted_are_whole_and_only_those_that_everybody_had() -> None:
    contracts = made(
        ("ends within the 4th month", "2025-01-01", "2025-04-15", 1.0),
        ("active", "2025-01-01", None, 1.0),
        ("ends in a month not over yet", "2025-10-10", "2025-12-25", 1.0),
        ("began before the records", "2019-11-15", "2020-06-01", 1.0),
        ("ended within the month of its entry", "2019-11-15", "2020-01-05", 1.0),
    )
    found = contracts.durations()
    rows = list(zip(found.entry.tolist(), found.renewed.tolist(), found.ended.tolist(), strict=True))
    assert rows == [(0, 2, False), (0, 3, True), (0, 11, False), (2, 6, True)]
    assert contracts.left_out() == 1


def test_users_of_a_contract_do_not_decide_about_it() -> None:
    rows = (("employer", "2025-01-01", None, 100.0), ("employee", "2025-01-01", None, 0.0))
    contracts = made(*rows, role=["buyer", "User"])
    assert (contracts.customers.tolist(), contracts.users) == (["employer"], 1)
    assert made(*rows, role=["user", "user"]).users == 0


def test_the_bridge_in_customers_and_in_margin() -> None:
    contracts = made(
        ("kept", "2023-01-01", None, 10.0),
        ("lost", "2023-01-01", "2025-03-31", 20.0),
        ("new", "2025-07-01", None, 30.0),
        ("back", "2023-01-01", "2023-06-30", 40.0),
        ("back", "2025-07-01", None, 40.0),
        ("came and went", "2025-02-01", "2025-08-01", 50.0),
    )
    bridge = base_waterfall(contracts, margin=0.5)
    assert bridge is not None
    counts = (bridge.opening, bridge.new, bridge.reactivated, bridge.lost, bridge.closing, bridge.new_and_lost)
    assert counts == (2, 1, 1, 1, 3, 1)
    assert bridge.lost_margin == pytest.approx(0.5 * 20 * 366 / (365.25 / 12))  # 2024 has 366 days
    assert bridge.change_of_kept == pytest.approx(0.5 * 10 * -1 / (365.25 / 12))
    assert base_waterfall(made(("a", "2025-01-01", None, 1.0), observed_from="2025-01-01"), margin=0.5) is None
    unpriced = base_waterfall(made(("a", "2023-01-01", None, None)), margin=0.5)
    assert unpriced is not None
    assert unpriced.lost_margin is None


def test_months_add_up() -> None:
    contracts = of_world(insurer(400, seed=2))
    months = monthly_contracts(contracts)
    assert months["active"].iloc[-1] == contracts.active().sum()
    steps = np.diff(months["active"]) - (months["began"] - months["ended"]).to_numpy()[1:]
    assert not steps.any()


def test_survival_agrees_with_counting_by_hand_and_with_late_entry() -> None:
    # One contract of four leaves in month 1, one of the two left under observation in month 3; another comes in at 2.
    contracts = made(
        ("a", "2025-01-01", "2025-01-20", 1.0),
        ("b", "2025-01-01", "2025-03-20", 1.0),
        ("c", "2025-11-20", None, 1.0),
        ("d", "2025-01-01", None, 1.0),
        ("e", "2019-11-05", None, 1.0),
    )
    table = survival_table(contracts)
    assert table["survival"].tolist() == pytest.approx([3 / 4, 3 / 4 * 2 / 3])
    assert table["at_risk"].tolist() == [4, 3]
    assert (table["low"] < table["survival"]).all()
    assert (table["high"] > table["survival"]).all()


def test_the_model_follows_kaplan_meier() -> None:
    contracts = of_world(insurer(6000, seed=8))
    fit = fit_renewals(contracts)
    table = survival_table(contracts, segment="plan")
    assert set(table["segment"]) == {"basic", "family", "premium"}
    everybody = survival_table(contracts).query("month <= 48")
    assert fit.full.survival(everybody["month"].to_numpy()) == pytest.approx(everybody["survival"].to_numpy(), abs=0.03)


def test_what_cannot_be_said_is_none_with_a_reason() -> None:
    contracts = made(("a", "2023-01-01", None, None), ("b", "2023-01-01", "2024-02-01", 5.0))
    value = renewal_value(
        fit_renewals(contracts), contracts, horizon_months=12, annual_discount_rate=0.1, gross_margin=0.3
    )
    assert value.missing == "1 of 2 contracts do not have a value per month (column value_per_month of subscriptions)."
    assert (value.equity, value.value_at_risk, value.new_customer) == (None, None, None)
    assert value.churn_rate is not None
    with pytest.raises(CxvalueError, match="No contract ended"):
        fit_renewals(made(("a", "2023-01-01", None, 1.0)))


def test_intervals_hold_what_simulated_customers_do() -> None:
    held: dict[str, int] = dict.fromkeys(("cltv.equity", "churn.rate", "churn.value_at_risk", "cltv.new_customer"), 0)
    worlds = 24
    for seed in range(worlds):
        world = insurer(500, seed=seed, parameters=InsurerParameters(any_day=bool(seed % 2), drivers=False))
        contracts = of_world(world)
        model, part = fit_renewal(contracts.durations()), contracts.part_of_last_period()
        fit = RenewalFit(contracts.as_of, None, model, part, None, 1.0, None, contracts.left_out())
        value = renewal_value(fit, contracts, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=250)
        found = (value.equity, value.churn_rate, value.value_at_risk, value.new_customer)
        for name, interval in zip(held, found, strict=True):
            assert interval is not None
            held[name] += interval.low <= world.truth[name] <= interval.high
    # 23 of 24 are expected; 18 or fewer has a probability below 0.1% for 95% intervals.
    assert min(held.values()) >= 19, held


def test_tables_agree_with_the_totals_and_the_fit_survives_json() -> None:
    contracts = of_world(insurer(600, seed=3))
    fit = fit_renewals(contracts)
    assert RenewalFit.from_dict(fit.to_dict()).to_dict() == fit.to_dict()
    value = renewal_value(fit, contracts, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25)
    assert value.equity is not None
    assert value.value_at_risk is not None
    customers = renewal_customers_table(value, contracts)
    assert customers["cltv"].sum() == pytest.approx(value.equity.value)
    assert np.nansum(value.p_end * value.margin) == pytest.approx(value.value_at_risk.value)
    assert (customers["cltv_low"] <= customers["cltv_high"]).all()
    assert set(renewal_models_table(fit)["window"]) == {"calibration", "full"}
    assert fit.score is not None
    assert fit.score.bias == pytest.approx(fit.score.predicted - fit.score.actual)
    dearer = renewal_value(fit, contracts, horizon_months=24, annual_discount_rate=0.2, gross_margin=0.25)
    assert dearer.equity is not None
    assert dearer.equity.value < value.equity.value
