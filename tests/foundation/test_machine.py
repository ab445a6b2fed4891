"""Trouble of the machine is told apart from faults of the program, and what memory a study needs of it."""

from __future__ import annotations

import errno

import duckdb
import pytest

from cxvalue.foundation.machine import free_megabytes, megabytes_needed, trouble_of


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/data"), "the disk quota is used up (/data)"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), "permission is denied (/data/x)"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/data/x"), "it does not exist (/data/x)"),
        (duckdb.IOException("Could not write file: No space left on device"), "the disk is full"),
        (duckdb.OutOfMemoryException("failed to pin block"), "there is not enough memory"),
        (MemoryError(), "there is not enough memory"),
        (duckdb.IOException("something else"), None),
        (OSError("no number"), None),
        (ValueError("No space left on device"), None),
    ],
)
def test_what_is_the_machines_trouble(error: Exception, said: str | None) -> None:
    assert trouble_of(error) == said


def test_memory_grows_with_customers_and_with_notebooks() -> None:
    # What the largest notebook held, in a process of its own (tests/bench/README.md).
    for customers, held in ((500_000, 619), (2_000_000, 1_294)):
        assert megabytes_needed(customers) == pytest.approx(held, rel=0.1)
    assert megabytes_needed(10**6, 3) == 3 * megabytes_needed(10**6)
    assert 0 < free_megabytes() < 1e8
