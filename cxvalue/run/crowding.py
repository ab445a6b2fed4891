"""How many notebooks run at a time where a study has so many customers that they would not all fit into memory."""

from __future__ import annotations

from cxvalue.foundation.machine import free_megabytes, megabytes_needed
from cxvalue.language.catalogue import translate

FEWEST_CUSTOMERS = 250_000


def at_a_time(usual: int, customers: int) -> tuple[int, str]:
    """Of so many notebooks at a time as are usual how many the free memory holds, and why where that is fewer.

    One always runs, and a small study is not held to it: its notebooks need little more than what they share.

    Args:
        usual: notebooks at a time, 1 or more.
        customers: of the study.

    Example:
        >>> at_a_time(4, 2_000)
        (4, '')
    """
    free, together = free_megabytes(), megabytes_needed(customers, usual)
    if usual == 1 or customers < FEWEST_CUSTOMERS or together <= free:
        return usual, ""
    jobs = next((fewer for fewer in range(usual - 1, 1, -1) if megabytes_needed(customers, fewer) <= free), 1)
    said = translate(
        "Notebooks at a time: {jobs}, not {usual}, which would need about {needed:.1f} GB of memory; {free:.1f} GB are "
        "free. `--jobs {usual}` runs {usual} all the same.",
        jobs=jobs,
        usual=usual,
        needed=together / 1e3,
        free=free / 1e3,
    )
    return jobs, said
