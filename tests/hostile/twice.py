"""`python -m tests.hostile.twice [CUSTOMERS]`: a large study is published three times, and every file compared by its bytes.

Twice with all processors and once with one, each with an empty cache. Tables of more than some 120,000 rows are read by
several threads, which finish in another order each time: the 15,000 customers where no other number is given buy 690,000
times, and give 220,000 answers. What may differ is the name of the run, when the page says it was made, and the manifest.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from cxvalue.simulate import retailer, write_world
from cxvalue.simulate.retailer_draw import RetailerParameters

__all__ = ["published_files"]

CUSTOMERS = 15_000
_MADE = re.compile(rb"(?<=<dt>Made</dt>)<dd>[^<]*</dd>")


def published_files(report: Path) -> dict[str, bytes]:
    """The files of a published report but its manifest, by name, without the name of the run and the page's moment."""
    run = "-".join(report.name.split("-")[-2:])
    found = {}
    for file in sorted(report.rglob("*")):
        name = file.relative_to(report).as_posix()
        if file.is_file() and name != "manifest.json":
            found[name] = _MADE.sub(b"", file.read_bytes().replace(run.encode(), b"RUN"))
    return found


def _published(study: Path, folder: Path, processors: set[int]) -> Path:
    given = os.environ | {"CXVALUE_CACHE": str(folder / "cache"), "CXVALUE_PSEUDONYM_KEY": "a key"}
    command = [sys.executable, "-m", "cxvalue", "report", str(study), "--out", str(folder / "out")]
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)  # the engine takes a thread for each
    try:
        run = subprocess.run(command, env=given, capture_output=True, check=True)
    finally:
        os.sched_setaffinity(0, before)
    return Path(os.fsdecode(run.stdout.splitlines()[-1]))


def main() -> None:
    """Publish, compare and print the files that differ; the exit status is 1 where one does."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS
    world, every = retailer(customers, 5, RetailerParameters(others=1_500)), os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="t-") as place:
        study = write_world(world, Path(place) / "study")
        ways = {"all processors": every, "all processors again": every, "one processor": {min(every)}}
        reports = {}
        for number, (way, processors) in enumerate(ways.items()):
            reports[way] = published_files(_published(study, Path(place) / str(number), processors))
        first, *others = reports.items()
        wrong = 0
        for way, files in others:
            differing = [name for name in first[1].keys() | files.keys() if first[1].get(name) != files.get(name)]
            wrong += len(differing)
            print(f"{way}: {len(files)} files, {len(differing)} differ", *sorted(differing), sep="\n  ")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
