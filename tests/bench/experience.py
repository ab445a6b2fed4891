"""A large study of experiences: ``python -m tests.bench.experience FOLDER [CUSTOMERS] [--purchases-alone]``.

It writes a study of that many customers (1,000,000 where none are named) into a folder: the world `retailer` drawn 50,000
customers at a time, with one purchase in five, one answered occasion in three, and tastings by all who stay. A million
customers have 9.2 million purchases, 4.9 million answers and invitations and 3.0 million interactions, in files of text.
Stores of the same name differ from one part to the next, so that its truth is not known: it is there for its size.
``cxvalue report FOLDER/study.yml`` is what is timed then. With ``--purchases-alone`` the study has nothing but purchases,
and all models.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import yaml

from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.simulate.retailer_world import retailer
from cxvalue.simulate.world import World

__all__ = ["write_study"]

PART = 50_000
PLAIN = pc.WriteOptions(include_header=False, quoting_style="none")
PURCHASES, OCCASIONS = 0.2, 1 / 3
PARAMETERS = replace(RetailerParameters(), tasters=1.0, others=1_000)
ALONE = ("title", "currency", "as_of", "observed_from", "annual_discount_rate", "horizon_months", "report")


def write_study(folder: Path, customers: int, purchases_alone: bool = False) -> dict[str, int]:
    """Write the study and its tables; the rows of each table."""
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, tuple[pa.Schema, pc.CSVWriter, BinaryIO]] = {}
    rows: dict[str, int] = {}
    for number, begin in enumerate(range(0, customers, PART)):
        world = retailer(min(PART, customers - begin), [1, number], PARAMETERS)
        for name, table in _thinned(world, number).items():
            if purchases_alone and name != "transactions":
                continue
            if number and "customer_id" not in table.columns:
                continue  # stores and competitors are the same for all
            made = pa.Table.from_pandas(table, preserve_index=False)
            if name not in writers:
                # A column that is empty at first has text later.
                kinds = [pa.string() if pa.types.is_null(kind) else kind for kind in made.schema.types]
                schema = pa.schema(list(zip(made.schema.names, kinds, strict=True)))
                rows[name], file = 0, (folder / f"{name}.csv").open("wb")
                file.write(f"{','.join(schema.names)}\n".encode())  # the writer would put quotes around these
                writers[name] = schema, pc.CSVWriter(file, schema, write_options=PLAIN), file
            schema, writer, _ = writers[name]
            writer.write_table(made.cast(schema))
            rows[name] += len(table)
    for _, writer, file in writers.values():
        writer.close()
        file.close()
    study = _study(world, purchases_alone, customers)
    (folder / "study.yml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return rows


def _thinned(world: World, number: int) -> dict[str, pd.DataFrame]:
    """The tables with some of their rows and ids of their own, as text wherever days are meant."""
    rng = np.random.default_rng([2, number])
    tables = dict(world.tables)
    bought, asked = tables["transactions"], tables["surveys"]
    tables["transactions"] = bought[rng.random(len(bought)) < PURCHASES]
    occasions = pd.factorize(asked["occasion_id"])[0]
    keeps = rng.random(int(occasions.max()) + 2) < OCCASIONS  # the last one stands for rows of no occasion
    tables["surveys"] = asked[keeps[occasions]]
    for name, table in tables.items():
        own = {key: table[key].dt.strftime("%Y-%m-%d") for key in table.columns if table[key].dtype.kind == "M"}
        own |= {key: f"P{number:02d}" + table[key] for key in ("customer_id", "occasion_id") if key in table.columns}
        tables[name] = table.assign(**own)
    return tables


def _study(world: World, purchases_alone: bool, customers: int) -> dict[str, object]:
    study = dict(world.study) | {"name": "large_alone" if purchases_alone else "large", "contract": "noncontractual"}
    if purchases_alone:
        study = {key: study[key] for key in ("name", "contract", *ALONE)}
        return study | {"tables": {"transactions": {"path": "transactions.csv"}}, "cltv": {"models": "auto"}}
    for touchpoint in study["touchpoints"]:
        touchpoint["cost"] *= max(1, customers // PART)
    return study | {"cltv": {"time_unit": "month", "models": "auto"}}


def main() -> None:
    """Write it and say what was written."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.experience")
    parser.add_argument("folder", type=Path)
    parser.add_argument("customers", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--purchases-alone", action="store_true", help="nothing but purchases, and all models")
    given = parser.parse_args()
    rows = write_study(given.folder, given.customers, given.purchases_alone)
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()))


if __name__ == "__main__":
    main()
