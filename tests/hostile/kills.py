"""`python -m tests.hostile.kills [TIMES] [SEED]`: a report is killed (-9) at random moments, again and again.

After each kill `latest` must be a whole report or not exist yet, every process of the run must be gone, and nothing may
pile up: at the end a run publishes, and no folder of a killed one is left. Says how often, when, and what it took.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.runfixtures import Workshop, kernels_of

RUNNER = """
import sys
from pathlib import Path
from cxvalue.run.folders import own_temporary_folder
own_temporary_folder()
from cxvalue.run.graph import NotebookSpec
from cxvalue.run.study_run import run_study
from tests.runfixtures import Workshop
shop = Workshop(Path(sys.argv[1]))
shop.specs.append(NotebookSpec("00_first", ("transactions",)))
print(run_study(shop.folder / "data" / sys.argv[2] / "study.yml", project=shop.project()).folder)
"""
LONGEST_S, SECONDS_TO_GO = 600.0, 240.0


@dataclass(frozen=True)
class Killed:
    """How many runs were killed and how many had ended before; the longest that processes stayed; runs published."""

    killed: int
    ended: int
    longest_s: float
    published: int


def is_whole(run: Path) -> bool:
    """Whether every file that a run's manifest lists is there and can be read."""
    about = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return all((run / name).is_file() and (run / name).stat().st_size for name in about["files"])


def kill_at_random(folder: Path, times: int, seed: int) -> Killed:
    """Kill so many runs of a small study; raises `AssertionError` when anything is not as it must be."""
    chance = random.Random(seed)
    shop, temporary = Workshop(folder), folder / "t"
    shop.study()
    text = (folder / "data" / "small" / "study.yml").read_text(encoding="utf-8")
    (folder / "data" / "small" / "study.yml").write_text(f"{text}keep: 3\n", encoding="utf-8")
    shop.notebook("00_first", "x = 1")
    temporary.mkdir()
    began = time.monotonic()
    _finish(_start(folder, temporary))
    usual = time.monotonic() - began
    latest = shop.reports / "small" / "latest"
    assert is_whole(latest), "the first run"
    killed = ended = published = 0
    longest = 0.0
    for _ in range(times):
        run = _start(folder, temporary)
        try:
            run.wait(chance.uniform(0.0, 1.1 * usual))
            ended += 1
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
        if run.stdout is not None:
            run.stdout.close()
        gone = time.monotonic()
        while kernels_of(folder):
            assert time.monotonic() - gone < SECONDS_TO_GO, "processes of a killed run are still there"
            time.sleep(0.05)
        longest = max(longest, time.monotonic() - gone)
        assert is_whole(latest), "latest is no whole report"
        assert all(is_whole(one) for one in shop.published()), "a published run is not whole"
        published = max(published, len(shop.published()))
    assert _finish(_start(folder, temporary)), "a run after them publishes"
    left = list(shop.runs.glob("2*")) + list(shop.reports.rglob(".staging*"))
    left += list(temporary.rglob("pymp-*")) + list(temporary.rglob("cxv-*"))
    left += list(temporary.glob(f"cxvalue-{os.getuid()}/run-*"))
    assert not left, f"left behind: {left}"
    assert len(shop.published()) <= 3, "more runs than keep says"
    return Killed(killed, ended, longest, published)


def _start(folder: Path, temporary: Path, study: str = "small") -> subprocess.Popen[str]:
    environment = {**os.environ, "CXVALUE_TEST_RUN": str(folder), "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", RUNNER, str(folder), study]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _finish(run: subprocess.Popen[str]) -> bool:
    said, _ = run.communicate(timeout=LONGEST_S)
    return run.returncode == 0 and Path(said.strip()).is_dir()


def main() -> None:
    """Run it and print what came of it."""
    given = [int(word) for word in sys.argv[1:3]]
    times, seed = [*given, *(100, 1)[len(given) :]]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="k-") as folder:
        found = kill_at_random(Path(folder), times, seed)
    print(
        f"{found.killed} runs killed, {found.ended} had ended before; latest was whole every time, at most "
        f"{found.published} runs stood there; processes were gone within {found.longest_s:.1f} s; "
        f"{time.monotonic() - began:.0f} s in all"
    )


if __name__ == "__main__":
    main()
