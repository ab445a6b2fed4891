"""Reports of `customers: summary`: no published file has a row a customer or names one, and the findings are the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from cxvalue.run.study_run import run_study
from cxvalue.simulate import insurer, shop, write_world
from cxvalue.simulate.world import World

LEAST = 10


def a_shop() -> tuple[World, list[str]]:
    world, names = shop(400, seed=7), [f"S{number:06d}" for number in range(400)]
    cities = ["north", "south"] * 197 + ["tiny"] * 6
    world.tables["customers"] = pd.DataFrame({"customer_id": names, "city": cities})
    world.study["tables"] |= {"customers": {"path": "customers.csv"}}
    return world, ["20_cltv"]


def an_insurer() -> tuple[World, list[str]]:
    return insurer(300, seed=3), ["20_cltv_contractual", "30_churn_contractual"]


def published(world: World, folder: Path, customers: str, only: Iterable[str]) -> Path:
    report = {"customers": customers, "pseudonymise": False, "suppress_below": LEAST}
    told = replace(world, study={**world.study, "report": report})
    return run_study(write_world(told, folder / customers / "told"), out=folder / f"of_{customers}", only=only).folder


@pytest.mark.parametrize("made", [a_shop, an_insurer])
def test_no_published_file_has_a_row_a_customer(made, tmp_path: Path) -> None:
    world, only = made()
    groups, rows = (published(world, tmp_path, how, only) for how in ("summary", "rows"))
    ids = {str(one) for one in pd.read_parquet(rows / "tables" / "customers.parquet")["customer_id"]}
    assert len(ids) > 250
    of_ids = re.compile(rf"\b{min(ids)[0]}\d+\b")
    assert of_ids.search((rows / "tables" / "customers.csv").read_text())  # the search finds ids where they are
    for path in groups.rglob("*"):
        if path.is_file() and path.suffix not in (".png", ".pdf", ".pptx"):
            text = path.read_bytes().decode("utf-8", errors="replace")
            assert not set(of_ids.findall(text)) & ids, path.name
    for path in (groups / "tables").iterdir():
        found = duckdb.sql(f"select * from '{path}'")
        assert "customer_id" not in found.columns
        assert len(found) != len(ids), path.name
    # The same files otherwise, and the same findings to the last word.
    names = [{path.name for path in (one / "tables").iterdir()} for one in (groups, rows)]
    assert names[1] - names[0] == {"customers.csv", "customers.parquet"}
    assert names[0] - names[1] == {"customers_summary.csv", "customers_summary.parquet", "customers_value.csv",
                                   "customers_segments.csv"}  # fmt: skip
    assert json.loads((groups / "findings.json").read_text()) == json.loads((rows / "findings.json").read_text())
    told = {one["id"]: one["value"] for one in json.loads((rows / "findings.json").read_text())}
    for name in ("customers_summary.csv", "customers_value.csv"):
        table = pd.read_csv(groups / "tables" / name)
        assert table["customers"].min() >= LEAST
        assert table["customers"].sum() == len(ids)
        assert table["cltv"].sum() == pytest.approx(told["cltv.equity"])
    segments = pd.read_csv(groups / "tables" / "customers_segments.csv")
    assert segments["customers"].min() >= LEAST
    assert "tiny" not in set(segments["group"])
    assert not segments.empty
