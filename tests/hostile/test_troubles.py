"""Trouble of the machine in the middle of a report: one clear line, and `latest` is what it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.kills import is_whole
from tests.runfixtures import Workshop

RUNNER = """
import resource, sys
from pathlib import Path
from cxvalue.cli.commands import main
from cxvalue.run import study_run
from cxvalue.run.graph import NotebookSpec
from tests.runfixtures import Workshop
shop, largest = Workshop(Path(sys.argv[1])), int(sys.argv[2])
shop.specs.append(NotebookSpec("00_first", ("transactions",)))
study_run.Project.default = classmethod(lambda cls: shop.project())
if largest:
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
sys.exit(main(["report", str(shop.folder / "data" / "small" / "study.yml"), "--again"]))
"""


def report(shop: Workshop, largest_file: int) -> subprocess.CompletedProcess[str]:
    """Make a report on a machine where no file may grow beyond so many bytes; 0: where any may."""
    command = [sys.executable, "-c", RUNNER, str(shop.folder), str(largest_file)]
    environment = {**os.environ, "CXVALUE_CACHE": str(shop.folder / "cache"), "TMPDIR": str(shop.folder / "t")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux keeps them")
def test_files_that_cannot_be_written_cost_a_report_and_nothing_else(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.study()
    (tmp_path / "t").mkdir()
    shop.notebook("00_first", "print('x' * 3000)")
    before = report(shop, 0)
    assert before.returncode == 0, before.stderr
    latest = shop.reports / "small" / "latest"
    was = os.readlink(latest)
    # In the notebook, in what papermill writes of it, and on the page, which is larger.
    for largest in (100, 3000, 15_000):
        failed = report(shop, largest)
        assert failed.returncode == 1, (largest, failed.stdout, failed.stderr)
        told = [line for line in failed.stderr.splitlines() if line.startswith("cxvalue: ")]
        assert len(told) == 1, failed.stderr
        assert "a file grew beyond what this system allows" in told[0]
        assert "Traceback" not in failed.stderr
        assert os.readlink(latest) == was
        assert is_whole(latest)
        assert [path.name for path in shop.published()] == [was]
        assert not list(shop.reports.rglob(".staging*"))
    assert report(shop, 0).returncode == 0
    assert os.readlink(latest) != was
