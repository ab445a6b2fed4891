"""The customer-base audit against counts made by hand and by a slow second way in plain Python."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.customers import audit as base

AS_OF = date(2026, 6, 30)
OBSERVED_FROM = date(2023, 7, 1)


def purchases(rows: list[tuple[str, date, float]]) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "margin"])
    frame["date"] = pd.to_datetime(frame["date"])
    frame["revenue"] = frame["margin"] * 2
    connection = ibis.duckdb.connect()
    table = connection.create_table("purchases", frame)
    return table.mutate(date=table.date.date())


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.fixture(scope="module")
def ledger() -> ibis.Table:
    """One customer of each kind, dormancy after 90 days, opening date 30 June 2025 (365 days ago)."""
    return purchases(
        [
            ("kept", days_ago(400), 10.0),
            ("kept", days_ago(10), 14.0),
            ("lost", days_ago(700), 1.0),
            ("lost", days_ago(366), 20.0),
            ("reactivated", days_ago(600), 5.0),
            ("reactivated", days_ago(89), 7.0),
            ("new", days_ago(50), 3.0),
            ("new and lost", days_ago(200), 4.0),
            ("long gone", days_ago(900), 8.0),
        ]
    )


def test_the_base_is_counted_and_active_ends_at_the_dormancy_limit(ledger: ibis.Table) -> None:
    counts = base.base_counts(ledger, as_of=AS_OF, dormancy_days=90)
    assert (counts.customers, counts.active) == (6, 3)
    assert (counts.aged_12_months, counts.repeated) == (4, 3)
    assert counts.repeat_rate == 0.75
    assert base.base_counts(ledger, as_of=AS_OF, dormancy_days=89).active == 2


def test_nobody_aged_a_year_has_no_repeat_rate() -> None:
    counts = base.base_counts(purchases([("a", days_ago(3), 1.0)]), as_of=AS_OF, dormancy_days=90)
    assert counts.repeat_rate is None


def test_the_waterfall_puts_each_kind_in_its_place(ledger: ibis.Table) -> None:
    bridge = base.waterfall(ledger, as_of=AS_OF, observed_from=OBSERVED_FROM, dormancy_days=90)
    assert bridge is not None
    assert bridge.start == date(2025, 6, 30)
    assert (bridge.opening, bridge.new, bridge.reactivated, bridge.lost, bridge.closing) == (2, 1, 1, 1, 3)
    assert bridge.new_and_lost == 1
    assert (bridge.opening_margin, bridge.lost_margin, bridge.change_of_kept) == (31.0, 21.0, 4.0)
    assert (bridge.new_margin, bridge.reactivated_margin, bridge.closing_margin) == (3.0, 7.0, 24.0)


def test_a_short_history_is_not_bridged_or_only_in_customers(ledger: ibis.Table) -> None:
    limit = date(2025, 6, 30) - timedelta(days=89)
    assert base.waterfall(ledger, as_of=AS_OF, observed_from=limit + timedelta(days=1), dormancy_days=90) is None
    bridge = base.waterfall(ledger, as_of=AS_OF, observed_from=limit, dormancy_days=90)
    assert bridge is not None
    assert (bridge.lost, bridge.lost_margin, bridge.opening_margin, bridge.change_of_kept) == (1, None, None, None)


@pytest.mark.parametrize("seed", range(5))
def test_the_waterfall_adds_up_and_agrees_with_plain_python(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        (f"c{rng.integers(0, 60)}", days_ago(int(rng.integers(0, 1095))), float(rng.integers(1, 50)))
        for _ in range(300)
    ]
    rows = list({(customer, day): (customer, day, margin) for customer, day, margin in rows}.values())
    bridge = base.waterfall(purchases(rows), as_of=AS_OF, observed_from=OBSERVED_FROM, dormancy_days=120)
    assert bridge is not None
    start, before = date(2025, 6, 30), date(2024, 6, 30)
    seen: dict[str, list[tuple[date, float]]] = {}
    for customer, day, margin in rows:
        seen.setdefault(customer, []).append((day, margin))
    count = dict.fromkeys(("opening", "new", "reactivated", "lost", "closing"), 0)
    lost_margin = 0.0
    for history in seen.values():
        early = [day for day, _ in history if day <= start]
        opening = bool(early) and (start - max(early)).days < 120
        closing = (AS_OF - max(day for day, _ in history)).days < 120
        count["opening"] += opening
        count["closing"] += closing
        count["new"] += not early and closing
        count["reactivated"] += bool(early) and not opening and closing
        count["lost"] += opening and not closing
        if opening and not closing:
            lost_margin += sum(margin for day, margin in history if before < day <= start)
    assert {name: getattr(bridge, name) for name in count} == count
    assert bridge.lost_margin == pytest.approx(lost_margin)
    assert bridge.opening + bridge.new + bridge.reactivated - bridge.lost == bridge.closing
    total = bridge.opening_margin + bridge.new_margin + bridge.reactivated_margin - bridge.lost_margin
    assert total + bridge.change_of_kept == pytest.approx(bridge.closing_margin)


def test_periods_are_years_when_the_history_allows_and_halves_otherwise() -> None:
    year = base.period_pair(AS_OF, date(2024, 7, 1))
    assert (year.start, year.middle, year.end) == (date(2024, 6, 30), date(2025, 6, 30), AS_OF)
    half = base.period_pair(date(1998, 6, 30), date(1997, 1, 1))
    assert (half.middle - half.start) == (half.end - half.middle) == timedelta(days=273)
    assert half.start == date(1996, 12, 31)


def test_two_periods_are_compared_by_group(ledger: ibis.Table) -> None:
    table = base.period_change(ledger, base.period_pair(AS_OF, OBSERVED_FROM)).set_index("group")
    assert table[["customers_before", "customers_after"]].T.to_dict("list") == {
        "bought in both": [2, 2],
        "only in the earlier": [1, 0],
        "only in the later": [0, 2],
        "all": [3, 4],
    }
    assert table.loc["only in the earlier", ["purchases_before", "margin_before"]].tolist() == [2, 21.0]
    assert table.loc["all", ["margin_before", "margin_after"]].tolist() == [36.0, 28.0]


def test_the_steps_of_the_bridge_lead_from_opening_to_closing(ledger: ibis.Table) -> None:
    bridge = base.waterfall(ledger, as_of=AS_OF, observed_from=OBSERVED_FROM, dormancy_days=90)
    assert bridge is not None
    for labels, values, totals in (bridge.customer_steps(), bridge.margin_steps() or ([], [], [])):
        assert len(labels) == len(values) == len(totals) > 0
        assert values[0] + sum(values[1:-1]) == pytest.approx(values[-1])
        assert totals == [True, *[False] * (len(values) - 2), True]
    steps = bridge.table().set_index("step")
    assert steps["customers"].iloc[:-1].sum() == steps.loc["closing", "customers"] == 3
    assert steps["margin"].iloc[:-1].sum() == pytest.approx(steps.loc["closing", "margin"])


def test_months_count_buyers_once_and_say_whether_they_are_complete() -> None:
    rows = [("a", date(2026, 5, 2), 1.0), ("a", date(2026, 5, 9), 2.0), ("b", date(2026, 6, 30), 4.0)]
    table = base.monthly_activity(purchases(rows), as_of=AS_OF)
    assert table[["purchases", "active_customers", "margin"]].to_numpy().tolist() == [[2, 1, 3.0], [1, 1, 4.0]]
    assert table["complete"].tolist() == [True, True]
    assert base.monthly_activity(purchases(rows), as_of=date(2026, 6, 29))["complete"].tolist() == [True]


def test_margin_per_customer_is_ranked_and_bounded_by_the_period(ledger: ibis.Table) -> None:
    assert base.margin_per_customer(ledger, after=None, until=AS_OF).tolist() == [24.0, 21.0, 12.0, 8.0, 4.0, 3.0]
    assert base.margin_per_customer(ledger, after=days_ago(365), until=AS_OF).tolist() == [14.0, 7.0, 4.0, 3.0]


def test_cohorts_are_compared_at_the_same_age_and_only_over_what_all_lived_through() -> None:
    rows = [("a", date(2025, 1, 1), 9.0), ("b", date(2025, 1, 31), 9.0), ("c", date(2025, 5, 1), 9.0)]
    rows += [("a", date(2025, 4, 2), 2.0), ("a", date(2025, 4, 3), 4.0), ("b", date(2025, 2, 1), 6.0)]
    table = base.cohort_table(purchases(rows), as_of=date(2025, 8, 15), observed_from=date(2025, 1, 1))
    january = table[table["cohort"] == "2025-01"]
    # b, the youngest of January, has lived 196 days: two whole quarters. a's purchase of day 91 closes quarter 0.
    assert january[["quarter", "customers", "active_share", "margin_per_customer"]].to_numpy().tolist() == [
        [0, 2, 1.0, 4.0],
        [1, 2, 0.5, 2.0],
    ]
    assert table[table["cohort"] == "2025-05"][["quarter", "active_share"]].to_numpy().tolist() == [[0, 0.0]]
    assert base.oldest_cohort(table)["cohort"].unique().tolist() == ["2025-01"]


def test_small_cohorts_are_left_out() -> None:
    rows = [(name, date(2025, 1, 1), 1.0) for name in "abc"] + [("d", date(2025, 2, 1), 1.0)]
    arguments = {"as_of": date(2025, 12, 31), "observed_from": date(2025, 1, 1)}
    assert set(base.cohort_table(purchases(rows), **arguments)["cohort"]) == {"2025-01", "2025-02"}
    assert base.cohort_table(
        purchases(rows), **arguments, suppress_below=2
    ).empty  # all less the three would be the one
    rows += [(name, date(2025, 3, 1), 1.0) for name in "efgh"]
    assert set(base.cohort_table(purchases(rows), **arguments, suppress_below=2)["cohort"]) == {"2025-03"}
    assert base.cohort_table(purchases(rows), **arguments, suppress_below=9).empty
    assert base.oldest_cohort(base.cohort_table(purchases(rows), **arguments, suppress_below=9)).empty


def test_few_of_a_large_cohort_are_withheld() -> None:
    """A margin of two customers, divided by all, is theirs all the same; nobody is no secret."""
    names = "abcdef"
    rows = [(name, date(2025, 1, 1), 1.0) for name in names]
    rows += [(name, date(2025, 2, 1), 1.0) for name in "abc"] + [(name, date(2025, 5, 1), 7.0) for name in "ab"]
    arguments = {"as_of": date(2025, 12, 31), "observed_from": date(2025, 1, 1)}
    table = base.cohort_table(purchases(rows), **arguments, suppress_below=3).fillna(-1.0)
    assert table["active_share"].tolist() == [0.5, 1 / 3, 0.0, 0.0]
    assert table["margin_per_customer"].tolist() == [0.5, -1.0, 0.0, 0.0]


def test_long_histories_are_cut_into_quarters() -> None:
    rows = [("a", date(2023, 8, 1), 1.0), ("b", date(2026, 2, 1), 2.0), ("a", date(2026, 3, 1), 3.0)]
    table = base.margin_by_cohort(purchases(rows), as_of=AS_OF, observed_from=OBSERVED_FROM)
    assert table[["period", "cohort", "margin"]].to_numpy().tolist() == [
        ["2023 Q3", "2023 Q3", 1.0],
        ["2026 Q1", "2023 Q3", 3.0],
        ["2026 Q1", "2026 Q1", 2.0],
    ]
