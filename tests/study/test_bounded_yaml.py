"""Study files that no YAML reader should trip over: each is one fault in plain words, with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from cxvalue.foundation.errors import BadInput
from cxvalue.study.bounded_yaml import DEEPEST, load_yaml
from cxvalue.study.reading import load_study_file

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcde", "bcdef", strict=True)
)

HOSTILE = {
    "a number that is none": ("horizon_months: !!int abc", "'abc' is not a whole number"),
    "a decimal that is none": ("gross_margin: !!float x", "'x' is not a number"),
    "a truth that is none": ("title: !!bool maybe", "'maybe' is not true or false"),
    "a moment that is none": ("as_of: !!timestamp foo", "'foo' is not a date that exists"),
    "a list as a key": ("? [a, b]\n: 3", "a key must be a word"),
    "a mapping as a key": ("? {a: b}\n: 3", "a key must be a word"),
    "five thousand digits": (f"horizon_months: {'9' * 5000}", "is not a whole number"),
    "six hundred levels": (f"title: {'[' * 600}{']' * 600}", f"nested more than {DEEPEST} levels deep"),
    "fifty levels": (f"title: {'[' * 50}{']' * 50}", f"nested more than {DEEPEST} levels deep"),
    "aliases that multiply": (BOMB, "repeated by aliases"),
    "a key twice": ("a: 1\na: 2", "the key 'a' is given twice"),
    "an object": ("title: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    "no end of text": ("x" * 1_000_001, "more than 1,000,000 characters"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_each_fault_is_said_in_words(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match=r"[a-z]") as caught:
        load_yaml(text)
    assert said in str(getattr(caught.value, "problem", ""))
    path = tmp_path / "shop" / "study.yml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_study_file(path)
    assert "shop/study.yml" in str(refused.value)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("day", ["2025-02-30", "2025-13-01", "2025-01-31T25:00:00"])
def test_a_day_that_the_calendar_lacks_is_told_with_all_else_that_is_wrong(day: str, tmp_path: Path) -> None:
    assert load_yaml(f"as_of: {day}") == {"as_of": day}
    path = tmp_path / "study.yml"
    path.write_text(f"as_of: {day}\ngross_margn: 0.4\n")
    with pytest.raises(BadInput) as refused:
        load_study_file(path)
    said = str(refused.value)
    assert f"as_of: '{day}' is not a date." in said
    assert "gross_margn: unknown key." in said


def test_only_a_fault_of_form_asks_for_the_indentation(tmp_path: Path) -> None:
    path = tmp_path / "study.yml"
    for text, asked in (("a: [1", True), ("a: 1\na: 2", False)):
        path.write_text(text)
        with pytest.raises(BadInput) as refused:
            load_study_file(path)
        assert ("Check the indentation there." in str(refused.value)) is asked


def test_what_is_sound_is_read_as_it_is() -> None:
    assert load_yaml("as_of: 2026-02-28\nlist: &l [1, 2.5, true, Yes, no, On, 007, 12:30]\nsame: *l") == {
        "as_of": date(2026, 2, 28),
        "list": [1, 2.5, True, "Yes", "no", "On", "007", "12:30"],
        "same": [1, 2.5, True, "Yes", "no", "On", "007", "12:30"],
    }
    assert load_yaml("") is None
