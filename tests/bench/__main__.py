"""Time and memory beside lifetimes, in one run: ``python -m tests.bench [--quick] [--three-million]``.

Each task runs in a process of its own; memory is the peak resident size of that process, imports included. The world is
written to a temporary folder and removed. Nothing is written into the repository.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple


class Timing(NamedTuple):
    """One task: seconds of its clock and of the whole process, processor seconds, peak memory in MB, and laps."""

    seconds: float
    process: float
    processor: float
    megabytes: float
    laps: dict[str, float]


def timed(task: str, folder: str, customers: int) -> Timing:
    """Run a task in a fresh process and take its time and its peak memory."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.tasks", task, folder, str(customers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"The task {task} ended with {child.returncode}.")
    process = time.perf_counter() - start
    laps = json.loads(said.splitlines()[-1])
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Timing(laps.get("seconds", process), process, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, laps)


def show(name: str, customers: int, timing: Timing) -> None:
    """One line of the table."""
    load = timing.laps.get("load", math.nan)
    numbers = f"{timing.seconds:>9.2f} {timing.processor:>9.2f} {timing.megabytes:>9.0f} {load:>6.1f}"
    print(f"{name:<34} {customers:>9,} {numbers}", flush=True)
    steps = ("histories", "model fit", "spend fit", "value", "writing")
    if "value" in timing.laps:
        print("    " + ", ".join(f"{step} {timing.laps[step]:.2f}" for step in steps), flush=True)


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the customers, for a first look")
    parser.add_argument("--three-million", action="store_true", help="3 million customers as well, ours alone")
    asked = parser.parse_args()
    large, small = (100_000, 20_000) if asked.quick else (1_000_000, 100_000)
    sizes = [10_000, 30_000, 100_000, *([] if asked.quick else [300_000])]
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d %H:%M')}")
    print(f"{'':<34} {'customers':>9} {'seconds':>9} {'cpu s':>9} {'peak MB':>9} {'load':>6}")
    with tempfile.TemporaryDirectory(prefix="cxvalue-bench-") as folder:
        extra = [3_000_000] if asked.three_million else []
        for customers in {large, small, *sizes, *extra}:
            timed("make", folder, customers)
        pairs = (
            ("transactions to customers.parquet", "ours", "lifetimes", large),
            ("BG/NBD fit", "bg-ours", "bg-lifetimes", large),
            ("Pareto/NBD fit", "pareto-ours", "pareto-lifetimes", small),
        )
        for title, our_task, their_task, customers in pairs:
            ours, theirs = timed(our_task, folder, customers), timed(their_task, folder, customers)
            show(f"{title}: ours", customers, ours)
            show(f"{title}: lifetimes", customers, theirs)
            ratio = f"    {theirs.seconds / ours.seconds:.1f} times faster"
            # A fit is timed in a process that counted the histories first: its peak memory says nothing about the fit.
            memory = f", {ours.megabytes / theirs.megabytes:.2f} of the memory" if our_task == "ours" else ""
            print(ratio + memory, flush=True)
        found = []
        for customers in [*sizes, large, *extra]:
            ours = timed("ours", folder, customers)
            show("ours", customers, ours)
            found.append((math.log(customers), math.log(ours.seconds)))
        mean_x, mean_y = (sum(column) / len(found) for column in zip(*found, strict=True))
        slope = sum((x - mean_x) * (y - mean_y) for x, y in found) / sum((x - mean_x) ** 2 for x, _ in found)
        print(f"    slope of ln seconds on ln customers: {slope:.2f}")
        cold = timed("cold", folder, 0)
        show("CDNOW BG/NBD fit, cold, with imports", 2357, cold)


if __name__ == "__main__":
    main()
