"""How often the ranges of goodwill rules hold their true value, over simulated banks.

`python -m tests.calibration.goodwill [worlds] [customers]` draws banks with a staggered roll-out, values twelve rules in
each from its tables, and prints how often the 95% range of a rule's yearly value, of the recommended rule and of the moral
hazard holds the truth from both lives of the customers, with mean width and error relative to the truth.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd

from cxvalue.engine.embedded import connect
from cxvalue.questions.programmes.measure import StudyTables
from cxvalue.simulate import bank, write_world
from cxvalue.simulate.bank_draw import PROGRAMME, BankParameters
from cxvalue.study import load_study_file
from cxvalue.tables.load import load_tables
from cxvalue.workspace.preflight import fit_declared

RULES = {
    "current": {"cap": 100, "times_per_year": 1}, "caps": [25, 50, 100, 200], "times_per_year": [1, 2, 3],
    "reason": "fine", "minute_cost": 0.6, "approval_cost": 1.5, "class": "avoided",
}  # fmt: skip


def one(seed: int, customers: int) -> list[dict[str, float]]:
    """A row for each rule, and one for the recommended rule (cap 0)."""
    world = bank(customers, seed, BankParameters(branches=32, months=30))
    world.study["programmes"][0]["goodwill"] = RULES
    with tempfile.TemporaryDirectory() as folder:
        study = load_study_file(write_world(world, Path(folder) / "world"))
        con = connect()
        tables = load_tables(study, as_of=None, today=world.study["as_of"], out=Path(folder), con=con)
        read = {name: con.read_parquet(path) for name, path in tables.paths.items()}
        found = fit_declared(StudyTables(study, read.get, tables.as_of, tables.observed_from))
    fit, name = found.goodwill[0], f"programme.{PROGRAMME}"
    true = {(row["cap"], row["times_per_year"]): row["value"] for row in world.truth[f"{name}.goodwill_rules"]}
    rows = [
        {"cap": rule["cap"], "times": rule["times_per_year"], "value": rule["value"], "low": rule["low"],
         "high": rule["high"], "true": true[rule["cap"], rule["times_per_year"]]}
        for rule in fit.rules
    ]  # fmt: skip
    chosen = true.get((fit.cap, fit.times_per_year), 0.0)
    rows.append({"cap": 0, "times": 0, "value": fit.value, "low": fit.low, "high": fit.high, "true": chosen})
    middle, low, high = fit.extra_share
    rows.append({"cap": -1, "times": 0, "value": middle, "low": low, "high": high, "true": 0.2})
    return rows


def main(worlds: int = 20, customers: int = 6000) -> None:
    """Print the coverage of each rule; cap 0 is the recommended rule, cap −1 the moral hazard."""
    rows = pd.DataFrame([row for seed in range(1, worlds + 1) for row in one(seed, customers)])
    rows["held"] = (rows["low"] <= rows["true"]) & (rows["true"] <= rows["high"])
    rows["width"] = (rows["high"] - rows["low"]) / rows["true"].abs()
    rows["error"] = rows["value"] / rows["true"] - 1
    print(f"{worlds} banks of {customers:,} customers, 32 branches")
    print(rows.groupby(["cap", "times"])[["held", "width", "error"]].mean().round(3).to_string())


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
