"""From the files that somebody exported to a page, with no editor in between, and nothing personal in what is published."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cxvalue.cli.commands import main
from tests.shops import Sold, retail_workbook, shop_orders


def _make(sold: Sold, folder: Path, *more: str) -> None:
    """A study made by the command, without an editor."""
    assert main(["new", str(folder), "--from", str(sold.path), "--accept", "--gross-margin", "unknown", *more]) == 0


@pytest.mark.parametrize("sheets", [1, 2])
def test_a_retail_workbook_becomes_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str], sheets: int) -> None:
    sold = retail_workbook(tmp_path, sheets=sheets)
    _make(sold, tmp_path / "shop", "--currency", "GBP")
    assert "UCI Online Retail (online_retail/1)" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "shop"), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)["tables"]["transactions"]
    assert (table["customers"], table["orders"], table["revenue"]) == (sold.customers, sold.orders, sold.revenue)
    assert set(table["left_out"]) == {"guest", "leave_out_rows"}
    assert table["rows"] == table["kept"] + sum(table["left_out"].values())


def test_an_export_goes_to_a_page_that_names_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, mails, streets and phones stand in the export and at the terminal of `new`, and nowhere else."""
    monkeypatch.setenv("CXVALUE_CACHE", str(tmp_path / "cache"))
    sold = shop_orders(tmp_path)
    folder, reports = tmp_path / "shop", tmp_path / "reports"
    _make(sold, folder)
    capfd.readouterr()
    assert main(["check", str(folder)]) == 0
    said = capfd.readouterr()
    assert f"{sold.customers} customers, {sold.orders} orders, net revenue EUR {sold.revenue:,.2f}" in said.out
    assert main(["report", str(folder), "--out", str(reports)]) == 0
    told = capfd.readouterr()
    published = (reports / "shop" / "latest").resolve()
    findings = {one["id"]: one for one in json.loads((published / "findings.json").read_text(encoding="utf-8"))}
    assert findings["base.customers"]["value"] == sold.customers
    assert findings["cltv.equity"]["low"] < findings["cltv.equity"]["value"] < findings["cltv.equity"]["high"]
    public = [path for path in reports.rglob("*") if path.is_file() and "private" not in path.parts]
    assert {"index.html", "manifest.json", "customers.parquet", "30_churn.html"} <= {path.name for path in public}
    texts = {str(path): path.read_bytes() for path in [*public, folder / "study.yml"]}
    texts |= {"check": (said.out + said.err).encode(), "report": (told.out + told.err).encode()}
    texts["customers"] = _as_text(published / "tables" / "customers.parquet")
    for name, text in texts.items():
        found = [one for one in sold.personal if one.encode() in text]
        assert found == [], f"{name} holds {found[:3]}"
    for name in ("index.html", *(f"notebooks/{one.name}" for one in (published / "notebooks").glob("*.html"))):
        page = re.sub(r"<(style|svg)\b[\s\S]*?</\1>|<[^<>]*>", " ", (published / name).read_text(encoding="utf-8"))
        said_there = re.findall(r"(?i)[^.]{0,60}(?<!no )\bmargins?\b(?!\s+not known)[^.]{0,60}", page)
        assert said_there == [], f"{name} speaks of a margin, and none is known"
    exported = sold.path.read_bytes()
    assert all(one.encode() in exported for one in sold.personal)
    assert (folder / sold.path.name).read_bytes() == exported


def _as_text(path: Path) -> bytes:
    import pandas as pd

    return pd.read_parquet(path).to_csv().encode()
