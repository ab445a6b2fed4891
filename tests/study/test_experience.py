"""Keys of the study file about experience: nearest names, contradictions, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile, load_study_file

STUDY = """
name: small
currency: EUR
gross_margin: 0.3
tables: {transactions: {path: orders.csv}}
"""


def read(tmp_path: Path, more: str) -> StudyFile:
    (tmp_path / "study.yml").write_text(STUDY + more, encoding="utf-8")
    return load_study_file(tmp_path / "study.yml")


def test_the_defaults_are_those_of_the_dictionary(tmp_path: Path) -> None:
    rules = read(tmp_path, "").experience
    assert (rules.negative, rules.some, rules.strong) == (-10, 5, 20)
    assert (rules.target_days, rules.landmark_days, rules.follow_days) == (3, 14, 180)
    assert (rules.replacement_months, rules.detect_points) == (3, 5)


def test_unknown_keys_name_the_nearest(tmp_path: Path) -> None:
    more = (
        "metrics: {overall: {mian: true}}\ntouchpoints: [{name: a, cots: 1, points: 2}]\nexperience: {targetdays: 2}\n"
    )
    with pytest.raises(BadInput) as refused:
        read(tmp_path, more)
    said = str(refused.value)
    for key, meant in (("metrics.overall.mian", "main"), ("cots", "cost"), ("experience.targetdays", "target_days")):
        assert key in said
        assert f"'{meant}'" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("metrics: {a: {scale: [10, 0]}}", "lowest score first"),
        ("metrics: {a: {kind: nps, scale: [1, 5]}}", r"defined on the scale \[0, 10\]"),
        ("metrics: {a: {main: true}, b: {main: true}}", "a, b are all 'main: true'"),
        ("experience: {negative: 6}", "levels must rise"),
        ("experience: {target_days: 20}", "landmark_days 14"),
        ("touchpoints: [{name: a, cost: 1, points: 2}, {name: a, cost: 3, points: 2}]", "listed 2 times"),
        ("touchpoints: [{name: a, cost: 1, points: 2}]\nexperience: {exclude: [[a, bb]]}", "no touchpoint 'bb'"),
    ],
)
def test_contradictions_are_refused_in_plain_words(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(tmp_path, more + "\n")
