"""The retailer's world: the same seed gives the same tables, and the study file is one that the product reads."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from cxvalue.simulate import retailer, write_world
from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.study import load_study_file

FEW = RetailerParameters(others=500)


def test_the_same_seed_gives_the_same_world_and_another_another() -> None:
    one, same, other = (retailer(300, seed, FEW) for seed in (1, 1, 2))
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, same.tables[name])
    assert one.truth == same.truth
    assert not one.tables["transactions"].equals(other.tables["transactions"])


def test_its_study_is_read_and_its_truth_written(tmp_path: Path) -> None:
    path = write_world(retailer(300, 1, FEW), tmp_path / "shopchain")
    study = load_study_file(path)
    assert study.metrics["overall"].main
    assert [one.name for one in study.touchpoints] == ["store", "delivery", "contact_centre", "website"]
    truth = json.loads((path.parent / "truth.json").read_text(encoding="utf-8"))
    assert all(name.startswith("experience.") for name in truth)
    rows = pd.read_csv(path.parent / "surveys.csv")
    assert rows.loc[rows["metric"] != "category_spend", "score"].dropna().between(0, 10).all()
    assert rows["score"].isna().any()  # who did not answer was invited all the same
