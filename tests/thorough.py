"""The marker `thorough`: what `make test` leaves to `make thorough`, so that it is quick; thorough.txt lists it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".txt")


@dataclass(frozen=True)
class Sweep:
    """A test of which one in `one_in` cases is run every day (None: it waits as a whole), and what it is that waits."""

    test: str
    one_in: int | None
    what: str

    @property
    def file(self) -> Path:
        return ROOT / self.test.partition("::")[0]


def read_list(text: str) -> list[Sweep]:
    """The sweeps of a list, a line each.

    >>> read_list("# a list\\ntests/test_a.py::test_b  1/5  any seed")
    [Sweep(test='tests/test_a.py::test_b', one_in=5, what='any seed')]
    """
    lines = [line.split("  ") for line in text.splitlines() if line and not line.startswith("#")]
    return [
        Sweep(test, None if share == "whole" else int(share.removeprefix("1/")), what) for test, share, what in lines
    ]


SWEEPS = {one.test: one for one in read_list(LIST.read_text(encoding="utf-8"))}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what waits of every sweep, before cases are chosen by their marks."""
    seen = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in SWEEPS:
            one_in = SWEEPS[name].one_in
            if one_in is None or seen[name] % one_in:
                item.add_marker(pytest.mark.thorough)
            seen[name] += 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where nothing but these is asked for, files without any are not even read."""
    if config.option.markexpr != "thorough" or collection_path.is_dir():
        return None
    return collection_path not in {one.file for one in SWEEPS.values()} or None
