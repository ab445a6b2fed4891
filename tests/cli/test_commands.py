"""The command line: exit statuses, messages, and which stream says what."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cxvalue.cli import commands
from cxvalue.cli.console import Console
from cxvalue.cli.doctor import Item, diagnose, render
from cxvalue.foundation.errors import BadInput, CxvalueError, Problem, RunFailed
from cxvalue.language.catalogue import spoken
from cxvalue.language.letters import width_of
from cxvalue.report.page_model import NotebookOutcome
from cxvalue.run.study_run import Project, RunResult, RunStopped
from tests.runfixtures import Workshop, reading

BAD = BadInput([Problem("study.yml: horizon", "unknown key.", "Did you mean 'horizon_months'?"), Problem("x", "y.")])


class Runs:
    """Stands in for `run_study`: does what a study's name says and notes what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[dict[str, Any]] = []

    def __call__(self, study: str, **options: Any) -> RunResult:
        self.asked.append({"study": study, **options})
        endings: dict[str, Exception] = {
            "bad": BAD,
            "failing": RunStopped("20_cltv failed in cell 5: ZeroDivisionError: division by zero", self.folder / "f"),
            "broken": RuntimeError("what\nnow"),
            "unknown": CxvalueError("--only 9: there is no such notebook."),
        }
        if study in endings:
            raise endings[study]
        outcome = NotebookOutcome("50_discounts", "How deep?", "not_run", "needs the table 'offers'")
        unwritten = "the report is published, but its scores were not" if study == "unwritten" else ""
        return RunResult(self.folder / study, False, (outcome,), unwritten)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    stand_in = Runs(tmp_path)
    monkeypatch.setattr("cxvalue.run.study_run.run_study", stand_in)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("CXVALUE_DEBUG", raising=False)
    return stand_in


def test_report_ends_with_the_folder_of_the_run(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["report", "good"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{runs.folder / 'good'}\n"
    assert said.err == "50_discounts  not run: needs the table 'offers'\n"


def test_scores_that_could_not_be_written_wake_somebody_and_the_report_is_named(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commands.main(["report", "unwritten"]) == 1
    said = capsys.readouterr()
    assert said.out == f"{runs.folder / 'unwritten'}\n"
    assert "cxvalue: the report is published, but its scores were not\n" in said.err
    monkeypatch.setattr("cxvalue.study.list_studies", lambda: ["good", "unwritten"])
    assert commands.main(["report", "--all"]) == 1
    said = capsys.readouterr()
    assert "cxvalue: the report is published, but its scores were not\n" in said.err
    assert [line.split()[:2] for line in said.out.splitlines()] == [["good", "done"], ["unwritten", "FAILED"]]


def test_report_hands_its_options_on(runs: Runs, tmp_path: Path) -> None:
    command = ["report", "good", "--out", str(tmp_path), "--only", "10", "cltv", "--as-of", "2026-05-31", "--jobs", "3"]
    assert commands.main(command) == 0
    [asked] = runs.asked
    assert (asked["out"], asked["only"], asked["as_of"]) == (tmp_path, ["10", "cltv"], date(2026, 5, 31))
    assert asked["limits"].jobs == 3
    assert commands.main(["report", "good", "--as-of", "latest_complete_month"]) == 0
    assert runs.asked[1]["as_of"] == "latest_complete_month"


@pytest.mark.parametrize(
    ("study", "status", "said"),
    [
        ("bad", 2, "cxvalue: 2 problems found:\n  1. study.yml: horizon: unknown key. Did you mean 'horizon_months'?"),
        (
            "failing",
            1,
            "cxvalue: 20_cltv failed in cell 5: ZeroDivisionError: division by zero\nNothing was published.",
        ),
        ("unknown", 1, "cxvalue: --only 9: there is no such notebook."),
        ("broken", 1, "cxvalue: failed unexpectedly: RuntimeError: what now; details are in "),
    ],
)
def test_errors_are_said_without_a_traceback(
    runs: Runs, capsys: pytest.CaptureFixture[str], study: str, status: int, said: str
) -> None:
    assert commands.main(["report", study]) == status
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith(said)
    assert "Traceback" not in heard.err


def test_an_unexpected_error_leaves_its_details(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    commands.main(["report", "broken"])
    log = Path(capsys.readouterr().err.strip().rpartition(" ")[2])
    assert "Traceback" in log.read_text()


def test_output_that_nobody_reads_any_more_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stdout", stream)
    assert commands.main(["new", str(tmp_path / "shop")]) == 0
    stream.close()  # what is left of it goes nowhere
    assert capsys.readouterr().err == ""


def test_debugging_shows_the_traceback(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXVALUE_DEBUG", "1")
    assert commands.main(["report", "bad"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["reprot", "x"], "there is no command 'reprot'. Did you mean 'report'?"),
        (["zzzz"], "there is no command 'zzzz'. Allowed: 'check', 'doctor', 'new', 'report', 'simulate'."),
        (["report", "x", "--onyl", "20"], "unknown option '--onyl'. Did you mean '--only'?"),
        (["report", "x", "--as_of=2026-01-01"], "unknown option '--as_of'. Did you mean '--as-of'?"),
        (["report", "x", "y"], "unexpected argument 'y'"),
        (["report"], "give a STUDY or --all, one of them"),
        (["report", "x", "--all"], "give a STUDY or --all, one of them"),
        (
            ["report", "x", "--as-of", "30.06.2026"],
            "'30.06.2026' is not a day; write it like 2026-06-30, or latest_complete",
        ),
        (["report", "x", "--as-of", "2026-02-30"], "'2026-02-30' is not a day"),
        (["report", "x", "--jobs", "0"], "'0' must be a whole number of 1 or more"),
        (["check"], "the following arguments are required: STUDY"),
        ([], "no command was given."),
    ],
)
def test_a_mistyped_command_is_status_1_and_names_the_nearest(
    runs: Runs, capsys: pytest.CaptureFixture[str], command: list[str], said: str
) -> None:
    assert commands.main(command) == 1
    heard = capsys.readouterr().err
    assert said in heard
    assert "--help`" in heard
    assert not runs.asked


def test_help_and_version_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["--help"]) == 0
    assert commands.main(["report", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--only NB [NB ...]" in said
    assert "--again" in said
    assert "nothing runs and that report is named" in " ".join(said.split())
    assert commands.main(["--version"]) == 0


@pytest.mark.parametrize(
    ("studies", "status"),
    [
        (["good", "fine"], 0),
        (["good", "bad"], 2),
        (["bad", "failing"], 1),
        (["broken", "good"], 1),
    ],
)
def test_all_runs_every_study_and_lists_how_each_ended(
    runs: Runs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    studies: list[str],
    status: int,
) -> None:
    monkeypatch.setattr("cxvalue.study.list_studies", lambda: studies)
    assert commands.main(["report", "--all"]) == status
    assert [asked["study"] for asked in runs.asked] == studies
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(studies)
    endings = {
        "good": f"done      {runs.folder / 'good'}",
        "fine": f"done      {runs.folder / 'fine'}",
        "bad": "refused   study.yml: horizon: unknown key. Did you mean 'horizon_months'? (and 1 more)",
        "failing": "FAILED    20_cltv failed in cell 5: ZeroDivisionError: division by zero",
        "broken": "FAILED    RuntimeError: what now",
    }
    width = max(map(len, studies))
    assert lines == [f"{study:<{width}}  {endings[study]}" for study in studies]


def test_what_did_not_change_is_not_run_again_unless_asked(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = runs.folder / "reports" / "good" / "2026-06-30-a"
    asked: list[dict[str, Any]] = []

    def last_report(study: str, **options: Any) -> Path | None:
        asked.append(options)
        return last if study == "good" else None

    monkeypatch.setattr("cxvalue.run.unchanged.last_report", last_report)
    assert commands.main(["report", "good", "--only", "20", "--out", "o", "--as-of", "2026-05-31"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == str(last)
    assert lines[0].startswith(f"unchanged since the last report, {last / 'index.html'} ")
    assert "--again" in lines[0]
    assert asked == [{"out": Path("o"), "only": ["20"], "as_of": date(2026, 5, 31), "language": None}]
    monkeypatch.setattr("cxvalue.study.list_studies", lambda: ["fine", "good"])
    assert commands.main(["report", "--all"]) == 0
    said = [f"fine  done      {runs.folder / 'fine'}", f"good  unchanged {last}"]
    assert capsys.readouterr().out.splitlines() == said
    assert [one["study"] for one in runs.asked] == ["fine"]
    assert commands.main(["report", "good", "--again"]) == 0
    assert capsys.readouterr().out == f"{runs.folder / 'good'}\n"
    assert commands.main(["report", "--all", "--again"]) == 0
    assert [one["study"] for one in runs.asked] == ["fine", "good", "fine", "good"]


def test_all_without_a_study_says_how_to_start_one(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxvalue.study.list_studies", list)
    assert commands.main(["report", "--all"]) == 1
    assert "there is no study under data/. Start one with `cxvalue new data/NAME`." in capsys.readouterr().err


def test_an_interrupted_run_is_said_to_be_so(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cxvalue.run.study_run.run_study", interrupted)
    assert commands.main(["report", "good"]) == 1
    assert capsys.readouterr().err == "cxvalue: interrupted; nothing was published\n"


def test_a_run_that_the_system_ends_ends_its_notebooks_too(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*arguments: object, **options: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("cxvalue.run.study_run.run_study", ended)
    assert commands.main(["report", "good"]) == 1
    assert capsys.readouterr().err == "cxvalue: interrupted; nothing was published\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_times_are_options(runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXVALUE_QUERY_SECONDS", "300")
    options = ["--cell-timeout", "60", "--notebook-timeout", "90.5", "--query-timeout", "7", "--json-lines"]
    assert commands.main(["report", "good", *options]) == 0
    [asked] = runs.asked
    assert (asked["limits"].cell_s, asked["limits"].notebook_s, asked["json_lines"]) == (60, 90.5, True)
    assert os.environ["CXVALUE_QUERY_SECONDS"] == "7.0"
    assert '"event": "said", "text": "50_discounts  not run' in capsys.readouterr().err
    assert commands.main(["report", "good", "--timeout", "-1"]) == 1
    assert "'-1' must be a number of seconds above 0" in capsys.readouterr().err


def test_a_command_that_takes_too_long_is_ended(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: object, **options: object) -> None:
        time.sleep(30)

    monkeypatch.setattr("cxvalue.run.study_run.run_study", slow)
    before = signal.getsignal(signal.SIGALRM)
    assert commands.main(["report", "good", "--timeout", "0.2"]) == 1
    assert capsys.readouterr().err == (
        "cxvalue: it took longer than --timeout 0.2 s and was stopped; nothing was published.\n"
    )
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(28, "No space left on device", "/cache/x"),
            "cxvalue: the disk is full (/cache/x); nothing was published\n",
        ),
        (
            PermissionError(13, "Permission denied", "/out"),
            "cxvalue: permission is denied (/out); nothing was published\n",
        ),
        (MemoryError(), "cxvalue: there is not enough memory; nothing was published\n"),
    ],
)
def test_trouble_of_the_machine_is_one_line(
    runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("cxvalue.run.study_run.run_study", failing)
    assert commands.main(["report", "good"]) == 1
    assert capsys.readouterr().err == said


def test_check_prints_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    class Sound(str):
        engine = None

    def check(path: Path, as_of: object, sample: float | None, *, language: str | None) -> str:
        asked.append((path, as_of, sample, language))
        return Sound("small: sound.")

    monkeypatch.setattr("cxvalue.workspace.check.examine", check)
    study = Workshop(tmp_path).study()
    assert commands.main(["check", str(study.parent), "--as-of", "2026-01-31", "--language", "uk"]) == 0
    assert asked == [(study.resolve(), date(2026, 1, 31), None, "uk")]
    assert capsys.readouterr().out == "small: sound.\n"


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize(
    ("options", "head"),
    [
        ([], "cxvalue: Найдена 1 ошибка:"),
        (["--language", "zh"], "cxvalue: 发现1个问题："),
        (["--language", "en"], "cxvalue: 1 problem found:"),
    ],
)
def test_what_is_wrong_with_a_study_file_is_told_in_the_language_of_its_readers(
    command: str, options: list[str], head: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.yml").write_text("language: ru\ntables: [", encoding="utf-8")
    assert commands.main([command, str(tmp_path), *options]) == 2
    assert capsys.readouterr().err.splitlines()[0] == head
    assert spoken() == "en"


def test_an_unknown_study_is_told_in_the_language_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["check", "no/such/study", "--language", "uk"]) == 2
    assert capsys.readouterr().err.startswith("cxvalue: Знайдено 1 помилку:")


def test_check_of_an_unknown_study_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["check", "no/such/study"]) == 2
    assert "there is no such study" in capsys.readouterr().err


def test_new_writes_a_study_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my-shop"
    assert commands.main(["new", str(folder)]) == 0
    text = (folder / "study.yml").read_text()
    assert "\nname: my-shop" in f"\n{text}"
    assert "cxvalue check" in capsys.readouterr().out
    (folder / "study.yml").write_text("mine")
    assert commands.main(["new", str(folder)]) == 1
    assert "exists already and was left as it is" in capsys.readouterr().err
    assert (folder / "study.yml").read_text() == "mine"


def test_new_refuses_a_name_that_no_study_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["new", str(tmp_path / "my shop")]) == 1
    assert "'my shop' cannot be a study's name. Allowed: letters, digits, '-' and '_'." in capsys.readouterr().err
    assert not (tmp_path / "my shop").exists()


def test_the_doctor_finds_this_environment_in_order(tmp_path: Path) -> None:
    items = {item.what: item for item in diagnose(tmp_path / "reports")}
    assert items["Python"].state == "ok"
    assert items["duckdb"].state == "ok"
    assert items["Jupyter kernel"].found == f"python3 runs {sys.executable}"
    assert items["reports folder"].state == "ok"
    assert [items[name].state for name in ("report.pdf", "deck.pptx", "case.xlsx")] == ["ok"] * 3
    assert not (tmp_path / "reports").exists()


def test_the_doctor_says_how_to_get_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxvalue.cli.doctor.PACKAGES", ("duckdb", "no-such-package"))
    assert commands.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "MISSING   no-such-package    not installed" in said
    assert "python -m pip install 'no-such-package'" in said


@pytest.mark.parametrize(
    ("language", "kernel"), [("ru", "ядро Jupyter"), ("uk", "ядро Jupyter"), ("zh", "Jupyter内核")]
)
def test_the_doctor_speaks_the_language_asked_for(
    capsys: pytest.CaptureFixture[str], language: str, kernel: str
) -> None:
    assert commands.main(["doctor", "--language", language]) == 0
    lines = capsys.readouterr().out.splitlines()
    [told] = [line for line in lines if kernel in line]
    assert width_of(told[: told.index("python3")]) == 29  # below what the other lines say
    assert not [line for line in lines if re.search(" (to|the|is|not|can|be) ", line)]


def test_the_doctor_names_a_missing_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing() -> None:
        raise RunFailed("the Jupyter kernel 'python3' is not installed: run it")

    monkeypatch.setattr("cxvalue.run.kernel.kernel_spec", missing)
    [kernel] = [item for item in diagnose(tmp_path) if item.what == "Jupyter kernel"]
    assert kernel == Item(
        "Jupyter kernel", "missing", "python3 was not found", "the Jupyter kernel 'python3' is not installed: run it"
    )
    assert "run it" in render([kernel])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def tell(console: Console) -> str:
    console.phase("reading the tables")
    console.started("20_cltv")
    console.cell("20_cltv", 3, 9)
    console.done("20_cltv", 6.24)
    console.clear()
    return console.stream.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_in_a_log_there_is_one_line_for_each_notebook() -> None:
    assert tell(Console(io.StringIO())) == "20_cltv  done in 6.2 s\n"


def test_on_a_terminal_one_line_is_updated() -> None:
    said = tell(Console(Terminal()))
    assert said.count("\n") == 1
    assert "\r\x1b[K20_cltv 3/9 …" in said
    assert said.endswith("\r\x1b[K")


def test_the_module_and_a_real_run_end_as_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Workshop(tmp_path)
    study = shop.study()
    shop.notebook("00_first")
    monkeypatch.setattr(Project, "default", lambda: shop.project())
    assert commands.main(["report", str(study)]) == 0
    said = capsys.readouterr()
    folder = Path(said.out.splitlines()[-1])
    assert folder.is_absolute()
    assert (folder / "index.html").is_file()
    assert "00_first  done in" in said.err
    assert reading(folder / "manifest.json")["made_from"]["day"] == date.today().isoformat()


def test_python_m_cxvalue_is_the_command_line() -> None:
    checkout = Path(commands.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-m", "cxvalue", "reprot"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cxvalue: there is no command 'reprot'. Did you mean 'report'?")
