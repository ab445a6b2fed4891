"""The whole report of a study of purchases: seconds, processor seconds and memory of all its processes.

``python -m tests.bench.report [customers ...]`` runs `cxvalue report STUDY --only 20_cltv` on worlds of these sizes (10,000,
100,000, 300,000 and 1,000,000 where none is named), from files to the published folder with an empty cache: every model, the
holdout, forecasts from past dates, levers, all intervals. It prints how the cost grows with customers, and at the largest
size lifetimes' bare path beside it (histories, BG/NBD, Gamma-Gamma and a value, without an interval).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.bench.tasks import transactions_of
from tests.bench.world import AS_OF

__all__ = ["SIZES", "Whole", "report_of", "watched"]

SIZES = (10_000, 100_000, 300_000, 1_000_000)
EVERY_S = 0.15
STUDY = """\
name: size
title: What a simulated base is worth
currency: EUR
as_of: {as_of}
contract: noncontractual
annual_discount_rate: 0.1
horizon_months: 36
tables:
  transactions: {{path: "{path}"}}
cltv: {{time_unit: week, models: auto}}
"""


class Whole(NamedTuple):
    """A command: seconds of the clock, processor seconds of all its processes, and the most memory they held together."""

    seconds: float
    processor: float
    megabytes: float


def watched(command: list[str], **environment: str) -> Whole:
    """Run a command to its end and watch it and all that it starts; shared pages count once.

    Raises:
        SystemExit: the command fails.
    """
    start, most = time.perf_counter(), 0.0
    used: dict[int, float] = {}
    # A file takes what it says: a full pipe would stop it.
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | environment) as child,
    ):
        while child.poll() is None:
            most = max(most, _megabytes(child.pid, used))
            time.sleep(EVERY_S)
        seconds = time.perf_counter() - start
        if child.returncode:
            said.seek(0)
            raise SystemExit(said.read().decode(errors="replace"))
    return Whole(seconds, sum(used.values()), most)


def _megabytes(pid: int, used: dict[int, float]) -> float:
    """What a process and its children hold now; their processor seconds so far go into `used`."""
    total = 0.0
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return total
    for process in family:
        try:
            memory, times = process.memory_full_info(), process.cpu_times()
        except psutil.Error:
            continue
        total += getattr(memory, "pss", memory.uss) / 2**20
        used[process.pid] = times.user + times.system
    return total


def report_of(folder: Path, customers: int) -> Whole:
    """The report of a world whose transactions stand in a folder, with an empty cache."""
    own = folder / f"report-{customers}"
    own.mkdir()
    study = own / "study.yml"
    study.write_text(STUDY.format(as_of=AS_OF, path=transactions_of(folder, customers)), encoding="utf-8")
    command = [sys.executable, "-m", "cxvalue", "report", str(study), "--only", "20_cltv", "--out", str(own / "out")]
    return watched(command, CXVALUE_CACHE=str(own / "cache"))


def main(*sizes: str) -> None:
    """Make the worlds, run the reports and print the table."""
    from tests.bench.__main__ import compare_report, timed

    with tempfile.TemporaryDirectory(prefix="cxvalue-bench-") as folder:
        wanted = [int(size) for size in sizes] or list(SIZES)
        for customers in wanted:
            timed("make", folder, customers)
        compare_report(folder, wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
