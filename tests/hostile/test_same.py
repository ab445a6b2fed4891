"""What must change nothing: the order of rows, the time zone, the language and home of whoever runs it, the umask."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cxvalue.cli.commands import __file__ as COMMANDS
from cxvalue.simulate import shop, write_world
from cxvalue.simulate.world import World
from tests.conftest import no_forecast
from tests.hostile.same import differences, shop_of_everything, shuffled, unordered
from tests.inprocess import hand_over, read_results

BOOKS = ("10_customer_base", "40_reactivation", "50_discounts", "60_experience", "62_scores")


@pytest.mark.parametrize(("books", "numbers", "files"), [(BOOKS[:2], 10, 3), (BOOKS, 70, 15)])
def test_the_order_of_rows_changes_nothing(tmp_path: Path, books: tuple[str, ...], numbers: int, files: int) -> None:
    world = shop_of_everything(200)
    works = [tmp_path / "as_they_were", tmp_path / "shuffled"]
    ways = ((world, nullcontext()), (shuffled(world, 2), unordered()))
    for work, (told, order) in zip(works, ways, strict=True):
        with no_forecast(work / "cache"), order:
            hand_over(write_world(told, work / "study"), work / "work", only=books)
    findings, tables = read_results(works[0] / "work")
    assert len(findings) > numbers
    assert len(tables) > files
    assert differences(works[0] / "work", works[1] / "work") == []


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    for name, value, row in (
        ("a", 2.0, "x,1.5"),
        ("b", 2.0000000000000004, "x,1.5000000000000002"),
        ("c", 2.0, "x,1.5"),
    ):
        folder = tmp_path / name / "10_base"
        (folder / "tables").mkdir(parents=True)
        (folder / "findings.json").write_text(json.dumps([{"id": "base.n", "value": value, "text": "Two."}]))
        (folder / "tables" / "t.csv").write_text(f"name,value\n{row}\n")
    assert len(differences(tmp_path / "a", tmp_path / "b")) == 2
    assert differences(tmp_path / "a", tmp_path / "c") == []


def _named(world: World) -> World:
    """Letters of other scripts in names that are published, and a purchase on each side of a night in summer time."""
    tables = dict(world.tables)
    people = sorted(set(tables["transactions"]["customer_id"]))
    towns = ["Жмеринка", "İzmir", "Fjällbacka"]
    tables["customers"] = pd.DataFrame({"customer_id": people, "town": [towns[k % 3] for k in range(len(people))]})
    study = {**world.study, "title": "Цінність İğdır", "tables": {name: {"path": f"{name}.csv"} for name in tables}}
    return replace(world, tables=tables, study=study)


def _published(folder: Path, **environment: str | None) -> dict[str, str]:
    """Make a report of a small study in a process of its own; returns its files with a hash of what they say."""
    given = {key: value for key, value in {**os.environ, **environment}.items() if value is not None}
    given |= {"CXVALUE_CACHE": str(folder / "cache"), "CXVALUE_PSEUDONYM_KEY": "a key", "OPENBLAS_NUM_THREADS": "1"}
    path = write_world(_named(shop(120, seed=4)), folder / "small")
    command = [sys.executable, "-m", "cxvalue", "report", str(path), "--only", "10", "--out", str(folder / "out")]
    run = subprocess.run(
        command,
        env=given,
        umask=int(environment.get("UMASK") or "022", 8),
        capture_output=True,
        cwd=Path(COMMANDS).parents[2],
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-2000:]
    report = Path(os.fsdecode(run.stdout.splitlines()[-1]))
    found = {}
    for file in sorted(report.rglob("*")):
        name = file.relative_to(report).as_posix()
        # The manifest holds moments; what is in it stands in the findings and tables as well.
        if file.is_file() and name != "manifest.json":
            said = file.read_bytes().replace(report.name.partition("-")[0].encode(), b"")
            found[name] = hashlib.sha256(said).hexdigest() if name != "index.html" else "a page"
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="environments as Linux has them")
def test_time_zone_language_home_and_umask_change_nothing(tmp_path: Path) -> None:
    usual = _published(tmp_path / "usual", TZ="UTC", LC_ALL="C.UTF-8")
    strange = _published(
        tmp_path / "strange",
        TZ="Pacific/Kiritimati",  # 14 hours ahead
        LC_ALL="C",
        LANG="tr_TR",
        PYTHONUTF8="0",  # files are opened as ASCII where no encoding is named
        PYTHONCOERCECLOCALE="0",
        HOME=None,
        XDG_CACHE_HOME=None,
        UMASK="077",
    )
    assert {"report.pdf", "findings.json", "findings.csv", "tables/waterfall.csv"} <= usual.keys()
    assert strange == usual
