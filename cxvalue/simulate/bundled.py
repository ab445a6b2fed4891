"""Studies whose tables are simulated: made where they are missing, from the `simulated:` block of the study file."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cxvalue.foundation.errors import BadInput, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.simulate.world import WORLDS, World

if TYPE_CHECKING:
    from cxvalue.study import Simulated, StudyFile

STAMP = ".simulated"


def simulate(
    name: str, *, seed: int = 1, customers: int | None = None, parameters: dict[str, Any] | None = None
) -> World:
    """Make a world by its name, with its own number of customers and parameters where none are given.

    Raises `BadInput` for an unknown world or parameter, with the nearest known name.
    """
    if name not in WORLDS:
        found = translate("there is no world {name!r}.", name=name)
        raise BadInput([Problem("simulated.world", found, nearest(name, sorted(WORLDS)))])
    make = WORLDS[name]
    given: dict[str, Any] = {"seed": seed} | ({} if customers is None else {"customers": customers})
    if parameters:
        kind = type(inspect.signature(make).parameters["parameters"].default)
        known = [item.name for item in fields(kind)]
        unknown = [key for key in parameters if key not in known]
        if unknown:
            found = translate("the world {name!r} has no such parameter.", name=name)
            raise BadInput(Problem(f"simulated.parameters.{key}", found, nearest(key, known)) for key in unknown)
        given["parameters"] = kind(**{key: _frozen(value) for key, value in parameters.items()})
    return make(**given)


def read_parameters(path: Path) -> dict[str, Any]:
    """Read the true parameters of a world from a YAML file; raises `BadInput` when it holds none."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise BadInput(
            [
                Problem(
                    str(path), translate("cannot be read as a YAML file."), translate("Write one `name: value` a line.")
                )
            ]
        ) from None
    if not isinstance(given, dict):
        remedy = translate("Write one `name: value` a line.")
        raise BadInput([Problem(str(path), translate("holds no parameters."), remedy)])
    return {str(key): value for key, value in given.items()}


def make_missing_tables(study: StudyFile) -> None:
    """Write the tables of a simulated study beside its file, unless the same ones are there already.

    ``truth.json`` is written with them. A study without a `simulated:` block is left alone.
    """
    if study.simulated is None:
        return
    files = [study.folder / str(source.path) for source in study.tables.values() if source.path]
    stamp, wanted = study.folder / STAMP, _fingerprint(study.simulated)
    if all(file.is_file() for file in files) and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    given = study.simulated
    world = simulate(given.world, seed=given.seed, customers=given.customers, parameters=dict(given.parameters))
    try:
        with tempfile.TemporaryDirectory(prefix=".making-", dir=study.folder) as scratch:
            for table, rows in world.tables.items():
                rows.to_csv(Path(scratch) / f"{table}.csv", index=False)
            (Path(scratch) / "truth.json").write_text(json.dumps(world.truth, indent=2) + "\n", encoding="utf-8")
            (Path(scratch) / STAMP).write_text(wanted, encoding="utf-8")
            for path in sorted(Path(scratch).iterdir(), key=lambda path: path.name == STAMP):
                os.replace(path, study.folder / path.name)
    except OSError as error:
        found = translate("its simulated tables cannot be written ({reason}).", reason=error.strerror)
        remedy = translate("Copy the study to a folder that you may write to.")
        raise BadInput([Problem(study.folder.name, found, remedy)]) from None


def _fingerprint(given: Simulated) -> str:
    """What the tables depend on: the block of the study file and the code that makes worlds."""
    code = hashlib.sha256(given.model_dump_json().encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        code.update(path.read_bytes())
    return code.hexdigest()


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
