"""The machine rather than the study: what went wrong with it, in one line, and what memory it has for a study."""

from __future__ import annotations

import errno

from cxvalue.language.catalogue import translatable, translate

_NOTEBOOK_MB, _NOTEBOOK_KB_PER_CUSTOMER = 450.0, 0.45
"""What the largest notebook held of 500,000 customers (619 MB) and of 2,000,000 (1,294 MB); see tests/bench/README.md."""

_DISK = {
    errno.ENOSPC: translatable("the disk is full"),
    errno.EDQUOT: translatable("the disk quota is used up"),
    errno.EFBIG: translatable("a file grew beyond what this system allows"),
    errno.EROFS: translatable("the disk is read-only"),
    errno.EACCES: translatable("permission is denied"),
    errno.EPERM: translatable("permission is denied"),
    errno.EMFILE: translatable("too many files are open (see ulimit -n)"),
    errno.ENFILE: translatable("too many files are open on this machine"),
    errno.EIO: translatable("the disk reports errors"),
    errno.ENOTDIR: translatable("there is a file where a folder is needed"),
    errno.ENOENT: translatable("it does not exist"),
    errno.ESTALE: translatable("the network disk is gone"),
    errno.ENAMETOOLONG: translatable("its name is too long for this system"),
}


def trouble_of(error: BaseException) -> str | None:
    """The trouble of the machine that an error tells of, None where it tells of something else.

    >>> trouble_of(OSError(errno.ENOSPC, "No space left on device", "/data/x"))
    'the disk is full (/data/x)'
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return translate("there is not enough memory")
    if isinstance(error, OSError) and error.errno in _DISK:
        return translate(_DISK[error.errno]) + (f" ({error.filename})" if error.filename else "")
    if type(error).__name__ == "IOException" and type(error).__module__.endswith("duckdb"):
        text = str(error)
        words = {"No space left": errno.ENOSPC, "Permission denied": errno.EACCES, "Read-only file": errno.EROFS}
        return next((translate(_DISK[number]) for said, number in words.items() if said in text), None)
    return None


def megabytes_needed(customers: int, notebooks: int = 1) -> float:
    """Memory in MB that a report of so many customers needs, with so many notebooks at a time; about that of preparing it.

    >>> megabytes_needed(10_000_000), megabytes_needed(10_000_000, 2)
    (4950.0, 9900.0)
    """
    return notebooks * (_NOTEBOOK_MB + _NOTEBOOK_KB_PER_CUSTOMER * customers / 1e3)


def free_megabytes() -> float:
    """Memory in MB that this machine can give now."""
    import psutil

    return float(psutil.virtual_memory().available) / 1e6
