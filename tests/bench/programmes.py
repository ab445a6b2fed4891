"""A programme at two hundred branches with a million customers over three years: seconds and peak memory.

``python -m tests.bench.programmes [customers]``

The tables are made by the engine. First the panel, the effect and the case are worked out from them, in a process of its
own; then `cxvalue report --only 70 80` answers the study, all reading, checking and preparing of the tables included. The
promise is 90 s and 4 GB on two cores for what the two notebooks need, with 1,000,000 customers, 36 months and 200
branches; ``quick`` stands for 10,000 customers.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from tests.bench import peak_mb

CUSTOMERS, QUICK = 1_000_000, 10_000
BRANCHES, MONTHS = 200, 36
STUDY = """\
name: many
title: A programme at many branches
currency: EUR
as_of: 2025-12-31
observed_from: 2023-01-01
annual_discount_rate: 0.1
horizon_months: 24
tables:
  transactions: {path: transactions.parquet}
  customers: {path: customers.parquet}
  rollout: {path: rollout.parquet}
cltv: {models: nbd, time_unit: month}
dormancy: {days: 120}
programmes:
  - name: service
    design: staggered
    unit: branch
    outcome: margin
    costs: {one_off: 500000, monthly: 50000}
    success: {metric: npv, at_least: 0, confidence: 0.90, registered_on: 2023-06-01}
"""


def make(folder: Path, customers: int) -> None:
    """Write a study: customers who join over two years and leave, a purchase in most months, branches of unequal size."""
    con = duckdb.connect()
    con.execute("select setseed(0.5)")

    def write(name: str, query: str) -> None:
        con.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet)")

    # A third of the branches never start; the others do from the thirteenth month on, three months apart.
    con.execute(
        f"create table branch as select range as b, if(range % 3 = 0, {MONTHS}, 12 + 3 * (range % 7)) as starts, "
        f"3 * random() as level from range({BRANCHES})"
    )
    con.execute(
        f"create table people as select range as c, ({BRANCHES} * random() * random())::int % {BRANCHES} as b, "
        f"(random() * 24)::int as joins, -ln(1 - random()) * 40 as stays, 5 + 20 * random() as pace from range({customers})"
    )
    write(
        "customers",
        "select 'c' || c as customer_id, (date '2023-01-01' + to_months(joins))::date as acquired_on, "
        "'branch ' || b as branch from people",
    )
    write(
        "rollout",
        "select 'service' as programme, 'branch ' || b as unit, (date '2023-01-01' + to_months(starts))::date as start "
        f"from branch where starts < {MONTHS}",
    )
    write(
        "transactions",
        "with bought as (select c, range as m, pace + level + 6 * random() + if(range >= starts, 1.5, 0) as margin "
        f"from people join branch using (b), range({MONTHS}) "
        "where range >= joins and range <= joins + stays and (range = joins or random() < 0.8)) "
        "select 'c' || c as customer_id, (date '2023-01-01' + to_months(m))::date + (c % 28)::int as date, "
        "2 * margin as revenue, margin from bought",
    )


def answer(folder: Path) -> str:
    """The panel, the effect and the case from the tables, in words what it took."""
    from cxvalue import business_case
    from cxvalue.effects.designs.staggered import estimate_staggered
    from cxvalue.engine.embedded import connect
    from cxvalue.money import ProgrammeCosts
    from cxvalue.tables.panels.by_unit import unit_panel
    from cxvalue.tables.panels.inputs import PanelSource

    start, con = time.perf_counter(), connect()
    tables = {name: con.read_parquet(folder / f"{name}.parquet") for name in ("rollout", "transactions", "customers")}
    source = PanelSource(
        tables["rollout"],
        "branch",
        "margin",
        date(2025, 12, 31),
        date(2023, 1, 1),
        tables["transactions"],
        tables["customers"],
    )
    panel = unit_panel(source)
    built = time.perf_counter() - start
    effect = estimate_staggered(panel)
    case = business_case(effect, costs=ProgrammeCosts(500_000, 50_000), horizon_months=24, annual_discount_rate=0.1)
    word = case.verdict(at_least=0, confidence=0.9).word
    took, peak = time.perf_counter() - start, peak_mb(resource.getrusage(resource.RUSAGE_SELF)) / 1024
    return f"panel {built:.1f} s, with effect and case {took:.1f} s, peak {peak:.2f} GB, {word}"


def main(customers: str = str(CUSTOMERS), folder: str = "") -> None:
    """Make the study, run it, and print what it took."""
    if folder:
        print(answer(Path(folder)), flush=True)
        return
    number = QUICK if customers == "quick" else int(customers)
    with tempfile.TemporaryDirectory() as made:
        study = Path(made) / "study"
        study.mkdir()
        make(study, number)
        (study / "study.yml").write_text(STUDY, encoding="utf-8")
        rows = duckdb.sql(f"select count(*) from '{study / 'transactions.parquet'}'").fetchall()[0][0]
        print(f"{number:,} customers, {rows:,} purchases, {MONTHS} months, {BRANCHES} branches", flush=True)
        subprocess.run([sys.executable, "-m", "tests.bench.programmes", customers, str(study)], check=True)
        started = time.perf_counter()
        command = [
            *(sys.executable, "-m", "cxvalue", "report", str(study)),
            *("--only", "70", "80", "--out", f"{made}/reports"),
        ]
        subprocess.run(command, check=True)
        took, peak = time.perf_counter() - started, peak_mb(resource.getrusage(resource.RUSAGE_CHILDREN)) / 1024
        print(f"the whole report, with reading, checking and preparing: {took:.1f} s, largest process {peak:.2f} GB")


if __name__ == "__main__":
    main(*sys.argv[1:3])
