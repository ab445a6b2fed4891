"""A programme takes a half-life from a finding, or the study is refused with the nearest that there is."""

from __future__ import annotations

from pathlib import Path

import ibis
import pytest

from cxvalue.foundation.errors import BadInput
from cxvalue.study import StudyFile, load_study_file
from cxvalue.workspace.half_lives import measured_half_lives, with_half_lives
from tests.experienceworlds import Retail, retail

STUDY = """
name: small
currency: EUR
gross_margin: 0.3
tables: {{transactions: {{path: orders.csv}}, rollout: {{path: rollout.csv}}}}
programmes: [{{name: tea, case: {{persistence: {persistence}}}}}]
"""


def study(tmp_path: Path, persistence: str) -> StudyFile:
    (tmp_path / "study.yml").write_text(STUDY.format(persistence=persistence), encoding="utf-8")
    return load_study_file(tmp_path / "study.yml")


def measured(file: StudyFile, world: Retail) -> dict[str, float]:
    tables: dict[str, ibis.Table] = {"purchases": world.purchases, "interactions": world.tables["interactions"]}
    return measured_half_lives(file, tables.get, as_of=world.as_of, observed_from=world.observed_from)


def test_the_months_of_the_finding_take_its_place(tmp_path: Path) -> None:
    name = "experience.habituation.tasting.half_life_months"
    file = study(tmp_path, f"{{finding: {name}}}")
    found = measured(file, retail())
    assert set(found) == {name}
    case = with_half_lives(file, found).programmes[0].case
    assert (case.persistence.kind, case.persistence.half_life_months) == ("half_life", found[name])
    assert with_half_lives(file, found).path == file.path
    assert 1 < found[name] < 12  # ln 2 / .25 repeats, 40 days apart


def test_one_that_the_tables_do_not_give_is_refused_with_the_nearest(tmp_path: Path) -> None:
    file = study(tmp_path, "{finding: experience.habituation.tastings.half_life_months}")
    with pytest.raises(BadInput, match=r"programmes.tea.case.persistence.finding.*\n?.*tasting\.half_life_months"):
        measured(file, retail())


def test_nothing_is_measured_where_no_programme_asks(tmp_path: Path) -> None:
    file = study(tmp_path, "measured")
    assert measured_half_lives(file, {}.get, as_of=retail().as_of, observed_from=retail().observed_from) == {}
    assert with_half_lives(file, {}) is file


def test_anything_but_a_half_life_is_no_reference(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"experience\.habituation\.tasting\.half_life_months"):
        study(tmp_path, "{finding: cltv.equity}")
