"""Turns what pydantic finds wrong in a study file into problems in an analyst's words."""

from __future__ import annotations

import re
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cxvalue.foundation.errors import Problem, nearest, one_of
from cxvalue.language.catalogue import translate

LONGEST_SHOWN = 200


def problems_of(error: ValidationError, model: type[BaseModel], label: str) -> list[Problem]:
    """List every problem of a validation error as ``file: key: what was found, what is allowed``."""
    problems: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        keys, owner, description = _walk(model, item["loc"])
        where = f"{label}: {'.'.join(keys).replace('.[', '[')}" if keys else label
        found, remedy = _words(item, owner, description)
        # A union reports one error for each of its branches; the first says enough.
        problems.setdefault(where, Problem(where, found, remedy))
    return [
        problem for where, problem in problems.items() if not any(other.startswith(f"{where}[") for other in problems)
    ]


def _walk(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[list[str], type[BaseModel] | None, str]:
    """Follow an error's location through the models: the keys as written, the model that owns the last, its meaning."""
    keys: list[str] = []
    owner: type[BaseModel] | None = model
    annotation: Any = model
    description = ""
    for part in loc:
        inner = _model_in(annotation)
        if inner is not None and isinstance(part, str):
            owner = inner
            field = inner.model_fields.get(part) or next(
                (field for field in inner.model_fields.values() if field.alias == part), None
            )
            keys.append(part)
            if field is None:
                return keys, owner, description
            annotation, description = field.annotation, field.description or _described(field.metadata)
            annotation = annotation if annotation is not None else str
        elif isinstance(part, int) or (get_origin(_bare(annotation)) is dict and isinstance(part, str)):
            keys.append(f"[{part + 1}]" if isinstance(part, int) else part)
            arguments = [argument for argument in get_args(_bare(annotation)) if argument is not Ellipsis]
            annotation = arguments[-1] if arguments else str
    return [key for key in keys if key], owner, description


def _described(metadata: list[Any]) -> str:
    return next((item.description for item in metadata if getattr(item, "description", None)), "")


def _bare(annotation: Any) -> Any:
    """Strip ``None`` from an optional annotation."""
    if get_origin(annotation) in (Union, UnionType):
        rest = [argument for argument in get_args(annotation) if argument is not type(None)]
        return rest[0] if len(rest) == 1 else annotation
    return annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    bare = _bare(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


class _Shown:
    """What was given, as text of a bounded length."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def __repr__(self) -> str:
        if isinstance(self.given, int) and abs(self.given) > 10**40:
            return translate("a number of more than 40 digits")
        text = repr(self.given)
        return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _words(item: Any, owner: type[BaseModel] | None, description: str) -> tuple[str, str]:
    kind, raw, context = item["type"], item.get("input"), item.get("ctx", {})
    given = _Shown(raw)
    allowed = translate("Allowed: {words}.", words=translate(description)) if description else ""
    if kind == "extra_forbidden" and owner is not None:
        known = [field.alias or name for name, field in owner.model_fields.items()]
        return translate("unknown key."), nearest(str(item["loc"][-1]), known)
    if kind == "missing":
        return translate("is missing."), allowed or translate("Every study needs it.")
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", context["expected"])
        remedy = nearest(raw, options) if isinstance(raw, str) else one_of(options)
        return translate("{given!r} is not known.", given=given), remedy
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        signs = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}
        sign, limit = signs[kind], context.get("gt", context.get("ge", context.get("lt", context.get("le"))))
        found = translate(
            "{given!r} is out of range: it must be {sign} {limit}.", given=given, sign=sign, limit=f"{limit:g}"
        )
        return found, allowed
    if kind.startswith(("float", "int")) or kind == "finite_number":
        return translate("{given!r} is not a number that is possible here.", given=given), allowed
    if kind.startswith("date"):
        return translate("{given!r} is not a date.", given=given), allowed or translate("Write it as 2026-06-30.")
    if kind.startswith("bool"):
        return translate("{given!r} is neither true nor false.", given=given), translate(
            "Allowed: {words}.", words="true, false"
        )
    if kind == "string_pattern_mismatch":
        return translate("{given!r} does not fit.", given=given), allowed
    if kind == "string_type":
        return translate("{given!r} is not text.", given=given), allowed or translate("Put it in quotes.")
    if kind == "value_error":
        return str(context["error"]), ""
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        remedy = translate("Write its keys indented below it, or as {example}.", example="{key: value}")
        return translate("{given!r} is not a group of settings.", given=given), allowed or remedy
    if kind == "tuple_type":
        return translate("{given!r} is not a list.", given=given), translate(
            "Write each item on a line that starts with '- '."
        )
    if kind == "invalid_key":
        remedy = translate("Keys are words, such as 'currency'; put other texts in quotes.")
        return translate("the key {given!r} is not a word.", given=given), remedy
    if kind == "too_short":
        return translate("is empty."), allowed
    return f"{item['msg']}.", allowed
