"""Studies that make their own tables: from the block in the study file, once, and anew when the block changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.simulate import make_missing_tables, read_parameters, simulate
from cxvalue.simulate.shop_world import ShopParameters, shop
from cxvalue.study import load_study_file

STUDY = """\
name: {name}
currency: EUR
as_of: 2026-06-30
gross_margin: 0.35
tables: {{transactions: {{path: transactions.csv}}}}
simulated: {{world: shop, seed: 3, customers: 50, parameters: {{r: {r}}}}}
"""


def written(folder: Path, r: float) -> Path:
    path = folder / "study.yml"
    path.write_text(STUDY.format(name=folder.name, r=r), encoding="utf-8")
    return path


def test_missing_tables_are_made_once_with_their_truth(tmp_path: Path) -> None:
    study = load_study_file(written(tmp_path, 0.6))
    make_missing_tables(study)
    table = tmp_path / "transactions.csv"
    made = table.stat().st_mtime_ns
    assert json.loads((tmp_path / "truth.json").read_text())["base.customers"] == 50
    make_missing_tables(study)
    assert table.stat().st_mtime_ns == made
    table.unlink()
    make_missing_tables(study)
    assert table.is_file()
    assert not list(tmp_path.glob(".making-*"))


def test_a_changed_parameter_makes_new_tables(tmp_path: Path) -> None:
    make_missing_tables(load_study_file(written(tmp_path, 0.6)))
    before = (tmp_path / "transactions.csv").read_text()
    make_missing_tables(load_study_file(written(tmp_path, 2.0)))
    assert (tmp_path / "transactions.csv").read_text() != before


def test_parameters_reach_the_world() -> None:
    given = simulate("shop", seed=5, customers=40, parameters={"r": 2.0, "alpha": 3.0})
    direct = shop(40, seed=5, parameters=ShopParameters(r=2.0, alpha=3.0))
    assert given.tables["transactions"].equals(direct.tables["transactions"])


def test_unknown_worlds_and_parameters_are_named() -> None:
    with pytest.raises(BadInput, match=r"no world 'shopp'.*shop"):
        simulate("shopp")
    with pytest.raises(BadInput, match=r"'shop' has no such parameter.*alpha"):
        simulate("shop", parameters={"alfa": 1.0})


def test_a_study_without_the_block_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, 0.6)
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("simulated")))
    make_missing_tables(load_study_file(path))
    assert [item.name for item in tmp_path.iterdir()] == ["study.yml"]


def test_parameters_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "true.yml"
    path.write_text("r: 2.0\nalpha: 3.0\n", encoding="utf-8")
    assert read_parameters(path) == {"r": 2.0, "alpha": 3.0}
    path.write_text("just words", encoding="utf-8")
    with pytest.raises(BadInput, match="holds no parameters"):
        read_parameters(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_parameters(tmp_path / "missing.yml")
