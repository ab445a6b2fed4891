"""The forecast of a customer base kept beside the fits, so that every notebook opens the same one."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.evidence.attempts import Attempts, plain_list
from cxvalue.lifetime.evidence.blend import Blend
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.lifetime.prediction.whole_base import Total, WholeBase

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_base", "write_base"]

_EACH = ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_alive", "p_return_90d", "rhythm_broken")
_HORIZONS = ("returns", "purchases", "worth")


def write_base(base: WholeBase, folder: Path) -> None:
    """Write the forecast as ``base.json`` and ``base.npz``; figures over other horizons than the study's with 7 digits."""
    arrays: dict[str, Any] = {f"value_{name}": getattr(base.value, name) for name in _EACH}
    for name in _HORIZONS:
        column = getattr(base, name)
        arrays[name], arrays[f"{name}_own"] = column.astype(np.float32), column[:, base.place]
    np.savez(folder / "base.npz", **arrays)
    told = {
        "value": _scalars(base.value),
        "model_value": _scalars(base.model_value),
        "days": list(base.days),
        "place": base.place,
        "margin": [vars(one) for one in base.margin],
        "bought": [vars(one) for one in base.bought],
        "variation": base.variation,
        "past": base.past.to_dict(),
        "past_blend": {field.name: plain_list(getattr(base.past_blend, field.name)) for field in fields(Blend)},
        "combined": base.combined,
        "first_margin": base.first_margin,
    }
    (folder / "base.json").write_text(json.dumps(told), encoding="utf-8")


def read_base(folder: Path) -> WholeBase:
    """The forecast that `write_base` wrote; of the single model's own value only the totals are kept."""
    told = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    with np.load(folder / "base.npz", allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    columns = {}
    for name in _HORIZONS:
        columns[name] = arrays[name].astype(float)
        columns[name][:, told["place"]] = arrays[f"{name}_own"]
    each = {name: arrays[f"value_{name}"] for name in _EACH}
    nobody = {name: values[:0] for name, values in each.items()}
    blended = {name: np.array(values, dtype=float) for name, values in told["past_blend"].items()}
    return WholeBase(
        value=CustomerValue(**each, **_read(told["value"])),
        days=tuple(told["days"]),
        place=told["place"],
        **columns,
        margin=_totals(told["margin"]),
        bought=_totals(told["bought"]),
        variation=told["variation"],
        past=Attempts.from_dict(told["past"]),
        past_blend=Blend(**blended),
        combined=told["combined"],
        model_value=CustomerValue(**nobody, **_read(told["model_value"])),
        first_margin=told["first_margin"],
    )


def _scalars(value: CustomerValue) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(CustomerValue) if field.name not in _EACH}


def _read(told: dict[str, Any]) -> dict[str, Any]:
    return {name: Interval(*one) if isinstance(one, list) else one for name, one in told.items()}


def _totals(told: list[dict[str, Any]]) -> tuple[Total, ...]:
    return tuple(Total(**{**one, "weights": tuple((name, share) for name, share in one["weights"])}) for one in told)
