from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxvalue.findings.finding import Finding, read_findings, write_findings
from cxvalue.findings.numbers import format_finding
from cxvalue.foundation.errors import CxvalueError

# The keys of every object in a published findings.json.
FIELDS = ["id", "label", "value", "low", "high", "level", "unit", "grade", "text", "method", "case", "notebook"]


def finding(**changes: Any) -> Finding:
    given: dict[str, Any] = {"id": "cltv.equity", "label": "Customer equity", "value": 10.0, "unit": "USD"}
    return Finding(**{**given, **changes})


def test_fields_are_those_of_the_contract() -> None:
    assert list(Finding.__slots__) == [*FIELDS, "kind", "withheld"]


@pytest.mark.parametrize("name", ["base.customers", "reactivation.themed-2.return_uplift", "programme.Skidka_1.npv"])
def test_ids_that_are_allowed(name: str) -> None:
    assert finding(id=name).id == name


@pytest.mark.parametrize("name", ["base", "Base.customers", "base.", "a.b.c.d", "base customers", "base.x y", ""])
def test_ids_that_are_not(name: str) -> None:
    with pytest.raises(CxvalueError, match=r"must be like 'base\.customers'"):
        finding(id=name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": float("nan")}, "value is nan. It must be a finite number, a word or None"),
        ({"value": np.float64("inf")}, "value is inf"),
        ({"value": True}, "value is True"),
        ({"value": ""}, "must be a finite number, a word or None"),
        ({"value": None}, "It then needs the reason in its text"),
        ({"value": [1]}, "value is"),
        ({"low": float("nan"), "high": 1, "level": 0.9}, "low is nan"),
        ({"low": 1.0}, "low and high must be given together"),
        ({"low": 11, "high": 9, "level": 0.9}, "must not be above high, which is 9"),
        ({"low": 11, "high": 12, "level": 0.9}, "must lie in its interval 11 to 12"),
        ({"low": 9, "high": 12}, "An interval needs its level"),
        ({"level": 95}, "level is 95. It must lie between 0 and 1"),
        (
            {"value": None, "text": "why", "low": 1, "high": 2, "level": 0.9},
            "value is None. A value that is withheld has no interval",
        ),
        ({"grade": "F"}, "must be A, B, C, D or E"),
        ({"label": " "}, "must say what the number is"),
        ({"text": None}, "must be text"),
        ({"kind": "guess"}, "kind is 'guess'. Allowed: 'estimate', 'count'"),
        ({"withheld": "withheld"}, "prefix is for a missing value"),
        ({"value": None, "text": "Not available: why", "withheld": "withheld"}, "and begins its text"),
        ({"value": None, "text": "why", "withheld": "hidden"}, "and begins its text"),
    ],
)
def test_what_cannot_be_read_honestly_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CxvalueError, match=message):
        finding(**changes)


def test_numpy_numbers_become_plain_ones_and_rounding_is_forgiven() -> None:
    made = finding(value=np.int64(3), low=np.float32(1), high=np.int32(4), level=0.95)
    assert (type(made.value), type(made.low), type(made.high)) == (int, float, int)
    assert finding(value=0.1 + 0.2, low=0.1, high=0.3, level=0.9).value == pytest.approx(0.3)


def test_kinds_of_findings() -> None:
    counted, withheld, verdict = (
        finding(),
        finding(value=None, text="why"),
        finding(value="PASS", low=0.9, high=1, level=0.9),
    )
    assert counted.is_exact
    assert counted.is_number
    assert not withheld.is_exact
    assert not withheld.is_number
    assert not verdict.is_number


def test_written_findings_are_read_back(tmp_path: Path) -> None:
    findings = (
        finding(low=8, high=12.5, level=0.95, grade="C", text="Десять долларов", kind="forecast"),
        finding(id="base.lost_value", value=None, text="The history is too short."),
        finding(id="programme.x.verdict", value="NOT PROVEN"),
    )
    as_json, as_csv = write_findings(findings, tmp_path / "new")
    assert read_findings(as_json) == findings
    assert read_findings(tmp_path / "new") == findings
    assert [list(row) for row in json.loads(as_json.read_text("utf-8"))] == [FIELDS] * 3
    with as_csv.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows] == ["10.0", "", "NOT PROVEN"]
    assert as_csv.read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_run_is_told_the_kind_and_the_word_and_a_reader_is_not(tmp_path: Path) -> None:
    findings = (
        finding(id="base.customers", kind="count"),
        finding(id="cltv.holdout_mae", kind="holdout"),
        finding(id="programme.x.probability_of_loss", value=0.0, unit="share", kind="chance"),
        finding(value=None, text="Not available: too short.", withheld="not_available"),
    )
    as_json, as_csv = write_findings(findings, tmp_path, handed_over=True)
    assert read_findings(as_json) == findings
    as_json, as_csv = write_findings(findings, tmp_path)
    assert [list(row) for row in json.loads(as_json.read_text("utf-8"))] == [FIELDS] * 4
    assert as_csv.read_text("utf-8-sig").splitlines()[0].split(",") == FIELDS
    # The list of studies reads what was published, and writes a chance as one.
    assert format_finding(read_findings(tmp_path)[2]) == "less than 0.1%"


@pytest.mark.parametrize(
    ("text", "withheld", "reason"),
    [
        ("Withheld: it is not proven.", "withheld", "It is not proven."),
        ("Not available: too short.", "not_available", "Too short."),
        ("nobody is that old", "", "nobody is that old"),
    ],
)
def test_the_reason_does_not_repeat_that_there_is_no_value(text: str, withheld: Any, reason: str) -> None:
    assert finding(value=None, text=text, withheld=withheld).reason == reason
    assert finding(text=text).reason == ""


def test_no_text_is_run_as_a_formula_by_a_spreadsheet(tmp_path: Path) -> None:
    _, as_csv = write_findings([finding(label="=HYPERLINK(1)", value=-5.0, text="@x")], tmp_path)
    with as_csv.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["label"], row["value"], row["text"]) == ("'=HYPERLINK(1)", "-5.0", "'@x")


def test_an_id_stands_for_one_number(tmp_path: Path) -> None:
    with pytest.raises(CxvalueError, match=r"Two findings have the id 'cltv\.equity'"):
        write_findings([finding(), finding()], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": 1}', "must hold a list"),
        ("[1]", "a list of objects"),
        ("[", "is not a list of findings"),
        ('[{"id": "a.b", "label": "x", "value": NaN}]', "NaN is no number"),
        ('[{"id": "a.b", "label": "x", "valeu": 1}]', "unknown field 'valeu' in a finding. Did you mean 'value'"),
        ('[{"id": "a.b", "label": "x"}]', "lacks value"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "findings.json").write_text(content, encoding="utf-8")
    with pytest.raises(CxvalueError, match=message):
        read_findings(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CxvalueError, match=r"There is no findings\.json"):
        read_findings(tmp_path)


def test_an_interval_of_experience_may_have_no_upper_end() -> None:
    opened = Finding("experience.habituation.a.half_life", "Half-life", 9.0, 4.0, None, 0.95, "repeats", "C")
    assert (opened.low, opened.high) == (4.0, None)
    with pytest.raises(CxvalueError, match="must not be below its low end"):
        Finding("experience.habituation.a.half_life", "Half-life", 3.0, 4.0, None, 0.95, "repeats", "C")
    assert Finding("experience.market.nps.rival.gap", "Gap", 1.0).id
    with pytest.raises(CxvalueError, match="must be like"):
        Finding("experience.a.b.c.d.e", "Too deep", 1.0)
