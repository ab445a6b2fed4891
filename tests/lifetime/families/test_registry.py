"""The registry of models: every row is whole, and the study file names what can be asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import LifetimeModel, customer_value, dert, fit, value_levers
from cxvalue.lifetime.families.registry import FAMILIES, MODEL_TITLES, MODELS, Row, family_of, without_dropout
from cxvalue.study.file import ModelName


def test_a_study_may_name_every_model_but_variants_that_are_found():
    # The study file stands below the models and lists them again; bb is what bg_bb falls back on.
    asked = {row.name for row in MODELS.values() if row.variant in ("", "rhythm")} - {"bb"}
    assert set(get_args(ModelName)) == asked
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


@pytest.mark.parametrize("parent", ["mbg_nbd", "pareto_nbd"])
def test_a_new_family_needs_no_more_than_its_row(monkeypatch, cdnow, spend, parent):
    # The same functions under a name that nothing knows: wherever a name decided, this would fail or differ.
    family = replace(family_of(parent), name="new_nbd", title="New/NBD")
    monkeypatch.setitem(MODELS, "new_nbd", Row("new_nbd", "New/NBD", lambda k: family))
    new, old = fit(cdnow, "new_nbd"), fit(cdnow, parent)
    assert (new.name, new.fallback, new.variant) == ("new_nbd", "nbd", "")
    assert new.params == pytest.approx(old.params)
    ends = [
        customer_value(one, spend, cdnow, horizon_months=9, annual_discount_rate=0.1, draws=20) for one in (new, old)
    ]
    assert ends[0].equity == pytest.approx(ends[1].equity)
    assert ends[0].expected_purchases_12m == pytest.approx(ends[1].expected_purchases_12m)
    few = cdnow.take(slice(0, 200))
    how = {"dormancy_days": 90, "horizon_months": 12, "annual_discount_rate": 0.1, "draws": 20}
    levers = [value_levers(one, spend, few, **how).levers for one in (new, old)]
    for ours, theirs in zip(*levers, strict=True):
        assert ours.gain == pytest.approx(theirs.gain)
    assert dert(new, few, 0.1) == pytest.approx(dert(old, few, 0.1))
    assert new.p_silence(few) == pytest.approx(old.p_silence(few))
    assert LifetimeModel.from_dict(new.to_dict()).p_alive(few) == pytest.approx(old.p_alive(few))
