"""The forecast of a base survives being written down."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.evidence.blend import Blend
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.lifetime.prediction.whole_base import WholeBase
from cxvalue.questions.lifetime_value.base_forecast import PastForecast, record_of, weights_of
from cxvalue.questions.lifetime_value.forecast import base_of_study
from cxvalue.questions.lifetime_value.past_states import PastStates
from cxvalue.workspace.kept_base import read_base, read_then, write_base, write_then
from cxvalue.workspace.opened import Study


@pytest.fixture(scope="module")
def made(sample: Study) -> WholeBase:
    """The forecast of the sample study, made here."""
    return base_of_study(sample.file, sample.cltv, sample.table)


def same_value(one: CustomerValue, other: CustomerValue) -> None:
    for field in fields(CustomerValue):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(theirs, np.ndarray):
            assert np.array_equal(mine, theirs, equal_nan=theirs.dtype.kind == "f"), field.name
        else:
            assert mine == theirs, field.name
            assert type(mine) is type(theirs), field.name


def test_what_a_notebook_opens_is_what_was_forecast(sample: Study, made: WholeBase) -> None:
    opened = sample.base
    same_value(opened.value, made.value)
    assert (opened.days, opened.place, opened.combined) == (made.days, made.place, made.combined)
    assert opened.margin == made.margin
    assert opened.bought == made.bought
    for name in ("returns", "purchases", "worth"):
        mine, theirs = getattr(opened, name), getattr(made, name)
        assert np.array_equal(mine[:, made.place], theirs[:, made.place])
        assert mine == pytest.approx(theirs, rel=2e-7)
    for field in fields(Blend):
        assert np.array_equal(
            getattr(opened.past_blend, field.name), getattr(made.past_blend, field.name), equal_nan=True
        )
    assert record_of(opened) == record_of(made)
    assert weights_of(opened, sample.cltv) == weights_of(made, sample.cltv)
    assert opened.model_value.equity == made.model_value.equity
    assert opened.model_value.cltv.size == 0
    some = np.arange(opened.value.cltv.size) % 2 == 0
    assert opened.of_some(some).equity == pytest.approx(made.of_some(some).equity, rel=1e-6)


def test_what_is_not_known_stays_unknown(made: WholeBase, tmp_path: Path) -> None:
    size = made.value.cltv.size
    withheld = replace(made.value, p_alive=np.full(size, math.nan))
    write_base(replace(made, value=withheld, combined=False, first_margin=math.nan), tmp_path)
    found = read_base(tmp_path)
    assert np.isnan(found.value.p_alive).all()
    assert math.isnan(found.first_margin)
    assert not found.combined
    same_value(found.value, withheld)


def test_what_would_have_been_forecast_is_kept_for_the_level_of_the_study(sample: Study, tmp_path: Path) -> None:
    fit = sample.cltv
    asked = PastStates(fit, sample.purchases).forecast(fit.past, sample.file.level)
    kept = sample.then.forecast(fit.past, sample.file.level)
    assert asked is not None
    assert kept is not None
    for field in fields(PastForecast):
        assert np.array_equal(getattr(kept, field.name), getattr(asked, field.name)), field.name
    assert kept is sample.then.forecast(fit.past, sample.file.level)
    assert sample.then.forecast(fit.past, 0.5).margin.high < kept.margin.high
    write_then(None, tmp_path)
    assert read_then(tmp_path) is None


def test_where_nothing_could_be_forecast_the_reason_is_given(sample: Study) -> None:
    study = Study(replace(sample.prepared, unavailable={"20_cltv": "Nobody bought a second time."}), None)
    with pytest.raises(CxvalueError, match="Nobody bought a second time"):
        _ = study.base
