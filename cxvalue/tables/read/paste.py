"""The `read:` line of a study file, written out so that an analyst can paste it."""

from __future__ import annotations

from typing import Any

_DEFAULTS: dict[str, object] = {"header": True, "missing": ()}
_KEYS = ("format", "delimiter", "decimal", "thousands", "encoding", "date_format", "header", "missing")


def read_line(read: Any, **changes: object) -> str:
    """Write the options in force with some changed, as one line of YAML.

    >>> from cxvalue.study import ReadOptions
    >>> print(read_line(ReadOptions(delimiter=";"), date_format="%d/%m/%Y"))
    read: {delimiter: ";", date_format: "%d/%m/%Y"}
    >>> print(read_line(ReadOptions(), decimal="."))
    read: {decimal: "."}
    """
    options = {key: changes.get(key, getattr(read, key, None)) for key in _KEYS}
    # A point that is declared says more than one by default: amounts such as 1.588 are then never in doubt.
    declared = "decimal" in changes or "decimal" in getattr(read, "model_fields_set", ())
    if options["decimal"] == "." and (not declared or options["thousands"] is not None):
        options["decimal"] = None
    shown = {key: value for key, value in options.items() if value is not None and value != _DEFAULTS.get(key)}
    return "read: {" + ", ".join(f"{key}: {_yaml(key, value)}" for key, value in shown.items()) + "}"


def _yaml(key: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_yaml(key, item) for item in value) + "]"
    text = str(value)
    if key in ("format", "encoding") or text == "whitespace" or (key == "date_format" and "%" not in text):
        return text
    escaped = text.replace("\\", "\\\\").replace("\t", "\\t").replace('"', '\\"')
    return f'"{escaped}"'
