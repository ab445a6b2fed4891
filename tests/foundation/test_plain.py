"""A result goes into JSON and comes back as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.calendar import TimeUnit
from cxvalue.foundation.plain import NOT_KEPT, Plain, built, plain


@dataclass(frozen=True)
class Part:
    name: str
    day: date | None


@dataclass(frozen=True, slots=True, eq=False)
class Whole(Plain):
    unit: TimeUnit
    level: float
    count: int
    table: Floats
    place: Ints
    parts: tuple[Part, ...]
    pair: tuple[str, float]
    shares: Mapping[str, float]
    rows: list[dict[str, float]]
    maybe: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    beside: object = field(default=None, metadata=NOT_KEPT)


WHOLE = Whole(
    TimeUnit.WEEK,
    math.inf,
    np.int64(3).item(),
    np.array([[0.1, math.nan], [-math.inf, 2.0]]),
    np.array([2, 1]),
    (Part("a", date(2026, 6, 30)), Part("nan", None)),
    ("b", 0.5),
    {"x": math.nan, "y": 1 / 3},
    [{"cap": 25.0, "times": 2}],
    extra={"words": ["nan", {"deep": 1.5}]},
    beside=object(),
)


def test_every_kind_of_field_comes_back() -> None:
    again = Whole.from_dict(json.loads(json.dumps(WHOLE.to_dict(), allow_nan=False)))
    kept = [one.name for one in fields(Whole) if one.name not in ("table", "place", "shares", "beside")]
    assert [getattr(again, name) for name in kept] == [getattr(WHOLE, name) for name in kept]
    np.testing.assert_array_equal(again.table, WHOLE.table)
    np.testing.assert_array_equal(again.place, WHOLE.place)
    assert (again.table.dtype, again.place.dtype) == (np.float64, np.int64)
    assert math.isnan(again.shares["x"])
    assert again.shares["y"] == 1 / 3
    assert isinstance(again.rows[0]["times"], int)
    assert again.beside is None


@pytest.mark.parametrize("shape", [(0,), (0, 0), (0, 2, 9), (3, 0)])
def test_an_array_of_nothing_keeps_its_shape(shape: tuple[int, ...]) -> None:
    again = built(Floats, json.loads(json.dumps(plain(np.zeros(shape)))))
    assert (again.shape, again.dtype) == (shape, np.float64)


@dataclass(frozen=True)
class Longer(Part):
    place: Path = Path("a") / "b"


def test_of_several_classes_the_first_that_has_all_fields_is_built() -> None:
    several = (Part("a", None), Longer("b", date(2026, 6, 30), Path("x.parquet")))
    told = json.loads(json.dumps(plain(several)))
    assert told[1]["place"] == "x.parquet"
    assert built(tuple[Part | Longer, ...], told) == several
    assert built(Part | Longer | None, None) is None
    with pytest.raises(KeyError, match="unknown"):
        built(Part | Longer, {"name": "a", "day": None, "unknown": 1})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(KeyError, match="unknown"):
        built(Part, {"name": "a", "day": None, "unknown": 1})
