"""What is planned before anything is fitted: windows, the models asked for, and refusals."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd
import pytest

from cxvalue.foundation.calendar import TimeUnit, default_holdout_start
from cxvalue.foundation.errors import CxvalueError
from cxvalue.questions.lifetime_value.plan import plan_forecast
from cxvalue.tables.purchase_log import purchase_log

FIRST = date(2024, 1, 1)


def bought() -> ibis.Table:
    """Twenty customers, each every 40 days over a year and a half."""
    rows = [(f"c{who:02d}", FIRST + timedelta(days=who + 40 * n), 10.0, 3.0) for who in range(20) for n in range(12)]
    return ibis.memtable(pd.DataFrame(rows, columns=["customer_id", "date", "revenue", "margin"]))


def planned(**changed: Any) -> Any:
    how = {"as_of": date(2025, 5, 20), "observed_from": FIRST, "unit": TimeUnit.WEEK, "allowed": None}
    return plan_forecast(bought(), **{**how, "holdout_start": None, "labels": None, **changed})


def test_days_are_planned_with_rhythms_and_the_last_third_held_back() -> None:
    plan = planned()
    assert plan.holdout_start == default_holdout_start(date(2025, 5, 20), FIRST) == date(2024, 12, 4)
    assert (plan.period, plan.rhythm, len(plan.full)) == (None, True, 20)
    assert plan.full.sum_log_gaps is not None
    assert not planned(allowed=("bg_nbd",)).rhythm
    before = plan.states(date(2024, 12, 3))
    assert before.as_of == date(2024, 12, 3)
    assert before.frequency.max() < plan.full.frequency.max()
    assert plan.bought(date(2024, 12, 4), date(2025, 5, 20))[0].sum() == (
        plan.full.frequency.sum() - before.frequency.sum()
    )


def test_periods_end_whole_and_the_holdout_begins_with_one() -> None:
    plan = planned(allowed=("bg_bb",), unit=TimeUnit.MONTH, holdout_start=date(2024, 12, 17))
    assert (plan.full.as_of, plan.holdout_start, plan.rhythm) == (date(2025, 4, 30), date(2024, 12, 1), False)
    # Counted once a month, although some bought twice in one.
    assert plan.bought(date(2024, 12, 1), date(2025, 4, 30))[0].max() <= 5
    with pytest.raises(CxvalueError, match="cannot be compared with models that count days"):
        planned(allowed=("bg_bb", "nbd"))


@pytest.mark.parametrize("late", [date(2025, 5, 20), date(2025, 6, 1)])
def test_a_holdout_that_leaves_nothing_to_compare_with_does_not_count(late: date) -> None:
    # The report may be of an earlier day than the study file expected.
    assert planned(holdout_start=late).holdout_start == planned().holdout_start == date(2024, 12, 4)
    assert planned(holdout_start=date(2025, 5, 19)).holdout_start == date(2025, 5, 19)
    months = {"allowed": ("bg_bb",), "unit": TimeUnit.MONTH}
    usual = planned(**months).holdout_start
    # The last whole month ended on 30 April.
    assert planned(**months, holdout_start=date(2025, 5, 2)).holdout_start == usual
    assert planned(**months, holdout_start=date(2025, 4, 29)).holdout_start == date(2025, 4, 1)


@pytest.mark.parametrize("allowed", [("bg_nbd", "nbd"), None])
def test_past_days_are_read_from_the_log_as_the_engine_counts_them(allowed: tuple[str, ...] | None) -> None:
    """With customers who came in the holdout, for nothing at first, and after its end."""
    rows = [
        (f"c{who}", FIRST + timedelta(days=who % 7 + 41 * n), 10.0 + who, 3.0) for who in range(9) for n in range(12)
    ]
    rows += [
        ("new", date(2025, 1, 9), 0.0, 0.0),
        ("new", date(2025, 2, 9), 5.0, 1.0),
        ("late", date(2025, 5, 1), 1.0, 1.0),
    ]
    table = ibis.memtable(pd.DataFrame(rows, columns=["customer_id", "date", "revenue", "margin"]))
    how = {"as_of": date(2025, 5, 20), "observed_from": FIRST, "unit": TimeUnit.WEEK, "allowed": allowed}
    log = purchase_log(table, date(2025, 5, 20))
    engine, arrays = (
        plan_forecast(table, **how, holdout_start=None, labels=None, log=one)  # type: ignore[arg-type]
        for one in (None, log)
    )
    assert (engine.log, arrays.log) == (None, log)
    start = arrays.holdout_start
    assert start == engine.holdout_start == date(2024, 12, 4)
    mine, theirs = (plan.states(start - timedelta(days=1)) for plan in (arrays, engine))
    assert theirs.customers == 9
    assert arrays.rhythm is engine.rhythm is (allowed is None)
    assert (mine.sum_log_gaps is None) is (theirs.sum_log_gaps is None) is (allowed is not None)
    for name in ("frequency", "recency_days", "age_days", "mean_spend", "count"):
        assert getattr(mine, name).tolist() == getattr(theirs, name).tolist(), name
    assert (mine.as_of, mine.time_unit, mine.margin_rate) == (theirs.as_of, theirs.time_unit, theirs.margin_rate)
    for until, newcomers in ((date(2025, 5, 20), 2), (date(2025, 3, 4), 1)):
        (came, new), (count, seen) = arrays.bought(start, until), engine.bought(start, until)
        assert came.tolist() == count.tolist()
        assert new == seen == newcomers


def test_the_log_tells_no_periods() -> None:
    log = purchase_log(bought(), date(2025, 5, 20))
    assert planned(log=log, allowed=("bg_bb",), unit=TimeUnit.MONTH).log is None
