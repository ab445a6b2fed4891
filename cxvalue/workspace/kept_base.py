"""The forecast of a customer base kept beside the fits, so that every notebook opens the same one."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.intervals import Interval
from cxvalue.foundation.plain import built, plain
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import Blend
from cxvalue.lifetime.prediction.value import CustomerValue
from cxvalue.lifetime.prediction.whole_base import Total, WholeBase
from cxvalue.questions.lifetime_value.base_forecast import PastForecast
from cxvalue.workspace.kept_arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

_EACH = ("cltv", "cltv_low", "cltv_high", "expected_transactions", "p_alive", "p_return_90d", "rhythm_broken")
_HORIZONS = ("returns", "purchases", "worth")
_OF_THEN = ("returns", "purchases", "bought")
_FOLDER, _THEN = "base", "then"


def write_base(base: WholeBase, folder: Path) -> None:
    """Write the forecast as ``base.json`` and the folder ``base``; horizons other than the study's with 7 digits."""
    write_arrays(folder / _FOLDER, {f"value_{name}": getattr(base.value, name) for name in _EACH})
    for name in _HORIZONS:
        column = getattr(base, name)
        # A horizon beside the other: whoever asks for one reads no other.
        kept = np.empty_like(column, dtype=float, order="F")
        for at in range(column.shape[1]):
            kept[:, at] = column[:, at] if at == base.place else column[:, at].astype(np.float32)
        write_arrays(folder / _FOLDER, {name: kept})
    told = {
        "value": _scalars(base.value),
        "model_value": _scalars(base.model_value),
        "days": list(base.days),
        "place": base.place,
        "margin": plain(base.margin),
        "bought": plain(base.bought),
        "variation": base.variation,
        "past": base.past.to_dict(),
        "past_blend": plain(base.past_blend),
        "combined": base.combined,
        "first_margin": base.first_margin,
    }
    (folder / "base.json").write_text(json.dumps(told), encoding="utf-8")


def read_base(folder: Path) -> WholeBase:
    """The forecast that `write_base` wrote; of the single model's own value only the totals are kept."""
    told = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    arrays: dict[str, Any] = dict(read_arrays(folder / _FOLDER))
    columns = {name: arrays[name] for name in _HORIZONS}
    each = {name: arrays[f"value_{name}"] for name in _EACH}
    nobody = {name: values[:0] for name, values in each.items()}
    return WholeBase(
        value=CustomerValue(**each, **_read(told["value"])),
        days=tuple(told["days"]),
        place=told["place"],
        **columns,
        margin=built(tuple[Total, ...], told["margin"]),
        bought=built(tuple[Total, ...], told["bought"]),
        variation=told["variation"],
        past=Attempts.from_dict(told["past"]),
        past_blend=built(Blend, told["past_blend"]),
        combined=told["combined"],
        model_value=CustomerValue(**nobody, **_read(told["model_value"])),
        first_margin=told["first_margin"],
    )


def write_then(asked: PastForecast | None, folder: Path) -> None:
    """Write what would have been forecast before the part held back, where anything would, into the folder ``then``."""
    if asked is not None:
        told = {"margin": list(asked.margin), "came": asked.came, "level": asked.level}
        write_arrays(folder / _THEN, {name: getattr(asked, name) for name in _OF_THEN})
        (folder / _THEN / "told.json").write_text(json.dumps(told), encoding="utf-8")


def read_then(folder: Path) -> PastForecast | None:
    """What `write_then` wrote; None where there was nothing."""
    path = folder / _THEN / "told.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    arrays: dict[str, Any] = dict(read_arrays(folder / _THEN))
    return PastForecast(Interval(*told["margin"]), came=told["came"], level=told["level"], **arrays)


def _scalars(value: CustomerValue) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(CustomerValue) if field.name not in _EACH}


def _read(told: dict[str, Any]) -> dict[str, Any]:
    return {name: Interval(*one) if isinstance(one, list) else one for name, one in told.items()}
