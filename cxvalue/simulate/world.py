"""What every simulated world has in common, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import spoken

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class World:
    """A simulated company: the study it would ask for, its tables, and the true value of the findings."""

    study: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    truth: dict[str, Any]
    about: str


WORLDS: dict[str, Callable[..., World]] = {}


def write_world(world: World, folder: Path) -> Path:
    """Write a world as a study folder with its tables (csv), ``truth.json`` and a README; returns the study file.

    The study takes the folder's name, and the language that is spoken. Raises `CxvalueError` when a study is already there.
    """
    path = folder / "study.yml"
    if path.exists():
        raise CxvalueError("{folder} already holds a study.yml. Choose an empty folder.", folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in world.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "truth.json").write_text(json.dumps(world.truth, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(world.about, encoding="utf-8")
    language = {} if spoken() == "en" else {"language": spoken()}
    study = {"name": folder.resolve().name, **language, **world.study}
    path.write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path
