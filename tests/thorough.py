"""The marker `thorough`: further examples of a property whose first ones stay in `make test`; thorough.txt lists them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".txt")


@dataclass(frozen=True)
class Sweep:
    """A test of many cases: every day one in `one_in` of them is run, and why the others may wait."""

    test: str
    one_in: int
    why: str

    @property
    def file(self) -> Path:
        return ROOT / self.test.partition("::")[0]


def read_list(text: str) -> list[Sweep]:
    """The sweeps of a list, a line each.

    >>> read_list("# a list\\ntests/test_a.py::test_b  1/5  any seed")
    [Sweep(test='tests/test_a.py::test_b', one_in=5, why='any seed')]
    """
    lines = [line.split("  ") for line in text.splitlines() if line and not line.startswith("#")]
    return [Sweep(test, int(share.removeprefix("1/")), why) for test, share, why in lines]


SWEEPS = {one.test: one for one in read_list(LIST.read_text(encoding="utf-8"))}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the further cases of every sweep, before cases are chosen by their marks."""
    seen = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name in SWEEPS:
            if seen[name] % SWEEPS[name].one_in:
                item.add_marker(pytest.mark.thorough)
            seen[name] += 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where nothing but these is asked for, files without any are not even read."""
    if config.option.markexpr != "thorough" or collection_path.is_dir():
        return None
    return collection_path not in {one.file for one in SWEEPS.values()} or None
