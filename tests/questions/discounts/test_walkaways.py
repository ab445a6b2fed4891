"""Walk-aways: a hand-computed case, the known truth of a simulated chain, and what cannot be said."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.questions.discounts.display import lost_sentence
from cxvalue.questions.discounts.policies import DEPTHS, DiscountResult, Figure
from cxvalue.questions.discounts.walkaways import Afterwards, afterwards, lost_share, policy_outcomes
from cxvalue.simulate.cosmetics_world import CosmeticsParameters, cosmetics


def offers(rows: list[tuple[str, str, int, float, bool]]) -> ibis.Table:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "rung", "depth", "accepted"])
    frame["date"] = pd.to_datetime(frame["date"])
    return ibis.memtable(frame).mutate(date=ibis._.date.cast("date"))


def test_occasions_are_followed_by_the_next_day_seen() -> None:
    table = offers(
        [
            ("a", "2025-01-01", 1, 0.1, False), ("a", "2025-01-01", 2, 0.2, False),  # walked, back on the 20th
            ("a", "2025-01-20", 1, 0.1, True),  # bought early, back on 1 February with a purchase
            ("b", "2025-01-05", 1, 0.1, False), ("b", "2025-01-05", 2, 0.2, False),  # walked, never seen again
            ("c", "2025-01-07", 1, 0.1, False), ("c", "2025-01-07", 2, 0.2, True),  # bought last, never again
            ("d", "2025-03-25", 1, 0.1, False), ("d", "2025-03-25", 2, 0.2, True),  # too near the end
        ]
    )  # fmt: skip
    bought = ibis.memtable(
        pd.DataFrame(
            {"customer_id": ["a", "a", "x"], "date": pd.to_datetime(["2025-01-20", "2025-02-01", "2025-01-06"])}
        )
    )
    found = afterwards(table, bought, days=30, as_of=date(2025, 3, 31))
    assert found.all_rungs  # one occasion at the last rung is too few to compare with
    assert (found.walked.sum(), found.walked_back.sum()) == (2, 1)
    assert (found.bought.sum(), found.bought_back.sum()) == (2, 1)
    alone = afterwards(table, None, days=30, as_of=date(2025, 3, 31))
    assert (alone.walked_back.sum(), alone.bought_back.sum()) == (1, 0)


@pytest.mark.parametrize(("worlds", "least"), [(4, 2), (12, 9)])
def test_the_share_lost_is_found_in_a_world_that_is_known(worlds: int, least: int) -> None:
    """Over 12 worlds: no bias beyond chance, and the intervals hold the truth."""
    true = CosmeticsParameters(leaves=0.25, ladder=(0.05, 0.1, 0.15))
    errors, inside = [], 0
    for seed in range(worlds):
        world = cosmetics(2500, seed, true)
        table = ibis.memtable(world.tables["offers"]).mutate(accepted=ibis._.accepted == "true")
        found = lost_share(afterwards(table, None, days=120, as_of=world.study["as_of"]), seed=seed)
        assert found is not None
        errors.append(found.value - true.leaves)
        inside += found.low <= true.leaves <= found.high
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.005
    assert inside >= least  # 95% intervals: fewer than 9 of 12 has a chance of 0.2%


def test_where_nobody_leaves_for_good_none_is_claimed() -> None:
    world = cosmetics(2500, 3, CosmeticsParameters(leaves=0.0, ladder=(0.05, 0.1, 0.15)))
    table = ibis.memtable(world.tables["offers"]).mutate(accepted=ibis._.accepted == "true")
    found = lost_share(afterwards(table, None, days=120, as_of=world.study["as_of"]))
    assert found is not None
    assert found.low < 0 < found.high


def test_too_few_occasions_say_nothing() -> None:
    few = Afterwards(90, np.full(10, 5.0), np.full(10, 2.0), np.full(10, 50.0), np.full(10, 30.0), False)
    assert lost_share(few) is None


@pytest.mark.parametrize(
    ("walked_back", "bought_back", "known"),
    [(0, 30, False), (20, 0, False), (50, 50, False), (20, 50, True), (50, 30, True)],
)
def test_shares_of_none_or_all_are_no_estimate(walked_back: int, bought_back: int, known: bool) -> None:
    varied = np.linspace(0.5, 1.5, 20)
    fifty = np.full(20, 50.0)
    sides = [back * (varied if 0 < back < 50 else 1) * np.ones(20) for back in (walked_back, bought_back)]
    counts = Afterwards(90, fifty, sides[0], fifty, sides[1], False)
    found = lost_share(counts)
    assert (found is not None) == known
    if found is None:
        assert "have no range" in lost_sentence(counts, None, None, 12, "EUR")
    else:
        assert found.low < found.high


def test_policies_put_margin_and_customers_lost_side_by_side() -> None:
    buys = np.linspace(0.4, 0.8, DEPTHS.size)
    result = DiscountResult(
        fits=(), weights=np.ones(1), overdispersion=1.0, none=Figure(4, 3, 5), flat=Figure(6, 5, 7),
        ladder=Figure(7, 6, 8), optimal_depth=Figure(0.2, 0.15, 0.25), curve=np.zeros((3, DEPTHS.size)),
        acceptance=np.vstack([buys, buys, buys]), short_ladder=None, by_segment=(), walked_away=0.1, offered_nothing=0.0,
    )  # fmt: skip
    none, flat, ladder = policy_outcomes(result, Figure(0.2, 0.1, 0.3), (50.0, 40.0, 60.0))
    assert none.future_lost is not None
    assert none.future_lost.value == pytest.approx(0.6 * 0.2 * 50)
    # Errors of 50% and of 20% added as squares: 6 x sqrt(0.25 + 0.04).
    assert none.future_lost.high - none.future_lost.value == pytest.approx(6 * np.sqrt(0.29))
    assert (flat.walked_away, ladder.walked_away) == (pytest.approx(0.4), 0.1)
    assert all(one.future_lost is None for one in policy_outcomes(result, None, (50.0, 40.0, 60.0)))
