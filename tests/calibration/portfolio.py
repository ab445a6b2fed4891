"""Does the total of two programmes on the same branches hold the truth? Simulated banks, by how the second one follows.

Run as ``python -m tests.calibration.portfolio [worlds] [customers] [follows]``: the second programme's branches are drawn by
themselves (0), or follow those of the first three months later (1). A line says how often the range of the total to date
holds the truth, and how far the plain sum of the two claims lies off it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from scipy import stats

from cxvalue.effects.estimators.group_time import BASE_MONTHS, group_time
from cxvalue.effects.together import contained
from cxvalue.questions.programmes.joint import Claims, Counted, count_once
from cxvalue.simulate.bank_draw import PROGRAMME, SECOND, BankDraw, BankParameters, counts_from, draw_bank
from cxvalue.simulate.bank_truth import truth_of
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.panels.overlap import ABSENT, PathCounts, PathPanel
from tests.calibration.bankworlds import unit_panel_of

BASE = BankParameters(branches=32, months=24, second_share=0.45, one_off=4_000.0, second_one_off=2_000.0)


def second_of(drawn: BankDraw) -> BankDraw:
    """The same bank seen from its second programme."""
    assert drawn.second is not None
    two = drawn.second
    return replace(drawn, start_day=two.start_day, start=two.start, base=two.base, without_it=two.without_it)


def paths_of(drawn: BankDraw) -> PathCounts:
    """Every customer as a row, with the starts of both programmes."""
    views = (drawn, second_of(drawn))
    inside = [view.acquired < np.where(view.start_day >= 0, view.start_day, view.start_day.max()) for view in views]
    first = counts_from(drawn)
    kept = (inside[0] | inside[1]) & (first < drawn.parameters.months)
    start = np.column_stack([np.where(own, view.start, ABSENT) for own, view in zip(inside, views, strict=True)])
    base = np.column_stack([view.base for view in views])
    months = unit_panel_of(drawn).months
    rows = int(kept.sum())
    return PathCounts(
        months, (PROGRAMME, SECOND), np.ones(rows), start[kept], base[kept], first[kept],
        np.full(rows, drawn.parameters.months - 1),
    )  # fmt: skip


def path_panel_of(drawn: BankDraw) -> PathPanel:
    """Branches by the starts of both programmes, for the customers in the population of both."""
    both = second_of(drawn)
    inside = np.ones(len(drawn.branch), dtype=bool)
    for view in (drawn, both):
        inside &= view.acquired < np.where(view.start_day >= 0, view.start_day, view.start_day.max())
    months, first = drawn.parameters.months, counts_from(drawn)
    inside &= first < months
    keys = np.column_stack([drawn.branch, drawn.start, both.start, drawn.base, both.base])[inside]
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell, begins = cell.reshape(-1), first[inside]
    people, total = (np.zeros((len(cells), months, months)) for _ in range(2))
    for month in range(months):
        here = begins <= month
        np.add.at(people, (cell[here], begins[here], month), 1.0)
        np.add.at(total, (cell[here], begins[here], month), drawn.with_it[inside][here, month])
    each = cells[:, 1:3]
    starts, path = np.unique(each, axis=0, return_inverse=True)
    start = np.where((each >= 0).any(axis=1), np.where(each >= 0, each, months).min(axis=1), -1)
    panel = UnitPanel(
        unit_panel_of(drawn).months, cells[:, 0], tuple(map(str, range(drawn.parameters.branches))), start,
        cells[:, 3:].min(axis=1), people, total, 0, 0, "margin", "branch",
    )  # fmt: skip
    return PathPanel(panel, path.reshape(-1), starts)


def together(drawn: BankDraw) -> tuple[Counted, float]:
    """Both programmes counted once, and the plain sum of their claims; the errors of single claims are not needed here."""
    rates = [group_time(unit_panel_of(view), base_months=BASE_MONTHS).overall for view in (drawn, second_of(drawn))]
    names, designs, outcomes, prices = (PROGRAMME, SECOND), ("staggered",) * 2, ("margin",) * 2, (1.0, 1.0)
    claims = Claims(names, designs, outcomes, prices, np.array(rates), np.zeros(2), np.inf, np.eye(2), 0.95)
    paths = paths_of(drawn)
    months = paths.by_state([0, 1])
    holds = np.array([[1.0 if k == j else contained(paths.exposure_panel(k, j)) for j in range(2)] for k in range(2)])
    found = count_once(claims, months, holds, lambda: path_panel_of(drawn))
    return found, float(claims.rate @ claims.amounts(months))


def one_world(task: tuple[BankParameters, int, int]) -> list[float]:
    """What is counted in one world; money in thousands."""
    true, customers, seed = task
    drawn = draw_bank(customers, seed, true)
    truth = truth_of(drawn)
    spent = sum(
        truth[f"programme.{name}.effect"] * truth[f"programme.{name}.treated_customer_months"]
        - truth[f"programme.{name}.contribution_to_date"]
        for name in (PROGRAMME, SECOND)
    )
    at = truth["programmes.total_to_date"] + spent
    found, plain = together(drawn)
    return [
        float(found.low <= at <= found.high),
        float(found.way == "joint"),
        (found.margin - at) / 1000,
        (plain - at) / 1000,
        (found.high - found.low) / 1000,
        at / 1000,
    ]


def main(worlds: int = 100, customers: int = 3000, follows: int = 0) -> None:
    """Print one line, with exact 99.9% bounds of the coverage."""
    true = replace(BASE, second_follows=float(follows))
    with ProcessPoolExecutor() as pool:
        rows = np.array(list(pool.map(one_world, [(true, customers, seed) for seed in range(worlds)], chunksize=4)))
    names = ("covered", "joint", "error", "plain error", "width", "true")
    print(f"follows {follows}: {worlds} worlds of {customers} customers (thousands)")
    print("  " + "  ".join(f"{name} {value:.3f}" for name, value in zip(names, rows.mean(axis=0), strict=True)), end="")
    print(f"  sd of error {rows[:, 2].std():.3f}  of the plain sum {rows[:, 3].std():.3f}")
    bound = stats.binomtest(int(rows[:, 0].sum()), worlds).proportion_ci(0.999, method="exact")
    print(f"    total: {rows[:, 0].mean():.1%} (99.9% bound {bound.low:.1%} to {bound.high:.1%})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
