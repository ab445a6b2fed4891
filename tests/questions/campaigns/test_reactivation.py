"""Reactivation: campaigns by hand, truth, targeting that is honest, and campaigns without a holdout."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.questions.campaigns import (
    arms_table,
    campaign_data,
    campaign_result,
    first_ever_buyers,
    matched_campaign_result,
    windows_table,
)
from cxvalue.questions.campaigns.campaign import history_on
from cxvalue.questions.campaigns.dormancy import dormancy_by_month, expected_recovery, return_curve, sleeping_value
from cxvalue.questions.campaigns.findings import reactivation_findings, targeting_sentence
from cxvalue.questions.campaigns.next_contacts import contact_list
from cxvalue.questions.campaigns.not_randomised import balance_table
from cxvalue.questions.campaigns.second_life import second_lives, survival_after_return
from cxvalue.questions.campaigns.targeting import policy_curve, qini_coefficient, qini_curve, qini_interval, target
from cxvalue.simulate import mealkit
from cxvalue.simulate.mealkit_world import MealkitParameters, simulate_campaign, truth_of
from tests.calibration.campaigns import campaign_in_memory

TRUE = MealkitParameters()


def tables_of(world):
    con = ibis.duckdb.connect()
    made = {}
    for name, table in world.tables.items():
        copy = table.copy()
        copy["date"] = copy["date"].dt.date
        made[name] = con.create_table(name, copy)
    lines = made["transactions"]
    bought = lines.group_by(["customer_id", "date"]).agg(revenue=lines.revenue.sum(), margin=lines.margin.sum())
    return made["contacts"], bought, lines


@pytest.fixture(scope="module")
def world():
    return mealkit(3000, 2)


@pytest.fixture(scope="module")
def data(world):
    contacts, bought, lines = tables_of(world)
    settings = {"name": "themed", "control": "control", "window_days": 90, "as_of": world.study["as_of"]}
    return campaign_data(contacts, bought, transactions=lines, **settings), contacts, bought, lines


def campaign(seed, customers=2000, true=TRUE):
    rng = np.random.default_rng(seed)
    pace = true.orders_per_day * rng.gamma(2.0, 0.5, customers).clip(0.05)
    return simulate_campaign(pace, 90 + rng.exponential(120, customers), rng, true)


def small(contacts, bought, **changes):
    con = ibis.duckdb.connect()
    rows = pd.DataFrame(contacts, columns=["customer_id", "date", "campaign", "arm", "cost"])
    paid = pd.DataFrame(bought, columns=["customer_id", "date", "revenue", "margin"])
    for table in (rows, paid):
        table["date"] = pd.to_datetime(table["date"]).dt.date
    settings = {"name": "c", "control": "no", "window_days": 30, "as_of": date(2025, 6, 30), **changes}
    return campaign_data(con.create_table("rows", rows), con.create_table("paid", paid), **settings)


def test_a_small_campaign_counted_by_hand():
    found = small(
        [("a", "2025-03-01", "c", "yes", 1.0), ("a", "2025-03-10", "c", "yes", 2.0), ("b", "2025-03-01", "c", "no", 0.0),
         ("d", "2025-06-15", "c", "yes", 1.0), ("x", "2025-03-01", "other", "yes", 9.0)],
        [("a", "2024-11-01", 10.0, 4.0), ("a", "2025-03-01", 20.0, 8.0), ("a", "2025-03-31", 30.0, 12.0),
         ("a", "2025-04-01", 40.0, 16.0), ("b", "2025-02-01", 5.0, 2.0), ("d", "2025-01-01", 5.0, 2.0)],
        windows=(10,),
    )  # fmt: skip
    assert found.customer_id.tolist() == ["a", "b", "d"]
    assert found.cost.tolist() == [3.0, 0.0, 1.0]
    # Days 0 to 30 from 1 March are 1 to 31 March: nothing of the day of the contact belongs to what came before.
    assert found.main.margin.tolist() == [20.0, 0.0, 0.0]
    assert found.main.observed.tolist() == [True, True, False]
    assert found.windows[10].orders.tolist() == [1.0, 0.0, 0.0]
    assert found.days_silent.tolist() == [120.0, 28.0, 165.0]
    assert found.frequency.tolist() == [1.0, 1.0, 1.0]
    assert found.margin_before.tolist() == [4.0, 2.0, 2.0]


def test_what_is_wrong_with_a_campaign_is_said():
    bought = [("a", "2025-01-01", 1.0, 1.0), ("b", "2025-01-01", 1.0, 1.0)]
    with pytest.raises(BadInput, match="more than one arm"):
        small([("a", "2025-03-01", "c", "yes", 1.0), ("a", "2025-03-02", "c", "no", 0.0)], bought)
    with pytest.raises(BadInput, match="nobody was held out"):
        small([("a", "2025-03-01", "c", "yes", 1.0)], bought)
    with pytest.raises(BadInput, match="nobody was contacted"):
        small([("a", "2025-03-01", "c", "no", 1.0)], bought)


def test_a_campaign_is_answered_near_its_truth(world, data):
    found = campaign_result(data[0], expected_share=0.3)
    for key, one in (
        ("return_uplift", found.return_uplift), ("check_uplift", found.check_uplift),
        ("margin_per_contact", found.margin_per_contact), ("profit", found.profit),
    ):  # fmt: skip
        assert one.low <= world.truth[f"reactivation.themed.{key}"] <= one.high, key
    assert found.grade == "A"
    assert found.contacted + found.held_out == len(data[0].arm)
    assert found.profit.value == pytest.approx(found.margin_per_contact.value * found.contacted_in_all)
    assert 0 < found.subsidy < found.contacted * 20
    assert 0 < found.break_even_uplift < found.return_uplift.value


@pytest.mark.parametrize(("worlds", "least"), [(15, 11), (60, 51)])
def test_the_intervals_cover(worlds, least):
    inside = np.zeros(3)
    for seed in range(worlds):
        one = campaign(seed)
        found, truth = campaign_result(campaign_in_memory(one, TRUE)), truth_of(one, TRUE)
        for place, name in enumerate(("return_uplift", "check_uplift", "margin_per_contact")):
            interval = getattr(found, name)
            inside[place] += interval.low <= truth[f"reactivation.themed.{name}"] <= interval.high
    # 60 of 95%: fewer than 51 inside would have a probability below 0.1%.
    assert (inside >= least).all(), inside


def test_a_broken_lot_costs_the_grade():
    data = campaign_in_memory(campaign(1), TRUE)
    assert campaign_result(data, expected_share=0.5).grade == "B"
    better = replace(data, margin_before=np.where(data.control, data.margin_before, data.margin_before * 1.5 + 20))
    assert campaign_result(better, expected_share=0.3).grade == "C"  # no lot makes such groups


def test_first_ever_buyers_are_counted(world, data):
    _, contacts, bought, lines = data
    settings = {"name": "themed", "window_days": 90, "as_of": world.study["as_of"]}
    new, every = first_ever_buyers(contacts, bought, lines, product="themed box", **settings)
    table = world.tables["transactions"]
    first = world.tables["contacts"]["date"].min()
    until = world.tables["contacts"]["date"].max() + pd.Timedelta(days=90)
    box = table[(table["product"] == "themed box") & (table["date"] >= first) & (table["date"] <= until)]
    began = table.groupby("customer_id")["date"].min()
    buyers = box["customer_id"].unique()
    assert (new, every) == (int((began[buyers] >= first).sum()), len(buyers))
    with pytest.raises(BadInput, match=r"no transaction has the product 'themed bag'.*themed box"):
        first_ever_buyers(contacts, bought, lines, product="themed bag", **settings)


def test_without_a_holdout_the_answer_is_weaker_or_none(world, data):
    _, contacts, bought, _ = data
    contacted = contacts.filter(contacts.arm != "control")
    settings = {"name": "themed", "control": None, "window_days": 90, "as_of": world.study["as_of"]}
    rows = campaign_data(contacted, bought, **settings)
    found = matched_campaign_result(rows)
    assert found.grade in ("C", "D", "E")
    assert not found.randomised
    assert found.return_uplift.value == pytest.approx(world.truth["reactivation.themed.return_uplift"], abs=0.06)
    # All who were silent were contacted: with nobody like them left, nothing is said.
    alone = replace(rows, days_silent=np.where(rows.control, 5.0, 400.0), frequency=np.where(rows.control, 90.0, 1.0))
    balance = balance_table(rows).set_index("what")
    after, before = balance["difference_after"].abs(), balance["difference_before"].abs()
    assert after["days silent"] < before["days silent"]
    refused = matched_campaign_result(alone)
    assert refused.return_uplift is None
    assert "unlike anybody" in refused.note
    findings = reactivation_findings(refused, None, currency="EUR", level=0.95)
    assert all(one.value is None for one in findings)


def test_windows_arms_and_second_lives(data):
    rows, _, bought, _ = data
    table = windows_table(rows)
    assert table["days"].is_monotonic_increasing
    assert table["would_return"].is_monotonic_increasing
    arms = arms_table(rows)
    assert arms["arm"].tolist() == ["email", "email and offer"]
    whole = campaign_result(rows)
    width = whole.return_uplift.high - whole.return_uplift.low
    assert (arms["return_uplift_high"] - arms["return_uplift_low"] > width).all()
    lives = second_lives(rows, bought, dormancy_days=90)
    assert [life.kind for life in lives] == ["contacted", "by themselves"]
    assert sum(life.returners for life in lives) == int((rows.main.returned & rows.main.observed).sum())
    assert lives[0].margin_12m is None
    assert "12 months" in lives[0].reason
    curves = survival_after_return(lives)
    assert curves.groupby("kind")["share"].apply(lambda share: share.is_monotonic_decreasing).all()


def test_sleep_and_waking_counted_by_hand():
    paid = pd.DataFrame(
        [("a", "2025-01-01"), ("a", "2025-03-01"), ("b", "2025-01-01"), ("b", "2025-01-20")],
        columns=["customer_id", "date"],
    )
    paid["date"] = pd.to_datetime(paid["date"]).dt.date
    bought = ibis.duckdb.connect().create_table("paid", paid.assign(revenue=10.0, margin=4.0))
    months = dormancy_by_month(bought, days=30, as_of=date(2025, 4, 30), observed_from=date(2025, 1, 1))
    # a: asleep 31 January, awake 1 March, asleep 31 March; b: asleep 19 February and still.
    assert months["fell_asleep"].tolist() == [1, 1, 1, 0]
    assert months["came_back"].tolist() == [0, 0, 1, 0]
    assert months["asleep"].tolist() == [1, 2, 2, 2]
    curve = return_curve(bought, days=30, as_of=date(2025, 4, 30))
    assert curve["days"].tolist() == [30, 60]
    assert curve["came_back"].tolist() == [1, 1]
    names, before = history_on(bought, date(2025, 2, 25), silent_days=40)
    assert names.tolist() == ["a"]
    assert np.expm1(before[0, 2]) == pytest.approx(55)


def test_the_rule_alone_promises_what_it_did_before(data, world):
    _, _, bought, _ = data
    found = expected_recovery(
        bought, silent_days=90, window_days=90, before=date(2025, 12, 1), observed_from=world.study["observed_from"]
    )
    assert 0.05 < found.share < 0.4
    assert all(day < date(2025, 9, 3) for day in found.dates)
    assert expected_recovery(
        bought, silent_days=90, window_days=90, before=date(2024, 3, 1), observed_from=date(2024, 1, 1)
    ) is None  # fmt: skip


def test_targeting_finds_who_responds_and_nothing_where_nobody_differs():
    rng = np.random.default_rng(3)
    before = rng.standard_normal((6000, 2))
    treated = rng.random(6000) < 0.6
    effect = np.maximum(before[:, 0], 0) * 4
    found = target(before[:, 1] * 2 + effect * treated + rng.normal(0, 3, 6000), treated, before, 1.0)
    assert found.differs
    assert found.groups[0][0] > found.groups[-1][0] + 1
    assert found.score.mean() == pytest.approx(effect.mean() - 1, abs=0.35)
    rule = policy_curve(found.score, found.ranking).set_index("share")
    assert rule["value"].max() > rule.loc[1.0, "value"]
    claims = [
        target(rng.normal(0, 3, 1500) + before[:1500, 1], treated[:1500], before[:1500], 0.0, seed=seed).differs
        for seed in range(80)
    ]
    assert np.mean(claims) < 0.14  # 5%, and 80 trials
    assert np.ptp(replace(found, slope_p=0.5).predict(before)) == 0


@pytest.mark.parametrize(
    ("outcome", "ranking", "treated", "published"),
    [
        ([1, 1], [0.1, 0.3], [0, 1], 1.0),
        ([1, 1], [0.1, 0.3], [1, 0], 0.0),
        ([0, 1], [0.1, 0.3], [1, 0], 1.0),
        ([1, 0], [0.1, 0.3], [0, 1], 1.0),
        ([0, 1, 2], [0.1, 0.3, 0.9], [0, 1, 0], -0.5),
        ([0, 1, 2], [0.1, 0.3, 0.9], [1, 0, 1], 0.75),
    ],
)
def test_qini_of_published_toy_cases(outcome, ranking, treated, published):
    """Source: scikit-uplift 0.5.1, sklift/tests/test_metrics.py, test_qini_auc_score.

    Its score is the area between the curve and a random order's, over the same area of the best possible order, which
    takes treated customers by outcome, highest first, and the others by outcome, lowest first.
    """
    y, w = np.array(outcome, dtype=float), np.array(treated, dtype=bool)
    best = qini_coefficient(y, w, np.where(w, y, -y))
    assert qini_coefficient(y, w, np.array(ranking)) / best == pytest.approx(published)


def test_qini_of_a_hand_computed_case():
    # Four customers in the order of the ranking: treated 1, control 0, treated 0, control 1.
    y, w = np.array([1.0, 0.0, 0.0, 1.0]), np.array([True, False, True, False])
    _, added = qini_curve(y, w, np.array([4.0, 3.0, 2.0, 1.0]))
    assert added.tolist() == [0, 1, 1, 1, 0]
    assert qini_coefficient(y, w, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(0.75)
    assert qini_coefficient(y, w, np.array([1.0, 2.0, 3.0, 4.0])) < 0


def test_the_contact_list_is_ranked_and_has_a_reason(world, data):
    rows, _, bought, _ = data
    found = target(rows.main.margin, ~rows.control, rows.before, 0.6)
    listed = contact_list(found, bought, as_of=world.study["as_of"], silent_days=90)
    assert listed["expected_margin"].is_monotonic_decreasing
    assert (listed["days_silent"] >= 90).all()
    assert listed["customer_id"].is_unique
    assert listed["reason"].str.len().min() > 5
    assert "contact" in targeting_sentence(found, "EUR").lower()


def test_what_the_sleeping_are_still_worth(sample):
    from cxvalue.questions.campaigns.display import capped_sentence, sleeping_sentence

    states, base = sample.states(), sample.base
    found = sleeping_value(sample.cltv, base, states, days=90)
    assert found.customers == int((states.age_days - states.recency_days >= 90).sum())
    assert found.value[1] < found.value[0] < found.value[2]
    assert found.value[0] == pytest.approx(base.value.cltv[states.days_silent >= 90].sum())
    # The chance to return within 90 days is the forecast's; at other waits it moves the model's alike.
    waits, chances = zip(*found.returns, strict=True)
    assert list(chances) == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 1
    assert dict(zip(waits, chances, strict=True)).get(90, found.return_90d) == pytest.approx(found.return_90d)
    assert chances[waits.index(30)] < found.return_90d < chances[-1]
    longer = sleeping_value(sample.cltv, base, states, days=200)
    assert longer.customers < found.customers
    assert longer.value[0] < found.value[0]
    assert longer.return_90d < found.return_90d
    assert sleeping_value(sample.cltv, base, states, days=5000) is None
    assert "If nothing is done" in sleeping_sentence(found, 90, 12, "EUR")
    result = campaign_result(campaign_in_memory(campaign(1), TRUE))
    assert "does not depend on" in capped_sentence(result, "EUR")


def test_units_that_were_assigned_together_are_found_and_counted_as_one():
    rng = np.random.default_rng(5)
    size = 600
    shop = rng.integers(0, 20, size)
    ids = np.array([f"c{i:04d}" for i in range(size)])
    arm = np.where(shop % 2 == 0, "control", "mail")
    contacts = ibis.memtable(
        pd.DataFrame({"customer_id": ids, "date": pd.Timestamp("2025-03-01"), "campaign": "x", "arm": arm})
    ).mutate(date=ibis._.date.cast("date"))
    weather = rng.uniform(0.1, 0.6, 20)
    bought = rng.random(size) < weather[shop]
    when = pd.Timestamp("2025-03-10")
    rows = pd.DataFrame({"customer_id": ids[bought], "date": when, "revenue": 10.0, "margin": 4.0})
    old = pd.DataFrame({"customer_id": ids, "date": pd.Timestamp("2024-06-01"), "revenue": 10.0, "margin": 4.0})
    purchases = ibis.memtable(pd.concat([rows, old], ignore_index=True)).mutate(date=ibis._.date.cast("date"))
    people = ibis.memtable(pd.DataFrame({"customer_id": ids, "shop": [f"s{n:02d}" for n in shop], "seat": "a"}))
    given = {"name": "x", "control": "control", "window_days": 30, "as_of": date(2025, 6, 30)}
    alone = campaign_data(contacts, purchases, **given)
    together = campaign_data(contacts, purchases, customers=people, **given)
    assert alone.unit is None
    assert together.unit_name == "shop"
    assert together.unit.tolist() == shop.tolist()
    plain, clustered = campaign_result(alone), campaign_result(together, expected_share=0.5)
    assert clustered.return_uplift.value == pytest.approx(plain.return_uplift.value)
    assert clustered.return_uplift.se > 2 * plain.return_uplift.se
    assert "Whole units (shop)" in clustered.note
    assert "of the units (shop)" in clustered.checks[0].detail
    shuffled = people.mutate(shop=people.customer_id.substr(4, 1))
    assert campaign_data(contacts, purchases, customers=shuffled, **given).unit is None


@pytest.mark.parametrize(("tests", "least"), [(60, 0.83), (300, 0.89)])
def test_the_range_of_a_qini_coefficient_covers_and_a_random_order_has_none(tests, least):
    """Tests of 800 customers whose effect is their ranking: the range holds the mean of all; at random it holds 0."""
    rng = np.random.default_rng(3)
    worth, inside, null = [], [], []
    for seed in range(tests):
        score = rng.random(800)
        treated = rng.random(800) < 0.5
        back = (rng.random(800) < 0.2 + 0.4 * score * treated).astype(float)
        worth.append(qini_interval(back, treated, score, draws=60, seed=seed))
        low, high = qini_interval(back, treated, rng.random(800), draws=60, seed=seed)[1:]
        null.append(low <= 0 <= high)
    truth = float(np.mean([one[0] for one in worth]))
    inside = [low <= truth <= high for _, low, high in worth]
    assert truth > 0
    assert np.mean(inside) > least  # 60 draws make the ends a little too narrow
    assert np.mean(null) > least
