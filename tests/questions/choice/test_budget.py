"""The choice under a budget: a published knapsack, ties, exclusions, and the winner's curse."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.questions.choice.budget import best_choice, choose_items, shrunk
from cxvalue.questions.choice.items import Items

# Burkardt's knapsack P07: 1458 within 750; taking the best ratios first gives 1441.
WEIGHT = np.array([70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120], dtype=float)
PROFIT = np.array([135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240], dtype=float)


def made(value: list[float], cost: list[float], spread: float = 0.1, apart: tuple[tuple[int, int], ...] = ()) -> Items:
    n = len(value)
    draws = np.array(value) + spread * np.random.default_rng(1).standard_normal((2000, n))
    names = tuple(f"t{k}" for k in range(n))
    return Items(names, ("all",) * n, np.array(value, dtype=float), draws, np.array(cost, dtype=float), apart)


def test_the_published_knapsack_is_solved() -> None:
    chosen = best_choice(PROFIT, WEIGHT, 750)
    assert (PROFIT @ chosen, WEIGHT @ chosen) == (1458, 749)


def test_of_equal_sets_the_cheaper_then_the_first() -> None:
    assert best_choice(np.array([5.0, 5.0]), np.array([3.0, 2.0]), 3).tolist() == [False, True]
    assert best_choice(np.array([5.0, 5.0]), np.array([2.0, 2.0]), 3).tolist() == [True, False]
    assert best_choice(np.array([-1.0, 0.0]), np.array([1.0, 1.0]), 3).tolist() == [False, False]


def test_what_does_not_go_together_is_not_chosen_together() -> None:
    chosen = best_choice(np.array([5.0, 4.0, 1.0]), np.ones(3), 2, ((0, 1),))
    assert chosen.tolist() == [True, False, True]


def test_draws_choose_as_the_programme_does() -> None:
    items = made([9.0, 7.0, 5.0, 3.0], [4.0, 3.0, 2.0, 1.0], spread=2.0, apart=((0, 2),))
    found = choose_items(items, 6.0)
    _, draws = shrunk(items)
    for k in range(0, 200, 20):
        again = best_choice(draws[k] - items.cost, items.cost, 6.0, items.apart)
        sets = [s for s in np.ndindex(2, 2, 2, 2) if np.dot(s, items.cost) <= 6 and s[0] + s[2] <= 1]
        best = max(float(np.dot(s, draws[k] - items.cost)) for s in sets)
        assert float((draws[k] - items.cost) @ again) == pytest.approx(best)
    assert found.spent <= 6.0
    assert found.regret >= 0
    assert [round(one[0], 2) for one in found.curve] == [3.0, 4.5, 6.0, 7.5, 9.0]
    assert [one[1] for one in found.curve] == sorted(one[1] for one in found.curve)


def test_clear_values_are_chosen_for_sure() -> None:
    found = choose_items(made([10.0, 0.1], [1.0, 1.0]), 1.0)
    assert found.chosen.tolist() == [True, False]
    assert found.share.tolist() == pytest.approx([1.0, 0.0])
    assert found.net.value == pytest.approx(9.0, abs=0.1)


@pytest.mark.parametrize(("k", "excess"), [(3, 0.846284), (5, 1.162964), (10, 1.538753)])
def test_the_best_of_equal_items_looks_better_than_it_is_unless_shrunk(k: int, excess: float) -> None:
    raw, pulled = [], []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        value = rng.standard_normal(k)
        draws = value + rng.standard_normal((300, k))
        items = Items(("t",) * k, ("all",) * k, value, draws, np.zeros(k))
        raw.append(value.max())
        pulled.append(shrunk(items)[0].max())
    assert np.mean(raw) == pytest.approx(excess, abs=0.1)
    assert np.mean(pulled) < 0.45 * excess


@pytest.mark.parametrize(("worlds", "least", "off"), [(40, 0.84, 0.22), (200, 0.91, 0.1)])
def test_an_unsure_link_that_all_items_share_pulls_none_of_them(worlds: int, least: float, off: float) -> None:
    """Slopes are sure and the link is not: the range holds the truth as often as it says, and its middle is right."""
    slopes, errors, reach = np.array([0.6, 0.4, 0.2, 0.1]), 0.03, np.array([10_000.0, 7500, 5000, 4000])
    cost, link, link_error = np.full(4, 6000.0), 10.0, 4.0
    held, middles, truths = [], [], []
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        own, about = slopes + errors * rng.standard_normal(4), link + link_error * rng.standard_normal()
        drawn = about + link_error * rng.standard_normal(400)
        draws = (own + errors * rng.standard_normal((400, 4))) * reach * drawn[:, None]
        items = Items(("t",) * 4, ("all",) * 4, own * reach * about, draws, cost, link=(about, drawn))
        found = choose_items(items, 12_000.0)
        truth = float((slopes * reach * link - cost) @ found.chosen)
        held.append(found.net.low <= truth <= found.net.high)
        middles.append(found.net.value)
        truths.append(truth)
    assert np.mean(held) > least
    assert np.mean(middles) == pytest.approx(np.mean(truths), rel=off)


def test_items_whose_own_part_is_noise_are_pulled_together_whatever_the_link() -> None:
    rng = np.random.default_rng(3)
    own = 1 + 0.1 * rng.standard_normal(6)
    drawn = 5 + rng.standard_normal(2000)
    draws = (own + 0.3 * rng.standard_normal((2000, 6))) * drawn[:, None]
    items = Items(("t",) * 6, ("all",) * 6, own * 5, draws, np.zeros(6), link=(5.0, drawn))
    assert np.ptp(shrunk(items)[0]) == pytest.approx(0.0, abs=1e-9)
