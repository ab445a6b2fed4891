"""Customers in groups: everybody is in one, none is small, and the sums are those of the customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxvalue.questions.customers.customer_groups import (
    SEGMENTS,
    SUMMARY,
    VALUES,
    Split,
    customers_in_groups,
    groups_by,
)


def customers(size: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    silent = rng.integers(0, 900, size)
    return pd.DataFrame(
        {
            "customer_id": [f"C{k}" for k in range(size)],
            "frequency": rng.poisson(2, size),
            "age_days": silent + rng.integers(0, 900, size),
            "days_silent": silent,
            "p_alive": rng.random(size),
            "expected_transactions": rng.gamma(1.0, 2.0, size),
            "p_return_90d": rng.random(size),
            "cltv": rng.gamma(1.0, 50.0, size),
            "dormant": silent >= 90,
        }
    )


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(0, 12), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_groups_part_everybody_and_none_is_small(values: list[int], least: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    other, money = rng.integers(0, 9, len(values)), 1 + rng.random(len(values))
    splits = [Split("one", values, (0, 1, 2, 5)), Split("other", other, (0, 4, 6))]
    found = groups_by(splits, money, least)
    members = np.sort(np.concatenate([who for _, who in found])) if found else np.zeros(0)
    if found:
        assert members.tolist() == list(range(len(values)))
    else:
        assert len(values) < max(least, 1) or len(values) < 3
    for told, who in found:
        assert len(who) >= max(least, 1)
        for split in splits:
            low, high = told[f"{split.name}_from"], told[f"{split.name}_to"]
            own = np.asarray(split.values)[who]
            assert own.min() >= low
            assert high is None or own.max() <= high


def test_a_giant_is_never_nearly_alone_in_a_sum() -> None:
    money = np.ones(100)
    money[0] = 10_000.0
    alone = Split("band", [0] * 12 + [1] * 88, (0, 1))
    # Twelve are enough by number, but all their money is one customer's; so is that of all together.
    assert groups_by([alone], money, 10) == []
    money[0] = 500.0
    ((told, who),) = groups_by([alone], money, 10)
    assert (told["band_from"], told["band_to"], len(who)) == (0, None, 100)


def test_the_tables_hold_the_sums_of_the_customers() -> None:
    table = customers(3000)
    found = customers_in_groups(table, 10, {})
    assert set(found) == {SUMMARY, VALUES}
    for one in found.values():
        assert one["customers"].sum() == 3000
        assert one["customers"].min() >= 10
        assert one["cltv"].sum() == pytest.approx(table["cltv"].sum())
        assert (one["cltv_mean"] * one["customers"]).to_numpy() == pytest.approx(one["cltv"].to_numpy())
    row = found[SUMMARY].iloc[0]
    inside = table[
        table["frequency"].between(row["frequency_from"], row["frequency_to"])
        & table["days_silent"].between(row["days_silent_from"], row["days_silent_to"])
        & table["age_days"].between(row["age_days_from"], row["age_days_to"])
    ]
    assert len(inside) == row["customers"]
    assert inside["p_alive"].mean() == pytest.approx(row["p_alive"])
    best = found[VALUES][found[VALUES]["value_part_from"] == 1]
    assert best["customers"].sum() == 300
    assert best["cltv"].sum() == pytest.approx(table["cltv"].nlargest(300).sum())


def test_few_customers_make_few_groups_and_too_few_none() -> None:
    assert customers_in_groups(customers(25), 10, {})[VALUES]["value_part_to"].max() <= 2
    assert all(one.empty for one in customers_in_groups(customers(9), 10, {}).values())
    assert len(customers_in_groups(customers(9), 0, {})[VALUES]) == 9


def test_what_only_purchases_could_tell_may_be_missing() -> None:
    table = customers(200)
    for name in ("frequency", "days_silent"):
        table[name] = pd.array([None] * 200, dtype="Int64")
    table["p_return_90d"] = np.nan
    found = customers_in_groups(table, 10, {})[SUMMARY]
    assert found["frequency_from"].isna().all()
    assert found["p_return_90d"].isna().all()
    assert found["age_days_from"].notna().all()
    assert found["customers"].sum() == 200


def test_small_segments_go_with_others_and_so_do_those_with_few_dormant() -> None:
    table = customers(400)
    labels = np.array(["tiny"] * 6 + ["small"] * 60 + ["large"] * 334, dtype=object)
    shown = customers_in_groups(table, 10, {"city": labels})[SEGMENTS]
    assert shown["group"].tolist() == ["large"]
    table["dormant"] = [k < 3 or k >= 200 for k in range(400)]
    labels = np.array(["a"] * 120 + ["b"] * 130 + ["c"] * 150, dtype=object)
    shown = customers_in_groups(table, 10, {"city": labels})[SEGMENTS]
    assert "a" not in set(shown["group"])  # three of them are dormant


def test_under_contracts_no_mean_counts_a_few_who_left() -> None:
    table = customers(300)
    rng = np.random.default_rng(2)
    table["p_alive"] = (rng.random(300) < 0.8).astype(float)
    found = customers_in_groups(table, 10, {})
    for one in found.values():
        left = (one["customers"] * (1 - one["p_alive"])).round()
        stayed = one["customers"] - left
        assert not ((left > 0) & (left < 10)).any()
        assert not ((stayed > 0) & (stayed < 10)).any()
        assert one["customers"].sum() == 300
    table["p_alive"] = [0.0] * 4 + [1.0] * 296
    assert all(one["p_alive"].isna().all() and len(one) > 1 for one in customers_in_groups(table, 10, {}).values())
