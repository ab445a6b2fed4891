"""What the findings of a question have in common is said once, and every finding still says all of it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cxvalue import questions
from cxvalue.findings.writer import FindingWriter, range_of
from cxvalue.foundation.errors import CxvalueError

ROOT = Path(__file__).parents[2]
WRITER = FindingWriter("20_cltv", "cltv.", "Shop: ", "C5", "C", 0.9, "By a model.", "holdout")


@dataclass
class Estimate:
    value: float = 5.0
    low: float = 4.0
    high: float = 6.0


class Longer(NamedTuple):
    """An estimate that says more than its ends."""

    value: float = 5.0
    se: float = 0.5
    low: float = 4.0
    high: float = 6.0


@pytest.mark.parametrize("value", [Estimate(), Longer(), (5.0, 4.0, 6.0)])
def test_a_finding_takes_what_it_does_not_say_from_its_writer(value: Any) -> None:
    made = WRITER.write("equity", "equity", value, "EUR", "It is EUR 5.00.")
    assert (made.id, made.label, made.value, made.low, made.high) == ("cltv.equity", "Shop: equity", 5.0, 4.0, 6.0)
    assert (made.level, made.unit, made.grade, made.case) == (0.9, "EUR", "C", "C5")
    assert (made.method, made.notebook, made.kind, made.withheld) == ("By a model.", "20_cltv", "holdout", "")


def test_a_label_goes_on_in_small_letters_behind_what_it_belongs_to() -> None:
    assert WRITER.write("npv", "Net present value", 5.0, "EUR", "Five.").label == "Shop: net present value"
    assert WRITER.write("roi", "ROI", 5.0, "share", "Five.").label == "Shop: ROI"
    assert replace(WRITER, label="").write("npv", "Net present value", 5.0, "EUR", "Five.").label == "Net present value"


def test_what_a_finding_says_itself_counts() -> None:
    own: dict[str, Any] = {"case": "C6", "grade": "D", "level": 0.5, "kind": "chance"}
    made = WRITER.write("equity", "equity", Estimate(), "EUR", "It is EUR 5.00.", "Counted.", **own)
    assert {name: getattr(made, name) for name in own} == own
    assert made.method == "Counted."


@pytest.mark.parametrize("value", [7, 7.5, np.int64(7), np.float64(7.5), "PASS", (7.0, None, None)])
def test_a_number_without_a_range_has_no_level(value: Any) -> None:
    made = WRITER.write("n", "n", value, "", "")
    assert made.value == (value[0] if isinstance(value, tuple) else value)
    assert (made.low, made.high, made.level) == (None, None, None)
    assert WRITER.write("n", "n", 7, "", "", level=0.95).level == 0.95


def test_a_missing_value_says_why() -> None:
    missing = WRITER.write("n", "n", None, "EUR", "It is 5.", missing="too short.")
    assert (missing.value, missing.text, missing.withheld) == (None, "Not available: too short.", "not_available")
    assert missing == WRITER.withhold("n", "n", "too short.", "EUR")
    known = WRITER.write("n", "n", 5, "EUR", "It is 5.", missing="too short.")
    assert (known.text, known.withheld) == ("It is 5.", "")
    doubtful = WRITER.withhold("n", "n", "not proven.", word="withheld", grade="E", case="C6", method="")
    assert (doubtful.text, doubtful.withheld) == ("Withheld: not proven.", "withheld")
    assert (doubtful.grade, doubtful.case, doubtful.method) == ("E", "C6", "")
    with pytest.raises(CxvalueError, match="needs the reason"):
        WRITER.write("n", "n", None, "EUR", "")


def test_a_range_needs_ends_and_a_width() -> None:
    assert range_of(1.0, 0.5, 2.0) == (1.0, 0.5, 2.0)
    assert range_of(1.0, 1.0, 1.0) == (1.0, None, None)
    assert range_of(12, 3, float("inf")) == (12, None, None)
    assert range_of(12, float("inf"), float("inf")) == (12, None, None)


def writers() -> list[FindingWriter]:
    names = [one.name for one in pkgutil.walk_packages(questions.__path__, "cxvalue.questions.")]
    found = [value for name in names for value in vars(importlib.import_module(name)).values()]
    return [value for value in found if isinstance(value, FindingWriter)]


def test_writers_name_notebooks_that_exist_and_cases_with_a_title() -> None:
    made = writers()
    assert {writer.notebook for writer in made} == {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    titled = set(re.findall(r"^\| `(C\d+)` \|", (ROOT / "data" / "README.md").read_text("utf-8"), re.MULTILINE))
    code = [path.read_text("utf-8") for path in (ROOT / "cxvalue" / "questions").rglob("*.py")]
    used = set(re.findall(r'"(C\d+)"', "".join(code))) | {writer.case for writer in made if writer.case}
    assert used == titled


def test_one_writer_makes_another() -> None:
    assert replace(WRITER, prefix="base.").write("n", "n", 7, "", "").id == "base.n"
