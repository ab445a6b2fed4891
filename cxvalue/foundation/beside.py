"""Work that goes on beside other work, where a processor is free for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")


@contextmanager
def beside(work: Callable[[], _Result]) -> Iterator[Callable[[], _Result]]:
    """Do some work on a thread of its own during a block, which may ask what came of it; an error is raised then.

    With one processor it is done when asked for, and never where nobody asks. `work` must change nothing that the block
    uses, so that the result is the same either way; the block ends when it is done. A process that has an engine open
    cannot be forked.

    >>> with beside(lambda: 6 * 7) as found:
    ...     found()
    42
    """
    if (os.cpu_count() or 1) == 1:
        yield work
        return
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        yield future.result
