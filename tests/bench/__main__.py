"""Time and memory beside lifetimes, in one run: ``python -m tests.bench [--quick]``.

Each task runs in a process of its own; memory is the peak resident size of that process, imports included. Ours runs
before and after lifetimes, so that a change in the load of the machine hits both. The world is written to a temporary
folder and removed. Nothing is written into the repository.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench import peak_mb
from tests.bench.report import report_of

STEPS = ("histories", "model fit", "spend fit", "value", "writing")


class Timing(NamedTuple):
    """One task: seconds of its clock, processor seconds meanwhile, peak memory of the process in MB, and laps."""

    seconds: float
    processor: float
    megabytes: float
    laps: dict[str, float]


class Pair(NamedTuple):
    """What is compared: title, tasks, customers, the least ratio of seconds and the one aimed at, the most memory."""

    title: str
    ours: str
    theirs: str
    customers: int
    least: float
    aim: float
    memory: float | None = None


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
    processor = laps.get("processor", usage.ru_utime + usage.ru_stime)
    return Timing(laps.get("seconds", process), processor, peak_mb(usage), laps)


def show(name: str, customers: int, timing: Timing) -> None:
    """One line of the table."""
    load = timing.laps.get("load", math.nan)
    numbers = f"{timing.seconds:>9.2f} {timing.processor:>9.2f} {timing.megabytes:>9.0f} {load:>6.1f}"
    print(f"{name:<46} {customers:>9,} {numbers}", flush=True)
    if "value" in timing.laps:
        print("    " + ", ".join(f"{step} {timing.laps[step]:.2f}" for step in STEPS), flush=True)


def compare(pair: Pair, folder: str) -> Timing:
    """Ours, theirs, ours; the ratios take the mean of ours, and the larger of its two peaks. The first of ours."""
    before = timed(pair.ours, folder, pair.customers)
    show(f"{pair.title}: ours", pair.customers, before)
    theirs = timed(pair.theirs, folder, pair.customers)
    show(f"{pair.title}: lifetimes", pair.customers, theirs)
    after = timed(pair.ours, folder, pair.customers)
    show(f"{pair.title}: ours again", pair.customers, after)
    faster = 2 * theirs.seconds / (before.seconds + after.seconds)
    less = 2 * theirs.processor / (before.processor + after.processor)
    wanted = f"wanted {pair.least:g}, aim {pair.aim:g}: {'met' if faster >= pair.least else 'NOT met'}"
    print(f"    {faster:.1f} times faster ({wanted}); {less:.1f} times fewer processor seconds")
    # A fit is timed in a process that counted the histories first: its peak memory says nothing about the fit.
    if pair.memory is not None:
        share = max(before.megabytes, after.megabytes) / theirs.megabytes
        verdict = "met" if share <= pair.memory else "NOT met"
        print(f"    {share:.2f} of the memory (wanted {pair.memory:g} at most: {verdict})")
    sys.stdout.flush()
    return before


def slope(points: list[tuple[int, float]]) -> float:
    """Slope of a straight line through the logarithms of (customers, cost)."""
    logs = [(math.log(customers), math.log(cost)) for customers, cost in points]
    mean_x, mean_y = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def show_slopes(costs: dict[str, list[tuple[int, float]]]) -> None:
    """How each cost grows: the exponents of customers over all sizes and over the largest three."""
    for name, points in costs.items():
        few, many = slope(points), slope(points[-3:])
        print(f"    slope of ln {name} on ln customers: {few:.2f}, of the largest three sizes {many:.2f}", flush=True)


def compare_report(folder: str, sizes: list[int]) -> None:
    """The whole report at several sizes, how it grows, and lifetimes' bare path at the largest."""
    found = []
    for customers in sizes:
        whole = report_of(Path(folder), customers)
        laps = {"load": os.getloadavg()[0]}
        show("the whole report", customers, Timing(whole.seconds, whole.processor, whole.megabytes, laps))
        found.append((customers, whole))
    if len(sizes) > 1:
        columns = zip(
            ("seconds", "processor seconds", "memory"), zip(*(one for _, one in found), strict=True), strict=True
        )
        show_slopes({name: list(zip(sizes, values, strict=True)) for name, values in columns})
    theirs = timed("lifetimes", folder, sizes[-1])
    show("lifetimes' bare path", sizes[-1], theirs)
    faster = theirs.seconds / found[-1][1].seconds
    print(f"    {faster:.1f} times faster (wanted 1: {'met' if faster >= 1 else 'NOT met'})", flush=True)


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the customers, for a first look")
    large, small = (100_000, 20_000) if parser.parse_args().quick else (1_000_000, 100_000)
    sizes = [size * large // 1_000_000 for size in (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)]
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d %H:%M')}")
    print(f"{'':<46} {'customers':>9} {'seconds':>9} {'cpu s':>9} {'peak MB':>9} {'load':>6}")
    with tempfile.TemporaryDirectory(prefix="cxvalue-bench-") as folder:
        for customers in (large, small):
            timed("make", folder, customers)
        whole = Pair("transactions to customers.parquet", "ours", "lifetimes", large, 8, 12, 0.5)
        at_large = compare(whole, folder)
        compare(Pair("BG/NBD fit", "bg-ours", "bg-lifetimes", large, 12, 12), folder)
        compare(Pair("Pareto/NBD fit", "pareto-ours", "pareto-lifetimes", small, 30, 100), folder)
        if importlib.util.find_spec("pymc_marketing") is None:
            print("BG/NBD MAP fit of pymc-marketing: skipped, it is not installed here", flush=True)
        else:
            show("BG/NBD fit: ours", small, timed("bg-ours", folder, small))
            show("BG/NBD MAP fit: pymc-marketing", small, timed("bg-pymc", folder, small))
        found = []
        for customers in sizes:
            if customers not in (large, small):
                timed("make", folder, customers)
            ours = at_large if customers == large else timed("ours", folder, customers)
            show("ours", customers, ours)
            found.append((customers, ours))
        costs = {
            "seconds": [(customers, timing.seconds) for customers, timing in found],
            "processor seconds": [(customers, timing.processor) for customers, timing in found],
        }
        show_slopes(costs)
        compare_report(folder, sizes[:-1])
        cold = timed("cold", folder, 0)
        show("CDNOW BG/NBD fit, cold, with imports", 2357, cold)
        print(f"    wanted 3 seconds at most: {'met' if cold.seconds <= 3 else 'NOT met'}")


if __name__ == "__main__":
    main()
