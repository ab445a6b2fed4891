"""A real PostgreSQL and a Spark session for the tests that are marked for them, and a loud word where one is missing.

The server is started by the first test that asks for it, once for all workers, as an ordinary user, with a collation and a
time zone that differ from those of the embedded engine on purpose.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

LOUD = "SKIPPED LOUDLY"
COLLATION, ZONE = "en-US", "America/New_York"
FILE = "postgres.json"


def why_no_postgres() -> str | None:
    """What of PostgreSQL is missing here; None where it can be started."""
    if find_spec("psycopg") is None:
        return "PostgreSQL was not tested: its driver is missing (python -m pip install 'cxvalue[postgres]')"
    return (
        None
        if binaries()
        else "PostgreSQL was not tested: there is no initdb (install the server, such as postgresql-15)"
    )


def why_no_spark() -> str | None:
    """What of Spark is missing here; None where a session can be made."""
    if find_spec("pyspark") is None:
        return "Spark was not tested: pyspark is missing (python -m pip install 'cxvalue[spark]')"
    return None if shutil.which("java") or "JAVA_HOME" in os.environ else "Spark was not tested: there is no Java"


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    known = found[-1] if found else shutil.which("initdb")
    return None if known is None else Path(known).parent


def start_postgres(folder: Path) -> str:
    """Start a server of its own, noted in `folder`, and return the address of its owner; a running one is used again."""
    note = folder / FILE
    if note.exists():
        return str(json.loads(note.read_text())["address"])
    base, there = binaries(), Path(tempfile.mkdtemp(prefix="cxpg-", dir="/tmp" if Path("/tmp").is_dir() else None))
    assert base is not None
    who = _ordinary_user()
    if who is not None:
        os.chown(there, who.pw_uid, who.pw_gid)
    as_user: dict[str, Any] = {} if who is None else {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    quiet: dict[str, Any] = {"cwd": there, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **as_user}
    quiet["env"] = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(there)}
    data, port = there / "data", 20_000 + os.getpid() % 20_000
    made = [base / "initdb", "-D", data, "-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*made, "--locale-provider=icu", f"--icu-locale={COLLATION}"], check=True, **quiet)
    options = f"-c listen_addresses='' -k {there} -p {port} -c TimeZone={ZONE} -c fsync=off -c shared_buffers=32MB"
    options += " -c max_connections=40 -c autovacuum=off"
    started = [base / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", there / "log", "-o", options, "start"]
    subprocess.run(started, check=True, **quiet)
    address = f"postgresql://owner@/postgres?host={there}&port={port}"
    process = int((data / "postmaster.pid").read_text().split()[0])
    note.write_text(json.dumps({"address": address, "process": process, "folder": str(there)}))
    return address


def stop_postgres(folder: Path) -> None:
    """End the server that `start_postgres` noted there, if it did."""
    note = folder / FILE
    if not note.exists():
        return
    known = json.loads(note.read_text())
    note.unlink()
    with suppress(ProcessLookupError):
        os.kill(known["process"], signal.SIGQUIT)
    shutil.rmtree(known["folder"], ignore_errors=True)


def _ordinary_user() -> pwd.struct_passwd | None:
    """Whom the server runs as where the tests run as root, which it refuses."""
    if os.getuid() != 0:
        return None
    names = {one.pw_name: one for one in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say at the very end which engines were not tested."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reason for reason in reasons if LOUD in reason):
        terminalreporter.write_line(reason.removeprefix("Skipped: "), yellow=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the server once all workers are done."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if "PYTEST_XDIST_WORKER" not in os.environ and factory is not None and factory._basetemp is not None:
        stop_postgres(factory.getbasetemp() / "common")


def spark_session() -> Iterator[Any]:
    """A small session of Spark in this process."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.driver.memory": "1g",
    }
    builder = SparkSession.builder.master("local[1]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with tempfile.TemporaryDirectory(prefix="cxspark-") as warehouse:
        session = builder.config("spark.sql.warehouse.dir", warehouse).getOrCreate()
        yield session
        session.stop()
