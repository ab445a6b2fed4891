"""Churn under contract on a simulated insurer: known ratios, the past forecast, accounts, the list, yearly contracts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.findings.finding import Finding
from cxvalue.lifetime.contracts.sbg import fit_renewal
from cxvalue.questions.churn.early_warning import COMPLAINT_OPEN, reason_table
from cxvalue.questions.contracts.accounts import NO_ANSWER, AccountRenewals, account_renewals
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of
from cxvalue.questions.contracts.contract_value import renewal_value
from cxvalue.questions.contracts.contract_warning import (
    CONTRACT_REASONS,
    RECENT_COMPLAINT,
    UNSATISFIED,
    contract_warning,
)
from cxvalue.questions.contracts.drivers import COMPLAINT, SATISFACTION, THIRDS, DriverTables, scores_of
from cxvalue.questions.contracts.ending_findings import (
    account_findings,
    contract_churn_findings,
    driver_findings,
    no_cause,
)
from cxvalue.questions.contracts.endings import ContractChurn, _scores, contract_churn
from cxvalue.questions.contracts.findings import renewal_findings
from cxvalue.questions.contracts.renewals import RenewalFit, fit_renewals, missing_margin
from cxvalue.questions.contracts.tables import renewal_holdout_table
from cxvalue.simulate.insurer_world import InsurerParameters, insurer
from cxvalue.simulate.world import World
from tests.insurerworlds import by_age, in_engine, of_world

SEED = 3
Made = tuple[World, Contracts, DriverTables, RenewalFit, ContractChurn, AccountRenewals]


@pytest.fixture(scope="module")
def made() -> Made:
    world = insurer(1600, seed=SEED)
    contracts, tables, con = in_engine(world)
    fit = fit_renewals(contracts)
    churn = contract_churn(fit, contracts, tables, con, gross_margin=0.25, draws=100)
    accounts = account_renewals(contracts, scores_of(tables, contracts.as_of), gross_margin=0.25)
    assert accounts is not None
    return world, contracts, tables, fit, churn, accounts


def test_the_ratios_that_made_the_world_are_found(made: Made) -> None:
    world, *_, churn, _ = made
    assert churn.hazard is not None
    rows = churn.hazard.model.ratios().set_index(["driver", "level"])
    truth = world.truth["hazard_ratios"]
    for driver, level, ratio in (
        (COMPLAINT, "yes", truth[COMPLAINT]),
        ("region", "south", truth["region"]),
    ):
        assert rows.loc[(driver, level), "low"] < ratio < rows.loc[(driver, level), "high"], driver
    assert rows.loc[(SATISFACTION, THIRDS[0]), "low"] > 1.3
    plans = rows.loc["plan"].dropna(subset="low")
    assert ((plans["low"] < 1) & (plans["high"] > 1)).all()


def test_drivers_foresee_better_and_the_forecast_holds_what_comes(made: Made) -> None:
    world, _, _, _, churn, _ = made
    assert churn.model == "hazard"
    scores = {score.model: score for score in churn.scores}
    assert scores["hazard"].backtest.auc > scores["sbg"].backtest.auc
    assert scores["hazard"].backtest.brier < scores["hazard"].backtest.brier_of_rate
    assert churn.losses is not None
    assert churn.losses.rate.low <= world.truth["churn.rate"] <= churn.losses.rate.high
    assert churn.losses.at_risk.low <= world.truth["churn.value_at_risk"] <= churn.losses.at_risk.high
    assert churn.probabilities.mean() == pytest.approx(churn.losses.rate.value)


def test_nothing_of_the_holdout_is_known_to_its_forecast(made: Made) -> None:
    """The same forecast of the past comes out when everything after the day before the holdout is cut off."""
    import ibis

    _, contracts, tables, fit, churn, _ = made
    assert fit.holdout_start is not None
    last = fit.holdout_start - timedelta(days=1)
    cut = DriverTables(
        tables.subscriptions,
        tables.customers,
        *(table.filter(table.date <= ibis.literal(last)) for table in (tables.interactions, tables.surveys)),
    )
    again, _ = _scores(fit, contracts, cut, tables.subscriptions.get_backend(), 100, 0.95, 1)
    for mine, theirs in zip(churn.scores, again, strict=True):
        assert mine.backtest.probabilities == pytest.approx(theirs.backtest.probabilities)


def test_without_drivers_the_two_models_say_nearly_the_same() -> None:
    world = insurer(2000, seed=3, parameters=InsurerParameters(drivers=False))
    contracts, tables, con = in_engine(world)
    fit = fit_renewals(contracts)
    bare = DriverTables(tables.subscriptions)
    churn = contract_churn(fit, contracts, bare, con, gross_margin=0.25, draws=40)
    simpler = by_age(fit, contracts, draws=50)
    assert simpler.losses is not None
    assert churn.losses is not None
    said = [float(score.backtest.probabilities.mean()) for score in churn.scores]
    assert said[0] == pytest.approx(said[1], abs=0.03)
    assert churn.losses.rate.value == pytest.approx(simpler.losses.rate.value, abs=0.03)


def test_value_rests_on_the_model_that_forecasts_who_leaves(made: Made) -> None:
    world, contracts, _, fit, churn, _ = made
    value = renewal_value(
        fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=150
    )
    assert (churn.model, value.model) == ("hazard", "hazard")
    assert value.p_end[churn.seen.who] == pytest.approx(churn.probabilities)
    assert value.equity is not None
    assert value.new_customer is not None
    assert value.cltv.sum() == pytest.approx(value.equity.value)
    assert value.equity.low < world.truth["cltv.equity"] < value.equity.high
    assert value.new_customer.low < world.truth["cltv.new_customer"] < value.new_customer.high
    simpler = renewal_value(
        fit, contracts, by_age(fit, contracts), horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=50
    )
    assert simpler.equity is not None
    assert simpler.equity.value != value.equity.value


def test_value_by_drivers_is_the_sum_of_the_chances_to_stay(made: Made) -> None:
    """Without discount, who can leave first after w of a month brings w + S(1) + … + S(11) + (1 - w) S(12) months of 12."""
    _, contracts, _, fit, churn, _ = made
    value = renewal_value(
        fit, contracts, churn, horizon_months=12, annual_discount_rate=0.0, gross_margin=1.0, draws=30
    )
    assert churn.hazard is not None
    seen, every = churn.seen, np.arange(churn.seen.who.size)
    stays = [1 - churn.hazard.p_end(seen.renewed, np.full(every.size, k), every) for k in range(13)]
    months = seen.wait + sum(stays[1:12]) + (1 - seen.wait) * stays[12]
    paid = contracts.monthly_value()[seen.who]
    assert value.cltv[seen.who] == pytest.approx(paid * months)
    assert ((value.cltv_low <= value.cltv_high) & (value.cltv_high <= 12 * contracts.monthly_value() + 1e-9)).all()


def test_the_forecast_of_the_past_is_held_against_the_margin_that_came(made: Made) -> None:
    _, contracts, _, fit, churn, _ = made
    value = renewal_value(
        fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=100
    )
    assert value.backtest is not None
    assert fit.holdout_start is not None
    last = (fit.holdout_start - timedelta(days=1) - date(1970, 1, 1)).days
    end = (contracts.as_of - date(1970, 1, 1)).days
    rows = contracts.rows[(contracts.rows["start"] <= last) & (contracts.rows["end"] > last)]
    came = 0.25 * (rows["value"] * (np.minimum(rows["end"], end) - last)).sum() / (365.25 / 12)
    assert value.backtest.margin.actual == pytest.approx(came)
    assert value.backtest.customers == len(rows)
    assert not value.backtest.margin.outside
    assert churn.leavers is not None
    assert not churn.leavers.outside
    assert churn.pace == 1
    found = {one.id: one for one in renewal_findings(value, fit, churn, customers=10, currency="EUR", level=0.95)}
    assert "inside that range" in found["cltv.backtest"].text
    assert (found["cltv.equity"].grade, "Caution" in found["cltv.equity"].text) == ("C", False)
    holdout = renewal_holdout_table(fit, churn)
    assert holdout.set_index("model")["selected"].to_dict() == {"sbg": False, "hazard": True}
    assert holdout["actual"].tolist() == [float((~score.backtest.stayed_away).sum()) for score in churn.scores]


def test_a_past_forecast_that_missed_is_said_and_widens_every_range() -> None:
    """In the last year of a steady business every second of those who would have stayed leaves as well."""
    world = insurer(1500, seed=9, parameters=InsurerParameters(drivers=False))
    table = world.tables["subscriptions"]
    table = table[table["role"] == "buyer"].copy()
    rng = np.random.default_rng(1)
    fate = world.study["as_of"] - np.array([timedelta(days=int(one)) for one in rng.integers(1, 300, len(table))])
    gone = table["end"].isna() & (rng.random(len(table)) < 0.5) & (table["start"] < "2025-06-01")
    table["end"] = table["end"].where(~gone, np.array(fate, dtype="datetime64[D]").astype("datetime64[s]"))
    con = connect()
    subscriptions = con.create_table("subscriptions", table)
    contracts = contracts_of(subscriptions, as_of=world.study["as_of"], observed_from=world.study["observed_from"])
    marked = fit_renewals(contracts)
    settings = {"horizon_months": 24, "annual_discount_rate": 0.1, "gross_margin": 0.25, "draws": 100}
    tables = DriverTables(subscriptions)
    followed = contract_churn(marked, contracts, tables, con, gross_margin=0.25, draws=100)
    # The change itself is seen and followed: the range holds that it is over, not that it comes once more.
    assert followed.pace == marked.full.otherwise
    assert followed.pace < 0.5
    assert followed.losses is not None
    calm_rate = (1 - (1 - followed.probabilities) ** followed.pace).mean()
    assert followed.losses.rate.low <= calm_rate < followed.losses.rate.value
    told = {one.id: one for one in contract_churn_findings(followed, currency="EUR")}["churn.rate"]
    assert told.grade == "D"
    assert "a return to the earlier pace" in told.text
    assert "The range is widened" not in told.text
    # Where it is not followed, the miss is held against the future.
    fit = replace(marked, full=fit_renewal(contracts.durations()))
    churn = contract_churn(fit, contracts, tables, con, gross_margin=0.25, draws=100)
    value = renewal_value(fit, contracts, churn, **settings)  # type: ignore[arg-type]
    assert churn.leavers is not None
    assert churn.leavers.outside
    past = churn.backtest
    assert past is not None
    # If everybody left `pace` times as fast, as many would have been foreseen as came (to a first order).
    assert (1 - (1 - past.probabilities) ** churn.pace).sum() == pytest.approx(churn.leavers.actual, rel=0.05)
    assert churn.losses is not None
    assert churn.losses.rate.high >= (1 - (1 - churn.probabilities) ** churn.pace).mean()
    calm = replace(churn, leavers=None)
    narrow = renewal_value(fit, contracts, calm, **settings)  # type: ignore[arg-type]
    for one, other in ((value.equity, narrow.equity), (value.new_customer, narrow.new_customer)):
        assert one is not None
        assert other is not None
        assert one.low < other.low
        assert one.value == other.value
    findings = [
        *contract_churn_findings(churn, currency="EUR"),
        *renewal_findings(value, fit, churn, customers=100, currency="EUR", level=0.95),
    ]
    found = {one.id: one for one in findings}
    for name in ("churn.rate", "churn.value_at_risk", "cltv.equity", "cltv.new_customer"):
        assert found[name].grade == "D"
    for name in ("churn.rate", "cltv.equity"):
        assert f"Actual: {churn.leavers.actual:,.0f}. The range is widened" in found[name].text
    assert found["cltv.backtest"].text.endswith(("above that range.", "below that range."))


def test_too_few_ends_leave_the_simpler_model_with_the_reason() -> None:
    contracts, tables, con = in_engine(insurer(40, seed=5))
    fit = fit_renewals(contracts)
    churn = contract_churn(fit, contracts, tables, con, gross_margin=None, missing="No value.", draws=50)
    assert churn.model == "sbg"
    found = {finding.id: finding for finding in contract_churn_findings(churn, currency="EUR")}
    assert found["churn.value_at_risk"].text == "Not available: no value."
    assert np.isnan(churn.margins).all()
    if churn.hazard is None:
        assert "are needed before drivers" in churn.why


def test_accounts_renew_as_counted_and_the_gap_holds_the_true_one(made: Made) -> None:
    world, *_, accounts = made
    assert accounts.renewed / accounts.accounts == pytest.approx(world.truth["churn.account_renewals"])
    assert accounts.lost_margin == pytest.approx(world.truth["churn.lost_renewals_margin"])
    assert accounts.accounts - accounts.renewed == world.truth["base.lost_customers"]
    assert accounts.gap is not None
    assert accounts.gap.low <= world.truth["churn.satisfaction_gap"] <= accounts.gap.high
    assert accounts.landmarks == 3
    assert accounts.users
    assert accounts.bands["accounts"].sum() == len(accounts.rows)
    assert accounts.slope is not None
    assert accounts.slope.low > 0


def test_the_interval_of_the_gap_is_that_of_statsmodels(made: Made) -> None:
    import statsmodels.api as sm

    accounts = made[5]
    assert accounts.gap is not None
    assert accounts.slope is not None
    chosen = accounts.rows[accounts.rows["band"].isin([THIRDS[0], THIRDS[2]])]
    x = sm.add_constant(chosen["band"].eq(THIRDS[2]).astype(float))
    groups = chosen["account"].factorize()[0]
    fit = sm.OLS(chosen["renewed"].astype(float), x).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    number = len(set(groups))
    assert accounts.gap.value == pytest.approx(fit.params.iloc[1])
    width = 2 * 1.959964 * fit.bse.iloc[1] * np.sqrt(number / (number - 1))
    assert accounts.gap.high - accounts.gap.low == pytest.approx(width, rel=1e-5)
    answered = accounts.rows[accounts.rows["band"] != NO_ANSWER]
    line = sm.OLS(answered["renewed"].astype(float), sm.add_constant(answered["score"])).fit()
    assert accounts.slope.value == pytest.approx(line.params.iloc[1])


def test_without_surveys_the_gap_is_refused_in_words(made: Made) -> None:
    _, contracts, tables, *_ = made
    found = account_renewals(contracts, None, gross_margin=None)
    assert found is not None
    rows = {finding.id: finding for finding in account_findings(found, currency="EUR", level=0.95)}
    assert rows["churn.satisfaction_gap"].value is None
    assert "the study has no surveys" in rows["churn.satisfaction_gap"].text
    assert rows["churn.lost_renewals_margin"].value is None
    assert rows["churn.account_renewals"].value == found.renewed / found.accounts
    short = replace(contracts, observed_from=contracts.as_of - timedelta(days=200))
    assert account_renewals(short, None, gross_margin=0.25) is None
    assert scores_of(DriverTables(tables.subscriptions), contracts.as_of) is None


def test_findings_say_what_was_found_and_that_links_are_no_causes(made: Made) -> None:
    *_, churn, accounts = made
    findings = [
        *contract_churn_findings(churn, currency="EUR"),
        *driver_findings(churn, level=0.95),
        *account_findings(accounts, currency="EUR", level=0.95),
    ]
    found = {finding.id: finding for finding in findings}
    assert {"churn.rate", "churn.value_at_risk", "churn.auc", "churn.brier"} < set(found)
    for name in ("hazard_ratio.complaint", "hazard_ratio.satisfaction", "satisfaction_gap"):
        assert found[f"churn.{name}"].grade == "D"
        assert no_cause() in found[f"churn.{name}"].text
    assert found["churn.unsatisfied_accounts_margin"].value == pytest.approx(accounts.at_risk_margin)


def test_the_list_ranks_by_margin_at_risk_and_says_why(made: Made) -> None:
    world, contracts, tables, _, churn, _ = made
    listed = contract_warning(churn, contracts, tables)
    assert listed["rank"].tolist() == list(range(1, int(contracts.active().sum()) + 1))
    assert listed["value_at_risk"].is_monotonic_decreasing
    assert churn.losses is not None
    assert listed["value_at_risk"].sum() == pytest.approx(churn.losses.at_risk.value)
    counts = reason_table(listed, CONTRACT_REASONS).set_index("reason")["customers"]
    assert min(counts[COMPLAINT_OPEN], counts[RECENT_COMPLAINT], counts[UNSATISFIED]) > 0
    touches = world.tables["interactions"]
    still = touches[touches["resolved_on"].isna()]["customer_id"]
    here = set(contracts.customers[contracts.active()])
    assert counts[COMPLAINT_OPEN] == len(set(still) & here)
    recent = touches[touches["date"] > np.datetime64(world.study["as_of"] - timedelta(days=90))]["customer_id"]
    assert counts[RECENT_COMPLAINT] == len(set(recent) & here)


@pytest.mark.parametrize(("worlds", "least"), [(4, 2), (12, 9)])
def test_contracts_that_end_by_the_year_get_a_yearly_clock_whose_intervals_hold(worlds: int, least: int) -> None:
    held = dict.fromkeys(("cltv.equity", "churn.rate", "cltv.new_customer"), 0)
    true = InsurerParameters(yearly=True, drivers=False, alpha=1.0, beta=5.0)
    for seed in range(worlds):
        world = insurer(600, seed=seed, parameters=true)
        contracts = of_world(world)
        fit = fit_renewals(contracts)
        assert (fit.clock, fit.full.time_unit) == ("year", "year")
        churn = by_age(fit, contracts, draws=200)
        assert churn.losses is not None
        value = renewal_value(
            fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=200
        )
        found = (value.equity, churn.losses.rate, value.new_customer)
        for name, interval in zip(held, found, strict=True):
            assert interval is not None
            held[name] += interval.low <= world.truth[name] <= interval.high
    # 8 or fewer of 12 has a probability below 0.3%, 1 or none of 4 one below 0.1%.
    assert min(held.values()) >= least, held


def test_monthly_and_mixed_contracts_are_told_apart() -> None:
    monthly, _, _ = in_engine(insurer(500, seed=1))
    assert not monthly.annual
    assert not monthly.mixed
    assert fit_renewals(monthly).clock == "month"
    assert fit_renewals(replace(monthly, at_anniversaries=0.6)).clock == "mixed"
    assert monthly.as_of > date(2026, 1, 1)


def test_the_clock_of_the_contracts_is_said_on_the_page() -> None:
    contracts, tables, con = in_engine(insurer(500, seed=1))
    fit = fit_renewals(contracts)
    churn = contract_churn(fit, contracts, DriverTables(tables.subscriptions), con, gross_margin=0.25, draws=40)
    value = renewal_value(
        fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, draws=50
    )

    def equity(clock: str) -> Finding:
        asked = replace(fit, clock=clock, at_anniversaries=0.6)
        return renewal_findings(value, asked, churn, customers=100, currency="EUR", level=0.95)[0]

    assert "Caution: 60% of the contracts that ended did so near an anniversary" in equity("mixed").text
    assert "so contracts are assumed to end once a year" in equity("year").method
    assert "anniversary" not in equity("month").text + equity("month").method


def test_a_study_that_knows_nothing_but_dates_is_answered_without_money() -> None:
    world = insurer(400, seed=6, parameters=InsurerParameters(users=1.0))
    con = connect()
    table = world.tables["subscriptions"][["customer_id", "start", "end"]]
    subscriptions = con.create_table("subscriptions", table[table["customer_id"].str.startswith("C")])
    contracts = contracts_of(subscriptions, as_of=world.study["as_of"], observed_from=world.study["observed_from"])
    missing = missing_margin(contracts, 0.25)
    assert missing.startswith("No contract has a value per month")
    bare = DriverTables(subscriptions)
    churn = contract_churn(fit_renewals(contracts), contracts, bare, con, gross_margin=0.25, missing=missing, draws=40)
    assert churn.hazard is not None
    assert churn.hazard.model.drivers == ("tenure",)
    listed = contract_warning(churn, contracts, bare)
    assert listed["value_at_risk"].isna().all()
    assert listed["p_end_12m"].is_monotonic_decreasing
    assert set(listed["reason"]) == {""}
    assert account_renewals(contracts, scores_of(bare, contracts.as_of), gross_margin=0.25) is not None


def test_drivers_are_found_where_contracts_end_by_the_year() -> None:
    world = insurer(2500, seed=4, parameters=InsurerParameters(yearly=True, alpha=1.0, beta=4.0))
    contracts, tables, con = in_engine(world)
    fit = fit_renewals(contracts)
    assert fit.clock == "year"
    churn = contract_churn(fit, contracts, tables, con, gross_margin=0.25, draws=60)
    assert churn.hazard is not None
    rows = churn.hazard.model.ratios().set_index(["driver", "level"])
    assert rows.loc[("region", "south"), "low"] < world.truth["hazard_ratios"]["region"]
    assert world.truth["hazard_ratios"]["region"] < rows.loc[("region", "south"), "high"]
    assert rows.loc[(COMPLAINT, "yes"), "low"] > 1
    assert churn.model == "hazard"
    assert churn.losses is not None
    assert churn.losses.rate.low <= world.truth["churn.rate"] <= churn.losses.rate.high
