"""Fingerprints of what a study is made from: contents decide, never the times of files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cxvalue.study.file import StudyFile
from cxvalue.study.places import source_files
from cxvalue.study.source import TableSource


def hash_of_inputs(study: StudyFile) -> dict[str, str]:
    """A content hash for each file that the study reads; what cannot be hashed (a database) never matches again."""
    hashes = {"study.yml": hash_of_file(study.path)}
    rates = study.exchange_rates
    sources = {**study.tables, **({"exchange_rates": rates} if isinstance(rates, TableSource) else {})}
    for name, source in sources.items():
        if source.database is not None:
            hashes[f"{name}: database"] = os.urandom(8).hex()
        for path in source_files(source, study.folder):
            inside = path.is_relative_to(study.folder)
            shown = path.relative_to(study.folder).as_posix() if inside else f"{path.parent.name}/{path.name}"
            entry = f"{name}: {shown}"
            while entry in hashes:  # a file of the same name in another folder of the same name
                entry += " (2)"
            hashes[entry] = hash_of_file(path) if path.is_file() else "missing"
    return hashes


def hash_of_code(folder: Path, pattern: str = "*") -> str:
    """A hash of all files below a folder that fit a pattern, with their names; hidden ones and caches left out."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        place = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in place.parts):
            found.update(f"{place.as_posix()}\0{hash_of_file(path)}\0".encode())
    return found.hexdigest()


def hash_of_file(path: Path) -> str:
    """A hash of what a file holds."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
