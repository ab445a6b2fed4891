"""The best choice of items under a budget: what it is worth, how sure it is, and what more or less money would change.

The best of several noisy values looks better than it is, so values are shrunk towards their common mean before one is
chosen, and the choice is held fixed while its worth is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.intervals import Interval
from cxvalue.questions.choice.items import Items

Chosen = Bools

BUDGETS = (0.5, 0.75, 1.0, 1.25, 1.5)
ENUMERATED = 14
DRAWS_BY_PROGRAMME = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """Which items, the net worth of them a year, the share of draws in which each is in the best set, and the regret.

    `curve` has budget, net worth and the items chosen at shares of the budget.
    """

    chosen: Chosen
    net: Interval
    value: Floats
    share: Floats
    regret: float
    curve: tuple[tuple[float, float, Chosen], ...]
    spent: float


def shrunk(items: Items) -> tuple[Floats, Floats]:
    """Values and draws pulled towards their common mean by as much as they are noise (normal empirical Bayes).

    What all items share, the link of score and money, is set aside: it is unsure, but no item is ahead because of it.

    >>> one = Items(("a", "b"), ("all", "all"), np.array([1.0, 3.0]), np.array([[0.0, 2.0], [2.0, 4.0]]), np.zeros(2))
    >>> shrunk(one)[0].tolist()  # they differ as much as they are unsure: no more than noise
    [2.0, 2.0]
    """
    if items.value.size < 2:
        return items.value, items.draws
    link, drawn = (1.0, np.ones(len(items.draws))) if items.link is None else items.link
    if link == 0 or not drawn.all():
        link, drawn = 1.0, np.ones(len(items.draws))
    each, each_drawn = items.value / link, items.draws / drawn[:, None]
    noise = each_drawn.var(axis=0, ddof=1)
    between = max(float(each.var(ddof=1) - noise.mean()), 0.0)
    weight = 1 / np.maximum(between + noise, 1e-300)
    mean = float((weight * each).sum() / weight.sum())
    kept = between / np.maximum(between + noise, 1e-300) if noise.max() > 0 else np.ones(each.size)
    value = mean + kept * (each - mean)
    centre = each_drawn.mean(axis=0)
    return value * link, (value + np.sqrt(kept) * (each_drawn - centre)) * drawn[:, None]


def best_choice(net: Floats, cost: Floats, budget: float, apart: tuple[tuple[int, int], ...] = ()) -> Chosen:
    """The set of items with the most net worth within the budget; of equal ones the cheaper, then the first by order.

    A zero-one programme (`scipy.optimize.milp`), solved twice: for the worth, then for the cheapest set that has it.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    n = net.size
    rows = [LinearConstraint(cost[None, :], ub=budget)]
    for i, j in apart:
        pair = np.zeros((1, n))
        pair[0, [i, j]] = 1.0
        rows.append(LinearConstraint(pair, ub=1.0))
    settings = {"integrality": np.ones(n), "bounds": Bounds(0, 1)}
    scale = max(float(np.abs(net).max(initial=0.0)), 1e-300)
    first = milp(-net / scale, constraints=rows, **settings)
    most = -float(first.fun)
    rows.append(LinearConstraint(net[None, :] / scale, lb=most - 1e-9))
    order = np.arange(1, n + 1) / n * 1e-6
    dear = max(float(cost.max(initial=0.0)), 1e-300)
    second = milp(cost / dear + order, constraints=rows, **settings)
    found = second if second.x is not None else first
    return np.asarray(np.round(found.x) > 0.5)


def choose_items(items: Items, budget: float, *, level: float = 0.95) -> Choice:
    """The best items under a budget and how sure the choice is."""
    value, draws = shrunk(items)
    net, drawn = value - items.cost, draws - items.cost
    ours = best_choice(net, items.cost, budget, items.apart)
    worth = drawn @ ours
    best = _best_of_draws(drawn, items, budget)
    curve = []
    for share in BUDGETS:
        chosen = best_choice(net, items.cost, share * budget, items.apart)
        curve.append((share * budget, float(net @ chosen), chosen))
    regret = float(((drawn[: len(best)] * best).sum(axis=1) - worth[: len(best)]).mean())
    return Choice(
        chosen=ours,
        net=Interval.around(float(net @ ours), worth, level),
        value=value,
        share=best.mean(axis=0),
        regret=max(regret, 0.0),
        curve=tuple(curve),
        spent=float(items.cost @ ours),
    )


def _best_of_draws(drawn: Floats, items: Items, budget: float) -> Floats:
    """The best set in each draw (draws x items): of all sets where they are few, else by programme in fewer draws."""
    n = items.cost.size
    if n > ENUMERATED:
        few = drawn[:DRAWS_BY_PROGRAMME]
        return np.array([best_choice(one, items.cost, budget, items.apart) for one in few], dtype=float)
    sets = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)
    kept = sets @ items.cost <= budget * (1 + 1e-12)
    for i, j in items.apart:
        kept &= sets[:, i] + sets[:, j] <= 1
    sets = sets[kept]
    # Of equal sets the cheaper one.
    sets = sets[np.argsort(sets @ items.cost, kind="stable")]
    best = np.zeros(len(drawn), dtype=np.intp)
    for part in np.array_split(np.arange(len(drawn)), max(1, len(drawn) * len(sets) // 4_000_000)):
        best[part] = (drawn[part] @ sets.T).argmax(axis=1)
    return np.asarray(sets[best])
