"""A rate of tax beside amounts is asked about, and taken out by its row; an amount of tax is taken off."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from tests.exports import as_csv


def _found(folder: Path, name: str, *values: str) -> Recognised:
    rows = [f"c{n % 4}|o{n}|2025-03-{n + 1:02d}|{119 * (n % 12 + 1)}.00|{values[n % len(values)]}" for n in range(24)]
    (folder / "x.csv").write_text(as_csv(f"customer_id|order_id|date|total|{name}", *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("VAT rate", ("19",)),
        ("MwSt-Satz", ("19%",)),
        ("VAT", ("19", "0")),
        ("tax rate", ("0.19", "0.00")),
        ("税率", ("19%", "")),
    ],
)
def test_a_rate_is_taken_out_only_where_the_answer_says_so(tmp_path: Path, name: str, values: tuple[str, ...]) -> None:
    found = _found(tmp_path, name, *values)
    (question,) = [one for one in found.questions if one.key == "tax"]
    assert question.default is None
    totals = [119.0 * (n % 12 + 1) for n in range(24)]
    net = sum(total / (1.19 if "19" in values[n % len(values)] else 1) for n, total in enumerate(totals))
    assert question.effects == {"inside": round(net, 2), "none": sum(totals)}


@pytest.mark.parametrize("values", [("19.00", "12.35"), ("3", "120")])
def test_amounts_of_tax_are_no_rates(tmp_path: Path, values: tuple[str, ...]) -> None:
    (question,) = [one for one in _found(tmp_path, "VAT", *values).questions if one.key == "tax"]
    assert {one.answer for one in question.options} == {"inside", "on_top"}
