"""The registry of models: every row is whole, and the study file names what can be asked for."""

from __future__ import annotations

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.families.registry import FAMILIES, MODEL_TITLES, MODELS, family_of, without_dropout
from cxvalue.study.file import MODEL_NAMES


def test_a_study_may_name_every_model_but_variants_that_are_found():
    # The study file stands below the models and lists them again; bb is what bg_bb falls back on.
    asked = {row.name for row in MODELS.values() if row.variant in ("", "rhythm")} - {"bb"}
    assert set(MODEL_NAMES) == asked
    assert set(MODELS) < set(MODEL_TITLES)
    assert [one.name for one in FAMILIES.values() if one.dropout] == ["bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.mark.parametrize("name", list(MODELS))
def test_every_row_says_what_its_model_can_do(name):
    row = MODELS[name]
    family = family_of(name, 2)
    assert family.dropout == (family.still is not None)
    if family.still is not None:
        assert not family.still.dropout
        assert family.still.parameters == family.parameters[: len(family.still.parameters)]
        assert without_dropout([name]) == family.still.name
    assert (row.plain in MODELS) == bool(row.variant)
    assert {moved for moved, _ in family.moves} <= set(family.parameters)
    assert all(family.parameters[place] in ("alpha", "beta") for place in family.timed)


def test_an_unknown_model_is_refused_with_the_nearest_one():
    with pytest.raises(CxvalueError, match=r"There is no lifetime model 'bg_nbt'.*bg_nbd"):
        family_of("bg_nbt")
    # A rhythm has no functions before it is known how many events a purchase takes.
    with pytest.raises(CxvalueError, match="There is no lifetime model 'bg_cnbd_k'"):
        family_of("bg_cnbd_k")
    assert family_of("bg_cnbd_k", 3).title == "BG/CNBD-3"
