"""A small calculator for the formulas of a workbook: independent of whoever wrote them and of any office programme."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from scipy.optimize import brentq

_RANGE = re.compile(r"'([^']+)'!\$([A-Z])\$(\d+):\$([A-Z])\$(\d+)")
_CELL = re.compile(r"(?<![A-Za-z_$'!\"])([A-Z])(\d+)(?![\d(])")


def _irr(flows: np.ndarray, guess: float) -> float:
    months = np.arange(flows.size)
    return float(brentq(lambda rate: float(flows @ (1 + rate) ** -months), -0.9, 10.0, xtol=1e-15))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "SUM": np.sum,
    "SUMPRODUCT": lambda *parts: float(np.sum(np.prod(np.broadcast_arrays(*parts), axis=0))),
    "MAX": lambda *parts: float(max(np.max(one) for one in parts)),
    "MIN": lambda *parts: float(min(np.min(one) for one in parts)),
    "INDEX": lambda column, place: float(column[int(place) - 1]),
    "IF_": lambda yes, then, otherwise: then if yes else otherwise,
    "IRR": _irr,
}


def calculated(path: Path, **changed: float) -> Callable[[str], Any]:
    """The value of a named cell, or of 'Sheet!A1', with the formulas worked out anew after named cells were changed."""
    book = openpyxl.load_workbook(path)
    names = {name: defined.attr_text.replace("$", "").replace("'", "") for name, defined in book.defined_names.items()}
    for name, value in changed.items():
        sheet, cell = names[name].split("!")
        book[sheet][cell].value = value

    @cache
    def value_of(place: str) -> Any:
        sheet, cell = names.get(place, place).split("!")
        found = book[sheet][cell].value
        if not (isinstance(found, str) and found.startswith("=") and book[sheet][cell].data_type == "f"):
            return found

        def column(title: str, first: str, low: str, high: str) -> np.ndarray:
            return np.array([float(value_of(f"{title}!{first}{row}")) for row in range(int(low), int(high) + 1)])

        text = _RANGE.sub(lambda m: f"column('{m[1]}','{m[2]}',{m[3]},{m[5]})", found[1:])
        text = _CELL.sub(lambda m: f"value_of('{sheet}!{m[1]}{m[2]}')", text)
        text = re.sub(r"\bIF\(", "IF_(", text.replace("^", "**"))
        for name in sorted(names, key=len, reverse=True):
            text = re.sub(rf"(?<![\w'!]){name}(?![\w(!'])", f"value_of('{name}')", text)
        return eval(text, {**FUNCTIONS, "column": column, "value_of": value_of})

    return value_of
