"""Folders and files that change in one step, and that two runs at once do not disturb.

A folder being written is *claimed*: it holds a lock file which the operating system frees when its process ends,
however it ends. So what a killed run left behind can be told from what a living one is writing.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cxvalue.foundation.errors import CxvalueError
from cxvalue.foundation.temporary import private_folder
from cxvalue.language.catalogue import translate

LOCK_NAME = ".lock"


def new_run_id(now: datetime | None = None) -> str:
    """Make an id that sorts by time (UTC) and is unique, such as '20260731T101500Z-5f3a9c'."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def run_id_of(run: Path) -> str:
    """The id of a run in the name of its folder, which begins with the day of its data.

    >>> run_id_of(Path("2026-06-30-20260731T101500Z-5f3a9c"))
    '20260731T101500Z-5f3a9c'
    """
    return run.name[len("2026-06-30-") :]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other runs; waits for the one that has it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def alone(folder: Path, name: str, study: str) -> Iterator[None]:
    """Hold a name in a folder against other runs of a study; the lock ends with its process, however that ends.

    Raises:
        CxvalueError: another run has it, with the moment since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / f".busy-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            since = os.pread(handle, 100, 0).decode(errors="replace") or translate("a moment ago")
            raise CxvalueError(
                "another run of {study!r} for the same reports has been at work since {since}. This run made no "
                "report: the other publishes its own, and nothing is lost. Run it again when that has ended.",
                study=study,
                since=since,
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def claimed(parent: Path, name: str, *, prefix: str) -> Iterator[Path]:
    """Make `parent/name` and keep it as this process's own until the end, when it is removed if it is still there.

    Folders of the same `prefix` that no living process claims are removed first.
    """
    with locked(parent):
        _remove_unclaimed(parent, prefix)
        folder = parent / name
        folder.mkdir(mode=0o700)
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def own_temporary_folder() -> Path | None:
    """Have everything temporary of this process and its children in one folder, which goes when the process ends.

    Such folders lie below one that only this user can open; those that killed processes left behind are removed. None,
    and nothing is changed, where that folder cannot be had.
    """
    try:
        private = private_folder()
        if private is None:
            return None
        held = ExitStack()
        folder = held.enter_context(claimed(private, f"run-{secrets.token_hex(3)}", prefix="run-"))
    except OSError:
        return None
    atexit.register(held.close)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _remove_unclaimed(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        if folder.is_dir() and not folder.is_symlink() and not _is_claimed(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_claimed(folder: Path) -> bool:
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def sync_tree(folder: Path) -> None:
    """Have every file and folder below, and the folder itself, written to the disk."""
    for root, _, names in os.walk(folder):
        for path in (*(os.path.join(root, name) for name in names), root):
            sync(path)


def sync(path: str | Path) -> None:
    """Have a file, or a folder's list of names, written to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(handle)
    finally:
        os.close(handle)


def write_in_one_step(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_text(text, encoding="utf-8")
        sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def point_link_at(link: Path, target: str) -> None:
    """Replace a link in one step; `target` is relative to the link's folder."""
    temporary = link.with_name(f".{link.name}-{secrets.token_hex(4)}")
    try:
        os.symlink(target, temporary)
        os.replace(temporary, link)
    finally:
        temporary.unlink(missing_ok=True)
    sync(link.parent)
