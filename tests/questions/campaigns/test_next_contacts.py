"""The list of the next contacts, segments, looks before the end, arms and units."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.effects.estimators.abtest import Estimate
from cxvalue.foundation.errors import BadInput
from cxvalue.questions.campaigns import campaign_data, campaign_result, first_ever_buyers
from cxvalue.questions.campaigns.claims import (
    adjustment_sentence,
    claim_finding,
    next_contacts_finding,
    pull_forward_sentence,
    risk_sentence,
    segments_sentence,
)
from cxvalue.questions.campaigns.findings import reactivation_findings
from cxvalue.questions.campaigns.next_contacts import CONTACTED_SHARE, next_contacts, whom_to_contact
from cxvalue.questions.campaigns.segments import campaign_segments, heterogeneity, segments_table
from cxvalue.questions.campaigns.targeting import qini_bands, qini_curve, ranking_gap, stays_away, target
from cxvalue.study import load_study_file


def table(rows: dict[str, list[object]]) -> ibis.Table:
    frame = pd.DataFrame(rows)
    if "date" in frame:
        frame["date"] = pd.to_datetime(frame["date"]).dt.date
    return ibis.memtable(frame)


def scored(seed: int = 3, size: int = 4000, heterogeneous: bool = True):
    rng = np.random.default_rng(seed)
    before = rng.standard_normal((size, 2))
    treated = rng.random(size) < 0.6
    effect = np.maximum(before[:, 0], 0) * 4 if heterogeneous else np.full(size, 2.0)
    return target(effect * treated + rng.normal(0, 3, size), treated, before, 1.0), before, effect


def listed(expected: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"expected_margin": expected, "worth_contacting": [one > 0 for one in expected]})


def test_a_budget_or_a_minimum_profit_ends_the_list_and_nobody_who_costs_more_than_he_brings_is_on_it() -> None:
    found, _, _ = scored()
    names = listed([5.0, 4.0, 2.0, 1.0, -1.0])
    free = next_contacts(found, names, cost=2.0)
    assert (free.chosen, free.rule, free.profit[0]) == (4, "margin", 12.0)
    budget = next_contacts(found, names, cost=2.0, budget=5.0)
    assert (budget.chosen, budget.rule, budget.cost) == (2, "budget", 4.0)
    assert budget.table["contact"].tolist() == [True, True, False, False, False]
    assert next_contacts(found, names, cost=2.0, budget=99.0).chosen == 4
    least = next_contacts(found, names, cost=2.0, minimum_profit=9.5)
    assert (least.chosen, least.rule, least.reached) == (3, "minimum profit", True)
    never = next_contacts(found, names, cost=2.0, minimum_profit=50.0)
    assert (never.chosen, never.reached) == (4, False)
    nobody = next_contacts(found, listed([-1.0, -2.0]), cost=2.0)
    texts = [
        next_contacts_finding(one, "c", currency="EUR", level=0.95, grade="A", differs=True, days=90).text
        for one in (budget, least, never, nobody)
    ]
    for part, text in zip(
        ("budget ends", "A shorter list would not", "out of reach", "Contact nobody"), texts, strict=True
    ):
        assert part in text


def test_the_range_of_the_next_contacts_holds_what_they_would_bring() -> None:
    inside = 0
    for seed in range(20):
        found, before, effect = scored(seed, 2500)
        expected = found.predict(before)
        order = np.argsort(-expected)
        taken = next_contacts(found, listed(expected[order].tolist()), cost=1.0, budget=500.0)
        inside += taken.profit[1] <= float((effect[order][: taken.chosen] - 1).sum()) <= taken.profit[2]
    assert inside >= 15  # 20 of 95%: fewer would have a probability below 0.3%


def test_the_customer_most_likely_to_leave_is_not_the_best_to_contact() -> None:
    rng = np.random.default_rng(1)
    before = rng.standard_normal((6000, 2))
    treated = rng.random(6000) < 0.5
    back = rng.random(6000) < np.where(treated, 0.3 + 0.25 * (before[:, 0] > 0), 0.3) - 0.15 * (before[:, 1] > 0)
    away = stays_away(back, treated, before)
    assert away[before[:, 1] > 0].mean() > away[before[:, 1] <= 0].mean() + 0.08
    found = target(10.0 * back, treated, before, 0.5)
    gap = ranking_gap(found.score, found.ranking, away[found.judged], 0.3)
    assert gap.low > 0
    assert "not the best to contact" in risk_sentence(gap, 0.3, "EUR")
    assert "about the same" in risk_sentence(Estimate(0.1, -1, 1.2, 0.5, 0.8), 0.3, "EUR")


def test_the_qini_curve_with_its_range_goes_through_the_curve() -> None:
    rng = np.random.default_rng(1)
    score, treated = rng.random(400), rng.random(400) < 0.5
    back = (rng.random(400) < 0.3 + 0.3 * score * treated).astype(float)
    bands = qini_bands(back, treated, score, points=5)
    _, added = qini_curve(back, treated, score)
    assert bands["added"].to_numpy() * treated.sum() == pytest.approx(added[[0, 100, 200, 300, 400]])
    assert (bands["low"][1:] < bands["added"][1:]).all()
    assert bands["at_random"].iloc[-1] == pytest.approx(bands["added"].iloc[-1])


def campaign(**changes: object) -> dict[str, object]:
    rng = np.random.default_rng(2)
    size = 1200
    ids = [f"c{number:04d}" for number in range(size)]
    arm = np.where(rng.random(size) < 0.3, "no", np.where(rng.random(size) < 0.5, "mail", "call"))
    plan = np.where(rng.random(size) < 0.5, "small", "large")
    back = rng.random(size) < np.where((arm != "no") & (plan == "large"), 0.5, 0.1)
    bought = {"customer_id": list(ids), "date": ["2024-11-01"] * size, "revenue": [10.0] * size, "margin": [4.0] * size}
    for number in np.flatnonzero(back):
        for name, value in (("customer_id", ids[number]), ("date", "2025-03-10"), ("revenue", 20.0), ("margin", 8.0)):
            bought[name].append(value)
    contacts = {"customer_id": ids, "date": ["2025-03-01"] * size, "campaign": ["c"] * size, "arm": arm.tolist()}
    people = table({"customer_id": ids, "plan": plan.tolist(), "cell": [f"n{n}" for n in range(size)]})
    return {"contacts": contacts, "bought": table(bought), "people": people} | changes


def data_of(given: dict[str, object], **changes: object):
    settings = {"name": "c", "control": "no", "window_days": 30, "as_of": date(2025, 6, 30)} | changes
    return campaign_data(table(given["contacts"]), given["bought"], **settings)


def test_whom_to_contact_is_judged_and_listed_from_one_campaign() -> None:
    given = campaign()
    data = data_of(given)
    result = campaign_result(data)
    settings = {"as_of": date(2025, 6, 30), "silent_days": 30}
    found = whom_to_contact(data, result, given["bought"], **settings)
    assert found is not None
    assert found.contacted == (~data.control[data.main.observed][found.ranked.judged]).sum() > 300
    # Contacting everybody earns the mean of the scores, whatever the order.
    everybody = (found.by_effect["value"].iloc[-1], found.by_risk["value"].iloc[-1])
    assert everybody == pytest.approx((found.ranked.score.mean(),) * 2)
    at = found.by_effect["share"].sub(CONTACTED_SHARE).abs().idxmin()
    assert found.gap.value == pytest.approx(found.by_effect["value"][at] - found.by_risk["value"][at])
    value, low, high = found.qini
    assert low <= value <= high
    assert found.bands["share"].iloc[-1] == 1.0
    assert sorted(found.listed.table["customer_id"]) == sorted(given["contacts"]["customer_id"])
    assert found.listed.chosen == (found.listed.table["expected_margin"] > 0).sum()
    short = whom_to_contact(data, replace(result, cost_per_contact=1.0), given["bought"], budget=7.0, **settings)
    assert short is not None
    assert short.listed.chosen <= 7
    assert (
        whom_to_contact(replace(data, unit=np.zeros(data.control.size, int)), result, given["bought"], **settings)
        is None
    )


def test_effects_by_segment_are_found_and_looks_are_allowed_for() -> None:
    given = campaign()
    data = data_of(given)
    parts = campaign_segments(data, given["people"])
    assert list(parts) == ["plan"]  # a column with a value for each customer makes no segments
    found = segments_table(data, parts).set_index("segment")
    assert found.loc["large", "margin_per_contact"] == pytest.approx(0.4 * 8, abs=0.8)
    assert found.loc["small", "margin_per_contact_low"] < 0 < found.loc["small", "margin_per_contact_high"]
    assert found["p_differs"].max() < 0.001
    assert "differs by plan" in segments_sentence(found.reset_index())
    assert heterogeneity([Estimate(1.0, 0, 2, 0.5, 0.1)]) == 1.0


def test_segments_that_do_not_differ_are_said_to_differ_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(3)
    told = [heterogeneity([Estimate(value, 0, 0, 1.0, 1) for value in rng.standard_normal(4)]) for _ in range(2000)]
    assert np.mean(np.array(told) < 0.05) == pytest.approx(0.05, abs=0.016)


def test_a_look_before_the_end_is_named() -> None:
    given = campaign()
    given["contacts"]["date"][:300] = ["2025-03-20"] * 300
    result = campaign_result(data_of(given, as_of=date(2025, 4, 10)))
    assert "interim look" in result.interim
    assert "19 April 2025" in result.interim
    texts = reactivation_findings(result, None, currency="EUR", level=0.95)
    assert "decide on that day" in texts[0].text
    assert not campaign_result(data_of(given)).interim


def test_a_customer_of_two_arms_counts_in_the_first_and_a_held_out_one_who_was_contacted_is_refused() -> None:
    given = campaign()
    twice = {key: list(values) for key, values in given["contacts"].items()}
    place = twice["arm"].index("mail")
    for key, value in (
        ("customer_id", twice["customer_id"][place]),
        ("date", "2025-03-09"),
        ("campaign", "c"),
        ("arm", "call"),
    ):
        twice[key].append(value)
    data = data_of(given | {"contacts": twice})
    assert data.arm[place] == "mail"
    assert len(data.arm) == 1200
    held = twice["arm"].index("no")
    twice["customer_id"][-1] = twice["customer_id"][held]
    with pytest.raises(BadInput, match="contacted, and held out as well"):
        data_of(given | {"contacts": twice})


def test_a_held_out_arm_that_the_study_does_not_name_is_refused() -> None:
    given = campaign()
    given["contacts"]["arm"] = ["Control" if one == "no" else one for one in given["contacts"]["arm"]]
    with pytest.raises(BadInput, match="Write control: Control"):
        data_of(given, control=None)
    assert data_of(given, control="Control").control.sum() > 300
    with pytest.raises(BadInput, match="no contact belongs to the campaign 'other'"):
        data_of(given, name="other")


def test_households_contacted_together_in_two_arms_are_one_draw() -> None:
    given = campaign()
    rng = np.random.default_rng(4)
    home = np.arange(1200) // 2
    held = rng.random(600) < 0.3
    arm = np.where(held[home], "no", np.where(rng.random(1200) < 0.5, "mail", "call"))
    given["contacts"]["arm"] = arm.tolist()
    people = table({"customer_id": given["contacts"]["customer_id"], "home": [f"h{number}" for number in home]})
    assert data_of(given, customers=people).unit_name == "home"
    arm = np.where(rng.random(1200) < 0.3, "no", "mail")
    given["contacts"]["arm"] = arm.tolist()
    assert data_of(given, customers=people).unit is None


def test_first_ever_buyers_count_from_the_first_contact_not_from_the_held_out() -> None:
    contacts = table(
        {"customer_id": ["a", "b"], "date": ["2025-01-01", "2025-03-01"], "campaign": ["c", "c"], "arm": ["no", "yes"]}
    )
    bought = {"customer_id": ["a", "b", "d", "e"], "date": ["2025-01-15", "2025-03-10", "2025-02-20", "2025-03-20"]}
    lines = table(bought | {"revenue": [9.0] * 4, "margin": [4.0] * 4, "product": ["box"] * 4})
    given = {"name": "c", "product": "box", "window_days": 30, "as_of": date(2025, 6, 30)}
    assert first_ever_buyers(contacts, lines, lines, control="no", **given) == (2, 2)
    assert first_ever_buyers(contacts, lines, lines, **given) == (4, 4)


def test_what_a_claim_and_a_curve_say() -> None:
    result = campaign_result(data_of(campaign()))
    claimed = claim_finding(result, None, currency="EUR")
    assert claimed.value == pytest.approx(result.claimed)
    assert claimed.value > result.margin_per_contact.value
    assert "of that claim" in claimed.text
    assert "narrows the range" in adjustment_sentence(
        replace(result, unadjusted=Estimate(1, 0, 2, 3 * result.margin_per_contact.se, 0.1))
    )
    assert "not narrow" in adjustment_sentence(replace(result, unadjusted=result.margin_per_contact))
    curve = pd.DataFrame({"days": [30, 60, 90], "margin": [2.0, 5.0, 3.0]})
    assert "after 60 days" in pull_forward_sentence(curve, "EUR")
    assert "EUR 2.00" in pull_forward_sentence(curve, "EUR")
    assert "not fallen back" in pull_forward_sentence(curve.iloc[:2], "EUR")


def test_a_campaign_has_a_budget_or_a_minimum_profit(tmp_path) -> None:
    text = (
        "name: mine\ncurrency: EUR\ngross_margin: 0.3\ntables: {transactions: {path: a.csv}, contacts: {path: b.csv}}\n"
    )
    path = tmp_path / "study.yml"
    path.write_text(text + "campaigns: [{name: c, budget: 500}]\n")
    assert load_study_file(path).campaigns[0].budget == 500
    path.write_text(text + "campaigns: [{name: c, budget: 500, minimum_profit: 100}]\n")
    with pytest.raises(BadInput, match="Keep one of"):
        load_study_file(path)
