"""The published tables of a case, read back: the same numbers, and nothing where a run published no case."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.report.case_tables import read_cases
from tests.report.conftest import FORMULA, Published


def test_a_case_is_read_back_as_it_was_published(published: Published) -> None:
    (found,) = published.model.cases
    case, table = published.case, published.case.table()
    assert found.programme == "waiver"
    assert [row.month for row in found.months] == list(range(19))
    assert [row.net for row in found.months] == pytest.approx(list(case.net_flow))
    assert [row.margin_measured for row in found.months] == pytest.approx(list(table["margin_within_months_measured"]))
    assert [row.observed for row in found.months] == list(table["observed"])
    assert found.measures["npv"].value == pytest.approx(case.npv.value)
    assert (found.number("one_off"), found.number("monthly"), found.number("risk")) == (30_000, 500, 1000)
    assert found.number("discount_rate") == 0.12
    assert [point.months_since_start for point in found.effects] == list(range(-3, 8))
    widths = [row.width for row in found.swings]
    assert widths == sorted(widths, reverse=True)
    assert {row.kind for row in found.swings} == {
        "effect", "benefit", "one_off", "other_costs", "risk", "discount_rate", "persistence"
    }  # fmt: skip
    assert any(FORMULA in row.label for row in found.stated("benefit"))


def test_what_is_undefined_stays_so(published: Published, tmp_path: Path) -> None:
    for path in published.model.tables.glob("*.csv"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    text = (tmp_path / "case_measures.csv").read_text(encoding="utf-8")
    lines = ["waiver,irr,,,,share" if ",irr," in line else line for line in text.splitlines()]
    (tmp_path / "case_measures.csv").write_text("\n".join(lines), encoding="utf-8")
    (found,) = read_cases(tmp_path)
    assert found.measures["irr"].value is None


def test_a_folder_without_a_case_has_none(tmp_path: Path) -> None:
    assert read_cases(tmp_path) == ()
