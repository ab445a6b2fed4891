"""Fewer notebooks at a time where the free memory holds no more, one at least, and only of large studies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxvalue.run import crowding
from cxvalue.run.crowding import FEWEST_CUSTOMERS, at_a_time
from cxvalue.run.execute import Limits
from cxvalue.run.study_run import run_study
from tests.run.test_journal import Told
from tests.runfixtures import Workshop


@pytest.mark.parametrize(
    ("usual", "customers", "free_mb", "jobs"),
    [
        (2, 10**7, 23_000, 2),
        (2, 10**7, 8_000, 1),
        (8, 10**6, 4_000, 4),
        (8, 10**6, 100, 1),
        (1, 10**7, 100, 1),
        (8, FEWEST_CUSTOMERS - 1, 100, 8),
    ],
)
def test_as_many_run_as_the_memory_holds(
    monkeypatch: pytest.MonkeyPatch, usual: int, customers: int, free_mb: int, jobs: int
) -> None:
    monkeypatch.setattr(crowding, "free_megabytes", lambda: float(free_mb))
    found, said = at_a_time(usual, customers)
    assert found == jobs
    assert bool(said) == (jobs < usual)


def test_it_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "free_megabytes", lambda: 8_000.0)
    assert at_a_time(2, 10**7)[1] == (
        "Notebooks at a time: 1, not 2, which would need about 9.9 GB of memory; 8.0 GB are free. "
        "`--jobs 2` runs 2 all the same."
    )


class _Heard(Told):
    def said(self, text: str) -> None:
        self.heard.append(text)


@pytest.mark.parametrize("asked", [None, 2])
def test_a_run_of_a_large_study_holds_back_unless_it_is_asked_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int | None
) -> None:
    shop, heard = Workshop(tmp_path), _Heard()
    shop.notebook("10_first")
    shop.notebook("20_second")
    kept = tmp_path / "cache" / "prepared" / "states"
    kept.mkdir(parents=True)
    np.save(kept / "frequency.npy", np.zeros(FEWEST_CUSTOMERS, dtype=np.int8))
    monkeypatch.setattr("cxvalue.run.study_run.usable_cores", lambda: 2)
    monkeypatch.setattr(crowding, "free_megabytes", lambda: 600.0)
    given: list[int | None] = []
    from cxvalue.run import study_run

    run_notebooks = study_run.run_notebooks

    def counted(*told, limits, **more):  # type: ignore[no-untyped-def]
        given.append(limits.jobs)
        return run_notebooks(*told, limits=limits, **more)

    monkeypatch.setattr(study_run, "run_notebooks", counted)
    run_study(shop.study(), project=shop.project(), progress=heard, limits=Limits(jobs=asked))
    assert given == [asked or 1]
    assert any("Notebooks at a time: 1, not 2" in line for line in heard.heard) == (asked is None)
    [log] = (shop.reports / "small" / "logs").iterdir()
    assert (" said text=Notebooks at a time: 1" in log.read_text()) == (asked is None)
