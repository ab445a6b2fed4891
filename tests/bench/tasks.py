"""What is timed, one task a process: ``python -m tests.bench.tasks TASK FOLDER CUSTOMERS`` prints its seconds as JSON.

Imports are done before the clock starts (the cold task aside), for both packages alike, and reported apart.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.world import AS_OF, write

__all__ = ["TASKS", "transactions_of"]

MONTHS = 36
ANNUAL_RATE = 0.10
MARGIN = 0.35
Laps = dict[str, float]


def transactions_of(folder: Path, customers: int) -> Path:
    """Where the transactions of a world of that many customers stand."""
    return folder / f"transactions-{customers}.parquet"


def _make(folder: Path, customers: int) -> Laps:
    """Simulate a world."""
    return {"purchases": float(write(customers, transactions_of(folder, customers)))}


def _ours(folder: Path, customers: int) -> Laps:
    """Transactions to customers.parquet: histories, BG/NBD, Gamma-Gamma, 36 months of value with all intervals."""
    import ibis.expr.operations  # noqa: F401
    import pandas as pd
    import pyarrow.parquet  # noqa: F401
    import scipy.optimize  # noqa: F401

    from cxvalue.engine.embedded import connect
    from cxvalue.lifetime import customer_value, fit, fit_spend
    from cxvalue.questions.lifetime_value.tables import customers_table
    from cxvalue.tables.parquet import write_parquet
    from cxvalue.tables.states import purchase_states

    clock = _Clock()
    bought = connect().read_parquet(transactions_of(folder, customers))
    states = purchase_states(bought, as_of=pd.Timestamp(AS_OF).date(), time_unit="week", per_customer=True)
    clock.lap("histories")
    model = fit(states, "bg_nbd")
    clock.lap("model fit")
    spend = fit_spend(states)
    clock.lap("spend fit")
    value = customer_value(
        model, spend, states, horizon_months=MONTHS, annual_discount_rate=ANNUAL_RATE, margin_rate=MARGIN
    )
    clock.lap("value")
    table = customers_table(value, states, dormancy_days=120)
    # As a report publishes it, see `cxvalue.workspace.opened`.
    write_parquet(table, folder / "customers.parquet")
    clock.lap("writing")
    return clock.laps | {"equity": value.equity.value, "low": value.equity.low, "high": value.equity.high}


def _theirs(folder: Path, customers: int) -> Laps:
    """The same of lifetimes: summary, BetaGeoFitter, GammaGammaFitter and 36 months of value, without any interval."""
    pd, lifetimes = _lifetimes()
    from lifetimes.utils import summary_data_from_transaction_data

    clock = _Clock()
    bought = pd.read_parquet(transactions_of(folder, customers), columns=["customer_id", "date", "revenue"])
    summary = summary_data_from_transaction_data(
        bought, "customer_id", "date", monetary_value_col="revenue", observation_period_end=str(AS_OF), freq="D"
    )
    clock.lap("histories")
    model = lifetimes.BetaGeoFitter().fit(summary["frequency"], summary["recency"] / 7, summary["T"] / 7)
    clock.lap("model fit")
    repeat = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    spend = lifetimes.GammaGammaFitter().fit(repeat["frequency"], repeat["monetary_value"])
    clock.lap("spend fit")
    value = spend.customer_lifetime_value(
        model,
        summary["frequency"],
        summary["recency"] / 7,
        summary["T"] / 7,
        summary["monetary_value"],
        time=MONTHS,
        discount_rate=(1 + ANNUAL_RATE) ** (1 / 12) - 1,
        freq="W",
    )
    clock.lap("value")
    summary.assign(cltv=MARGIN * value).to_parquet(folder / "customers-lifetimes.parquet")
    clock.lap("writing")
    return clock.laps | {"equity": MARGIN * float(value.sum())}


def _fit(model: str) -> Callable[[Path, int], Laps]:
    def task(folder: Path, customers: int) -> Laps:
        from cxvalue.lifetime import fit

        states = _states(folder, customers)
        clock = _Clock()
        fitted = fit(states, model)
        clock.lap("model fit")
        return clock.laps | {"log_likelihood": fitted.log_likelihood}

    task.__doc__ = f"The {model} fit alone, on histories a customer."
    return task


def _fit_lifetimes(name: str) -> Callable[[Path, int], Laps]:
    def task(folder: Path, customers: int) -> Laps:
        _, lifetimes = _lifetimes()
        states = _states(folder, customers)
        columns = states.frequency.astype(float), states.recency, states.T
        fitter = getattr(lifetimes, name)()
        clock = _Clock()
        fitter.fit(*columns)
        clock.lap("model fit")
        return clock.laps

    task.__doc__ = f"The fit of lifetimes' {name} alone, on the same histories."
    return task


def _fit_pymc(folder: Path, customers: int) -> Laps:
    """The MAP fit of pymc-marketing's BetaGeoModel, on the same histories; its compilation belongs to it."""
    import pandas as pd
    from pymc_marketing.clv import BetaGeoModel

    states = _states(folder, customers)
    columns = {"customer_id": states.customer_id, "frequency": states.frequency}
    data = pd.DataFrame(columns | {"recency": states.recency, "T": states.T})
    clock = _Clock()
    BetaGeoModel(data=data).fit(method="map")
    clock.lap("model fit")
    return clock.laps


def _cold(folder: Path, customers: int) -> Laps:
    """Start of the process to a BG/NBD fit of the CDNOW sample, imports included."""
    from cxvalue.lifetime import fit
    from tests.lifetime.conftest import CALIBRATION_END, states_until

    fitted = fit(states_until(CALIBRATION_END), "bg_nbd")
    assert abs(fitted.log_likelihood + 9582.4292) < 0.001
    return {"log_likelihood": fitted.log_likelihood}


TASKS: dict[str, Callable[[Path, int], Laps]] = {
    "make": _make,
    "ours": _ours,
    "lifetimes": _theirs,
    "bg-ours": _fit("bg_nbd"),
    "bg-lifetimes": _fit_lifetimes("BetaGeoFitter"),
    "bg-pymc": _fit_pymc,
    "pareto-ours": _fit("pareto_nbd"),
    "pareto-lifetimes": _fit_lifetimes("ParetoNBDFitter"),
    "cold": _cold,
}


class _Clock:
    """Seconds since it was made, lap by lap, and the processor seconds of all threads meanwhile."""

    def __init__(self) -> None:
        self.laps: Laps = {}
        self.start = self.last = time.perf_counter()
        self.used = time.process_time()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self.last
        self.laps["seconds"] = now - self.start
        self.laps["processor"] = time.process_time() - self.used
        self.last = now


def _states(folder: Path, customers: int) -> Any:
    import pandas as pd

    from cxvalue.engine.embedded import connect
    from cxvalue.tables.states import purchase_states

    table = connect().read_parquet(transactions_of(folder, customers)).select("customer_id", "date", "revenue")
    return purchase_states(table, as_of=pd.Timestamp(AS_OF).date(), time_unit="week", per_customer=True)


def _lifetimes() -> tuple[Any, Any]:
    warnings.filterwarnings("ignore")
    import lifetimes
    import pandas as pd

    return pd, lifetimes


def main(task: str, folder: str, customers: str) -> None:
    """Run one task and print what its clock says, as one line of JSON."""
    laps = TASKS[task](Path(folder), int(customers))
    print(json.dumps(laps | {"load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:4])
