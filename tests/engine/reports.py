"""A study with a campaign, offers and a roll-out, whose whole report is made from files and from an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import yaml

from cxvalue.engine.warehouse import Warehouse
from cxvalue.simulate import cosmetics, mealkit
from tests.engine.helpers import VARIABLE, AnyEngine
from tests.inprocess import hand_over, read_results

BRANCHES = 24


@dataclass(frozen=True)
class Report:
    """Findings by their ids, tables that notebooks handed over, and tables that they were made from."""

    findings: dict[str, dict[str, Any]]
    handed: dict[str, pd.DataFrame]
    asked: dict[str, pd.DataFrame]


def company(customers: int = 400, seed: int = 3) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """A study and its tables: orders with products, a campaign with a holdout, offers, a roll-out by branch with fees."""
    meals, rng = mealkit(customers, seed=seed), np.random.default_rng(seed)
    every = np.unique(meals.tables["transactions"]["customer_id"].to_numpy(object))
    branch = {one: f"branch {number % BRANCHES:02d}" for number, one in enumerate(every)}
    offers = cosmetics(customers // 2, seed=seed).tables["offers"]
    known = {one: every[number % len(every)] for number, one in enumerate(pd.unique(offers["customer_id"]))}
    day = pd.Timestamp(meals.study["observed_from"]) + pd.to_timedelta(rng.integers(0, 900, 3 * customers), "D")
    asked = rng.choice(every, len(day))
    starts = pd.date_range("2025-02-01", periods=BRANCHES // 2, freq="MS")
    frames = meals.tables | {
        "customers": pd.DataFrame(
            {"customer_id": every, "branch": [branch[one] for one in every], "tier": rng.choice(["a", "b"], len(every))}
        ),
        "offers": offers.assign(customer_id=offers["customer_id"].map(known), accepted=offers["accepted"] == "true"),
        "rollout": pd.DataFrame(
            {
                "programme": "waiver",
                "unit": [f"branch {number:02d}" for number in range(BRANCHES)],
                "start": [*starts, *[pd.NaT] * (BRANCHES - len(starts))],
            }
        ),
        "fees": pd.DataFrame({"customer_id": asked, "date": day, "amount": rng.gamma(2.0, 8.0, len(day)).round(2)}),
    }
    study = {name: value for name, value in meals.study.items() if name not in ("tables", "simulated")}
    study["programmes"] = [
        {
            "name": "waiver",
            "unit": "branch",
            "design": "staggered",
            "outcome": "margin",
            "horizon_months": 24,
            "costs": {"one_off": 500.0, "monthly": 20.0},
        }
    ]
    return study, {name: _typed(frame) for name, frame in frames.items()}


def with_refunds(lines: pa.Table, seed: int = 1) -> pa.Table:
    """Transactions of which one in twelve came back, some days later, whole or half, three in five by the order's id."""
    rng, frame = np.random.default_rng(seed), lines.to_pandas()
    back = frame.iloc[np.sort(rng.choice(len(frame), len(frame) // 12, replace=False))].copy()
    later = pd.to_timedelta(rng.integers(0, 20, len(back)), "D")
    back["date"] = (pd.to_datetime(back["date"]) + later).dt.date
    share = rng.choice([0.5, 1.0], len(back))
    for name in ("revenue", "margin", "discount"):
        back[name] = -back[name] * share
    back.loc[rng.random(len(back)) < 0.4, "order_id"] = None
    return pa.concat_tables([lines, pa.Table.from_pandas(back, schema=lines.schema, preserve_index=False)])


def _typed(frame: pd.DataFrame) -> pa.Table:
    days = {name: frame[name].dt.date for name, kind in frame.dtypes.items() if kind.kind == "M"}
    table = pa.Table.from_pandas(frame.assign(**days), preserve_index=False)
    kinds = [pa.string() if pa.types.is_large_string(one.type) else one.type for one in table.schema]
    return table.cast(pa.schema([pa.field(one.name, kind) for one, kind in zip(table.schema, kinds, strict=True)]))


def write_study(folder: Path, settings: dict[str, Any], tables: dict[str, Any]) -> Path:
    """The file of a study."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yml"
    path.write_text(yaml.safe_dump({"name": folder.name, **settings, "tables": tables}), encoding="utf-8")
    return path


def study_of_files(folder: Path, settings: dict[str, Any], tables: dict[str, pa.Table]) -> Path:
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        parquet.write_table(table, folder / f"{name}.parquet")
    return write_study(folder, settings, {name: {"path": f"{name}.parquet"} for name in tables})


def study_in(engine: AnyEngine, folder: Path, settings: dict[str, Any], tables: dict[str, pa.Table]) -> Path:
    places = {name: {"table": engine.put(name, table)} for name, table in tables.items()}
    return write_study(folder, {**settings, "engine": f"${{{VARIABLE}}}"}, places)


def report_of(study: Path, work: Path, only: tuple[str, ...] = ()) -> Report:
    """What the notebooks of a study hand over, of all of them or of some, and the tables that they were made from."""
    from cxvalue.workspace.opened import Study

    prepared, _ = hand_over(study, work, only=only)
    findings, _ = read_results(work)
    handed = {str(path.relative_to(work)): pd.read_csv(path) for path in sorted(work.glob("*/tables/*.csv"))}
    opened = Study(prepared, None)
    asked = {name: _in_order(opened.table(name)) for name in prepared.tables.paths}
    return Report(findings, handed, asked)


def _in_order(table: ir.Table) -> pd.DataFrame:
    """The rows of a table, which have no order in an engine, and its columns but those that stay there."""
    kept = table.drop(*(name for name in ("__row__", "order_id", "channel") if name in table.columns))
    return kept.order_by(kept.columns).to_pandas()


@contextmanager
def counted() -> Iterator[list[str]]:
    """The questions that a warehouse is asked meanwhile: statements that read or write rows."""
    asked: list[str] = []
    before = Warehouse.__init__

    def listening(self: Warehouse, con: Any, words: str) -> None:
        before(self, con, words)
        compose, keep = self.con.compile, self.con._create_cached_table

        def composed(*given: Any, **named: Any) -> str:
            asked.append(compose(*given, **named))
            return asked[-1]

        def kept(name: str, expression: ir.Table) -> ir.Table:
            told = len(asked)
            table = keep(name, expression)
            asked[told:] = [f"keep {name}"]  # one, whether it is composed on the way or not
            return table

        self.con.compile, self.con._create_cached_table = composed, kept

    with patch.object(Warehouse, "__init__", listening):
        yield asked


def differences(one: Report, other: Report) -> list[str]:
    """Where two reports differ: numbers of tables by more than 1e-9, those that an optimiser found by more than 1e-6."""
    found = [f"findings: {name}" for name in one.findings.keys() ^ other.findings.keys()]
    for name in one.findings.keys() & other.findings.keys():
        mine, yours = ({**report.findings[name]} for report in (one, other))
        found += [
            f"{name}: {key}" for key in mine.keys() | yours.keys() if not _same(mine.get(key), yours.get(key), 1e-6)
        ]
    for tolerance, mine, yours in ((1e-6, one.handed, other.handed), (1e-9, one.asked, other.asked)):
        found += [f"tables: {name}" for name in mine.keys() ^ yours.keys()]
        for name in mine.keys() & yours.keys():
            columns = list(mine[name].columns)
            if columns != list(yours[name].columns) or len(mine[name]) != len(yours[name]):
                found.append(f"{name}: columns or rows")
                continue
            for column in columns:
                pairs = zip(mine[name][column], yours[name][column], strict=True)
                found += [f"{name}: {column}"] * (not all(_same(a, b, tolerance) for a, b in pairs))
    return found


def _same(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return (one != one and other != other) or abs(one - other) <= tolerance * max(1.0, abs(one))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], tolerance) for key in one)
    return one is other or bool(one == other) or (one is pd.NaT and other is pd.NaT)
