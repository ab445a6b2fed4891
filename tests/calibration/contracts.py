"""Do the figures of customers under contract cover? Simulated insurers, against what their customers then really do.

Run as ``python -m tests.calibration.contracts [customers] [worlds] [any_day]``. For each world it counts whether the 95%
intervals hold the truth, and prints their mean width and the mean error, both relative to the truth. With `any_day`
contracts end on any day of their last month, otherwise at its end.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor

import ibis
import numpy as np

from cxvalue.contract_base import contracts_of
from cxvalue.renewals import fit_renewals, renewal_value
from cxvalue.simulate.insurer import InsurerParameters, insurer

NAMES = ("cltv.equity", "churn.rate", "churn.value_at_risk", "cltv.new_customer")


def one_world(task: tuple[int, int, bool]) -> list[float] | None:
    """Covered, relative width and relative error of each figure in one world; None when the fit is not sound."""
    customers, seed, any_day = task
    world = insurer(customers, seed=[seed, customers], parameters=InsurerParameters(any_day=any_day))
    table = ibis.memtable(world.tables["subscriptions"])
    contracts = contracts_of(table, as_of=world.study["as_of"], observed_from=world.study["observed_from"])
    fit = fit_renewals(contracts)
    if fit.full.status != "ok":
        return None
    value = renewal_value(fit, contracts, horizon_months=24, annual_discount_rate=0.1, gross_margin=0.25, seed=seed)
    found = (value.equity, value.churn_rate, value.value_at_risk, value.new_customer)
    row: list[float] = []
    for name, one in zip(NAMES, found, strict=True):
        truth = world.truth[name]
        assert one is not None
        row += [float(one.low <= truth <= one.high), (one.high - one.low) / truth, one.value / truth - 1,
                float(truth < one.low)]
    return row


def main(customers: int = 500, worlds: int = 1000, any_day: bool = False) -> None:
    """Print a line a figure."""
    tasks = [(customers, seed, any_day) for seed in range(worlds)]
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(one_world, tasks, chunksize=10))
    kept = np.array([row for row in results if row is not None])
    print(f"{customers} customers, {worlds} worlds, withheld {1 - len(kept) / worlds:.1%}")
    print(f"{'figure':<22}{'covered':>10}{'below':>10}{'width':>10}{'error':>10}")
    for place, name in enumerate(NAMES):
        inside, width, error, below = kept[:, 4 * place : 4 * place + 4].mean(axis=0)
        print(f"{name:<22}{inside:>10.1%}{below:>10.1%}{width:>10.1%}{error:>10.1%}", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(*(int(word) for word in words if word.isdigit()), any_day="any_day" in words)
