"""Frozen results as JSON holds them, and back again: the types of their fields say how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

NOT_KEPT = {"kept": False}
"""Metadata of a field that is left out, and has its default in what is built again."""


class Plain:
    """Gives a frozen dataclass `to_dict` and `from_dict`."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; a number that is not finite becomes its word."""
        told: dict[str, Any] = plain(self)
        return told

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        made: Self = built(cls, data)
        return made


def plain(value: Any) -> Any:
    """A value in plain JSON types: dataclasses by their fields, days as ISO writes them, arrays and tuples as lists.

    A field that may hold anything, such as a ``dict[str, Any]``, holds plain JSON types already and stays as it is. Keys
    of mappings are texts.

    >>> plain((date(2026, 6, 30), math.inf, np.eye(2)))
    ['2026-06-30', 'inf', [[1.0, 0.0], [0.0, 1.0]]]
    """
    if isinstance(value, np.ndarray):
        return plain(value.tolist()) if value.size else {"empty": list(value.shape)}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if is_dataclass(value):
        types, kept = get_type_hints(type(value)), [one.name for one in fields(value) if one.metadata != NOT_KEPT]
        held = {name: getattr(value, name) for name in kept}
        return {name: one if Any in get_args(types[name]) else plain(one) for name, one in held.items()}
    return value


def built(kind: Any, told: Any) -> Any:
    """What `plain` made of a value of this type, as the value again; of several classes the first that has all its fields.

    >>> built(tuple[date, float], ["2026-06-30", "inf"])
    (datetime.date(2026, 6, 30), inf)
    """
    outer, inner = get_origin(kind), get_args(kind)
    if told is None or kind is Any:
        return told
    if outer in (Union, UnionType):
        kinds = [one for one in inner if one is not NoneType]
        return built(next((one for one in kinds if _has_fields(one, told)), kinds[0]), told)
    if outer is np.ndarray:
        of = get_args(inner[1])[0]
        return np.zeros(told["empty"], of) if isinstance(told, Mapping) else np.array(told, of)
    if outer is tuple:
        each = inner[:1] * len(told) if Ellipsis in inner else inner
        return tuple(built(one, part) for one, part in zip(each, told, strict=True))
    if isinstance(told, Mapping):
        types = dict.fromkeys(told, inner[1]) if outer else get_type_hints(kind)
        parts = {key: built(types[key], part) for key, part in told.items()}
        return parts if outer else kind(**parts)
    if isinstance(told, list):
        return [built(inner[0], part) for part in told]
    if isinstance(kind, type) and issubclass(kind, date):
        return kind.fromisoformat(told)
    made_of_a_word = isinstance(kind, type) and issubclass(kind, Enum | Path)
    return kind(told) if made_of_a_word or (kind is float and isinstance(told, str)) else told


def _has_fields(kind: Any, told: Any) -> bool:
    return is_dataclass(kind) and isinstance(told, Mapping) and told.keys() <= {one.name for one in fields(kind)}
