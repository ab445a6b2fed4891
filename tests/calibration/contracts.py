"""Do the figures of customers under contract cover? Simulated insurers, against what their customers then really do.

Run as ``python -m tests.calibration.contracts [customers] [worlds] [drivers] [any_day] [yearly]``. For each world it counts
whether the 95% intervals hold the truth, and prints their mean width and the mean error, both relative to the truth, and the
spread of the errors in units of the interval (1: as wide as it should be; below 1: too wide). With `drivers`
complaints, users' satisfaction and the region change the hazard, the model of churn and value is chosen by the holdout, and
accounts and hazard ratios are held against the truth too. With `any_day` contracts end on any day of their last month, with
`yearly` only at anniversaries.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from cxvalue.lifetime import Interval
from cxvalue.questions.contracts.accounts import account_renewals
from cxvalue.questions.contracts.contract_value import renewal_value
from cxvalue.questions.contracts.drivers import COMPLAINT, scores_of
from cxvalue.questions.contracts.endings import contract_churn
from cxvalue.questions.contracts.renewals import fit_renewals
from cxvalue.simulate.insurer_world import InsurerParameters, insurer
from tests.insurerworlds import by_age, in_engine, of_world

NAMES = ("cltv.equity", "churn.rate", "churn.value_at_risk", "cltv.new_customer")
MORE = ("churn.satisfaction_gap", "churn.hazard_ratio.complaint", "hazard ratio of region")


def one_world(task: tuple[int, int, InsurerParameters]) -> tuple[dict[str, list[float]], str]:
    """Covered, relative width, relative error and error in units of the interval, of each figure; and the model of churn."""
    customers, seed, true = task
    world = insurer(customers, seed=[seed, customers], parameters=true)
    # Without drivers nothing but the contracts is asked for, and the engine need not hold them.
    contracts, tables, con = in_engine(world) if true.drivers else (of_world(world), None, None)
    fit = fit_renewals(contracts)
    if fit.full.status != "ok":
        return {}, "withheld"
    if tables is not None and con is not None:
        churn = contract_churn(fit, contracts, tables, con, gross_margin=0.25, seed=seed, draws=300)
    else:
        churn = by_age(fit, contracts, seed=seed)
    value = renewal_value(
        fit, contracts, churn, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, seed=seed
    )
    rate = churn.losses.rate if churn.losses is not None else None
    found = dict(zip(NAMES, (value.equity, rate, value.value_at_risk, value.new_customer), strict=True))
    truth = dict(world.truth)
    if tables is not None:
        accounts = account_renewals(contracts, scores_of(tables, contracts.as_of), gross_margin=0.25)
        found[MORE[0]] = accounts.gap if accounts else None
        truth[MORE[2]] = true.region_ratio
        if churn.hazard is not None:
            ratios = churn.hazard.model.ratios().set_index(["driver", "level"])
            for name, driver in zip(MORE[1:], ((COMPLAINT, "yes"), ("region", "south")), strict=True):
                if driver in ratios.index and np.isfinite(ratios.loc[driver, "low"]):
                    row = ratios.loc[driver]
                    found[name] = Interval(float(row["ratio"]), float(row["low"]), float(row["high"]))
    rows = {}
    for name, one in found.items():
        if one is not None and truth[name] is not None:
            at = float(truth[name])
            width = one.high - one.low
            rows[name] = [
                float(one.low <= at <= one.high),
                width / at,
                one.value / at - 1,
                (one.value - at) * 3.92 / width,
            ]
    return rows, churn.model


def main(customers: int = 500, worlds: int = 1000, words: tuple[str, ...] = ()) -> None:
    """Print a line a figure."""
    true = InsurerParameters(
        drivers="drivers" in words,
        any_day="any_day" in words,
        yearly="yearly" in words,
        beta=5.0 if "yearly" in words else 25.0,
        users=4.0 if "drivers" in words else 1.0,
        answers_per_year=1.0 if "drivers" in words else 0.0,
    )
    tasks = [(customers, seed, true) for seed in range(worlds)]
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(one_world, tasks, chunksize=5))
    models = [model for _, model in results]
    said = ", ".join(f"{name} {models.count(name) / worlds:.1%}" for name in sorted(set(models)))
    print(f"{customers} customers, {worlds} worlds {' '.join(words)}; model of churn: {said}")
    print(f"{'figure':<30}{'worlds':>8}{'covered':>10}{'width':>10}{'error':>10}{'spread':>10}")
    for name in (*NAMES, *MORE):
        rows = np.array([found[name] for found, _ in results if name in found])
        if len(rows):
            inside, width, error, _ = rows.mean(axis=0)
            print(
                f"{name:<30}{len(rows):>8}{inside:>10.1%}{width:>10.1%}{error:>10.1%}{rows[:, 3].std():>10.2f}",
                flush=True,
            )


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(int(word) for word in given if word.isdigit()), words=tuple(word for word in given if not word.isdigit()))
