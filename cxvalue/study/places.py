"""Which files a table comes from, found without opening any of them."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from cxvalue.foundation.errors import BadInput, Problem, meant
from cxvalue.language.catalogue import translate
from cxvalue.study.source import TableSource

_PACKAGE = re.compile(r"[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99})*", re.ASCII)


def source_files(source: TableSource, folder: Path) -> list[Path]:
    """The files that a source reads, whether they exist or not; none for a database, an engine, or a package not there."""
    if source.database is not None or source.in_engine:
        return []
    try:
        base = source_folder(source, folder, "")
    except BadInput:
        return []
    shown = source.paths if source.files is None else tuple(source.files.values())
    return [path for one in shown for path in named_files(base, one)]


def source_folder(source: TableSource, folder: Path, where: str) -> Path:
    """The folder that a source's paths start from: the study's, or an installed package's, located without import."""
    if source.package is None:
        return folder
    try:
        spec = find_spec(source.package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        if not _PACKAGE.fullmatch(source.package):
            found = translate("{name!r} is not a package name.", name=source.package[:60])
            remedy = translate("Write it as it is imported, such as lifetimes.")
            raise BadInput([Problem(f"{where}.package", found, remedy)])
        if close := meant(source.package, sorted(packages_distributions())):
            remedy = f"{close} {translate('Or install it: pip install {package}.', package=source.package)}"
        else:
            remedy = translate("Install it: pip install {package}.", package=source.package)
        found = translate("no package {package!r} is installed.", package=source.package)
        raise BadInput([Problem(f"{where}.package", found, remedy)])
    return Path(spec.submodule_search_locations[0])


def named_files(base: Path, shown: str) -> list[Path]:
    """The files that a path, a folder or a pattern names, sorted by name; the path itself where it names none."""
    path = base / shown
    if path.is_dir():
        return sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith(".")) or [path]
    if path.exists() or not any(mark in shown for mark in "*?["):
        return [path]
    root, pattern = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (base, shown)
    return sorted(item for item in root.glob(pattern) if item.is_file() and not item.name.startswith(".")) or [path]
