"""Runs through the real papermill: what fails, in which words, and that nothing of it is published."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from cxvalue.foundation.errors import CxvalueError, RunFailed
from cxvalue.run.execute import Limits, StudyReference, _Crew, run_notebooks
from cxvalue.run.forked import ForkedKernel
from cxvalue.run.journal import Reporter
from cxvalue.run.kernel import kernel_spec
from cxvalue.run.study_run import KEPT_FAILURES, RunStopped, run_study
from cxvalue.workspace.notebooks import NotebookSpec
from tests.runfixtures import Workshop, kernels_of, publishing, reading


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    workshop = Workshop(tmp_path)
    workshop.study()
    return workshop


def run(shop: Workshop, name: str = "small", **options: object):  # type: ignore[no-untyped-def]
    return run_study(shop.folder / "data" / name / "study.yml", project=shop.project(), **options)  # type: ignore[arg-type]


def test_a_run_publishes_a_whole_report_and_moves_latest(shop: Workshop) -> None:
    shop.notebook("00_first", "import os; print('in', os.path.basename(os.getcwd()))")
    shop.notebook("20_second", "import sys; print(sys.executable)", after=["00_first"])
    result = run(shop, as_of=date(2026, 5, 31))
    assert result.folder.parent == shop.reports / "small"
    assert re.fullmatch(r"2026-05-31-\d{8}T\d{6}Z-[0-9a-f]{6}", result.folder.name)
    assert os.readlink(shop.reports / "small" / "latest") == result.folder.name
    published = {path.relative_to(result.folder).as_posix() for path in result.folder.rglob("*") if path.is_file()}
    assert published == {
        "index.html",
        "report.pdf",
        "findings.json",
        "findings.csv",
        "manifest.json",
        "figures/00_first.svg",
        "figures/20_second.svg",
        "notebooks/00_first.html",
        "notebooks/00_first.ipynb",
        "notebooks/20_second.html",
        "notebooks/20_second.ipynb",
    }
    assert [finding["id"] for finding in reading(result.folder / "findings.json")] == ["base.n00", "base.n20"]
    notebook = (result.folder / "notebooks" / "00_first.ipynb").read_text()
    assert "in notebooks" in notebook
    assert "small" in (shop.reports / "index.html").read_text()
    for path in published:
        assert str(shop.folder).encode() not in (result.folder / path).read_bytes(), path
    manifest = reading(result.folder / "manifest.json")
    assert set(manifest["files"]) == published
    assert [(book["name"], book["status"]) for book in manifest["notebooks"]][:2] == [
        ("00_first", "done"),
        ("20_second", "done"),
    ]
    assert not list(shop.runs.glob("2*")), "the work folder is gone"
    assert not list((shop.reports / "small").glob(".staging*"))


FAILURES = {
    "an error": (["x = 1", "1 / 0"], {}, "20_bad failed in cell 3: ZeroDivisionError: division by zero"),
    "sys.exit(0)": (["import sys; sys.exit(0)"], {}, r"20_bad stopped itself \(sys.exit\) in cell 2"),
    "sys.exit(3)": (["import sys; sys.exit(3)"], {}, r"20_bad stopped itself \(sys.exit\) in cell 2"),
    "a dead kernel": (["import os; os._exit(0)"], {}, "20_bad: the kernel died in cell 2"),
    "a killed kernel": (
        ["import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        {},
        r"20_bad: the kernel died in cell 2 \(did it run out of memory\?\)",
    ),
    "a killed process of a notebook": (
        ["import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"],
        {},
        r"20_bad: its process was killed from outside in cell 2 \(exit status -9; did it run out of memory\?\)",
    ),
    "a slow cell": (["import time; time.sleep(60)"], {"cell_s": 1}, "20_bad: cell 2 ran longer than 1 s"),
    "a slow notebook": (
        ["import time; time.sleep(60)"],
        {"notebook_s": 3},
        r"20_bad ran longer than 3 s and was stopped (in cell 2|before its first cell)",
    ),
    "no kernel": ([], {"kernel": "nokernel"}, "20_bad: the Jupyter kernel 'nokernel' is not installed: run `python"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_every_failure_is_one_line_and_nothing_is_published(shop: Workshop, what: str) -> None:
    cells, limits, reason = FAILURES[what]
    shop.notebook("20_bad", *cells)
    kept = shop.reports / "small" / "2026-01-01-kept"
    kept.mkdir(parents=True)
    (shop.reports / "small" / "latest").symlink_to(kept.name)
    with pytest.raises(RunStopped, match=reason) as caught:
        run(shop, limits=Limits(**limits))  # type: ignore[arg-type]
    assert caught.value.exit_status == 1
    assert "\n" not in str(caught.value)
    assert shop.published() == [kept]
    assert os.readlink(shop.reports / "small" / "latest") == kept.name
    assert not (shop.reports / "index.html").exists()
    [left] = shop.failures()
    assert caught.value.left == left
    assert (left / "reason.txt").read_text() == f"{caught.value}\n"
    names = {"reason.txt", "run.log", "20_bad.ipynb", "20_bad.log"}
    # A process that was killed has not written its notebook.
    assert {path.name for path in left.iterdir()} | ({"20_bad.ipynb"} if "process" in what else set()) == names
    assert left.stat().st_mode & 0o077 == 0
    assert not list(shop.runs.glob("2*"))


def test_a_kernel_ends_with_the_process_of_its_notebook(shop: Workshop, tmp_path: Path) -> None:
    note = f"import os, pathlib; pathlib.Path({str(tmp_path / 'kernel')!r}).write_text(str(os.getpid()))"
    shop.notebook("20_bad", note, "import signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(1)")
    with pytest.raises(RunStopped, match="its process was killed from outside"):
        run(shop)
    kernel = int((tmp_path / "kernel").read_text())
    wait_for(lambda: not psutil.pid_exists(kernel))


def test_a_cell_that_may_raise_is_still_a_failure(shop: Workshop) -> None:
    shop.notebook("20_bad", "1 / 0")
    path = shop.folder / "notebooks" / "20_bad.ipynb"
    notebook = reading(path)
    notebook["cells"][2]["metadata"]["tags"] = ["raises-exception"]
    path.write_text(json.dumps(notebook))
    with pytest.raises(RunStopped, match="20_bad failed in cell"):
        run(shop)


def test_a_notebook_that_does_not_publish_has_failed(shop: Workshop) -> None:
    shop.notebook("20_bad", "x = 1", publish=False)
    with pytest.raises(RunStopped, match="20_bad ran to its end without publishing"):
        run(shop)


def test_a_half_written_mark_has_failed(shop: Workshop) -> None:
    shop.notebook("20_bad", publishing("20_bad") + "(folder / 'done.json').write_text('{')", publish=False)
    with pytest.raises(RunStopped, match=r"20_bad published, but its done.json cannot be read"):
        run(shop)


def test_a_missing_notebook_is_said_before_anything_runs(shop: Workshop) -> None:
    shop.specs.append(NotebookSpec("50_gone", ("transactions",)))
    with pytest.raises(RunStopped, match=r"there is no 50_gone.ipynb"):
        run(shop)


def test_one_failure_ends_the_others(shop: Workshop, tmp_path: Path) -> None:
    shop.notebook("00_slow", "import time; time.sleep(120)")
    shop.notebook("10_bad", "raise ValueError('no\\n  good')")
    shop.notebook("20_after", "open('../never', 'w')", after=["10_bad"])
    began = time.monotonic()
    with pytest.raises(RunStopped, match=r"10_bad failed in cell 2: ValueError: no good$"):
        run(shop, limits=Limits(jobs=3))
    assert time.monotonic() - began < 60
    assert not (tmp_path / "never").exists()


def test_only_the_last_failures_are_kept(shop: Workshop) -> None:
    shop.specs.append(NotebookSpec("50_gone", ("transactions",)))
    left = []
    for _ in range(KEPT_FAILURES + 2):
        with pytest.raises(RunStopped) as caught:
            run(shop)
        left.append(caught.value.left)
    assert len(shop.failures()) == KEPT_FAILURES


def test_a_run_of_some_notebooks_never_moves_latest(shop: Workshop, tmp_path: Path) -> None:
    shop.notebook("00_first")
    shop.notebook("20_second")
    elsewhere = tmp_path / "elsewhere"
    result = run(shop, only=["second"], out=elsewhere)
    assert result.partial
    assert result.folder.parent == elsewhere / "small"
    assert not shop.reports.exists()
    assert not (elsewhere / "small" / "latest").is_symlink()
    assert reading(result.folder / "manifest.json")["partial"] is True
    assert [outcome.status for outcome in result.outcomes][:2] == ["not_asked", "done"]
    assert "no complete run yet" in (elsewhere / "index.html").read_text()


def test_two_runs_at_once_publish_both(shop: Workshop) -> None:
    shop.notebook("00_first")
    shop.study("other")
    folders: list[Path] = []
    threads = [
        threading.Thread(target=lambda name=name: folders.append(run(shop, name).folder))  # type: ignore[misc]
        for name in ("small", "other")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 2
    assert all((folder / "manifest.json").is_file() for folder in folders)
    index = (shop.reports / "index.html").read_text()
    assert "small/latest" in index
    assert "other/latest" in index


def test_a_second_run_of_a_study_says_that_the_first_is_at_work(shop: Workshop, tmp_path: Path) -> None:
    go, begun = tmp_path / "go", tmp_path / "begun"
    wait = f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\n"
    shop.notebook("00_first", f"{wait}while not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.05)")
    folders: list[Path] = []
    first = threading.Thread(target=lambda: folders.append(run(shop).folder))
    first.start()
    try:
        while not begun.exists() and first.is_alive():
            time.sleep(0.05)
        with pytest.raises(CxvalueError, match=r"another run of 'small'.*at work since 20"):
            run(shop)
        elsewhere = tmp_path / "elsewhere"
        go.touch()
        assert run(shop, out=elsewhere).folder.is_relative_to(elsewhere)
    finally:
        go.touch()
        first.join()
    assert len(folders) == 1
    assert run(shop).folder != folders[0]


RUNNER = """
import sys
from pathlib import Path
from cxvalue.run.graph import NotebookSpec
from cxvalue.run.study_run import run_study
from tests.runfixtures import Workshop
shop = Workshop(Path(sys.argv[1]))
shop.specs.append(NotebookSpec("00_first", ("transactions",)))
run_study(shop.folder / "data" / "small" / "study.yml", project=shop.project())
"""


def test_a_killed_run_leaves_the_old_report_and_no_kernel(shop: Workshop, tmp_path: Path) -> None:
    slow = "if pathlib.Path('../slow').exists():\n    pathlib.Path('../started').touch()\n    time.sleep(120)"
    shop.notebook("00_first", f"import pathlib, time\n{slow}")
    before = run(shop).folder
    (tmp_path / "slow").touch()
    temporary = tmp_path / "temporary" / ("x" * 60)  # too long a path for sockets: no fork server, kernels with ports
    temporary.mkdir(parents=True)
    environment = {**os.environ, "CXVALUE_TEST_RUN": str(tmp_path), "TMPDIR": str(temporary)}
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(tmp_path)], env=environment)
    wait_for((tmp_path / "started").exists)
    assert len(kernels_of(tmp_path)) >= 3, "the runner, the process of the notebook, and its kernel"
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    wait_for(lambda: not kernels_of(tmp_path))
    assert not list(temporary.glob("cxv-*"))
    assert shop.published() == [before]
    assert os.readlink(shop.reports / "small" / "latest") == before.name
    assert len(list(shop.runs.glob("2*"))) == 1, "a killed run cannot tidy up"
    (tmp_path / "slow").unlink()
    after = run(shop).folder
    assert os.readlink(shop.reports / "small" / "latest") == after.name
    assert shop.published() == [before, after]
    assert not list(shop.runs.glob("2*")), "the next run tidies up after it"


def wait_for(condition, seconds: float = 40.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_the_kernel_is_the_running_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(json.dumps({"argv": ["/bin/false"], "display_name": "other", "language": "x"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert kernel_spec().argv[0] == sys.executable
    with pytest.raises(RunFailed, match="the Jupyter kernel 'python9' is not installed"):
        kernel_spec("python9")


def test_notebooks_side_by_side_leave_the_cores_to_one_another(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    cell = "import os, pathlib; pathlib.Path(work, '{}').write_text(os.environ['OMP_NUM_THREADS'])"
    shop.notebook("00_a", cell.format("a"))
    work = tmp_path / "a {folder} with spaces"
    work.mkdir()
    [done] = run_notebooks(
        shop.specs, notebooks=tmp_path / "notebooks", work=work, study=StudyReference("small", shop.study())
    )
    assert done.name == "00_a"
    assert int((work / "a").read_text()) == 1


def test_kernels_are_forked_where_that_is_safe_and_show_what_pyplot_draws(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.notebook(
        "00_a",
        "import os, pathlib, sys; warm = 'cxvalue.run.preload' in sys.modules\n"
        "pathlib.Path(work, 'a').write_text(f'{warm} {sys.flags.hash_randomization} {os.getcwd()}')",
        "import matplotlib.pyplot as plt; plt.plot([1, 2]);",
    )
    work = tmp_path / "work"
    work.mkdir()
    [done] = run_notebooks(
        shop.specs, notebooks=tmp_path / "notebooks", work=work, study=StudyReference("small", shop.study())
    )
    assert (work / "a").read_text() == f"{sys.platform == 'linux'} 0 {tmp_path / 'notebooks'}"
    cells = reading(done.notebook)["cells"]
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


def test_a_users_own_start_up_file_is_not_run(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    startup = tmp_path / "startup.py"
    startup.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()")
    monkeypatch.setenv("PYTHONSTARTUP", str(startup))
    shop.notebook("00_first", "import os; assert 'PYTHONSTARTUP' not in os.environ")
    run(shop)
    assert not (tmp_path / "ran").exists()


def test_temporary_files_of_a_command_lie_in_one_place_that_the_next_one_clears(tmp_path: Path) -> None:
    code = (
        "import os, sys, tempfile, time; from cxvalue.run.folders import own_temporary_folder;"
        "print(own_temporary_folder(), flush=True); tempfile.mkdtemp(prefix='pymp-'); sys.stdin.read()"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    start = [sys.executable, "-c", code]
    first, second = (
        subprocess.Popen(start, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in "ab"
    )
    folders = [Path(one.stdout.readline().strip()) for one in (first, second)]  # type: ignore[union-attr]
    assert folders[0] != folders[1]
    assert all(folder.is_dir() and folder.parent.parent == tmp_path for folder in folders), "each has its own"
    first.kill()
    first.communicate()
    second.communicate("")
    assert folders[0].is_dir(), "a killed one cannot tidy up"
    assert not folders[1].exists(), "one that ends does"
    third = subprocess.run(start, env=environment, input="", capture_output=True, text=True, check=True)
    assert not folders[0].exists(), "the next one tidies up after it"
    assert not Path(third.stdout.strip()).exists()


def test_a_process_in_waiting_ends_when_it_is_not_needed() -> None:
    ours, theirs = multiprocessing.Pipe()
    kernel = ForkedKernel(theirs)
    assert kernel.poll() is None
    kernel.kill()
    assert kernel.wait() == kernel.poll() == -signal.SIGKILL
    kernel.terminate()  # nothing happens to one that has ended
    kernel = ForkedKernel(theirs)
    os.close(kernel._tell)
    assert kernel.wait() == 0
    ours.close()


def test_a_notebook_starts_when_the_results_it_reads_are_there(tmp_path: Path) -> None:
    first, second = NotebookSpec("00_a", ()), NotebookSpec("10_b", (), after=("00_a",))
    study = StudyReference("small", tmp_path)
    crew = _Crew(tmp_path, tmp_path, study, tmp_path, 2, Limits(), Reporter())
    names = {"00_a", "10_b"}
    assert crew._ready([second], names) == []
    ours, theirs = multiprocessing.Pipe(duplex=False)
    crew.running["00_a"] = SimpleNamespace(job=first, channel=ours)  # type: ignore[assignment]
    theirs.send(("proved", ""))
    crew._hear(crew.running["00_a"])
    assert crew._ready([second], names) == [second]
    assert not crew.done


def test_a_notebook_beside_another_does_not_wait_for_it(tmp_path: Path) -> None:
    alone, beside = NotebookSpec("00_a", ()), NotebookSpec("10_b", (), beside=("00_a",))
    crew = _Crew(tmp_path, tmp_path, StudyReference("small", tmp_path), tmp_path, 2, Limits(), Reporter())
    assert crew._ready([alone, beside], {"00_a", "10_b"}) == [alone, beside]
