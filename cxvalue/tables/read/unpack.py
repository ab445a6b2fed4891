"""Compressed files and zip archives, unpacked into a scratch folder and nowhere else."""

from __future__ import annotations

import fnmatch
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from cxvalue.foundation.errors import BadInput
from cxvalue.language.catalogue import translatable, translate
from cxvalue.language.words import enumerated

MOST_MEMBERS = 1_000
MOST_FOLD = 100
"""How many times its size an archive may unpack to; what unpacks to more is made to fill a disk."""
_HARMLESS = 1 << 20
_CHUNK = 1 << 20
_BOMB = translatable("unpacks to more than 100 times its size.")
_BOMB_REMEDY = translatable(
    "Archives of tables do not do that; unpack it yourself if you trust it, and name the files."
)


def unpack_stream(path: Path, compression: str, scratch: Path, where: str) -> Path:
    """A gz or zst file, unpacked; raises `BadInput` when it is broken or a bomb."""
    target = _new_file(scratch, Path(path.stem).suffix)
    try:
        with pa.input_stream(str(path), compression=compression) as stream:
            _copy(stream, target, path.stat().st_size, where)
    except (OSError, pa.ArrowException):
        target.unlink(missing_ok=True)
        broken = translate("is compressed, and damaged.")
        raise BadInput.at(where, broken, translate("Export or copy it again.")) from None
    return target


def unpack_zip(path: Path, member: str | None, scratch: Path, where: str) -> list[tuple[str, Path]]:
    """The files of an archive by name, unpacked; `member` is a pattern of names and takes all without one.

    Raises `BadInput` when a member is locked or would land outside, when there are too many or too large ones, or none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _members(archive, path, member, scratch, where)
    except (zipfile.BadZipFile, NotImplementedError, EOFError):
        broken = translate("is a zip archive, and damaged.")
        raise BadInput.at(where, broken, translate("Export or copy it again.")) from None


def _members(
    archive: zipfile.ZipFile, path: Path, member: str | None, scratch: Path, where: str
) -> list[tuple[str, Path]]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    outside = [info.filename for info in infos if _leads_out(info.filename)]
    if outside:
        found = translate("contains a file that would be written outside its folder ({file!r}).", file=outside[0])
        raise BadInput.at(where, found, translate("Do not unpack it; ask for another archive."))
    if len(infos) > MOST_MEMBERS:
        found = translate("contains {files:,} files.", files=len(infos))
        raise BadInput.at(where, found, translate("At most {most:,} are read; pack fewer.", most=MOST_MEMBERS))
    real = [info for info in infos if not _is_debris(info.filename)]
    chosen = [info for info in real if member is None or fnmatch.fnmatch(info.filename, member)]
    if not chosen:
        names = enumerated(repr(info.filename) for info in real[:5]) or translate("none")
        found = (
            translate("contains no file that matches {pattern!r}.", pattern=member)
            if member
            else translate("contains no file.")
        )
        raise BadInput.at(where, found, translate("Files in it: {names}.", names=names))
    if any(info.flag_bits & 1 for info in chosen):
        remedy = translate("Provide one without, or unpack it and name its files.")
        raise BadInput.at(where, translate("is locked with a password."), remedy)
    if sum(info.file_size for info in chosen) > max(_HARMLESS, MOST_FOLD * path.stat().st_size):
        raise BadInput.at(where, translate(_BOMB), translate(_BOMB_REMEDY))
    unpacked = []
    for info in sorted(chosen, key=lambda info: info.filename):
        target = _new_file(scratch, PurePosixPath(info.filename).suffix)
        with archive.open(info) as stream:
            _copy(stream, target, path.stat().st_size, where)
        unpacked.append((PurePosixPath(info.filename).name if len(chosen) == 1 else info.filename, target))
    return unpacked


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":")


def _is_debris(name: str) -> bool:
    """What systems leave in archives beside the files."""
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name.startswith(".") or path.name in ("Thumbs.db", "desktop.ini")


def _new_file(scratch: Path, ending: str) -> Path:
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=ending, delete=False) as file:
        return Path(file.name)


def _copy(stream: Any, target: Path, packed: int, where: str) -> None:
    """Copy to the end, but never more than a table can be: sizes stated in an archive may lie."""
    most, written = max(_HARMLESS, MOST_FOLD * packed), 0
    with target.open("wb") as out:
        while chunk := stream.read(_CHUNK):
            written += len(chunk)
            if written > most:
                raise BadInput.at(where, translate(_BOMB), translate(_BOMB_REMEDY))
            out.write(chunk)
