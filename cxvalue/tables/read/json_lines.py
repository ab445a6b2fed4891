"""JSON as rows of cells: an object a line, a list of objects, or one object around a list, as services answer.

Nested objects become columns such as ``a.b``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translate


def is_json(path: Path) -> bool:
    """Whether a file begins with a JSON object, or with a list of them."""
    with path.open("rb") as file:
        start = file.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"[":
        return start[1:].lstrip()[:1] == b"{"
    if start[:1] != b"{":
        return False
    try:
        return isinstance(json.loads(start.split(b"\n", 1)[0]), dict)
    except ValueError:
        return b"\n" not in start or path.suffix.lower() in (".json", ".jsonl", ".ndjson")


def json_columns(path: Path, where: str) -> tuple[str, ...]:
    """The columns of all objects, in the order in which they come up; raises `BadInput` for what is no object."""
    names: dict[str, None] = {}
    for _, record in _records(path, where):
        names.update(dict.fromkeys(record))
    return tuple(names)


def json_rows(path: Path, names: tuple[str, ...], where: str) -> Iterator[tuple[int, list[Any]]]:
    """Each object as its line, or place in the list, and its cells."""
    for number, record in _records(path, where):
        yield number, [record.get(name) for name in names]


def _records(path: Path, where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        first = file.read(1)
        while first.isspace():
            first = file.read(1)
        file.seek(0)
        listed: Iterable[tuple[int, Any]]
        if first == "[":
            try:
                listed = enumerate(json.load(file, parse_constant=str), start=1)
            except ValueError as error:
                broken = translate("is not valid JSON: {error}.", error=error)
                raise BadInput.at(where, broken, translate("Export it again.")) from None
        elif (inside := _list_inside(path)) is not None:
            listed = enumerate(inside, start=1)
        else:
            listed = (
                (number, _parsed(line, number, where)) for number, line in enumerate(file, start=1) if line.strip()
            )
        for number, record in listed:
            if not isinstance(record, dict):
                found = translate("line {line:,} is not a JSON object.", line=number)
                raise BadInput.at(
                    where, found, translate("A file of JSON lines has one {object} per line.", object="{…}")
                )
            yield number, _flat(record)


def _list_inside(path: Path) -> list[Any] | None:
    """The only list of objects in a file that is one object; None where it has an object a line, or no such list."""
    with path.open(encoding="utf-8-sig") as file:
        try:
            whole = json.loads(file.readline(), parse_constant=str)
            if any(line.strip() for line in file):
                return None
        except ValueError:
            file.seek(0)
            try:
                whole = json.load(file, parse_constant=str)
            except ValueError:
                return None
    lists = list(_lists(whole)) if isinstance(whole, dict) else []
    return lists[0] if len(lists) == 1 else None


def _lists(record: dict[str, Any]) -> Iterator[list[Any]]:
    for value in record.values():
        if isinstance(value, dict):
            yield from _lists(value)
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            yield value


def _parsed(line: str, number: int, where: str) -> Any:
    try:
        return json.loads(line, parse_constant=str)
    except ValueError:
        found = translate("line {line:,} is not valid JSON.", line=number)
        raise BadInput.at(where, found, translate("The file may be cut off; export it again.")) from None


def _flat(record: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            flat[before + name] = json.dumps(value, ensure_ascii=False)
        else:
            flat[before + name] = value
    return flat
