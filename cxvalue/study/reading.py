"""Reading a study file: one file in, one `StudyFile` or every problem of it out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import LANGUAGES, translate, using
from cxvalue.study.bounded_yaml import load_yaml
from cxvalue.study.consistency import disagreements
from cxvalue.study.file import TABLE_NAMES, StudyFile
from cxvalue.study.problems import problems_of

_KEY = r"""(?:^|\A\s*\{(?:[^#]*,)?\s*)["']?language["']?\s*:\s*"""
_LANGUAGE = re.compile(rf"""(?m){_KEY}["']?({"|".join(LANGUAGES)})["']?\s*(?:[,}}#]|$)""")


def stated_language(path: Path) -> str:
    """The language that a study file names for its readers, however wrong the rest of it is; English where it names none."""
    try:
        found = _LANGUAGE.search(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError:
        return "en"
    return found[1] if found else "en"


def load_study_file(path: Path, language: str | None = None) -> StudyFile:
    """Read and check a study file; raises `BadInput` with every problem in it, told in the language of its readers.

    `language` is theirs instead of the one that the file names.
    """
    with using(language or stated_language(path)):
        return _load(path).in_language(language)


def _load(path: Path) -> StudyFile:
    label = f"{path.parent.name}/{path.name}" if path.parent.name else path.name
    try:
        raw = load_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput(
            [Problem(label, translate("there is no such file."), translate("Start one with `cxvalue new DIR`."))]
        ) from None
    except UnicodeDecodeError as error:
        found = translate("is not UTF-8 text ({reason}).", reason=error.reason)
        raise BadInput([Problem(label, found, translate("Save it as UTF-8."))]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or translate("cannot be read")
        if mark:
            found = translate("is not valid YAML in line {line}: {what}.", line=mark.line + 1, what=what)
        else:
            found = translate("is not valid YAML: {what}.", what=what)
        of_form = isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError)
        remedy = translate("Check the indentation there.") if of_form else translate("Correct what is there.")
        raise BadInput([Problem(label, found, remedy)]) from None
    if not isinstance(raw, dict):
        remedy = translate("Start from the file that `cxvalue new DIR` writes.")
        raise BadInput([Problem(label, translate("contains no settings."), remedy)])
    if unanswered := _unanswered(path.read_text(encoding="utf-8-sig"), raw, label):
        raise BadInput(unanswered)
    try:
        study = StudyFile.model_validate(raw)
    except ValidationError as error:
        raise BadInput([*problems_of(error, StudyFile, label), *_unknown_tables(raw, label)]) from None
    study._path = path.resolve()
    problems = [*_unknown_tables(raw, label), *disagreements(study, label)]
    if problems:
        raise BadInput(problems)
    return study


def load_answered(path: Path) -> StudyFile | None:
    """What of a study file can be read although answers are missing: tables without ASK; None where there are none.

    Amounts are then in no currency that is known, and nothing but reading the tables may rest on it.
    """
    try:
        raw = load_yaml(path.read_text(encoding="utf-8-sig"))
        asked = set(_asks(raw))
        tables = raw.get("tables") if isinstance(raw, dict) else None
        if not asked or not isinstance(tables, dict):
            return None
        whole = {name: table for name, table in tables.items() if not list(_asks(table))}
        plain = {"currency": raw["currency"] if raw.get("currency") != "ASK" else "XXX", "gross_margin": 1}
        kept = {key: raw[key] for key in _READING if key in raw and not list(_asks(raw[key]))}
        study = StudyFile.model_validate({"name": raw["name"], **kept, **plain, "tables": whole})
    except (OSError, ValueError, KeyError, yaml.YAMLError):
        return None
    study._path = path.resolve()
    return study


_READING = (
    "as_of",
    "observed_from",
    "contract",
    "ids",
    "guest_ids",
    "time_zone",
    "exchange_rates",
    "bad_rows",
    "contracts",
)


def _sentence(comment: str) -> str:
    """A comment of the file as a sentence after another; nothing for none."""
    comment = comment.strip()
    ended = comment if comment.endswith((".", "?", "!")) else f"{comment}."
    return f" {ended[0].upper()}{ended[1:]}" if comment else ""


def _unanswered(text: str, raw: Any, label: str) -> list[Problem]:
    """Every ASK of a file that ``cxvalue new`` wrote, with the question that stands beside it."""
    places = list(_asks(raw))
    comments = [found[1] or "" for found in re.finditer(r"(?m)^[^#\n]*\bASK\b[^#\n]*(?:#\s*(.*))?$", text)]
    if len(comments) != len(places):
        comments = [""] * len(places)
    remedy = translate("Write the answer in place of ASK, or run `cxvalue new … --from …` again with --answer.")
    return [
        Problem(f"{label}: {place}", translate("is not answered yet.") + _sentence(question), remedy)
        for place, question in zip(places, comments, strict=True)
    ]


def _asks(value: Any, place: str = "") -> Iterator[str]:
    if value == "ASK":
        yield place
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _asks(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _asks(inner, place)


def _unknown_tables(raw: dict[str, Any], label: str) -> list[Problem]:
    tables = raw.get("tables")
    names = [str(name) for name in tables] if isinstance(tables, dict) else []
    unknown = [name for name in names if name not in TABLE_NAMES]
    return [
        Problem(f"{label}: tables.{name}", translate("unknown table."), nearest(name, TABLE_NAMES)) for name in unknown
    ]
