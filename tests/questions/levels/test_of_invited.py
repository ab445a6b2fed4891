"""Levels of all who were invited: the truth where answering follows what was known before, and when nothing is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.experience.answers import Quarters
from cxvalue.questions.levels.customer_quarters import LEVELS, CustomerQuarters, classify
from cxvalue.questions.levels.findings import level_findings
from cxvalue.questions.levels.hidden import hide_small
from cxvalue.questions.levels.of_invited import shares_of_all
from cxvalue.questions.levels.worth import level_worth
from cxvalue.study.experience import MetricRules
from tests.experienceworlds import METRICS, RULES, retail

QUARTERS = Quarters(date(2025, 1, 1), 4)
USUAL = {"overall": MetricRules(main=True)}


def quarter(seed: int, n: int = 500) -> tuple[CustomerQuarters, dict[str, Any]]:
    """All are invited in the last quarter; those who bought more are content and answer more."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{k:03d}" for k in range(n)], dtype=object)
    spent = rng.gamma(2.0, 25.0, n)
    level = np.clip(np.round(spent / 25 + rng.standard_normal(n)), 0, 4).astype(np.int64)
    answers = rng.random(n) < 1 / (1 + np.exp(1.5 - spent / 35))
    surveys = ibis.memtable(
        pd.DataFrame({"customer_id": ids, "metric": "overall", "score": np.where(answers, 5.0, np.nan), "invited": True,
                      "date": date(2025, 11, 20)})
    )  # fmt: skip
    surveys = surveys.mutate(score=surveys.score.isnan().ifelse(ibis.null("float64"), surveys.score))
    bought = ibis.memtable(
        pd.DataFrame({"customer_id": ids, "date": date(2025, 6, 1), "revenue": spent, "margin": spent})
    )
    names, rows = ids[answers], int(answers.sum())
    whole, no = np.zeros(rows), np.zeros(rows, dtype=np.int64)
    yes = np.ones(rows, dtype=bool)
    known = CustomerQuarters(np.arange(rows), names, np.full(rows, 3), level[answers], no - 1, whole, no, whole, whole,
                             whole, ~yes, yes, whole, QUARTERS, True, 1.0, False)  # fmt: skip
    asked = {"surveys": surveys, "purchases": bought, "interactions": None, "customers": None, "metric": "overall",
             "metrics": USUAL}  # fmt: skip
    return known, asked


@cache
def true_shares() -> np.ndarray:
    """The shares of the levels among all, counted in a million customers."""
    rng = np.random.default_rng(0)
    level = np.clip(np.round(rng.gamma(2.0, 1.0, 1_000_000) + rng.standard_normal(1_000_000)), 0, 4).astype(int)
    return np.bincount(level, minlength=5) / level.size


@pytest.mark.parametrize(("worlds", "least"), [(8, 0.85), (40, 0.9)])
def test_the_truth_is_covered_and_the_share_of_those_who_answered_misses_it(worlds: int, least: float) -> None:
    truth, held, raw, judged = true_shares(), 0, 0, 0
    for seed in range(worlds):
        rows, asked = quarter(seed)
        found = shares_of_all(rows, **asked)
        worth = level_worth(rows, of_all=found)
        assert sum(one.value for one in found.values()) == pytest.approx(1.0)
        for k, name in enumerate(LEVELS):
            judged += 1
            held += found[name].low <= truth[k] <= found[name].high
            raw += worth.share[name].low <= truth[k] <= worth.share[name].high
    assert judged == 5 * worlds
    assert held >= least * judged  # 95% on average
    assert raw <= 0.7 * judged  # the content answer more


def test_two_strata_are_the_post_stratified_shares() -> None:
    """Where nothing but one of two groups was known, the weighted share is the share of each group by its size."""
    rows, asked = quarter(3)
    surveys = asked["surveys"].to_pandas()
    number = np.arange(len(surveys))
    spent = np.where(number % 3 == 0, 90.0, 0.0)
    bought = pd.DataFrame({"customer_id": surveys["customer_id"], "date": date(2025, 6, 1), "revenue": 1.0})
    some = bought.assign(margin=1.0)[spent > 0]
    found = shares_of_all(rows, **{**asked, "purchases": ibis.memtable(some)})
    level = dict(zip(rows.names.tolist(), rows.level.tolist(), strict=True))
    kind = np.array([level.get(name, -1) for name in surveys["customer_id"]])
    for k, name in enumerate(LEVELS):
        expected = 0.0
        for group in (spent > 0, spent == 0):
            expected += group.mean() * (kind[group] == k).sum() / (kind[group] >= 0).sum()
        assert found[name].value == pytest.approx(expected, abs=1e-5)


def test_nothing_is_said_where_nobody_tells_who_was_invited() -> None:
    rows, asked = quarter(1)
    surveys = asked["surveys"]
    assert shares_of_all(rows, **{**asked, "surveys": surveys.drop("invited")}) == {}
    assert shares_of_all(rows, **{**asked, "surveys": surveys.filter(surveys.score.notnull())}) == {}, "all answered"
    assert shares_of_all(rows, **{**asked, "surveys": surveys.limit(50)}) == {}, "too few"
    earlier = surveys.mutate(date=ibis.literal(date(2025, 9, 30)))
    assert shares_of_all(rows, **{**asked, "surveys": earlier}) == {}, "of another quarter"
    assert shares_of_all(None, **asked) == {}
    assert shares_of_all(replace(rows, surveyed=False), **asked) == {}
    assert shares_of_all(rows, **{**asked, "metric": None}) == {}


def test_it_stands_beside_the_share_and_goes_where_that_is_withheld() -> None:
    rows, asked = quarter(1)
    worth = level_worth(rows, of_all=shares_of_all(rows, **asked))
    told = {one.id: one.text for one in level_findings(worth, rows, currency="EUR", level=0.95)}
    assert "Of all who were invited, reweighted by who answers, the share is" in told["experience.level.high.share"]
    left, _ = hide_small(replace(worth, counts=worth.counts | {"high": 3}), 10)
    assert "high" not in left.of_all
    assert left.of_all.keys() == left.share.keys()


def test_the_retailer_s_levels_are_found_among_all() -> None:
    """In the world those who had a good experience answer more, and young customers less."""
    world = retail()
    tables = world.tables
    given = {"surveys": tables["surveys"], "interactions": tables["interactions"], "customers": tables["customers"]}
    rows = classify(world.purchases, **given, metrics=METRICS, rules=RULES, observed_from=world.observed_from,
                    as_of=world.as_of, dormancy_days=120)  # fmt: skip
    found = shares_of_all(rows, given["surveys"], world.purchases, interactions=given["interactions"],
                          customers=given["customers"], metric="overall", metrics=METRICS)  # fmt: skip
    assert rows is not None
    raw = level_worth(rows).share
    # Who answers is the more content: of all invited, more had a bad experience than of those who answered.
    assert found["negative"].value > raw["negative"].value
    assert found["high"].value < raw["high"].value
