"""What all tests share: one cache of prepared studies, and whatever else is made once for all workers."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import ibis
import pytest

from cxvalue.engine.embedded import _Engine, connect
from cxvalue.foundation.errors import CxvalueError
from cxvalue.study import find_study
from cxvalue.workspace.opened import Study
from cxvalue.workspace.prepared import prepare
from tests.engine.servers import pytest_sessionfinish, pytest_terminal_summary
from tests.thorough import pytest_collection_modifyitems, pytest_ignore_collect

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_ignore_collect",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]

gc.disable()  # nothing that is imported and collected is thrown away: to look for it takes longer and longer


def pytest_collection_finish() -> None:
    """What was collected stays: from here on only what tests make is looked through, and less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other worker is here."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all workers see."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "common"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache(common: Path) -> Iterator[None]:
    """Preparations are kept for this session alone, and for every test that opens the same study."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXVALUE_CACHE", str(common / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _engine() -> Iterator[None]:
    """Tables in memory are asked as those of a study are: in SQL that is composed once for all worlds of a test.

    An engine has one thread, as there is a worker for each processor; those of tests of the engine have what they take.
    """
    connected = _Engine.do_connect

    def alone(self: _Engine, *args: Any, **given: Any) -> None:
        connected(self, *args, **given)
        if not os.environ.get("PYTEST_CURRENT_TEST", "").startswith(
            ("tests/engine", "tests/hostile", "cxvalue/engine")
        ):
            self.con.execute("SET threads = 1")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Engine, "do_connect", alone)
        ibis.set_backend(connect())
        yield


@contextmanager
def no_forecast(cache: Path) -> Iterator[None]:
    """Studies prepared within it fit no model of purchases, which is most of the work: for tests in which nobody is valued.

    They go into a cache of their own, so that no other test is given them.
    """

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise CxvalueError("No model of purchases is fitted here.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxvalue.workspace.prepared.fit_study", refuse)
        patch.setenv("CXVALUE_CACHE", str(cache))
        yield


@pytest.fixture
def without_forecast(tmp_path: Path) -> Iterator[None]:
    """Studies that a test prepares fit no model of purchases."""
    with no_forecast(tmp_path / "cache"):
        yield


@pytest.fixture(scope="session")
def once(common: Path) -> Callable[[str, Callable[[Path], Any]], Any]:
    """What `make` returns for a new folder, made by the first worker that asks for it by this name."""

    def made(name: str, make: Callable[[Path], Any]) -> Any:
        folder, answer = common / name, common / f"{name}.pickle"
        with _alone(common / f"{name}.lock"):
            if not answer.exists():
                folder.mkdir()
                answer.write_bytes(pickle.dumps(make(folder)))
        return pickle.loads(answer.read_bytes())

    return made


@pytest.fixture(scope="session")
def sample(once: Callable[[str, Callable[[Path], Any]], Any]) -> Study:
    """The CDNOW sample as the bundled study prepares it."""
    once("sample", lambda _: prepare(find_study("cdnow_sample")) and None)
    return Study(prepare(find_study("cdnow_sample")), None)
