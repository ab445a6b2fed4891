"""The folder for whatever is temporary of one user's runs, which nobody else can open."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def private_name() -> str:
    """What the folder is called, below the system's temporary one or that of a run."""
    return f"cxvalue-{os.getuid()}"


def private_folder() -> Path | None:
    """The folder, made where it is missing; None where something that others can open, or own, has its name.

    Raises:
        OSError: it can neither be made nor looked at.
    """
    private = Path(tempfile.gettempdir()) / private_name()
    with suppress(FileExistsError):
        private.mkdir(mode=0o700)
    about = private.lstat()
    own = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o077
    return private if own else None
