from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.language.english import ENGLISH
from cxvalue.report.changes import Change, Changes, changes_since
from cxvalue.report.page import build_page
from cxvalue.report.page_model import PageNotes
from tests.report.test_page import META

EQUITY = Finding("cltv.equity", "Equity", 1.2e6, 1.1e6, 1.3e6, 0.95, "USD", "C", kind="forecast")
ACTIVE = Finding("base.active", "Active customers", 900, unit="customers", kind="count")
VERDICT = Finding("programme.waiver.verdict", "Waiver", "NOT PROVEN", grade="B")
RISK = Finding("programme.waiver.probability_of_loss", "Loss", 0.0, unit="share", kind="chance")
BEFORE: dict[str, Any] = {
    "as_of": "2025-12-31",
    "inputs": {"fingerprint": "a"},
    "parameters": {"currency": "USD", "gross_margin": 0.3, "cltv": {"models": "auto"}},
    "cxvalue": "0.1.0",
}


def changes(
    *now: Finding, before: tuple[Finding, ...] = (EQUITY, ACTIVE, VERDICT, RISK), **told: Any
) -> Changes | None:
    return changes_since(before, now, BEFORE, {**BEFORE, **told}, ENGLISH)


def published(finding: Finding) -> Finding:
    """A finding as it is read from an earlier report: how it is written was not published."""
    return dataclasses.replace(finding, kind="estimate", withheld="")


def test_what_is_written_alike_has_not_changed() -> None:
    assert changes(EQUITY, ACTIVE, VERDICT) is None
    assert changes(dataclasses.replace(EQUITY, value=1.2001e6)) is None
    assert changes(RISK, before=(published(RISK),)) is None
    unknown = Finding(
        "cltv.equity", "Equity", None, unit="USD", text="Not available: too short a history.", withheld="not_available"
    )
    assert changes(unknown, before=(published(unknown),)) is None


def test_a_figure_has_its_former_value_its_way_and_the_reason() -> None:
    found = changes(dataclasses.replace(EQUITY, value=1.25e6), as_of="2026-06-30")
    assert found == Changes(
        "31 December 2025",
        (Change("cltv.equity", "Equity", "USD 1.20 M", "USD 1.25 M", "New data up to 30 June 2026.", "up"),),
    )


def test_what_moved_outside_its_range_says_so() -> None:
    found = changes(dataclasses.replace(EQUITY, value=1.0e6, low=0.9e6, high=1.05e6), inputs={"fingerprint": "b"})
    assert found is not None
    (row,) = found.rows
    assert row.way == "down"
    assert row.why == "The data for the same days have changed. It moved outside its former range."


def test_a_verdict_that_flipped_comes_before_all_others() -> None:
    found = changes(
        dataclasses.replace(ACTIVE, value=800), dataclasses.replace(VERDICT, value="PASS"), as_of="2026-06-30"
    )
    assert found is not None
    assert [(row.id, row.then, row.now, row.way) for row in found.rows] == [
        ("programme.waiver.verdict", "Not proven", "Pass", "other"),
        ("base.active", "900 customers", "800 customers", "down"),
    ]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"parameters": {**BEFORE["parameters"], "gross_margin": 0.4}}, "Setting gross_margin: 0.3 → 0.4."),
        ({"parameters": {"currency": "USD", "gross_margin": 0.3, "cltv": {"models": "nbd"}}},
         "Setting cltv.models: auto → nbd."),
        ({"cxvalue": "0.2.0"}, "Version of cxvalue 0.1.0 → 0.2.0."),
        ({"parameters": {**BEFORE["parameters"], "a": 1, "b": 2, "c": 3, "d": 4}},
         "Setting a: — → 1; setting b: — → 2; setting c: — → 3; "
         "other settings: 1."),
        ({}, "No input changed."),
    ],
)  # fmt: skip
def test_settings_and_versions_are_reasons_too(told: dict[str, Any], why: str) -> None:
    found = changes(dataclasses.replace(ACTIVE, value=800), **told)
    assert found is not None
    assert found.rows[0].why == why


def test_another_currency_and_a_new_finding_are_not_compared() -> None:
    assert changes(dataclasses.replace(EQUITY, unit="EUR", value=9e5, low=8e5, high=1e6),
                   parameters={"currency": "EUR"}) is None  # fmt: skip
    assert changes(dataclasses.replace(ACTIVE, id="base.customers")) is None


def test_a_figure_that_is_withheld_now_was_there_before() -> None:
    found = changes(dataclasses.replace(EQUITY, value=None, low=None, high=None, level=None, text="Not known."))
    assert found is not None
    assert (found.rows[0].then, found.rows[0].now, found.rows[0].way) == ("USD 1.20 M", "withheld", "other")


def test_the_page_shows_changes_on_the_card() -> None:
    now = dataclasses.replace(EQUITY, value=1.25e6)
    notes = PageNotes(changes=changes(now, as_of="2026-06-30"))
    page = build_page(META, [now], notes=notes)
    assert page.cards[0].change == "▲ from USD 1.20 M"
    assert page.changes == notes.changes
    assert build_page(META, [now]).cards[0].change == ""
