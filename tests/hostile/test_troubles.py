"""Trouble of the machine in the middle of a report: one clear line, and `latest` is what it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile.kills import is_whole
from tests.runfixtures import Workshop

RUNNER = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
import psutil
from cxvalue.cli.commands import main
from cxvalue.run import study_run
from cxvalue.run.graph import NotebookSpec
from tests.runfixtures import Workshop
shop, lines = Workshop(Path(sys.argv[1])), sys.stdout
shop.specs.append(NotebookSpec("00_first", ("transactions",)))
study_run.Project.default = classmethod(lambda cls: shop.project())
own = psutil.Process()
_, hard = own.rlimit(psutil.RLIMIT_FSIZE)
def limit(largest):
    for one in (own, *own.children(recursive=True)):  # kernels come from one that stays between two reports
        one.rlimit(psutil.RLIMIT_FSIZE, (largest or hard, hard))
for asked in sys.stdin:
    limit(int(asked))
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
        status = main(["report", str(shop.folder / "data" / "small" / "study.yml"), "--again"])
    limit(0)
    print(json.dumps([status, said.getvalue()]), file=lines, flush=True)
"""


@contextmanager
def reporting(shop: Workshop) -> Iterator[Callable[[int], tuple[int, str]]]:
    """What makes a report where no file may grow beyond so many bytes (0: any may), and says its status and its errors.

    In a process of its own, as the limit holds for a whole process and for those that it starts.
    """
    command = [sys.executable, "-c", RUNNER, str(shop.folder)]
    environment = {**os.environ, "CXVALUE_CACHE": str(shop.folder / "cache"), "TMPDIR": str(shop.folder / "t")}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def report(largest_file: int) -> tuple[int, str]:
            print(largest_file, file=process.stdin, flush=True)
            assert process.stdout is not None
            status, said = json.loads(process.stdout.readline())
            return status, said

        yield report
        process.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux keeps them")
def test_files_that_cannot_be_written_cost_a_report_and_nothing_else(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.study()
    (tmp_path / "t").mkdir()
    shop.notebook("00_first", "print('x' * 3000)")
    with reporting(shop) as report:
        status, said = report(0)
        assert status == 0, said
        latest = shop.reports / "small" / "latest"
        was = os.readlink(latest)
        # In the notebook, in what papermill writes of it, and on the page, which is larger.
        for largest in (100, 3000, 15_000):
            status, said = report(largest)
            assert status == 1, (largest, said)
            told = [line for line in said.splitlines() if line.startswith("cxvalue: ")]
            assert len(told) == 1, said
            assert "a file grew beyond what this system allows" in told[0]
            assert "Traceback" not in said
            assert os.readlink(latest) == was
            assert is_whole(latest)
            assert [path.name for path in shop.published()] == [was]
            assert not list(shop.reports.rglob(".staging*"))
        assert report(0)[0] == 0
        assert os.readlink(latest) != was
