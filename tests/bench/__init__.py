"""Speed and memory of transactions to customer values, beside lifetimes in the same run: ``make bench``."""

from __future__ import annotations

import resource
import sys

__all__ = ["peak_mb"]


def peak_mb(usage: resource.struct_rusage) -> float:
    """The peak memory of a process in MB: systems count it in bytes or in kB."""
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
