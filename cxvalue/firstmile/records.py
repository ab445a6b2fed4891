"""What is known of the exports of systems: a file each in ``layouts/``, and how a table's columns are held against one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from cxvalue.language.catalogue import translate

_BRACKETED = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Record:
    """One export of one system: the columns it needs and those it often has, what a row is, and what a study says of it.

    `spec` are keys of a table of the study file with the export's own names of columns; `asks` are its questions; `refuse`
    says why it cannot be used; `currency` names columns with codes, `sign` one with amounts that carry a sign;
    `currency_unless` names, for a column with codes, one with amounts of which it does not speak.
    """

    layout: str
    title: str
    table: str
    row: str
    source: str
    needs: tuple[str, ...]
    also: tuple[str, ...]
    spec: dict[str, Any]
    asks: tuple[dict[str, Any], ...] = ()
    alias: Mapping[str, Sequence[str]] | None = None
    refuse: Mapping[str, str] | None = None
    currency: tuple[str, ...] = ()
    sign: str = ""
    score: bool = False
    customer_among: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    currency_unless: Mapping[str, str] | None = None

    def names(self, found: Sequence[str]) -> dict[str, str]:
        """The record's columns that a table has, with the names they have there."""
        there = {normalised(name): name for name in reversed(found)}
        known: dict[str, str] = {}
        for name in (*self.needs, *self.also):
            for candidate in (name, *(self.alias or {}).get(name, ())):
                if normalised(candidate) in there:
                    known[name] = there[normalised(candidate)]
                    break
        return known

    def fit(self, found: Sequence[str]) -> tuple[float, bool]:
        """How well a table's columns fit, 0 to 1, and whether all that is needed is there."""
        known = self.names(found)
        needs = sum(name in known for name in self.needs) / len(self.needs)
        also = sum(name in known for name in self.also) / len(self.also) if self.also else needs
        return 0.7 * needs + 0.3 * also, needs == 1


@cache
def records() -> tuple[Record, ...]:
    """All records, in order of their names."""
    folder = files("cxvalue.firstmile").joinpath("layouts")
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".yml")), key=lambda path: path.name)
    # Written in C where it is there: in Python the layouts take longer to read than a small export.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(_record(yaml.load(path.read_text(encoding="utf-8"), loader)) for path in paths)


def _record(data: dict[str, Any]) -> Record:
    currency = data.get("currency", [])
    return Record(
        data["layout"],
        data["title"],
        data["table"],
        data["row"],
        data["source"],
        tuple(data["needs"]),
        tuple(data.get("also", ())),
        data.get("spec", {}),
        tuple(_asked(asked) for asked in data.get("questions", ())),
        data.get("alias"),
        data.get("refuse"),
        (currency,) if isinstance(currency, str) else tuple(currency),
        data.get("sign", ""),
        bool(data.get("score")),
        tuple(data.get("customer_among", ())),
        tuple(data.get("notes", ())),
        data.get("currency_unless"),
    )


def _asked(asked: dict[str, Any]) -> dict[str, Any]:
    """A question whose answers say "yes" and "no" where YAML makes true and false of them."""
    bare: dict[Any, str] = {True: "yes", False: "no"}
    options = [{**one, "says": bare.get(one["says"], one["says"])} for one in asked["options"]]
    return {**asked, "options": options}


def told(record: Record) -> Record:
    """A record with all that it says in the language that is spoken."""

    asks = tuple(
        {
            **asked,
            "ask": translate(asked["ask"]),
            "options": [{**option, "says": translate(option["says"])} for option in asked["options"]],
        }
        for asked in record.asks
    )
    refuse = record.refuse and {key: translate(text) for key, text in record.refuse.items()}
    notes = tuple(translate(note) for note in record.notes)
    return replace(
        record, title=translate(record.title), row=translate(record.row), asks=asks, refuse=refuse, notes=notes
    )


def normalised(name: str) -> str:
    """A name without capitals, accents, blanks and signs, by which columns are compared.

    >>> normalised(" Order # (ID) "), normalised("order_id"), normalised("#")
    ('orderid', 'orderid', '#')
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[\W_]", "", "".join(one for one in plain if not unicodedata.combining(one))) or name.strip()


def bound(value: Any, names: Mapping[str, str]) -> Any:
    """A part of a record's spec with the names of columns as a table has them; None where it needs a column that is missing.

    A list stands for alternatives of which the first that can be had is taken.

    >>> bound("=[a] - ([b] else 0)", {"a": "A"})
    '=[A] - (0)'
    >>> bound(["b", "a"], {"a": "A"})
    'A'
    """
    if isinstance(value, list):
        return next((one for one in (bound(item, names) for item in value) if one is not None), None)
    if not isinstance(value, str):
        return value
    if value == "ASK":
        return value
    if not value.startswith("="):
        return names.get(value)
    for name in _BRACKETED.findall(value):
        if name not in names:
            value = re.sub(rf"\[{re.escape(name)}\] else ", "", value)
            value = re.sub(rf" else \[{re.escape(name)}\]", "", value)
    missing = [name for name in _BRACKETED.findall(value) if name not in names]
    return None if missing else _BRACKETED.sub(lambda one: f"[{names[one[1]]}]", value)
