"""What the questions ask of tables, as tasks that any engine can be given, and what came of them as plain arrays.

The table of equality in ``data/warehouse.md`` is made of these (``python -m tests.engine.equality``). A campaign without a
holdout is none of them: its stand-ins are drawn in the order of ids, which is that of the engine's collation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from cxvalue.engine.embedded import connect
from cxvalue.lifetime import customer_value, fit, fit_spend
from cxvalue.lifetime.contracts.spells import OPEN
from cxvalue.questions.campaigns.campaign import campaign_data
from cxvalue.questions.campaigns.dormancy import dormancy_by_month, return_curve
from cxvalue.questions.campaigns.first_ever import first_ever_buyers
from cxvalue.questions.contracts.contract_base import contracts_of
from cxvalue.questions.contracts.members import Happening, Members, member_months
from cxvalue.questions.customers.audit import base_counts, cohort_table, margin_by_cohort, monthly_activity, waterfall
from cxvalue.questions.customers.crosssell import cross_selling
from cxvalue.questions.discounts.given import depth_by_product
from cxvalue.questions.discounts.occasions import occasions_of
from cxvalue.questions.discounts.walkaways import afterwards
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate import shop as simulate_shop
from cxvalue.tables import ledger
from cxvalue.tables.labels import labels_of_all
from cxvalue.tables.panels.by_customer import customer_panel
from cxvalue.tables.panels.by_unit import unit_panel
from cxvalue.tables.panels.overlap import programme_paths
from cxvalue.tables.periods import period_states
from cxvalue.tables.states import holdout_counts, purchase_states_from_purchases
from tests.engine.helpers import in_files, loaded, study_of
from tests.engine.shops import COLUMNS, FIRST, SETTINGS, shop

AS_OF, BEGAN = date(2025, 9, 30), FIRST
LAST = date(2026, 6, 30)
"""The last day of the shop whose customers leave."""
Asked = Callable[["There"], Any]


@dataclasses.dataclass(frozen=True)
class There:
    """The canonical tables of the shop in one engine."""

    con: Any
    get: Callable[[str], ibis.Table]

    def __getattr__(self, name: str) -> ibis.Table:
        return self.get(name)

    @property
    def source(self) -> Any:
        study = study_of(Path(), {"transactions": {"path": "t.csv"}, "rollout": {"path": "r.csv"}}, **_PROGRAMME)
        known = {"purchases", "customers", "rollout", "interactions", "fees", "contacts"}
        tables = StudyTables(study, lambda name: self.get(name) if name in known else None, AS_OF, BEGAN)
        return tables.source(study.programmes[0])


_PROGRAMME: dict[str, Any] = {"programmes": SETTINGS["programmes"]}


def _months(there: There) -> ibis.Table:
    rng = np.random.default_rng(4)
    start = np.sort(rng.integers(19_700, 20_200, 60))
    frame = pd.DataFrame(
        {
            "member": [f"m{number}" for number in range(60)],
            "cluster": [f"k{number % 20}" for number in range(60)],
            "start": start,
            "end": np.where(rng.random(60) < 0.5, start + rng.integers(40, 300, 60), OPEN),
            "plan": [("a", "b")[number % 2] for number in range(60)],
        }
    )
    touched = there.interactions.mutate(
        key=ibis.literal("m") + (there.interactions.minutes.cast("int64")).cast("string")
    )
    day = there.interactions.date.delta(ibis.literal(date(1970, 1, 1)), unit="day")
    called = Happening("called", touched.select("key", day=day), 90)
    return member_months(Members(frame, AS_OF, BEGAN, ("plan",), (called,)), there.con)


TASKS: dict[str, Asked] = {
    "ledger, made again": lambda t: ledger.purchases(t.lines, AS_OF).table,
    "histories of each customer": lambda t: purchase_states_from_purchases(t.purchases, as_of=AS_OF, per_customer=True),
    "distinct histories": lambda t: purchase_states_from_purchases(t.purchases, as_of=AS_OF, log_gaps=True),
    "histories by month": lambda t: period_states(t.purchases, as_of=AS_OF),
    "what the holdout bought": lambda t: holdout_counts(t.purchases, date(2025, 3, 1), AS_OF),
    "the base in counts": lambda t: base_counts(t.purchases, as_of=AS_OF, dormancy_days=90),
    "waterfall": lambda t: waterfall(t.purchases, as_of=AS_OF, observed_from=BEGAN, dormancy_days=90),
    "activity by month": lambda t: monthly_activity(t.purchases, as_of=AS_OF),
    "cohorts": lambda t: cohort_table(t.purchases, as_of=AS_OF, observed_from=BEGAN),
    "margin by cohort": lambda t: margin_by_cohort(t.purchases, as_of=AS_OF, observed_from=BEGAN),
    "dormant by month": lambda t: dormancy_by_month(t.purchases, days=90, as_of=AS_OF, observed_from=BEGAN),
    "who comes back": lambda t: return_curve(t.purchases, days=90, as_of=AS_OF),
    "cross-selling": lambda t: cross_selling(t.lines, as_of=AS_OF, observed_from=BEGAN, dormancy_days=90, fewest=5),
    "discounts by product": lambda t: depth_by_product(t.lines),
    "labels of customers": lambda t: labels_of_all(t.customers, ["branch", "Region"]),
    "a campaign with a holdout": lambda t: campaign_data(
        t.contacts, t.purchases, name="spring", control="none", window_days=30, as_of=AS_OF, transactions=t.lines
    ),
    "first purchases ever": lambda t: first_ever_buyers(
        t.contacts, t.purchases, t.lines, name="spring", product="P1", window_days=60, as_of=AS_OF
    ),
    "panel of units": lambda t: unit_panel(t.source),
    "panel of customers": lambda t: customer_panel(t.source),
    "paths of programmes": lambda t: programme_paths([t.source]),
    "contracts": lambda t: contracts_of(t.subscriptions, as_of=AS_OF, observed_from=BEGAN),
    "months of members": _months,
    "offers by occasion": lambda t: occasions_of(t.offers, t.customers, segment="branch", gross_margin=0.4),
    "after a walk-away": lambda t: afterwards(t.offers, t.purchases, days=60, as_of=AS_OF),
}


def _more() -> dict[str, pa.Table]:
    rng = np.random.default_rng(5)
    ids = [f"C{number:04d}" for number in rng.integers(0, 60, 80)]
    start = [BEGAN + timedelta(days=int(one)) for one in rng.integers(0, 400, 80)]
    ended = [
        one + timedelta(days=int(days)) if days < 300 else None
        for one, days in zip(start, rng.integers(30, 500, 80), strict=True)
    ]
    subscriptions = {
        "customer_id": ids,
        "start": pa.array(start, pa.date32()),
        "end": pa.array([one if one is not None and one <= AS_OF else None for one in ended], pa.date32()),
        "value_per_month": rng.uniform(5, 50, 80).round(2),
    }
    who = [f"C{number:04d}" for number in range(60)]
    offers = [(one, place, rung) for place, one in enumerate(who) for rung in range(1, 2 + place % 3)]
    # Customers who leave: nobody of the other shop ever does.
    bought = simulate_shop(300, seed=7).tables["transactions"]
    bought = bought.groupby(["customer_id", "date"], as_index=False)["revenue"].sum()
    return {
        "subscriptions": pa.table(subscriptions),
        "bought": pa.table(
            {
                "customer_id": bought["customer_id"].astype(str).tolist(),
                "date": pa.array(pd.to_datetime(bought["date"]).dt.date.tolist(), pa.date32()),
                "revenue": bought["revenue"].to_numpy(float),
                "margin": bought["revenue"].to_numpy(float) * 0.3,
            }
        ),
        "offers": pa.table(
            {
                "customer_id": [one for one, _, _ in offers],
                "date": pa.array([date(2025, 2, 1) + timedelta(days=place) for _, place, _ in offers], pa.date32()),
                "rung": pa.array([rung for _, _, rung in offers], pa.int64()),
                "depth": [0.1 * rung for _, _, rung in offers],
                "accepted": [rung == 1 + place % 3 and place % 4 > 0 for _, place, rung in offers],
                "basket_value": [50.0 + place for _, place, _ in offers],
                "basket_margin": [20.0 + place / 3 for _, place, _ in offers],
                "__row__": pa.array(range(1, len(offers) + 1), pa.int64()),
            }
        ),
    }


def _model(name: str) -> Asked:
    def fitted(there: There) -> Any:
        found = fit(purchase_states_from_purchases(there.bought, as_of=LAST), name)
        return {"parameters": np.array([*found.params.values()]), "log_likelihood": found.log_likelihood}

    return fitted


def _value(there: There) -> Any:
    states = purchase_states_from_purchases(there.bought, as_of=LAST, per_customer=True)
    model, spend = fit(states, "bg_nbd"), fit_spend(states)
    found = customer_value(model, spend, states, horizon_months=12, annual_discount_rate=0.1, draws=50)
    return {"customer_id": states.customer_id, "cltv": found.cltv, "spend": np.array([*spend.params.values()])}


FITS: dict[str, Asked] = {
    "NBD, fitted": _model("nbd"),
    "BG/NBD, fitted": _model("bg_nbd"),
    "Pareto/NBD, fitted": _model("pareto_nbd"),
    "spend fitted, and the value of each customer": _value,
}
"""What an optimiser says of what came over."""


def canonical_tables(folder: Path) -> dict[str, pa.Table]:
    """The canonical tables of the shop, as its files give them; its lines are numbered."""
    found = loaded(in_files(folder, shop(), COLUMNS, **SETTINGS))
    tables = {name: parquet.read_table(path) for name, path in found.paths.items()}
    lines = tables.pop("transactions")
    tables["lines"] = lines.append_column("__row__", pa.array(range(1, lines.num_rows + 1), pa.int64()))
    return {**tables, **_more()}


def embedded(canonical: dict[str, pa.Table]) -> There:
    """The tables in the engine of this process."""
    con = connect()
    made = {name: con.create_table(name, table, temp=True) for name, table in canonical.items()}
    return There(con, made.__getitem__)


def asked(task: Asked, there: There) -> dict[str, Any]:
    """What a task says of an engine's tables, as arrays by their place in it."""
    return by_customer(flat(task(there)))


def differing(expected: dict[str, Any], found: dict[str, Any], tolerance: float) -> tuple[list[str], float]:
    """Where two answers are not the same within a tolerance (of 1 or of the value), and their largest difference."""
    if list(found) != list(expected) or not expected:
        return ["the parts of the answer"], np.inf
    places, largest = [], 0.0
    for place, value in expected.items():
        theirs = found[place]
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or np.shape(theirs) != value.shape:
            same = bool(np.array_equal(theirs, value))
        else:
            with np.errstate(invalid="ignore"):
                gap = np.abs(theirs - value) / np.maximum(1.0, np.abs(value))
            alike = (np.isnan(theirs) & np.isnan(value)) | (theirs == value)
            gap = np.where(alike, 0.0, np.where(np.isfinite(gap), gap, np.inf))
            largest = max(largest, float(gap.max(initial=0.0)))
            same = bool((gap <= tolerance).all())
        places += [] if same else [place]
    return places, largest


def flat(value: Any, place: str = "") -> dict[str, Any]:
    """Whatever a task gives as arrays by their place in it; rows that nobody ordered are sorted."""
    if isinstance(value, ibis.Table):
        frame = value.to_pandas()
        return flat(frame.sort_values(_sorting(frame)).reset_index(drop=True), place)
    if isinstance(value, pd.DataFrame):
        index = {} if isinstance(value.index, pd.RangeIndex) else {f"{place}/index": _array(value.index)}
        return {**index, **{f"{place}/{name}": _array(value[name]) for name in value.columns}}
    if isinstance(value, pd.Series | np.ndarray | pa.Array | pa.ChunkedArray):
        return {place: _array(value)}
    if dataclasses.is_dataclass(value):
        fields = [one.name for one in dataclasses.fields(value)]
        parts = [flat(getattr(value, name), f"{place}/{name}") for name in fields]
    elif isinstance(value, dict):
        parts = [flat(one, f"{place}/{key}") for key, one in value.items()]
    elif isinstance(value, list | tuple):
        parts = [flat(one, f"{place}/{number}") for number, one in enumerate(value)]
    elif isinstance(value, float):
        return {place: np.array([value])}
    else:
        return {place: np.array([str(value)])}
    return {key: one for part in parts for key, one in part.items()}


def by_customer(parts: dict[str, Any]) -> dict[str, Any]:
    """Rows of customers in the order of their ids here: an engine sorts ids as its collation says."""
    if "/customer_id" not in parts:
        return parts
    order = np.argsort(parts["/customer_id"], kind="stable")
    return {
        place: np.take(one, order, axis=one.shape.index(order.size)) if order.size in one.shape else one
        for place, one in parts.items()
    }


def _array(values: Any) -> Any:
    found = values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else np.asarray(values)
    if found.dtype.kind in "iuf":
        return found.astype(float)
    return np.array(["" if one is None or one != one else str(one)[:19] for one in found])


def _sorting(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if frame[name].dtype.kind not in "f"]
