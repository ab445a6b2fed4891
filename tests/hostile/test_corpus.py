"""The corpus: each bad study and table is refused in words, soon, and without taking the machine's memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxvalue.cli.commands import main
from cxvalue.foundation.errors import BadInput
from cxvalue.tables.read.limits import QUERY_SECONDS
from tests.hostile.attempts import Attempt, attempt
from tests.hostile.studies import HEAD, SOUND, STUDIES
from tests.hostile.tables import CSV, FILES

LONGEST_S, MOST_MB, LONGEST_MESSAGE = 30, 400, 2_000
MACHINERY = re.compile(r"Traceback|unexpectedly|\b[A-Z]\w+Error:(?! (CSV|Failed|No function))|0x[0-9a-f]{8}|<cxvalue")


@pytest.fixture(autouse=True)
def _queries_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(QUERY_SECONDS, "1")


def write_study(folder: Path, text: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "study.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "t.csv").write_text(CSV, encoding="utf-8")
    return path


def assert_refused(made: Attempt) -> None:
    assert isinstance(made.refusal, BadInput), f"taken, or not an input's fault: {made.refusal}"
    assert made.refusal.problems
    for problem in made.refusal.problems:
        assert problem.where
        assert problem.found.endswith((".", ":")), problem.found
        assert "\n" not in f"{problem.where}{problem.found}{problem.remedy}".strip()
    said = str(made.refusal)
    assert not MACHINERY.search(said), said
    assert len(said) < LONGEST_MESSAGE
    assert made.seconds < LONGEST_S
    assert made.megabytes < MOST_MB


@pytest.mark.parametrize("text", STUDIES.values(), ids=STUDIES.keys())
def test_a_bad_study_file_is_refused_in_words(text: str | bytes, tmp_path: Path) -> None:
    assert_refused(attempt(write_study(tmp_path / "shop", text)))


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_a_bad_table_is_refused_in_words(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "shop"
    folder.mkdir()
    settings = make(folder)
    (folder / "study.yml").write_text(f"{HEAD}tables: {{transactions: {settings}}}\n", encoding="utf-8")
    assert_refused(attempt(folder / "study.yml"))


def test_the_sound_study_that_all_of_them_spoil_is_taken(tmp_path: Path) -> None:
    assert attempt(write_study(tmp_path / "shop", SOUND)).refusal is None


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(STUDIES) >= 120
    assert len(FILES) >= 140


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize("name", ["30 February", "an alias of itself", "a huge hexadecimal number", "a list as a key"])
def test_the_commands_end_with_status_2(
    command: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_study(tmp_path / "shop", STUDIES[name])
    assert main([command, str(path), *(["--out", str(tmp_path / "out")] if command == "report" else [])]) == 2
    said = capsys.readouterr()
    assert said.out.strip() == ""
    assert said.err.startswith("cxvalue: 1 problem found:")
    assert "unexpectedly" not in said.err
    assert not (tmp_path / "out").exists()
