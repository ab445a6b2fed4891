"""Old customers who look new where a history begins, and what a study says about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.findings.numbers import format_date
from cxvalue.questions.customers import audit
from cxvalue.questions.lifetime_value.forecast import fit_study
from cxvalue.tables.checks.history_begins import history_begins
from cxvalue.tables.states import first_seen_from, purchase_states_from_purchases
from tests.tables.helpers import ledger, load, problems, study

BEGIN, END = date(2023, 1, 1), date(2024, 6, 30)


def _shop(newcomers: Callable[[int], float], years_before: int = 0, seed: int = 1, pace: float = 4.0) -> pd.DataFrame:
    """Purchase days of a shop whose first customers came so many years before `BEGIN`; `newcomers` gives them by month."""
    rng = np.random.default_rng(seed)
    rows = []
    for month in range(-12 * years_before, 18):
        number = rng.poisson(newcomers(month))
        starts = (month + rng.random(number)) * 30.4375
        rates, stays = rng.gamma(1.0, pace, number), rng.exponential(2 * 365, number)
        for i, (start, rate, stay) in enumerate(zip(starts, rates, stays, strict=True)):
            later = start + rng.random(rng.poisson(rate * stay / 365)) * stay
            rows += [(f"{month}_{i}", day) for day in {int(start), *later.astype(int)}]
    table = pd.DataFrame(rows, columns=["customer_id", "day"])
    table = table[(table.day >= 0) & (table.day <= (END - BEGIN).days)]
    table["date"] = (pd.Timestamp(BEGIN) + pd.to_timedelta(table.pop("day"), unit="D")).dt.date
    return table.assign(revenue=10.0, margin=3.0)


def _purchases(table: pd.DataFrame) -> ibis.Table:
    return ibis.memtable(table)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_that_begins_in_the_middle_of_a_history_is_said_first(seed: int) -> None:
    table = _shop(lambda month: 60, years_before=3, seed=seed)
    caution = history_begins(_purchases(table), END, None)
    assert caution is not None
    firsts = table.groupby("customer_id").date.min()
    line = "first_purchases: {ignore_before: "
    assert "ignore_before" not in caution.text, "a page says it in words, the terminal has the line"
    assert caution.private.startswith(line)
    after = date.fromisoformat(caution.private.removeprefix(line).rstrip("}"))
    assert after in (date(2023, 2, 1), date(2023, 3, 1), date(2023, 4, 1))
    assert (caution.kind, caution.rows, caution.lowers) == ("history_begins", int((firsts < after).sum()), False)
    assert caution.share == pytest.approx(caution.rows / len(firsts))
    assert f"{caution.rows:,} customers (of {len(firsts):,}) first seen before {format_date(after)}" in caution.text
    # The line that it prints answers it.
    assert history_begins(_purchases(table), END, after) is None


GROWTH = {
    "steady": lambda month: 60,
    "growing": lambda month: 30 * 1.08**month,
    "declining": lambda month: 150 * 0.9**month,
    "seasonal": lambda month: 60 * (2.5 if month % 12 == 0 else 1),
    "a cohort": lambda month: 300 if month < 3 else 0,
    "a panel that hardly anybody joins": lambda month: 900 if month == 0 else 6,
}


@pytest.mark.parametrize("kind", GROWTH)
@pytest.mark.parametrize("seed", range(2))
def test_a_shop_seen_from_its_beginning_gives_no_alarm(kind: str, seed: int) -> None:
    assert history_begins(_purchases(_shop(GROWTH[kind], seed=seed)), END, None) is None


def test_an_opening_that_draws_a_crowd_is_no_history() -> None:
    crowd = _shop(lambda month: 300 if month == 0 else 60, seed=4, pace=3.0)
    assert history_begins(_purchases(crowd), END, None) is None


def _crowd(seed: int, of_old: float) -> pd.DataFrame:
    """300 first purchases in the first month, 60 in each later one; half of 180 days' returns are too late to count."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(300 + 17 * 60):
        month = 0 if i < 300 else 1 + (i - 300) // 60
        start = date(2023 + month // 12, 1 + month % 12, 1 + int(rng.integers(28)))
        again = rng.integers(1, 181, rng.poisson(of_old if month == 0 else 1.0)).tolist()
        days = {start + timedelta(days=gap) for gap in (0, *again)}
        rows += [(f"c{i}", day, 10.0) for day in days if day <= END]
    return pd.DataFrame(rows, columns=["customer_id", "date", "revenue"])


def _come_back_sooner(table: pd.DataFrame, after: date) -> bool:
    """Whether customers from before a day come back within 90 days more often than later ones, by two errors."""
    first = table.groupby("customer_id").date.transform("min")
    gone = (pd.to_datetime(table.date) - pd.to_datetime(first)).dt.days
    people = (
        table.assign(first=first, back=gone.between(1, 90)).groupby("customer_id").agg({"first": "min", "back": "max"})
    )
    people = people[people["first"] <= (pd.Timestamp(END) - pd.Timedelta(days=90)).date()]
    old, new = (people.back[(people["first"] < after) == side].astype(float) for side in (True, False))
    error = np.sqrt(old.var(ddof=0) / len(old) + new.var(ddof=0) / len(new))
    return bool(old.mean() - new.mean() > 2 * error)


def test_whether_the_first_ones_come_back_sooner_is_what_is_counted_by_hand() -> None:
    worlds = [_crowd(seed, of_old=1.0 + 0.06 * seed) for seed in range(8)]
    truths = [_come_back_sooner(world, date(2023, 2, 1)) for world in worlds]
    assert [history_begins(_purchases(world), END, None) is not None for world in worlds] == truths
    assert set(truths) == {True, False}


def test_new_customers_are_those_from_the_day_on() -> None:
    table = pd.DataFrame(
        [("old", date(2023, 1, 5), 90.0), ("old", date(2023, 6, 1), 9.0), ("new", date(2023, 3, 1), 6.0)],
        columns=["customer_id", "date", "margin"],
    ).assign(revenue=100.0)
    purchases = _purchases(table)
    day = date(2023, 2, 1)
    states = purchase_states_from_purchases(purchases, as_of=END, per_customer=True, new_from=day)
    assert (states.customers, states.first_margin_mean) == (2, 6.0)
    assert purchase_states_from_purchases(purchases, as_of=END, per_customer=True).first_margin_mean == 48.0
    assert first_seen_from(purchases, day).customer_id.to_pyarrow().to_pylist() == ["new"]
    cohorts = audit.cohort_table(purchases, as_of=END, observed_from=BEGIN, new_from=day)
    assert cohorts.customers.unique().tolist() == [1]
    assert cohorts.cohort.unique().tolist() == ["2023-03"]


def test_the_models_learn_from_new_customers_alone(tmp_path: Path) -> None:
    table = _shop(lambda month: 12, years_before=3)
    purchases = _purchases(table)
    tables = {"transactions": ledger("a,2023-01-01,1")}
    day = date(2023, 3, 1)
    settings = {"cltv": {"models": "nbd"}, "horizon_months": 12}
    plain = study(tmp_path, tables, **settings)
    told = study(tmp_path, tables, first_purchases={"ignore_before": day}, **settings)
    names = {"purchases": purchases}
    fits = [fit_study(one, names.get, as_of=END, observed_from=BEGIN) for one in (plain, told)]
    firsts = table.groupby("customer_id").date.min()
    assert [fit.model.customers for fit in fits] == [len(firsts), int((firsts >= day).sum())]


def test_a_day_after_the_last_one_is_refused(tmp_path: Path) -> None:
    text = ledger("a,2023-01-01,1")
    message = problems(tmp_path, text, as_of="2023-01-31", first_purchases={"ignore_before": date(2023, 2, 1)})
    assert "study.first_purchases.ignore_before: is 2023-02-01, after 2023-01-31, the last day observed" in message
    assert load(tmp_path, text, as_of="2023-01-31", first_purchases={"ignore_before": date(2023, 1, 2)})
