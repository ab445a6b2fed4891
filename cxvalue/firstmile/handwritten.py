"""Studies written by hand over the export of a known system: what such an export means, and what the study takes it for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxvalue.firstmile.asking import either
from cxvalue.firstmile.drafts import columns_in
from cxvalue.firstmile.recognition import match
from cxvalue.firstmile.records import Record, bound
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate
from cxvalue.study import StudyFile, TableSource
from cxvalue.tables.read.aside import columns_used

_MAIN = ("transactions", "subscriptions")
_TELLING = 6
"""So many columns that a record needs, all of them there, tell the system even where little else is in the file."""
_HELD = ("customer_id", "date", "start", "end", "revenue", "value_per_month")


def hold_against_layouts(study: StudyFile, sources: Mapping[str, Sequence[str]]) -> None:
    """Refuse a study that takes the export of a known system for what it is not; `sources` are the columns of each table.

    A study that says who wrote a table (`layout`), or chose its rows by a query, is left alone.
    """
    problems = []
    for name, source in study.tables.items():
        if source.layout is None and name in _MAIN and sources.get(name):
            problems += unlike_its_layout(name, source, sources[name])
    if problems:
        raise BadInput(problems)


def unlike_its_layout(name: str, source: TableSource, columns: Sequence[str]) -> list[Problem]:
    """What a table's mapping takes otherwise than the export of the system that surely wrote it means it."""
    record, how, _ = match(columns)
    if record is None or (how != "sure" and len(record.needs) < _TELLING):
        return []
    where, meant = f"tables.{name}", translate("If it is meant as it is, write 'layout: own' below its path.")
    if record.refuse is not None:
        found = translate("is {system}: {reason}", system=record.title, reason=record.refuse["found"])
        return [Problem(where, found, f"{record.refuse['remedy']} {meant}")]
    if record.table != name:
        found = translate(
            "is {system}: a row is {row}, which belongs to '{table}'.",
            system=record.title,
            row=record.row,
            table=record.table,
        )
        return [Problem(where, found, meant)]
    unlike = list(_unlike(source, record, record.names(columns)))
    if not unlike:
        return []
    found = translate(
        "is {system}, and is read differently: {differences}.", system=record.title, differences="; ".join(unlike)
    )
    return [Problem(where, found, f"{translate('`cxvalue new DIR --from FILE` writes the right settings.')} {meant}")]


def _unlike(source: TableSource, record: Record, names: Mapping[str, str]) -> Iterator[str]:
    used = columns_used(source)
    for ours in _HELD:
        allowed = [
            found for theirs in _alternatives(record, ours) if (found := bound(theirs, names)) not in (None, "ASK")
        ]
        theirs = source.columns.get(ours, "")
        if theirs and allowed and not any(set(columns_in(theirs)) == set(columns_in(one)) for one in allowed):
            meant = either(list(dict.fromkeys(map(repr, allowed))))
            yield translate("{ours} is {theirs!r} and not {meant}", ours=ours, theirs=theirs, meant=meant)
    for key in ("keep_rows", "leave_out_rows"):
        for column, words in record.spec.get(key, {}).items():
            if column in names and "" not in words and names[column] not in used:
                yield translate("rows count whatever {column!r} says", column=names[column])
    once, amount = bound(record.spec.get("once_per"), names), bound(record.spec.get("refund", {}).get("amount"), names)
    if once is not None and not source.once_per:
        yield translate("each {column!r} counts once in it (once_per: {column})", column=once)
    if amount is not None and source.refund is None:
        line = f"refund: {{amount: {amount}}}"
        yield translate("{column!r} is not a separate refund ({line})", column=amount, line=line)


def _alternatives(record: Record, ours: str) -> Iterator[Any]:
    """Everything that a record, or an answer to one of its questions, may map to a column of ours."""
    yield from _each(record.spec.get("columns", {}).get(ours))
    for asked in record.asks:
        for option in asked["options"]:
            yield from _each(option.get("set", {}).get("columns", {}).get(ours))


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [] if value is None else [value]
