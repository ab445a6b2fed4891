"""The first year of contracts: free months, reduced prices and what older contracts change anyway."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.lifetime.contracts.sbg import RenewalModel, fit_renewal
from cxvalue.lifetime.contracts.spells import months_later
from cxvalue.questions.contracts.contract_base import Contracts, contracts_of, look_ahead
from cxvalue.questions.contracts.contract_value import Forecaster, renewal_value, worth_of
from cxvalue.questions.contracts.first_year import FirstYear, first_values, first_year
from cxvalue.questions.contracts.past_renewals import past_renewals
from cxvalue.questions.contracts.renewals import fit_renewals
from tests.insurerworlds import by_age

FIRST, AS_OF, FAR = date(2021, 1, 1), date(2024, 12, 31), 10**6
BEGUN, TODAY = ((day - date(1970, 1, 1)).days for day in (FIRST, AS_OF))


def rows_of(first: float, months: int, size: int = 900, leave: float = 0.04, rise: float = 1.0) -> pd.DataFrame:
    """A row at `first` times the price for some months, then one at the price, to their true ends; prices may rise late."""
    rng = np.random.default_rng(4)
    start = rng.integers(BEGUN, TODAY, size)
    end = months_later(start, rng.geometric(leave, size))
    full, price = months_later(start, np.full(size, months)), rng.choice([20.0, 40.0, 90.0], size)
    parts = [(np.arange(size), start, np.minimum(end, full), price * first), (np.arange(size), full, end, price)]
    if rise != 1:
        day = TODAY - 180
        before = [(who, low, np.minimum(high, day), value) for who, low, high, value in parts]
        parts = before + [(who, np.maximum(low, day), high, value * rise) for who, low, high, value in parts]
    frame = pd.concat([pd.DataFrame(dict(zip("cseu", part, strict=True))) for part in parts])
    return frame[(frame["s"] < frame["e"])]


def contracts_from(frame: pd.DataFrame) -> Contracts:
    known = frame[frame["s"] <= TODAY]
    ends = known["e"].where(known["e"] <= TODAY)
    table = pd.DataFrame(
        {
            "customer_id": known["c"].astype(str),
            "start": pd.to_datetime(known["s"], unit="D"),
            "end": pd.to_datetime(ends, unit="D"),
            "value_per_month": known["u"],
        }
    )
    return contracts_of(ibis.memtable(table), as_of=AS_OF, observed_from=FIRST)


def test_half_a_price_for_three_months_doubles_with_the_third() -> None:
    found = first_year(contracts_from(rows_of(0.5, 3)))
    assert found is not None
    assert found.ratio == pytest.approx([1, 1, 2, *[1] * 9])
    assert found.settled(np.array([10.0, 10.0]), np.array([1, 5]), np.ones((2, 4))) == pytest.approx([15.0, 10.0])


def test_who_pays_nothing_yet_will_pay_what_others_began_with() -> None:
    found = first_year(contracts_from(rows_of(0.0, 1)))
    assert found is not None
    assert (found.starting[0], found.starting[1:].sum()) == (1.0, 0.0)
    worth = found.settled(np.array([0.0, 30.0]), np.array([0, 0]), np.ones((2, 10)))
    assert worth == pytest.approx([0.9 * found.starts_at[0], 30.0])


def test_where_values_stay_there_is_no_rule_of_the_first_year() -> None:
    assert first_year(contracts_from(rows_of(1.0, 3))) is None
    unknown = rows_of(0.5, 3).assign(u=np.nan)
    assert first_year(contracts_from(unknown)) is None


def test_a_rise_of_all_prices_is_not_taken_for_one_of_the_first_year() -> None:
    found = first_year(contracts_from(rows_of(1.0, 3, rise=1.3)))
    year = 1.0 if found is None else float(np.prod(found.ratio))
    assert year == pytest.approx(1.0, abs=0.15)


def stepped(first: float, months: int, late: int = 0) -> pd.DataFrame:
    """The same with prices 5% higher from each anniversary on (or so many days after it)."""
    frame, parts = rows_of(first, months), []
    for year in range(4):
        low, high = (months_later(began(frame), 12 * more) + late * (more > 0) for more in (year, year + 1))
        part = frame.assign(s=np.maximum(frame["s"], low), e=np.minimum(frame["e"], high), u=frame["u"] * 1.05**year)
        parts.append(part[part["s"] < part["e"]])
    return pd.concat(parts)


def began(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby("c")["s"].transform("min")


@pytest.mark.parametrize("late", [0, 20])
def test_a_price_that_rises_at_every_anniversary_is_no_matter_of_the_first_year(late: int) -> None:
    assert first_year(contracts_from(stepped(1.0, 3, late))) is None
    found = first_year(contracts_from(stepped(0.5, 3, late)))
    assert found is not None
    assert found.ratio == pytest.approx([1, 1, 2, *[1] * 9], abs=1e-9)


def test_a_price_that_ends_with_the_first_year_is_one_of_it() -> None:
    found = first_year(contracts_from(rows_of(0.5, 12)))
    assert found is not None
    assert found.ratio == pytest.approx([*[1] * 11, 2])


@pytest.mark.parametrize("first", [1.0, 0.5])
def test_days_between_two_contracts_are_no_free_month(first: float) -> None:
    """Contracts end ten days before the sixth month is over, and the next begin ten days after it."""
    frame = rows_of(first, 3)
    half = months_later(began(frame), np.full(len(frame), 6))
    before, after = frame.assign(e=np.minimum(frame["e"], half - 10)), frame.assign(s=np.maximum(frame["s"], half + 10))
    gone = pd.concat([before, after])
    found = first_year(contracts_from(gone[gone["s"] < gone["e"]]))
    assert (found is None) == (first == 1)
    if found is not None:
        assert found.ratio == pytest.approx([1, 1, 2, *[1] * 9])
        assert found.starting.sum() == 0


def test_only_what_was_known_on_a_day_counts() -> None:
    contracts = contracts_from(rows_of(0.5, 3))
    assert first_year(contracts, FIRST + timedelta(days=20)) is None
    assert first_year(contracts, FIRST + timedelta(days=400)) is not None


def test_the_value_ahead_is_weighed_by_who_is_still_there() -> None:
    contracts = contracts_from(rows_of(0.5, 3))
    seen = look_ahead(contracts, 1.0)
    rule = FirstYear(np.array([1.0, 1.0, 2.0, *[1.0] * 9]), np.zeros(12), np.zeros(12))
    gone = rule.worth(contracts, seen, AS_OF, lambda chances, _: (chances == 0).astype(float), np.arange(13.0))
    assert gone == pytest.approx(contracts.monthly_value()[seen.who])


def model_of(contracts: Contracts) -> RenewalModel:
    return fit_renewal(contracts.durations())


def test_worth_by_groups_is_that_of_each_customer() -> None:
    contracts = contracts_from(rows_of(0.5, 3))
    rule, model, seen = first_year(contracts), model_of(contracts), look_ahead(contracts, 0.4)
    assert rule is not None
    paid = np.concatenate([[0.0], np.cumsum(0.99 ** np.arange(30))])
    here = np.stack([model.survival(seen.chances(month), seen.renewed) for month in range(30)], axis=1)
    age = np.floor(contracts.ages_less(0)[seen.who]).astype(np.int64)
    alone = rule.settled(contracts.monthly_value()[seen.who], age, here * np.diff(paid))
    assert rule.worth(contracts, seen, AS_OF, model.survival, paid) == pytest.approx(alone, rel=1e-12)
    value, same = np.array([3.0, 0.0]), np.ones((1, 9))
    wide = rule.settled(value, np.zeros(2, dtype=np.int64), np.ones((2, 9)))
    assert rule.settled(value, np.zeros(1, dtype=np.int64), same) == pytest.approx(wide)


def test_the_first_year_is_weighed_at_the_pace_at_which_customers_leave() -> None:
    contracts = contracts_from(rows_of(0.5, 3))
    by = Forecaster(model_of(contracts), 1.0, None, contracts, AS_OF, changes=first_year(contracts))
    paid = np.arange(25.0)
    ahead, left = worth_of(by._replace(pace=6.0), paid), worth_of(by._replace(pace=2.0, followed=3.0), paid)
    assert left == pytest.approx(ahead)
    assert worth_of(by, paid).sum() > 1.005 * ahead.sum()


def test_the_first_year_is_looked_at_once_for_each_past_day(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[date | None] = []

    def counted(contracts: Contracts, on: date | None = None) -> FirstYear | None:
        asked.append(on)
        return first_year(contracts, on)

    monkeypatch.setattr("cxvalue.questions.contracts.past_renewals.first_year", counted)
    found = past_renewals(contracts_from(rows_of(0.5, 3)), 24, 0.0)
    assert len(found.margin) > len(asked) == len(set(asked)) > 1


@pytest.mark.parametrize(("first", "months"), [(0.5, 3), (0.0, 1)])
def test_equity_and_new_customers_hold_the_truth_where_prices_begin_low(first: float, months: int) -> None:
    frame = rows_of(first, months)
    contracts = contracts_from(frame)
    past = past_renewals(contracts, 12, 0.0)
    fit = fit_renewals(contracts)
    churn = by_age(fit, contracts, 1.0, leaving=past.leaving)
    value = renewal_value(fit, contracts, churn, horizon_months=12, annual_discount_rate=0.0, gross_margin=1.0,
                          before=past.margin, leaving=past.leaving)  # fmt: skip
    ahead = frame[frame["c"].isin(frame["c"][(frame["s"] <= TODAY) & (frame["e"] > TODAY)])]
    days = np.minimum(ahead["e"], TODAY + 365) - np.maximum(ahead["s"], TODAY)
    came = float((np.clip(days, 0, None) * ahead["u"]).sum() / 30.4375)
    new = 50.0 * float((0.96 ** np.arange(12) * np.where(np.arange(12) < months, first, 1.0)).sum())
    assert value.equity is not None
    assert value.new_customer is not None
    assert value.equity.low <= came <= value.equity.high
    assert value.new_customer.low <= new <= value.new_customer.high
    assert value.new_customer.value == pytest.approx(new, rel=0.1)


def test_new_contracts_begin_at_the_values_of_the_last_year_where_these_changed() -> None:
    frame = rows_of(1.0, 3)
    same, changed = first_values(contracts_from(frame))
    assert (changed, same.size) == (False, (frame.groupby("c")["s"].min() <= TODAY).sum())
    dearer = frame.assign(u=frame["u"] * np.where(frame.groupby("c")["s"].transform("min") > TODAY - 365, 1.6, 1.0))
    late, changed = first_values(contracts_from(dearer))
    assert changed
    assert late.mean() == pytest.approx(80.0, rel=0.12)
