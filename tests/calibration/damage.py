"""How do damaged studies end? Run as ``python -m tests.calibration.damage [cases]``; wrong numbers end it with an error."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.damage import outcome, summary


def main(cases: int) -> int:
    """Run so many cases on all cores and print how each kind of damage ended."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [range(start, cases, 2) for start in range(2)]
        with ProcessPoolExecutor(2) as pool:
            parts = pool.map(partial(_run, folder), jobs, range(2))
            found = [one for part in parts for one in part]
    print(summary(found))
    wrong = [one for one in found if one.became == "wrong"]
    for one in wrong:
        print(f"WRONG {one.study}, {one.damage}: {one.said}")
    return bool(wrong)


def _run(folder: str, cases: range, part: int) -> list:
    return [outcome(case, Path(folder) / str(part)) for case in cases]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
