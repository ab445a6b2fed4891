"""The retailer's customers: switches do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxvalue.simulate.retailer_draw import (
    MONTHS,
    STARTS,
    TINY_STORE,
    Lives,
    RetailerParameters,
    draw_lives,
    draw_stores,
)

TRUE = RetailerParameters()


def lives(true: RetailerParameters = TRUE, *, fast: bool | None = None, customers: int = 3000) -> Lives:
    rng = np.random.default_rng(7)
    return draw_lives(rng, draw_stores(rng, true), customers, true, fast=fast)


def kept(found: Lives) -> float:
    when = np.full(found.store.size, -(10**6))
    when[found.complainer] = found.complained
    since = found.bought - when[found.buyer]
    back = np.unique(found.buyer[(since >= 15) & (since <= 194)])
    whole = found.complained + 194 < STARTS[MONTHS]
    return float(np.isin(found.complainer[whole], back).mean())


def test_a_fast_answer_keeps_as_many_more_as_the_truth_says() -> None:
    true = replace(TRUE, complaints_per_year=0.5)
    fast, slow = (lives(true, fast=way, customers=8000) for way in (True, False))
    assert kept(fast) - kept(slow) == pytest.approx(fast.gain.mean(), abs=0.03)


def test_one_store_is_tiny_and_everything_happens_while_observed() -> None:
    found = lives()
    assert (found.store == 0).sum() == TINY_STORE
    assert found.bought.min() >= 0
    assert found.bought.max() < STARTS[MONTHS]
    assert np.isin(np.unique(found.overall), np.arange(11)).all()


def test_without_an_effect_margin_does_not_follow_experience() -> None:
    rise = []
    for beta in (0.0, 2.0):
        found = lives(replace(TRUE, beta=beta, trait=0.0, leaving=0.0, complaints_per_year=0.0, tasters=0.0))
        last = (found.bought >= STARTS[45]) & (found.bought < STARTS[48])
        margin = np.bincount(found.buyer[last], found.margin[last], found.store.size)
        # Experiences of neighbouring quarters go together, so the four that count are held against margin at once.
        felt = np.column_stack([np.ones(found.store.size), found.experience[:, 11:15]])
        rise.append(np.linalg.lstsq(felt, margin, rcond=None)[0][1:])
    assert abs(rise[0].mean()) < 0.5
    assert (rise[1] - rise[0]).mean() == pytest.approx(6.0, abs=0.5)  # 2 a month in three months


def test_the_unhappy_answer_less_where_the_switch_says_so() -> None:
    usual, leaning = lives(), lives(replace(TRUE, answers_follow_score=0.3))
    gap = [one.overall[one.answers].mean() - one.overall.mean() for one in (usual, leaning)]
    assert gap[1] > gap[0] > 0
